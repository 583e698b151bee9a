//! Every query of every board and rule, asked as Grafana asks it: over four weeks, and over the last minutes.

use std::time::Duration;

use super::board::{Kind, Query};
use super::history::{DAYS, seconds_now};
use super::prometheus::Prometheus;
use super::rules::Rule;
use super::selectors::selectors;
use crate::demo;

/// What may have no series in a healthy demo, each with the reason.
const EMPTY: &[Empty] = &[
    Empty { of: "time() - min(rialto_billing_oldest_open_timestamp_seconds", why: "all invoices may be paid just now" },
    Empty {
        of: "job_instance_result:rialto_webhooks_events:increase1h{result=~\"refused|unreadable\"}",
        why: "no webhook is refused",
    },
    Empty { of: "job_instance_result:rialto_webhooks_events:increase1h{result=\"failed\"}", why: "no webhook fails" },
    Empty {
        of: "job_instance_result:rialto_stripe_requests:increase15m{result=\"limited\"}",
        why: "the sandbox limits nobody",
    },
    Empty {
        of: "job_instance_result:rialto_stripe_requests:increase15m{result=~\"failed|lost\"}",
        why: "no call to the sandbox fails",
    },
    Empty { of: "job_instance:rialto_http_failed:increase10m", why: "no request fails" },
    Empty { of: "sum by (code) (rate(rialto_http_refusals_total", why: "no request is refused" },
];

struct Empty {
    /// How the query begins.
    of: &'static str,
    why: &'static str,
}

/// A time as it is shown.
#[derive(Clone, Copy)]
struct Shown {
    length: f64,
    step: f64,
}

const FOUR_WEEKS: Shown = Shown { length: DAYS as f64 * 86_400.0, step: 3600.0 };
const FIVE_MINUTES: Shown = Shown { length: 300.0, step: 15.0 };

/// Some series begin with the first seconds of Prometheus itself: so long they are asked for again.
const PATIENCE: Duration = Duration::from_secs(30);

/// A query, and what it is of.
struct Asked {
    board: String,
    panel: String,
    text: String,
    kind: Kind,
    /// What Prometheus itself said was wrong with it.
    fault: Option<String>,
}

/// What became of a query.
pub struct Answer {
    asked: Asked,
    /// How many series it has, or what is wrong with it.
    series: Result<usize, String>,
    /// Why it may have none.
    excuse: Option<&'static str>,
}

impl Answer {
    /// Whether there is anything to say against it.
    fn is_ok(&self) -> bool {
        self.series.as_ref().is_ok_and(|series| 0 < *series || self.excuse.is_some())
    }
}

/// Asks what boards and rules ask.
pub fn answers(prometheus: &Prometheus, queries: &[Query], rules: &[Rule]) -> Vec<Answer> {
    let boards = queries.iter().cloned().map(|Query { board, panel, text, kind }| Asked {
        board,
        panel,
        text,
        kind,
        fault: None,
    });
    let mut answers: Vec<Answer> =
        boards.chain(rules.iter().flat_map(of_rule)).map(|asked| answer(prometheus, asked)).collect();
    demo::within(PATIENCE, || {
        for each in answers.iter_mut().filter(|each| !each.is_ok()) {
            each.series = ask(prometheus, &each.asked);
        }
        answers.iter().all(Answer::is_ok).then_some(())
    });
    answers
}

fn answer(prometheus: &Prometheus, asked: Asked) -> Answer {
    let excuse = EMPTY.iter().find(|empty| asked.text.starts_with(empty.of)).map(|empty| empty.why);
    Answer { series: ask(prometheus, &asked), excuse, asked }
}

fn ask(prometheus: &Prometheus, Asked { text, kind, fault, .. }: &Asked) -> Result<usize, String> {
    match (fault, kind) {
        (Some(fault), _) => Err(fault.clone()),
        (None, Kind::Label) => of_label(prometheus, text),
        (None, kind) => shown(prometheus, text, *kind),
    }
}

/// What a rule asks: what it records was recorded, and what an alert is about is there. An alert itself is empty while all
/// is well.
fn of_rule(rule: &Rule) -> Vec<Asked> {
    let (board, text) = if rule.is_alert { ("alert", &rule.text) } else { ("recorded", &rule.name) };
    let fault = Some(rule.fault.clone()).filter(|fault| !fault.is_empty());
    let mut found: Vec<String> =
        selectors(text).iter().map(|selector| format!("{}{}", selector.name, selector.matchers)).collect();
    found.sort();
    found.dedup();
    let asked = |text| {
        let (board, panel) = (board.to_owned(), rule.name.clone());
        Asked { board, panel, text, kind: Kind::Range, fault: fault.clone() }
    };
    found.into_iter().map(asked).collect()
}

fn shown(prometheus: &Prometheus, text: &str, kind: Kind) -> Result<usize, String> {
    let now = seconds_now();
    let ask = |shown: Shown| {
        let text = filled(text, shown);
        match kind {
            Kind::Range => prometheus.range(&text, now, shown.length, shown.step),
            Kind::Instant | Kind::Label => prometheus.instant(&text, now),
        }
    };
    let long = ask(FOUR_WEEKS)?;
    ask(FIVE_MINUTES).map(|_| long)
}

/// `label_values(SELECTOR, LABEL)`, which is Grafana's own.
fn of_label(prometheus: &Prometheus, text: &str) -> Result<usize, String> {
    let inside = text.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
    let parts = inside.and_then(|inside| inside.rsplit_once(", "));
    let (selector, label) = parts.ok_or_else(|| format!("`{text}` is no label_values(SELECTOR, LABEL)"))?;
    prometheus.labels(label, &filled(selector, FOUR_WEEKS))
}

/// A query with the variables that a board has where all is chosen, and those that Grafana adds.
fn filled(text: &str, shown: Shown) -> String {
    let seconds = |seconds: f64| format!("{seconds:.0}s");
    // Grafana's own rule: a step and a scrape, and four scrapes at least.
    let rate = seconds((shown.step + 15.0).max(60.0));
    let filled = text.replace("$__rate_interval", &rate).replace("$__range", &seconds(shown.length));
    let filled = filled.replace("$__interval", &seconds(shown.step));
    filled.replace("$job", ".+").replace("$instance", ".+").replace("$period", "month")
}

/// Prints them as a table, and says in a line how it went.
pub fn tell(answers: &[Answer]) -> Result<String, String> {
    let [mut empty, mut bad] = [0; 2];
    println!("{:<8} | {:<34} | {:<96} | {:>6} | ok", "board", "panel", "query", "series");
    for each @ Answer { asked: Asked { board, panel, text, .. }, series, excuse } in answers {
        let ok = match (series, excuse) {
            (Err(fault), _) => format!("NO: {fault}"),
            (Ok(0), Some(why)) => format!("empty: {why}"),
            (Ok(0), None) => "NO: it has no series".to_owned(),
            (Ok(_), _) => "ok".to_owned(),
        };
        let series = series.as_ref().copied().unwrap_or_default();
        println!("{board:<8} | {panel:<34} | {:<96} | {series:>6} | {ok}", short(text));
        empty += usize::from(each.is_ok() && series == 0);
        bad += usize::from(!each.is_ok());
    }
    let remark = format!("{} queries, {empty} of them empty for a reason", answers.len());
    if bad == 0 { Ok(remark) } else { Err(format!("{bad} of {remark} are not well; the table says which")) }
}

/// A query as far as a line of the table has room, without the matchers that all of them have.
fn short(text: &str) -> String {
    let text = text
        .replace(r#"job=~"$job", instance=~"$instance", "#, "")
        .replace(r#"{job=~"$job", instance=~"$instance"}"#, "");
    match text.char_indices().nth(95) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_filled_in_as_grafana_does_it() {
        let text = r#"rate(a{job=~"$job"}[$__rate_interval]) + increase(b[$__range])"#;
        assert_eq!(filled(text, FIVE_MINUTES), r#"rate(a{job=~".+"}[60s]) + increase(b[300s])"#);
    }
}
