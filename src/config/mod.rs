//! Every setting: name, type, default, environment variable, check.

mod check;
mod host_store;
mod read;
mod settings;
mod store_url;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use check::{PlainHttp, is_loopback, is_loopback_name, origin_text};
pub use host_store::{HostRecord, HostStore};
pub(crate) use settings::*;
pub(crate) use store_url::{Login, RedisAddress, Server, StoreUrl, Topology};
use table::{Absent, Name, SETTINGS};

use crate::error::{Error, FieldError, Result, Status, foreign_text};
use crate::params::kind;
use crate::secret::Secret;

/// The settings of a client, as they were given. `Client::new` checks them.
///
/// What is given later wins. An unknown name is refused at once; wrong values are reported all
/// together when a client is made.
#[derive(Clone, Default)]
pub struct Config {
    given: Vec<(Name, Given)>,
    /// The host's own store, instead of that of `store_url`.
    store: Option<Arc<dyn HostStore>>,
}

/// One value, as it was given.
#[derive(Clone)]
struct Given {
    value: GivenValue,
    /// The environment variable from which it was read.
    variable: Option<Box<str>>,
}

#[derive(Clone)]
enum GivenValue {
    Text(Secret),
    List(Vec<Secret>),
    /// Anything else that JSON can hold.
    Other(Value),
}

impl From<Value> for GivenValue {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => GivenValue::Text(Secret::new(text)),
            Value::Array(items) if items.iter().all(Value::is_string) => GivenValue::List(
                items
                    .into_iter()
                    .filter_map(|item| match item {
                        Value::String(text) => Some(Secret::new(text)),
                        _ => None,
                    })
                    .collect(),
            ),
            other => GivenValue::Other(other),
        }
    }
}

impl Config {
    /// No setting given.
    pub fn new() -> Self {
        crate::runtime::note_use();
        Config::default()
    }

    /// Gives one setting by its name. Members of a list are separated by spaces, or the list is
    /// given as JSON.
    ///
    /// # Errors
    /// `CONFIG` if there is no setting of this name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<&mut Self> {
        let known = Name::of(name)
            .ok_or_else(|| Error::of_fields(Status::Config, vec![unknown_setting(name)]))?;
        self.put(known, GivenValue::Text(Secret::new(value)), None);
        Ok(self)
    }

    /// Gives several settings: a JSON object of names and values. `null` brings back the default.
    ///
    /// # Errors
    /// `CONFIG` if the text is no JSON object or names an unknown setting; then none is taken.
    pub fn load_json(&mut self, json: &str) -> Result<&mut Self> {
        let object = match serde_json::from_str(json) {
            Ok(Value::Object(object)) => object,
            Ok(other) => {
                let got = kind(&other);
                return Err(not_an_object(format!("expected a JSON object, got {got}")));
            }
            Err(e) => {
                // The parser's own text can quote the input, which may hold a secret.
                let place = format!("line {}, column {}", e.line(), e.column());
                return Err(not_an_object(format!("not valid JSON ({place})")));
            }
        };
        let unknown: Vec<FieldError> = object
            .keys()
            .filter(|name| Name::of(name).is_none())
            .map(|name| unknown_setting(name))
            .collect();
        if !unknown.is_empty() {
            return Err(Error::of_fields(Status::Config, unknown));
        }
        for (name, value) in object {
            match (Name::of(&name), value) {
                (Some(name), Value::Null) => self.given.retain(|(given, _)| *given != name),
                (Some(name), value) => self.put(name, value.into(), None),
                (None, _) => {}
            }
        }
        Ok(self)
    }

    /// Gives the settings that stand in the environment: `KINDE_` and the name in upper case, and
    /// the other variables of the documentation. Empty variables count as absent.
    ///
    /// # Errors
    /// `CONFIG` if a variable is not UTF-8; then none is taken.
    pub fn load_env(&mut self) -> Result<&mut Self> {
        self.load(|variable| match std::env::var_os(variable) {
            None => Ok(None),
            Some(value) => value
                .into_string()
                .map(Some)
                .map_err(|_| format!("the environment variable {variable} is not UTF-8")),
        })
    }

    /// Like [`Config::load_env`], with the variables of your choice: for a program that reads a
    /// `.env` file, or a test.
    ///
    /// # Errors
    /// None at present.
    pub fn load_vars(&mut self, lookup: impl Fn(&str) -> Option<String>) -> Result<&mut Self> {
        self.load(|variable| Ok(lookup(variable)))
    }

    /// Keeps sessions in a store of the host's, whatever the setting `store_url` says.
    pub fn set_store(&mut self, store: impl HostStore + 'static) -> &mut Self {
        self.store = Some(Arc::new(store));
        self
    }

    fn load(
        &mut self,
        lookup: impl Fn(&str) -> std::result::Result<Option<String>, String>,
    ) -> Result<&mut Self> {
        let mut found = Vec::new();
        let mut wrong = Vec::new();
        for name in Name::all() {
            for variable in name.setting().environment() {
                match lookup(&variable) {
                    Ok(Some(value)) if !value.trim().is_empty() => {
                        found.push((name, value, variable));
                        break;
                    }
                    Ok(_) => {}
                    Err(message) => wrong.push(FieldError {
                        field: name.setting().name.to_owned(),
                        message,
                    }),
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Error::of_fields(Status::Config, wrong));
        }
        for (name, value, variable) in found {
            let value = GivenValue::Text(Secret::new(value));
            self.put(name, value, Some(variable.into()));
        }
        Ok(self)
    }

    /// Every setting, as a Markdown table.
    pub fn documentation() -> String {
        let mut table = String::from(
            "| Setting | Accepts | Default | Environment | Meaning |\n\
             | --- | --- | --- | --- | --- |\n",
        );
        for setting in SETTINGS {
            let default = match setting.default {
                Absent::Required => "required".to_owned(),
                Absent::Nothing => "none".to_owned(),
                Absent::Value("") => "empty".to_owned(),
                Absent::Value(value) => format!("`{value}`"),
                Absent::From(words) => words.to_owned(),
            };
            let variables: Vec<String> = setting
                .environment()
                .map(|variable| format!("`{variable}`"))
                .collect();
            // Writing to a String cannot fail.
            let _ = writeln!(
                table,
                "| `{}` | {} | {} | {} | {} |",
                setting.name,
                setting.kind.accepts(),
                default,
                variables.join(", "),
                setting.documentation,
            );
        }
        table
    }

    fn put(&mut self, name: Name, value: GivenValue, variable: Option<Box<str>>) {
        let given = Given { value, variable };
        match self.given.iter_mut().find(|(known, _)| *known == name) {
            Some((_, former)) => *former = given,
            None => self.given.push((name, given)),
        }
    }

    fn get(&self, name: Name) -> Option<&Given> {
        self.given
            .iter()
            .find_map(|(known, given)| (*known == name).then_some(given))
    }
}

fn not_an_object(message: String) -> Error {
    Error::new(Status::Config, format!("settings: {message}")).with_field("settings")
}

/// Says that there is no such setting, and which are meant perhaps.
fn unknown_setting(name: &str) -> FieldError {
    let near = near_names(name);
    let hint = match near.as_slice() {
        [] => "the table of settings in the README lists all".to_owned(),
        _ => format!("did you mean {}?", near.join(" or ")),
    };
    FieldError {
        field: foreign_text(name),
        message: format!("unknown setting; {hint}"),
    }
}

/// The settings whose name, or environment variable, nearly is `name`; the nearest first.
fn near_names(name: &str) -> Vec<&'static str> {
    const NEAR: f64 = 0.8;
    const ENOUGH: usize = 3;
    // Bounds the work on hostile input; no setting's name is as long.
    let name: String = name.chars().take(64).collect::<String>().to_lowercase();
    let name = name.strip_prefix("kinde_").unwrap_or(&name);
    let mut near: Vec<(f64, &'static str)> = SETTINGS
        .iter()
        .filter_map(|setting| {
            let likeness = setting
                .environment()
                .filter_map(|variable| {
                    let variable = variable.strip_prefix("KINDE_")?.to_lowercase();
                    Some(strsim::normalized_damerau_levenshtein(name, &variable))
                })
                .fold(0.0, f64::max);
            (likeness >= NEAR).then_some((likeness, setting.name))
        })
        .collect();
    near.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter()
        .take(ENOUGH)
        .map(|(_, name)| name)
        .collect()
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.given.iter().map(|(name, given)| {
                let setting = name.setting();
                let shown = match &given.value {
                    _ if setting.is_secret() => "(…)".to_owned(),
                    GivenValue::Text(text) => read::shown(setting, text.expose()),
                    GivenValue::List(items) => items
                        .iter()
                        .map(|item| read::shown(setting, item.expose()))
                        .collect::<Vec<_>>()
                        .join(" "),
                    GivenValue::Other(value) => value.to_string(),
                };
                (setting.name, shown)
            }))
            .finish()
    }
}
