//! The ledger: what was posted, and every sum over it.
//!
//! The [`book`] holds what happened, once and for ever, in rows that are only ever appended.
//! [`totals`] are a projection of those rows, as far as they are durable. Nothing here knows a clock,
//! a disk or an actor.

pub mod accounts;
pub mod arrivals;
pub mod bill;
pub mod bills;
pub mod book;
pub mod chunks;
pub mod collected;
pub mod deeds;
pub mod digest;
pub mod directory;
pub mod entry;
pub mod guards;
pub mod hours;
pub mod index;
pub mod invoices;
mod look;
pub mod meters;
pub mod offsets;
pub mod orders;
pub mod pages;
pub mod parts;
pub mod payers;
pub mod receivables;
pub mod roll;
pub mod rows;
pub mod top;
pub mod totals;
pub mod view;
