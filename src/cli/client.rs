//! A client of a running sidecar: plain HTTP, on loopback or behind a proxy that does TLS.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

/// Which sidecar, and by what right.
#[derive(Clone, Debug, Args)]
pub struct Remote {
    /// The address of a running sidecar.
    #[arg(long, env = "RIALTO_URL", value_name = "URL")]
    pub url: Option<String>,
    /// A token for it; on a loopback address, handing events in and reading need none.
    #[arg(long, env = "RIALTO_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// Who orders something, and why; both go on record.
#[derive(Clone, Debug, Args)]
pub struct Signature {
    /// Who orders it; it goes on record.
    #[arg(long, default_value = "operator")]
    by: String,
    /// Why; it goes on record.
    #[arg(long, default_value = "")]
    why: String,
}

impl Signature {
    /// Who and why as a query.
    pub fn query(&self) -> String {
        let encoded =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        format!("by={}&why={}", encoded(&self.by), encoded(&self.why))
    }

    /// An order with who and why in it.
    pub fn sign(&self, mut order: Value) -> Value {
        order["by"] = self.by.clone().into();
        order["why"] = self.why.clone().into();
        order
    }
}

impl Remote {
    /// A client of it; without an address, of the one on this machine.
    pub fn client(&self) -> Result<Client, String> {
        Client::new(self.url.as_deref().unwrap_or("http://127.0.0.1:8717"), self.token.clone())
    }
}

/// A connection to a sidecar.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

/// How often a sidecar that is busy is asked again, and how long in all.
const PAUSE: Duration = Duration::from_millis(500);
const PATIENCE: u32 = 120;

impl Client {
    /// A client of the sidecar at `url`.
    pub fn new(url: &str, token: Option<String>) -> Result<Client, String> {
        if !url.starts_with("http://") {
            return Err(format!("{url} is no address of a sidecar; it looks like http://127.0.0.1:8717"));
        }
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            let what =
                "a token is made of letters and digits, as `rialto token add` prints it; see --token or RIALTO_TOKEN";
            return Err(what.to_owned());
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(Duration::from_secs(90))).build().new_agent();
        Ok(Client { agent, url: url.trim_end_matches('/').to_owned(), token })
    }

    /// Asks for what is at `path`.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (status, answer) = read(request.call().map_err(|error| self.unreachable(&error))?)?;
        if status == 200 { Ok(answer) } else { Err(said(status, &answer)) }
    }

    /// Hands `lines` in at `path`; waits for a sidecar that is busy.
    pub fn post_lines(&self, path: &str, lines: &str) -> Result<Value, String> {
        for attempt in 0.. {
            let mut request =
                self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/x-ndjson");
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let (status, answer) = read(request.send(lines).map_err(|error| self.unreachable(&error))?)?;
            match status {
                200 => return Ok(answer),
                503 if attempt < PATIENCE => std::thread::sleep(PAUSE),
                _ => return Err(said(status, &answer)),
            }
        }
        unreachable!("the loop returns")
    }

    /// Posts `body` at `path`.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let mut request = self.agent.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (status, answer) = read(request.send(body.to_string()).map_err(|error| self.unreachable(&error))?)?;
        if status == 200 { Ok(answer) } else { Err(said(status, &answer)) }
    }

    /// Puts `text` at `path`.
    pub fn put(&self, path: &str, text: &str) -> Result<Value, String> {
        let mut request = self.agent.put(format!("{}{path}", self.url)).header("content-type", "application/toml");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (status, answer) = read(request.send(text).map_err(|error| self.unreachable(&error))?)?;
        if status == 200 { Ok(answer) } else { Err(said(status, &answer)) }
    }

    fn unreachable(&self, error: &ureq::Error) -> String {
        format!(
            "no sidecar answers at {}: {error}; start one with `rialto serve`, or name another with --url",
            self.url
        )
    }
}

fn read(response: ureq::http::Response<ureq::Body>) -> Result<(u16, Value), String> {
    let status = response.status().as_u16();
    let text =
        response.into_body().with_config().limit(256 << 20).read_to_string().map_err(|error| error.to_string())?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

fn said(status: u16, answer: &Value) -> String {
    let part = |key: &str| super::plain::line(answer["error"][key].as_str().unwrap_or_default());
    format!("the sidecar answers {status} {}: {}; {}", part("code"), part("message"), part("help"))
}
