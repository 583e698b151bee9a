//! Towards Stripe: calls go out, and what comes back is told as it came.
//!
//! Nothing is decided here, and nothing is tried twice: who calls knows what a call is for, and writes it down before.

pub mod backoff;
mod connect;
pub mod gateway;
pub mod key;
pub mod pace;

#[cfg(test)]
mod tests;
