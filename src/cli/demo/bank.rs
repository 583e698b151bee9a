//! The demo's bank: a sandbox that stands in for Stripe, whose customers pay, and one business that is trusted with it.
//!
//! It is on the demo's own clock, so that whoever is invoiced pays within the demo's day; and on this machine alone.

use std::collections::HashSet;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use crate::billing::call::{Call, Method};
use crate::billing::signature::Secrets;
use crate::clock::Clock;
use crate::demo::{City, Table};
use crate::domain::activity::Activity;
use crate::domain::money::Money;
use crate::domain::names::Name;
use crate::domain::orders::{Order, What};
use crate::domain::payers::Payer;
use crate::domain::rollout::{Move, Phase, Subject};
use crate::reading::Reader;
use crate::sandbox::Outcome;
use crate::sandbox::shell::{Running, Settings, Webhook, serve};
use crate::stripe::gateway::{self, Limits};
use crate::stripe::key::Key;
use crate::wiring::{Collecting, OrderError, Rialto};

/// An invoice is paid so long after it was sent: a quarter of a day.
const PAYS_AFTER: Duration = Duration::from_secs(6 * 3600);
const DAY_MICROS: i64 = 86_400_000_000;

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
        let port = sidecar.port();
        let webhook = Webhook { url: format!("http://127.0.0.1:{port}/webhooks/stripe"), secret: secret.clone() };
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

    /// How the sidecar collects there: at `hour`, and sooner from `threshold` on.
    pub fn collecting(&self, hour: u32, threshold: Money) -> Result<Collecting, Box<dyn Error>> {
        let gateway = gateway::Settings {
            base: format!("http://{}", self.address()),
            key: Key::parse("sk_test_demo")?,
            limits: Limits::default(),
        };
        Ok(Collecting { gateway, secrets: Secrets::new([self.secret.as_str()])?, hour, threshold })
    }

    /// What an operator does on the second day of a rollout: accepts the contradictions that were looked at, lists who
    /// pays, and lets one business go live; which one, if any.
    pub async fn trust_one(&self, rialto: &Rialto, reader: Reader, city: &City, lived: u32) -> Option<Name> {
        let business = next_to_serve(city, reader, lived)?;
        match self.orders(rialto, business).await {
            Ok(()) => Some(business),
            Err(error) => {
                tracing::warn!(%business, %error, "the demo's business stays in shadow");
                None
            }
        }
    }

    /// Stops it.
    pub async fn close(self) {
        self.running.stop().await;
    }

    async fn orders(&self, rialto: &Rialto, business: Name) -> Result<(), OrderError> {
        let order =
            async |why: &str, what| rialto.order(Order { by: "demo".into(), why: why.into(), what }).await.map(drop);
        for conflict in 0..u32::try_from(rialto.view().conflicts).unwrap_or(u32::MAX) {
            order("the engine ran it twice; the first stays", What::Accept(conflict)).await?;
        }
        for client in City::clients().filter_map(Name::new) {
            let payer = Payer { customer: self.customer(client), ..Payer::new(client) };
            order("a client of the demo's", What::List(payer)).await?;
        }
        let live = Move { subject: Subject::Business(business), to: Some(Phase::Live) };
        order("the one business that is trusted first", What::Move(live)).await
    }

    /// A customer for a client.
    fn customer(&self, client: Name) -> Option<Name> {
        let form = format!("name={client}&email={client}%40example.org");
        let call = Call { method: Method::Post, path: "/v1/customers".to_owned(), form, key: None };
        let now = self.running.now();
        let Outcome::Answered { reply, .. } = self.running.with(|sandbox| sandbox.call(&call, now)) else {
            return None;
        };
        let made: serde_json::Value = serde_json::from_str(&reply.body).ok()?;
        Name::new(made["id"].as_str()?)
    }
}

/// Of the businesses that served somebody while the city lived, the one that serves first on the day that begins.
fn next_to_serve(city: &City, reader: Reader, lived: u32) -> Option<Name> {
    let begins = City::START_MICROS + i64::from(lived) * DAY_MICROS;
    let mut served = HashSet::new();
    for tick in super::lived(city, lived + 1) {
        let rows = tick.deliveries.iter().filter(|delivery| delivery.table == Table::Activities);
        let activities = rows.flat_map(|delivery| &delivery.rows).filter_map(|row| reader.activity(row).ok());
        for business in activities.filter(is_service).filter_map(|service| service.business) {
            if tick.at_micros < begins {
                served.insert(business);
            } else if served.contains(&business) {
                return Some(business);
            }
        }
    }
    None
}

fn is_service(activity: &Activity) -> bool {
    activity.kind.is_some_and(|kind| kind.as_str() == "paid_service")
}
