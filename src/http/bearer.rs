//! The bearer of a token: by which one a request was let in, for the order that it gives.
//!
//! Who gives an order is what he says of himself; by which token he may is what we know. Both go on record.

use std::future::Future;

use compact_str::CompactString;

use super::tokens::ADMIN;

/// The name of the token that a request brought, where it needed one.
pub type Bearer = Option<CompactString>;

tokio::task_local! {
    static BEARER: Bearer;
}

/// Answers a request that was let in by this token.
pub async fn known_as<F: Future>(bearer: Bearer, answering: F) -> F::Output {
    BEARER.scope(bearer, answering).await
}

/// Between who somebody says that he is, and the token that he had.
const BY_TOKEN: &str = ", by token ";

/// Who somebody says that he is, so that it never reads as if a token were on record.
pub fn said(by: &str) -> String {
    by.replace(BY_TOKEN, " (by token) ")
}

/// Who gives the order that is being answered: as he says, and by which token, unless that is the admin's own.
pub fn signed(by: &str) -> String {
    let by = said(by);
    let token = BEARER.try_with(Clone::clone).ok().flatten().filter(|token| token != ADMIN);
    match token {
        Some(token) => by + BY_TOKEN + &token,
        None => by,
    }
}
