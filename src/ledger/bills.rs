//! All bills: what is on an invoice, and what came of it.
//!
//! That no charge is on two invoices is arithmetic here: a bill takes the rows that its payer owes, they are owed no
//! more from then on, and only a bill that came to nothing gives its place to another one of the same rows. What is
//! known of Stripe is what was looked at; sums are made from that, so that the same news told twice adds nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::{HashMap, HashSet};

use crate::domain::bills::{Account, BillNo, Drawn, Notice, Refused};
use crate::domain::ids::EventKey;
use crate::domain::money::{Currency, Sum};
use crate::domain::time::Moment;

use super::bill::Bill;
use super::chunks::Chunks;
use super::parts::BillParts;
use super::receivables::Receivables;
use super::roll::NameNo;
use super::rows::ChargeRow;

/// All bills, cheap to share.
#[derive(Clone, Debug, Default)]
pub struct Bills {
    /// Bill `n` is the one at `n - 1`.
    all: Vec<Arc<Bill>>,
    pub(super) account: Option<Account>,
    /// What their marks have besides the folder's name.
    pub(super) byname: Option<CompactString>,
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

    /// How many are on their way, and can go on at `now`.
    pub fn walking(&self, now: Moment) -> usize {
        self.open().filter(|bill| bill.is_walking(now)).count()
    }

    /// Those that came to nothing and were let go, and that no other bill is in the place of yet; where something of one was
    /// taken back, as long as Stripe takes what is left.
    pub fn released(&self) -> impl Iterator<Item = &Bill> {
        let is_left = |bill: &Bill| bill.way.offset == 0 || bill.coin().least.unwrap_or(1) <= bill.worth();
        self.iter().filter(move |bill| bill.way.is_released && bill.reissued_by.is_none() && is_left(bill))
    }

    /// Whose they are.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// What the marks of those that are drawn from now on have besides the folder's name, if anything.
    pub fn byname(&self) -> Option<&str> {
        self.byname.as_deref()
    }

    /// What the last bill of a payer carried to his next one.
    pub fn carried(&self, payer: NameNo, currency: Currency) -> Sum {
        self.carried.get(&(payer, currency)).copied().unwrap_or_default()
    }

    /// What all that was carried comes to, by payer and currency.
    pub fn all_carried(&self) -> impl Iterator<Item = (NameNo, Currency, Sum)> {
        self.carried.iter().map(|((payer, currency), sum)| (*payer, *currency, *sum))
    }

    /// The last bill of each payer of whom all that is carried is by what was taken over, where that is whole amounts, and how
    /// much it is, as long as nobody asked for it: he was billed for what the book has lost, or it has lost what was taken back. Nobody knows whether he
    /// owes any of it.
    pub fn carried_over(&self) -> impl Iterator<Item = (&Bill, Sum)> {
        let mut last: HashMap<(NameNo, Currency), &Bill> = HashMap::new();
        for bill in self.iter().filter(|bill| bill.drawn.reissues.is_none()) {
            last.insert((bill.payer, bill.currency()), bill);
        }
        let mut last: Vec<&Bill> =
            last.into_values().filter(|bill| bill.is_adopted() && !bill.way.is_vouched).collect();
        last.sort_unstable_by_key(|bill| (bill.drawn.payer.id, bill.currency()));
        let is_whole = |sum: Sum, bill: &Bill| bill.coin().smallest() <= sum.0.abs();
        let carried = last.into_iter().map(|bill| (bill, self.carried(bill.payer, bill.currency())));
        carried.filter(move |(bill, carried)| is_whole(bill.drawn.rest, bill) && is_whole(*carried, bill))
    }

    /// The bill that an invoice is of.
    pub fn of_invoice(&self, invoice: &str) -> Option<BillNo> {
        self.by_invoice.get(invoice).copied()
    }

    /// The bill with this mark.
    pub fn of_mark(&self, mark: &str) -> Option<BillNo> {
        self.by_mark.get(mark).copied()
    }

    /// The bills that rows are on, given who may pay for each: the latest, where one is in another's place.
    pub fn of_rows(&self, rows: &[(u32, [NameNo; 3])]) -> HashMap<u32, Arc<Bill>> {
        let mut by_payer: HashMap<NameNo, Vec<u32>> = HashMap::new();
        for (row, payers) in rows {
            payers.iter().for_each(|payer| by_payer.entry(*payer).or_default().push(*row));
        }
        let mut found = HashMap::new();
        for bill in &self.all {
            let his = by_payer.get(&bill.payer).into_iter().flatten().copied();
            found.extend(his.filter(|row| bill.rows.binary_search(row).is_ok()).map(|row| (row, Arc::clone(bill))));
        }
        found
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

    /// As much of the invoice of a bill can be taken back by a credit note besides those that are under way.
    pub fn creditable(&self, bill: &Bill) -> i64 {
        let mut of_it = self.open().filter(|credit| credit.drawn.credits == Some(bill.no));
        // One that was made changed how the invoice stands, and is known once that was looked at.
        if of_it.next().is_some() { 0 } else { bill.creditable() }
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
    pub(super) fn from_parts(parts: BillParts) -> Bills {
        let BillParts { all, account, byname, told, unplaced, takings, carried, offsets, vouched } = parts;
        let unplaced = unplaced.into_iter().map(|[event, kind, object]| (event, (kind, object))).collect();
        let carried = carried.into_iter().map(|(payer, currency, sum)| ((payer, currency), sum)).collect();
        let known = told.into_iter().collect();
        let mut bills = Bills { account, byname, known, unplaced, takings, carried, ..Bills::default() };
        for bill in all {
            if bill.is_open() {
                bills.open.insert(bill.no);
            }
            if let Some(invoice) = &bill.seen.invoice {
                bills.by_invoice.insert(invoice.clone(), bill.no);
            }
            bills.by_mark.insert(bill.drawn.mark.clone(), bill.no);
            bills.all.push(Arc::new(bill));
        }
        let mut with = |no: BillNo, put: &dyn Fn(&mut Bill)| {
            let bill = (no.0 as usize).checked_sub(1).and_then(|place| bills.all.get_mut(place));
            bill.into_iter().for_each(|bill| put(Arc::make_mut(bill)));
        };
        for (no, offset) in offsets {
            with(no, &|bill| bill.way.offset = offset);
        }
        for no in vouched {
            with(no, &|bill| bill.way.is_vouched = true);
        }
        bills
    }

    /// The keys of all events that were told, in order.
    pub fn known(&self) -> Vec<EventKey> {
        let mut known: Vec<EventKey> = self.known.iter().copied().collect();
        known.sort_unstable();
        known
    }

    pub(super) fn bill(&self, no: BillNo) -> Result<&Bill, Refused> {
        self.get(no).ok_or(Refused::NoBill(no))
    }

    pub(super) fn change(&mut self, no: BillNo, at: Moment, change: impl FnOnce(&mut Bill)) -> Option<&Bill> {
        let bill = Arc::make_mut(self.all.get_mut((no.0 as usize).checked_sub(1)?)?);
        let (before, was_paid) = (bill.collected(), bill.seen.amounts.paid != 0);
        let (status, was_dead) = (bill.seen.status, bill.is_dead());
        change(bill);
        // Somebody paid it after all: what was taken back of it is owed the other way.
        let is_offset = bill.is_given_up() || bill.way.offset <= bill.refunded();
        let undone = if is_offset { 0 } else { std::mem::take(&mut bill.way.offset) };
        if undone != 0 {
            let carried = self.carried.entry((bill.payer, bill.currency())).or_default();
            carried.0 -= bill.coin().millionths(undone);
        }
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
        let has_died = !was_dead && bill.is_dead();
        if let Some(of) = bill.drawn.credits {
            let given = bill.total();
            let lost = match (was_dead, bill.is_dead()) {
                (false, true) => given,
                // It was given after all.
                (true, false) => -given,
                _ => 0,
            };
            let (payer, is_news) = (bill.payer, bill.seen.status != status);
            self.carried.entry((payer, currency)).or_default().0 += lost;
            if is_news {
                // The invoice that it takes from stands otherwise now.
                self.hint(of, at);
            }
        } else if has_died {
            self.end_credits(no);
        }
        self.get(no)
    }

    /// An invoice came to nothing, and with it what was taken off it: that is carried.
    fn end_credits(&mut self, of: BillNo) {
        for credit in self.all.iter_mut().filter(|credit| credit.drawn.credits == Some(of)) {
            if !credit.is_dead() {
                self.carried.entry((credit.payer, credit.currency())).or_default().0 += credit.total();
            }
            Arc::make_mut(credit).way.is_moot = true;
            self.open.remove(&credit.no);
        }
    }

    pub(super) fn draw(&mut self, drawn: Drawn, payer: NameNo, rows: Arc<[u32]>, at: Moment) {
        let no = BillNo(self.all.len() as u32 + 1);
        match drawn.reissues {
            None => drop(self.carried.insert((payer, drawn.payer.currency), drawn.rest)),
            // Who takes over what was drawn in its place lets it go by that.
            Some(former) => drop(self.change(former, at, |bill| {
                bill.reissued_by = Some(no);
                bill.way.is_released = true;
            })),
        }
        self.by_mark.insert(drawn.mark.clone(), no);
        let (way, seen) = Default::default();
        self.all.push(Arc::new(Bill { no, drawn, at, payer, rows, reissued_by: None, way, seen }));
        self.open.insert(no);
    }

    /// So much of a bill was taken back while nobody paid it: it is worth that much less, and as much is carried.
    pub(super) fn offset(&mut self, no: BillNo, offset: i64, at: Moment) {
        let Some(bill) = self.get(no) else { return };
        let (payer, currency) = (bill.payer, bill.currency());
        let more = bill.coin().millionths(offset - bill.way.offset);
        self.carried.entry((payer, currency)).or_default().0 += more;
        self.change(no, at, |bill| bill.way.offset = offset);
    }

    pub(super) fn notice(&mut self, notice: &Notice, at: Moment) {
        self.known.insert(event_key(&notice.event));
        match notice.bill {
            Some(no) => self.hint(no, at),
            None => drop(self.unplaced.insert(notice.event.clone(), (notice.kind.clone(), notice.object.clone()))),
        }
    }

    pub(super) fn place(&mut self, event: &str, bill: Option<BillNo>, at: Moment) {
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
