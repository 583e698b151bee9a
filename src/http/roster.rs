//! The roster: whoever got a token, or lost one, is on record in the journal.
//!
//! `rialto token` changes a file, whoever has the folder open, and so does whoever edits it. A sidecar that runs notices
//! within about a second, and one that starts at once: each token that is new, is another one or is gone is an order, with
//! who and why as far as the file says so. Which tokens are on record is kept beside it, and written after the orders are durable; so
//! a change may be on record twice, and never not at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use compact_str::CompactString;

use super::bearer::said;
use super::tokens::{ADMIN, Scope, Token, Tokens};
use crate::chain::Chain;
use crate::domain::orders::{Act, Order, TEXT_MAX, What};
use crate::wiring::Rialto;

/// The file with the tokens that are on record.
pub const KNOWN: &str = "tokens.known.toml";
/// How often it is looked.
const PAUSE: Duration = Duration::from_secs(1);
/// Whoever wrote the file by other means than `rialto token`.
const UNKNOWN: &str = "whoever wrote tokens.toml";

/// See the module.
#[derive(Debug)]
pub struct Roster {
    folder: PathBuf,
    rialto: Rialto,
}

impl Roster {
    /// The roster of the sidecar with its data in `folder`.
    pub fn new(folder: &Path, rialto: Rialto) -> Roster {
        Roster { folder: folder.to_owned(), rialto }
    }

    /// Keeps it, for as long as this is waited for.
    pub async fn keep(&self) {
        let (mut noted, mut told) = (None, String::new());
        loop {
            let found = Tokens::stamp(&self.folder);
            if noted != Some(found) {
                match self.note().await {
                    Ok(()) => (noted, told) = (Some(found), String::new()),
                    Err(error) if error == told => {}
                    Err(error) => {
                        tracing::warn!(%error, "that tokens were changed could not be put on record; it is tried again");
                        told = error;
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Puts on record what changed since that was done last.
    async fn note(&self) -> Result<(), String> {
        let path = self.folder.join(KNOWN);
        let now = Tokens::load(&self.folder).map_err(|error| error.to_string())?;
        let known = Tokens::read(&path).map_err(|error| error.to_string())?;
        let changes = changes(known.as_ref(), &now);
        if changes.is_empty() && known.is_some() {
            return Ok(());
        }
        for order in changes {
            self.rialto.order(order).await.map_err(|error| Chain(&error).to_string())?;
        }
        now.save(&path).map_err(|error| error.to_string())
    }
}

/// What is to be put on record where these are known to be, and those are now.
fn changes(known: Option<&Tokens>, now: &Tokens) -> Vec<Order> {
    let before = known.map(Tokens::list).unwrap_or_default();
    let find = |tokens: &[Token], name: &str| tokens.iter().find(|token| token.name == name).cloned();
    // The admin's is made at the first start, by that start.
    let is_old = |token: &&Token| known.is_none() && token.name == ADMIN;
    let is_same = |token: &&Token| {
        find(before, &token.name).is_some_and(|old| old.digest == token.digest && old.scopes == token.scopes)
    };
    let added = now.list().iter().filter(|token| !is_old(token) && !is_same(token)).map(|token| {
        let what = Act::TokenAdded(line(&token.name), listed(&token.scopes).into());
        order(&token.by, &token.why, what)
    });
    let removed = before.iter().filter(|token| find(now.list(), &token.name).is_none()).map(|token| {
        let (by, why) = now.removed(&token.name).map_or(("", ""), |removed| (&removed.by, &removed.why));
        order(by, why, Act::TokenRemoved(line(&token.name)))
    });
    removed.chain(added).collect()
}

fn order(by: &str, why: &str, act: Act) -> Order {
    let by = if by.trim().is_empty() { UNKNOWN } else { by };
    Order { by: line(&said(by)), why: line(why), what: What::Act(act) }
}

/// What a file says, as far as it is a line of plain text that an order may have: it must be on record whatever it holds.
fn line(text: &str) -> CompactString {
    let plain: CompactString = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    plain[..plain.floor_char_boundary(TEXT_MAX)].into()
}

/// Scopes as a list.
fn listed(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::super::tokens::Signed;
    use super::*;

    #[test]
    fn whatever_becomes_of_the_tokens_is_an_order_with_who_and_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let signed = |by: &str, why: &str| Signed { by: by.to_owned(), why: why.to_owned() };
        let told = |known: Option<&Tokens>| {
            let now = Tokens::load(path).unwrap();
            let orders = changes(known, &now);
            let told: Vec<String> =
                orders.iter().map(|order| format!("{}: {}: {:?}", order.by, order.why, order.what)).collect();
            (now, told)
        };
        let (first, none) = told(None);
        assert_eq!(none, [""; 0], "the admin's own is made by the first start");
        Tokens::add(path, "engine", vec![Scope::Ingest, Scope::Read], signed("ada", "a new engine")).unwrap();
        let (second, added) = told(Some(&first));
        assert_eq!(added, ["ada: a new engine: Act(TokenAdded(\"engine\", \"ingest,read\"))"]);
        assert_eq!(told(None).1, added, "also where nobody knows what was before");
        assert_eq!(told(Some(&second)).1, [""; 0]);
        Tokens::remove(path, "engine", signed("bea", "")).unwrap();
        assert_eq!(told(Some(&second)).1, ["bea: : Act(TokenRemoved(\"engine\"))"]);
        // Another one of the same name, in a file that somebody wrote by hand.
        Tokens::add(path, "engine", vec![Scope::Admin], signed("a\nb", &"é".repeat(200))).unwrap();
        let (third, others) = told(Some(&second));
        assert_eq!(others, [format!("a b: {}: Act(TokenAdded(\"engine\", \"admin\"))", "é".repeat(127))]);
        std::fs::remove_file(Tokens::path(path)).unwrap();
        std::fs::remove_file(path.join("admin.token")).unwrap();
        let unknown = ["TokenRemoved(\"engine\")", "TokenAdded(\"admin\", \"admin\")"];
        assert_eq!(told(Some(&third)).1, unknown.map(|what| format!("{UNKNOWN}: : Act({what})")));
    }
}
