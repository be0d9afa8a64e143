//! Reads parameter objects: names unknown fields and wrong types, never quotes a value.

use serde_json::{Map, Value};

use crate::error::{Error, FieldError, Result, Status};

/// The fields of one parameter object, taken one by one; what is left over is refused.
pub(crate) struct Fields {
    map: Map<String, Value>,
    known: Vec<&'static str>,
    wrong: Vec<FieldError>,
}

impl Fields {
    /// Reads `json` as an object. An empty text is an object without fields.
    pub(crate) fn parse(json: &str) -> Result<Fields> {
        if json.trim().is_empty() {
            return Ok(Fields::from_map(Map::new()));
        }
        match parse(json)? {
            Value::Object(map) => Ok(Fields::from_map(map)),
            other => Err(Error::invalid_argument(
                "params",
                format!("expected a JSON object, got {}", kind(&other)),
            )),
        }
    }

    pub(crate) fn from_map(map: Map<String, Value>) -> Fields {
        Fields {
            map,
            known: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// Takes any value; `null` counts as absent.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.map.remove(name).filter(|v| !v.is_null())
    }

    pub(crate) fn take_string(&mut self, name: &'static str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.refuse(name, "a string", &other),
        }
    }

    /// Takes a list of strings, or one string with members separated by spaces.
    pub(crate) fn take_strings(&mut self, name: &'static str) -> Option<Vec<String>> {
        let value = self.take(name)?;
        match string_list(&value) {
            Some(list) => Some(list),
            None => self.refuse(name, "a string or a list of strings", &value),
        }
    }

    pub(crate) fn take_bool(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            other => self.refuse(name, "true or false", &other),
        }
    }

    pub(crate) fn take_i64(&mut self, name: &'static str) -> Option<i64> {
        let value = self.take(name)?;
        match value.as_i64() {
            Some(number) => Some(number),
            None => self.refuse(name, "a whole number", &value),
        }
    }

    /// Takes a string that must be there.
    pub(crate) fn require_string(&mut self, name: &'static str) -> String {
        let given = self.wrong.len();
        match self.take_string(name) {
            Some(text) if !text.is_empty() => text,
            _ => {
                if self.wrong.len() == given {
                    self.wrong(name, "is required");
                }
                String::new()
            }
        }
    }

    /// Notes that a field is wrong.
    pub(crate) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.wrong.push(FieldError {
            field: name.to_owned(),
            message: message.into(),
        });
    }

    /// The fields that nobody took, for those who accept any.
    pub(crate) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.map)
    }

    /// Fails if a field was wrong or unknown; names all of them.
    pub(crate) fn finish(mut self) -> Result<()> {
        let known = self.known.join(", ");
        for name in self.map.keys() {
            let name = crate::error::foreign_text(name);
            self.wrong.push(FieldError {
                message: format!("unknown; accepted are {known}"),
                field: name,
            });
        }
        if self.wrong.is_empty() {
            return Ok(());
        }
        Err(Error::of_fields(Status::InvalidArgument, self.wrong))
    }

    fn refuse<T>(&mut self, name: &str, expected: &str, got: &Value) -> Option<T> {
        self.wrong(name, format!("expected {expected}, got {}", kind(got)));
        None
    }
}

/// Reads JSON.
pub(crate) fn parse(json: &str) -> Result<Value> {
    serde_json::from_str(json).map_err(|e| {
        // The parser's own text can quote the input, which may hold a secret.
        let message = format!("not valid JSON (line {}, column {})", e.line(), e.column());
        Error::invalid_argument("params", message)
    })
}

/// A list of strings, or one string with members separated by spaces.
pub(crate) fn string_list(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}

/// What a value is, in words; never the value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The known names that resemble an unknown one most, best first; at most three.
pub(crate) fn nearest(
    unknown: &str,
    known: &mut dyn Iterator<Item = &'static str>,
) -> Vec<&'static str> {
    const SIMILAR: f64 = 0.75;
    let unknown = comparable(unknown);
    let mut near: Vec<(f64, &str)> = known
        .map(|name| (strsim::jaro_winkler(&unknown, name), name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .collect();
    near.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// A name as known ones are written. Its length bounds the work on hostile input; no known name is as
/// long.
fn comparable(name: &str) -> String {
    const LONGEST: usize = 96;
    let beginning: String = name.chars().take(LONGEST).collect();
    beginning.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_name_is_compared_by_its_beginning() {
        let endless = format!("Org-Code{}", "x".repeat(1 << 20));
        let compared = comparable(&endless);
        assert!(compared.starts_with("org_codex"));
        assert_eq!(compared.len(), 96);
        assert!(nearest(&endless, &mut ["org_code"].into_iter()).is_empty());
    }
}
