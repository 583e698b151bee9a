//! The sandbox: Stripe, as far as invoices need it, for tests, for demos and for whoever has no account yet.
//!
//! The same seed, the same calls and the same times give the same answers and the same webhooks, to the byte. It is as
//! strict as Stripe where we touch it, and knows no clock, disk or network; only [`shell`] puts it behind an address.
//! No money is ever moved, and it never talks to Stripe.

mod charges;
mod credit_notes;
mod customers;
mod dice;
mod disputes;
mod drafts;
mod events;
mod faults;
mod form;
mod invoices;
mod items;
mod json;
mod keys;
mod lines;
mod outside;
mod page;
mod payments;
mod problem;
mod refunds;
mod routes;
mod seen;
mod shelf;
pub mod shell;
mod state;
mod steps;
mod tax;
#[cfg(test)]
mod tests;

pub use self::events::Delivery;
pub use self::faults::Faults;
pub use self::outside::Cannot;
pub use self::seen::{SeenInvoice, SeenLine, Totals};

use self::dice::{Dice, Purpose};
use self::form::Form;
use self::json::Object;
use self::keys::{Digest, Keys, Known};
use self::problem::Problem;
use self::state::{Answer, World};
use crate::billing::call::{Call, Method, Reply};

/// A stand-in for Stripe.
#[derive(Clone, Debug)]
pub struct Sandbox {
    world: World,
    keys: Keys,
    faults: Faults,
    dice: Dice,
    requests: Dice,
}

/// What comes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, after so long.
    Answered {
        /// What.
        reply: Reply,
        /// After how many milliseconds.
        after_ms: u64,
    },
    /// Nothing came back: whoever called cannot tell whether it had an effect.
    Lost,
}

/// The longest key.
const KEY_BYTES_MAX: usize = 255;

impl Sandbox {
    /// An account without any customer.
    pub fn new(seed: u64) -> Sandbox {
        Sandbox {
            world: World::new(seed),
            keys: Keys::default(),
            faults: Faults::NONE,
            dice: Dice::new(seed, Purpose::Faults),
            requests: Dice::new(seed, Purpose::Requests),
        }
    }

    /// What goes wrong from now on.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
        self.world.events.set_faults(faults);
    }

    /// Answers a call that comes at `now`, in seconds since 1970. Time does not go back: an earlier `now` is the
    /// latest there was.
    pub fn call(&mut self, call: &Call, now: i64) -> Outcome {
        self.advance(now);
        let fate = Fate::draw(&mut self.dice, &self.faults);
        if fate.is_lost_before {
            return Outcome::Lost;
        }
        let reply = self.answer(call, &fate);
        match fate.is_lost_after {
            true => Outcome::Lost,
            false => Outcome::Answered { reply, after_ms: fate.after_ms },
        }
    }

    /// Lets time pass, so that what Stripe does by itself happens.
    pub fn advance(&mut self, now: i64) {
        self.world.advance(now);
        self.keys.forget(self.world.now);
    }

    /// The webhooks that are due. Each is tried again later, until it is said to be [taken](Sandbox::delivered).
    pub fn due(&mut self, now: i64) -> Vec<Delivery> {
        self.advance(now);
        self.world.events.due(self.world.now)
    }

    /// Whether somebody took the webhook of an event; one that was not taken is tried again.
    pub fn delivered(&mut self, event_id: &str, is_taken: bool, now: i64) {
        self.advance(now);
        self.world.events.delivered(event_id, is_taken);
    }

    fn answer(&mut self, call: &Call, fate: &Fate) -> Reply {
        if fate.is_limited {
            return refusal(&Problem::too_many());
        }
        let key = call.key.as_deref().filter(|_| call.method == Method::Post);
        let Some(key) = key else { return reply(&self.execute(call, fate)) };
        if key.is_empty() || KEY_BYTES_MAX < key.len() {
            let message = format!("An idempotency key has from 1 to {KEY_BYTES_MAX} bytes.");
            return refusal(&Problem::parameter("", "Idempotency-Key", message));
        }
        if fate.is_conflict {
            return refusal(&Problem::in_progress(key));
        }
        let digest = Digest::of(call);
        match self.keys.look(key, digest) {
            Known::New => {}
            Known::Other => return refusal(&Problem::other_parameters(key)),
            Known::Same(saved) => {
                // To ask again for what failed once is to be told the same again.
                let should_retry = (400 <= saved.status).then_some(false);
                let (status, body) = (saved.status, saved.body.to_string());
                return Reply { status, body, is_replayed: true, should_retry, retry_after_s: None };
            }
        }
        let answer = self.execute(call, fate);
        let reply = reply(&answer);
        if !matches!(&answer, Err(problem) if problem.is_early) {
            self.keys.save(key, digest, reply.status, &reply.body, self.world.now);
        }
        reply
    }

    fn execute(&mut self, call: &Call, fate: &Fate) -> Answer {
        if call.method != Method::Get {
            self.world.events.request = request(&self.requests.id("req_"), call.key.as_deref()).into();
        }
        let strike = match (fate.is_locked, fate.is_broken_before) {
            (true, _) if call.method != Method::Get => Some(Problem::locked()),
            (_, true) => Some(Problem::broken()),
            _ => None,
        };
        let answer = Form::parse(&call.form, strike).and_then(|form| self.world.route(call.method, &call.path, form));
        self.world.events.end_request();
        match fate.is_broken_after {
            true => answer.and(Err(Problem::broken())),
            false => answer,
        }
    }
}

/// What an event tells of the call that it is due to.
fn request(id: &str, key: Option<&str>) -> String {
    let mut out = String::with_capacity(100);
    let mut object = Object::open(&mut out);
    object.text("id", id);
    object.maybe_text("idempotency_key", key);
    object.close();
    out
}

fn reply(answer: &Answer) -> Reply {
    match answer {
        Ok(body) => Reply { status: 200, body: body.clone(), ..Reply::default() },
        Err(problem) => refusal(problem),
    }
}

fn refusal(problem: &Problem) -> Reply {
    Reply {
        status: problem.status,
        body: problem.body(),
        is_replayed: false,
        should_retry: problem.should_retry,
        retry_after_s: problem.retry_after_s,
    }
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug)]
struct Fate {
    is_lost_before: bool,
    is_lost_after: bool,
    is_limited: bool,
    is_locked: bool,
    is_conflict: bool,
    is_broken_before: bool,
    is_broken_after: bool,
    after_ms: u64,
}

impl Fate {
    fn draw(dice: &mut Dice, faults: &Faults) -> Fate {
        Fate {
            is_lost_before: dice.chance(faults.lost_before),
            is_lost_after: dice.chance(faults.lost_after),
            is_limited: dice.chance(faults.limited),
            is_locked: dice.chance(faults.lock_timeout),
            is_conflict: dice.chance(faults.conflict),
            is_broken_before: dice.chance(faults.error_before),
            is_broken_after: dice.chance(faults.error_after),
            after_ms: match dice.chance(faults.slow) {
                true => 2_000 + u64::from(dice.below(43_000)),
                false => 20 + u64::from(dice.below(80)),
            },
        }
    }
}
