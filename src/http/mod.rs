//! HTTP: what the outside sees.
//!
//! [`server`] says who comes in at which address, and within which bounds; its listener accepts connections, its desk has
//! their requests answered; [`access`] decides who may ask for what; the routes read and answer; only [`reply`] knows a status.

pub mod access;
mod answers;
mod armour;
mod bearer;
mod billing;
mod desk;
mod entrance;
mod guesses;
mod house;
pub mod ingest;
mod listener;
mod methods;
mod operating;
mod page;
mod pages;
mod patience;
mod payers;
mod people;
mod places;
mod proposals;
pub mod reply;
mod room;
pub mod roster;
mod routes;
mod segment;
pub mod server;
pub mod tls;
pub mod tokens;
mod turns;
pub mod webhooks;
pub mod wire;
