//! What the service manager is told, where there is one: that the sidecar is ready, that it is alive, and that it stops.
//!
//! The protocol is systemd's sd_notify(3). Without `NOTIFY_SOCKET` in the environment nobody is told anything.

use std::time::Duration;

use crate::domain::ids::Feed;
use crate::wiring::Rialto;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// Events are taken.
    Ready,
    /// It takes no more, and makes everything durable.
    Stopping,
    #[cfg(target_os = "linux")]
    Alive,
}

/// Tells it; a manager that does not listen is no reason to do otherwise.
pub(super) fn tell(news: News) {
    #[cfg(target_os = "linux")]
    {
        let state = match news {
            News::Ready => sd_notify::NotifyState::Ready,
            News::Stopping => sd_notify::NotifyState::Stopping,
            News::Alive => sd_notify::NotifyState::Watchdog,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::warn!(%error, ?news, "the service manager could not be told");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = news;
}

/// Tells again and again that it is alive, where the manager watches that; for ever.
///
/// Alive is a bookkeeper who answers: one who does not would be waited for in vain, and a restart is what helps.
pub(super) async fn watched(rialto: &Rialto) {
    #[cfg(target_os = "linux")]
    if let Some(within) = sd_notify::watchdog_enabled() {
        loop {
            if answers(rialto, within / 2).await {
                tell(News::Alive);
            }
            tokio::time::sleep(within / 4).await;
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = rialto;
    std::future::pending::<()>().await;
}

#[cfg(target_os = "linux")]
async fn answers(rialto: &Rialto, within: Duration) -> bool {
    // Nobody has such an id, and to say so needs no disk: one that is full is no reason for a restart.
    let asked = rialto.fate(Feed::Activity, "is anybody there?");
    tokio::time::timeout(within, asked).await.is_ok_and(|answer| answer.is_ok())
}
