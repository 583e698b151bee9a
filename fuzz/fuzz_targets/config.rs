//! See `src/config.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rialto_fuzz::config::read(data));
