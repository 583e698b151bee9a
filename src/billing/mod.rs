//! Billing: what is owed becomes invoices.
//!
//! Everything here is decided by values alone: the same receivables, terms and day make the same invoices, to the
//! cent and to the line.

pub mod call;
pub mod lines;
pub mod plan;
pub mod signature;
