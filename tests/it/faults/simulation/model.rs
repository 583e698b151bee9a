//! What the world knows without asking: what was handed in and what it has to cost, what was acknowledged, and what
//! anybody saw.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rialto::clock::Clock;
use rialto::domain::activity::{Activity, Occurred, Stated};
use rialto::domain::calendar::Calendar;
use rialto::domain::charge::Stage;
use rialto::domain::ids::{EventKey, TransactionId};
use rialto::domain::money::{Currency, Money};
use rialto::domain::names::Name;
use rialto::domain::tariff::Tariff;
use rialto::domain::time::Moment;
use rialto::ledger::book::Book;
use rialto::ledger::entry::{Charged, Receipt, Status};
use rialto::ledger::totals::Totals;
use rialto::ledger::view::View;
use rialto::tariffs;
use rust_decimal::Decimal;

use crate::dice::Dice;
use crate::support::{letter, service};

/// Nothing is wrong, or this is.
pub type Faults = Result<(), String>;

const CITIZENS: [&str; 4] = ["Lucid", "Ada", "Bob", "Zoe"];

/// An event that was handed in, and what it has to be paid for.
#[derive(Clone, Debug)]
struct Told {
    activity: Activity,
    work: Work,
}

/// What is paid for.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// Nothing.
    Rest,
    /// A letter.
    Letter,
    /// So many minutes of somebody so many tenths as good as an expert.
    Service { minutes: i64, tenths: i64 },
}

impl Work {
    /// What it costs by the tariff of this version, in millionths and by hand.
    fn price(self, version: u16) -> i64 {
        let (letter, hour) = rates(version);
        match self {
            Work::Rest => 0,
            Work::Letter => letter,
            Work::Service { minutes, tenths } => {
                // Whole millionths, half to even.
                let (all, whole) = (hour * minutes * tenths, 600);
                let (quotient, rest) = (all / whole, all % whole);
                let up = rest * 2 > whole || rest * 2 == whole && quotient % 2 == 1;
                quotient + i64::from(up)
            }
        }
    }
}

/// What a letter and an hour of a service cost by the tariff of this version, in millionths.
fn rates(version: u16) -> (i64, i64) {
    let later = i64::from(version) - 1;
    (100_000 + 50_000 * later, 50_000_000 + 7_000_000 * later)
}

/// The model.
#[derive(Default)]
pub struct Model {
    /// Everything that was ever handed in, by its key, and in its order.
    told: BTreeMap<EventKey, Told>,
    ids: Vec<EventKey>,
    /// The receipts of what was acknowledged as taken.
    acknowledged: BTreeMap<EventKey, Receipt>,
    /// How many orders were acknowledged.
    obeyed: usize,
    /// The tariffs that were ordered: which version, and from when on.
    tariffs: BTreeSet<(u16, Moment)>,
    /// The furthest view that anybody saw.
    seen: Option<Arc<View>>,
}

impl Model {
    /// How many events were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Everything that was handed in, in its order.
    pub fn all(&self) -> Vec<Activity> {
        self.ids.iter().map(|key| self.told[key].activity.clone()).collect()
    }

    /// A new event, or one that was handed in before; of those that were acknowledged sometimes with other content.
    pub fn event(&mut self, dice: &Dice, clock: &Clock) -> Activity {
        if !self.ids.is_empty() && dice.below(4) == 0 {
            let key = self.ids[dice.below(self.ids.len() as u64) as usize];
            let mut activity = self.told[&key].activity.clone();
            if self.acknowledged.contains_key(&key) && dice.below(3) == 0 {
                activity.expertise = Stated::Is(Decimal::new(3, 0));
            }
            return activity;
        }
        let citizen = CITIZENS[dice.below(CITIZENS.len() as u64) as usize];
        let id = format!("rec{}", self.ids.len());
        let (mut activity, work) = match dice.below(3) {
            0 => (letter(&id, citizen), Work::Letter),
            1 => {
                let mut rest = service(&id, citizen, 60);
                rest.kind = Name::new("rest");
                (rest, Work::Rest)
            }
            _ => {
                let minutes = 1 + dice.below(200) as i64;
                let tenths = dice.below(30) as i64;
                let mut service = service(&id, citizen, minutes);
                service.expertise = Stated::Is(Decimal::new(tenths, 1));
                (service, Work::Service { minutes, tenths })
            }
        };
        if dice.below(3) == 0 {
            activity.business = Name::new("bakery");
        }
        if dice.below(8) == 0 {
            activity.client = Name::new("stranger");
        }
        // Before or after the latest tariff began.
        let ago = [60_000_000, 86_400_000_000][dice.below(2) as usize];
        activity.occurred = Occurred::at(Moment(clock.now().0 - dice.below(ago) as i64));
        let key = activity.key();
        self.ids.push(key);
        self.told.insert(key, Told { activity: activity.clone(), work });
        activity
    }

    /// A tariff of this version, which begins soon.
    pub fn tariff(&mut self, version: u16, dice: &Dice, clock: &Clock) -> Tariff {
        let effective = Moment(clock.now().0 + 1 + dice.below(60_000_000) as i64);
        let (letter, hour) = rates(version);
        let [letter, hour] = [letter, hour].map(Money::from_millionths);
        let text = format!(
            "version = {version}\neffective = {effective}\ncurrency = \"EUR\"\n\
             [[rule]]\nname = \"paid_service\"\nfeed = \"activity\"\ntype = \"paid_service\"\n\
             price = {{ amount = {hour}, per = \"hour\", times = \"expertise\" }}\n\
             [[rule]]\nname = \"external_message\"\nexternal = true\nprice = {{ amount = {letter} }}\n"
        );
        let checked = tariffs::read(&text, chrono_tz::UTC);
        let tariff = checked.tariff.unwrap_or_else(|| panic!("{text}: {:?}", checked.faults));
        self.tariffs.insert((version, tariff.effective()));
        tariff
    }

    /// An event has this receipt; it has to be the same every time.
    pub fn acknowledge(&mut self, key: EventKey, receipt: Receipt) -> Faults {
        if receipt.status == Status::Rejected {
            return Err(format!("{} was rejected", self.told[&key].activity.source_id));
        }
        match self.acknowledged.get(&key) {
            Some(first) if first.charge.map(plain) != receipt.charge.map(plain) => {
                Err(format!("{} was told {first:?}, and now {receipt:?}", self.told[&key].activity.source_id))
            }
            Some(_) if matches!(receipt.status, Status::Recorded | Status::Priced) => {
                Err(format!("{} was taken twice", self.told[&key].activity.source_id))
            }
            Some(_) => Ok(()),
            None => {
                self.acknowledged.insert(key, receipt);
                Ok(())
            }
        }
    }

    /// An order was obeyed.
    pub fn obeyed(&mut self) {
        self.obeyed += 1;
    }

    /// Somebody saw this.
    pub fn see(&mut self, view: Arc<View>) {
        if self.seen.as_ref().is_none_or(|seen| seen.position <= view.position) {
            self.seen = Some(view);
        }
    }

    /// Whether everything that was acknowledged or seen is in a book.
    pub fn is_kept_in(&self, book: &Book, clock: &Clock) -> Faults {
        self.has_all_acknowledged(book)?;
        self.is_as_seen(book, clock)
    }

    /// Whether nothing in a book was made up, nothing is there twice, and everything has its price.
    pub fn allows(&self, book: &Book) -> Faults {
        let mut begins: Vec<(u16, Moment)> = Vec::new();
        for tariff in &book.tariffs().all()[1..] {
            begins.push((tariff.version().0, tariff.effective()));
        }
        if let Some((version, _)) = begins.iter().find(|begin| !self.tariffs.contains(begin)) {
            return Err(format!("tariff {version} was never ordered like this"));
        }
        // Of those that had begun, the latest prices.
        let version = |at: Moment| begins.iter().filter(|(_, from)| *from <= at).map(|(version, _)| *version).max();
        let mut known = BTreeSet::new();
        for fact in (0..book.facts().len()).filter_map(|number| book.facts().get(number)) {
            let fact = fact.fact();
            if fact.is_order {
                continue;
            }
            if !known.insert(fact.key) {
                return Err(format!("{:?} is there twice", fact.key));
            }
            let Some(told) = self.told.get(&fact.key) else {
                return Err(format!("{:?} was never handed in", fact.key));
            };
            let number = book.find(fact.key).ok_or("a fact cannot be found")?;
            let charged =
                book.repeated(number, Status::Duplicate).charge.map_or(0, |charge| charge.amount.millionths());
            let at = told.activity.occurred.at.expect("an instant");
            let price = told.work.price(version(at).unwrap_or(1));
            if charged != price {
                return Err(format!("{} costs {charged}, and not {price}", told.activity.source_id));
            }
        }
        Ok(())
    }

    fn has_all_acknowledged(&self, book: &Book) -> Faults {
        for (key, receipt) in &self.acknowledged {
            let what = || format!("{} was acknowledged", self.told[key].activity.source_id);
            let Some(fact) = book.find(*key) else { return Err(format!("{} and is gone", what())) };
            let found = book.repeated(fact, Status::Duplicate).charge;
            if found.map(plain) != receipt.charge.map(plain) {
                return Err(format!("{} as {:?} and is {found:?}", what(), receipt.charge));
            }
        }
        if book.orders().len() < self.obeyed {
            return Err(format!("{} orders were acknowledged, and {} are there", self.obeyed, book.orders().len()));
        }
        Ok(())
    }

    /// What anybody saw is what a front part of the book comes to.
    fn is_as_seen(&self, book: &Book, clock: &Clock) -> Faults {
        let Some(seen) = &self.seen else { return Ok(()) };
        if (book.events() as u64) < seen.facts || (book.charges().len() as u64) < seen.transactions {
            return Err(format!("{} events were seen, and {} are there", seen.facts, book.events()));
        }
        let mut totals = Totals::new(Calendar::new(chrono_tz::UTC));
        totals.advance(book, seen.transactions as usize, clock.now());
        let made = View::new(&totals, seen.facts, seen.conflicts, seen.position, &Arc::default());
        let calendar = Calendar::new(chrono_tz::UTC);
        let sums = |view: &View| view.dashboard(Currency::EUR, clock.now(), &calendar).periods[3];
        if sums(&made) != sums(seen) {
            return Err(format!("{:?} was seen, and it is {:?}", sums(seen), sums(&made)));
        }
        Ok(())
    }

    /// Whether all that was handed in was acknowledged.
    pub fn is_complete(&self) -> Faults {
        match self.acknowledged.len() == self.ids.len() {
            true => Ok(()),
            false => Err(format!("{} of {} are acknowledged", self.acknowledged.len(), self.ids.len())),
        }
    }
}

/// What of a charge never changes.
fn plain(charge: Charged) -> (TransactionId, Money, Stage) {
    (charge.transaction, charge.amount, charge.stage)
}
