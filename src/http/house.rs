//! What the routes are given: the sidecar, and the reader of records.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::page::Gallery;
use crate::reading::Reader;
use crate::wiring::Rialto;

/// What every route needs.
#[derive(Clone, Debug)]
pub struct House {
    /// The sidecar.
    pub rialto: Rialto,
    /// The reader of records.
    pub reader: Reader,
    /// Held by who looks at a payer's terms to change some of them.
    pub listing: Arc<Mutex<()>>,
    /// Those who watch the page.
    pub gallery: Arc<Gallery>,
    /// After how long without an event the page says so.
    pub silence: Duration,
}
