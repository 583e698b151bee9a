//! The whole, tried from outside: one binary, so that linking is paid for once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod alarms;
mod any;
mod backups;
mod city;
mod collecting;
mod contract;
mod demo;
mod described;
mod dice;
mod doors;
mod embed;
mod ends;
mod entering;
mod faults;
mod floors;
mod forms;
mod golden;
mod halting;
mod house;
mod importing;
mod laws;
mod limits;
mod managed;
mod metrics;
mod operating;
mod outside;
mod page;
mod paying;
mod phases;
mod plain;
mod records;
mod recovery;
mod reporting;
mod room;
mod scribe;
mod serving;
mod sidecar;
mod snapshots;
mod support;
mod table;
mod telling;
mod writer;
