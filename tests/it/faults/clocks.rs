//! Clocks that jump while the sidecar runs, and days of 23 and 25 hours.
//!
//! libfaketime tells the sidecar a time that the test writes into a file. The monotonic clock goes on as it is, as it does
//! on a machine whose time is set.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use rialto::clock::Clock;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{library, tell, times};
use crate::dice::Dice;
use crate::sidecar::{Sidecar, connect, path, read_answer, rialto, run, verify};

const FAKETIME: &str = "faketime/libfaketime.so.1";

#[test]
fn a_clock_that_jumps_by_hours_and_days_costs_no_sum_no_connection_and_no_duration() {
    let Some(library) = library(FAKETIME) else { return };
    let dice = Dice::seeded("RIALTO_CLOCK_SEED");
    let jumps = times(8, 400);
    let begin = Rome.with_ymd_and_hms(2026, 6, 10, 14, 0, 0).unwrap().to_utc();
    let mut told = Told::start(&library, begin);
    let mut restarts = 0;
    for jump in 0..jumps {
        let when = format!("jump {jump}, {dice}");
        let far = told.now() - begin;
        let by = match jump {
            0 => TimeDelta::hours(-1),
            1 => TimeDelta::days(1),
            // Within some weeks, so that the sums of a month are all told.
            _ if TimeDelta::days(14) < far => TimeDelta::days(-20),
            _ if far < TimeDelta::days(-14) => TimeDelta::days(20),
            _ => match dice.below(8) {
                0 | 1 => TimeDelta::hours(-1),
                2 | 3 => TimeDelta::days(1),
                4 => TimeDelta::days(-1),
                5 => TimeDelta::seconds(-30),
                6 => TimeDelta::hours(1),
                _ => TimeDelta::seconds(dice.below(100_000) as i64 - 50_000),
            },
        };
        if jump == 2 || dice.below(8) == 0 {
            told.restart(by, &when);
            restarts += 1;
        } else {
            told.record_across(by, &when);
        }
        told.is_right(&when);
    }
    told.durations_are_durations(&format!("{dice}"));
    let (events, waited) = (told.events.len(), told.went_back[0]);
    told.end();
    tell(
        "the clock",
        format!(
            "{jumps} jumps of a running sidecar's clock, an hour back, a day forward and others, each in the middle of a \
             request; {restarts} of them while it was down ({dice})"
        ),
        format!(
            "all {events} events answered on the connections that they began on, no time-out; {waited} jumps back by more than \
             a minute were believed and logged, smaller ones waited out; today's, the week's and the month's sums right after \
             each; no duration negative or longer than the sidecar ran; `rialto verify` clean"
        ),
    );
}

#[test]
fn days_of_23_and_25_hours_are_whole_and_end_at_midnight() {
    let Some(library) = library(FAKETIME) else { return };
    let years = times(1, 10);
    let mut days = 0;
    // Each is a Sunday, which ends a week, too.
    for year in (2026..).take(years) {
        for (month, hours) in [(3, 23), (10, 25)] {
            let first = NaiveDate::from_ymd_opt(year, month, 31).expect("months of 31 days");
            let day = first - TimeDelta::days(first.weekday().num_days_from_sunday().into());
            is_whole(&library, day, hours);
            days += 1;
        }
    }
    tell(
        "summer time",
        format!(
            "{days} days on which Europe/Rome changes its clocks, lived hour by hour, {years} of 23 and {years} of 25 hours"
        ),
        "each day has the events of all its hours and no other's, also just before and just after the change and midnight; the report by day says the same",
    );
}

/// Lives a day from the last seconds before it to the first ones after it.
fn is_whole(library: &Path, day: NaiveDate, hours: usize) {
    let midnight = |day: NaiveDate| Rome.from_local_datetime(&day.and_hms_opt(0, 0, 0).expect("midnight")).unwrap();
    let (begin, end) = (midnight(day).to_utc(), midnight(day.succ_opt().expect("another day")).to_utc());
    assert_eq!(end - begin, TimeDelta::hours(hours as i64), "{day}");
    let when = day.to_string();
    let mut told = Told::start(library, begin - TimeDelta::seconds(30));
    told.record(&when);
    told.is_right(&when);
    let mut moments: Vec<DateTime<Utc>> =
        (0..hours).map(|hour| begin + TimeDelta::minutes(60 * hour as i64 + 30)).collect();
    // The clocks change at one, universal time, on either day.
    let change = Utc.from_utc_datetime(&day.and_hms_opt(1, 0, 0).expect("an hour"));
    moments.extend([change - TimeDelta::seconds(20), change + TimeDelta::seconds(1), end - TimeDelta::seconds(30)]);
    moments.sort_unstable();
    for moment in &moments {
        told.to(*moment);
        told.record(&format!("{when}, {moment}"));
        told.is_right(&format!("{when}, {moment}"));
    }
    let on_the_day: Decimal = told.sum(|date| date == day);
    assert_eq!(told.events.len(), moments.len() + 1, "{when}");
    assert_eq!(told.board()["shadow"]["today"].as_str().unwrap().parse::<Decimal>().unwrap(), on_the_day, "{when}");
    told.to(end + TimeDelta::seconds(1));
    told.is_right(&when);
    assert_eq!(told.board()["shadow"]["today"], "0.00", "{when} ended at midnight");
    told.record(&when);
    told.is_right(&when);
    let data = told.end();
    let data = data.path().join("data");
    let report = run(&["report", "--from", &when, "--to", &when, "--format", "json", "--data", path(&data)]).json();
    assert_eq!(report["currencies"][0]["total"]["earned"], on_the_day.to_string(), "{report}");
}

/// A sidecar that is told the time, and what it took in.
struct Told {
    folder: tempfile::TempDir,
    library: PathBuf,
    /// How far its clock is ahead of the machine's.
    ahead: TimeDelta,
    sidecar: Option<Sidecar>,
    stream: Option<TcpStream>,
    began: Instant,
    /// When each event was recorded, as it says, and its amount.
    events: Vec<(DateTime<FixedOffset>, Decimal)>,
    /// The latest instant that this process of it told.
    latest: DateTime<Utc>,
    /// So often its clock went far enough back to be believed, in all and in this process.
    went_back: [usize; 2],
}

/// How far back a clock may go without being believed; and how far its own may be off while a request lasts.
const FAR: TimeDelta = TimeDelta::seconds(60);
const SLACK: TimeDelta = TimeDelta::seconds(20);

impl Told {
    fn start(library: &Path, at: DateTime<Utc>) -> Told {
        let mut told = Told {
            folder: tempfile::tempdir().unwrap(),
            library: library.to_owned(),
            ahead: TimeDelta::zero(),
            sidecar: None,
            stream: None,
            began: Instant::now(),
            events: Vec::new(),
            latest: DateTime::<Utc>::MIN_UTC,
            went_back: [0, 0],
        };
        told.to(at);
        told.up();
        told
    }

    fn up(&mut self) {
        let data = self.folder.path().join("data");
        let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(&data)]);
        command.env("LD_PRELOAD", &self.library).env("FAKETIME_TIMESTAMP_FILE", self.file());
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        // Files are not of another time than the machine.
        command.env("NO_FAKE_STAT", "1").env("RIALTO_SEGMENT_BYTES", "65536").env("RIALTO_SNAPSHOT_BYTES", "16384");
        self.began = Instant::now();
        let sidecar = Sidecar::start(command);
        self.stream = Some(connect(sidecar.address()));
        self.sidecar = Some(sidecar);
        self.latest = DateTime::<Utc>::MIN_UTC;
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().expect("it runs")
    }

    /// The time that it is told.
    fn now(&self) -> DateTime<Utc> {
        machine() + self.ahead
    }

    fn to(&mut self, moment: DateTime<Utc>) {
        self.set(moment - machine());
    }

    fn set(&mut self, ahead: TimeDelta) {
        self.ahead = ahead;
        let micros = ahead.num_microseconds().expect("within some thousands of years");
        let sign = if micros < 0 { '-' } else { '+' };
        let text = format!("{sign}{}.{:06}\n", micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
        // It is read whole, whenever it is read.
        let aside = self.folder.path().join("time.tmp");
        fs::write(&aside, text).unwrap();
        fs::rename(aside, self.file()).unwrap();
    }

    fn record(&mut self, when: &str) {
        self.record_across(TimeDelta::zero(), when);
    }

    /// Begins to hand an event in, has the clock jump, and goes on, on the connection that it always had.
    fn record_across(&mut self, by: TimeDelta, when: &str) {
        let id = format!("rec{}", self.events.len());
        let minutes = 1 + self.events.len() % 90;
        let body = json!({ "activity_id": id, "citizen_id": "Ada", "type": "paid_service", "duration": minutes });
        let body = body.to_string();
        let request = format!(
            "POST /v1/activities HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.sidecar().address(),
            body.len()
        );
        let (before, after) = request.split_at(request.len() - body.len() / 2);
        let mut stream = self.stream.take().expect("a connection");
        std::io::Write::write_all(&mut stream, before.as_bytes()).unwrap();
        if !by.is_zero() {
            self.set(self.ahead + by);
        }
        let answer = read_answer(&stream, after.as_bytes(), true);
        self.stream = Some(stream);
        assert_eq!(answer.status, 200, "{answer:?}; {when}");
        let (status, fate) = self.sidecar().get(&format!("/v1/activities/{id}"));
        assert_eq!(status, 200, "{fate}; {when}");
        let recorded: DateTime<FixedOffset> = fate["recorded_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(fate["occurred_at"], fate["recorded_at"], "{when}");
        self.is_now(recorded.to_utc(), when);
        self.events.push((recorded, fate["amount"].as_str().unwrap().parse().unwrap()));
    }

    /// An instant that was just told is the one that it is; or the last one, where the clock is less than a minute behind it.
    fn is_now(&mut self, moment: DateTime<Utc>, when: &str) {
        let now = self.now();
        let is_waiting = now < self.latest && self.latest - FAR < now;
        if is_waiting {
            assert!(
                (moment - self.latest).abs() < SLACK && self.latest <= moment,
                "{moment} after {}; {when}",
                self.latest
            );
        } else {
            assert!((now - moment).abs() < SLACK, "it says {moment}, and it is {now}; {when}");
            self.went_back = self.went_back.map(|times| times + usize::from(moment < self.latest));
            self.latest = moment;
        }
    }

    /// Its clock jumps while it is down.
    fn restart(&mut self, by: TimeDelta, when: &str) {
        let mut sidecar = self.sidecar.take().expect("it runs");
        self.is_logged(&sidecar);
        sidecar.kill();
        self.went_back[1] = 0;
        self.set(self.ahead + by);
        self.up();
        self.latest = self.events.iter().map(|(at, _)| at.to_utc()).max().unwrap_or(DateTime::<Utc>::MIN_UTC);
        self.record(when);
    }

    fn board(&self) -> Value {
        self.sidecar().get("/api/revenue/dashboard").1
    }

    /// What the events came to of whose local days this holds.
    fn sum(&self, is_in: impl Fn(NaiveDate) -> bool) -> Decimal {
        let local = |at: &DateTime<FixedOffset>| at.with_timezone(&Rome).date_naive();
        self.events.iter().filter(|(at, _)| is_in(local(at))).map(|(_, amount)| *amount).sum()
    }

    /// The dashboard has the sums of the day, week and month that it is in Rome.
    fn is_right(&mut self, when: &str) {
        let board = self.board();
        let as_of: DateTime<FixedOffset> =
            board["as_of"].as_str().unwrap_or_else(|| panic!("{board}; {when}")).parse().unwrap();
        self.is_now(as_of.to_utc(), when);
        let today = as_of.with_timezone(&Rome).date_naive();
        let week = today - TimeDelta::days(today.weekday().num_days_from_monday().into());
        let month = today.with_day(1).expect("a first");
        let all = NaiveDate::MIN;
        for (period, start) in [("today", today), ("week", week), ("month", month), ("all_time", all)] {
            let is_in = |day: NaiveDate| start <= day && (day <= today || period == "all_time");
            let shown: Decimal =
                board["shadow"][period].as_str().unwrap_or_else(|| panic!("{board}; {when}")).parse().unwrap();
            assert_eq!(shown, self.sum(is_in), "{period} as of {as_of}; {when}");
        }
    }

    /// Nothing lasted longer than the sidecar ran, or less than no time.
    fn durations_are_durations(&self, when: &str) {
        let (ran, page) = (self.began.elapsed() + Duration::from_secs(1), self.sidecar().get("/metrics").1);
        let mut seen = 0;
        for line in page.as_str().unwrap().lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else { continue };
            let series = name.split('{').next().unwrap_or_default();
            let is_duration = ["_seconds", "_seconds_sum"].iter().any(|end| series.ends_with(end));
            if is_duration && !series.contains("timestamp") {
                let value: f64 = value.parse().unwrap();
                // What never happened has no quantiles.
                assert!(value.is_nan() || (0.0..ran.as_secs_f64()).contains(&value), "{line} in {ran:?}; {when}");
                seen += 1;
            }
        }
        assert!(2 < seen, "there are no durations: {page}");
    }

    /// What it believed of its clock, it said.
    fn is_logged(&self, sidecar: &Sidecar) {
        let log = sidecar.log();
        assert!(log.contains("the system's clock went back") || self.went_back[1] == 0, "{log}");
    }

    /// Stops it; what it had is in order.
    fn end(mut self) -> tempfile::TempDir {
        let sidecar = self.sidecar.take().expect("it runs");
        self.stream.take();
        self.is_logged(&sidecar);
        sidecar.stop();
        verify(&self.folder.path().join("data"));
        self.folder
    }
}

/// The machine's time.
fn machine() -> DateTime<Utc> {
    DateTime::from_timestamp_micros(Clock::system().now().0).expect("a date")
}
