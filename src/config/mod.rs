//! Every setting: name, type, default, environment variable, check.

mod settings;

pub(crate) use settings::*;

use crate::error::Result;

/// The settings of a client, as they were given. [`crate::Client::new`] checks them.
#[derive(Clone, Default)]
pub struct Config {}

impl Config {
    /// No setting given.
    pub fn new() -> Self {
        Config::default()
    }

    /// Gives one setting by its name; lists are separated by spaces or given as JSON.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        let _ = (name, value);
        unimplemented!()
    }

    /// Gives several settings: a JSON object of names and values.
    pub fn load_json(&mut self, json: &str) -> Result<&mut Self> {
        let _ = json;
        unimplemented!()
    }

    /// Gives the settings that stand in the environment.
    pub fn load_env(&mut self) -> Result<&mut Self> {
        unimplemented!()
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Config")
    }
}

impl Settings {
    /// Checks all settings; reports all that are wrong at once.
    pub(crate) fn new(config: &Config) -> Result<Settings> {
        let _ = config;
        unimplemented!()
    }
}
