//! HTTP: what the outside sees.
//!
//! [`server`] accepts connections and bounds them; [`access`] decides who may ask for what; the routes
//! read and answer; only [`reply`] knows a status.

pub mod access;
mod answers;
mod billing;
mod house;
mod ingest;
mod operating;
mod pages;
mod payers;
mod proposals;
pub mod reply;
mod room;
mod routes;
pub mod server;
pub mod tokens;
pub mod webhooks;
pub mod wire;
