//! The exports, as others read them: the journal by hledger, CSV and Parquet by DuckDB, all of them beside the dashboard
//! of a running sidecar.

use crate::python::Libraries;
use crate::{Done, apt, needs};

/// Runs the tests that need these programs.
pub fn check() -> Done {
    apt::install(needs::EXPORTS)?;
    let libraries = Libraries { name: "exports", what: "DuckDB", import: "import duckdb" };
    libraries.test("RIALTO_EXPORTS_PYTHON", "reporting::programs")
}
