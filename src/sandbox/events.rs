//! Events: what happened, each with the object as it was then; and the webhooks that tell of them.
//!
//! A webhook that nobody takes is tried again, with growing gaps, for three days. Nobody may count on their order,
//! nor on getting each of them, nor on getting it once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::dice::{Dice, Purpose};
use super::faults::Faults;
use super::form::Form;
use super::json::Object;
use super::page::{Ask, Order};
use super::problem::Problem;
use super::state::{Answer, World};
use crate::billing::call::API_VERSION;

/// A webhook that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event that it tells of.
    pub event_id: String,
    /// The event: what is sent, and signed, byte for byte.
    pub payload: String,
    /// Which try it is, from 1.
    pub attempt: u32,
}

#[derive(Clone, Debug)]
struct Event {
    id: Arc<str>,
    kind: &'static str,
    created: i64,
    object: Arc<str>,
    request: Arc<str>,
}

/// All events of the last thirty days, and which webhooks are to tell of them when.
#[derive(Clone, Debug)]
pub(super) struct Events {
    dice: Dice,
    faults: Faults,
    all: VecDeque<Event>,
    /// How many are forgotten: the number of the first.
    first: usize,
    numbers: HashMap<Arc<str>, usize>,
    /// What is to be delivered, by when and in which turn.
    queue: BTreeMap<(i64, u64), Letter>,
    turn: u64,
    /// Where in the queue the next try of an event is.
    tries: HashMap<Arc<str>, (i64, u64)>,
    /// What is told of the call that is being done.
    pub(super) request: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
struct Letter {
    event: usize,
    attempt: u32,
    /// When it was to be delivered first; nothing, where it is a second copy that is tried once.
    since: Option<i64>,
}

/// How long events are told of.
const KEPT: i64 = 30 * 86_400;
/// How long a webhook is tried.
const TRIED: i64 = 3 * 86_400;
/// The gaps between tries; the last one stays.
const GAPS: [i64; 7] = [60, 300, 1_800, 7_200, 18_000, 36_000, 43_200];
/// What is told of a call that nobody made.
const NO_REQUEST: &str = r#"{"id":null,"idempotency_key":null}"#;

impl Event {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out);
        object.text("id", &self.id);
        object.text("object", "event");
        object.text("api_version", API_VERSION);
        object.number("created", self.created);
        let mut data = object.object("data");
        data.json("object", &self.object);
        data.close();
        object.members(r#""livemode":false,"pending_webhooks":1"#);
        object.json("request", &self.request);
        object.text("type", self.kind);
        object.close();
    }
}

impl Events {
    pub(super) fn new(seed: u64) -> Events {
        Events {
            dice: Dice::new(seed, Purpose::Webhooks),
            faults: Faults::NONE,
            all: VecDeque::new(),
            first: 0,
            numbers: HashMap::new(),
            queue: BTreeMap::new(),
            turn: 0,
            tries: HashMap::new(),
            request: NO_REQUEST.into(),
        }
    }

    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Nobody's call is being done.
    pub(super) fn end_request(&mut self) {
        if &*self.request != NO_REQUEST {
            self.request = NO_REQUEST.into();
        }
    }

    /// Forgets what nobody is told of any more.
    pub(super) fn forget(&mut self, now: i64) {
        while self.all.front().is_some_and(|event| event.created < now - KEPT) {
            self.first += 1;
            if let Some(event) = self.all.pop_front() {
                self.numbers.remove(&event.id);
                self.tries.remove(&event.id);
            }
        }
    }

    fn post(&mut self, event: usize, at: i64) {
        if self.dice.chance(self.faults.dropped) {
            return;
        }
        let when = |dice: &mut Dice| match dice.chance(self.faults.delayed) {
            true => at + 1 + i64::from(dice.below(600)),
            false => at,
        };
        let first = when(&mut self.dice);
        let second = self.dice.chance(self.faults.duplicated).then(|| when(&mut self.dice));
        self.put(first, Letter { event, attempt: 1, since: Some(first) });
        if let Some(second) = second {
            self.put(second, Letter { event, attempt: 1, since: None });
        }
    }

    fn put(&mut self, at: i64, letter: Letter) {
        let place = (at, self.turn);
        self.turn += 1;
        if letter.since.is_some()
            && let Some(event) = self.get(letter.event)
        {
            let id = Arc::clone(&event.id);
            self.tries.insert(id, place);
        }
        self.queue.insert(place, letter);
    }

    fn get(&self, number: usize) -> Option<&Event> {
        self.all.get(number.checked_sub(self.first)?)
    }

    /// What is due. Each is taken for refused until somebody says otherwise, as it is where nobody answers.
    pub(super) fn due(&mut self, now: i64) -> Vec<Delivery> {
        let mut due = Vec::new();
        while let Some((place, letter)) = self.queue.first_key_value().map(|(place, letter)| (*place, *letter)) {
            if now < place.0 {
                break;
            }
            self.queue.remove(&place);
            let Some(event) = self.get(letter.event) else { continue };
            let mut payload = String::with_capacity(event.object.len() + 300);
            event.write(&mut payload);
            let id = Arc::clone(&event.id);
            due.push(Delivery { event_id: id.to_string(), payload, attempt: letter.attempt });
            let Some(since) = letter.since else { continue };
            self.tries.remove(&id);
            let gap = GAPS[(letter.attempt as usize - 1).min(GAPS.len() - 1)];
            if now + gap <= since + TRIED {
                self.put(now + gap, Letter { attempt: letter.attempt + 1, ..letter });
            }
        }
        due
    }

    /// Somebody took a webhook, or did not.
    pub(super) fn delivered(&mut self, event_id: &str, is_taken: bool) {
        if is_taken && let Some(place) = self.tries.remove(event_id) {
            self.queue.remove(&place);
        }
    }
}

impl World {
    /// Notes that this happened, one event for each kind, all with the same object.
    pub(super) fn emit(&mut self, kinds: &[&'static str], object: String) {
        let object: Arc<str> = object.into();
        for kind in kinds {
            let id: Arc<str> = self.ids.id("evt_").into();
            let number = self.events.first + self.events.all.len();
            let (object, request) = (Arc::clone(&object), Arc::clone(&self.events.request));
            self.events.all.push_back(Event { id: Arc::clone(&id), kind, created: self.now, object, request });
            self.events.numbers.insert(id, number);
            self.events.post(number, self.now);
        }
    }

    pub(super) fn get_event(&self, id: &str, form: Form) -> Answer {
        form.end()?;
        let events = &self.events;
        let event = events.numbers.get(id).and_then(|number| events.get(*number));
        let mut out = String::with_capacity(4_000);
        event.ok_or_else(|| Problem::missing("event", id, "id"))?.write(&mut out);
        Ok(out)
    }

    pub(super) fn list_events(&self, mut form: Form) -> Answer {
        let ask = Ask::read(&mut form)?;
        let kinds = form.texts("types")?;
        let kind = form.text("type")?;
        let created = form.range("created")?;
        form.end()?;
        let events = &self.events;
        let keep = |place: usize| {
            let event = &events.all[place];
            let is_meant = kind.as_deref().is_none_or(|kind| is_of(event.kind, kind))
                && kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|kind| kind == event.kind))
                && created.contains(event.created);
            (created.least <= event.created).then_some(is_meant)
        };
        let rank = |id: &str| events.numbers.get(id)?.checked_sub(events.first);
        let page = ask.cut(events.all.len(), Order::NewestFirst, rank, keep)?;
        Ok(page.write("/v1/events", self, |out, world, place| world.events.all[place].write(out)))
    }
}

/// Whether an event is of a kind, which may end in a star.
fn is_of(event: &str, kind: &str) -> bool {
    match kind.strip_suffix('*') {
        Some(beginning) => event.starts_with(beginning),
        None => event == kind,
    }
}
