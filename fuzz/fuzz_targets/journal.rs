//! See `src/journal.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rialto_fuzz::journal::read(data));
