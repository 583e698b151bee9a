//! Totals, the readers' view, and the dashboard.

use std::hint::black_box;

use rialto::domain::calendar::Calendar;
use rialto::domain::money::Currency;
use rialto::http::wire::Board;
use rialto::ledger::book::Book;
use rialto::ledger::entry::Status;
use rialto::ledger::totals::Totals;
use rialto::ledger::view::View;

use crate::book;
use crate::city::BATCH;
use crate::count::counted;
use crate::inputs::{self, EVENTS, NOW};

/// How often a view is made, or asked.
const TIMES: usize = 64;

/// Charges counted, a batch at a time, by totals that have counted as many before.
pub fn advance() -> usize {
    let book = earned();
    let mut totals = Totals::new(calendar());
    let half = EVENTS / 2;
    totals.advance(&book, half, NOW);
    counted(&mut || {
        for durable in (half..=EVENTS).step_by(BATCH) {
            totals.advance(&book, durable, NOW);
        }
    });
    assert_eq!(totals.counted(), EVENTS, "not every charge was counted");
    EVENTS - half
}

/// A view, as the bookkeeper makes one after each group.
pub fn view() -> usize {
    let totals = counted_totals();
    counted(&mut || {
        for _ in 0..TIMES {
            black_box(View::new(&totals, EVENTS as u64, 0, 0, &Default::default()));
        }
    });
    TIMES
}

/// The dashboard's question, answered in process.
pub fn dashboard() -> usize {
    let (view, calendar) = (View::new(&counted_totals(), EVENTS as u64, 0, 0, &Default::default()), calendar());
    counted(&mut || {
        for _ in 0..TIMES {
            black_box(view.dashboard(Currency::EUR, NOW, &calendar));
        }
    });
    TIMES
}

/// Its answer as JSON.
pub fn board() -> usize {
    let (view, calendar) = (View::new(&counted_totals(), EVENTS as u64, 0, 0, &Default::default()), calendar());
    let dashboard = view.dashboard(Currency::EUR, NOW, &calendar);
    assert!(!dashboard.top_businesses[3].is_empty(), "nobody earned anything");
    counted(&mut || {
        for _ in 0..TIMES {
            black_box(serde_json::to_vec(&Board::new(&dashboard, calendar.zone())).expect("an answer"));
        }
    });
    TIMES
}

fn counted_totals() -> Totals {
    let mut totals = Totals::new(calendar());
    totals.advance(&earned(), EVENTS, NOW);
    totals
}

/// A book of nothing but charges.
fn earned() -> Book {
    let activities = inputs::services();
    let events = inputs::events(&activities);
    let mut book = book::with_names(&events);
    book::take(&mut book, &events, &[Status::Priced]);
    book
}

fn calendar() -> Calendar {
    Calendar::new(chrono_tz::Europe::Rome)
}
