//! The revenue page as a browser gets it: its figures, whatever ids are made of, who may see it, and what is told live.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use super::doors::{refused, request};
use super::house::House;
use super::sidecar::{JSON, Sidecar, connect, path, raw, rialto, run};

/// So many may watch at once.
const WATCHERS: usize = 64;

fn page(sidecar: &Sidecar, path: &str) -> String {
    let answer = sidecar.raw(request(&format!("GET {path}"), &[], "").as_bytes());
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    answer.body
}

/// The text in the element with this id.
fn text<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
    rest.split_once('>').and_then(|(_, rest)| rest.split_once('<')).expect("an element").0
}

fn hour(id: &str, citizen: &str) -> Value {
    json!({ "id": id, "Type": "paid_service", "Citizen": citizen, "duration_minutes": 60 })
}

/// A stream of what is told live.
struct Watching {
    stream: TcpStream,
    read: String,
}

impl Watching {
    fn new(sidecar: &Sidecar, headers: &[&str]) -> Watching {
        let mut stream = connect(sidecar.address());
        stream.write_all(request("GET /page/live", headers, "").as_bytes()).unwrap();
        let mut watching = Watching { stream, read: String::new() };
        watching.read_until(|read| read.contains("\r\n\r\n"));
        watching
    }

    /// Reads on until this is so; false where it ends before.
    fn read_until(&mut self, is_enough: impl Fn(&str) -> bool) -> bool {
        let mut part = [0; 16_384];
        while !is_enough(&self.read) {
            match self.stream.read(&mut part).unwrap() {
                0 => return false,
                // An event may be cut anywhere, also within a letter; ids here have none of those.
                count => self.read += &String::from_utf8_lossy(&part[..count]),
            }
        }
        true
    }

    /// Reads on until an event shows this charge.
    fn read_until_it_shows(&mut self, charge: &str) {
        let row = format!("data-row=\"{charge}\"");
        let is_there = |read: &str| {
            let whole = events(read);
            whole.iter().any(|(event, _)| event["parts"]["charges"].as_str().is_some_and(|html| html.contains(&row)))
        };
        assert!(self.read_until(is_there), "it ends before {charge}: {}", self.read);
    }

    /// The events that came whole, and the id of each.
    fn events(&self) -> Vec<(Value, String)> {
        events(&self.read)
    }
}

fn events(read: &str) -> Vec<(Value, String)> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_end().to_owned())
    };
    let whole = read.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let told = |event: &str| Some((serde_json::from_str(&field(event, "data:")?).ok()?, field(event, "id:")?));
    whole.split("event:figures").skip(1).filter_map(told).collect()
}

#[test]
fn the_page_says_what_the_dashboard_says() {
    let house = House::open();
    for place in 0..30 {
        house.take(&hour(&format!("rec{place}"), &format!("citizen_{}", place % 12)));
    }
    let page = page(&house.sidecar, "/?period=all_time");
    let board = house.get("/api/revenue/dashboard");
    let money = |value: &Value| {
        let amount = value.as_str().expect("an amount");
        let (whole, part) = amount.split_once('.').unwrap();
        let grouped = if 3 < whole.len() {
            format!("{},{}", &whole[..whole.len() - 3], &whole[whole.len() - 3..])
        } else {
            whole.to_owned()
        };
        format!("€{grouped}.{part}")
    };
    for period in ["today", "week", "month"] {
        assert_eq!(text(&page, period), money(&board[period]), "{period}");
        assert_eq!(text(&page, &format!("{period}-collected")), money(&board["collected"][period]), "{period}");
    }
    for stage in ["live", "shadow"] {
        for period in ["today", "week", "month", "all_time"] {
            assert_eq!(text(&page, &format!("{period}-{stage}")), money(&board[stage][period]), "{stage} {period}");
        }
    }
    assert_eq!(text(&page, "earned"), money(&board["live"]["all_time"]));
    assert_eq!(text(&page, "collectable"), money(&board["collectable"]["amount"]));
    assert_eq!(text(&page, "collected"), money(&board["collected"]["all_time"]));
    let earners = board["top_earners"].as_array().unwrap();
    assert_eq!(earners.len(), 10);
    for earner in earners {
        let row = format!("<bdi>{}</bdi>", earner["citizen_id"].as_str().unwrap());
        let (_, rest) = page.split_once(&row).unwrap_or_else(|| panic!("no {row}"));
        let amount = rest.split_once("<td class=\"amount\">").unwrap().1.split_once('<').unwrap().0;
        assert_eq!(amount, money(&earner["amount"]), "{row}");
    }
    for target in board["targets"].as_array().unwrap() {
        let words = format!("<strong>{}</strong> of {}", money(&target["reached"]), money(&target["goal"]));
        assert!(page.contains(&words), "{words}");
    }
    let all = format!("{} in all", money(&board["shadow"]["all_time"]));
    assert!(page.contains(&all), "the last 24 hours come to {all}: {page}");
    for place in 19..=30 {
        assert!(page.contains(&format!("data-row=\"tx_{place}\"")), "charge {place}");
    }
    assert!(page.contains("Shadow: tracked, not charged") && !page.contains("No event for"));
    let dollars = super::page::page(&house.sidecar, "/?currency=usd");
    assert_eq!(text(&dollars, "today"), "$0.00");
    let check = |path: &str| {
        let asked = request(&format!("GET {path}"), &[], "");
        refused(house.sidecar.raw(asked.as_bytes()), &asked, 400, "query");
    };
    for path in ["/?currency=euros", "/?period=year", "/page/live?period=1", "/page/why", "/page/why?id=%20"] {
        check(path);
    }
}

#[test]
fn whatever_an_id_is_made_of_it_is_text_on_the_page() {
    let house = House::open();
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</bdi></table><b>",
        "{{ sheet }} &lt;b&gt; ${x}",
        "\u{202e}evil\u{7}\r\n\ndata: {}",
    ];
    let mut watching = Watching::new(&house.sidecar, &[]);
    for (place, text) in hostile.iter().enumerate() {
        let taken = house.take(&hour(text, &format!("{text}{place}")));
        assert_eq!(taken["status"], "priced", "{text:?}: {taken}");
    }
    let whole = page(&house.sidecar, "/");
    watching.read_until_it_shows("tx_6");
    let told = watching.events().last().unwrap().0["parts"].as_object().unwrap().values().cloned().collect::<Vec<_>>();
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let mut all = vec![whole.clone()];
    all.extend(told.iter().map(|html| html.as_str().unwrap().to_owned()));
    for text in hostile {
        for (place, start) in ["/?why=", "/page/why?id="].into_iter().enumerate() {
            let found = page(&house.sidecar, &format!("{start}{}", encoded(text)));
            assert!(found.contains("class=\"fate\""), "{text:?}: {found}");
            assert!(place == 0 || !found.contains("<html"));
            all.push(found);
        }
    }
    all.push(page(&house.sidecar, &format!("/page/why?id={}", encoded("<i>nobody</i>"))));
    for html in &all {
        for wrong in ["<script>", "<img", "<b>", "<i>", " onmouseover='", "\u{7}", "\r", "\u{202e}"] {
            assert!(!html.contains(wrong), "{wrong:?} in {html}");
        }
    }
    assert!(whole.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{whole}");
    assert!(whole.contains("\u{fffd}evil\u{2407}\u{240d}\u{240a}"), "{whole}");
}

#[test]
fn elsewhere_the_page_holds_figures_only_for_who_may_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let token = |name: &str, scope: &str| {
        let made = run(&["token", "--data", path(folder.path()), "add", name, "--scope", scope]);
        format!("Authorization: Bearer {}", made.out.trim())
    };
    let (ingest, read) = (token("engine", "ingest"), token("board", "read"));
    let sidecar = Sidecar::start(rialto(&["serve", "--listen", "0.0.0.0:0", "--data", path(folder.path())]));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], sidecar.address().port()));
    let ask = |line: &str, headers: &[&str]| raw(address, request(line, headers, "").as_bytes());
    for headers in [&[][..], &["Authorization: Bearer 0123"], &[&ingest]] {
        let answer = ask("GET /?why=tx_1", headers);
        assert_eq!(answer.status, 200, "{headers:?}");
        assert!(!answer.body.contains('€') && !answer.body.contains("fate"), "{headers:?}: {}", answer.body);
        assert!(answer.body.contains("<form id=\"token-form\" class=\"notice\">"), "{headers:?}: {}", answer.body);
    }
    let answer = ask("GET /", &[&read]);
    assert!(answer.body.contains("€0.00") && answer.body.contains("class=\"notice\" hidden>"), "{}", answer.body);
    for path in ["/page/live", "/page/why?id=tx_1"] {
        let line = format!("GET {path}");
        refused(ask(&line, &[]), &line, 401, "no_token");
        refused(ask(&line, &[&ingest]), &line, 403, "wrong_scope");
    }
    assert_eq!(ask("GET /page/why?id=tx_1", &[&read]).status, 200);
}

#[test]
fn a_charge_that_is_recorded_arrives_and_what_is_known_is_not_told_again() {
    let house = House::open();
    let known = page(&house.sidecar, "/");
    let state = known.split_once("data-state=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let mut watching = Watching::new(&house.sidecar, &[&format!("Last-Event-ID: {state}")]);
    assert!(watching.read.contains("text/event-stream") && watching.read.contains("no-store"), "{}", watching.read);
    house.take(&hour("rec1", "a"));
    watching.read_until_it_shows("tx_1");
    // Where something else changed meanwhile, be it the minute, all is told once; but never what is known.
    let with_charges = |events: Vec<(Value, String)>, known: &str| {
        assert!(events.iter().all(|(_, id)| id != known), "what is known was told again: {events:?}");
        let is_whole = |event: &Value| event["parts"].as_object().is_some_and(|parts| parts.len() == 10);
        let news = events.into_iter().filter(|(event, _)| !is_whole(event) && event["parts"]["charges"].is_string());
        news.collect::<Vec<_>>()
    };
    let all = watching.events();
    let (event, id) = all.last().unwrap();
    assert!(event["title"].as_str().unwrap().starts_with("€50.00 today"), "{event}");
    // Each part is of what is durable; one that was asked for a moment before another may be told before it.
    let mut totals = all.iter().filter_map(|(event, _)| event["parts"]["totals"].as_str());
    assert!(totals.next_back().is_some_and(|html| html.contains("€50.00")), "{all:?}");
    for (event, _) in with_charges(watching.events(), &state) {
        assert_eq!(event["parts"]["invoices"], Value::Null, "nothing of the invoices changed: {event}");
    }

    let mut again = Watching::new(&house.sidecar, &[&format!("Last-Event-ID: {id}")]);
    let mut afresh = Watching::new(&house.sidecar, &["Last-Event-ID: of another life"]);
    afresh.read_until_it_shows("tx_1");
    assert_eq!(afresh.events()[0].0["parts"].as_object().unwrap().len(), 10, "whoever has nothing is told all");
    house.take(&hour("rec2", "a"));
    again.read_until_it_shows("tx_2");
    assert!(with_charges(again.events(), id).len() <= 1, "{}", again.read);
    house.sidecar.stop();
}

#[test]
fn a_reader_who_is_slow_gets_the_newest_and_costs_no_more_than_one_who_is_not() {
    let house = House::open();
    let begun = Instant::now();
    let mut slow = Watching::new(&house.sidecar, &[]);
    for place in 0..200 {
        house.take(&hour(&format!("rec{place}"), &format!("a{}", place % 7)));
    }
    slow.read_until_it_shows("tx_200");
    let events = slow.events();
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(events.len() <= seconds + 3, "{} events in {seconds} s", events.len());
    house.sidecar.stop();
}

#[test]
fn so_many_may_watch_and_no_more_and_nobody_is_kept_from_the_api() {
    let house = House::open();
    let mut watching: Vec<Watching> = (0..WATCHERS).map(|_| Watching::new(&house.sidecar, &[])).collect();
    let asked = request("GET /page/live", &[], "");
    let answer = refused(house.sidecar.raw(asked.as_bytes()), &asked, 503, "crowded");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(house.sidecar.post("/v1/activities", JSON, &hour("rec1", "a").to_string()).0, 200);
    page(&house.sidecar, "/");
    let mut last = watching.pop().unwrap();
    last.read_until_it_shows("tx_1");
    drop((last, watching));
    // Their places are free as soon as their ends are seen.
    let begun = Instant::now();
    while house.sidecar.raw_head(asked.as_bytes()).status != 200 {
        assert!(begun.elapsed() < super::sidecar::PATIENCE, "no place becomes free");
        std::thread::yield_now();
    }
}

#[test]
fn what_is_told_live_ends_when_the_sidecar_is_told_to_stop() {
    let house = House::open();
    let mut watching = Watching::new(&house.sidecar, &[]);
    assert!(watching.read_until(|read| read.contains("\n\n")));
    let House { mut sidecar, folder: _folder } = house;
    let begun = Instant::now();
    sidecar.ask_to_stop();
    assert!(!watching.read_until(|_| false));
    assert!(watching.read.ends_with("0\r\n\r\n"), "it ends in good order: {}", watching.read);
    let (status, log) = sidecar.ended();
    assert!(status.success(), "{log}");
    assert!(!log.contains("did not finish in time"), "after {:?}: {log}", begun.elapsed());
}
