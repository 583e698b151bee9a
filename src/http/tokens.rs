//! Tokens: who may do what. They are stored as digests, except the admin's own, which is made at the
//! first start and kept in a file that only the owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use crate::config::secret;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Handing events in.
    Ingest,
    /// Reading.
    Read,
    /// Everything.
    Admin,
}

impl Scope {
    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Ingest => "ingest",
            Scope::Read => "read",
            Scope::Admin => "admin",
        }
    }

    /// Reads `ingest`, `read` or `admin`.
    pub fn parse(text: &str) -> Option<Scope> {
        [Scope::Ingest, Scope::Read, Scope::Admin].into_iter().find(|scope| scope.as_str() == text)
    }
}

/// A token as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its name, for people.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// The BLAKE3 digest of the token, in hexadecimal.
    pub digest: String,
    /// Who made it, as he says,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// and why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A token that is no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removed {
    /// What it was called.
    pub name: String,
    /// Who removed it, as he says,
    pub by: String,
    /// and why.
    pub why: String,
}

/// Who does something to the tokens, and why, as he says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
}

/// The tokens of a data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    #[serde(default, rename = "token")]
    tokens: Vec<Token>,
    /// Those that were removed last, for a sidecar that has not noticed yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<Removed>,
}

/// When a file was changed, its size and its number.
pub(super) type Stamp = (SystemTime, u64, u64);

/// The name of the admin's own token, which is in a file of its own.
pub const ADMIN: &str = "admin";
/// The longest name of a token.
const NAME_MAX: usize = 128;
/// Of so many removed tokens is kept who removed them.
const REMOVED_MAX: usize = 100;

impl Tokens {
    /// The file in `folder` that they are stored in.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("tokens.toml")
    }

    /// Reads the tokens of `folder`, and the admin's, which is made if there is none.
    pub fn load(folder: &Path) -> io::Result<Tokens> {
        let mut tokens = Tokens::stored(folder)?;
        let admin = admin(folder)?;
        let (digest, by, why) = (digest(&admin), String::new(), String::new());
        tokens.tokens.push(Token { name: ADMIN.into(), scopes: vec![Scope::Admin], digest, by, why });
        Ok(tokens)
    }

    /// Reads the tokens that are stored in `folder`.
    pub fn stored(folder: &Path) -> io::Result<Tokens> {
        Ok(Tokens::read(&Tokens::path(folder))?.unwrap_or_default())
    }

    /// Reads the tokens of a file; `None` where there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Tokens>> {
        let text = match kept_to_oneself(path)? {
            Some(text) => text,
            None => return Ok(None),
        };
        // What is wrong is said without the line, which may hold a digest, or a token that somebody took for one.
        let wrong = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            io::Error::other(format!("{}:{line}: {}", path.display(), secret::told(error.message())))
        };
        toml::from_str(&text).map(Some).map_err(wrong)
    }

    /// What tells one file of tokens in `folder` from the next; nothing where there is none.
    pub(super) fn stamp(folder: &Path) -> Option<Stamp> {
        let file = fs::metadata(Tokens::path(folder)).ok()?;
        Some((file.modified().ok()?, file.len(), file.ino()))
    }

    /// Makes a token, stores its digest in `folder`, and gives it out: this once.
    pub fn add(folder: &Path, name: &str, scopes: Vec<Scope>, signed: Signed) -> io::Result<String> {
        if name.is_empty() || NAME_MAX < name.len() || name.contains(char::is_control) {
            let what = format!(
                "a token's name is 1 to {NAME_MAX} bytes of plain text, without line breaks and other control characters"
            );
            return Err(io::Error::other(what));
        }
        let mut tokens = Tokens::stored(folder)?;
        if tokens.tokens.iter().any(|token| token.name == name) || name == ADMIN {
            return Err(io::Error::other(format!("there is a token named {name} already")));
        }
        let (token, Signed { by, why }) = (random()?, signed);
        tokens.tokens.push(Token { name: name.to_owned(), scopes, digest: digest(&token), by, why });
        tokens.save(&Tokens::path(folder))?;
        Ok(token)
    }

    /// Removes the token with this name, if there is one.
    pub fn remove(folder: &Path, name: &str, signed: Signed) -> io::Result<Option<Token>> {
        let mut tokens = Tokens::stored(folder)?;
        let Some(place) = tokens.tokens.iter().position(|token| token.name == name) else { return Ok(None) };
        let removed = tokens.tokens.remove(place);
        let Signed { by, why } = signed;
        tokens.removed.push(Removed { name: name.to_owned(), by, why });
        tokens.removed.drain(..tokens.removed.len().saturating_sub(REMOVED_MAX));
        tokens.save(&Tokens::path(folder))?;
        Ok(Some(removed))
    }

    /// All of them.
    pub fn list(&self) -> &[Token] {
        &self.tokens
    }

    /// The token that is `token`, if it is known. Takes the same time whichever it is.
    pub fn known(&self, token: &str) -> Option<&Token> {
        let sent = digest(token);
        let mut found = None;
        for known in &self.tokens {
            let is_same: Choice = known.digest.as_bytes().ct_eq(sent.as_bytes());
            if is_same.into() {
                found = Some(known);
            }
        }
        found
    }

    /// Who removed the token of this name last, as he says.
    pub(super) fn removed(&self, name: &str) -> Option<&Removed> {
        self.removed.iter().rev().find(|removed| removed.name == name)
    }

    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let aside = path.with_extension("tmp");
        let mut file = private(&aside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(aside, path)
    }
}

/// Held by who makes the admin's token, so that the one that is kept is the one that is known.
static MAKING: Mutex<()> = Mutex::new(());

fn admin(folder: &Path) -> io::Result<String> {
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = folder.join("admin.token");
    match kept_to_oneself(&path)? {
        Some(text) if 32 <= text.trim().len() => Ok(text.trim().to_owned()),
        Some(_) => {
            Err(io::Error::other(format!("{} holds no token; remove it, and a new one is made", path.display())))
        }
        None => {
            let token = random()?;
            let aside = folder.join("admin.token.tmp");
            let mut file = private(&aside)?;
            writeln!(file, "{token}")?;
            file.sync_all()?;
            fs::rename(aside, path)?;
            Ok(token)
        }
    }
}

/// The text of a file, where there is one; but not of one that others may write to: whoever does so gives himself any
/// scope. Of one that others may read nothing is said here, for a volume may be shared with a group on purpose.
fn kept_to_oneself(path: &Path) -> io::Result<Option<String>> {
    match fs::metadata(path) {
        Ok(found) if found.permissions().mode() & 0o002 != 0 => {
            let what = format!(
                "everybody on this machine may write to {0}, and so give himself any scope; `chmod 600 {0}`, and look what is in it",
                path.display()
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
        }
        Ok(_) => fs::read_to_string(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of `folder` that hold tokens, or what they open, and that others may read.
pub fn readable_by_others(folder: &Path) -> Vec<PathBuf> {
    let is_readable = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    [Tokens::path(folder), folder.join("admin.token")].into_iter().filter(is_readable).collect()
}

fn private(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn digest(token: &str) -> String {
    blake3::hash(token.as_bytes()).to_hex().to_string()
}
