//! What a caller gives for an operation, held against the catalogue. All that is wrong is named at
//! once, and no value is quoted.

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Content, Field, Kind, Shape};
use super::multipart::FilePart;
use crate::error::{FieldError, foreign_text};
use crate::params::{kind as words_for, nearest};

/// Judges values and brings short forms into the documented form.
pub(super) struct Judge {
    pub catalogue: &'static Catalogue,
    /// Whether what the catalogue does not know is let pass.
    pub is_lenient: bool,
    /// What is required, but stands elsewhere, where nothing is judged.
    pub excused: Vec<String>,
    pub faults: Vec<FieldError>,
}

impl Judge {
    pub(super) fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(FieldError {
            field: foreign_text(field),
            message: message.into(),
        });
    }

    /// Notes that something is required.
    pub(super) fn missing(&mut self, at: &str) {
        if !self.is_lenient && !self.excused.iter().any(|name| name == at) {
            self.fault(at, "is required");
        }
    }

    /// Refuses a name that is not known, with those that are near.
    pub(super) fn unknown(&mut self, at: &str, known: &mut dyn Iterator<Item = &'static str>) {
        let known: Vec<&'static str> = known.collect();
        let name = at.rsplit('.').next().unwrap_or(at);
        let near = nearest(name, &mut known.iter().copied());
        let known = match (near.is_empty(), known.is_empty()) {
            (false, _) => format!("; the nearest known are {}", near.join(", ")),
            (true, false) => format!("; accepted are {}", known.join(", ")),
            (true, true) => String::new(),
        };
        self.fault(
            at,
            format!("unknown{known}; what Kinde has added since goes into extra"),
        );
    }

    /// Judges one value, which stands at `at`.
    pub(super) fn check(&mut self, at: &str, kind: Kind, value: &mut Value) {
        if value.is_null() {
            if !kind.is_nullable() {
                self.fault(at, "must not be null");
            }
            return;
        }
        match kind.shape() {
            Shape::Any => {}
            Shape::List(items) => self.list(at, items, value),
            Shape::Model(name) => self.model(at, name, value),
            Shape::Map(values) => match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        self.check(&format!("{at}.{name}"), values, value);
                    }
                }
                _ => self.refuse(at, "an object", value),
            },
            Shape::File => {
                if let Err(reason) = FilePart::read(value) {
                    self.fault(at, reason);
                }
            }
            Shape::String | Shape::Time => match value {
                Value::String(text) => self.choice(at, kind, text),
                _ => self.refuse(at, "a string", value),
            },
            Shape::Integer if value.is_i64() || value.is_u64() => {}
            Shape::Integer => self.refuse(at, "a whole number", value),
            Shape::Number if value.is_number() => {}
            Shape::Number => self.refuse(at, "a number", value),
            Shape::Boolean if value.is_boolean() => {}
            Shape::Boolean => self.refuse(at, "true or false", value),
            Shape::Object if value.is_object() => {}
            Shape::Object => self.refuse(at, "an object", value),
        }
    }

    fn refuse(&mut self, at: &str, expected: &str, got: &Value) {
        self.fault(at, format!("expected {expected}, got {}", words_for(got)));
    }

    fn choice(&mut self, at: &str, kind: Kind, text: &str) {
        let Some(mut choices) = kind.choices().filter(|_| !self.is_lenient) else {
            return;
        };
        if choices.clone().any(|choice| choice == text) {
            return;
        }
        let near = nearest(text, &mut choices.clone());
        let message = match near.is_empty() {
            true => format!("is none of {}", join(&mut choices)),
            false => format!("is not accepted; the nearest are {}", near.join(", ")),
        };
        self.fault(at, message);
    }

    fn list(&mut self, at: &str, kind: Kind, value: &mut Value) {
        let Value::Array(items) = value else {
            return self.refuse(at, "a list", value);
        };
        let takes_id = self
            .fields(kind)
            .is_some_and(|fields| fields.iter().any(|field| field.name == "id"));
        for (index, item) in items.iter_mut().enumerate() {
            if takes_id && item.is_string() {
                *item = json!({"id": item.take()});
            }
            self.check(&format!("{at}[{index}]"), kind, item);
        }
    }

    /// The members of a type that is an object with named ones.
    pub(super) fn fields(&self, kind: Kind) -> Option<&'static [Field]> {
        let Shape::Model(name) = kind.shape() else {
            return None;
        };
        match &self.catalogue.model(name)?.content {
            Content::Fields(fields) => Some(fields),
            Content::Union(_) => None,
        }
    }

    fn model(&mut self, at: &str, name: &str, value: &mut Value) {
        match self.catalogue.model(name).map(|model| &model.content) {
            Some(Content::Fields(fields)) => match value {
                Value::Object(members) => self.members(at, fields, members),
                _ => self.refuse(at, "an object", value),
            },
            Some(Content::Union(kinds)) => self.union(at, kinds, value),
            None => {}
        }
    }

    fn members(&mut self, at: &str, fields: &'static [Field], members: &mut Map<String, Value>) {
        let within = |name: &str| match at {
            "" => name.to_owned(),
            at => format!("{at}.{name}"),
        };
        for field in fields {
            if members.get(field.name).is_some_and(Value::is_null) && !field.kind.is_nullable() {
                members.remove(field.name);
            }
            match members.get_mut(field.name) {
                Some(value) => self.check(&within(field.name), field.kind, value),
                None if field.required => self.missing(&within(field.name)),
                None => {}
            }
        }
        if !self.is_lenient {
            for name in members.keys() {
                if fields.iter().all(|field| field.name != name) {
                    self.unknown(&within(name), &mut fields.iter().map(|field| field.name));
                }
            }
        }
    }

    /// Takes the first type that fits; of those that do not, the nearest says what is wrong.
    fn union(&mut self, at: &str, kinds: &[Kind], value: &mut Value) {
        let mut nearest: Option<Vec<FieldError>> = None;
        for kind in kinds {
            let mut judge = Judge {
                excused: self.excused.clone(),
                faults: Vec::new(),
                ..*self
            };
            let mut attempt = value.clone();
            judge.check(at, *kind, &mut attempt);
            if judge.faults.is_empty() {
                *value = attempt;
                return;
            }
            if nearest
                .as_ref()
                .is_none_or(|faults| judge.faults.len() < faults.len())
            {
                nearest = Some(judge.faults);
            }
        }
        self.faults.extend(nearest.unwrap_or_default());
    }
}

fn join(names: &mut dyn Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
