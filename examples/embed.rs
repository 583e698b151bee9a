//! Rialto in process: an engine that records what its citizens do, without HTTP and without waiting.
//!
//! Run it with `cargo run --example embed`.

use std::error::Error;

use rialto::domain::activity::{Activity, Occurred, Stated};
use rialto::domain::external::Receiver;
use rialto::domain::ids::{Feed, SourceId};
use rialto::domain::money::Currency;
use rialto::domain::names::Name;
use rialto::ledger::totals::both;
use rialto::wiring::{Rialto, Settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("rialto-embed-{}", std::process::id()));
    let rialto = Rialto::start(Settings::new(&folder))?;

    // One event, and its receipt once it is on the disk.
    let mut consultation = Activity::new(Feed::Activity, SourceId::new("recConsultation01")?);
    consultation.kind = Name::new("paid_service");
    consultation.citizen = Name::new("GondolaDrifter");
    consultation.minutes = Stated::Is(90.into());
    consultation.expertise = Stated::Is("1.2".parse()?);
    consultation.occurred = Occurred::at(rialto.clock().now());
    let receipt = rialto.record(consultation.clone()).await?;
    println!("a consultation: {:?}", receipt);

    // A batch: the same again is a duplicate, and gets the first receipt.
    let mut letter = Activity::new(Feed::Message, SourceId::new("recLetter000000001")?);
    letter.citizen = Name::new("GondolaDrifter");
    letter.receiver = Receiver::new(Some("@rialto"), letter.citizen, None, None);
    for receipt in rialto.record_batch(vec![letter, consultation]).await? {
        println!(
            "in a batch: {} {:?}",
            receipt.status.as_str(),
            receipt.charge.map(|charge| charge.amount.to_string())
        );
    }

    // Handing over without waiting; the receipt comes later, to whoever wants it.
    let mut walk = Activity::new(Feed::Activity, SourceId::new("recWalk00000000001")?);
    walk.kind = Name::new("goto_work");
    let pending = rialto.submit(walk)?;
    println!("a walk: {}", pending.await?.status.as_str());

    let dashboard = rialto.dashboard(Currency::EUR);
    println!("today: {} EUR", both(dashboard.periods[0]));

    rialto.stop().await.map_err(|cause| cause.to_string())?;
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
