//! An address of its own for Stripe's webhooks, from the configuration.

use std::net::SocketAddr;

use crate::config::Config;

/// The address for webhooks, if there is to be one.
pub(super) fn outside(config: &Config) -> Result<Option<SocketAddr>, String> {
    match config.webhook_address() {
        Some(address) if config.stripe_mode == "off" => Err(format!(
            "webhook_listen is {address}, and stripe_mode is off, so that nothing would be taken there: set stripe_mode to sandbox, test or live, or leave webhook_listen empty"
        )),
        address => Ok(address),
    }
}
