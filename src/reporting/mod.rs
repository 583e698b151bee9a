//! Reports and exports: what the book comes to, and every transaction of it in the forms that others read.
//!
//! Everything here is worked out from a book that somebody else has read, and written to wherever somebody else says.
//! A report is sums; a [sheet](sheet) is transactions, one after another: CSV, Parquet or a journal for hledger.

pub mod csv;
pub mod days;
pub mod hledger;
pub mod parquet;
pub mod report;
pub mod sheet;
