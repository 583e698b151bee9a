//! The trade itself: money, names, days, activities and what they cost.
//!
//! Nothing here knows a clock, a disk, a network or a runtime; the same values in give the same
//! values out, on every machine.

pub mod activity;
pub mod bills;
pub mod calendar;
pub mod charge;
pub mod coin;
pub mod external;
pub mod ids;
pub mod kinds;
pub mod money;
pub mod names;
pub mod orders;
pub mod outlook;
pub mod payers;
pub mod plain;
pub mod proposals;
pub mod rollout;
pub mod rows;
pub mod targets;
pub mod tariff;
pub mod time;
