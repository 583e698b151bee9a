//! What the book makes of the steps of bills. First one is admitted, which changes nothing; then it is taken, which
//! cannot fail.

use std::sync::Arc;

use compact_str::CompactString;

use super::bill::Bill;
use super::bills::{Bills, LINES_MAX};
use super::book::Book;
use super::offsets;
use crate::domain::bills::{Ask, BillNo, Deed, Drawn, Notice, Outbound, Refused, Sight, Status};
use crate::domain::coin::Coin;
use crate::domain::money::Sum;
use crate::domain::names::Name;
use crate::domain::time::Moment;

/// The longest request that fits a record.
const FORM_MAX: usize = 60_000;
/// The longest byname of a house.
const BYNAME_MAX: usize = 32;
/// The longest id of Stripe's, and any other short text.
const TEXT_MAX: usize = 255;

impl Book {
    /// The bills.
    pub fn bills(&self) -> &Bills {
        &self.bills
    }

    /// The names that a deed speaks of.
    pub fn names_of_deed(deed: &Deed) -> Vec<Name> {
        match deed {
            Deed::Draw(drawn) | Deed::Adopt(drawn, ..) => drawn.payer.names().chain([drawn.zone]).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a deed follows from those before it. Nothing is changed.
    pub fn admit_deed(&self, deed: &Deed) -> Result<(), Refused> {
        let bills = &self.bills;
        match deed {
            Deed::Bind(account) => match bills.account() {
                // As long as there are none, they are of no account in particular.
                Some(bound) if bound != account && !bills.is_empty() => {
                    Err(Refused::Account { id: bound.id.clone(), is_live: bound.is_live })
                }
                _ if TEXT_MAX < account.id.len() => Err(Refused::Long("an account's id")),
                _ => Ok(()),
            },
            Deed::Draw(drawn) => self.admit_draw(drawn),
            Deed::Adopt(drawn, sight, _) => self.admit_adoption(drawn, sight),
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
            Deed::Offset(no, offset) => {
                let bill = bills.bill(*no)?;
                let refused = |why| Err(Refused::Step { bill: *no, why });
                match bill.way.offset < *offset {
                    _ if !bill.is_offsettable() => refused("it was paid, or is billed again"),
                    true if *offset <= offsets::due_on(bill, bills, self.links(), self.charges()) => Ok(()),
                    _ => refused("so much of it was not taken back"),
                }
            }
            Deed::Vouch(no) => match bills.bill(*no)? {
                bill if bill.is_adopted() && !bill.way.is_vouched => Ok(()),
                bill => {
                    Err(Refused::Step { bill: bill.no, why: "it was not taken over, or what it carries was asked for" })
                }
            },
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
        let Drawn { payer, total, rest, items, .. } = *drawn;
        let refused = |why| Err(Refused::Owed { payer: payer.id, why });
        let coin = Coin::of(payer.currency);
        if let Some(of) = drawn.credits {
            return self.admit_credit(drawn, of);
        }
        // Of one that was taken over nobody knows the lines, also where it is drawn again.
        let is_adopted = drawn.is_whole() && drawn.reissues.is_some();
        if !is_adopted && !(1..=LINES_MAX).contains(&items) || total % coin.step != 0 {
            return refused("an invoice is of an amount above nothing, in 1 to 250 lines");
        }
        self.admit_new(drawn)?;
        if let Some(former) = drawn.reissues {
            let former = self.bills.bill(former)?;
            let waits = former.way.is_released && self.is_in_place_of(drawn, former);
            return if waits { Ok(()) } else { refused("no bill of his waits to be drawn again like this") };
        }
        if !(0..coin.smallest()).contains(&rest.0) {
            return refused("it carries a whole amount");
        }
        match self.admit_rows(drawn)? {
            // What is carried may be worth an invoice by itself.
            None if drawn.carried.0 < coin.smallest() => refused("nothing is owed before that row"),
            _ => Ok(()),
        }
    }

    /// Whether a bill can be in the place of one that came to nothing.
    fn is_in_place_of(&self, drawn: &Drawn, former: &Bill) -> bool {
        let is_his = Some(former.payer) == self.roll.number(drawn.payer.id);
        // What was taken back of it since is a line of its own.
        let carried = former.drawn.carried.0 - former.coin().millionths(former.way.offset);
        let is_same = (former.worth(), carried, former.drawn.rest) == (drawn.total, drawn.carried.0, drawn.rest)
            && (former.way.offset != 0 || former.drawn.digest == drawn.digest);
        let is_free = former.is_dead() && !former.is_credit() && former.reissued_by.is_none();
        is_his && is_same && is_free && former.currency() == drawn.payer.currency
    }

    fn admit_adoption(&self, drawn: &Drawn, sight: &Sight) -> Result<(), Refused> {
        let refused = |why| Err(Refused::Owed { payer: drawn.payer.id, why });
        if !drawn.is_whole() && drawn.reissues.is_none() {
            return refused("of a bill that is taken over, nobody knows the lines");
        }
        if let Some(of) = drawn.credits {
            self.bills.bill(of)?;
        }
        if sight.status < Status::Open {
            return refused("only an invoice that was finalised can be taken over");
        }
        match sight.invoice.as_deref().map(|invoice| self.bills.of_invoice(invoice)) {
            Some(None) => {}
            Some(Some(bill)) => return Err(Refused::Marked { bill, mark: drawn.mark.clone() }),
            None => return refused("it has no invoice"),
        }
        self.admit_new(drawn)?;
        let Some(former) = drawn.reissues else { return self.admit_rows(drawn).map(drop) };
        match self.is_in_place_of(drawn, self.bills.bill(former)?) {
            true => Ok(()),
            false => refused("no bill of his came to nothing that it is in the place of"),
        }
    }

    /// Whether as much can be taken back of that bill's invoice.
    fn admit_credit(&self, drawn: &Drawn, of: BillNo) -> Result<(), Refused> {
        let refused = |why| Err(Refused::Owed { payer: drawn.payer.id, why });
        let (of, coin) = (self.bills.bill(of)?, Coin::of(drawn.payer.currency));
        if of.drawn.payer != drawn.payer || self.bills.creditable(of) < -drawn.total {
            return refused("so much cannot be taken back of that bill");
        }
        if !drawn.is_whole() || drawn.reissues.is_some() || drawn.total % coin.step != 0 {
            return refused("a credit note has no lines, and none is drawn again");
        }
        if coin.smallest() <= drawn.rest.0 {
            return refused("it gives back more than he has to get");
        }
        self.admit_new(drawn)?;
        self.admit_rows(drawn).map(drop)
    }

    /// Whether there can be a new bill like this, whatever it is of.
    fn admit_new(&self, drawn: &Drawn) -> Result<(), Refused> {
        let refused = |why| Err(Refused::Owed { payer: drawn.payer.id, why });
        match self.bills.of_mark(&drawn.mark) {
            _ if drawn.credits.is_some() && 0 <= drawn.total => refused("a credit note comes to less than nothing"),
            _ if drawn.credits.is_none() && drawn.total <= 0 => {
                refused("an invoice is of an amount above nothing, in 1 to 250 lines")
            }
            _ if drawn.payer.customer.is_none() => refused("he is no customer of Stripe's"),
            _ if TEXT_MAX < drawn.mark.len() => Err(Refused::Long("a bill's mark")),
            Some(bill) => Err(Refused::Marked { bill, mark: drawn.mark.clone() }),
            None => Ok(()),
        }
    }

    /// Whether what a bill takes, and carries, is what it comes to; and what its rows do, where there are any.
    fn admit_rows(&self, drawn: &Drawn) -> Result<Option<Sum>, Refused> {
        let Drawn { payer, to, total, carried, rest, .. } = *drawn;
        let refused = |why| Err(Refused::Owed { payer: payer.id, why });
        let Some(number) = self.roll.number(payer.id) else { return refused("nobody knows him") };
        if carried != self.bills.carried(number, payer.currency) {
            return refused("another amount was carried");
        }
        if self.charges.len() < to as usize {
            return refused("it takes rows that are still to come");
        }
        if i64::try_from(rest.0).is_err() {
            return refused("it carries more than an amount can be");
        }
        let exact = self.receivables.sum_to(number, payer.currency, to, &self.charges);
        let comes_to = Coin::of(payer.currency).millionths(total) + rest.0;
        match exact.unwrap_or_default().0 + carried.0 == comes_to {
            true => Ok(exact),
            false => refused("it comes to another amount"),
        }
    }

    /// Takes a deed that was admitted.
    pub fn take_deed(&mut self, deed: &Deed, at: Moment) {
        self.saw(at);
        match deed {
            Deed::Bind(account) => self.bills.account = Some(account.clone()),
            Deed::Draw(drawn) => self.draw(drawn, at),
            Deed::Adopt(drawn, sight, outbound) => {
                self.draw(drawn, at);
                let no = BillNo(self.bills.len() as u32);
                self.bills.change(no, at, |bill| {
                    bill.see(sight, at);
                    bill.way.is_sent = *outbound == Outbound::Gone;
                });
            }
            Deed::Ask(no, ask) => drop(self.bills.change(*no, at, |bill| bill.ask((**ask).clone(), at))),
            Deed::Answer(no, attempt, outcome) => {
                self.bills.change(*no, at, |bill| bill.answer(*attempt, outcome, at));
            }
            Deed::See(no, sight) => drop(self.bills.change(*no, at, |bill| bill.see(sight, at))),
            Deed::Drop(no, why) => {
                self.bills.change(*no, at, |bill| bill.way.dropped = Some(why.clone()));
            }
            Deed::Offset(no, offset) => self.bills.offset(*no, *offset, at),
            Deed::Vouch(no) => drop(self.bills.change(*no, at, |bill| bill.way.is_vouched = true)),
            Deed::Notice(notice) => self.bills.notice(notice, at),
            Deed::Place(event, bill) => self.bills.place(event, *bill, at),
        }
    }

    /// Whether an operator may let another bill take the place of this one.
    pub(super) fn admit_rebill(&self, no: BillNo) -> Result<(), Refused> {
        let bill = self.bills.bill(no)?;
        let refused = |why| Err(Refused::Step { bill: no, why });
        match bill {
            _ if bill.is_credit() => refused("what a credit note would have given is carried"),
            _ if !bill.is_dead() => refused("only one that came to nothing can be drawn again"),
            _ if bill.way.is_released => refused("it is let go already"),
            _ if bill.way.offset == 0 => Ok(()),
            _ if bill.worth() <= 0 => refused("all that was on it was taken back"),
            _ if bill.coin().least.is_some_and(|least| bill.worth() < least) => {
                refused("what was not taken back of it is less than Stripe takes")
            }
            _ => Ok(()),
        }
    }

    /// Whether the marks of bills may have this besides the folder's name.
    pub(super) fn admit_byname(&self, byname: &str) -> Result<(), Refused> {
        let is_plain = !byname.is_empty() && byname.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match is_plain && byname.len() <= BYNAME_MAX {
            true if self.bills.byname() == Some(byname) => Err(Refused::Byname("is in use")),
            true => Ok(()),
            false => Err(Refused::Byname("is of 1 to 32 letters and digits")),
        }
    }

    pub(super) fn take_byname(&mut self, byname: &CompactString) {
        self.bills.byname = Some(byname.clone());
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
