//! The registries: one for each arbiter, with the address of every actor that is awake there.
//!
//! A registry gives its actors their parts. An actor is woken by the first part that is for it, and retires when it was idle for long enough:
//! taking its address away is all it takes, and what waits in its mailbox is still done. A
//! registry lives beside its actors: a message within a thread costs a sixth of one between two.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::dev::ToEnvelope;
use actix::prelude::*;
use hashbrown::HashMap;

use super::business::Business;
use super::citizen::Citizen;
use super::clerk::Clerk;
use super::sheet::{Entity, Part, Round};
use crate::domain::names::Name;

/// The registries of all arbiters.
#[derive(Clone, Debug)]
pub struct Registries {
    addresses: Vec<Addr<Registry>>,
    alive: Arc<AtomicUsize>,
}

/// What a registry and its actors work with.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Prices what the actors are asked to.
    pub clerk: Clerk,
    /// How many parts a mailbox holds.
    pub mailbox: usize,
    /// Asks the allocator to give the memory that a thread has freed back to the system.
    pub give_back: Option<fn()>,
}

impl Registries {
    /// A registry on each of these arbiters.
    pub fn start(arbiters: &[ArbiterHandle], staff: &Staff) -> Registries {
        let alive = Arc::<AtomicUsize>::default();
        let start = |(number, arbiter): (usize, &ArbiterHandle)| {
            let (staff, alive, of) = (staff.clone(), Arc::clone(&alive), arbiters.len());
            Registry::start_in_arbiter(arbiter, move |_| Registry::new(staff, alive, (number, of)))
        };
        Registries { addresses: arbiters.iter().enumerate().map(start).collect(), alive: Arc::clone(&alive) }
    }

    /// Sends a sheet on its round, to the registries that have a part in it. Of one that is gone, the
    /// bookkeeper does the parts.
    pub fn deliver(&self, round: &Arc<Round>) {
        let of = self.addresses.len();
        for (number, registry) in self.addresses.iter().enumerate() {
            if round.parts().iter().any(|share| home(share.entity, of) == number) {
                drop(registry.try_send(Deliver(Arc::clone(round))));
            }
        }
    }

    /// Retires every actor that was idle for longer than `idle`; everybody, where that is nothing.
    pub fn retire(&self, idle: Duration) {
        for registry in &self.addresses {
            drop(registry.try_send(Retire(idle)));
        }
    }

    /// How many actors are awake.
    pub fn awake(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }
}

/// A sheet begins its round.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Deliver(Arc<Round>);

/// Who was idle for longer than this retires.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Retire(Duration);

/// The actors that are awake on one arbiter.
#[derive(Debug)]
pub struct Registry {
    citizens: HashMap<Name, Live<Citizen>>,
    businesses: HashMap<Name, Live<Business>>,
    staff: Staff,
    alive: Arc<AtomicUsize>,
    /// This arbiter's number, and how many there are: who belongs to whom.
    arbiter: (usize, usize),
    epoch: Instant,
}

#[derive(Debug)]
struct Live<A: Actor> {
    address: Addr<A>,
    /// When it was last sent something, in seconds since the registry began.
    used: u32,
}

/// The mailboxes of so many entities are looked at before they are sent anything.
const AHEAD: usize = 32;
/// How many actors retire before anything is tidied up.
const MANY: usize = 10_000;
/// A sheet of so many parts is waited for before the next one is begun.
const LARGE: usize = 16;

impl Registry {
    fn new(staff: Staff, alive: Arc<AtomicUsize>, arbiter: (usize, usize)) -> Registry {
        let (citizens, businesses) = (HashMap::new(), HashMap::new());
        Registry { citizens, businesses, staff, alive, arbiter, epoch: Instant::now() }
    }

    fn deliver(&mut self, round: &Arc<Round>) {
        let now = self.epoch.elapsed().as_secs() as u32;
        let (number, of) = self.arbiter;
        for (place, share) in round.parts().iter().enumerate() {
            if place % AHEAD == 0 {
                let near = round.parts()[place..].iter().take(AHEAD);
                near.filter(|share| home(share.entity, of) == number).for_each(|share| self.touch(share.entity));
            }
            if home(share.entity, of) != number {
                continue;
            }
            let part = Part::new(Arc::clone(round), *share);
            let (clerk, mailbox, alive) = (|| self.staff.clerk.clone(), self.staff.mailbox, || Arc::clone(&self.alive));
            match share.entity {
                Entity::Citizen(id) => {
                    send(&mut self.citizens, id, part, now, || Citizen::new(clerk(), mailbox, alive()));
                }
                Entity::Business(id) => {
                    send(&mut self.businesses, id, part, now, || Business::new(clerk(), mailbox, alive()));
                }
            }
        }
    }

    /// Looks at the mailbox of an entity, and at nothing else: for several in a row the memory is waited for
    /// at once.
    fn touch(&self, entity: Entity) {
        black_box(match entity {
            Entity::Citizen(id) => self.citizens.get(&id).map(|live| live.address.connected()),
            Entity::Business(id) => self.businesses.get(&id).map(|live| live.address.connected()),
        });
    }

    fn awake(&self) -> usize {
        self.citizens.len() + self.businesses.len()
    }

    /// Gives back what many actors leave behind. Their thread may have nothing to do for long, so that the
    /// host's allocator is asked on it.
    fn tidy(&mut self, before: usize) {
        if before < self.awake() + MANY {
            return;
        }
        self.citizens.shrink_to_fit();
        self.businesses.shrink_to_fit();
        let Some(give_back) = self.staff.give_back else { return };
        let alive = Arc::clone(&self.alive);
        actix::spawn(async move {
            // A million of them take a while to end.
            let mut before = usize::MAX;
            while alive.load(Ordering::Relaxed) < before {
                before = alive.load(Ordering::Relaxed);
                actix::clock::sleep(Duration::from_millis(200)).await;
            }
            give_back();
        });
    }
}

/// The number of the arbiter, of so many, that an entity's actor lives on.
fn home(entity: Entity, of: usize) -> usize {
    match entity {
        Entity::Citizen(name) | Entity::Business(name) => name.serial() % of,
    }
}

/// Sends an entity its part, and wakes it if it sleeps, or died. A part that nobody takes is dropped, and
/// the bookkeeper works it out.
fn send<A>(awake: &mut HashMap<Name, Live<A>>, id: Name, part: Part, now: u32, actor: impl Fn() -> A)
where
    A: Actor<Context = Context<A>> + Handler<Part>,
    A::Context: ToEnvelope<A, Part>,
{
    let live = awake.entry(id).or_insert_with(|| Live { address: actor().start(), used: now });
    live.used = now;
    if let Err(SendError::Closed(part)) = live.address.try_send(part) {
        live.address = actor().start();
        drop(live.address.try_send(part));
    }
}

impl Actor for Registry {
    type Context = Context<Registry>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(self.staff.mailbox);
    }
}

impl Handler<Deliver> for Registry {
    type Result = ();

    fn handle(&mut self, Deliver(round): Deliver, ctx: &mut Self::Context) {
        self.deliver(&round);
        // Whom it woke comes first. Otherwise each actor would find the parts of all sheets in its mailbox,
        // and all sheets would be done at once, when the last actor is: the bookkeeper idled until then.
        if LARGE <= round.parts().len() {
            ctx.wait(tokio::task::yield_now().into_actor(self));
        }
    }
}

impl Handler<Retire> for Registry {
    type Result = ();

    fn handle(&mut self, Retire(idle): Retire, _: &mut Self::Context) {
        let before = self.awake();
        let now = self.epoch.elapsed().as_secs();
        let is_busy = |used: u32| !idle.is_zero() && now.saturating_sub(used.into()) <= idle.as_secs();
        self.citizens.retain(|_, live| is_busy(live.used));
        self.businesses.retain(|_, live| is_busy(live.used));
        self.tidy(before);
    }
}
