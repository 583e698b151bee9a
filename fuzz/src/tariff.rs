//! Tariff files: every fault has a line and a sentence, and what is taken prices anything, and is read again as the same.

use chrono_tz::Europe::Rome;
use rialto::domain::activity::{Activity, Stated};
use rialto::domain::calendar::Calendar;
use rialto::domain::external::Ruling;
use rialto::domain::ids::{Feed, SourceId};
use rialto::domain::names::Name;
use rialto::domain::tariff::when::Occasion;
use rialto::domain::time::Moment;
use rialto::tariffs;

/// A tariff file.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let checked = tariffs::read(text, Rome);
    for fault in &checked.faults {
        assert!(!fault.to_string().is_empty());
    }
    let recalled = tariffs::recall(text, Moment(7));
    let Some(tariff) = checked.tariff else {
        assert!(!checked.faults.is_empty(), "it is refused without a word");
        return;
    };
    let recalled = recalled.expect("what was taken into force is read again");
    let calendar = Calendar::new(Rome);
    for (feed, figure) in [(Feed::Activity, "60"), (Feed::Message, "-79228162514264337593543950335")] {
        let mut activity = Activity::new(feed, SourceId::new("recA").expect("an id"));
        (activity.kind, activity.citizen) = (Name::new("paid_service"), Name::new("Lucid"));
        (activity.business, activity.client) = (Name::new("building_1"), Name::new("client_1"));
        let figure = Stated::Is(figure.parse().expect("a figure"));
        (activity.minutes, activity.expertise, activity.declared) = (figure, figure, figure);
        let ruling = if feed == Feed::Activity { Ruling::NotAMessage } else { activity.receiver.ruling(|_| None) };
        let at = Moment(1_780_000_000_000_000);
        let (business, business_kind) = (activity.business, Name::new("bakery"));
        let occasion = Occasion { activity: &activity, business, business_kind, ruling, at, calendar: &calendar };
        assert_eq!(tariff.draft(&occasion), recalled.draft(&occasion));
    }
}
