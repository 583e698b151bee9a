//! What Stripe tells: a signature says that it is Stripe, and a 2xx that it is written down.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json as object;
use warp::http::StatusCode;

use super::reply::{Answer, Refused, json};
use crate::chain::Chain;
use crate::wiring::{NoticeError, Rialto};

/// The one path that is for Stripe. It needs no token: the signature is one.
pub const PATH: &str = "/webhooks/stripe";

/// How often the log has that something was refused here: strangers may send as much as they like.
const SELDOM: Duration = Duration::from_secs(60);

/// What was refused, and when the log last had it.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<(Option<Instant>, u64)>);

impl Refusals {
    fn add(&self, error: &NoticeError) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, since) = &mut *refusals;
        *since += 1;
        if last.is_none_or(|last| SELDOM <= last.elapsed()) {
            tracing::warn!(error = %Chain(error), refused = *since, "a webhook was refused: its signature is not of STRIPE_WEBHOOK_SECRET");
            (*last, *since) = (Some(Instant::now()), 0);
        }
    }
}

/// Takes an event in.
pub async fn stripe(
    rialto: Rialto,
    refusals: &Refusals,
    signature: Option<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let noticed = rialto.notice(signature.as_deref(), &body).await;
    if let Err(error @ NoticeError::Forged(_)) = &noticed {
        refusals.add(error);
    }
    let result = match &noticed {
        Ok(()) => "taken",
        Err(NoticeError::Forged(_) | NoticeError::Off) => "refused",
        Err(NoticeError::Unreadable) => "unreadable",
        Err(NoticeError::Failed(_)) => "failed",
    };
    rialto.meters().webhook(result);
    tracing::debug!(result, "a webhook came");
    match noticed {
        Ok(()) => Ok(json(StatusCode::OK, &object!({ "received": true }))),
        Err(NoticeError::Failed(error)) => Err(error.into()),
        Err(error) => Err(Refused::Webhook(error)),
    }
}
