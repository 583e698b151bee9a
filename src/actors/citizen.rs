//! The actor of a citizen: prices what counts for it, and knows nothing that it could lose.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::prelude::*;

use super::clerk::Clerk;
use super::sheet::Part;

/// The actor of a citizen.
#[derive(Debug)]
pub struct Citizen {
    clerk: Clerk,
    mailbox: usize,
    alive: Arc<AtomicUsize>,
}

impl Citizen {
    /// An actor whose mailbox holds `mailbox` parts, counted in `alive`.
    pub fn new(clerk: Clerk, mailbox: usize, alive: Arc<AtomicUsize>) -> Citizen {
        Citizen { clerk, mailbox, alive }
    }
}

impl Actor for Citizen {
    type Context = Context<Citizen>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.mailbox);
        self.alive.fetch_add(1, Ordering::Relaxed);
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Handler<Part> for Citizen {
    type Result = ();

    fn handle(&mut self, part: Part, _: &mut Self::Context) {
        part.price(&self.clerk);
    }
}
