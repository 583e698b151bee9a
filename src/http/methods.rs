//! Which methods there are for a path, as the description of the API has it: whoever asked by another one is told so.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::pages::OPENAPI;

#[derive(Deserialize)]
struct Described {
    #[serde(borrow)]
    paths: BTreeMap<String, BTreeMap<String, &'static RawValue>>,
}

static PATHS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    // It is built in, and a test reads it.
    let Ok(Described { paths }) = serde_json::from_str(OPENAPI) else { return BTreeMap::new() };
    let methods = |item: BTreeMap<String, _>| {
        let methods = item.into_keys().filter(|key| key != "parameters").map(|method| method.to_ascii_uppercase());
        methods.collect::<Vec<_>>().join(", ")
    };
    paths.into_iter().map(|(path, item)| (path, methods(item))).collect()
});

/// The methods for the path with this [label](super::routes::label), as the header `Allow` has them; none where there is
/// no such path.
pub fn of(label: &str) -> Option<&'static str> {
    PATHS.get(label).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_methods_that_are_described() {
        for (path, methods) in [
            ("/", Some("GET")),
            ("/v1/rollout", Some("GET, POST")),
            ("/v1/tariff", Some("GET, PUT")),
            ("/v1/activities/rec1", Some("GET")),
            ("/v1/bills/run", Some("POST")),
            ("/v1/bills/bill_1/cancel", Some("POST")),
            ("/v1/bills/bill_1/nothing", None),
            ("/nothing", None),
        ] {
            assert_eq!(of(super::super::routes::label(path)), methods, "{path}");
        }
    }
}
