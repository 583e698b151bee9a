//! How long it takes to send the invoices of many payers, at the rates of a live account.
//!
//! The sandbox is in the same process and keeps those rates as Stripe does: what is too much is refused. It answers no
//! faster than Stripe would, so that a biller who waits for each answer before the next call is seen to be slow; and it
//! tells of everything by webhooks, which are taken over HTTP.

use std::time::{Duration, Instant};

use rialto::billing::call::{Call, Method};
use rialto::billing::signature::Secrets;
use rialto::domain::money::Money;
use rialto::domain::names::Name;
use rialto::http::access::Access;
use rialto::http::server::{self as http, Server};
use rialto::reading::Reader;
use rialto::sandbox::Outcome;
use rialto::sandbox::shell::{self, Rate, Running, Webhook};
use rialto::stripe::gateway::{self, Limits};
use rialto::stripe::key::Key;
use rialto::wiring::{Collecting, Rialto, Settings};
use tokio::net::TcpListener;

use crate::bills::{GATE, PAYERS, owe};
use crate::figure::{Bench, Figure, Found};
use crate::rows::Figures;
use crate::section::{Section, grid};
use crate::sidecar;
use crate::text::number;

/// About what Stripe takes for an answer.
const LATENCY: Duration = Duration::from_millis(300);
/// By which the sidecar knows the sandbox's webhooks.
const SECRET: &str = "whsec_bench";
/// How often it is looked how far it is.
const PAUSE: Duration = Duration::from_millis(250);
/// What an invoice takes that meets no trouble: made, given its lines, read back, finalised, sent.
const CALLS: f64 = 5.0;
/// Nobody bills by himself meanwhile: a day has no such hour.
const NEVER: u32 = 24;

/// The section.
pub static SECTION: Section = Section { flag: "--sending", probes: &[("bill-send", send)], markdown };

/// Ten thousand payers, each with a hundred lines: from the order to bill them until the last invoice is out.
pub fn send(bench: &Bench) -> Found {
    let payers = bench.volume(PAYERS);
    let (runtime, room) = (sidecar::runtime()?, bench.room()?);
    // Each with a thread of its own: what the sidecar is busy with is not to look like a late call.
    let threads = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (serving, standing_in) = (threads()?, threads()?);
    let listener = serving.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let settings = shell::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        rate: Rate::default(),
        latency: LATENCY,
        webhook: Some(Webhook { url: format!("http://{address}/webhooks/stripe"), secret: SECRET.to_owned() }),
        ..shell::Settings::default()
    };
    let sandbox = standing_in.block_on(shell::serve(settings))?;
    let customers = (0..payers).map(|number| customer(&sandbox, number)).collect::<Result<Vec<Name>, _>>()?;
    let live = Limits::default();
    let collecting = Collecting {
        gateway: gateway::Settings {
            base: format!("http://{}", sandbox.address()),
            key: Key::parse("sk_test_bench")?,
            // The sandbox takes no other key, and the paces are to be those of a live one.
            limits: Limits { test_per_s: live.live_per_s, ..live },
        },
        secrets: Secrets::new([SECRET])?,
        hour: NEVER,
        threshold: Money::from_millionths(i64::MAX),
    };
    let rialto =
        Rialto::start(Settings { gate: GATE, collecting: Some(collecting), ..sidecar::settings(room.path()) })?;
    owe(&rialto, &runtime, payers, |number| customers.get(number).copied())?;
    let access = Access::new(room.path(), address, Vec::new())?;
    let server =
        Server::new(listener, None, rialto.clone(), Reader::new(chrono_tz::UTC), access, http::Limits::default());
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let served = serving.spawn(server.serve(stopping));

    let start = Instant::now();
    let done = runtime.block_on(rialto.bill_now())?;
    let drawn_s = start.elapsed().as_secs_f64();
    if done.drawn != payers {
        return Err(format!("{} bills were drawn, and not {payers}", done.drawn).into());
    }
    loop {
        let bills = runtime.block_on(rialto.bills())?;
        let out = bills.iter().filter(|bill| bill.is_out()).count();
        if out == payers {
            break;
        }
        if let Some(why) = rialto.biller_rests() {
            return Err(why.into());
        }
        std::thread::sleep(PAUSE);
    }
    let took_s = start.elapsed().as_secs_f64();

    let (all, endpoints) = sandbox.called();
    let mailed = sandbox.with(|sandbox| sandbox.invoices().filter(|invoice| invoice.mailed.len() == 1).count());
    let told = runtime.block_on(rialto.bills())?.told();
    stop.send(true)?;
    standing_in.block_on(sandbox.stop());
    serving.block_on(served)?;
    runtime.block_on(rialto.stop()).map_err(|cause| cause.to_string())?;
    if mailed != payers {
        return Err(format!("{mailed} invoices were mailed once, and not {payers}").into());
    }
    let busiest = endpoints.iter().map(|(_, called)| called.most_per_s).max().unwrap_or_default();
    let mut calls: Vec<String> = endpoints.iter().map(|(name, called)| format!("{} `{name}`", called.taken)).collect();
    calls.sort_unstable();
    Ok(vec![
        Figure::new("bill_send_s", vec![took_s]).noted(format!("{drawn_s:.1} s of it to plan and draw them")),
        Figure::new("bill_send_per_s", vec![payers as f64 / took_s])
            .noted(format!("{told} webhooks told anything new")),
        Figure::new("bill_send_calls", vec![all.taken as f64 / payers as f64]).noted(calls.join(", ")),
        Figure::new("bill_send_refused", vec![all.refused as f64]),
        Figure::new("bill_send_most_per_s", vec![all.most_per_s as f64]),
        Figure::new("bill_send_busiest_per_s", vec![busiest as f64]),
    ])
}

fn markdown(figures: &Figures) -> String {
    let all = f64::from(Rate::default().all);
    // Nine tenths of what the rate allows for the calls that an invoice takes.
    let least = 0.9 * all / CALLS;
    let rows = [
        ("from the order to the last invoice out, s", "bill_send_s", None, None),
        ("invoices a second", "bill_send_per_s", Some(least), None),
        ("calls an invoice", "bill_send_calls", None, Some(CALLS + 0.1)),
        ("refused for being too many", "bill_send_refused", None, Some(0.0)),
        ("the most that came within a second, of 100 a second", "bill_send_most_per_s", None, None),
        ("the same of one endpoint, of 25 a second", "bill_send_busiest_per_s", None, None),
    ]
    .map(|(what, figure, least, most)| {
        let (reach, is_reached) = match (figures.median(figure), least, most) {
            (Some(found), Some(least), _) => (format!("≥ {}", number(least)), Some(least <= found)),
            (Some(found), _, Some(most)) => (format!("≤ {}", number(most)), Some(found <= most)),
            _ => (String::new(), None),
        };
        let is_reached = is_reached.map_or("", |is_reached| if is_reached { "yes" } else { "**no**" });
        let measured = figures.text(figure, "").unwrap_or_default();
        (what, vec![measured, reach, is_reached.to_owned(), figures.note(figure)])
    });
    grid(&["10,000 payers with 100 lines each", "measured", "reach", "ok", "note"], rows)
}

/// A customer with an address, to whom invoices can be sent.
fn customer(sandbox: &Running, number: usize) -> Result<Name, Box<dyn std::error::Error>> {
    let form = format!("email=client_{number:05}%40example.org");
    let call = Call { method: Method::Post, path: "/v1/customers".to_owned(), form, key: None };
    let now = sandbox.now();
    let Outcome::Answered { reply, .. } = sandbox.with(|sandbox| sandbox.call(&call, now)) else {
        return Err("an answer was lost".into());
    };
    let customer: serde_json::Value = serde_json::from_str(&reply.body)?;
    Ok(customer["id"].as_str().and_then(Name::new).ok_or("an id")?)
}
