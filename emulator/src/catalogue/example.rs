//! Well-formed answers of operations that the emulator keeps no state for.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::kind::{Field, Kind, Shape};
use super::{Catalogue, Model, Operation};
use crate::config::id_of;
use crate::params::Params;

impl Catalogue {
    /// The status of an answer to a success.
    pub fn status(&self, operation: &Operation) -> StatusCode {
        let status = self.answers[operation.name].status;
        StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
    }

    /// An example of what the operation answers, if it answers anything. A list goes on after no
    /// item: whoever asks for the next page gets an empty one.
    pub fn example(&self, operation: &Operation, query: &Params) -> Option<Value> {
        let answer = &self.answers[operation.name];
        let is_further_page = ["starting_after", "ending_before", "next_token"]
            .iter()
            .any(|cursor| query.get(cursor).is_some());
        let mut body = answer.kind.as_ref().map(|kind| self.value("", kind));
        if let Some(Value::Object(members)) = body.as_mut().filter(|_| is_further_page) {
            for value in members.values_mut().filter(|value| value.is_array()) {
                *value = json!([]);
            }
        }
        body
    }

    fn value(&self, name: &str, kind: &Kind) -> Value {
        match &kind.shape {
            Shape::Text(choices) => json!(
                choices
                    .first()
                    .map_or_else(|| text(name), |it| (*it).to_owned())
            ),
            Shape::Time => json!("2024-01-01T00:00:00Z"),
            Shape::File => json!(""),
            Shape::Integer => json!(1),
            Shape::Number => json!(1.5),
            Shape::Boolean => json!(false),
            Shape::Object | Shape::Any => json!({}),
            Shape::List(kind) => json!([self.value(name, kind)]),
            Shape::Map(kind) => json!({"example": self.value("example", kind)}),
            Shape::Model(model) => match &self.answered[model] {
                Model::Fields(fields) => Value::Object(self.members(fields)),
                Model::Union(kinds) => kinds.first().map_or(Value::Null, |it| self.value(name, it)),
            },
        }
    }

    fn members(&self, fields: &[Field]) -> Map<String, Value> {
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let is_envelope = has("code") && has("message");
        let member = |field: &Field| {
            let value = match field.name {
                "code" if is_envelope => json!("OK"),
                "message" if is_envelope => json!("Success"),
                "next_token" => Value::Null,
                name => self.value(name, &field.kind),
            };
            (field.name.to_owned(), value)
        };
        fields.iter().map(member).collect()
    }
}

/// A text as a member of this name may hold it.
fn text(name: &str) -> String {
    let ends = |words: &[&str]| words.iter().any(|word| name.ends_with(word));
    if name == "email" {
        "ada@example.com".to_owned()
    } else if name == "id" || ends(&["_id"]) {
        id_of("example", name)
    } else if ends(&["_on", "_at", "timestamp"]) {
        "2024-01-01T00:00:00Z".to_owned()
    } else if ends(&["url", "uri", "link", "endpoint"]) {
        format!("https://example.com/{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_an_example_with_the_envelope_of_a_success() {
        let catalogue = Catalogue::get();
        for operation in &catalogue.operations {
            let example = catalogue.example(operation, &Params::default());
            assert!(catalogue.status(operation).is_success());
            let Some(Value::Object(members)) = example else {
                assert!(example.is_none(), "{}", operation.name);
                continue;
            };
            assert!(!members.is_empty(), "{}", operation.name);
            if members.contains_key("code") && members.contains_key("message") {
                assert_eq!(members["code"], "OK", "{}", operation.name);
            }
        }
    }
}
