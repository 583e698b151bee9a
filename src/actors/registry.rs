//! The registry: the address of every actor that is awake.
//!
//! An actor is woken by the first part that is for it, and retires when it was idle for long enough:
//! taking its address away is all it takes, and what waits in its mailbox is still done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix::dev::ToEnvelope;
use actix::prelude::*;
use dashmap::DashMap;
use hashbrown::DefaultHashBuilder;

use super::business::Business;
use super::citizen::Citizen;
use super::clerk::Clerk;
use super::sheet::Part;
use crate::domain::names::Name;

/// Whose part of a sheet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A business's.
    Business(Name),
    /// A citizen's, where no business is named.
    Citizen(Name),
}

/// The actors that are awake.
#[derive(Debug)]
pub struct Registry {
    citizens: Awake<Citizen>,
    businesses: Awake<Business>,
    arbiters: Vec<ArbiterHandle>,
    clerk: Clerk,
    mailbox: usize,
    give_back: Option<fn()>,
    epoch: Instant,
    alive: Arc<AtomicUsize>,
}

type Awake<A> = DashMap<Name, Live<A>, DefaultHashBuilder>;

#[derive(Debug)]
struct Live<A: Actor> {
    address: Addr<A>,
    /// When it was last sent something, in seconds since the registry began.
    used: AtomicU32,
}

/// How many actors retire before anything is tidied up.
const MANY: usize = 10_000;
/// Many shards, so that looking through one for idle actors keeps nobody waiting.
const SHARDS: usize = 1024;

impl Registry {
    /// An empty registry, which spreads its actors over `arbiters`; `give_back` asks the allocator to give
    /// the memory that a thread has freed back to the system.
    pub fn new(arbiters: Vec<ArbiterHandle>, clerk: Clerk, mailbox: usize, give_back: Option<fn()>) -> Registry {
        let hasher = DefaultHashBuilder::default();
        Registry {
            citizens: DashMap::with_hasher_and_shard_amount(hasher.clone(), SHARDS),
            businesses: DashMap::with_hasher_and_shard_amount(hasher, SHARDS),
            arbiters,
            clerk,
            mailbox,
            give_back,
            epoch: Instant::now(),
            alive: Arc::default(),
        }
    }

    /// Sends `entity` its part, and wakes it if it sleeps. A part that nobody takes is dropped, and
    /// the bookkeeper works it out.
    pub fn send(&self, entity: Entity, part: Part) {
        let (clerk, mailbox, alive) = (|| self.clerk.clone(), self.mailbox, || Arc::clone(&self.alive));
        match entity {
            Entity::Citizen(id) => {
                self.send_to(&self.citizens, id, part, move || Citizen::new(clerk(), mailbox, alive()));
            }
            Entity::Business(id) => {
                self.send_to(&self.businesses, id, part, move || Business::new(clerk(), mailbox, alive()));
            }
        }
    }

    fn send_to<A>(&self, awake: &Awake<A>, id: Name, part: Part, actor: impl Fn() -> A)
    where
        A: Actor<Context = Context<A>> + Handler<Part> + Send,
        A::Context: ToEnvelope<A, Part>,
    {
        let now = self.seconds();
        let refused = match awake.get(&id) {
            Some(live) => {
                live.used.store(now, Ordering::Relaxed);
                live.address.try_send(part)
            }
            None => Err(SendError::Closed(part)),
        };
        let part = match refused {
            Ok(()) => return,
            Err(SendError::Closed(part)) => part,
            Err(SendError::Full(part)) => return drop(part),
        };
        // It sleeps, or died: the address is looked up again under the lock, and somebody woken.
        let mut live = awake.entry(id).or_insert_with(|| self.wake(id, actor()));
        if !live.address.connected() {
            *live = self.wake(id, actor());
        }
        drop(live.address.try_send(part));
    }

    fn wake<A: Actor<Context = Context<A>> + Send>(&self, id: Name, actor: A) -> Live<A> {
        let arbiter = &self.arbiters[id.serial() % self.arbiters.len()];
        let address = A::start_in_arbiter(arbiter, move |_| actor);
        Live { address, used: AtomicU32::new(self.seconds()) }
    }

    /// Retires every actor that was idle for longer than `idle`.
    pub fn retire(&self, idle: Duration) {
        let now = self.seconds();
        let is_busy = |used: &AtomicU32| u64::from(now.saturating_sub(used.load(Ordering::Relaxed))) <= idle.as_secs();
        let before = self.citizens.len() + self.businesses.len();
        self.citizens.retain(|_, live| is_busy(&live.used));
        self.businesses.retain(|_, live| is_busy(&live.used));
        self.tidy(before);
    }

    /// Retires everybody at once.
    pub fn retire_all(&self) {
        let before = self.citizens.len() + self.businesses.len();
        self.citizens.clear();
        self.businesses.clear();
        self.tidy(before);
    }

    /// Gives back what many actors leave behind. Their arbiters may have nothing to do for long, so
    /// that the host's allocator is asked on each of them.
    fn tidy(&self, before: usize) {
        if before < self.citizens.len() + self.businesses.len() + MANY {
            return;
        }
        self.citizens.shrink_to_fit();
        self.businesses.shrink_to_fit();
        let Some(give_back) = self.give_back else { return };
        for arbiter in &self.arbiters {
            let alive = Arc::clone(&self.alive);
            arbiter.spawn(async move {
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

    /// How many actors are awake.
    pub fn awake(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    fn seconds(&self) -> u32 {
        self.epoch.elapsed().as_secs() as u32
    }
}
