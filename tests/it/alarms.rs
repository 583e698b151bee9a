//! The alarms about targets are made from the configuration, and what a runbook says to type is a command.

use std::path::{Path, PathBuf};

use super::sidecar::{path, ran, rialto, run};

fn repository(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

#[test]
fn the_alarms_about_targets_in_the_repository_are_those_of_the_usual_configuration() {
    let committed = repository("grafana/prometheus/targets.yaml");
    let printed = run(&["targets", "rules"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    if std::env::var_os("RIALTO_WRITE_RULES").is_some() {
        std::fs::write(&committed, &printed.out).unwrap();
    }
    let committed = std::fs::read_to_string(committed).unwrap_or_default();
    assert!(committed == printed.out, "targets.yaml is of another configuration: RIALTO_WRITE_RULES=1 writes it");
}

#[test]
fn alarms_are_about_the_targets_that_are_configured() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (folder.path().join("rialto.toml"), folder.path().join("targets.yaml"));
    let targets = "targets_start = \"2026-12-01\"\n\
        [[targets]]\nname = \"carnival\"\ndays = 12\namount = 4000\nbasis = \"collected\"\n";
    std::fs::write(&config, targets).unwrap();
    let order = ["targets", "rules", "--config", path(&config), "--out", path(&out)];
    let ran = run(&[&order[..], &["--runbooks", "https://example.org/runbooks"]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let rules = std::fs::read_to_string(&out).unwrap();
    for part in [
        "rialto_targets_goal{target=\\\"carnival\\\"} == 4000",
        "of 4000 collected within 12 days from 2026-12-01 on.",
        "runbook_url: \"https://example.org/runbooks/RialtoTargetMissed.md\"",
    ] {
        assert!(rules.contains(part), "{part} is missing:\n{rules}");
    }
    assert!(!rules.contains("week one"), "{rules}");
}

#[test]
fn alarms_are_written_whole_or_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("not/there.yaml");
    let ran = run(&["targets", "rules", "--out", path(&nowhere)]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("there.yaml cannot be written"), "{ran:?}");
    let both = run(&["targets", "--json", "rules"]);
    assert_eq!(both.code, Some(2), "how they stand and rules are two questions: {both:?}");
}

/// The lines of a page that are typed into a shell and begin with `rialto`.
fn commands(page: &str) -> Vec<Vec<String>> {
    let mut is_shell = false;
    let mut commands = Vec::new();
    for line in page.lines() {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            line if is_shell && line.starts_with("rialto ") => commands.push(words(line)),
            _ => {}
        }
    }
    commands
}

/// The words of a line, of which some may be in single quotation marks.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.skip(1).collect()
}

/// Arguments of commands that open or write something.
const FOLDERS: [&str; 3] = ["--data", "--out", "--config"];

#[test]
fn whatever_a_runbook_says_to_type_is_a_command() {
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(repository("grafana/runbooks")).unwrap().map(|page| page.unwrap().path()).collect();
    pages.push(repository("grafana/prometheus/README.md"));
    let elsewhere = tempfile::tempdir().unwrap();
    let mut tried = std::collections::BTreeSet::new();
    for page in pages {
        for command in commands(&std::fs::read_to_string(&page).unwrap()) {
            if !tried.insert(command.clone()) {
                continue;
            }
            // With this at its end a command is read, and not run: only what it does not know is refused before.
            let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
            let help = run(&arguments);
            assert_eq!(help.code, Some(0), "{}: {arguments:?}: {help:?}", page.display());
            // And what opens no folder is given all that it needs: it finds no sidecar, or no such file.
            if !command.iter().any(|word| FOLDERS.contains(&word.as_str())) {
                let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
                let mut command = rialto(&arguments);
                command.env("RIALTO_URL", "http://127.0.0.1:1").current_dir(elsewhere.path());
                let came = ran(command);
                assert_ne!(came.code, Some(2), "{}: {arguments:?}: {came:?}", page.display());
            }
        }
    }
    assert!(30 < tried.len(), "{tried:?}");
}
