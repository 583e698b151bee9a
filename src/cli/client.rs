//! A client of a running sidecar: plain HTTP on loopback, and elsewhere TLS, by whose authority it says.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::failure::Failure;
use super::{Outcome, print};
use crate::http::tokens::Signed;

/// Where a sidecar is, where nobody says otherwise.
const URL: &str = "http://127.0.0.1:8717";

/// Which sidecar, by what right, and how its answer is told.
#[derive(Clone, Debug, Args)]
pub struct Remote {
    /// The address of a running sidecar [env: RIALTO_URL] [default: http://127.0.0.1:8717].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A token for it; on a loopback address, handing events in and reading need none [env: RIALTO_TOKEN].
    ///
    /// Whoever may list the processes of this machine sees it here, and not in the environment.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Who vouches for a sidecar at https://…, where that is none of the web's authorities: a PEM file with its
    /// certificate, or certificates [env: RIALTO_CA].
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// As JSON; a refusal, too.
    #[arg(long)]
    pub json: bool,
}

/// Who orders something, and why; both go on record.
#[derive(Clone, Debug, Args)]
pub struct Signature {
    /// Who orders it; it goes on record [default: the user's name].
    #[arg(long, value_name = "NAME", value_parser = somebody)]
    by: Option<String>,
    /// Why; it goes on record.
    #[arg(long, default_value = "", hide_default_value = true)]
    why: String,
}

fn somebody(text: &str) -> Result<String, String> {
    // What else it must be is the sidecar's to say.
    match text.trim_matches(' ') {
        "" => Err("who gives an order must be said, and goes on record; without --by it is the user's name".to_owned()),
        name => Ok(name.to_owned()),
    }
}

impl Signature {
    /// Who and why as a query.
    pub fn query(&self) -> String {
        format!("by={}&why={}", encoded(&self.by()), encoded(&self.why))
    }

    /// An order with who and why in it.
    pub fn sign(&self, mut order: Value) -> Value {
        order["by"] = self.by().into();
        order["why"] = self.why.clone().into();
        order
    }

    /// Who and why for the file of tokens.
    pub fn signed(&self) -> Signed {
        Signed { by: self.by(), why: self.why.clone() }
    }

    /// Who says nothing of himself is told by his login, where the system knows it.
    fn by(&self) -> String {
        let login = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|key| std::env::var(key).ok());
        let known = self.by.clone().or_else(|| login().filter(|login| !login.trim().is_empty()));
        known.unwrap_or_else(|| "operator".to_owned())
    }
}

impl Remote {
    /// A client of it.
    pub fn client(&self) -> Result<Client, Failure> {
        let [url, token, authority] =
            [(&self.url, "RIALTO_URL"), (&self.token, "RIALTO_TOKEN"), (&self.ca, "RIALTO_CA")].map(said);
        let client = Client::new(url.as_deref().unwrap_or(URL), token, authority.as_deref().map(Path::new));
        let client = client.map_err(|failure| failure.told_in_json(self.json))?;
        Ok(Client { is_json: self.json, ..client })
    }

    /// Prints an answer: as it is, or as `text` tells it.
    pub fn tell(&self, answer: &Value, text: impl FnOnce(&Value) -> String) -> Outcome {
        match self.json {
            true => print(&(serde_json::to_string_pretty(answer)? + "\n")),
            false => print(&text(answer)),
        }
    }
}

/// What was said, or is in the environment. clap would show what is there as if it had to be said.
pub fn said((flag, variable): (&Option<String>, &str)) -> Option<String> {
    flag.clone().or_else(|| std::env::var(variable).ok().filter(|text| !text.is_empty()))
}

/// The certificates of a file, which alone are trusted.
fn trusted(path: &Path) -> Result<RootCerts, Failure> {
    let cannot = |why: &dyn fmt::Display| {
        let what = "it is a PEM file with the certificate of who vouches for the sidecar, which begins with -----BEGIN CERTIFICATE-----";
        Failure::usage(format!("{} cannot be used as --ca or RIALTO_CA: {why}; {what}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    let certificates: Result<Vec<Certificate<'static>>, _> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect();
    let certificates = certificates.map_err(|error| cannot(&error))?;
    if certificates.is_empty() {
        return Err(cannot(&"it holds no certificate"));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// A text as a part of a path or a query.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A connection to a sidecar.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
    is_json: bool,
}

/// How often a sidecar that is busy is asked again, and how long in all.
const PAUSE: Duration = Duration::from_millis(500);
const PATIENCE: u32 = 120;

type Response = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

impl Client {
    /// A client of the sidecar at `url`, for which the authority vouches whose certificate is in this file.
    pub fn new(url: &str, token: Option<String>, authority: Option<&Path>) -> Result<Client, Failure> {
        if url.contains('@') {
            // What stands there would be shown wherever the address is.
            return Err(Failure::usage(
                "the address of a sidecar has no user and no password; a token is given by RIALTO_TOKEN",
            ));
        }
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::usage(format!("{url} is no address of a sidecar; it looks like {URL}")));
        }
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            let what =
                "a token is made of letters and digits, as `rialto token add` prints it; see --token or RIALTO_TOKEN";
            return Err(Failure::usage(what));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let trust = TlsConfig::builder().root_certs(authority.map(trusted).transpose()?.unwrap_or(RootCerts::WebPki));
        // A token is sent where it was meant to go, and nowhere else that somebody there names.
        let config = config.tls_config(trust.build()).max_redirects(0).timeout_global(Some(Duration::from_secs(90)));
        let agent = config.build().new_agent();
        Ok(Client { agent, url: url.trim_end_matches('/').to_owned(), token, is_json: false })
    }

    /// Asks for what is at `path`.
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.authorized(self.agent.get(format!("{}{path}", self.url)));
        self.taken(request.call())
    }

    /// Hands `lines` in at `path`; waits for a sidecar that is busy.
    pub fn post_lines(&self, path: &str, lines: &str) -> Result<Value, Failure> {
        for attempt in 0.. {
            let request = self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/x-ndjson");
            match self.read(self.authorized(request).send(lines))? {
                (200, answer) => return Ok(answer),
                (503, _) if attempt < PATIENCE => std::thread::sleep(PAUSE),
                (status, answer) => return Err(Failure::refused(status, answer).told_in_json(self.is_json)),
            }
        }
        unreachable!("the loop returns")
    }

    /// Posts `body` at `path`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        self.taken(self.authorized(request).send(body.to_string()))
    }

    /// Puts `text` at `path`.
    pub fn put(&self, path: &str, text: &str) -> Result<Value, Failure> {
        let request = self.agent.put(format!("{}{path}", self.url)).header("content-type", "application/toml");
        self.taken(self.authorized(request).send(text))
    }

    fn authorized<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// The answer, if it is one to be glad of.
    fn taken(&self, response: Response) -> Result<Value, Failure> {
        match self.read(response)? {
            (200, answer) => Ok(answer),
            (status, answer) => Err(Failure::refused(status, answer).told_in_json(self.is_json)),
        }
    }

    fn read(&self, response: Response) -> Result<(u16, Value), Failure> {
        let unreachable = |error: ureq::Error| Failure::unreachable(&self.url, error).told_in_json(self.is_json);
        let response = response.map_err(unreachable)?;
        let status = response.status().as_u16();
        let text = response.into_body().with_config().limit(256 << 20).read_to_string().map_err(unreachable)?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}
