//! Collecting: from what is owed to money at Stripe, whatever happens on the way.

mod seeds;
mod table;
mod whole;
mod world;
