//! Rialto in process, for a long-lived host that is written in Python.
//!
//! It wraps the sidecar's own handle, its reading and its answers, and adds no shape of its own. The interpreter is let go
//! wherever anything is waited for; no panic comes out as anything but an exception; and nothing is done in a process that
//! was forked from the one that opened the data folder.

mod event;
mod handle;
mod refusals;

use pyo3::prelude::*;

/// Rialto in process: every activity priced, posted and durable before its receipt.
///
///     with rialto.Rialto("/var/lib/rialto") as book:
///         receipt = book.record(activity_record)
///         print(receipt["status"], receipt["amount"])
///
/// One process alone has a data folder open. A subprocess that lives for five minutes uses the spool of
/// rialto_hook instead, and hands in to a sidecar that goes on running.
#[pymodule(gil_used = true)]
mod rialto {
    use super::*;

    #[pymodule_export]
    use super::handle::Rialto;
    #[pymodule_export]
    use super::refusals::{Closed, FolderInUse, Forked, Full, RialtoError};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        // What was submitted is recorded also where the host ends without closing.
        let close = wrap_pyfunction!(super::handle::close_all, module)?;
        module.py().import("atexit")?.call_method1("register", (close,))?;
        Ok(())
    }
}
