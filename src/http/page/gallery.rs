//! The gallery: those who watch the page, and what they are shown.
//!
//! What is shown is made once for all who watch the same, at most once a second, and only while somebody watches. So many
//! may watch and no more: nobody who only looks keeps anybody from the API.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex as SyncMutex};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use twox_hash::XxHash3_64;

use super::super::answers::Query;
use super::super::house::House;
use super::super::reply::Refused;
use super::figures::Figures;
use super::sheet::{Part, Sheet};
use crate::domain::calendar::Period;
use crate::domain::money::Currency;

/// What of the page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Figures of this currency.
    pub currency: Currency,
    /// Who earned most in this period.
    pub period: Period,
}

/// A period as the page calls it.
pub const PERIODS: [(Period, &str, &str); 4] = [
    (Period::Day, "today", "today"),
    (Period::Week, "week", "this week"),
    (Period::Month, "month", "this month"),
    (Period::AllTime, "all_time", "in all time"),
];

impl Selection {
    /// What a query asks for.
    pub fn parse(house: &House, query: &Query) -> Result<Selection, Refused> {
        let what = "a currency is three letters, such as EUR";
        let currency = match query.get("currency") {
            Some(code) => Currency::parse(code).ok_or(Refused::Query { name: "currency", what })?,
            None => house.rialto.tariff().currency(),
        };
        let what = "a period is today, week, month or all_time";
        let period = match query.get("period") {
            Some(wanted) => {
                let known = PERIODS.iter().find(|(_, word, _)| word == wanted);
                known.ok_or(Refused::Query { name: "period", what })?.0
            }
            None => Period::Month,
        };
        Ok(Selection { currency, period })
    }
}

/// The page at one moment.
#[derive(Debug)]
pub struct State {
    /// What it is known by: the same figures, the same id.
    pub id: String,
    /// Everything up to here is in it, and perhaps more.
    pub recorded: u64,
    /// Its parts.
    pub parts: Vec<Part>,
    /// The title of the page.
    pub title: String,
    /// The totals in a sentence.
    pub spoken: String,
}

/// At most one is made in this time.
pub const REST: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Gallery {
    places: Arc<Semaphore>,
    shows: SyncMutex<HashMap<Selection, Arc<Show>>>,
    closing: watch::Receiver<bool>,
}

/// What all see who watch the same.
#[derive(Debug)]
struct Show {
    selection: Selection,
    last: Mutex<Option<(Instant, Arc<State>)>>,
}

/// Somebody's place in the gallery.
#[derive(Debug)]
pub struct Place {
    show: Arc<Show>,
    /// Tells when everybody has to leave.
    pub closing: watch::Receiver<bool>,
    _held: OwnedSemaphorePermit,
}

impl Gallery {
    /// A gallery with so many places, which closes when it is told to.
    pub fn new(places: usize, closing: watch::Receiver<bool>) -> Gallery {
        Gallery { places: Arc::new(Semaphore::new(places)), shows: SyncMutex::default(), closing }
    }

    /// A place in it, if one is free.
    pub fn enter(&self, selection: Selection) -> Result<Place, Refused> {
        let held = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refused::Crowded)?;
        let mut shows = self.shows.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // What nobody watches any more.
        shows.retain(|_, show| 1 < Arc::strong_count(show));
        let show = shows.entry(selection).or_insert_with(|| Arc::new(Show { selection, last: Mutex::default() }));
        Ok(Place { show: Arc::clone(show), closing: self.closing.clone(), _held: held })
    }
}

impl Place {
    /// The page as it is now, or was less than a [`REST`] ago; but with everything up to `recorded`.
    pub async fn look(&self, house: &House, recorded: u64) -> Arc<State> {
        let mut last = self.show.last.lock().await;
        if let Some((made, state)) = last.as_ref() {
            if recorded <= state.recorded && made.elapsed() < REST {
                return Arc::clone(state);
            }
            tokio::time::sleep_until(*made + REST).await;
        }
        let state = Arc::new(State::new(&Figures::gather(house, self.show.selection).await));
        *last = Some((Instant::now(), Arc::clone(&state)));
        state
    }
}

impl State {
    fn new(figures: &Figures) -> State {
        let sheet = Sheet::new(figures);
        let parts = sheet.parts();
        State { id: state_of(&parts), recorded: figures.recorded, parts, title: sheet.title, spoken: sheet.spoken }
    }
}

/// What these parts are known by.
pub fn state_of(parts: &[Part]) -> String {
    let digests = parts.iter().map(|part| part.counts);
    let bytes: Vec<u8> = digests.flat_map(u64::to_le_bytes).collect();
    let mut id = String::new();
    // Writing to a text cannot fail.
    let _ = write!(id, "{:016x}", XxHash3_64::oneshot(&bytes));
    id
}
