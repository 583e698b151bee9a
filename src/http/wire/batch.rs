//! The answer to a batch: what became of each event, in order.

use serde::Serialize;

use crate::domain::charge::Stage;
use crate::domain::money::{Currency, Money};
use crate::ledger::entry::{Receipt, Status};
use crate::reading::Refusal;

/// The answer to a batch of events.
#[derive(Debug, Default, Serialize)]
pub struct Batch<'a> {
    recorded: usize,
    priced: usize,
    duplicate: usize,
    conflict: usize,
    rejected: usize,
    results: Vec<Outcome<'a>>,
}

/// What became of one event of a batch.
#[derive(Debug, Serialize)]
pub struct Outcome<'a> {
    index: usize,
    id: Option<&'a str>,
    status: &'static str,
    amount: Option<String>,
    currency: Option<String>,
    stage: Option<&'static str>,
    transaction_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    upgraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

/// Why one event was refused.
#[derive(Debug, Serialize)]
pub struct Fault<'a> {
    code: &'a str,
    message: &'a str,
}

impl<'a> Batch<'a> {
    /// Room for `count` results.
    pub fn with_capacity(count: usize) -> Batch<'a> {
        Batch { results: Vec::with_capacity(count), ..Batch::default() }
    }

    /// The next event was taken, with this receipt.
    pub fn receipt(&mut self, id: &'a str, receipt: &Receipt, currency: Currency) {
        *self.count(receipt.status) += 1;
        let is_refused = receipt.status == Status::Rejected;
        let (amount, stage) =
            receipt.charge.map_or((Money::ZERO, Stage::Shadow), |charge| (charge.amount, charge.stage));
        let currency = receipt.charge.map_or(currency, |charge| charge.currency);
        self.results.push(Outcome {
            index: self.results.len(),
            id: Some(id),
            status: receipt.status.as_str(),
            amount: (!is_refused).then(|| amount.to_string()),
            currency: (!is_refused).then(|| currency.to_string()),
            stage: (!is_refused).then(|| stage.as_str()),
            transaction_id: receipt.charge.map(|charge| charge.transaction.to_string()),
            upgraded: receipt.upgraded,
            error: is_refused
                .then_some(Fault { code: "book_full", message: "the book takes no more: see ARCHITECTURE.md, Limits" }),
        });
    }

    /// The next event was refused.
    pub fn refusal(&mut self, refusal: &'a Refusal) {
        self.rejected += 1;
        self.results.push(Outcome {
            index: self.results.len(),
            id: refusal.id.as_deref(),
            status: Status::Rejected.as_str(),
            amount: None,
            currency: None,
            stage: None,
            transaction_id: None,
            upgraded: false,
            error: Some(Fault { code: refusal.code.as_str(), message: &refusal.message }),
        });
    }

    /// The next row was taken; whether it was news.
    pub fn row(&mut self, id: &'a str, is_news: bool) {
        let status = if is_news { Status::Recorded } else { Status::Duplicate };
        *self.count(status) += 1;
        self.results.push(Outcome {
            index: self.results.len(),
            id: Some(id),
            status: status.as_str(),
            amount: None,
            currency: None,
            stage: None,
            transaction_id: None,
            upgraded: false,
            error: None,
        });
    }

    fn count(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Recorded => &mut self.recorded,
            Status::Priced => &mut self.priced,
            Status::Duplicate => &mut self.duplicate,
            Status::Conflict => &mut self.conflict,
            Status::Rejected => &mut self.rejected,
        }
    }
}
