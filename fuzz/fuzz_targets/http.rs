//! See `src/http.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rialto_fuzz::http::read(data));
