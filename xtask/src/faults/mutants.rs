//! Mistakes that somebody could make in the core, made on purpose in a copy of the tree: the tests have to notice each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Done, places};

/// A mistake: what stands once in a file, what stands there instead, and the tests that have to notice it.
struct Mutant {
    name: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    tests: &'static str,
}

const WORLDS: &str = "faults::simulation";

const MUTANTS: [Mutant; 12] = [
    Mutant {
        name: "answers are given before the sync",
        file: "src/actors/bookkeeper.rs",
        right: "        self.written = Some(promise);\n",
        wrong: "        let heights = promise.heights;\n        self.redeem(std::mem::take(&mut promise));\n        promise.heights = heights;\n        self.written = Some(promise);\n",
        tests: WORLDS,
    },
    Mutant {
        name: "sums are shown before the sync",
        file: "src/actors/bookkeeper.rs",
        right: "        self.written = Some(promise);\n",
        wrong: "        self.durable = promise.heights;\n        self.publish();\n        self.written = Some(promise);\n",
        tests: WORLDS,
    },
    Mutant {
        name: "a group is not synced",
        file: "src/journal/writer.rs",
        right: "        segment.file.sync_data()?;\n",
        wrong: "",
        tests: WORLDS,
    },
    Mutant {
        name: "a failed sync is taken for done",
        file: "src/journal/writer.rs",
        right: "        segment.file.sync_data()?;\n",
        wrong: "        drop(segment.file.sync_data());\n",
        tests: WORLDS,
    },
    Mutant {
        name: "the name of a new segment is not synced",
        file: "src/journal/segment.rs",
        right: "    folder.sync()?;\n    Ok(file)\n",
        wrong: "    Ok(file)\n",
        tests: WORLDS,
    },
    Mutant {
        name: "a torn tail is taken for damage",
        file: "src/journal/recovery.rs",
        right: "        if self.end < self.uncertain || ",
        wrong: "        if torn.is_some() || self.end < self.uncertain || ",
        tests: WORLDS,
    },
    Mutant {
        name: "damage is taken for a torn tail",
        file: "src/journal/recovery.rs",
        right: "        if self.end < self.uncertain || ",
        wrong: "        if false && ",
        tests: "faults::rot",
    },
    Mutant {
        name: "the uncertain end is not written again",
        file: "src/journal/recovery.rs",
        right: "        rewrite(segment, found.uncertain, end)",
        wrong: "        rewrite(segment, end, end)",
        tests: WORLDS,
    },
    Mutant {
        name: "a snapshot counts before the journal has it",
        file: "src/snapshot/mod.rs",
        right: "    if durable < position {\n        return Ok(None);\n    }\n",
        wrong: "    let _ = durable;\n",
        tests: WORLDS,
    },
    Mutant {
        name: "half of what came before a restart is not known again",
        file: "src/ledger/parts.rs",
        right: "        for number in 0..book.facts.len() {\n            book.index.put",
        wrong: "        for number in 0..book.facts.len() / 2 {\n            book.index.put",
        tests: WORLDS,
    },
    Mutant {
        name: "charges are rounded down",
        file: "src/domain/money.rs",
        right: "            Ordering::Greater => true,\n",
        wrong: "            Ordering::Greater => false,\n",
        tests: WORLDS,
    },
    Mutant {
        name: "the sign of a posting is turned",
        file: "src/ledger/accounts.rs",
        right: "Posting { account: earned, amount: -amount }]",
        wrong: "Posting { account: earned, amount }]",
        tests: WORLDS,
    },
];

/// Makes each of them, and tells in a line of the table which tests noticed it.
pub fn row() -> Result<String, String> {
    let tree = copy()?;
    let mut noticed = Vec::new();
    for mutant in &MUTANTS {
        println!("\n== a mistake: {}", mutant.name);
        let path = tree.join(mutant.file);
        let right = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(&path, mutant.made(&right)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let told = test(&tree, mutant.tests);
        fs::write(&path, &right).map_err(|error| format!("{}: {error}", path.display()))?;
        noticed.push(format!("{}: {}", mutant.name, told.map_err(|error| format!("{}: {error}", mutant.name))?));
    }
    // As it is, none of it is noticed: otherwise the above would tell nothing.
    if let Ok(why) = test(&tree, WORLDS) {
        return Err(format!("without any mistake the worlds notice {why}"));
    }
    let line = serde_json::json!({
        "fault": "mistakes in the core",
        "tried": format!("{} made on purpose, one after another", MUTANTS.len()),
        "came": format!("each is noticed. {}", noticed.join("; ")),
    });
    Ok(format!("{line}\n"))
}

impl Mutant {
    fn made(&self, right: &str) -> Result<String, String> {
        match right.matches(self.right).count() {
            1 => Ok(right.replacen(self.right, self.wrong, 1)),
            count => {
                Err(format!("{}: what the mistake {:?} is about stands there {count} times", self.file, self.name))
            }
        }
    }
}

/// Everything that git knows of, in a folder of its own, so that no mistake ever stands in the tree.
fn copy() -> Result<PathBuf, String> {
    let tree = places::made(places::target().join("mutants/tree"))?;
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(places::root()).output();
    let listed = listed.map_err(|error| format!("git: {error}"))?.stdout;
    for name in String::from_utf8_lossy(&listed).split_terminator('\0') {
        let (from, to) = (places::root().join(name), tree.join(name));
        let (new, old) = (fs::read(&from), fs::read(&to));
        // What is as it was is not compiled again.
        if let Ok(new) = new.as_ref()
            && old.ok().as_ref() != Some(new)
        {
            let made = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&to, new));
            made.map_err(|error| format!("{}: {error}", to.display()))?;
        }
    }
    Ok(tree)
}

/// Runs these tests; what they noticed, or that they noticed nothing.
fn test(tree: &Path, tests: &str) -> Result<String, String> {
    let mut build = cargo(tree);
    done(build.args(["test", "--workspace", "--test", "it", "--no-run"]))?;
    let output = cargo(tree).args(["test", "--workspace", "--test", "it", tests]).output();
    let output = output.map_err(|error| format!("the tests did not start: {error}"))?;
    if output.status.success() {
        return Err("nobody noticed".into());
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let replays = "` replays it: ";
    let why = said.lines().find_map(|line| line.split_once(replays).map(|(_, why)| why.to_owned()));
    let failed = || said.lines().find_map(|line| line.strip_suffix("... FAILED").map(|line| line.trim().to_owned()));
    Ok(why.or_else(failed).unwrap_or_else(|| "it fails".into()))
}

fn cargo(tree: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(tree).env("CARGO_TARGET_DIR", places::target().join("mutants/target")).stdin(Stdio::null());
    command.env_remove("RIALTO_FAULTS_TABLE").env_remove("RIALTO_FAULTS").stderr(Stdio::null());
    command
}

fn done(command: &mut Command) -> Done {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("it does not compile".into()),
        Err(error) => Err(format!("cargo did not start: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_mistake_is_about_stands_once_in_its_file() {
        for mutant in &MUTANTS {
            let text = fs::read_to_string(places::root().join(mutant.file)).expect("a file of the tree");
            let made = mutant.made(&text).unwrap_or_else(|error| panic!("{error}"));
            assert_ne!(made, text, "{}", mutant.name);
        }
    }
}
