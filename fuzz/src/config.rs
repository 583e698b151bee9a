//! Configurations: a file, and below a line of `---` variables of the environment. What is taken is shown as a file that
//! says the same; what is not is told with its place.

use std::fs;

use rialto::config::{Config, ConfigError, Given};
use toml::Table;

/// A configuration.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (file, variables) = text.split_once("\n---\n").unwrap_or((text, ""));
    let variables = variables.lines().filter_map(|line| line.split_once('='));
    let variables: Vec<_> = variables.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    match load(file, variables) {
        Ok(config) => {
            let shown = config.shown();
            let again = load(&shown, Vec::new()).unwrap_or_else(|error| panic!("{error}: {shown}"));
            assert_eq!(again, config, "{shown}");
            let _ = (config.zone(), config.naive_zone(), config.webhook_address(), config.idle());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn load(file: &str, variables: Vec<(String, String)>) -> Result<Config, ConfigError> {
    super::scratch(|folder| {
        let path = folder.join("rialto.toml");
        fs::write(&path, file).expect("room");
        Given::read(Some(&path), variables, Table::new())?.over(Table::new())
    })
}
