//! See `src/stripe_answers.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rialto_fuzz::stripe_answers::read(data));
