//! What the tests share: events, and a Rialto in a folder of its own.

use std::path::Path;

use rialto::actors::door::Closed;
use rialto::domain::activity::{Activity, Stated};
use rialto::domain::external::Receiver;
use rialto::domain::ids::{Feed, SourceId};
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, What};
use rialto::domain::payers::Payer;
use rialto::wiring::{Rialto, Settings};

/// A Rialto with its data in `folder`.
pub fn start(folder: &Path) -> Rialto {
    Rialto::start(Settings::new(folder)).expect("a Rialto that starts")
}

/// Somebody pays from now on.
pub async fn pays(rialto: &Rialto, id: &str) {
    let payer = Payer { customer: Name::new("cus_1"), ..Payer::new(Name::new(id).expect("a name")) };
    let order = Order { by: "operator".into(), why: "tried".into(), what: What::List(payer) };
    rialto.order(order).await.expect("a payer");
}

/// An hour of service by a citizen.
pub fn service(id: &str, citizen: &str, minutes: i64) -> Activity {
    let mut activity = Activity::new(Feed::Activity, SourceId::new(id).expect("an id"));
    activity.kind = Name::new("paid_service");
    activity.citizen = Name::new(citizen);
    activity.minutes = Stated::Is(minutes.into());
    activity
}

/// A message to somebody outside.
pub fn letter(id: &str, citizen: &str) -> Activity {
    let mut activity = Activity::new(Feed::Message, SourceId::new(id).expect("an id"));
    activity.citizen = Name::new(citizen);
    activity.receiver = Receiver::new(Some("@rialto"), activity.citizen, None, None);
    activity
}

/// Hands events in until the disk is full, and the door says so.
pub async fn until_full(rialto: &Rialto, event: impl Fn(&str) -> Activity) {
    for number in 0.. {
        if let Err(Closed::DiskFull) = rialto.submit(event(&format!("rec{number}"))) {
            break;
        }
        tokio::task::yield_now().await;
    }
}

/// Waits until the door says that there is room again.
pub async fn until_roomy(rialto: &Rialto) {
    while rialto.check() == Err(Closed::DiskFull) {
        tokio::task::yield_now().await;
    }
}
