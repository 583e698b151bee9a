//! Files, good and bad.

use super::*;
use crate::domain::activity::{Activity, Address, Outcome, Stated};
use crate::domain::calendar::Calendar;
use crate::domain::charge::{Free, Hold, Price};
use crate::domain::external::{Receiver, Ruling};
use crate::domain::ids::{Feed, SourceId};
use crate::domain::names::Name;
use crate::domain::tariff::RuleId;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::tariff::when::Occasion;
use crate::domain::time::Moment;

const HEAD: &str = "version = 2\neffective = 2026-12-01T00:00:00Z\ncurrency = \"EUR\"\n";

fn rule(rule: &str) -> String {
    format!("{HEAD}[[rule]]\nname = \"a\"\n{rule}\n")
}

fn good(text: &str) -> Tariff {
    let checked = read(text, chrono_tz::Europe::Rome);
    let faults: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
    let tariff = checked.tariff.unwrap_or_else(|| panic!("{text}\n{}", faults.join("\n")));
    // Rules have numbers once their tariff was taken.
    Tariff::clone(Tariffs::new(tariff).newest())
}

fn activity(kind: &str) -> Activity {
    let mut activity = Activity::new(Feed::Activity, SourceId::new("recA").expect("an id"));
    activity.kind = Name::new(kind);
    activity.citizen = Name::new("Lucid");
    activity
}

/// How a tariff prices an event: the name of the rule and the amount, or why nothing.
fn price(tariff: &Tariff, activity: &Activity, business_kind: Option<&str>, at: &str) -> String {
    let at = chrono::DateTime::parse_from_rfc3339(at).expect("a time").timestamp_micros();
    let calendar = Calendar::new(chrono_tz::Europe::Rome);
    let draft = tariff.draft(&Occasion {
        activity,
        business: activity.business,
        business_kind: business_kind.and_then(Name::new),
        ruling: tariff.ruling(activity).unwrap_or(Ruling::NotAMessage),
        at: Moment(at),
        calendar: &calendar,
    });
    let name = |id: RuleId| tariff.rule(id).map_or("?", |rule| rule.name.as_str());
    match draft.price {
        Price::Charge { rule, amount, currency } => format!("{} {amount} {currency}", name(rule)),
        Price::Counted { rule } => format!("{} counts", name(rule)),
        Price::Free(reason) => reason.as_str().to_owned(),
    }
}

const NOON: &str = "2026-12-02T12:00:00+01:00";

#[test]
fn the_built_in_tariff_is_a_sound_file_without_any_fault() {
    let checked = read(BUILT_IN, chrono_tz::UTC);
    assert!(checked.faults.iter().all(|fault| fault.severity == Severity::Note), "{:?}", checked.faults);
    let names: Vec<&str> = built_in().rules().iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["paid_service", "external_message"]);
}

#[test]
fn the_file_that_the_readme_shows_is_sound() {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```toml\n").filter_map(|rest| rest.split("```").next());
    let shown = { blocks }.find(|block| block.contains("\n[[rule]]")).expect("a file");
    let checked = read(shown, chrono_tz::Europe::Rome);
    assert!(checked.faults.is_empty(), "whoever copies it is told of nothing: {:?}", checked.faults);
    let tariff = checked.tariff.expect("a tariff");
    assert_eq!((tariff.rules().len(), tariff.listed().len()), (2, 1));
}

#[test]
fn the_first_rule_that_is_about_an_event_prices_it() {
    let tariff = good(&format!(
        "{HEAD}
        [[rule]]
        name = \"night\"
        type = [\"eat_*\", \"drink_at_inn\"]
        hours = \"22-6\"
        weekdays = [\"sat\", \"sun\"]
        price = {{ amount = 0.30 }}
        [[rule]]
        name = \"bakers\"
        business_type = \"bakery\"
        price = {{ amount = \"0.20\" }}
        [[rule]]
        name = \"failures\"
        type = \"deliver_message_interaction\"
        outcome = [\"failed\", \"error\"]
        currency = \"USD\"
        price = {{ amount = 0.05 }}
        [[rule]]
        name = \"own_figure\"
        client = \"studio_*\"
        price = {{ declared = true, minimum = 1, maximum = 20 }}
        [[rule]]
        name = \"share\"
        citizen = \"Lucid\"
        type = \"sale\"
        price = {{ percent = 2.5, minimum = 0.10 }}
        "
    ));
    let mut client = activity("sale");
    client.client = Name::new("studio_verde");
    client.declared = Stated::Is("12.345".parse().expect("a decimal"));
    let dear = Activity { declared: Stated::Is("500".parse().expect("a decimal")), ..client.clone() };
    let share = Activity { client: None, ..dear.clone() };
    let failed = Activity { outcome: Outcome::Failed, ..activity("deliver_message_interaction") };
    for (event, business_kind, at, expected) in [
        (&activity("eat_at_home"), None, "2026-12-05T23:30:00+01:00", "night 0.30 EUR"),
        (&activity("drink_at_inn"), None, "2026-12-06T05:59:59+01:00", "night 0.30 EUR"),
        (&activity("drink_at_inn"), None, "2026-12-06T06:00:00+01:00", "no_rule"),
        (&activity("drink_at_inn"), None, "2026-12-04T23:30:00+01:00", "no_rule"),
        (&activity("drink_at_inn"), Some("bakery"), NOON, "bakers 0.20 EUR"),
        (&failed, None, NOON, "failures 0.05 USD"),
        (&activity("deliver_message_interaction"), None, NOON, "not_processed"),
        (&client, None, NOON, "own_figure 12.345 EUR"),
        (&dear, None, NOON, "own_figure 20.00 EUR"),
        (&share, None, NOON, "share 12.50 EUR"),
        (&activity("idle"), None, NOON, "no_rule"),
    ] {
        assert_eq!(price(&tariff, event, business_kind, at), expected, "{:?} {business_kind:?} {at}", event.kind);
    }
}

#[test]
fn the_list_of_who_is_outside_comes_before_what_is_always_so() {
    let tariff = good(&format!(
        "{HEAD}
        [[external]]
        name = \"staff\"
        receiver = [\"@staff_*\", \"ops@example.org\"]
        external = false
        [[external]]
        name = \"partners\"
        channel = \"Matrix\"
        external = true
        [[rule]]
        name = \"letters\"
        external = true
        price = {{ amount = 0.10 }}
        "
    ));
    for (receiver, channel, expected) in [
        ("@staff_7", "", "not_external"),
        ("ops@example.org", "", "not_external"),
        ("anybody", "matrix", "letters 0.10 EUR"),
    ] {
        let mut message = Activity::new(Feed::Message, SourceId::new("recM").expect("an id"));
        message.receiver = Receiver::new(Some(receiver), None, None, None);
        message.address =
            Some(Box::new(Address { receiver: receiver.into(), channel: channel.into(), recipient_type: "".into() }));
        assert_eq!(price(&tariff, &message, None, NOON), expected, "{receiver} {channel}");
    }
    let stranger = Activity::new(Feed::Message, SourceId::new("recM").expect("an id"));
    assert_eq!(tariff.ruling(&stranger), None);
}

#[test]
fn a_service_of_odd_figures_is_priced_and_held() {
    for (minutes, expertise, hold) in [
        ("60", "1.2", None),
        ("480", "10", None),
        ("481", "1", Some(Hold::Minutes)),
        ("0.5", "1", Some(Hold::Minutes)),
        ("60", "10.5", Some(Hold::Expertise)),
        ("60", "-1", Some(Hold::Expertise)),
    ] {
        let mut service = activity("paid_service");
        let figure = |text: &str| Stated::Is(text.parse().expect("a decimal"));
        (service.minutes, service.expertise) = (figure(minutes), figure(expertise));
        let calendar = Calendar::new(chrono_tz::UTC);
        let draft = built_in().draft(&Occasion {
            activity: &service,
            business: None,
            business_kind: None,
            ruling: Ruling::NotAMessage,
            at: Moment::OLDEST,
            calendar: &calendar,
        });
        let is_free = matches!(draft.price, Price::Free(Free::Nothing));
        assert_eq!(draft.hold, hold.filter(|_| !is_free), "{minutes} {expertise}");
    }
}

#[test]
fn every_fault_is_told_with_its_line_and_what_to_write() {
    let tiers = |tiers: &str| rule(&format!("price = {{ graduated = [{tiers}] }}"));
    let cases = [
        ("version = \n".to_owned(), 1, "it is no TOML", "toml.io"),
        (rule("typ = \"x\"\nprice = { amount = 1 }"), 6, "`typ` means nothing here", "write `type`"),
        (rule("price = { amont = 1 }"), 6, "`amont` means nothing here", "write `amount`"),
        (rule("zebra = 1\nprice = { amount = 1 }"), 6, "`zebra` means nothing here", "the keys here are name,"),
        (rule(""), 4, "`price` is missing", "price = { amount = 0.10 }"),
        (rule("price = {}"), 6, "a price is missing", "{ amount = 0.10 }"),
        (rule("price = { amount = 1, percent = 2 }"), 6, "a price is one of amount, percent", "write {"),
        (rule("price = { amount = -1 }"), 6, "`amount` is -1", "from 0 to 1000000"),
        (rule("price = { amount = 1e3 }"), 6, "`amount` is 1e3", "0.10"),
        (rule("price = { amount = nan }"), 6, "`amount` is nan", "0.10"),
        (rule("price = { amount = \"one\" }"), 6, "`amount` is \"one\"", "0.10"),
        (rule("price = { percent = 101 }"), 6, "`percent` is 101", "from 0 to 100"),
        (rule("price = { declared = true }"), 6, "only within bounds", "minimum = 0, maximum = 100"),
        (
            rule("price = { amount = 1, minimum = 3, maximum = 2 }"),
            6,
            "the minimum 3.00 is above the maximum 2.00",
            "lower",
        ),
        (rule("price = { amount = 1, times = \"expertise\" }"), 6, "by the minute or the hour", "per = \"hour\""),
        (rule("price = { amount = 1, per = \"day\" }"), 6, "`per` is \"day\"", "\"hour\""),
        (rule("hours = \"9-25\"\nprice = { amount = 1 }"), 6, "`hours` is \"9-25\"", "9-17"),
        (rule("weekdays = [\"monday\"]\nprice = { amount = 1 }"), 6, "`weekdays`", "mon"),
        (rule("outcome = \"done\"\nprice = { amount = 1 }"), 6, "`outcome` is \"done\"", "processed"),
        (rule("price = { package = { size = 0, amount = 1 } }"), 6, "`size` is 0", "above 0"),
        (tiers("{ up_to = 5, amount = 1 }"), 6, "beyond the last tier has no price", "leave up_to out"),
        (tiers("{ amount = 1 }, { amount = 2 }"), 6, "nothing can reach", "up_to in every tier but the last"),
        (
            tiers("{ up_to = 5, amount = 1 }, { up_to = 4, amount = 1 }, { amount = 1 }"),
            6,
            "ends before it begins",
            "in order",
        ),
        (
            rule("price = { graduated = [{ amount = 1 }], minimum = 1 }"),
            6,
            "`minimum` is about one charge",
            "leave it out",
        ),
        (
            rule("scope = \"citizen\"\nprice = { volume = [{ amount = 1 }] }"),
            4,
            "may be another payer's",
            "leave `scope` out",
        ),
        (
            rule(
                "meter = \"m\"\ntype = \"y\"\nprice = { amount = 1, free = 1 }\n[[rule]]\nname = \"b\"\nmeter = \"m\"\ntype = \"x\"\ncurrency = \"USD\"\nprice = { amount = 1, free = 1 }",
            ),
            9,
            "rules a and b count together as m, one in EUR and one in USD",
            "the same currency",
        ),
        (
            rule("price = { amount = 1 }\n[[rule]]\nname = \"b\"\ntype = \"x\"\nprice = { amount = 1 }"),
            7,
            "rule b can never match",
            "above a",
        ),
        (
            rule("type = \"y\"\nprice = { amount = 1 }\n[[rule]]\nname = \"a\"\ntype = \"x\"\nprice = { amount = 1 }"),
            8,
            "two rules of the name a",
            "of its own",
        ),
        (HEAD.replace("2\n", "0\n") + "rule = []\n", 1, "`version` is 0", "from 1 to 65535"),
        (HEAD.replace("EUR", "EUX") + "rule = []\n", 3, "`currency` is \"EUX\"", "ISO 4217"),
        (HEAD.replace("2026-12-01T00:00:00Z", "\"soon\"") + "rule = []\n", 2, "`effective` is \"soon\"", "2026-12-01"),
        ("x".repeat(BYTES_MAX + 1), 1, "at most 60000 bytes", "leave out"),
    ];
    for (text, line, what, help) in cases {
        let checked = read(&text, chrono_tz::UTC);
        assert!(checked.tariff.is_none(), "{text}");
        let is_it = |fault: &&Fault| fault.what.contains(what) && fault.help.contains(help);
        let found = checked.faults.iter().find(is_it);
        let all: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
        let found = found.unwrap_or_else(|| panic!("{what}: {text}\n{}", all.join("\n")));
        assert_eq!((found.line, found.severity), (line, Severity::Error), "{text}\n{}", all.join("\n"));
    }
}

#[test]
fn what_is_only_odd_is_a_warning() {
    let two = |first: &str, second: &str| {
        rule(&format!("{first}\nprice = {{ amount = 1 }}\n[[rule]]\nname = \"b\"\n{second}\nprice = {{ amount = 1 }}"))
    };
    for (text, what) in [
        (two("type = \"x\"", "business = \"y\""), "rules a and b may both be about one event"),
        (rule("meter = \"m\"\nprice = { amount = 1 }"), "nothing counts in this price"),
        (rule("currency = \"JPY\"\nprice = { amount = 0.10 }"), "JPY has 0 decimal places"),
        (rule("currency = \"KWD\"\nprice = { amount = 0.0001 }"), "KWD has 3 decimal places"),
        (format!("{HEAD}rule = []\n"), "there are no rules"),
        (
            format!(
                "{HEAD}[[external]]\nname = \"all\"\nexternal = true\n[[rule]]\nname = \"a\"\nprice = {{ amount = 1 }}"
            ),
            "decides about every message",
        ),
    ] {
        let checked = read(&text, chrono_tz::UTC);
        let all: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
        assert!(checked.tariff.is_some(), "{text}\n{}", all.join("\n"));
        assert!(all.iter().any(|fault| fault.contains(what) && !fault.contains("error")), "{what}: {}", all.join("\n"));
    }
    // A narrow rule above a wide one is how exceptions are written.
    assert_eq!(read(&two("type = \"x\"", ""), chrono_tz::UTC).faults, []);
}

#[test]
fn a_file_that_was_taken_is_recalled_from_its_own_time_on() {
    let text = rule("price = { amount = 1 }");
    let effective = Moment(1_800_000_000_000_000);
    let recalled = recall(&text, effective).expect("a tariff");
    assert_eq!(recalled.effective(), effective);
    assert_eq!(recalled.rules().len(), 1);
}

#[test]
fn a_file_that_nests_without_end_is_refused_and_harms_nothing() {
    for opening in ["[", "{a=", "{ a = ["] {
        let text = rule(&format!("price = {}", opening.repeat(BYTES_MAX / opening.len() - 200)));
        assert!(read(&text, chrono_tz::UTC).tariff.is_none(), "{opening}");
    }
}

#[test]
fn all_faults_of_a_file_are_told_at_once_and_none_that_only_follows_from_another() {
    let rules = "[[rule]]\nname = \"a\"\ntyp = \"x\"\nprice = { amont = 1 }\n[[rule]]\nname = \"b\"\nhours = \"9\"\nprice = {}\n";
    let listed = "[[external]]\nname = \"l\"\nreciever = \"@a\"\n";
    for (head, first) in [
        (HEAD.to_owned(), None),
        (HEAD.replace("version = 2\n", ""), Some("`version` is missing")),
        (HEAD.replace("EUR", "euros"), Some("`currency` is \"euros\"")),
        (HEAD.replace("2026-12-01T00:00:00Z", "7"), Some("`effective` is 7")),
    ] {
        let text = format!("{head}{listed}{rules}");
        let checked = read(&text, chrono_tz::UTC);
        let all: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
        let all = all.join("\n");
        let rest = [
            "`reciever` means nothing",
            "`external` is missing",
            "`typ` means nothing",
            "`amont` means nothing",
            "`hours` is \"9\"",
            "a price is missing",
        ];
        assert!(checked.tariff.is_none(), "{text}");
        assert!(first.into_iter().chain(rest).all(|what| all.contains(what)), "{first:?}: {all}");
        assert!(!all.contains("there are no rules"), "{all}");
        assert_eq!(recall(&text, Moment(1)).is_some(), first.is_none(), "{first:?}");
    }
    // Rules that are sound are compared, whatever is wrong with the head and with others.
    let twice = "[[rule]]\nname = \"c\"\nprice = { amount = 1 }\n".repeat(2);
    let faults = read(&format!("{rules}{twice}"), chrono_tz::UTC).faults;
    assert!(faults.iter().any(|fault| fault.what.contains("two rules of the name c")), "{faults:?}");
}

#[test]
fn a_fault_names_the_very_word_and_what_to_write_for_it() {
    for (text, what, help) in [
        (rule("weekdays = [\"mon\", \"tues\"]\nprice = { amount = 1 }"), "`weekdays` has \"tues\"", "tue"),
        (rule("outcome = [\"failed\", \"done\"]\nprice = { amount = 1 }"), "`outcome` has \"done\"", "processed"),
        (rule("hours = [\"9-12\", \"13\", \"25\"]\nprice = { amount = 1 }"), "`hours` has \"13\" and \"25\"", "9-17"),
        (
            HEAD.replace("2026-12-01T00:00:00Z", "\"2026-12-01\""),
            "`effective` is \"2026-12-01\"",
            "without the quotation marks: effective = 2026-12-01",
        ),
        (
            rule("type = [\"rest\", \"paid_servcie\"]\nprice = { amount = 1 }"),
            "`type` has \"paid_servcie\"",
            "write \"paid_service\"",
        ),
    ] {
        let faults = read(&text, chrono_tz::UTC).faults;
        let is_told = faults.iter().any(|fault| fault.what.contains(what) && fault.help.contains(help));
        assert!(is_told, "{what}: {faults:?}");
    }
    let hinted = read(&rule("type = \"paid_servcie\"\nprice = { amount = 1 }"), chrono_tz::UTC);
    assert!(hinted.tariff.is_some() && hinted.faults[0].severity == Severity::Warning, "a type may be any");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "(version|effective|rule|name|price|=|\\[\\[|\\]\\]|\\{|\\}|\"|1|\\.|e|\n| ){0,40}") {
        let _ = read(&text, chrono_tz::UTC);
        let _ = read(&rule(&text), chrono_tz::UTC);
    }
}
