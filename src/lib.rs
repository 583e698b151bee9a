//! Rialto: a revenue sidecar for simulated economies.
//!
//! The floors, from the ground up: [`domain`], [`tariffs`], [`ledger`], [`billing`] and [`reporting`] know no clock, disk
//! or network; everything above them does the effects. `ARCHITECTURE.md` is the map.

pub mod actors;
pub mod billing;
pub mod chain;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod disk;
pub mod domain;
pub mod folder;
pub mod http;
pub mod journal;
pub mod ledger;
pub mod metrics;
pub mod reading;
pub mod reporting;
pub mod sandbox;
pub mod snapshot;
pub mod stripe;
pub mod tariffs;
pub mod wiring;
