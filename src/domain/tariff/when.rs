//! What a rule is about: conditions, all of which an event must meet.

use std::fmt;

use wildmatch::WildMatch;

use crate::domain::activity::{Activity, Outcome};
use crate::domain::calendar::Calendar;
use crate::domain::external::Ruling;
use crate::domain::ids::Feed;
use crate::domain::names::Name;
use crate::domain::time::Moment;

/// The conditions of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// It came in by this feed.
    pub feed: Option<Feed>,
    /// It is of one of these types.
    pub kinds: Patterns,
    /// It ended in one of these ways.
    pub outcomes: Outcomes,
    /// It left the simulation, or it did not.
    pub external: Option<bool>,
    /// The business that it counts for is of one of these types.
    pub business_kinds: Patterns,
    /// It counts for one of these businesses.
    pub businesses: Patterns,
    /// One of these citizens did it.
    pub citizens: Patterns,
    /// One of these clients is to pay.
    pub clients: Patterns,
    /// It happened in one of these hours of the day,
    pub hours: Hours,
    /// on one of these days of the week.
    pub weekdays: Weekdays,
}

/// About everything that was processed.
impl Default for When {
    fn default() -> When {
        When {
            feed: None,
            kinds: Patterns::ANY,
            outcomes: Outcomes::PROCESSED,
            external: None,
            business_kinds: Patterns::ANY,
            businesses: Patterns::ANY,
            citizens: Patterns::ANY,
            clients: Patterns::ANY,
            hours: Hours::ALL,
            weekdays: Weekdays::ALL,
        }
    }
}

/// An event with all that conditions ask about it.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The event.
    pub activity: &'a Activity,
    /// The business that it counts for,
    pub business: Option<Name>,
    /// and its type.
    pub business_kind: Option<Name>,
    /// Whether it left the simulation.
    pub ruling: Ruling,
    /// When it happened.
    pub at: Moment,
    /// Whose hours and days are counted.
    pub calendar: &'a Calendar,
}

impl Occasion<'_> {
    /// Whom and what the event names, in the order of [`When::patterns`].
    pub(super) fn names(&self) -> [Option<Name>; 5] {
        let Activity { kind, citizen, client, .. } = *self.activity;
        [kind, self.business_kind, self.business, citizen, client]
    }
}

impl When {
    /// Whether the event meets every condition but that of its outcome.
    pub fn is_about(&self, occasion: &Occasion<'_>) -> bool {
        let Occasion { activity, business, business_kind, ruling, .. } = *occasion;
        self.feed.is_none_or(|feed| feed == activity.feed)
            && self.external.is_none_or(|external| external == ruling.is_external())
            && self.kinds.hold(activity.kind)
            && self.businesses.hold(business)
            && self.business_kinds.hold(business_kind)
            && self.citizens.hold(activity.citizen)
            && self.clients.hold(activity.client)
            && self.is_the_time(occasion)
    }

    fn is_the_time(&self, occasion: &Occasion<'_>) -> bool {
        if self.hours == Hours::ALL && self.weekdays == Weekdays::ALL {
            return true;
        }
        let (weekday, hour) = occasion.calendar.weekday_and_hour(occasion.at);
        self.hours.has(hour) && self.weekdays.has(weekday)
    }

    /// Whether everything that `other` is about, this is about too.
    pub fn covers(&self, other: &When) -> bool {
        let is_none_or_same = |own: Option<bool>, other: Option<bool>| own.is_none() || own == other;
        (self.feed.is_none() || self.feed == other.feed)
            && is_none_or_same(self.external, other.external)
            && self.outcomes.0 & other.outcomes.0 == other.outcomes.0
            && self.hours.0 & other.hours.0 == other.hours.0
            && self.weekdays.0 & other.weekdays.0 == other.weekdays.0
            && self.patterns().into_iter().zip(other.patterns()).all(|(own, other)| own.cover(other))
    }

    /// Whether there may be an event that both are about.
    pub fn meets(&self, other: &When) -> bool {
        let may_agree = |own: Option<bool>, other: Option<bool>| own.is_none() || other.is_none() || own == other;
        (self.feed.is_none() || other.feed.is_none() || self.feed == other.feed)
            && may_agree(self.external, other.external)
            && self.outcomes.0 & other.outcomes.0 != 0
            && self.hours.0 & other.hours.0 != 0
            && self.weekdays.0 & other.weekdays.0 != 0
            && self.patterns().into_iter().zip(other.patterns()).all(|(own, other)| own.meet(other))
    }

    /// The conditions that name somebody or something, in the order of [`Occasion::names`].
    pub(super) fn patterns(&self) -> [&Patterns; 5] {
        [&self.kinds, &self.business_kinds, &self.businesses, &self.citizens, &self.clients]
    }
}

/// Texts, of which one must match: names as they are, and patterns in which `*` stands for any text and `?` for
/// any one character. Where there is none, everything matches, and also what has no name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patterns {
    names: Vec<Name>,
    globs: Vec<WildMatch>,
}

impl Patterns {
    /// Everything matches.
    pub const ANY: Patterns = Patterns { names: Vec::new(), globs: Vec::new() };

    /// These patterns; `None` where one is empty or too long to be a name.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Patterns> {
        let mut patterns = Patterns::ANY;
        for text in texts {
            if text.is_empty() || Name::BYTES_MAX < text.len() {
                return None;
            }
            if text.contains(['*', '?']) {
                patterns.globs.push(WildMatch::new(text));
            } else {
                patterns.names.push(Name::new(text)?);
            }
        }
        Some(patterns)
    }

    /// Whether everything matches.
    pub fn is_any(&self) -> bool {
        self.names.is_empty() && self.globs.is_empty()
    }

    /// The names that match, where no pattern is among them.
    pub fn names_only(&self) -> Option<&[Name]> {
        (!self.is_any() && self.globs.is_empty()).then_some(&self.names)
    }

    /// Whether `name` matches.
    pub fn hold(&self, name: Option<Name>) -> bool {
        self.is_any()
            || name.is_some_and(|name| {
                self.names.contains(&name) || self.globs.iter().any(|glob| glob.matches(name.as_str()))
            })
    }

    /// Whether `text` matches.
    pub fn hold_text(&self, text: &str) -> bool {
        self.is_any()
            || self.names.iter().any(|name| name.as_str() == text)
            || self.globs.iter().any(|glob| glob.matches(text))
    }

    /// Whether everything that matches `other` matches this. Where two patterns are too much alike to tell,
    /// the answer is no.
    fn cover(&self, other: &Patterns) -> bool {
        let covers = |other: &WildMatch| self.globs.iter().any(|own| own == other || covers_glob(own, other));
        self.is_any()
            || !other.is_any()
                && other.names.iter().all(|name| self.hold(Some(*name)))
                && other.globs.iter().all(covers)
    }

    /// Whether there may be a text that matches both.
    fn meet(&self, other: &Patterns) -> bool {
        let meets = |own: &WildMatch| other.globs.iter().any(|other| may_meet(own, other));
        self.is_any()
            || other.is_any()
            || self.names.iter().any(|name| other.hold(Some(*name)))
            || other.names.iter().any(|name| self.hold(Some(*name)))
            || self.globs.iter().any(meets)
    }
}

/// Whether `wide`, which is a start and then anything, takes in all that begins like `narrow`.
fn covers_glob(wide: &WildMatch, narrow: &WildMatch) -> bool {
    let (wide, narrow) = (wide.to_string(), narrow.to_string());
    wide.strip_suffix('*').is_some_and(|start| !start.contains(['*', '?']) && narrow.starts_with(start))
}

/// Two patterns meet unless their plain starts or ends contradict each other.
fn may_meet(a: &WildMatch, b: &WildMatch) -> bool {
    let (a, b) = (a.to_string(), b.to_string());
    let starts = |text: &str| text.split(['*', '?']).next().unwrap_or_default().to_owned();
    let ends = |text: &str| text.rsplit(['*', '?']).next().unwrap_or_default().to_owned();
    let (a_start, b_start, a_end, b_end) = (starts(&a), starts(&b), ends(&a), ends(&b));
    (a_start.starts_with(&b_start) || b_start.starts_with(&a_start))
        && (a_end.ends_with(&b_end) || b_end.ends_with(&a_end))
}

/// Joined by commas.
impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.iter().map(ToString::to_string);
        let all: Vec<String> = names.chain(self.globs.iter().map(ToString::to_string)).collect();
        f.write_str(&all.join(", "))
    }
}

/// A set of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcomes(u8);

impl Outcomes {
    /// What was done.
    pub const PROCESSED: Outcomes = Outcomes(1 << Outcome::Processed as u8);

    /// Those of a list.
    pub fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Outcomes {
        Outcomes(outcomes.into_iter().fold(0, |set, outcome| set | 1 << outcome as u8))
    }

    /// Whether `outcome` is among them.
    pub fn has(self, outcome: Outcome) -> bool {
        self.0 & 1 << outcome as u8 != 0
    }

    /// Those that there are.
    pub fn iter(self) -> impl Iterator<Item = Outcome> {
        Outcome::ALL.into_iter().filter(move |outcome| self.has(*outcome))
    }
}

/// A set of hours of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours(u32);

impl Hours {
    /// The whole day.
    pub const ALL: Hours = Hours((1 << 24) - 1);

    /// From the start of one hour to the start of another, over midnight where that is the earlier one; `None`
    /// past 24, and where nothing is between them.
    pub fn between(from: u32, to: u32) -> Option<Hours> {
        let is_sound = from < 24 && to <= 24 && from != to;
        let hours = |from: u32, to: u32| (from..to).fold(0, |set, hour| set | 1 << hour);
        is_sound.then(|| Hours(if from < to { hours(from, to) } else { hours(from, 24) | hours(0, to) }))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Hours) -> Hours {
        Hours(self.0 | other.0)
    }

    /// No hour.
    pub const NONE: Hours = Hours(0);

    fn has(self, hour: u32) -> bool {
        self.0 & 1 << hour != 0
    }
}

/// The spans, such as `9-17`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spans = Vec::new();
        let mut hour = 0;
        while hour < 24 {
            let from = hour;
            while hour < 24 && self.has(hour) {
                hour += 1;
            }
            if from < hour {
                spans.push(format!("{from}-{hour}"));
            }
            hour += 1;
        }
        f.write_str(&spans.join(", "))
    }
}

/// A set of days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(u8);

/// The days of the week as they are written, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Weekdays {
    /// The whole week.
    pub const ALL: Weekdays = Weekdays((1 << 7) - 1);

    /// Those of a list, by their place in [`WEEKDAYS`].
    pub fn new(days: impl IntoIterator<Item = usize>) -> Weekdays {
        Weekdays(days.into_iter().filter(|day| *day < 7).fold(0, |set, day| set | 1 << day))
    }

    fn has(self, day: u32) -> bool {
        self.0 & 1 << day != 0
    }
}

/// The days, joined by commas.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = (0..).zip(WEEKDAYS).filter(|(day, _)| self.has(*day)).map(|(_, text)| text).collect();
        f.write_str(&days.join(", "))
    }
}
