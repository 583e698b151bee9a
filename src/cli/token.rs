//! `rialto token`: who may talk to the sidecar.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use toml::Table;

use super::client::Signature;
use super::failure::Failure;
use super::{Common, Outcome, plain, print};
use crate::chain::Chain;
use crate::http::tokens::{Scope, Tokens};

/// Make, list and remove tokens. A running sidecar takes a new one at once, and refuses a removed one within a second.
///
/// On a loopback address, handing events in and reading need no token. The admin's token is made at the
/// first start, in the file admin.token of the data folder.
#[derive(Debug, Args)]
pub struct Token {
    #[command(flatten)]
    common: Common,
    /// As JSON; a refusal, too.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a token and print it: this once, for only its digest is kept. Who made it and why goes on record.
    Add {
        #[command(flatten)]
        signature: Signature,
        /// A name for it.
        name: String,
        /// What it allows: ingest, read or admin; several joined by commas.
        #[arg(long = "scope", required = true, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<Scope>,
    },
    /// List the tokens and what they allow.
    List,
    /// Remove a token. Who removed it and why goes on record.
    Remove {
        #[command(flatten)]
        signature: Signature,
        /// Its name.
        name: String,
    },
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::parse(text).ok_or_else(|| "a scope is ingest, read or admin".to_owned())
}

fn words(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

fn listed(scopes: &[Scope]) -> String {
    words(scopes).join(",")
}

impl Token {
    pub(super) fn run(&self) -> Outcome {
        self.obey().map_err(|error| match self.json {
            true => {
                Failure::faulty("token", Chain(&*error).to_string(), "nothing was changed").told_in_json(true).into()
            }
            false => error,
        })
    }

    /// Prints `told`, where JSON is asked for, and else this text.
    fn tell(&self, told: &Value, text: &str) -> Outcome {
        if self.json { print(&(serde_json::to_string_pretty(told)? + "\n")) } else { print(text) }
    }

    fn obey(&self) -> Outcome {
        let folder = self.common.load(Table::new())?.data;
        if !folder.is_dir() {
            return Err(format!("there is no data folder at {}; start the sidecar once", folder.display()).into());
        }
        match &self.command {
            Command::Add { signature, name, scopes } => {
                let token = Tokens::add(&folder, name, scopes.clone(), signature.signed())?;
                // Standard output is the token alone, for whoever keeps it in a variable.
                if !self.json {
                    let name = plain::line(name);
                    eprintln!("token {name} allows {}; a running sidecar takes it from now on", listed(scopes));
                }
                let told = json!({ "name": name, "scopes": words(scopes), "token": token });
                self.tell(&told, &format!("{token}\n"))
            }
            Command::List => {
                let tokens = Tokens::stored(&folder)?;
                let line = |token: &crate::http::tokens::Token| {
                    format!("{}\t{}\n", plain::line(&token.name), listed(&token.scopes))
                };
                let told =
                    |token: &crate::http::tokens::Token| json!({ "name": token.name, "scopes": words(&token.scopes) });
                let told = json!({ "tokens": tokens.list().iter().map(told).collect::<Vec<_>>() });
                self.tell(&told, &tokens.list().iter().map(line).collect::<String>())
            }
            Command::Remove { signature, name } => {
                if name == "admin" {
                    let what = "the admin's token is in the file admin.token of the data folder; remove that file and \
                                start the sidecar again, and there is a new one";
                    return Err(what.into());
                }
                let Some(removed) = Tokens::remove(&folder, name, signature.signed())? else {
                    return Err(format!("there is no token named {name}; `rialto token list` lists them").into());
                };
                let told = json!({ "removed": name, "scopes": words(&removed.scopes) });
                let (name, scopes) = (plain::line(name), listed(&removed.scopes));
                self.tell(&told, &format!(
                    "token {name}, which allowed {scopes}, is removed; a running sidecar refuses it within a second\n"
                ))
            }
        }
    }
}
