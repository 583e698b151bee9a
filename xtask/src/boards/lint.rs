//! What people expect of boards, and a machine can see.

use std::collections::BTreeSet;

use serde_json::Value;

use super::board::{Board, Kind, items, text};
use super::selectors::selectors;

/// Kinds of panels that are not on their way out of Grafana.
const KINDS: [&str; 8] = ["row", "stat", "timeseries", "bargauge", "piechart", "table", "state-timeline", "heatmap"];
/// Functions over a stretch of time, which has to follow what is shown.
const RATES: [&str; 5] = ["rate(", "irate(", "increase(", "delta(", "deriv("];
const STRETCHES: [&str; 2] = ["$__rate_interval", "$__range"];
const WIDTH: u64 = 24;

/// What is wrong with the boards; nothing, if they are well.
pub fn faults(boards: &[Board]) -> Vec<String> {
    let mut faults: Vec<String> = boards.iter().flat_map(of_board).collect();
    let uids: BTreeSet<&str> = boards.iter().map(|board| text(&board.json["uid"])).collect();
    if uids.len() != boards.len() {
        faults.push("two boards have one uid".into());
    }
    faults
}

fn of_board(board: &Board) -> Vec<String> {
    let Board { name, json } = board;
    let mut faults = Vec::new();
    let mut hold = |is_so: bool, fault: &str| {
        if !is_so {
            faults.push(format!("{name}: {fault}"));
        }
    };
    hold(json["uid"] == format!("rialto-{name}"), "its uid is not rialto- and its name");
    hold(!text(&json["title"]).is_empty() && !text(&json["description"]).is_empty(), "it has no title or description");
    hold(items(&json["tags"]).any(|tag| tag == "rialto"), "it has no tag rialto");
    let has_link = items(&json["links"]).any(|link| link["type"] == "dashboards" && link["tags"][0] == "rialto");
    hold(has_link, "it does not lead to the other boards");
    for (variable, kind) in [("datasource", "datasource"), ("job", "query"), ("instance", "query")] {
        let has_it = items(&json["templating"]["list"]).any(|each| each["name"] == variable && each["type"] == kind);
        hold(has_it, &format!("it has no variable {variable}"));
    }
    for annotation in ["Rollout", "Tariff"] {
        let has_it = items(&json["annotations"]["list"]).any(|each| {
            each["name"] == annotation && each["useValueForTime"] == true && is_templated(&each["datasource"])
        });
        hold(has_it, &format!("it has no annotations {annotation}"));
    }
    let ids: BTreeSet<u64> = board.panels().filter_map(|panel| panel["id"].as_u64()).collect();
    hold(ids.len() == board.panels().count(), "two panels have one id, or one has none");
    faults.extend(board.panels().flat_map(of_panel).map(|fault| format!("{name}: {fault}")));
    faults.extend(overlapping(board).map(|fault| format!("{name}: {fault}")));
    faults.extend(doubled(board).map(|fault| format!("{name}: {fault}")));
    for query in board.queries().iter().filter(|query| query.kind != Kind::Label) {
        faults.extend(of_query(&query.text).map(|fault| format!("{name}, {}: {fault}: {}", query.panel, query.text)));
    }
    faults
}

fn of_panel(panel: &Value) -> Vec<String> {
    let title = text(&panel["title"]);
    let mut faults = Vec::new();
    let mut hold = |is_so: bool, fault: &str| {
        if !is_so {
            faults.push(format!("{title}: {fault}"));
        }
    };
    hold(!title.is_empty(), "a panel has no title");
    hold(KINDS.contains(&text(&panel["type"])), "no kind of panel that boards are made of");
    if panel["type"] != "row" {
        hold(!text(&panel["description"]).is_empty(), "it has no description");
        hold(!text(&panel["fieldConfig"]["defaults"]["unit"]).is_empty(), "it has no unit");
        hold(is_templated(&panel["datasource"]), "its data source is not ${datasource}");
        hold(items(&panel["targets"]).next().is_some(), "it asks nothing");
        let references: BTreeSet<&str> = items(&panel["targets"]).map(|target| text(&target["refId"])).collect();
        hold(references.len() == items(&panel["targets"]).count(), "two queries have one refId");
        for target in items(&panel["targets"]) {
            hold(is_templated(&target["datasource"]), "a query's data source is not ${datasource}");
            hold(target["range"] != target["instant"], "a query is neither over time nor now");
            let is_lasting = ["timeseries", "state-timeline", "heatmap"].contains(&text(&panel["type"]));
            hold(target["range"] == is_lasting, "what it asks is not of the time that it shows");
        }
    }
    faults
}

fn is_templated(source: &Value) -> bool {
    source["type"] == "prometheus" && source["uid"] == "${datasource}"
}

/// Panels that lie over each other, or over the edge.
fn overlapping(board: &Board) -> impl Iterator<Item = String> {
    let mut taken = BTreeSet::new();
    board.panels().filter_map(move |panel| {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap_or_default());
        let cells = (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line)));
        let is_free = cells.filter(|cell| !taken.insert(*cell)).count() == 0;
        let is_well = is_free && 0 < w && 0 < h && x + w <= WIDTH;
        (!is_well).then(|| format!("{}: it lies over another one, or over the edge", text(&panel["title"])))
    })
}

/// Panels of one name, which nobody could tell apart.
fn doubled(board: &Board) -> impl Iterator<Item = String> {
    let mut seen = BTreeSet::new();
    let doubled = board.panels().map(|panel| text(&panel["title"])).filter(move |title| !seen.insert(*title));
    doubled.map(|title| format!("{title}: another panel or row has that title"))
}

fn of_query(query: &str) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    let selectors = selectors(query);
    if selectors.is_empty() {
        faults.push("it selects no series that is known".to_owned());
    }
    for selector in selectors {
        for matcher in [r#"job=~"$job""#, r#"instance=~"$instance""#] {
            if !selector.matchers.contains(matcher) {
                faults.push(format!("{} is not matched by {matcher}", selector.name));
            }
        }
    }
    if RATES.iter().any(|rate| query.contains(rate)) {
        let stretches = query.split('[').skip(1).filter_map(|rest| rest.split(']').next());
        let fixed = stretches.filter(|stretch| !STRETCHES.contains(stretch));
        faults.extend(fixed.map(|stretch| format!("[{stretch}] does not follow the time that is shown")));
    }
    faults.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_told_what_it_lacks() {
        let faults = |query| of_query(query).count();
        assert_eq!(faults(r#"rate(rialto_a{job=~"$job", instance=~"$instance"}[$__rate_interval])"#), 0);
        assert_eq!(faults(r#"rate(rialto_a{job=~"$job", instance=~"$instance"}[5m])"#), 1);
        assert_eq!(faults("rialto_a"), 2);
        assert_eq!(faults("vector(1)"), 1);
    }
}
