//! An address of its own for Stripe's webhooks, from the configuration.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::chain::Chain;
use crate::config::Config;
use crate::http::tls::Tls;

/// Where webhooks are taken besides the main address, and what is answered with there.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) address: SocketAddr,
    pub(super) tls: Option<Arc<Tls>>,
}

/// The address for webhooks, if there is to be one.
pub(super) fn outside(config: &Config) -> Result<Option<Outside>, Box<dyn Error>> {
    let tls = certified("tls", &config.tls_certificate, &config.tls_key)?;
    let Some(address) = config.webhook_address() else {
        // Whoever set them relies on them.
        let relied = "tls_certificate and tls_key are for the webhooks' address, and there is none: set webhook_listen too, or leave all three empty; those of the house's own address are listen_certificate and listen_key";
        return if tls.is_some() { Err(relied.into()) } else { Ok(None) };
    };
    if config.stripe_mode == "off" {
        let deaf = format!(
            "webhook_listen is {address}, and stripe_mode is off, so that nothing would be taken there: set stripe_mode to sandbox, test or live, or leave webhook_listen empty"
        );
        return Err(deaf.into());
    }
    Ok(Some(Outside { address, tls }))
}

/// What is answered with over TLS, by the keys `…_certificate` and `…_key` of the configuration, where they are set.
pub(super) fn certified(keys: &str, certificate: &Path, key: &Path) -> Result<Option<Arc<Tls>>, Box<dyn Error>> {
    match (certificate.as_os_str().is_empty(), key.as_os_str().is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(Arc::new(Tls::read(certificate.to_owned(), key.to_owned())?))),
        (false, true) => Err(format!("{keys}_certificate is set, and {keys}_key is not: set both, or neither").into()),
        (true, false) => Err(format!("{keys}_key is set, and {keys}_certificate is not: set both, or neither").into()),
    }
}

/// Reads each certificate again at every SIGHUP, from now on and while this is waited for. Without one, that signal is a
/// terminal's that hung up: then this is over, and all stops in good order; unless whoever started it had it ignored, as
/// nohup does.
pub(super) fn renewing(certificates: Vec<Arc<Tls>>) -> io::Result<impl Future<Output = ()>> {
    let watched = (!certificates.is_empty() || !ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose()?;
    Ok(async move {
        let Some(mut hangup) = watched else { return std::future::pending().await };
        while hangup.recv().await.is_some() {
            if certificates.is_empty() {
                tracing::info!("hung up, and there is no certificate to read again: it stops, as on SIGTERM");
                return;
            }
            for tls in &certificates {
                match tls.read_again() {
                    Ok(()) => tracing::info!(path = %tls.path().display(), "the certificate was read again"),
                    Err(error) => tracing::error!(error = %Chain(&error), "the certificate stays the one that it was"),
                }
            }
        }
    })
}

/// Whether this process was started so that SIGHUP does nothing to it; where nobody can say, it was not.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // A bit for each signal, of which this one is the first.
    ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).is_some_and(|bits| bits & 1 != 0)
}
