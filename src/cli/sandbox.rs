//! `rialto sandbox`: a stand-in for Stripe, until there is an account.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use super::serve::not_listened;
use super::{Outcome, log};
use crate::config::LogFormat;
use crate::sandbox::Faults;
use crate::sandbox::shell::{Settings, Webhook, serve};

/// Stand in for Stripe: take its calls, send its webhooks, move no money.
#[derive(Debug, Args)]
#[command(after_help = "Try: curl -s 127.0.0.1:12111/v1/customers -u sk_test_any: -d email=anna@example.org\n\n\
    It knows customers, invoices, credit notes, refunds, disputes and events, refuses what Stripe refuses, lets in any \
    key that begins with sk_test_, and forgets everything when it ends, on Ctrl-C.\n\n\
    What customers, banks and time do is ordered by POST, with parameters as curl -d gives them:\n  \
    /sandbox/invoices/ID/pay, void, mark_uncollectible, dispute\n  \
    /sandbox/invoices/ID/refund            amount=CENTS\n  \
    /sandbox/invoices/ID/close_dispute     won=true or false\n  \
    /sandbox/customers/ID/card             has_card=true, declined=true\n  \
    /sandbox/customers/ID/balance          amount=CENTS; less than nothing is credit\n  \
    /sandbox/customers/ID/delete\n  \
    /sandbox/clock                         seconds=N; time goes on by so much\n  \
    /sandbox/faults                        preset=rough, or lost_after=20: so many in a thousand\n\
    GET /sandbox tells what was really collected, GET /sandbox/invoices how every invoice stands.")]
pub struct Sandbox {
    /// The address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:12111", value_parser = super::address)]
    listen: SocketAddr,
    /// Let others than this machine in: whoever comes may do everything here.
    #[arg(long)]
    anyone: bool,
    /// What its ids, and whatever chance decides, are drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where webhooks are sent; plain HTTP only.
    #[arg(long, value_name = "URL", requires = "webhook_secret", value_parser = plain_address)]
    webhook: Option<String>,
    /// What webhooks are signed with; whoever gets them needs the same.
    #[arg(
        long,
        value_name = "SECRET",
        requires = "webhook",
        env = "RIALTO_SANDBOX_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    webhook_secret: Option<String>,
    /// Customers pay an invoice that was sent to them after so many seconds; without it, they never do.
    #[arg(long, value_name = "SECONDS")]
    pays_after: Option<u64>,
    /// What goes wrong: answers that are lost, 429s, 500s, webhooks twice or never.
    #[arg(long, value_name = "WHAT", default_value = "none")]
    faults: Wrong,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wrong {
    /// Nothing.
    None,
    /// Much more than at Stripe, of every kind.
    Rough,
}

fn plain_address(text: &str) -> Result<String, String> {
    match text.starts_with("http://") {
        true => Ok(text.to_owned()),
        false => Err("it looks like http://127.0.0.1:8717/webhooks/stripe".to_owned()),
    }
}

impl Sandbox {
    pub(super) fn run(&self) -> Outcome {
        if !self.anyone && !self.listen.ip().is_loopback() {
            return Err(format!(
                "{} may be reached from other machines, and whoever comes may do everything here: listen on \
                 127.0.0.1:12111, or add --anyone where that is meant",
                self.listen
            )
            .into());
        }
        log::start("info", LogFormat::Text)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(self.serve());
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome
    }

    async fn serve(&self) -> Outcome {
        // Before anybody is told that it listens: who knows it may tell it to stop.
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let settings = Settings {
            listen: self.listen,
            seed: self.seed,
            faults: match self.faults {
                Wrong::None => Faults::NONE,
                Wrong::Rough => Faults::ROUGH,
            },
            webhook: self.webhook.clone().zip(self.webhook_secret.clone()).map(|(url, secret)| Webhook { url, secret }),
            pays_after: self.pays_after.map(Duration::from_secs),
            ..Settings::default()
        };
        let running = serve(settings).await.map_err(|error| not_listened(self.listen, &error, "--listen"))?;
        let address = running.address();
        eprintln!(
            "The sandbox listens on http://{address}/v1 and stands in for Stripe; no money is moved. Try:\n  \
             curl -s {address}/v1/customers -u sk_test_any: -d email=anna@example.org\n  \
             curl -s {address}/sandbox"
        );
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}
