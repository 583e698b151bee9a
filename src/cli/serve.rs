//! `rialto serve`: the sidecar itself.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use toml::{Table, Value};

use super::demo::{self, Bank, Life};
use super::manager::{self, News};
use super::webhooks::{Outside, certified, outside, renewing};
use super::{Common, Outcome, collecting, files, log};
use crate::actors::gate::Gate;
use crate::clock::Clock;
use crate::config::{Config, Given};
use crate::http::access::Access;
use crate::http::roster::{self, Roster};
use crate::http::server::{Limits, Server};
use crate::http::tokens;
use crate::http::webhooks::PATH;
use crate::reading::Reader;
use crate::wiring::{Rialto, Settings};

/// Run the sidecar: take events over HTTP, price them, keep the book.
///
/// It stops in good order on SIGTERM or Ctrl-C: takes nothing more, makes everything durable, takes a
/// snapshot, and exits with 0. So it does on SIGHUP, where there is no certificate to be read again.
#[derive(Debug, Args)]
#[command(after_help = "Try: curl -s 127.0.0.1:8717/api/revenue/dashboard")]
pub struct Serve {
    #[command(flatten)]
    common: Common,
    /// The address to listen on [default: 127.0.0.1:8717].
    #[arg(long, value_name = "ADDR", value_parser = super::address)]
    listen: Option<SocketAddr>,
    /// Take Stripe's webhooks at this address too, and nothing else there, so that it may be open to the outside. With
    /// `tls_certificate` and `tls_key` (see `rialto config`) it speaks TLS.
    #[arg(long, value_name = "ADDR", value_parser = super::address)]
    webhook_listen: Option<SocketAddr>,
    /// Live a simulated Venice instead: 177 citizens, 109 businesses, three days old, a day a minute. Its
    /// folder is snapshots/demo, made anew each time. One business is live there: its clients are invoiced at a sandbox
    /// that stands in for Stripe, and pay; unless they are set, gate_events is 1 and bill_threshold 10.00 with it. Where
    /// stripe_mode is set, that holds, and all stays in shadow; a demo with real money is refused. SIGUSR1 silences the city: nothing is
    /// handed in any more, and everything else goes on, so that one can see who is told.
    #[arg(long, conflicts_with = "data")]
    demo: bool,
    /// Which city the demo lives: the same seed is the same city [default: 1].
    #[arg(long, requires = "demo")]
    seed: Option<u64>,
    /// End the demo, and the sidecar, when the city is this many days old.
    #[arg(long, requires = "demo", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: Option<u32>,
    /// How many seconds a day of the demo takes; 0 is as fast as it can, with everything in shadow: how far a
    /// payment came would be chance there, and one seed would be several books [default: 60].
    #[arg(long, requires = "demo")]
    day_seconds: Option<u64>,
}

/// After so many steps of a thread for those who ask, it looks for somebody whose answer the bookkeeper has ready. By
/// itself it does so every fifth of a millisecond, and where ten times too many ask, answers wait for hundreds of them.
const ANSWERS_EVERY: u32 = 8;
/// So many connections are looked after at once, and the others wait in the order in which they came: of more than a thread
/// has room for, half would wait behind everybody who comes later, and the answers with them.
const AT_ONCE: usize = 64;
/// So many connections may wait to be accepted, as far as the system allows it. Who finds no room there is not told, and
/// tries again a second later; tokio has 128.
const BACKLOG: u32 = 4096;
/// The demo's own folder; it never touches another.
const DEMO: &str = "snapshots/demo";

impl Serve {
    pub(super) fn run(&self, give_back: Option<fn()>) -> Outcome {
        // With --data, which excludes --demo, clap asks for --demo no more.
        if !self.demo && (self.seed.is_some() || self.days.is_some() || self.day_seconds.is_some()) {
            return Err("--seed, --days and --day-seconds are about the demo; add --demo".into());
        }
        let mut flags = Table::new();
        for (name, address) in [("listen", self.listen), ("webhook_listen", self.webhook_listen)] {
            if let Some(address) = address {
                flags.insert(name.into(), Value::String(address.to_string()));
            }
        }
        if self.demo {
            flags.insert("data".into(), Value::String(DEMO.into()));
        }
        let given = self.common.given(flags)?;
        if self.demo && given.text("stripe_mode") == Some("live") {
            let why = "stripe_mode is live, and a demo's city is made up: it would invoice nobody for real money; set \
                       stripe_mode to off or test, or leave it out, and the demo brings a stand-in for Stripe of its own";
            return Err(why.into());
        }
        let has_bank = self.has_bank(&given);
        let config = given.over(if has_bank { demo::usual() } else { Table::new() })?;
        log::start(&config.log, config.log_format)?;
        files::allow(config.connections + Limits::of_webhooks().connections);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().global_queue_interval(ANSWERS_EVERY).max_io_events_per_tick(AT_ONCE);
        let runtime = runtime.build()?;
        let outcome = runtime.block_on(self.serve(config, has_bank, give_back));
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome
    }

    async fn serve(&self, config: Config, has_bank: bool, give_back: Option<fn()>) -> Outcome {
        // Before anybody is told that it listens: who knows it may tell it to stop.
        let stopped_by = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
        let silenced_by = if self.demo { Some(signal(SignalKind::user_defined1())?) } else { None };
        let outside = outside(&config)?;
        if let Some(outside) = &outside
            && is_same(outside.address, config.listen)
        {
            return Err(format!(
                "webhook_listen is {}, and listen is {}, where webhooks are taken too: give them different ports, or \
                 leave webhook_listen empty",
                outside.address, config.listen
            )
            .into());
        }
        let house_tls = certified("listen", &config.listen_certificate, &config.listen_key)?;
        let certificates = [house_tls.clone(), outside.as_ref().and_then(|outside| outside.tls.clone())];
        let renewing = renewing(certificates.into_iter().flatten().collect())?;
        let socket = listen(config.listen, "--listen")?;
        let outside = match outside {
            Some(Outside { address, tls }) => Some((listen(address, "--webhook-listen")?, tls)),
            None => None,
        };
        if self.demo {
            make_anew(Path::new(DEMO))?;
        }
        let clock = if self.demo { demo::clock() } else { Clock::system() };
        let bank = match has_bank {
            true => Some(Bank::open(socket.local_addr()?, self.life().seed, clock.clone()).await?),
            false => None,
        };
        let collecting = match &bank {
            Some(bank) => Some(bank.collecting(&config)?),
            None => collecting::collecting(&config, |name| std::env::var(name).ok())?,
        };
        let settings = Settings {
            time_zone: config.zone(),
            clock,
            idle: config.idle(),
            arbiters: config.arbiters,
            limits: super::guards(&config),
            policy: super::policy(&config),
            collecting,
            targets: super::targets(&config),
            gate: Gate { events: config.gate_events, hours: u32::try_from(config.gate_hours).unwrap_or(u32::MAX) },
            segment_bytes: config.segment_bytes,
            snapshot_bytes: config.snapshot_bytes,
            give_back,
            ..Settings::new(&config.data)
        };
        let rialto = tokio::task::spawn_blocking(|| Rialto::start(settings)).await??;
        let reader = Reader::new(config.naive_zone());
        let limits = Limits {
            connections: config.connections,
            body_bytes: config.body_bytes,
            silence: Duration::from_secs(config.silence_seconds),
            ..Limits::default()
        };
        for path in tokens::readable_by_others(&config.data) {
            tracing::warn!(path = %path.display(), "everybody on this machine may read it: `chmod 600` keeps it to its owner");
        }
        let access = Access::new(&config.data, config.listen, config.hosts.clone())?;
        let house = Server::new(socket, house_tls, rialto.clone(), reader, access, limits);
        let outside =
            outside.map(|(socket, tls)| Server::of_webhooks(socket, tls, rialto.clone(), Limits::of_webhooks()));
        let url = house.url()?;
        let for_stripe = match &outside {
            Some(outside) => format!(", and for Stripe alone on {}{PATH}", outside.url()?),
            None => String::new(),
        };
        let (stop, stopping) = watch::channel(false);
        let servers = [Some(house), outside].into_iter().flatten();
        let serving: Vec<_> = servers.map(|server| tokio::spawn(server.serve(stopping.clone()))).collect();
        let opened = rialto.opened();
        tracing::info!(
            data = %config.data.display(),
            snapshot = opened.snapshot,
            replayed = opened.records,
            transactions = rialto.view().transactions,
            "the book is open"
        );
        manager::tell(News::Ready);
        eprintln!("Rialto listens on {url}/ (page), {url}/api/revenue/dashboard, {url}/metrics{for_stripe}");

        let ended = tokio::select! {
            ended = self.run_until_ended(&rialto, reader, bank.as_ref(), stopped_by, silenced_by) => ended,
            () = renewing => Ok(()),
        };
        manager::tell(News::Stopping);
        let _ = stop.send(true);
        for serving in serving {
            serving.await?;
        }
        let stopped = rialto.stop().await;
        // Nobody calls it any more.
        if let Some(bank) = bank {
            bank.close().await;
        }
        ended?;
        match stopped {
            Ok(()) => {
                tracing::info!("everything is durable; good-bye");
                Ok(ExitCode::SUCCESS)
            }
            Err(cause) => Err(format!("the sidecar stopped: {cause}").into()),
        }
    }

    fn life(&self) -> Life {
        Life {
            seed: self.seed.unwrap_or(demo::SEED),
            days: self.days,
            day: Duration::from_secs(self.day_seconds.unwrap_or(60)),
        }
    }

    /// Whether the demo brings a stand-in for Stripe of its own: not where somebody set where it collects, be it nowhere;
    /// and where days take no time, nobody could pay in them.
    fn has_bank(&self, given: &Given) -> bool {
        self.demo && !self.life().day.is_zero() && !given.sets("stripe_mode")
    }

    /// Runs until a signal comes, everything stopped, or the demo is over.
    async fn run_until_ended(
        &self,
        rialto: &Rialto,
        reader: Reader,
        bank: Option<&Bank>,
        [mut terminate, mut interrupt]: [Signal; 2],
        silenced_by: Option<Signal>,
    ) -> Result<(), Box<dyn Error>> {
        let is_silenced = AtomicBool::new(false);
        let living = async {
            let Some(mut silence) = silenced_by else {
                return std::future::pending().await;
            };
            let silenced = async {
                let _ = silence.recv().await;
                is_silenced.store(true, Ordering::Relaxed);
                std::future::pending().await
            };
            tokio::select! {
                lived = demo::live(rialto, reader, self.life(), bank, &is_silenced) => lived,
                never = silenced => never,
            }
        };
        let roster = Roster::new(rialto.folder().path(), rialto.clone());
        let upkeep = async {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                rialto.meters().upkeep();
            }
        };
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            // Told by what stopping comes to.
            _ = rialto.stopped() => Ok(()),
            lived = living => lived,
            () = upkeep => Ok(()),
            () = roster.keep() => Ok(()),
            () = manager::watched(rialto) => Ok(()),
        }
    }
}

/// Listens on an address, which `flag` would set.
fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, String> {
    let listening = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listening().map_err(|error| not_listened(address, &error, flag))
}

/// Why an address cannot be listened on, which `flag` would set.
pub(super) fn not_listened(address: SocketAddr, error: &std::io::Error, flag: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another program; stop that one, or choose another address with {flag}")
        }
        _ => format!("{address} cannot be listened on: {error}; choose another address with {flag}"),
    }
}

/// Whether who listens on one of these addresses listens on the other.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let is_one = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && is_one
}

/// Removes what an earlier demo left, unless one is still running.
fn make_anew(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mark = folder.join("DEMO");
    if folder.join("journal").is_dir() || folder.join("FOLDER").is_file() {
        if !mark.is_file() {
            return Err(format!(
                "{} holds a book that no demo made, and a demo makes its folder anew; move it away first",
                folder.display()
            )
            .into());
        }
        // The lock tells whether somebody is at home.
        match crate::folder::DataFolder::open(folder) {
            // A demo that was killed while it made its folder left nothing that is one.
            Ok(_) | Err(crate::folder::FolderError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let parts: [PathBuf; 2] = [folder.join("journal"), folder.join("images")];
        for part in parts {
            std::fs::remove_dir_all(&part).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(format!("{} of the last demo cannot be removed: {error}", part.display())),
            })?;
        }
        // Which tokens are on record was said of that book.
        for file in ["FOLDER", roster::KNOWN] {
            std::fs::remove_file(folder.join(file)).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(mark, "This folder is a demo's: `rialto serve --demo` makes it anew each time.\n")?;
    Ok(())
}
