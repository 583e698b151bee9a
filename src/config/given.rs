//! What was set, before anything usual is put under it: so that whoever has defaults of his own knows what to leave alone.

use std::path::Path;

use toml::Table;

use super::keys::{KEYS, near};
use super::{Config, ConfigError, secret, source, usual_targets};

/// The keys that somebody set, each with a good value: a file's, under the environment's, under those of flags.
#[derive(Debug)]
pub struct Given(Table);

/// Variables that are no settings: they name a file, and what commands talk to.
const OTHERS: [&str; 4] = ["RIALTO_CONFIG", "RIALTO_URL", "RIALTO_TOKEN", "RIALTO_CA"];

impl Given {
    /// Reads what was set.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Table,
    ) -> Result<Given, ConfigError> {
        let mut table = file.map(source::file).transpose()?.unwrap_or_default();
        let names: Vec<String> = KEYS.iter().map(|key| key.variable()).collect();
        for (name, text) in environment {
            if let Some(key) = names.iter().position(|known| *known == name).map(|place| &KEYS[place]) {
                table.insert(key.name.to_owned(), source::variable(key, &name, &text)?);
            } else if name.starts_with("RIALTO_") && !OTHERS.contains(&name.as_str()) {
                // Others may set variables of this prefix for their own ends; a slip is one letter or two away.
                let near = near(&name, names.iter().map(String::as_str).chain(OTHERS)).map(str::to_owned);
                near.map_or(Ok(()), |near| Err(ConfigError::Variable { name, near }))?;
            }
        }
        source::flags(&flags)?;
        table.extend(flags);
        Ok(Given(table))
    }

    /// Whether somebody set this key.
    pub fn sets(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The text that somebody set this key to.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(toml::Value::as_str)
    }

    /// What is in force: the defaults, under what is `usual` here, under what was set.
    pub fn over(self, usual: Table) -> Result<Config, ConfigError> {
        let mut table = usual;
        table.extend(self.0);
        let wrong = |error: toml::de::Error| ConfigError::Whole(secret::told(&error.to_string()));
        let config: Config = table.try_into().map_err(wrong)?;
        // A list without an entry asks for the usual ones.
        Ok(if config.targets.is_empty() { Config { targets: usual_targets(), ..config } } else { config })
    }
}
