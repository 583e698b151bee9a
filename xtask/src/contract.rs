//! The contract: what we send to Stripe and take from it, held against Stripe's official library for Python.
//!
//! The library lives in an environment of its own, `target/contract`, in the versions that are named in
//! `tests/contract/requirements.txt`. Nothing is sent to Stripe.

use crate::Done;
use crate::python::Libraries;

/// Runs the tests that need the library.
pub fn check() -> Done {
    let libraries = Libraries { name: "contract", what: "Stripe's official library", import: "import stripe" };
    libraries.test("RIALTO_CONTRACT_PYTHON", "contract")
}
