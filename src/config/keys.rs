//! The keys of the configuration: what each is about, in which unit, and what a good value looks like.
//!
//! Whatever is checked, printed or suggested goes by this one list.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use chrono_tz::Tz;
use toml::Value;

/// A key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it says, with its unit.
    pub about: &'static str,
    /// What a value of it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub enum Kind {
    /// A text; an example of one.
    Text(&'static str),
    /// A scheme and a host; an example.
    Url(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts; an example of one.
    Texts(&'static str),
    /// An address and a port.
    Address,
    /// An address and a port, or nothing; an example.
    SecondAddress(&'static str),
    /// A file, or nothing; an example.
    File(&'static str),
    /// A time zone.
    Zone,
    /// A date, or nothing.
    Date,
    /// A whole number of something.
    Whole(&'static str, RangeInclusive<u64>),
    /// A decimal of at most two places, as a text: of something, from nothing to so much; an example of one.
    Decimal(&'static str, u32, &'static str),
    /// Tables of targets.
    Targets,
}

const GUARD: RangeInclusive<u64> = 1..=1_000_000_000;

macro_rules! keys {
    ($($name:literal: $kind:expr, $about:literal;)*) => {
        /// All keys, in the order in which they are shown.
        pub const KEYS: &[Key] = &[$(Key { name: $name, about: $about, kind: $kind }),*];
    };
}

keys! {
    "data": Kind::Text("snapshots/run"), "The data folder.";
    "listen": Kind::Address, "The address and port to listen on.";
    "listen_certificate": Kind::File("/etc/rialto/certificate.pem"), "What it answers with there over TLS: a PEM file with the certificate, and after it those that vouch for it.\n# Empty for plain HTTP. `tls_certificate` is another, of the webhooks' own address.";
    "listen_key": Kind::File("/etc/rialto/key.pem"), "The PEM file with the certificate's private key. On SIGHUP both are read again.";
    "webhook_listen": Kind::SecondAddress("0.0.0.0:8443"), "Where Stripe's webhooks are taken besides: an address and port for the outside, with nothing else; empty for none.";
    "tls_certificate": Kind::File("/etc/rialto/certificate.pem"), "What the webhooks' address answers with over TLS: a PEM file with the certificate, and after it those that vouch for it.\n# Empty for plain HTTP.";
    "tls_key": Kind::File("/etc/rialto/key.pem"), "The PEM file with the certificate's private key. On SIGHUP both files are read again; without them, SIGHUP\n# ends the sidecar in good order.";
    "hosts": Kind::Texts("rialto.example"), "Names that the sidecar is known by, besides localhost and addresses.";
    "time_zone": Kind::Zone, "Whose days, weeks and months are counted: an IANA name.";
    "naive_time_zone": Kind::Zone, "Where times are read that name no offset: an IANA name.";
    "idle_seconds": Kind::Whole("seconds", 1..=86_400), "After so many seconds without work the actor of a citizen or business retires.";
    "arbiters": Kind::Whole("threads", 0..=64), "How many threads citizens and businesses are spread over; with 0 they work beside the bookkeeper.";
    "silence_seconds": Kind::Whole("seconds", 1..=31_536_000), "After so many seconds without an event the page says so. The engine hands some in every five minutes.";
    "segment_bytes": Kind::Whole("bytes", 4096..=1 << 30), "The size of a segment of the journal.";
    "snapshot_bytes": Kind::Whole("bytes", 4096..=1 << 40), "How many bytes of the journal must be new before a snapshot is taken.";
    "body_bytes": Kind::Whole("bytes", 1024..=64 << 20), "The largest body of a request.";
    "connections": Kind::Whole("connections", 1..=65_536), "How many connections there may be at once; for another, one goes that was silent longest.";
    "gate_events": Kind::Whole("charges or events", 0..=1_000_000_000), "Before a business or a citizen goes live: so many charges in shadow; before all do: so many events.";
    "gate_hours": Kind::Whole("hours", 0..=8_760), "Before anybody goes live: so many hours since the first charge in shadow.";
    "guard_citizen_hour": Kind::Whole("charges", GUARD), "Held is what goes beyond so many charges of a citizen in an hour.";
    "guard_citizen_day": Kind::Whole("whole units of the currency", GUARD), "Held is what goes beyond this amount of a citizen in a day.";
    "guard_business_hour": Kind::Whole("charges", GUARD), "Held is what goes beyond so many charges of a business in an hour.";
    "guard_business_day": Kind::Whole("whole units of the currency", GUARD), "Held is what goes beyond this amount of a business in a day.";
    "guard_payer_hour": Kind::Whole("charges", GUARD), "Held is what goes beyond so many charges of a payer in an hour.";
    "guard_payer_day": Kind::Whole("whole units of the currency", GUARD), "Held is what goes beyond this amount of a payer in a day.";
    "guard_pair_hour": Kind::Whole("messages", GUARD), "Held is what goes beyond so many messages in an hour between two who write to each other.";
    "guard_jump": Kind::Whole("times", 2..=1_000_000_000), "Held is what is so many times as many charges of a citizen as in the hours before.";
    "guard_park_after": Kind::Whole("held charges", GUARD), "After so many held charges a citizen is parked: all of his are held until he is released.";
    "bill_minimum": Kind::Decimal("units of the currency", 1_000_000, "10.00"), "An invoice comes to this much at least, unless its payer has a minimum of his own.";
    "bill_age_days": Kind::Whole("days", 1..=3_650), "After so many days what is owed is invoiced also below the minimum, where Stripe takes it.";
    "bill_fee_percent": Kind::Decimal("percent", 100, "1.5"), "What Stripe is expected to take of a payment, in percent of it,";
    "bill_fee_fixed": Kind::Decimal("units of the currency", 1_000, "0.25"), "and besides, in units of the currency. `rialto bill plan` shows what that comes to.";
    "bill_negative": Kind::Word(&["carry", "credit_note"]), "What is done where a payer has more to get back than he owes: it is carried, and lowers his next invoice; or it is taken off\n# an invoice of his by a credit note, and refunded where that was paid.";
    "bill_hour": Kind::Whole("o'clock", 0..=23), "At this hour of the day what is due is invoiced.";
    "bill_threshold": Kind::Decimal("units of the currency", 1_000_000, "100.00"), "From this amount on an invoice does not wait for that hour.";
    "stripe_mode": Kind::Word(&["off", "sandbox", "test", "live"]), "Where invoices go: nowhere, to a stand-in (`rialto sandbox`), to Stripe as tests, or to Stripe for real money. For the last\n# two STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET have to be in the environment.";
    "stripe_url": Kind::Url("http://127.0.0.1:12111"), "Where the stand-in listens.";
    "log": Kind::Text("info"), "What is logged: error, warn, info, debug or trace, or target=level pairs joined by commas.";
    "log_format": Kind::Word(&["text", "json"]), "How it is logged: text for people, json for programs.";
    "targets_start": Kind::Date, "Day one of the targets, such as 2026-12-01; empty for the day of the first charge.";
    "targets": Kind::Targets, "What is to be earned: `amount` whole units of the currency within `days` from day one. What counts is the\n# `basis`: tracked is shadow and live, live what was earned live, whoever pays it, and collected what was paid.";
}

/// The keys of a target, and what each is.
pub const TARGET: &[Key] = &[
    Key { name: "name", about: "", kind: Kind::Text("week one") },
    Key { name: "days", about: "", kind: Kind::Whole("days", 1..=3660) },
    Key { name: "amount", about: "", kind: Kind::Whole("whole units of the currency", GUARD) },
    Key { name: "basis", about: "", kind: Kind::Word(&["tracked", "live", "collected"]) },
];

impl Key {
    /// The variable of the environment that sets it.
    pub fn variable(&self) -> String {
        format!("RIALTO_{}", self.name.to_ascii_uppercase())
    }

    /// Whether a value is a good one; of targets, whether it is a list at all.
    pub fn takes(&self, value: &Value) -> bool {
        let text = value.as_str();
        match &self.kind {
            Kind::Text(_) => text.is_some_and(|text| !text.is_empty() && text.len() <= 4096),
            Kind::Url(_) => text.is_some_and(is_url),
            Kind::Word(words) => text.is_some_and(|text| words.contains(&text)),
            Kind::Texts(_) => value.as_array().is_some_and(|list| list.iter().all(Value::is_str)),
            Kind::Address => text.is_some_and(is_address),
            Kind::SecondAddress(_) => text.is_some_and(|text| text.is_empty() || is_address(text)),
            Kind::File(_) => text.is_some_and(|text| text.len() <= 4096),
            Kind::Zone => text.is_some_and(|text| text.parse::<Tz>().is_ok()),
            Kind::Date => text.is_some_and(|text| text.is_empty() || is_date(text)),
            Kind::Whole(_, range) => value
                .as_integer()
                .and_then(|number| u64::try_from(number).ok())
                .is_some_and(|number| range.contains(&number)),
            Kind::Decimal(_, most, _) => text.is_some_and(|text| is_decimal(text, *most)),
            Kind::Targets => value.as_array().is_some_and(|list| list.iter().all(Value::is_table)),
        }
    }

    /// What to write.
    pub fn must(&self) -> String {
        let name = self.name;
        match &self.kind {
            Kind::Text(example) => format!("write a text: {name} = {example:?}"),
            Kind::Url(example) => format!("write a scheme and a host, and nothing else: {name} = {example:?}"),
            Kind::Word(words) => format!("write one of {}: {name} = {:?}", words.join(", "), words[0]),
            Kind::Texts(example) => format!("write a list of texts: {name} = [{example:?}]"),
            Kind::Address => format!("write an address and a port: {name} = \"127.0.0.1:8717\""),
            Kind::SecondAddress(example) => format!("write an address and a port, or nothing: {name} = {example:?}"),
            Kind::File(example) => format!("write the path of a file, or nothing: {name} = {example:?}"),
            Kind::Zone => {
                format!("write a time zone of the IANA database, such as Europe/Rome or UTC: {name} = \"Europe/Rome\"")
            }
            Kind::Date => format!("write a date in quotation marks, or nothing: {name} = \"2026-12-01\""),
            Kind::Whole(unit, range) => format!(
                "write a whole number of {} from {} to {}: {name} = {}",
                unit.trim_start_matches("whole "),
                range.start(),
                range.end(),
                range.start().max(&1)
            ),
            Kind::Decimal(unit, most, example) => {
                format!(
                    "write a decimal in quotation marks, of {unit} from 0 to {most} with at most two places: {name} = {example:?}"
                )
            }
            Kind::Targets => format!(
                "write a table for each: [[{name}]] with name = \"week one\", days = 7, amount = 500, basis = \"live\""
            ),
        }
    }

    /// Whether a value is a text also where it looks like something else: a folder may be named 1e3.
    pub fn is_text(&self) -> bool {
        match self.kind {
            Kind::Text(_) | Kind::Url(_) | Kind::Word(_) | Kind::Address | Kind::SecondAddress(_) | Kind::File(_) => {
                true
            }
            Kind::Zone | Kind::Date | Kind::Decimal(..) => true,
            Kind::Texts(_) | Kind::Whole(..) | Kind::Targets => false,
        }
    }
}

fn is_decimal(text: &str, most: u32) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_small = whole
        .parse::<u32>()
        .is_ok_and(|whole| whole < most || whole == most && part.bytes().all(|digit| digit == b'0'));
    is_digits(whole) && is_digits(part) && part.len() <= 2 && is_small
}

fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    host.map(|host| host.strip_suffix('/').unwrap_or(host)).is_some_and(|host| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        !host.is_empty() && host.bytes().all(is_plain)
    })
}

fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

fn is_date(text: &str) -> bool {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// The one of `known` that is nearly what was written.
pub fn near<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let distance = |known: &str| strsim::damerau_levenshtein(written, known);
    known.filter(|known| distance(known) <= 2).min_by_key(|known| distance(known))
}
