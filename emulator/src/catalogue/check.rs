//! Holds a request against the catalogue and names all that is wrong with it.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::kind::{Field, Kind, Shape, is_time};
use super::{Body, Catalogue, Model, Models, Operation};
use crate::params::Params;

/// What is wrong, each fault with its place.
pub type Faults = Vec<String>;

/// What came with a request: its query, and its body if it is JSON.
#[derive(Debug, Default)]
pub struct Sent {
    pub query: Params,
    pub body: Value,
}

impl Catalogue {
    /// Reads the request, if nothing is wrong with it.
    pub fn read(
        &self,
        operation: &Operation,
        path: &[String],
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Sent, Faults> {
        let mut check = Check {
            models: &self.bodies,
            faults: Faults::new(),
        };
        for (field, value) in operation.path.iter().zip(path) {
            check.text(field.name, &field.kind, value);
        }
        let query = check.query(&operation.query, query);
        let body = check.body(operation.body.as_ref(), headers, body);
        match check.faults.is_empty() {
            true => Ok(Sent { query, body }),
            false => Err(check.faults),
        }
    }
}

struct Check<'a> {
    models: &'a Models,
    faults: Faults,
}

impl Check<'_> {
    fn fault(&mut self, at: &str, what: &str) {
        let fault = format!("{at} {what}");
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn query(&mut self, fields: &[Field], query: &str) -> Params {
        let params = match Params::decode(query) {
            Ok(params) => params,
            Err(mistake) => {
                self.faults.push(mistake);
                return Params::default();
            }
        };
        for (name, value) in params.pairs() {
            let outer = name.split('[').next().unwrap_or(name);
            let field = fields.iter().find(|field| field.name == outer);
            let Some(field) = field.filter(|field| field.takes(name)) else {
                self.fault(name, "is not a parameter of this operation");
                continue;
            };
            let kind = field.kind.innermost();
            let is_repeatable = matches!(field.kind.shape, Shape::List(_) | Shape::Map(_));
            if params.is_repeated(name) && !is_repeatable {
                self.fault(name, "is there more than once");
            }
            self.text(name, kind, value);
        }
        for field in fields.iter().filter(|field| field.is_required) {
            if params.get(field.name).is_none() {
                self.fault(field.name, "is missing");
            }
        }
        params
    }

    /// A value of the path or the query.
    fn text(&mut self, at: &str, kind: &Kind, text: &str) {
        let fits = match &kind.shape {
            Shape::Integer => text.parse::<i64>().is_ok(),
            Shape::Number => text.parse::<f64>().is_ok(),
            Shape::Boolean => ["true", "false"].contains(&text),
            Shape::Time => is_time(text),
            Shape::Text(choices) => choices.is_empty() || choices.contains(&text),
            _ => true,
        };
        if !fits {
            self.fault(at, &format!("must be {}", words(kind)));
        }
    }

    fn body(&mut self, body: Option<&Body>, headers: &HeaderMap, bytes: &[u8]) -> Value {
        let nothing = Value::Object(Map::new());
        let Some(body) = body else {
            if !bytes.is_empty() {
                self.fault("the body", "is not wanted by this operation");
            }
            return nothing;
        };
        if bytes.is_empty() && !body.is_required {
            return nothing;
        }
        let media = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        let media = media.and_then(|media| str::from_utf8(media).ok());
        match (body.form, media.unwrap_or_default()) {
            ("json", "application/json") => {}
            ("multipart", media) if media.starts_with("multipart/form-data;") => {
                self.parts(body, media, bytes);
                return nothing;
            }
            (form, _) => {
                let wanted = match form {
                    "json" => "application/json",
                    _ => "multipart/form-data",
                };
                self.fault("the Content-Type", &format!("must be {wanted}"));
                return nothing;
            }
        }
        let value: Value = match serde_json::from_slice(bytes) {
            Ok(value) => value,
            Err(error) => {
                self.fault("the body", &format!("is not JSON: {error}"));
                return nothing;
            }
        };
        self.value("", &body.kind, &value);
        value
    }

    /// The names of the parts of a form with files.
    fn parts(&mut self, body: &Body, media: &str, bytes: &[u8]) {
        let Shape::Model(name) = body.kind.shape else {
            return;
        };
        let Some(Model::Fields(fields)) = self.models.get(name) else {
            return;
        };
        let boundary = media.split("boundary=").nth(1).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes);
        let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
        let closed = parts.last().is_some_and(|end| end.trim_end() == "--");
        if boundary.is_empty() || parts.len() < 2 || !closed {
            return self.fault("the body", "is not the multipart/form-data that it says");
        }
        let has = |field: &Field| {
            let name = format!("name=\"{}\"", field.name);
            parts.iter().any(|part| {
                let head = part.split("\r\n\r\n").next().unwrap_or_default();
                let is_file = head.contains("filename=\"");
                head.contains(&format!("form-data; {name}")) && is_file
            })
        };
        for field in fields {
            if field.is_required && !has(field) {
                self.fault(field.name, "is missing");
            }
        }
    }

    fn value(&mut self, at: &str, kind: &Kind, value: &Value) {
        if value.is_null() {
            if !kind.is_nullable {
                self.fault(place(at), "must not be null");
            }
            return;
        }
        let fits = match (&kind.shape, value) {
            (Shape::List(kind), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{at}[{index}]"), kind, item);
                }
                true
            }
            (Shape::Map(kind), Value::Object(members)) => {
                for (name, value) in members {
                    self.value(&within(at, name), kind, value);
                }
                true
            }
            (Shape::Model(name), _) => return self.model(at, name, value),
            (Shape::Text(choices), Value::String(text)) => {
                choices.is_empty() || choices.contains(&text.as_str())
            }
            (Shape::Time, Value::String(text)) => is_time(text),
            (Shape::Integer, number) => number.is_i64() || number.is_u64(),
            (Shape::Number, number) => number.is_number(),
            (Shape::Boolean, flag) => flag.is_boolean(),
            (Shape::Object, object) => object.is_object(),
            (Shape::Any, _) => true,
            _ => false,
        };
        if !fits {
            self.fault(place(at), &format!("must be {}", words(kind)));
        }
    }

    fn model(&mut self, at: &str, name: &str, value: &Value) {
        match self.models.get(name) {
            Some(Model::Fields(fields)) => match value {
                Value::Object(members) => self.members(at, fields, members),
                _ => self.fault(place(at), "must be an object"),
            },
            Some(Model::Union(kinds)) => {
                let fits = kinds.iter().any(|kind| {
                    let mut check = Check {
                        models: self.models,
                        faults: Faults::new(),
                    };
                    check.value(at, kind, value);
                    check.faults.is_empty()
                });
                if !fits {
                    self.fault(place(at), "is of none of the forms that it may have");
                }
            }
            None => {}
        }
    }

    fn members(&mut self, at: &str, fields: &[Field], members: &Map<String, Value>) {
        for field in fields {
            match members.get(field.name) {
                Some(value) => self.value(&within(at, field.name), &field.kind, value),
                None if field.is_required => self.fault(&within(at, field.name), "is missing"),
                None => {}
            }
        }
        for name in members.keys() {
            if fields.iter().all(|field| field.name != name) {
                self.fault(&within(at, name), "is unknown");
            }
        }
    }
}

impl Field {
    /// Whether a parameter of this name is this one: `properties[city]` is one of a map.
    fn takes(&self, name: &str) -> bool {
        match self.kind.shape {
            Shape::Map(_) => name.ends_with(']'),
            _ => name == self.name,
        }
    }
}

impl Kind {
    /// What stands in one value of a query.
    fn innermost(&self) -> &Kind {
        match &self.shape {
            Shape::List(kind) | Shape::Map(kind) => kind.innermost(),
            _ => self,
        }
    }
}

fn place(at: &str) -> &str {
    match at {
        "" => "the body",
        at => at,
    }
}

fn within(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

fn words(kind: &Kind) -> String {
    match &kind.shape {
        Shape::Text(choices) if choices.is_empty() => "a text".to_owned(),
        Shape::Text(choices) => format!("one of {}", choices.join(", ")),
        Shape::Time => "a time (RFC 3339)".to_owned(),
        Shape::Integer => "a whole number".to_owned(),
        Shape::Number => "a number".to_owned(),
        Shape::Boolean => "true or false".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::File => "a file".to_owned(),
        Shape::Object | Shape::Map(_) | Shape::Model(_) | Shape::Any => "an object".to_owned(),
    }
}
