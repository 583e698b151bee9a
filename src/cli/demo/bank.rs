//! The demo's bank: a sandbox that stands in for Stripe, whose customers pay.
//!
//! It is on the demo's own clock, so that whoever is invoiced pays within the demo's day; and on this machine alone.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::cli::collecting;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::webhooks::PATH;
use crate::sandbox::shell::{Running, Settings, Webhook, serve};
use crate::wiring::Collecting;

/// An invoice is paid so long after it was sent: within five seconds, where a day takes a minute.
const PAYS_AFTER: Duration = Duration::from_secs(2 * 3600);

/// A sandbox for one demo.
pub struct Bank {
    running: Running,
    secret: String,
}

impl Bank {
    /// Opens one on a free port, which tells the sidecar at `sidecar` what happens.
    pub async fn open(sidecar: SocketAddr, seed: u64, clock: Clock) -> Result<Bank, Box<dyn Error>> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let secret = format!("whsec_{}", random.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let webhook = Webhook { url: format!("http://{}{PATH}", reached(sidecar)), secret: secret.clone() };
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            seed,
            webhook: Some(webhook),
            pays_after: Some(PAYS_AFTER),
            clock,
            ..Settings::default()
        };
        Ok(Bank { running: serve(settings).await?, secret })
    }

    /// Where it can be looked at.
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// How the sidecar collects there, whatever keys and secrets the environment has.
    pub fn collecting(&self, config: &Config) -> Result<Collecting, String> {
        collecting::at_a_stand_in(config, format!("http://{}", self.address()), &self.secret)
    }

    /// Stops it.
    pub async fn close(self) {
        self.running.stop().await;
    }
}

/// Where somebody on this machine reaches whoever listens at `address`.
fn reached(address: SocketAddr) -> SocketAddr {
    let here: IpAddr = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(here, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached_on_this_machine() {
        for (listens, here) in [
            ("0.0.0.0:8717", "127.0.0.1:8717"),
            ("[::]:8717", "[::1]:8717"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("192.0.2.7:1", "192.0.2.7:1"),
        ] {
            assert_eq!(reached(listens.parse().unwrap()), here.parse().unwrap());
        }
    }
}
