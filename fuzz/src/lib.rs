//! What is fuzzed: whatever comes from outside or from the disk, through the doors by which it really comes.
//!
//! Each module has one function that takes any bytes and panics where something does not hold. `fuzz_targets/` hands them
//! what libFuzzer makes up; `tests/it/faults/fuzzing.rs` includes this very file, and hands them the corpus, so that what
//! was found once is tried in every test.

pub mod config;
pub mod events;
pub mod http;
pub mod journal;
pub mod rows;
pub mod snapshot;
pub mod stripe_answers;
pub mod tariff;
pub mod webhook;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 9] = [
    ("config", config::read),
    ("events", events::read),
    ("http", http::read),
    ("journal", journal::read),
    ("rows", rows::read),
    ("snapshot", snapshot::read),
    ("stripe_answers", stripe_answers::read),
    ("tariff", tariff::read),
    ("webhook", webhook::read),
];

/// A folder of this thread's own, in memory where whoever fuzzes says so.
fn scratch<T>(work: impl FnOnce(&std::path::Path) -> T) -> T {
    thread_local! {
        static SCRATCH: tempfile::TempDir = folder();
    }
    SCRATCH.with(|scratch| work(scratch.path()))
}

/// A new folder, removed when it is dropped.
fn folder() -> tempfile::TempDir {
    let place = std::env::var_os("RIALTO_FUZZ_FOLDER").map_or_else(std::env::temp_dir, Into::into);
    tempfile::tempdir_in(place).expect("a folder")
}

/// What a future comes to that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits, though whoever it asks answers at once"),
    }
}
