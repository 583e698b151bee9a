//! The README's curl commands, run as they are printed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::places;

/// The addresses that the README tells everybody: the sidecar's,
const PRINTED: &str = "127.0.0.1:8717";
/// and the sandbox's.
const SANDBOX: &str = "127.0.0.1:12111";
/// What the README's activity costs, the first words of the answer it shows, and what the sandbox collected.
const SHOWN: [&str; 3] = [r#""amount":"60.00""#, r#"{"recorded":0,"priced":1,"#, r#""collected":6000"#];

/// Runs all of them against a demo and a sandbox, where the demo was started; returns how many there are.
pub fn try_every_curl(address: &str, sandbox: &str, folder: &Path) -> Result<usize, String> {
    let path = places::root().join("README.md");
    let text = fs::read_to_string(path).map_err(|error| format!("README.md: {error}"))?;
    let commands = curls(&text);
    let mut answers = String::new();
    for command in &commands {
        // Where a reader would see an error page, the test is to see an error.
        let script = command.replace(PRINTED, address).replace(SANDBOX, sandbox);
        let script = script.replace("curl -s ", "curl -sS --fail ");
        let output = Command::new("sh").args(["-ec", &script]).current_dir(folder).output();
        let output = output.map_err(|error| format!("sh did not start: {error}"))?;
        let answer = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || answer.trim().is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "this command of the README does not work ({}): {command}\n{answer}{said}",
                output.status
            ));
        }
        answers.push_str(&answer);
    }
    match SHOWN.iter().find(|shown| !answers.contains(*shown)) {
        None => Ok(commands.len()),
        Some(missing) => Err(format!("the README shows an answer with {missing}, and none is like that:\n{answers}")),
    }
}

/// The commands in the README's shell blocks that begin with curl, with the lines that continue them.
fn curls(text: &str) -> Vec<String> {
    let mut curls: Vec<String> = Vec::new();
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    for block in blocks {
        let mut is_curl = false;
        for line in block.lines() {
            // A command goes on where its line is indented.
            if !line.starts_with(' ') {
                is_curl = line.starts_with("curl ");
                if is_curl {
                    curls.push(String::new());
                }
            }
            if let Some(curl) = curls.last_mut().filter(|_| is_curl) {
                curl.push_str(line);
                curl.push('\n');
            }
        }
    }
    curls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_found_with_the_lines_that_continue_it_and_nothing_else_is() {
        let text =
            "text\n```sh\ncargo run\ncurl -s a   # why\ncurl -s b -d '\n  {\"id\":1}'\n```\n```json\ncurl -s c\n```\n";
        assert_eq!(curls(text), ["curl -s a   # why\n", "curl -s b -d '\n  {\"id\":1}'\n"]);
    }
}
