//! `rialto bill run`: bills what is due, waits until all of it is out or known not to go out, and names what is not.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use super::bill::{PAUSE, progress, trouble};
use super::client::{Client, Remote, Signature};
use super::failure::Failure;
use super::{Outcome, plain};
use crate::domain::bills::BillNo;

/// Bill what is due now.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    signature: Signature,
    /// Do not wait: the sidecar goes on by itself.
    #[arg(long)]
    no_wait: bool,
}

/// So long a run waits where nothing goes on: Stripe is asked again sooner than that.
const PATIENCE: Duration = Duration::from_secs(60);

impl Run {
    pub(super) fn run(&self) -> Outcome {
        let client = self.remote.client()?;
        let mut done = client.post("/v1/bills/run", &self.signature.sign(json!({})))?;
        if self.no_wait {
            return self.remote.tell(&done, |done| counted(done, "on their way"));
        }
        self.wait(&client, done["walking"].as_u64().unwrap_or_default())?;
        let failed: Vec<Value> = standing(&client, &bills(&done["under_way"]))?
            .into_iter()
            .filter(|bill| left_behind(bill).is_some())
            .collect();
        let has_failed = !failed.is_empty();
        done["failed"] = failed.into();
        self.remote.tell(&done, ran)?;
        Ok(if has_failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// Waits until none of the bills can go on, or none does for long.
    fn wait(&self, client: &Client, all: u64) -> Result<(), Failure> {
        let bar = progress(all, "bills are out");
        let (mut least, mut since) = (u64::MAX, Instant::now());
        loop {
            let left = client.get("/v1/bills?limit=1")?;
            if let Some(why) = left["rests"].as_str() {
                bar.finish_and_clear();
                let failure = Failure::faulty("billing_shut", format!("the biller rests: {why}"), GOES_ON);
                return Err(failure.told_in_json(self.remote.json));
            }
            let left = left["walking"].as_u64().unwrap_or_default();
            bar.set_position(all.saturating_sub(left));
            if left < least {
                (least, since) = (left, Instant::now());
            }
            if left == 0 || PATIENCE < since.elapsed() {
                bar.finish_and_clear();
                return Ok(());
            }
            std::thread::sleep(PAUSE);
        }
    }
}

const GOES_ON: &str = "bills that are drawn stay so, and go on once that is mended";

/// The bills of a list of their names.
fn bills(list: &Value) -> BTreeSet<BillNo> {
    list.as_array().into_iter().flatten().filter_map(|bill| BillNo::parse(bill.as_str()?)).collect()
}

/// How these stand, in order, a page at a time.
fn standing(client: &Client, wanted: &BTreeSet<BillNo>) -> Result<Vec<Value>, Failure> {
    let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Vec::new()) };
    let (mut found, mut before) = (Vec::new(), Some(BillNo(last.0.saturating_add(1))));
    while let Some(end) = before {
        let page = client.get(&format!("/v1/bills?limit=500&before={end}"))?;
        let is_wanted =
            |bill: &&Value| bill["bill"].as_str().and_then(BillNo::parse).is_some_and(|no| wanted.contains(&no));
        found.extend(page["bills"].as_array().into_iter().flatten().filter(is_wanted).cloned());
        before = page["next"].as_str().and_then(BillNo::parse).filter(|next| first < next);
    }
    found.reverse();
    Ok(found)
}

/// What a run came to.
fn ran(done: &Value) -> String {
    let failed = done["failed"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(first) = failed.first() else { return counted(done, "all of it out") };
    let all = done["under_way"].as_array().map_or(0, Vec::len);
    let mut text = counted(done, &format!("{} out, {} not", all.saturating_sub(failed.len()), failed.len()));
    let part = |bill: &Value, key: &str| plain::line(bill[key].as_str().unwrap_or("-"));
    for bill in failed {
        let why = plain::line(&left_behind(bill).unwrap_or_default());
        text += &format!("{} to {}: {why}\n", part(bill, "bill"), part(bill, "payer"));
    }
    let [bill, payer] = ["bill", "payer"].map(|key| part(first, key));
    text + &format!(
        "`rialto payer check {payer}` says what Stripe lacks; once that is mended there, a bill goes on by itself. Other \
         terms (`rialto payer add {payer}`) hold\nfor it after `rialto bill cancel {bill}` and `rialto bill again \
         {bill}`; `rialto bill show {bill}` tells how it stands\n"
    )
}

/// Why a bill is not out, where it is not.
fn left_behind(bill: &Value) -> Option<String> {
    let is_waiting = match (bill["status"].as_str(), bill["next"].as_str()) {
        (Some("drawn" | "draft"), next) => next.is_some(),
        (_, next) => next.is_some_and(|next| next != "look"),
    };
    let still = || "it is still on its way: Stripe did not answer, and the log says why".to_owned();
    trouble(bill).or_else(|| is_waiting.then(still))
}

/// How many were drawn and were under way, and what became of them.
fn counted(done: &Value, became: &str) -> String {
    let drawn = done["drawn"].as_u64().unwrap_or_default();
    let all = done["under_way"].as_array().map_or(0, Vec::len) as u64;
    match (drawn, all.saturating_sub(drawn)) {
        (0, 0) => "nothing is due; `rialto bill plan` says why\n".to_owned(),
        (0, before) => {
            format!("nothing new is due; {before} under way before: {became}; `rialto bill list` shows all\n")
        }
        (drawn, 0) => format!("{drawn} drawn: {became}; `rialto bill list` shows how they stand\n"),
        (drawn, before) => {
            format!("{drawn} drawn, {before} under way before: {became}; `rialto bill list` shows how they stand\n")
        }
    }
}
