//! A sandbox at which a golden folder's bills go through all that can happen to them.

use rialto::billing::call::{Call, Method};
use rialto::billing::signature::Secrets;
use rialto::clock::Clock;
use rialto::domain::bills::{BillNo, Status};
use rialto::domain::ids::TransactionId;
use rialto::domain::money::Money;
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::Payer;
use rialto::ledger::bill::Want;
use rialto::sandbox::Outcome;
use rialto::sandbox::shell::{Running, Settings, serve};
use rialto::stripe::gateway::{self, Limits};
use rialto::stripe::key::Key;
use rialto::wiring::{Collecting, Rialto};

use crate::scribe::name;
use crate::support::service;

/// A sandbox on the golden folder's clock.
pub struct Bank(Running);

const CLIENT: &str = "client_golden";

impl Bank {
    pub async fn open(clock: Clock) -> Bank {
        let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), clock, ..Settings::default() };
        Bank(serve(settings).await.unwrap())
    }

    pub fn collecting(&self) -> Collecting {
        let base = format!("http://{}", self.0.address());
        Collecting {
            gateway: gateway::Settings { base, key: Key::parse("sk_test_golden").unwrap(), limits: Limits::default() },
            secrets: Secrets::new(["whsec_golden"]).unwrap(),
            hour: 23,
            threshold: Money::from_millionths(i64::MAX),
        }
    }

    fn post(&self, path: &str, form: &str) -> serde_json::Value {
        let call = Call { method: Method::Post, path: path.to_owned(), form: form.to_owned(), key: None };
        let now = self.0.now();
        let Outcome::Answered { reply, .. } = self.0.with(|sandbox| sandbox.call(&call, now)) else { panic!("lost") };
        serde_json::from_str(&reply.body).unwrap()
    }

    pub fn payer(&self) -> Payer {
        let customer = self.post("/v1/customers", "email=golden%40example.org");
        Payer { customer: Name::new(customer["id"].as_str().unwrap()), ..Payer::new(name(CLIENT)) }
    }

    /// Bills an hour, which is the bill with this number.
    pub async fn bill(&self, rialto: &Rialto, id: &str, bill: u32) {
        let mut hour = service(id, "Lucid", 60);
        hour.client = Some(name(CLIENT));
        rialto.record(hour).await.unwrap();
        rialto.bill_now().await.unwrap();
        self.walked(rialto).await;
        assert_eq!(rialto.bills().await.unwrap().get(BillNo(bill)).unwrap().seen.status, Status::Open);
    }

    /// Waits until every bill has come as far as it can.
    pub async fn walked(&self, rialto: &Rialto) {
        rialto.wake_biller();
        while rialto.bills().await.unwrap().open().any(|bill| bill.wants() != Want::Nothing) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The first bill is paid, part of it taken back and given back, and what was called off is billed again.
    pub async fn later(&self, rialto: &Rialto) {
        let order =
            async |what| rialto.order(Order { by: "operator".into(), why: "golden".into(), what }).await.unwrap();
        order(What::Rebill(BillNo(2))).await;
        let first = rialto.bills().await.unwrap().shared(BillNo(1)).unwrap();
        let invoice = first.seen.invoice.clone().unwrap();
        self.0.with(|sandbox| sandbox.pay(&invoice, self.0.now())).unwrap();
        rialto.adopt("operator", "golden").await.unwrap();
        while rialto.bills().await.unwrap().get(BillNo(1)).unwrap().seen.status != Status::Paid {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        order(What::Reverse(Reverse { transaction: TransactionId(u64::from(first.rows[0]) + 1), used: None })).await;
        // Not before what was told of its invoice is looked at.
        for _ in 0..2 {
            rialto.bill_now().await.unwrap();
            self.walked(rialto).await;
        }
        let bills = rialto.bills().await.unwrap();
        let kinds: Vec<_> =
            bills.iter().map(|bill| (bill.seen.status, bill.drawn.credits, bill.drawn.reissues)).collect();
        assert!(kinds.iter().any(|(_, credits, _)| credits.is_some()), "{kinds:?}");
        assert!(kinds.iter().any(|(.., reissues)| reissues.is_some()), "{kinds:?}");
    }
}
