//! All bills: what is on an invoice, and what came of it.
//!
//! That no charge is on two invoices is arithmetic here: a bill takes the rows that its payer owes, they are owed no
//! more from then on, and only a bill that came to nothing gives its place to another one of the same rows. What is
//! known of Stripe is what was looked at; sums are made from that, so that the same news told twice adds nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::{HashMap, HashSet};

use crate::domain::bills::{Account, Ask, BillNo, Deed, Drawn, Notice, Refused};
use crate::domain::coin::Coin;
use crate::domain::ids::EventKey;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::time::Moment;

use super::bill::Bill;
use super::book::Book;
use super::chunks::Chunks;
use super::receivables::Receivables;
use super::roll::NameNo;
use super::rows::ChargeRow;

/// All bills, cheap to share.
#[derive(Clone, Debug, Default)]
pub struct Bills {
    /// Bill `n` is the one at `n - 1`.
    all: Vec<Arc<Bill>>,
    account: Option<Account>,
    /// What the last bill of each payer carried.
    carried: HashMap<(NameNo, Currency), Sum>,
    /// Those that are not settled.
    open: BTreeSet<BillNo>,
    by_invoice: HashMap<CompactString, BillNo>,
    by_mark: HashMap<CompactString, BillNo>,
    /// The keys of all events that were told.
    known: HashSet<EventKey>,
    /// The events of which nobody knows yet what they are about, by their ids: type and object.
    unplaced: HashMap<CompactString, (CompactString, CompactString)>,
    takings: Vec<Taken>,
}

/// What one look at a bill added to what is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of this bill.
    pub bill: BillNo,
    /// When it was paid, or looked at.
    pub at: Moment,
    /// In this currency.
    pub currency: Currency,
    /// So much, in millionths; below nothing, where something was given back.
    pub amount: Sum,
}

/// The most lines that an invoice has: Stripe takes no more items.
pub const LINES_MAX: u16 = 250;
/// The longest request that fits a record.
const FORM_MAX: usize = 60_000;
/// The longest id of Stripe's, and any other short text.
const TEXT_MAX: usize = 255;

impl Bills {
    /// The bill with this number.
    pub fn get(&self, no: BillNo) -> Option<&Bill> {
        self.all.get((no.0 as usize).checked_sub(1)?).map(|bill| &**bill)
    }

    /// The same, to be kept.
    pub fn shared(&self, no: BillNo) -> Option<Arc<Bill>> {
        self.all.get((no.0 as usize).checked_sub(1)?).map(Arc::clone)
    }

    /// All of them, in order, to be kept.
    pub fn all(&self) -> &[Arc<Bill>] {
        &self.all
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Bill> + ExactSizeIterator {
        self.all.iter().map(|bill| &**bill)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that are not settled, in order.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Bill>> {
        self.open.iter().filter_map(|no| self.all.get((no.0 as usize).checked_sub(1)?))
    }

    /// Those that came to nothing and were let go, and that no other bill is in the place of yet.
    pub fn released(&self) -> impl Iterator<Item = &Bill> {
        self.iter().filter(|bill| bill.way.is_released && bill.reissued_by.is_none())
    }

    /// Whose they are.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// What the last bill of a payer carried to his next one.
    pub fn carried(&self, payer: NameNo, currency: Currency) -> Sum {
        self.carried.get(&(payer, currency)).copied().unwrap_or_default()
    }

    /// What all that was carried comes to, by payer and currency.
    pub fn all_carried(&self) -> impl Iterator<Item = (NameNo, Currency, Sum)> {
        self.carried.iter().map(|((payer, currency), sum)| (*payer, *currency, *sum))
    }

    /// The bill that an invoice is of.
    pub fn of_invoice(&self, invoice: &str) -> Option<BillNo> {
        self.by_invoice.get(invoice).copied()
    }

    /// The bill with this mark.
    pub fn of_mark(&self, mark: &str) -> Option<BillNo> {
        self.by_mark.get(mark).copied()
    }

    /// Whether an event was told before.
    pub fn knows(&self, event: &str) -> bool {
        self.known.contains(&event_key(event))
    }

    /// How many events were told.
    pub fn told(&self) -> usize {
        self.known.len()
    }

    /// The events of which nobody knows yet what they are about: id, type and object.
    pub fn unplaced(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.unplaced.iter().map(|(event, (kind, object))| (event.as_str(), kind.as_str(), object.as_str()))
    }

    /// What was collected, look by look.
    pub fn takings(&self) -> &[Taken] {
        &self.takings
    }

    /// What was collected in a currency.
    pub fn collected(&self, currency: Currency) -> Sum {
        let all = self.takings.iter().filter(|taken| taken.currency == currency);
        Sum(all.map(|taken| taken.amount.0).sum())
    }

    /// Gives each bill its rows again, out of all that was ever owed.
    pub(super) fn fill(&mut self, receivables: &mut Receivables, charges: &Chunks<ChargeRow>) {
        for number in 0..self.all.len() {
            let Drawn { reissues, to, .. } = self.all[number].drawn;
            let (payer, currency) = (self.all[number].payer, self.all[number].currency());
            let rows = match reissues.and_then(|former| self.get(former)) {
                Some(former) => Arc::clone(&former.rows),
                None => receivables.take(payer, currency, to, charges).into(),
            };
            Arc::make_mut(&mut self.all[number]).rows = rows;
        }
    }

    /// The bills of an image, whose rows are still to be [filled](Bills::fill) in.
    pub fn from_parts(
        all: Vec<Bill>,
        account: Option<Account>,
        known: impl IntoIterator<Item = EventKey>,
        unplaced: Vec<[CompactString; 3]>,
        takings: Vec<Taken>,
    ) -> Bills {
        let mut bills = Bills { account, takings, known: known.into_iter().collect(), ..Bills::default() };
        bills.unplaced = unplaced.into_iter().map(|[event, kind, object]| (event, (kind, object))).collect();
        for bill in all {
            if bill.drawn.reissues.is_none() {
                bills.carried.insert((bill.payer, bill.currency()), bill.drawn.rest);
            }
            if bill.is_open() {
                bills.open.insert(bill.no);
            }
            if let Some(invoice) = &bill.seen.invoice {
                bills.by_invoice.insert(invoice.clone(), bill.no);
            }
            bills.by_mark.insert(bill.drawn.mark.clone(), bill.no);
            bills.all.push(Arc::new(bill));
        }
        bills
    }

    /// The keys of all events that were told, in order.
    pub fn known(&self) -> Vec<EventKey> {
        let mut known: Vec<EventKey> = self.known.iter().copied().collect();
        known.sort_unstable();
        known
    }

    fn bill(&self, no: BillNo) -> Result<&Bill, Refused> {
        self.get(no).ok_or(Refused::NoBill(no))
    }

    fn change(&mut self, no: BillNo, at: Moment, change: impl FnOnce(&mut Bill)) -> Option<&Bill> {
        let bill = Arc::make_mut(self.all.get_mut((no.0 as usize).checked_sub(1)?)?);
        let (before, was_paid) = (bill.collected(), bill.seen.amounts.paid != 0);
        change(bill);
        let amount = Sum(bill.coin().millionths(bill.collected()) - bill.coin().millionths(before));
        let currency = bill.currency();
        if let Some(invoice) = &bill.seen.invoice {
            self.by_invoice.insert(invoice.clone(), no);
        }
        if bill.is_open() {
            self.open.insert(no);
        } else {
            self.open.remove(&no);
        }
        if amount.0 != 0 {
            // The first of it came when it was paid; whatever changed later did so when it was seen.
            let at = bill.seen.paid_at.filter(|_| !was_paid).unwrap_or(at);
            self.takings.push(Taken { bill: no, at, currency, amount });
        }
        self.get(no)
    }

    fn draw(&mut self, drawn: Drawn, payer: NameNo, rows: Arc<[u32]>, at: Moment) {
        let no = BillNo(self.all.len() as u32 + 1);
        match drawn.reissues {
            None => drop(self.carried.insert((payer, drawn.payer.currency), drawn.rest)),
            Some(former) => drop(self.change(former, at, |bill| bill.reissued_by = Some(no))),
        }
        self.by_mark.insert(drawn.mark.clone(), no);
        let (way, seen) = Default::default();
        self.all.push(Arc::new(Bill { no, drawn, at, payer, rows, reissued_by: None, way, seen }));
        self.open.insert(no);
    }

    fn notice(&mut self, notice: &Notice, at: Moment) {
        self.known.insert(event_key(&notice.event));
        match notice.bill {
            Some(no) => self.hint(no, at),
            None => drop(self.unplaced.insert(notice.event.clone(), (notice.kind.clone(), notice.object.clone()))),
        }
    }

    fn place(&mut self, event: &str, bill: Option<BillNo>, at: Moment) {
        self.unplaced.remove(event);
        bill.into_iter().for_each(|no| self.hint(no, at));
    }

    fn hint(&mut self, no: BillNo, at: Moment) {
        // Also one that was settled may have been refunded; one that came to nothing is not looked at any more.
        self.change(no, at, |bill| bill.way.is_hinted = !bill.is_dead());
    }
}

fn event_key(event: &str) -> EventKey {
    EventKey::of_order(event)
}

impl Book {
    /// The bills.
    pub fn bills(&self) -> &Bills {
        &self.bills
    }

    /// The names that a deed speaks of.
    pub fn names_of_deed(deed: &Deed) -> Vec<Name> {
        match deed {
            Deed::Draw(drawn) => drawn.payer.names().chain([drawn.zone]).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a deed follows from those before it. Nothing is changed.
    pub fn admit_deed(&self, deed: &Deed) -> Result<(), Refused> {
        let bills = &self.bills;
        match deed {
            Deed::Bind(account) => match bills.account() {
                Some(bound) if bound != account => {
                    Err(Refused::Account { id: bound.id.clone(), is_live: bound.is_live })
                }
                _ if TEXT_MAX < account.id.len() => Err(Refused::Long("an account's id")),
                _ => Ok(()),
            },
            Deed::Draw(drawn) => self.admit_draw(drawn),
            Deed::Ask(no, ask) => {
                let bill = bills.bill(*no)?;
                bill.refuses(ask).map_or(Ok(()), |why| Err(Refused::Step { bill: *no, why }))?;
                let Ask { path, form, .. } = &**ask;
                if FORM_MAX < path.len() + form.len() { Err(Refused::Long("a request")) } else { Ok(()) }
            }
            Deed::Answer(no, attempt, _) => {
                let asked = bills.bill(*no)?.way.asked.as_ref().map(|asked| asked.ask.attempt);
                let why = "nothing like that was asked";
                if asked == Some(*attempt) { Ok(()) } else { Err(Refused::Step { bill: *no, why }) }
            }
            Deed::See(no, _) => bills.bill(*no).map(drop),
            Deed::Drop(no, why) => {
                let bill = bills.bill(*no)?;
                let refused = |why| Err(Refused::Step { bill: *no, why });
                match bill.way.dropped {
                    _ if TEXT_MAX < why.len() => Err(Refused::Long("a reason")),
                    Some(_) => refused("it comes to nothing already"),
                    None if bill.is_settled() => refused("it is settled"),
                    None => Ok(()),
                }
            }
            Deed::Notice(Notice { event, kind, object, bill, .. }) => {
                if [event, kind, object].into_iter().any(|text| TEXT_MAX < text.len()) {
                    return Err(Refused::Long("an event's id, type or object"));
                }
                bill.map_or(Ok(()), |no| bills.bill(no).map(drop))?;
                if bills.knows(event) { Err(Refused::Known(event.clone())) } else { Ok(()) }
            }
            Deed::Place(_, bill) => bill.map_or(Ok(()), |no| bills.bill(no).map(drop)),
        }
    }

    fn admit_draw(&self, drawn: &Drawn) -> Result<(), Refused> {
        let Drawn { payer, to, total, carried, rest, items, .. } = *drawn;
        let refused = |why| Err(Refused::Owed { payer: payer.id, why });
        let coin = Coin::of(payer.currency);
        if total <= 0 || !(1..=LINES_MAX).contains(&items) || total % coin.step != 0 {
            return refused("an invoice is of an amount above nothing, in 1 to 250 lines");
        }
        if payer.customer.is_none() {
            return refused("he is no customer of Stripe's");
        }
        if let Some(bill) = self.bills.of_mark(&drawn.mark) {
            return Err(Refused::Marked { bill, mark: drawn.mark.clone() });
        }
        if TEXT_MAX < drawn.mark.len() {
            return Err(Refused::Long("a bill's mark"));
        }
        let number = self.roll.number(payer.id);
        if let Some(former) = drawn.reissues {
            let former = self.bills.bill(former)?;
            let is_same =
                (former.drawn.total, former.drawn.digest, Some(former.payer)) == (total, drawn.digest, number);
            let is_his = is_same && former.currency() == payer.currency;
            let waits = former.is_dead() && former.way.is_released && former.reissued_by.is_none();
            return if is_his && waits { Ok(()) } else { refused("no bill of his waits to be drawn again like this") };
        }
        let Some(number) = number else { return refused("nobody knows him") };
        if carried != self.bills.carried(number, payer.currency) {
            return refused("another amount was carried");
        }
        if !(0..coin.smallest()).contains(&rest.0) {
            return refused("it carries a whole amount");
        }
        if self.charges.len() < to as usize {
            return refused("it takes rows that are still to come");
        }
        let exact = self.receivables.sum_to(number, payer.currency, to, &self.charges);
        match exact {
            Some(exact) if exact.0 + carried.0 == coin.millionths(total) + rest.0 => Ok(()),
            Some(_) => refused("it comes to another amount"),
            None => refused("nothing is owed before that row"),
        }
    }

    /// Takes a deed that was admitted.
    pub fn take_deed(&mut self, deed: &Deed, at: Moment) {
        self.saw(at);
        match deed {
            Deed::Bind(account) => self.bills.account = Some(account.clone()),
            Deed::Draw(drawn) => self.draw(drawn, at),
            Deed::Ask(no, ask) => drop(self.bills.change(*no, at, |bill| bill.ask((**ask).clone(), at))),
            Deed::Answer(no, attempt, outcome) => {
                self.bills.change(*no, at, |bill| bill.answer(*attempt, outcome, at));
            }
            Deed::See(no, sight) => drop(self.bills.change(*no, at, |bill| bill.see(sight, at))),
            Deed::Drop(no, why) => {
                self.bills.change(*no, at, |bill| bill.way.dropped = Some(why.clone()));
            }
            Deed::Notice(notice) => self.bills.notice(notice, at),
            Deed::Place(event, bill) => self.bills.place(event, *bill, at),
        }
    }

    /// Whether an operator may let another bill take the place of this one.
    pub(super) fn admit_rebill(&self, no: BillNo) -> Result<(), Refused> {
        let bill = self.bills.bill(no)?;
        let refused = |why| Err(Refused::Step { bill: no, why });
        match bill {
            _ if !bill.is_dead() => refused("only one that came to nothing can be drawn again"),
            _ if bill.way.is_released => refused("it is let go already"),
            _ => Ok(()),
        }
    }

    pub(super) fn rebill(&mut self, no: BillNo, at: Moment) {
        self.bills.change(no, at, |bill| bill.way.is_released = true);
    }

    fn draw(&mut self, drawn: &Drawn, at: Moment) {
        let number = self.roll.enrol(drawn.payer.id);
        let rows = match drawn.reissues.and_then(|former| self.bills.get(former)) {
            Some(former) => Arc::clone(&former.rows),
            None => self.receivables.take(number, drawn.payer.currency, drawn.to, &self.charges).into(),
        };
        self.bills.draw(drawn.clone(), number, rows, at);
    }
}
