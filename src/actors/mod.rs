//! The actors: one for every citizen and business, and the bookkeeper.
//!
//! [`door`] takes batches in, numbers them and hands each entity its part; the entities' actors price
//! it; the [`bookkeeper`] posts it in the door's order. Nobody but the bookkeeper holds any truth, so
//! that every other actor may retire, or die, and wake up as it was.

pub mod atlas;
pub mod bookkeeper;
pub mod business;
pub mod citizen;
pub mod clerk;
pub mod door;
pub mod filing;
pub mod gate;
pub mod halt;
pub mod messages;
mod posting;
pub mod queries;
pub mod registry;
pub mod sheet;
pub mod vitals;
