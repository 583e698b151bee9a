//! The sections of a snapshot's file, and the forms that rows of the book have in them.

use bincode::{Decode, Encode};

use super::SnapshotError;
use super::bill::BillImage;
use crate::domain::activity::Outcome;
use crate::domain::calendar::{Day, Period};
use crate::domain::charge::Stage;
use crate::domain::ids::EventKey;
use crate::domain::money::{Currency, Money};
use crate::domain::names::Name;
use crate::domain::payers::{Collection, Payer, Tax};
use crate::domain::rollout::{Phase, Subject};
use crate::domain::rows::{Building, Citizen, Row};
use crate::domain::tariff::{RuleId, Tariff, TariffVersion};
use crate::domain::time::Moment;
use crate::journal::segment::FolderId;
use crate::ledger::book::ConflictRow;
use crate::ledger::guards::{Capacity, Watch};
use crate::ledger::meters::{self, Base, Count, Key};
use crate::ledger::parts::Parts;
use crate::ledger::payers::Listing;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::Place;
use crate::tariffs;

/// One section of the file. New kinds join at the end; none is changed.
#[derive(Encode, Decode)]
pub(super) enum Section {
    /// The first: whose it is, and what the book had come to.
    Start { folder: FolderId, position: u64, latest: i64 },
    /// Names, in order.
    Names(Vec<String>),
    /// Facts, 38 bytes each.
    Facts(Vec<u8>),
    /// Charges, 32 bytes each.
    Charges(Vec<u8>),
    /// Conflicts.
    Conflicts(Vec<ConflictImage>),
    /// The directory.
    Rows(Vec<RowImage>),
    /// The last: how many came before.
    End { sections: u64 },
    /// Tariffs after the built-in one, in order; from format 2 on.
    Tariffs(Vec<TariffImage>),
    /// Meters; from format 2 on.
    Meters(Vec<MeterImage>),
    /// In which phase all are, and since when; from format 2 on.
    Rollout(u8, i64),
    /// Who has or had a phase of his own: 0 a business and 1 a citizen, the id, the phase, since when; from format 2 on.
    Own(Vec<(u8, String, u8, i64)>),
    /// The conflicts that were accepted; from format 2 on.
    Accepted(Vec<u32>),
    /// The conflicts that are discrepancies; from format 2 on.
    Discrepancies(Vec<u32>),
    /// The months that were closed: from which charge on, the first open day; from format 2 on.
    Closings(Vec<(u32, i32)>),
    /// Where orders stand; from format 2 on.
    Ordered(Vec<u64>),
    /// Facts, and when they came in; from format 2 on.
    Arrivals(Vec<(u32, i64)>),
    /// What held charges count once they are let go: the row, the first day, the quantity, the factor; from format 2 on.
    Waiting(Vec<(u32, i32, u64, u64)>),
    /// Transactions that speak of earlier ones, each by its row and theirs; from format 2 on.
    Links(Vec<(u32, u32)>),
    /// What the guards have seen, of each by his number on the roll; from format 2 on.
    Watched(Vec<WatchImage>),
    /// What came late for them: whose, its kind, its time, how much, and when it was added to; from format 2 on.
    Late(Vec<(u32, u8, u32, i64, u32)>),
    /// What they have seen of pairs: writer, receiver, hour and count; from format 2 on.
    Pairs(Vec<(u64, u64, u32, u32)>),
    /// The newest hour that they have seen, counted from 1970 on; from format 2 on.
    Newest(u32),
    /// Those who pay or once did, on their terms; from format 3 on.
    Payers(Vec<PayerImage>),
    /// Bills, in order; from format 3 on.
    Bills(Vec<BillImage>),
    /// The account at Stripe whose bills they are, and whether real money moves there; from format 3 on.
    Account(String, bool),
    /// The keys of the events that Stripe told; from format 3 on.
    Told(Vec<[u8; 16]>),
    /// Those of them of which nobody knows what they are about: id, type and object; from format 3 on.
    Unplaced(Vec<[String; 3]>),
    /// What was collected: the bill, when, the currency, how much in millionths; from format 3 on.
    Takings(Vec<(u32, i64, [u8; 3], i128)>),
    /// What the marks of bills have besides the folder's name; from format 3 on.
    Byname(String),
    /// What the bills so far carry to the next one: the payer's number, the currency, how much in millionths; from
    /// format 3 on.
    Carried(Vec<(u32, [u8; 3], i128)>),
    /// How much of a bill was taken back while nobody paid it, where anything was; from format 3 on.
    Offsets(Vec<(u32, i64)>),
    /// The bills that were taken over, and of which somebody asked for what they carry; from format 3 on.
    Vouched(Vec<u32>),
}

#[derive(Encode, Decode)]
pub(super) struct PayerImage {
    id: String,
    customer: Option<String>,
    currency: [u8; 3],
    /// `None` where a payment method is charged.
    days: Option<u16>,
    minimum: Option<i64>,
    /// `None` where Stripe works it out.
    rates: Option<Vec<String>>,
    /// From which charges on he was listed, and struck.
    marks: Vec<u32>,
    /// From which one on by orders.
    ordered: Option<u32>,
}

#[derive(Encode, Decode)]
pub(super) struct WatchImage {
    capacity: u8,
    number: u32,
    hour: u32,
    count: u32,
    amount: i64,
    usual: u32,
    held: u32,
}

#[derive(Encode, Decode)]
pub(super) struct TariffImage {
    effective: i64,
    text: String,
}

#[derive(Encode, Decode)]
pub(super) struct MeterImage {
    meter: String,
    base: u8,
    capacity: u8,
    whose: Option<String>,
    stage: u8,
    period: u8,
    start: i32,
    counted: u128,
    own: Option<(u16, u16)>,
    billable: u128,
    posted: i128,
}

#[derive(Encode, Decode)]
pub(super) struct ConflictImage {
    key: [u8; 16],
    content: u64,
    outcome: u8,
    place: u64,
}

#[derive(Encode, Decode)]
pub(super) enum RowImage {
    Citizen {
        id: String,
        is_ai: Option<bool>,
    },
    Building {
        id: String,
        kind: Option<String>,
        is_business: Option<bool>,
        run_by: Option<String>,
    },
    /// In format 2 alone.
    Payer {
        id: String,
        customer: Option<String>,
    },
}

impl ConflictImage {
    pub(super) fn of(row: &ConflictRow) -> ConflictImage {
        ConflictImage { key: row.key.0, content: row.content, outcome: row.outcome as u8, place: row.place.0 }
    }

    pub(super) fn row(self) -> Result<ConflictRow, SnapshotError> {
        let outcome =
            Outcome::ALL.get(usize::from(self.outcome)).ok_or(SnapshotError::Damaged("an outcome is none"))?;
        Ok(ConflictRow {
            key: EventKey(self.key),
            content: self.content,
            outcome: *outcome,
            place: Place(self.place),
            // Which are, another section tells.
            is_discrepancy: false,
        })
    }
}

impl TariffImage {
    pub(super) fn of(tariff: &Tariff) -> TariffImage {
        TariffImage { effective: tariff.effective().0, text: tariff.text().to_string() }
    }

    pub(super) fn tariff(self) -> Result<Tariff, SnapshotError> {
        tariffs::recall(&self.text, Moment(self.effective)).ok_or(SnapshotError::Damaged("a tariff is none"))
    }
}

pub(super) fn own_image((subject, phase, since): &(Subject, Option<Phase>, Moment)) -> (u8, String, u8, i64) {
    let id = subject.id().map_or_else(String::new, |id| id.as_str().to_owned());
    (u8::from(matches!(subject, Subject::Citizen(_))), id, phase.map_or(0, |phase| phase as u8 + 1), since.0)
}

/// 0 is none, and every other number one more than the phase's own.
pub(super) fn phase(code: u8) -> Result<Option<Phase>, SnapshotError> {
    let Some(place) = code.checked_sub(1) else { return Ok(None) };
    let phase = Phase::ALL.get(usize::from(place)).copied();
    phase.map(Some).ok_or(SnapshotError::Damaged("a phase is none"))
}

impl WatchImage {
    pub(super) fn of((capacity, number, watch): &(Capacity, NameNo, Watch)) -> WatchImage {
        let Watch { hour, count, amount, usual, held } = *watch;
        WatchImage { capacity: *capacity as u8, number: number.0, hour, count, amount, usual, held }
    }

    pub(super) fn watch(self, names: usize) -> Result<(Capacity, NameNo, Watch), SnapshotError> {
        let WatchImage { capacity, number, hour, count, amount, usual, held } = self;
        let capacity = Capacity::ALL.get(usize::from(capacity)).copied();
        let capacity = capacity.filter(|_| (number as usize) < names);
        let capacity = capacity.ok_or(SnapshotError::Damaged("a watch is of nobody"))?;
        Ok((capacity, NameNo(number), Watch { hour, count, amount, usual, held }))
    }
}

impl MeterImage {
    pub(super) fn of((key, count): &(Key, Count)) -> MeterImage {
        MeterImage {
            meter: key.meter.as_str().to_owned(),
            base: key.base as u8,
            capacity: key.capacity as u8,
            whose: key.whose.map(|name| name.as_str().to_owned()),
            stage: key.stage as u8,
            period: key.period as u8,
            start: key.start.0,
            counted: count.quantity,
            own: key.of.map(|(tariff, rule)| (tariff.0, rule.0)),
            billable: count.billable,
            posted: count.posted,
        }
    }

    pub(super) fn meter(self) -> Result<(Key, Count), SnapshotError> {
        fn one_of<T: Copy>(all: &[T], code: u8) -> Result<T, SnapshotError> {
            all.get(usize::from(code)).copied().ok_or(SnapshotError::Damaged("a meter is none"))
        }
        let key = Key {
            meter: named(&self.meter)?,
            base: one_of(&Base::ALL, self.base)?,
            capacity: one_of(&meters::Capacity::ALL, self.capacity)?,
            whose: self.whose.map(|text| named(&text)).transpose()?,
            stage: one_of(&Stage::ALL, self.stage)?,
            period: one_of(&Period::ALL, self.period)?,
            start: Day(self.start),
            of: self.own.map(|(tariff, rule)| (TariffVersion(tariff), RuleId(rule))),
        };
        Ok((key, Count { quantity: self.counted, billable: self.billable, posted: self.posted }))
    }
}

impl RowImage {
    pub(super) fn of(row: &Row) -> RowImage {
        let text = |name: Name| name.as_str().to_owned();
        match *row {
            Row::Citizen(Citizen { id, is_ai }) => RowImage::Citizen { id: text(id), is_ai },
            Row::Building(Building { id, kind, is_business, run_by }) => {
                RowImage::Building { id: text(id), kind: kind.map(text), is_business, run_by: run_by.map(text) }
            }
        }
    }

    pub(super) fn take(self, parts: &mut Parts) -> Result<(), SnapshotError> {
        let maybe = |text: Option<String>| text.map(|text| named(&text)).transpose();
        parts.rows.push(match self {
            RowImage::Citizen { id, is_ai } => Row::Citizen(Citizen { id: named(&id)?, is_ai }),
            RowImage::Building { id, kind, is_business, run_by } => {
                Row::Building(Building { id: named(&id)?, kind: maybe(kind)?, is_business, run_by: maybe(run_by)? })
            }
            RowImage::Payer { id, customer } => {
                parts.payers_of_old.push((named(&id)?, maybe(customer)?));
                return Ok(());
            }
        });
        Ok(())
    }
}

impl PayerImage {
    pub(super) fn of(Listing { payer, marks, ordered }: &Listing) -> PayerImage {
        PayerImage { marks: marks.clone(), ordered: *ordered, ..PayerImage::of_terms(payer) }
    }

    pub(super) fn of_terms(payer: &Payer) -> PayerImage {
        PayerImage {
            id: payer.id.as_str().to_owned(),
            customer: payer.customer.map(|name| name.as_str().to_owned()),
            currency: payer.currency.letters(),
            days: if let Collection::Send { days } = payer.collection { Some(days) } else { None },
            minimum: payer.minimum.map(Money::millionths),
            rates: match payer.tax {
                Tax::Automatic => None,
                tax => Some(tax.rates().map(|rate| rate.as_str().to_owned()).collect()),
            },
            marks: Vec::new(),
            ordered: None,
        }
    }

    pub(super) fn listing(self) -> Result<Listing, SnapshotError> {
        let currency = std::str::from_utf8(&self.currency).ok().and_then(Currency::parse);
        let tax = match self.rates.as_deref() {
            None => Tax::Automatic,
            Some([]) => Tax::None,
            Some(texts) => {
                let mut rates = [None; Tax::RATES_MAX];
                for (rate, text) in rates.iter_mut().zip(texts) {
                    *rate = Some(named(text)?);
                }
                Tax::Rates(rates)
            }
        };
        let payer = Payer {
            id: named(&self.id)?,
            customer: self.customer.map(|text| named(&text)).transpose()?,
            currency: currency.ok_or(SnapshotError::Damaged("a currency is none"))?,
            collection: self.days.map_or(Collection::Charge, |days| Collection::Send { days }),
            minimum: self.minimum.map(Money::from_millionths),
            tax,
        };
        Ok(Listing { payer, marks: self.marks, ordered: self.ordered })
    }
}

pub(super) fn named(text: &str) -> Result<Name, SnapshotError> {
    Name::new(text).ok_or(SnapshotError::Damaged("a name is none"))
}
