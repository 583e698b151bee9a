//! Tokens: who may do what. They are stored as digests, except the admin's own, which is made at the
//! first start and kept in a file that only the owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

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
}

/// The tokens of a data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    #[serde(default, rename = "token")]
    tokens: Vec<Token>,
}

/// The longest name of a token.
const NAME_MAX: usize = 128;

impl Tokens {
    /// The file in `folder` that they are stored in.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("tokens.toml")
    }

    /// Reads the tokens of `folder`, and the admin's, which is made if there is none.
    pub fn load(folder: &Path) -> io::Result<Tokens> {
        let mut tokens = Tokens::stored(folder)?;
        let admin = admin(folder)?;
        tokens.tokens.push(Token { name: "admin".into(), scopes: vec![Scope::Admin], digest: digest(&admin) });
        Ok(tokens)
    }

    /// Reads the tokens that are stored in `folder`.
    pub fn stored(folder: &Path) -> io::Result<Tokens> {
        match fs::read_to_string(Tokens::path(folder)) {
            Ok(text) => toml::from_str(&text).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Tokens::default()),
            Err(error) => Err(error),
        }
    }

    /// Makes a token, stores its digest in `folder`, and gives it out: this once.
    pub fn add(folder: &Path, name: &str, scopes: Vec<Scope>) -> io::Result<String> {
        if name.is_empty() || NAME_MAX < name.len() || name.contains(char::is_control) {
            let what = format!(
                "a token's name is 1 to {NAME_MAX} bytes of plain text, without line breaks and other control characters"
            );
            return Err(io::Error::other(what));
        }
        let mut tokens = Tokens::stored(folder)?;
        if tokens.tokens.iter().any(|token| token.name == name) || name == "admin" {
            return Err(io::Error::other(format!("there is a token named {name} already")));
        }
        let token = random()?;
        tokens.tokens.push(Token { name: name.to_owned(), scopes, digest: digest(&token) });
        tokens.save(folder)?;
        Ok(token)
    }

    /// Removes the token with this name, if there is one.
    pub fn remove(folder: &Path, name: &str) -> io::Result<Option<Token>> {
        let mut tokens = Tokens::stored(folder)?;
        let Some(place) = tokens.tokens.iter().position(|token| token.name == name) else { return Ok(None) };
        let removed = tokens.tokens.remove(place);
        tokens.save(folder)?;
        Ok(Some(removed))
    }

    /// All of them.
    pub fn list(&self) -> &[Token] {
        &self.tokens
    }

    /// What the bearer of `token` may do; `None` where it is not known. Takes the same time whichever
    /// token it is.
    pub fn scopes(&self, token: &str) -> Option<&[Scope]> {
        let sent = digest(token);
        let mut found = None;
        for known in &self.tokens {
            let is_same: Choice = known.digest.as_bytes().ct_eq(sent.as_bytes());
            if is_same.into() {
                found = Some(known.scopes.as_slice());
            }
        }
        found
    }

    fn save(&self, folder: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        let aside = folder.join("tokens.tmp");
        private(&aside)?.write_all(text.as_bytes())?;
        fs::rename(aside, Tokens::path(folder))
    }
}

fn admin(folder: &Path) -> io::Result<String> {
    let path = folder.join("admin.token");
    match fs::read_to_string(&path) {
        Ok(text) if 32 <= text.trim().len() => Ok(text.trim().to_owned()),
        Ok(_) => Err(io::Error::other(format!("{} holds no token; remove it, and a new one is made", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = random()?;
            let aside = folder.join("admin.token.tmp");
            let mut file = private(&aside)?;
            writeln!(file, "{token}")?;
            file.sync_all()?;
            fs::rename(aside, path)?;
            Ok(token)
        }
        Err(error) => Err(error),
    }
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
