//! Events as the engine makes them, built before any clock starts.
//!
//! Ids have the engine's forms and lengths: a record id of 17 characters, an `ActivityId` of some 45,
//! building names of 38. The types come as often as in a real sample of the engine's activities.

use std::ops::Range;

use compact_str::format_compact;
use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Occurred, Outcome, Stated};
use rialto::domain::ids::{Feed, SourceId};
use rialto::domain::names::Name;
use rialto::domain::rows::{Building, Row};
use rialto::domain::time::Moment;
use rust_decimal::Decimal;

/// How many a batch has.
pub const BATCH: usize = 8192;
/// How many citizens Venice has, and how many businesses.
pub const CITIZENS: usize = 177;
const BUSINESSES: usize = 109;
const DWELLINGS: usize = 90;

/// Nearly all events ended within the last five minutes; one in so many comes late, by up to a month.
const LATE: u64 = 16;
const FIVE_MINUTES: u64 = 300;
const MONTH: u64 = 30 * 24 * 3600;

const FIRST: [&str; 12] = [
    "Gondola", "Rialto", "Canal", "Merchant", "Silk", "Lagoon", "Murano", "Doge", "Spice", "Lantern", "Harbor", "Salt",
];
const LAST: [&str; 12] = [
    "Drifter", "Keeper", "Whisper", "Trader", "Weaver", "Walker", "Baron", "Scribe", "Dreamer", "Pilot", "Mason",
    "Singer",
];

/// A type of activity, how many in a thousand it makes up, and whether it goes from one place to another.
const KINDS: [(u64, &str, Way); 12] = [
    (300, "fetch_resource", Way::FromTo),
    (270, "rest", Way::At),
    (180, "goto_location", Way::FromTo),
    (130, "register_import_agreement", Way::FromTo),
    (39, "update_wage_ledger", Way::At),
    (29, "idle", Way::Nowhere),
    (20, "register_public_sell_offer", Way::FromTo),
    (10, "prepare_goods_for_sale", Way::At),
    (5, "deliver_resource_batch", Way::FromTo),
    (5, "production", Way::At),
    (4, "goto_home", Way::FromTo),
    (8, PAID_SERVICE, Way::At),
];
const PAID_SERVICE: &str = "paid_service";

#[derive(Clone, Copy)]
enum Way {
    FromTo,
    At,
    Nowhere,
}

/// A city whose citizens never do the same thing twice.
pub struct City {
    citizens: Vec<Name>,
    businesses: Vec<Name>,
    dwellings: Vec<Name>,
    clients: Vec<Name>,
    next: u64,
    now_seconds: i64,
}

impl City {
    /// A city of so many.
    pub fn of(citizens: usize) -> City {
        City::at(citizens, Clock::system().now())
    }

    /// A city of so many, in which it is `now`.
    pub fn at(citizens: usize, now: Moment) -> City {
        City {
            citizens: (0..citizens).map(citizen).collect(),
            businesses: (0..BUSINESSES).map(|number| building(1000 + number)).collect(),
            dwellings: (0..DWELLINGS).map(|number| building(5000 + number)).collect(),
            clients: (0..40).map(|number| name(&format!("client_{number:04}"))).collect(),
            next: 0,
            now_seconds: now.0 / 1_000_000,
        }
    }

    /// Venice.
    pub fn venice() -> City {
        City::of(CITIZENS)
    }

    /// Who runs which business.
    pub fn rows(&self) -> Vec<Row> {
        let rows = self.businesses.iter().enumerate().map(|(number, id)| Building {
            id: *id,
            kind: Name::new("market_stall"),
            is_business: Some(true),
            run_by: Some(self.citizens[number % self.citizens.len()]),
        });
        rows.map(Row::Building).collect()
    }

    /// One of the businesses.
    pub fn business(&self, number: usize) -> Name {
        self.businesses[number % self.businesses.len()]
    }

    /// One of the citizens.
    pub fn citizen(&self, number: usize) -> Name {
        self.citizens[number % self.citizens.len()]
    }

    /// Events of the real mix, nearly all of which earn nothing.
    pub fn mix(&mut self, count: usize) -> Vec<Activity> {
        (0..count).map(|_| self.some()).collect()
    }

    /// Services, all of which are priced.
    pub fn services(&mut self, count: usize) -> Vec<Activity> {
        let some = |city: &mut City| {
            let dice = city.dice();
            let business = city.businesses[below(dice, BUSINESSES as u64)];
            let citizen = city.citizens[below(dice >> 20, city.citizens.len() as u64)];
            city.service(citizen, Some(business), dice)
        };
        (0..count).map(|_| some(self)).collect()
    }

    /// One service of each citizen, in no order, none of it at a business: everybody's own actor prices it.
    pub fn everybody(&mut self) -> Vec<Activity> {
        let mut order = self.citizens.clone();
        for last in (1..order.len()).rev() {
            let dice = scramble(self.next << 32 | last as u64);
            order.swap(last, below(dice, last as u64 + 1));
        }
        order.into_iter().map(|citizen| self.own_service(citizen)).collect()
    }

    /// One service of each of these citizens.
    pub fn each(&mut self, numbers: Range<usize>) -> Vec<Activity> {
        numbers.map(|number| self.own_service(self.citizens[number])).collect()
    }

    /// Services of citizens in no order, none of them at a business.
    pub fn anybody(&mut self, count: usize) -> Vec<Activity> {
        let some = |city: &mut City| {
            let citizen = city.citizens[below(city.dice(), city.citizens.len() as u64)];
            city.own_service(citizen)
        };
        (0..count).map(|_| some(self)).collect()
    }

    fn own_service(&mut self, citizen: Name) -> Activity {
        let dice = self.dice();
        self.service(citizen, None, dice)
    }

    fn service(&mut self, citizen: Name, business: Option<Name>, dice: u64) -> Activity {
        let mut activity = self.event(citizen, PAID_SERVICE);
        activity.business = business;
        activity.client = Some(self.clients[below(dice >> 8, self.clients.len() as u64)]);
        activity.minutes = Stated::Is(Decimal::from(15 * (1 + below(dice >> 16, 8))));
        activity
    }

    fn some(&mut self) -> Activity {
        let dice = self.dice();
        let citizen = self.citizens[below(dice, self.citizens.len() as u64)];
        let mut thousandth = below(dice >> 12, 1000) as u64;
        let (_, kind, way) = KINDS
            .into_iter()
            .find(|(weight, ..)| {
                let is_it = thousandth < *weight;
                thousandth = thousandth.wrapping_sub(*weight);
                is_it
            })
            .unwrap_or(KINDS[0]);
        let business = self.businesses[below(dice >> 24, BUSINESSES as u64)];
        let dwelling = self.dwellings[below(dice >> 32, DWELLINGS as u64)];
        if kind == PAID_SERVICE {
            return self.service(citizen, Some(business), dice);
        }
        let mut activity = self.event(citizen, kind);
        (activity.from_building, activity.to_building) = match way {
            Way::FromTo => (Some(business), Some(dwelling)),
            Way::At => (None, Some(dwelling)),
            Way::Nowhere => (None, None),
        };
        if below(dice >> 40, 1000) < 65 {
            activity.outcome = Outcome::Failed;
        }
        activity
    }

    fn event(&mut self, citizen: Name, kind: &'static str) -> Activity {
        let number = self.next;
        self.next += 1;
        let dice = scramble(number ^ 0x71de);
        let ago = below(dice, if below(dice >> 8, LATE) == 0 { MONTH } else { FIVE_MINUTES });
        let seconds = self.now_seconds - ago as i64;
        let mut activity = Activity::new(Feed::Activity, record_id(number));
        activity.second_id = Some(format_compact!("{kind}_{}_{}", citizen.as_str(), seconds - 300));
        activity.kind = Some(name(kind));
        activity.citizen = Some(citizen);
        activity.occurred = Occurred::at(Moment(seconds * 1_000_000));
        activity
    }

    fn dice(&self) -> u64 {
        scramble(self.next ^ 0x5eed)
    }
}

/// `rec` and 14 letters or digits, another one for every number.
fn record_id(number: u64) -> SourceId {
    const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (mut unique, mut filler) = (scramble(number), scramble(!number));
    let mut text = *b"rec00000000000000";
    for (place, digit) in text[3..].iter_mut().enumerate() {
        let left = if place < 11 { &mut unique } else { &mut filler };
        *digit = DIGITS[(*left % 62) as usize];
        *left /= 62;
    }
    SourceId::new(str::from_utf8(&text).unwrap_or_default()).expect("an id of 17 bytes")
}

fn citizen(number: usize) -> Name {
    let (first, last) = (FIRST[number % FIRST.len()], LAST[number / FIRST.len() % LAST.len()]);
    match number / (FIRST.len() * LAST.len()) {
        0 => name(&format!("{first}{last}")),
        more => name(&format!("{first}{last}{more}")),
    }
}

fn building(number: usize) -> Name {
    name(&format!("building_45.4383991844{number:04}_12.32630106904{number:04}"))
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name of 1 to 128 bytes")
}

fn below(dice: u64, bound: u64) -> usize {
    (scramble(dice) % bound) as usize
}

/// SplitMix64's finaliser: every step can be undone, so different numbers stay different.
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
