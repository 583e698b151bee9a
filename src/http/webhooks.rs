//! What Stripe tells: a signature says that it is Stripe, and a 2xx that it is written down.

use bytes::Bytes;
use serde_json::json as object;
use warp::http::StatusCode;

use super::reply::{Answer, Refused, json};
use crate::wiring::{NoticeError, Rialto};

/// The one path that is for Stripe. It needs no token: the signature is one.
pub const PATH: &str = "/webhooks/stripe";

/// Takes an event in.
pub async fn stripe(rialto: Rialto, signature: Option<String>, body: Bytes) -> Result<Answer, Refused> {
    let noticed = rialto.notice(signature.as_deref(), &body).await;
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
