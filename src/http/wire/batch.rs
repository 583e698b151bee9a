//! The answer to a batch: what became of each event, in order.

use serde::Serialize;

use crate::domain::charge::{Hold, Stage};
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
#[derive(Debug, Default, Serialize)]
pub struct Outcome<'a> {
    index: usize,
    id: Option<&'a str>,
    status: &'static str,
    amount: Option<String>,
    currency: Option<String>,
    stage: Option<&'static str>,
    transaction_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_basis: Option<&'static str>,
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
        let is_refused = receipt.status == Status::Rejected;
        let (amount, stage) =
            receipt.charge.map_or((Money::ZERO, Stage::Shadow), |charge| (charge.amount, charge.stage));
        let currency = receipt.charge.map_or(currency, |charge| charge.currency);
        let result = Outcome {
            id: Some(id),
            amount: (!is_refused).then(|| amount.to_string()),
            currency: (!is_refused).then(|| currency.to_string()),
            stage: (!is_refused).then(|| stage.as_str()),
            transaction_id: receipt.charge.map(|charge| charge.transaction.to_string()),
            held: receipt.charge.is_some_and(|charge| charge.is_held),
            hold: receipt.charge.and_then(|charge| charge.hold).map(Hold::as_str),
            upgraded: receipt.upgraded,
            error: is_refused
                .then_some(Fault { code: "book_full", message: "the book takes no more: see ARCHITECTURE.md, Limits" }),
            ..Outcome::default()
        };
        self.push(receipt.status, result);
    }

    /// The event before told a time that could not be taken: it happened when it was seen.
    pub fn without_its_time(&mut self, basis: &'static str) {
        if let Some(last) = self.results.last_mut() {
            last.time_basis = Some(basis);
        }
    }

    /// The next event was refused.
    pub fn refusal(&mut self, refusal: &'a Refusal) {
        let error = Some(Fault { code: refusal.code.as_str(), message: &refusal.message });
        self.push(Status::Rejected, Outcome { id: refusal.id.as_deref(), error, ..Outcome::default() });
    }

    /// The next row was taken; whether it was news.
    pub fn row(&mut self, id: &'a str, is_news: bool) {
        let status = if is_news { Status::Recorded } else { Status::Duplicate };
        self.push(status, Outcome { id: Some(id), ..Outcome::default() });
    }

    fn push(&mut self, status: Status, result: Outcome<'a>) {
        *self.count(status) += 1;
        self.results.push(Outcome { index: self.results.len(), status: status.as_str(), ..result });
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
