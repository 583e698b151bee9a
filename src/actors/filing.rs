//! Filing: the steps of bills are written down like everything else, and told to be when they are durable.

use std::sync::Arc;

use actix::prelude::*;
use tokio::sync::oneshot;

use super::bookkeeper::Bookkeeper;
use crate::domain::bills::{BillNo, Deed, Refused, Step};
use crate::journal::record;
use crate::ledger::bill::Bill;
use crate::ledger::bills::Bills;
use crate::ledger::book::Book;

/// Write this down.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct File {
    /// What.
    pub deed: Deed,
    /// Who waits.
    pub reply: oneshot::Sender<Filed>,
}

/// How the bill stands after a deed, where it is of one.
pub type Filed = Result<Option<Arc<Bill>>, Refused>;

/// How do the bills stand? The answer waits until all that is in it is durable.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Billing {
    /// Who waits.
    pub reply: oneshot::Sender<Standing>,
}

/// How the bills stand.
#[derive(Debug)]
pub struct Standing {
    /// The bills.
    pub bills: Bills,
    /// Whether nothing is to be billed: all is paused.
    pub is_paused: bool,
}

/// A question about the bills, asked where they are: of ten thousand of them nothing is copied for it. What it sees need not
/// be durable yet.
pub struct Consult<T>(pub Box<dyn FnOnce(&Bills) -> T + Send>);

impl<T: Send + 'static> Message for Consult<T> {
    type Result = T;
}

impl Handler<File> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, File { deed, reply }: File, _: &mut Self::Context) {
        // Also in the middle of a round: what is called off may go on, and what is seen is seen.
        let is_forward = match &deed {
            Deed::Draw(_) => true,
            Deed::Ask(_, ask) => !matches!(ask.attempt.step, Step::Delete | Step::Void),
            _ => false,
        };
        let outcome = match is_forward && self.is_paused() {
            true => Err(Refused::Paused),
            false => self.book.admit_deed(&deed).map(|()| self.file(&deed)),
        };
        self.open.filed.push((reply, outcome));
        self.pass_on();
    }
}

impl Bookkeeper {
    fn file(&mut self, deed: &Deed) -> Option<Arc<Bill>> {
        let at = self.outside.clock.now();
        Book::names_of_deed(deed).into_iter().for_each(|name| self.write_name(name));
        record::encode_deed(deed, at, self.book.roll(), &mut self.group);
        self.book.take_deed(deed, at);
        let bills = self.book.bills();
        let no = match deed {
            Deed::Ask(no, _)
            | Deed::Answer(no, ..)
            | Deed::See(no, _)
            | Deed::Drop(no, _)
            | Deed::Offset(no, _)
            | Deed::Vouch(no) => *no,
            Deed::Draw(_) | Deed::Adopt(..) => BillNo(bills.len() as u32),
            Deed::Bind(_) | Deed::Notice(_) | Deed::Place(..) => return None,
        };
        bills.shared(no)
    }

    fn standing(&self) -> Standing {
        Standing { bills: self.book.bills().clone(), is_paused: self.is_paused() }
    }
}

impl Handler<Billing> for Bookkeeper {
    type Result = ();

    fn handle(&mut self, Billing { reply }: Billing, _: &mut Self::Context) {
        let standing = self.standing();
        self.open.standing.push((reply, standing));
        self.pass_on();
    }
}

impl<T: Send + 'static> Handler<Consult<T>> for Bookkeeper {
    type Result = MessageResult<Consult<T>>;

    fn handle(&mut self, Consult(question): Consult<T>, _: &mut Self::Context) -> Self::Result {
        MessageResult(question(self.book.bills()))
    }
}
