//! Two weeks in a minute: a city ten times as busy as the real one lives through a rollout, a new tariff, invoices,
//! refunds, a pause and restarts, by a clock that is set.
//!
//! In the end every record is in the book once, at the price that is worked out by hand; every bill is at Stripe as the
//! book has it, to the cent; and memory has grown by what the records take up, and by nothing else.

mod house;
mod model;

use std::path::Path;
use std::time::{Duration, Instant};

use rialto::demo::{City, Delivery, Table, Tick};
use serde_json::{Value, json};

pub use self::house::until;
use self::house::{House, resident};
use self::model::{Model, TARIFFS};
use super::{library, tell, times};
use crate::sidecar::{LINES, verify};

const DAY: i64 = 86_400_000_000;
const HOUR: i64 = DAY / 24;

/// From the first restart to the last memory may grow by so much more than the events account for,
const BEYOND: i64 = 12 << 20;
/// and between two restarts buffers may take up so much.
const BUFFERS: i64 = 64 << 20;
/// What the bench table measures of a record: one that earned nothing, and what is more where it is charged for.
const RECORD: i64 = 54;
const CHARGE: i64 = 38;

/// Ticks of several cities, in the order of time.
struct Cities {
    next: Vec<(Tick, rialto::demo::Ticks)>,
}

impl Cities {
    fn new(cities: &[City]) -> Cities {
        let begun = |city: &City| {
            let mut ticks = city.ticks();
            (ticks.next().unwrap(), ticks)
        };
        Cities { next: cities.iter().map(begun).collect() }
    }

    /// The next one before an instant.
    fn before(&mut self, end: i64) -> Option<Tick> {
        let (next, ticks) = self.next.iter_mut().min_by_key(|(next, _)| next.at_micros)?;
        if end <= next.at_micros {
            return None;
        }
        Some(std::mem::replace(next, ticks.next().unwrap()))
    }
}

/// The story, and what came of it so far.
struct Story {
    house: House,
    model: Model,
    cities: Cities,
    /// What was handed in last: sent again after each restart.
    last: Option<(&'static str, String)>,
    refunded: usize,
    /// At the end of each day: resident memory, and what of it the records do not account for.
    memory: Vec<(i64, i64)>,
}

impl Story {
    fn live(&mut self, end: i64) {
        while let Some(tick) = self.cities.before(end) {
            self.house.wait_until(tick.at_micros);
            for Delivery { table, rows } in tick.deliveries {
                let now = self.house.now();
                rows.iter().for_each(|row| self.model.take(table, row, now));
                let path = if table == Table::Messages { "/v1/messages" } else { "/v1/activities" };
                let body = rows.join("\n");
                let (status, answer) = self.house.sidecar().post(path, LINES, &body);
                assert_eq!((status, &answer["rejected"]), (200, &json!(0)), "{answer}");
                self.last = Some((path, body));
            }
        }
        self.house.wait_until(end);
    }

    /// The day's bills, and some of what was paid is given back.
    fn bill(&mut self) {
        let house = &self.house;
        let ran = house.run(&["bill", "run"]);
        assert!(ran.code == Some(0) || ran.err.contains("paused"), "{ran:?}");
        house.wait_until(house.now() + 2 * HOUR + HOUR / 4);
        let open = || house.bank.running().with(|sandbox| sandbox.sent_and_open(i64::MAX).len());
        until("what was sent is paid", || open() == 0);
        let now = house.bank.running().now();
        let paid: Vec<(String, i64)> = house.bank.running().with(|sandbox| {
            let paid = sandbox.invoices().filter(|invoice| invoice.paid.is_some() && invoice.refunded == 0);
            paid.map(|invoice| (invoice.id.to_owned(), invoice.total)).collect()
        });
        // One a day, of those that there are.
        if let Some((invoice, total)) = paid.get(self.refunded * 3) {
            house.bank.running().with(|sandbox| sandbox.refund(invoice, total / 3, now)).unwrap();
            self.refunded += 1;
        }
    }

    fn restart(&mut self, is_killed: bool) {
        self.house.restart(is_killed);
        let facts = self.house.get("/metrics");
        let (path, body) = self.last.as_ref().unwrap();
        let (status, answer) = self.house.sidecar().post(path, LINES, body);
        let [recorded, priced] = ["recorded", "priced"].map(|key| answer[key].as_u64().unwrap_or_default());
        assert_eq!((status, recorded + priced), (200, 0), "what had its receipt is there: {answer}");
        assert_eq!(sample(&facts, "rialto_ledger_facts_total"), self.model.facts() as i64);
    }

    /// What all comes to, by the sidecar: shadow, live and held.
    fn sums(&self) -> [i128; 3] {
        let board = self.house.get("/api/revenue/dashboard");
        [&board["shadow"]["all_time"], &board["live"]["all_time"], &board["held"]].map(millionths)
    }

    fn accept_conflicts(&self) {
        let conflicts = self.house.get("/v1/conflicts?limit=500");
        let open = conflicts["conflicts"].as_array().unwrap().iter().filter(|conflict| conflict["accepted"] == false);
        let numbers: Vec<String> = open.map(|conflict| conflict["number"].to_string()).collect();
        if !numbers.is_empty() {
            let arguments = ["conflicts", "accept"].into_iter().chain(numbers.iter().map(String::as_str));
            self.house.done(&arguments.collect::<Vec<_>>());
        }
    }

    fn look_at_memory(&mut self) {
        let page = self.house.get("/metrics");
        let charges = sample(&page, "rialto_ledger_charges");
        let records = sample(&page, "rialto_ledger_facts_total") * RECORD + charges * CHARGE;
        let resident = resident(self.house.sidecar().id()) as i64;
        self.memory.push((resident, resident - records));
    }
}

/// The sum of a metric's samples.
fn sample(page: &Value, name: &str) -> i64 {
    let lines = page.as_str().unwrap().lines().filter_map(|line| line.strip_prefix(name));
    let values = lines.filter(|rest| rest.starts_with([' ', '{'])).filter_map(|rest| rest.rsplit_once(' '));
    values.map(|(_, value)| value.parse::<f64>().unwrap() as i64).sum()
}

/// An amount in millionths.
fn millionths(text: &Value) -> i128 {
    let text = text.as_str().unwrap_or_else(|| panic!("no amount: {text}"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    let whole: i128 = whole.trim_start_matches('-').parse().unwrap();
    sign * (whole * 1_000_000 + format!("{fraction:0<6}").parse::<i128>().unwrap())
}

/// The second tariff, in force from this instant on.
fn tariff(folder: &Path, effective: i64) -> String {
    let (hour, letter) = TARIFFS[1];
    let at = chrono::DateTime::from_timestamp_micros(effective).unwrap().to_rfc3339();
    let [hour, letter] = [hour, letter].map(|price| format!("{}.{:06}", price / 1_000_000, price % 1_000_000));
    let text = format!(
        "version = 2\neffective = {at}\ncurrency = \"EUR\"\n\n[[rule]]\nname = \"paid_service\"\nfeed = \"activity\"\n\
         type = \"paid_service\"\nprice = {{ amount = {hour}, per = \"hour\", times = \"expertise\" }}\n\n[[rule]]\n\
         name = \"external_message\"\nexternal = true\nprice = {{ amount = {letter} }}\n"
    );
    let file = folder.join("tariff.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_city_lives_for_two_weeks_and_every_cent_is_where_it_belongs() {
    let Some(library) = library("faketime/libfaketime.so.1") else { return };
    let began = Instant::now();
    let (days, seeds) = (times(2, 14) as i64, times(1, 10) as u64);
    let cities: Vec<City> = (1..=seeds).map(City::new).collect();
    let start = City::START_MICROS;
    // The story is the same, in two days or in fourteen, and begins at noon: at night nobody serves.
    let at = |fourteenth: i64| start + DAY / 2 + (days * DAY - DAY / 2) * fourteenth / 14;
    let house = House::open(library, start);
    let (cities_alive, model) = (Cities::new(&cities), Model::default());
    let mut story = Story { house, model, cities: cities_alive, last: None, refunded: 0, memory: Vec::new() };
    for Delivery { table, rows } in cities.iter().flat_map(City::founding) {
        let path = if table == Table::Citizens { "/v1/citizens" } else { "/v1/buildings" };
        if table == Table::Citizens {
            rows.iter().for_each(|row| story.model.citizen(row));
        }
        assert_eq!(story.house.sidecar().post(path, LINES, &rows.join("\n")).0, 200);
    }

    for day in 1..=14 {
        story.live(at(day));
        match day {
            1 => {
                for client in City::clients() {
                    let customer = story.house.bank.customer(&format!("{client}%40example.org"));
                    story.house.done(&["payer", "add", client, "--customer", &customer]);
                }
            }
            2 => {
                story.accept_conflicts();
                let board = story.house.get("/api/revenue/dashboard");
                let trusted = board["top_businesses"][0]["business_id"].as_str().unwrap().to_owned();
                story.house.done(&["rollout", "live", "--business", &trusted, "--why", "it is trusted"]);
                assert_eq!(story.sums()[1], 0);
            }
            4 => {
                story.accept_conflicts();
                // Of one city, hours may go by without a charge of it.
                assert!(0 < story.sums()[1] || seeds == 1, "one business is live, and has earned");
                story.house.done(&["rollout", "live", "--all", "--why", "as planned"]);
            }
            7 => {
                let effective = story.house.now() + HOUR;
                let effective = effective - effective % 1_000_000;
                let file = tariff(story.house.data.parent().unwrap(), effective);
                let used = story.house.run(&["tariff", "use", &file, "--why", "a new year"]);
                assert_eq!(used.code, Some(0), "{used:?}");
                story.model.second = Some(effective);
            }
            9 => drop(story.house.done(&["rollout", "pause", "--all", "--why", "somebody is worried"])),
            10 => {
                story.accept_conflicts();
                story.house.done(&["rollout", "live", "--all", "--why", "nothing was wrong"]);
            }
            _ => {}
        }
        if 2 <= day && day != 9 {
            story.bill();
        }
        if day % 3 == 0 {
            story.restart(day % 2 == 0);
        }
        story.look_at_memory();
        let [shadow, live, held] = story.sums();
        assert_eq!(shadow + live + held, story.model.sum, "{day}: {shadow} in shadow, {live} live, {held} held");
    }

    // What was paid and given back last is heard of, and then both sides are the same.
    let Story { mut house, model, memory, refunded, .. } = story;
    house.wait_until(house.now() + 2 * HOUR);
    let net = || house.bank.running().with(|sandbox| sandbox.totals("eur")).collected;
    let given_back = || house.bank.running().with(|sandbox| sandbox.totals("eur")).refunded;
    let collected = || millionths(&house.get("/api/revenue/dashboard")["collected"]["all_time"]);
    until("all that was paid is in the book", || collected() == i128::from(net() - given_back()) * 10_000);
    let clean = house.done(&["bill", "reconcile"]);
    assert!(clean.ends_with(": the same to the cent\n"), "{clean}");
    let bills = house.bank.running().with(|sandbox| sandbox.invoices().count());
    assert!(0 < bills && 0 < refunded && 0 < net(), "{bills} bills, {refunded} refunds");
    let board = house.get("/api/revenue/dashboard");
    house.stop();
    let report = verify(&house.data);
    assert_eq!([&report["facts"], &report["transactions"]], [&json!(model.facts()), &json!(model.charges)]);

    // What a start reads passes through memory, and is given back within a day: so the least after the first restart, and
    // after the last one; and the most that there ever was.
    let beyond: Vec<i64> = memory.iter().map(|(_, beyond)| *beyond).collect();
    let least = |days: &[i64]| days.iter().min().copied().unwrap();
    let (then, now) = (least(&beyond[2..5]), least(&beyond[11..14]));
    assert!(now - then < BEYOND, "memory grows by more than the records: {memory:?}");
    assert!(beyond.iter().all(|beyond| beyond - then < BUFFERS), "memory is not flat: {memory:?}");
    let volume = model.rows as f64 / days as f64 / 5_500.0;
    let took = Duration::from_secs(began.elapsed().as_secs());
    tell(
        "two weeks in minutes",
        format!(
            "{days} simulated days at {volume:.0} times the real volume in {took:?}: {} records, a rollout, a new tariff, a pause, {bills} invoices, {refunded} refunds, 4 restarts (2 of them kills)",
            model.rows
        ),
        format!(
            "verify and reconcile clean; {} EUR live and {} EUR in shadow, as worked out by hand; {:.1} MB resident, {:+.1} MB beyond what the records take up from the first restart to the last",
            board["live"]["all_time"].as_str().unwrap(),
            board["shadow"]["all_time"].as_str().unwrap(),
            memory.last().unwrap().0 as f64 / 1e6,
            (now - then) as f64 / 1e6,
        ),
    );
}
