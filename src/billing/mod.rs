//! Billing: what is owed becomes invoices.
//!
//! Everything here is decided by values alone: the same receivables, terms and day make the same invoices, to the
//! cent and to the line.

pub mod adopt;
pub mod answers;
pub mod asks;
pub mod books;
pub mod call;
pub mod customers;
pub mod draw;
pub mod events;
pub mod lines;
pub mod look;
pub mod marks;
pub mod outlook;
pub mod papers;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod reconcile;
pub mod refusals;
pub mod round;
pub mod seek;
pub mod signature;
pub mod walk;
