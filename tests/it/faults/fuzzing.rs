//! What fuzzing starts from, and all that it ever found: each input goes through the very functions that are fuzzed.
//!
//! `cargo xtask fuzz` makes up more, for an hour; what it finds is mended, and comes into `fuzz/corpus/` with a name that
//! says what it was.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

/// All inputs of a target; none of them makes it panic, which would name it.
fn hold(target: &str) {
    let (_, read) = fuzz::TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(corpus(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort_unstable();
    assert!(!files.is_empty());
    for file in files {
        println!("{}", file.display());
        read(&fs::read(file).unwrap());
    }
}

#[test]
fn no_configuration_of_the_corpus_breaks_anything() {
    hold("config");
}

#[test]
fn no_events_of_the_corpus_break_anything() {
    hold("events");
}

#[test]
fn no_rows_of_the_corpus_break_anything() {
    hold("rows");
}

#[test]
fn no_journal_of_the_corpus_breaks_anything() {
    hold("journal");
}

#[test]
fn no_snapshot_of_the_corpus_breaks_anything() {
    hold("snapshot");
}

#[test]
fn no_tariff_of_the_corpus_breaks_anything() {
    hold("tariff");
}

#[test]
fn no_webhook_of_the_corpus_breaks_anything() {
    hold("webhook");
}

#[test]
fn no_answer_of_stripes_in_the_corpus_breaks_anything() {
    hold("stripe_answers");
}

#[test]
fn no_request_of_the_corpus_breaks_anything() {
    hold("http");
    fuzz::http::close();
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
    for (name, _) in fuzz::TARGETS {
        assert!(programs.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let program = fs::read_to_string(root.join("fuzz/fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("rialto_fuzz::{name}::read(data)")), "{name}");
        assert!(corpus(name).is_dir(), "{name}");
    }
    assert_eq!(programs.matches("fuzz_targets/").count(), fuzz::TARGETS.len());
}
