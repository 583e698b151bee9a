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

static PATHS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    // It is built in, and a test reads it.
    let Ok(Described { paths }) = serde_json::from_str(OPENAPI) else { return Vec::new() };
    let mut paths: Vec<(String, String)> = paths
        .into_iter()
        .map(|(path, item)| {
            let methods = item.into_keys().filter(|key| key != "parameters").map(|method| method.to_ascii_uppercase());
            (path, methods.collect::<Vec<_>>().join(", "))
        })
        .collect();
    // A path that is written out comes before one with a place for an id.
    paths.sort_by_key(|(path, _)| path.contains('{'));
    paths
});

/// The methods for this path, as the header `Allow` has them; none where there is no such path.
pub fn of(path: &str) -> Option<&'static str> {
    let is_it = |known: &str| {
        let (mut known, mut asked) = (known.split('/'), path.split('/'));
        loop {
            match (known.next(), asked.next()) {
                (None, None) => return true,
                (Some(known), Some(asked)) if known == asked || known.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    PATHS.iter().find(|(known, _)| is_it(known)).map(|(_, methods)| methods.as_str())
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
            assert_eq!(of(path), methods, "{path}");
        }
    }
}
