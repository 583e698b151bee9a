//! The whole, tried from outside: one binary, so that linking is paid for once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod any;
mod embed;
mod ends;
mod full_disk;
mod golden;
mod laws;
mod limits;
mod records;
mod recovery;
mod scribe;
mod snapshots;
mod support;
mod writer;
