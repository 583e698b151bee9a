//! The floors are kept apart: a module uses its own floor and lower ones, never one above.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::path::{Path, PathBuf};

/// Every floor and side room of `src/`, from the ground up, with what it may use besides itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("tariffs", &["domain"]),
    ("ledger", &["domain", "tariffs"]),
    ("billing", &["domain", "ledger"]),
    ("reporting", &["domain", "ledger"]),
    ("chain", &[]),
    ("disk", &[]),
    ("clock", &["domain"]),
    ("sandbox", &["billing", "clock"]),
    ("config", &["domain"]),
    ("reading", &["domain"]),
    ("demo", &["domain"]),
    ("metrics", &["domain", "ledger", "clock"]),
    ("stripe", &["billing", "chain", "metrics"]),
    ("journal", &["domain", "tariffs", "ledger", "disk", "chain", "clock", "metrics"]),
    ("folder", &["disk", "journal"]),
    ("snapshot", &["domain", "tariffs", "ledger", "disk", "journal", "chain", "clock", "folder", "metrics"]),
    ("actors", &["domain", "ledger", "disk", "journal", "snapshot", "chain", "clock", "folder", "metrics"]),
    (
        "wiring",
        &[
            "domain", "ledger", "billing", "disk", "journal", "snapshot", "actors", "chain", "clock", "config",
            "folder", "metrics", "stripe",
        ],
    ),
    (
        "http",
        &[
            "domain", "tariffs", "ledger", "billing", "actors", "wiring", "chain", "clock", "config", "metrics",
            "reading",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "tariffs",
            "ledger",
            "billing",
            "journal",
            "snapshot",
            "actors",
            "wiring",
            "http",
            "chain",
            "clock",
            "config",
            "demo",
            "folder",
            "metrics",
            "reading",
            "reporting",
            "sandbox",
            "stripe",
        ],
    ),
];

#[test]
fn no_floor_uses_one_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&source, &mut files);
    assert!(!files.is_empty());
    let mut faults = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&source).unwrap().with_extension("");
        let names: Vec<&str> = inside.iter().map(|name| name.to_str().unwrap()).collect();
        let floor = names[0];
        if ["lib", "main"].contains(&floor) {
            continue;
        }
        let Some((_, allowed)) = FLOORS.iter().find(|(known, _)| *known == floor) else {
            faults.push(format!("{} is on no floor: say in this test where it belongs", file.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let used = line.split("crate::").skip(1).map(first_name);
            for used in used.filter(|used| *used != floor && !allowed.contains(used)) {
                faults.push(format!("{}:{}: {floor} uses {used:?}", file.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_floors_stand_on_each_other() {
    for (place, (floor, allowed)) in FLOORS.iter().enumerate() {
        for used in *allowed {
            assert!(FLOORS[..place].iter().any(|(below, _)| below == used), "{used} is not below {floor}");
        }
    }
}

/// The name that a path goes on with; a list of several is none, and nobody's floor.
fn first_name(path: &str) -> &str {
    let end = path.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(path.len());
    &path[..end]
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
