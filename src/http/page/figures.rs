//! What the page shows, gathered: each of it as it is durable. What cannot be had is left out, and said to be.

use std::time::Duration;

use super::super::house::House;
use super::gallery::Selection;
use crate::actors::door::Closed;
use crate::actors::queries::Survey;
use crate::domain::money::Currency;
use crate::domain::tariff::timeline::Tariffs;
use crate::domain::time::Moment;
use crate::ledger::hours;
use crate::ledger::totals::ByStage;
use crate::ledger::view::Dashboard;
use crate::wiring::{Transaction, Wanted};

/// As many charges are shown.
const CHARGES: usize = 12;
/// Who waits for room on a disk tells nothing meanwhile, and a page is not to wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the page shows.
#[derive(Debug)]
pub struct Figures {
    /// What of it was asked for.
    pub selection: Selection,
    /// The zone that times are told in.
    pub zone: chrono_tz::Tz,
    /// Where the last record ended that was durable before anything else was asked.
    pub recorded: u64,
    /// The sums.
    pub dashboard: Dashboard,
    /// What was earned in each of the last hours.
    pub hours: [(Moment, ByStage); hours::TOLD],
    /// For how long no event was taken, where that is longer than usual.
    pub silence: Option<Duration>,
    /// Phase and invoices.
    pub survey: Option<Survey>,
    /// The latest charges, the newest first.
    pub charges: Option<Vec<Transaction>>,
    /// The names of rules.
    pub tariffs: std::sync::Arc<Tariffs>,
    /// Why no events are taken, where none are.
    pub closed: Option<Closed>,
    /// Whether there is somebody who collects, and whether real money moves.
    pub collects: Option<bool>,
    /// Why he rests, where he does.
    pub rests: Option<String>,
}

impl Figures {
    /// Asks for all of it.
    pub async fn gather(house: &House, selection: Selection) -> Figures {
        let rialto = &house.rialto;
        let recorded = rialto.view().recorded;
        let closed = rialto.check().err();
        rialto.look_ahead().await;
        let charges = rialto.transactions(Wanted { limit: CHARGES, ..Wanted::default() }).await;
        let survey = match closed {
            Some(Closed::DiskFull) => None,
            _ => survey(house, selection.currency).await,
        };
        let (view, dashboard) = (rialto.view(), rialto.dashboard(selection.currency));
        Figures {
            selection,
            zone: rialto.calendar().zone(),
            recorded,
            hours: view.hours(selection.currency, dashboard.as_of, rialto.calendar()),
            dashboard,
            // Who never heard anything is not used to it.
            silence: Some(rialto.meters().heard().silence())
                .filter(|silence| 0 < view.facts && house.silence <= *silence),
            survey,
            charges: charges.ok().map(|(charges, _)| charges),
            tariffs: rialto.tariffs(),
            closed,
            collects: rialto.collects(),
            rests: rialto.biller_rests(),
        }
    }
}

async fn survey(house: &House, currency: Currency) -> Option<Survey> {
    tokio::time::timeout(PATIENCE, house.rialto.survey(currency)).await.ok()?.ok()
}
