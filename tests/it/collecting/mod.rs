//! Collecting: from what is owed to money at Stripe, whatever happens on the way.

mod adopting;
mod commands;
mod copies;
mod crediting;
mod customers;
mod erasing;
mod oracles;
mod restoring;
pub mod seeds;
mod sending;
mod sleeping;
mod table;
mod traps;
mod whole;
pub mod world;
