//! Rialto: a revenue sidecar for simulated economies.
//!
//! The floors, from the ground up: [`domain`] and `ledger` know no clock, disk or network; everything
//! above them does the effects. `ARCHITECTURE.md` is the map.

pub mod domain;
pub mod reading;
