//! The binary: see `rialto --help`.

use std::process::ExitCode;

// Nearly doubles how many messages the actors pass in a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rialto::cli::run()
}
