//! The doors, fuzzed: schemathesis reads the description of the API from a running sidecar, and makes of it requests that
//! nobody thought of, good and bad ones, with the admin's token.
//!
//! It lives in an environment of its own, `target/doors`, in the versions that `tests/doors/requirements.txt` names.

use crate::Done;
use crate::python::Libraries;

/// Where the tests find it.
pub const VARIABLE: &str = "RIALTO_DOORS_PYTHON";

/// What the tests need.
pub const LIBRARIES: Libraries = Libraries { name: "doors", what: "schemathesis", import: "import schemathesis" };

/// Runs the tests that need it.
pub fn check() -> Done {
    LIBRARIES.test(VARIABLE, "faults::doors::fuzzed")
}
