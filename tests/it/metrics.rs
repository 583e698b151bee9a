//! What Prometheus is told: what the catalogue declares and nothing else, in bounds, and without who has left a list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::ledger::totals::both;
use rialto::metrics::catalogue::{self, Kind, Metric};
use rialto::metrics::page::Format;

use super::sidecar::{JSON, Sidecar};
use super::support::{letter, service, start};

/// A sample: its name without what a histogram adds, its labels, its value.
struct Sample<'l> {
    family: &'l str,
    labels: BTreeMap<&'l str, &'l str>,
    value: f64,
}

/// Reads a page in the text format, as far as it is ours: no label has a comma in it.
fn samples(page: &str) -> Vec<Sample<'_>> {
    let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sample = |line| {
        let (series, value) = str::rsplit_once(line, ' ').expect("a value");
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').expect("a bracket").split(',').filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.split_once('=').expect("a label"));
        let labels = labels.map(|(name, value)| (name, value.trim_matches('"'))).collect();
        let family = ["_bucket", "_sum", "_count"].into_iter().find_map(|suffix| name.strip_suffix(suffix));
        let family = family.filter(|family| metric(family).is_some_and(|metric| metric.kind == Kind::Histogram));
        Sample { family: family.unwrap_or(name), labels, value: value.parse().expect("a number") }
    };
    lines.map(sample).collect()
}

fn metric(name: &str) -> Option<&'static Metric> {
    catalogue::ALL.iter().find(|metric| metric.name == name)
}

#[test]
fn what_is_told_is_what_the_catalogue_declares() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    sidecar.post("/v1/messages", JSON, "{\"id\":\"rec1\",\"Sender\":\"a\",\"Receiver\":\"@somebody\"}");
    sidecar.post("/v1/activities", JSON, "{\"id\":\"rec2\",\"Citizen\":\"a\",\"Type\":\"goto_home\"}");
    let (status, page) = sidecar.get("/metrics");
    let page = page.as_str().expect("text");
    assert_eq!(status, 200);
    for Sample { family, labels, .. } in samples(page) {
        let declared = metric(family).unwrap_or_else(|| panic!("{family} is not declared"));
        let declared: BTreeSet<&str> = declared.labels.iter().map(|label| label.name).collect();
        assert_eq!(labels.into_keys().filter(|label| *label != "le").collect::<BTreeSet<_>>(), declared, "{family}");
        let Metric { kind, help, .. } = metric(family).unwrap();
        for line in [format!("# TYPE {family} {}\n", kind.as_str()), format!("# HELP {family} {help}\n")] {
            assert_eq!(page.matches(&line).count(), 1, "{line}");
        }
    }
    for line in [
        "rialto_door_events_total{feed=\"message\",result=\"priced\"} 1",
        "rialto_door_activities_total{class=\"movement\",result=\"recorded\"} 1",
        "rialto_door_messages_total{reach=\"external\"} 1",
        "rialto_ledger_money{currency=\"EUR\",stage=\"shadow\",rule=\"external_message\"} 0.1",
        "rialto_ledger_earned{currency=\"EUR\",stage=\"shadow\",period=\"all_time\"} 0.1",
        "rialto_ledger_top_earners{currency=\"EUR\",period=\"day\",citizen=\"a\"} 0.1",
        "rialto_billing_pipeline{currency=\"EUR\",stage=\"shadow\"} 0.1",
        "rialto_rollout_subjects{phase=\"shadow\"} 1",
        "rialto_ledger_facts_total 2",
        "rialto_actors_mailbox_depth 0",
        "rialto_actors_awake 1",
        "rialto_http_requests_total{route=\"/v1/messages\",status=\"ok\"} 1",
    ] {
        assert!(page.lines().any(|known| known == line), "{line} is missing:\n{page}");
    }
    assert!(!page.contains("rec1"), "an id is no label:\n{page}");
}

#[test]
fn who_asks_for_openmetrics_gets_that() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::serve(folder.path());
    let asked = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\r\n";
    let answer = sidecar.raw(asked.as_bytes());
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{answer:?}"
    );
    assert!(answer.body.ends_with("\n# EOF\n"), "{answer:?}");
    assert!(answer.body.contains("# TYPE rialto_door_events counter\n"));
}

#[test]
fn the_page_about_them_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/METRICS.md");
    let page = catalogue::markdown();
    if std::env::var_os("RIALTO_WRITE_METRICS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "grafana/METRICS.md is of an older catalogue: RIALTO_WRITE_METRICS=1 writes it");
}

#[tokio::test]
async fn ten_thousand_businesses_are_no_more_series_than_eleven() {
    const BUSINESSES: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let earn = |number: i64| {
        let minutes = if number == BUSINESSES { 90 } else { 60 };
        let mut service = service(&format!("rec{number}"), &format!("citizen_{number}"), minutes);
        service.business = Name::new(&format!("building_{number}"));
        service
    };
    rialto.record_batch((1..=BUSINESSES).map(earn).collect()).await.unwrap();
    let page = rialto.metrics(Format::Text);
    let all = samples(&page);
    assert!(all.len() < 2_000, "{} series", all.len());
    let businesses: Vec<&Sample<'_>> =
        all.iter().filter(|sample| sample.family == catalogue::LEDGER_BUSINESS_MONEY.name).collect();
    assert_eq!(businesses.len(), 11);
    assert!(businesses.iter().any(|sample| sample.labels["business"] == "building_10000"));
    let sum: f64 = businesses.iter().map(|sample| sample.value).sum();
    let exact = both(rialto.dashboard(Currency::EUR).periods[3]);
    assert!((sum - exact.0 as f64 / 1e6).abs() < 0.01, "{sum} of {exact}");
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn who_leaves_the_list_leaves_the_series() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let listed = || {
        let page = rialto.metrics(Format::Text);
        let of_day = samples(&page)
            .into_iter()
            .filter(|sample| sample.family == catalogue::LEDGER_TOP_EARNERS.name && sample.labels["period"] == "day")
            .map(|sample| sample.labels["citizen"].to_owned());
        of_day.collect::<BTreeSet<String>>()
    };
    let earn = |number: i64| service(&format!("rec{number}"), &format!("citizen_{number:02}"), number);
    rialto.record_batch((1..=10).map(earn).collect()).await.unwrap();
    assert!(listed().contains("citizen_01"));
    rialto.record(earn(11)).await.unwrap();
    let now = listed();
    assert!(now.len() == 10 && now.contains("citizen_11") && !now.contains("citizen_01"), "{now:?}");
    rialto.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_heard_is_told_by_the_second_and_not_forgotten_by_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let rialto = start(folder.path());
    let heard = |page: &str| {
        let of = |metric: &Metric| {
            let all = samples(page);
            let found = all.iter().filter(|sample| sample.family == metric.name).map(|sample| sample.value);
            found.fold(0.0, f64::max)
        };
        [
            catalogue::DOOR_LAST_EVENT,
            catalogue::DOOR_LAST_PRICED,
            catalogue::DOOR_LAST_MESSAGE,
            catalogue::DOOR_LAST_REQUEST,
        ]
        .map(|metric| of(&metric))
    };
    let started = heard(&rialto.metrics(Format::Text));
    let before = rialto.clock().now().0 as f64 / 1e6;
    rialto.record(letter("recA", "Lucid")).await.unwrap();
    let after = rialto.clock().now().0 as f64 / 1e6;
    for (at, started) in heard(&rialto.metrics(Format::Text)).into_iter().zip(started) {
        assert!(started < at && (before - 1.0..=after + 1.0).contains(&at), "{started} {before} {at} {after}");
    }
    rialto.stop().await.unwrap();
    let rialto = start(folder.path());
    for at in heard(&rialto.metrics(Format::Text)) {
        // When facts came in is known to ten minutes.
        assert!((before - 1.0..=after + 601.0).contains(&at), "{before} {at} {after}");
    }
    rialto.stop().await.unwrap();
}
