//! Who gets in, and what is known of it afterwards: guesses, TLS, armour, and the record of every order.

mod armour;
mod certified;
mod guesses;
mod kept;
mod recorded;

use std::path::Path;

use super::sidecar::{path, run};

/// The admin's token.
fn admin(data: &Path) -> String {
    std::fs::read_to_string(data.join("admin.token")).unwrap().trim().to_owned()
}

/// A token as a header.
fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// Makes a token, and tells it.
fn token(data: &Path, name: &str, scope: &str, signed: &[&str]) -> String {
    let made = run(&[&["token", "--data", path(data), "add", name, "--scope", scope], signed].concat());
    assert_eq!(made.code, Some(0), "{made:?}");
    made.out.trim().to_owned()
}
