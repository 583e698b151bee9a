//! The binary: see `rialto --help`.

use std::process::ExitCode;

// Nearly doubles how many messages the actors pass in a second.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    begin_small();
    rialto::cli::run(Some(give_back))
}

/// mimalloc asks for huge pages wherever it can, and each thread begins many small pages: an empty
/// sidecar held 9 huge ones, 18 MiB, for 3 MiB of its own. The beginning of its memory does
/// without; a book that grows past it has them, and looks its keys up the faster for it.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "an advice of the system's, which has no safe wrapper")]
fn begin_small() {
    const HUGE_PAGE: usize = 2 << 20;
    const BYTES: usize = 32 << 20;
    // The allocator has hardly begun, so that this lies at the beginning of its memory.
    let first = Box::new(0_u8);
    let begin = (&raw const *first).map_addr(|address| address & !(HUGE_PAGE - 1));
    // SAFETY: this changes only how memory is laid out, and no contents. Where it is refused, nothing is lost.
    unsafe { libc::madvise(begin.cast_mut().cast(), BYTES, libc::MADV_NOHUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn begin_small() {}

/// mimalloc gives pages back in passing, and a thread with nothing to do passes by no more: without
/// this, a million retired actors left 780 bytes each; with it, 130.
#[expect(unsafe_code, reason = "the allocator's own function, which has no safe wrapper")]
fn give_back() {
    // SAFETY: it may be called by any thread at any time, and touches only what is free.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
