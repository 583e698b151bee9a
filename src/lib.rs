//! Rialto, a revenue sidecar for simulated economies.

pub mod demo;
