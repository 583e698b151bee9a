//! A client of a running sidecar: plain HTTP, on loopback or behind a proxy that does TLS.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::failure::Failure;
use super::{Outcome, print};

/// Where a sidecar is, where nobody says otherwise.
const URL: &str = "http://127.0.0.1:8717";

/// Which sidecar, by what right, and how its answer is told.
#[derive(Clone, Debug, Args)]
pub struct Remote {
    /// The address of a running sidecar [env: RIALTO_URL] [default: http://127.0.0.1:8717].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A token for it; on a loopback address, handing events in and reading need none [env: RIALTO_TOKEN].
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
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
        let [url, token] = [(&self.url, "RIALTO_URL"), (&self.token, "RIALTO_TOKEN")].map(said);
        let client = Client::new(url.as_deref().unwrap_or(URL), token);
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
    /// A client of the sidecar at `url`.
    pub fn new(url: &str, token: Option<String>) -> Result<Client, Failure> {
        if !url.starts_with("http://") {
            return Err(Failure::usage(format!("{url} is no address of a sidecar; it looks like {URL}")));
        }
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            let what =
                "a token is made of letters and digits, as `rialto token add` prints it; see --token or RIALTO_TOKEN";
            return Err(Failure::usage(what));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(90))).build().new_agent();
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
