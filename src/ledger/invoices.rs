//! The bills at a glance: how many are in each state, what they come to, and the oldest that is not paid.

use crate::domain::bills::{BillNo, Status};
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::time::Moment;

use super::bill::Bill;
use super::bills::Bills;

/// How a bill stands, for whoever looks at all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum State {
    /// It was drawn, and is on its way out.
    OnItsWay = 0,
    /// It is to be paid.
    Open = 1,
    /// It is paid.
    Paid = 2,
    /// Nobody believes any more that it will be.
    Uncollectible = 3,
    /// It came to nothing.
    Void = 4,
    /// It gives back what is on another.
    Credit = 5,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::OnItsWay, State::Open, State::Paid, State::Uncollectible, State::Void, State::Credit];

    fn of(bill: &Bill) -> State {
        match bill.seen.status {
            _ if bill.is_dead() => State::Void,
            _ if bill.is_credit() => State::Credit,
            Status::Absent | Status::Draft => State::OnItsWay,
            Status::Open => State::Open,
            Status::Uncollectible => State::Uncollectible,
            Status::Paid => State::Paid,
            Status::Void => State::Void,
        }
    }
}

/// The bills of a currency at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invoices {
    /// How many are in each [`State`], and what they come to before taxes.
    pub states: [(usize, Sum); State::ALL.len()],
    /// How many somebody has to look at.
    pub stuck: usize,
    /// Of those that are to be paid, the one that was drawn first.
    pub oldest: Option<Unpaid>,
}

/// A bill that is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpaid {
    /// Its number.
    pub no: BillNo,
    /// When it was drawn.
    pub at: Moment,
    /// Who is to pay it.
    pub payer: Name,
    /// What it comes to before taxes.
    pub total: Sum,
}

impl Invoices {
    /// The glance at those of `bills` that are in this currency.
    pub fn of(bills: &Bills, currency: Currency) -> Invoices {
        let mut glance = Invoices::default();
        for bill in bills.iter().filter(|bill| bill.currency() == currency) {
            let (state, total) = (State::of(bill), Sum(bill.total()));
            let (count, sum) = &mut glance.states[state as usize];
            (*count, *sum) = (*count + 1, sum.plus(total));
            glance.stuck += usize::from(bill.fault().is_some() && state != State::Void);
            if state == State::Open && glance.oldest.is_none_or(|oldest| bill.at < oldest.at) {
                glance.oldest = Some(Unpaid { no: bill.no, at: bill.at, payer: bill.drawn.payer.id, total });
            }
        }
        glance
    }
}
