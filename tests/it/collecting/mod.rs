//! Collecting: from what is owed to money at Stripe, whatever happens on the way.

mod customers;
mod oracles;
pub mod seeds;
mod table;
mod traps;
mod whole;
pub mod world;
