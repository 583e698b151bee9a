//! Webhooks: each is signed, and sent until somebody answers that he took it.
//!
//! Whatever time it is in the sandbox, they are signed by this machine's: a signature says when it was sent, and not
//! when that happened which is told. So Stripe signs what its test clocks make happen.

use std::time::Duration;

use super::House;
use crate::billing::signature::sign;
use crate::clock::Clock;
use crate::sandbox::Delivery;

/// Where webhooks go.
#[derive(Clone)]
pub struct Webhook {
    /// To which address; plain HTTP only.
    pub url: String,
    /// What they are signed with, as it is given: with its `whsec_`.
    pub secret: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How long whoever gets one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends what is due, one after the other.
pub(super) async fn deliver(house: &House) {
    let due = house.sandbox().due(house.now());
    let Some(webhook) = &house.webhook else {
        // Nobody wants them.
        let mut sandbox = house.sandbox();
        due.iter().for_each(|delivery| sandbox.delivered(&delivery.event_id, true, house.now()));
        return;
    };
    for delivery in due {
        let (event, attempt) = (delivery.event_id.clone(), delivery.attempt);
        let (webhook, at) = (webhook.clone(), Clock::system().now().0.div_euclid(1_000_000));
        let sent = tokio::task::spawn_blocking(move || send(&webhook, delivery, at)).await;
        let is_taken = match sent {
            Ok(Ok(status)) => {
                tracing::debug!(event.id = event, attempt, status, "a webhook was sent");
                (200..300).contains(&status)
            }
            Ok(Err(error)) => {
                tracing::debug!(event.id = event, attempt, %error, "a webhook found nobody");
                false
            }
            Err(_) => false,
        };
        house.sandbox().delivered(&event, is_taken, house.now());
    }
}

fn send(webhook: &Webhook, delivery: Delivery, at: i64) -> Result<u16, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
    let request = config
        .build()
        .new_agent()
        .post(&webhook.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", sign(delivery.payload.as_bytes(), &webhook.secret, at));
    request.send(delivery.payload).map(|response| response.status().as_u16())
}
