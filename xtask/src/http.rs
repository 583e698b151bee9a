//! Asks servers on this machine, thousands of times if need be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// The body of what answers to `path`; any status but 200 is an error.
pub fn get(address: &str, path: &str) -> Result<String, String> {
    ask("GET", address, path)
}

/// Likewise, where something is ordered.
pub fn post(address: &str, path: &str) -> Result<String, String> {
    ask("POST", address, path)
}

fn ask(method: &str, address: &str, path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("http://{address}{path} does not answer: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    // In HTTP/1.0 an answer ends where the connection does, and comes in one piece.
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n").map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    let answer = String::from_utf8(answer).map_err(|error| format!("http://{address}{path} is no text: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        _ => Err(format!("http://{address}{path} answers:\n{answer}")),
    }
}

/// An address on the loopback where nobody listens yet.
pub fn free_address() -> Result<String, String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| format!("no free port on the loopback: {error}"))
}

/// A text as it may stand in a query.
pub fn encoded(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let one = |byte: u8| if is_plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_or_digit_is_encoded() {
        assert_eq!(encoded("up{a=\"€\"} > 0"), "up%7Ba%3D%22%E2%82%AC%22%7D%20%3E%200");
    }
}
