//! Schemas as types of the catalogue, with the names that openapi-generator gives to inline ones.

use crate::catalogue::{Field, Model, Shape};
use crate::known::corrected_kind;
use crate::names::{camel_case, nested};
use crate::node::Node;

/// What a catalogue leaves out because it is prose or says nothing about what is accepted.
const PROSE: &[&str] = &["description", "example", "title", "default", "externalDocs"];

/// What [`Schemas::kind`] reads.
const READ: &[&str] = &[
    "$ref",
    "type",
    "format",
    "enum",
    "nullable",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "oneOf",
    "allOf",
    "deprecated",
];

/// The models met so far.
pub struct Schemas<'a> {
    description: &'a Node,
    models: Vec<Model>,
    /// Inline schemas that have a name; one that was met before keeps its first name.
    named: Vec<(&'a Node, String)>,
    unexpressed: Vec<String>,
}

impl<'a> Schemas<'a> {
    pub fn new(description: &'a Node) -> Schemas<'a> {
        Schemas {
            description,
            models: Vec::new(),
            named: Vec::new(),
            unexpressed: Vec::new(),
        }
    }

    pub fn finish(self) -> (Vec<Model>, Vec<String>) {
        (self.models, self.unexpressed)
    }

    /// Notes what the catalogue cannot express.
    pub fn note(&mut self, place: &str, what: &str) {
        self.unexpressed.push(format!("{place}: {what}"));
    }

    /// What a reference refers to, such as `#/components/schemas/user`.
    pub fn resolve(&self, node: &'a Node) -> &'a Node {
        let Some(reference) = node.get("$ref").text() else {
            return node;
        };
        let steps = reference.trim_start_matches("#/").split('/');
        self.resolve(steps.fold(self.description, |node, step| node.get(step)))
    }

    /// The type of a schema. An inline object becomes the model `name`.
    pub fn kind(&mut self, place: &str, name: &str, schema: &'a Node) -> String {
        self.note_unread(place, schema);
        let null = if schema.get("nullable").is_true() {
            "?"
        } else {
            ""
        };
        format!("{}{null}", self.kind_without_null(place, name, schema))
    }

    fn kind_without_null(&mut self, place: &str, name: &str, schema: &'a Node) -> String {
        if let Some(reference) = schema.get("$ref").text() {
            let name = camel_case(reference.rsplit('/').next().unwrap_or_default());
            return self.model(place, name, self.resolve(schema));
        }
        if !schema.get("oneOf").is_null() {
            return self.union(place, name, schema);
        }
        let accepted: Vec<&str> = schema
            .get("enum")
            .items()
            .iter()
            .filter_map(Node::text)
            .collect();
        if accepted.len() != schema.get("enum").items().len() {
            self.note(place, "accepted values that are not texts");
        }
        let accepted = match accepted.is_empty() {
            true => String::new(),
            false => format!("({})", accepted.join("|")),
        };
        let format = schema.get("format").text();
        match (schema.get("type").text(), format) {
            (Some("string"), Some("date-time")) => "datetime".to_owned(),
            (Some("string"), Some("binary")) => "file".to_owned(),
            (Some(plain @ ("string" | "integer" | "number" | "boolean")), format) => {
                if let Some(format) = format {
                    self.note(place, &format!("format {format}"));
                }
                format!("{plain}{accepted}")
            }
            (Some("array"), _) => {
                let items = self.kind(place, &nested(name, "inner"), schema.get("items"));
                format!("[{items}]")
            }
            (Some("object") | None, _) => self.object(place, name, schema),
            (Some(other), _) => {
                self.note(place, &format!("type {other}"));
                "any".to_owned()
            }
        }
    }

    fn object(&mut self, place: &str, name: &str, schema: &'a Node) -> String {
        let values = schema.get("additionalProperties");
        if !self.parts(schema).is_empty() {
            if !values.is_null() {
                self.note(place, "named members beside any others");
            }
            return self.model(place, name.to_owned(), schema);
        }
        match values {
            Node::Object(_) => {
                let values = self.kind(place, &nested(name, "value"), values);
                format!("{{{values}}}")
            }
            _ if schema.get("type").is_null() => "any".to_owned(),
            _ => "object".to_owned(),
        }
    }

    /// The schemas that name an object's members: its own, or all that it is made of.
    fn parts(&self, schema: &'a Node) -> Vec<&'a Node> {
        let all = schema.get("allOf").items().iter();
        let all = all.flat_map(|part| self.parts(self.resolve(part)));
        let own = (!schema.get("properties").is_null()).then_some(schema);
        all.chain(own).collect()
    }

    fn model(&mut self, place: &str, name: String, schema: &'a Node) -> String {
        if let Some((_, first)) = self.named.iter().find(|(known, _)| *known == schema) {
            return first.clone();
        }
        self.give_name(place, schema, &name);
        let mut fields = Vec::new();
        for part in self.parts(schema) {
            let required = part.get("required").items();
            for (member, schema) in part.get("properties").entries() {
                let kind = self.kind(&format!("{place} {member}"), &nested(&name, member), schema);
                let kind = corrected_kind(&name, member).map_or(kind, str::to_owned);
                fields.push(Field {
                    required: required.iter().any(|name| name.text() == Some(member)),
                    deprecated: schema.get("deprecated").is_true(),
                    name: member.clone(),
                    kind,
                });
            }
        }
        let shape = Shape::Object(fields);
        self.models.push(Model {
            name: name.clone(),
            shape,
        });
        name
    }

    /// Keeps the name of a schema. One that stands for another schema too says nothing any more.
    fn give_name(&mut self, place: &str, schema: &'a Node, name: &str) {
        if self.named.iter().any(|(_, known)| known == name) {
            self.note(place, &format!("a second model {name}"));
        }
        self.named.push((schema, name.to_owned()));
    }

    fn union(&mut self, place: &str, name: &str, schema: &'a Node) -> String {
        if let Some((_, first)) = self.named.iter().find(|(known, _)| *known == schema) {
            return first.clone();
        }
        self.give_name(place, schema, name);
        let mut kinds = Vec::new();
        for (at, choice) in schema.get("oneOf").items().iter().enumerate() {
            let number = if at == 0 {
                String::new()
            } else {
                at.to_string()
            };
            let name = nested(name, &format!("oneOf{number}"));
            kinds.push(self.kind(place, &name, choice));
        }
        self.models.push(Model {
            name: name.to_owned(),
            shape: Shape::Union(kinds),
        });
        name.to_owned()
    }

    fn note_unread(&mut self, place: &str, schema: &Node) {
        for (keyword, _) in schema.entries() {
            if !READ.contains(&keyword.as_str()) && !PROSE.contains(&keyword.as_str()) {
                self.note(place, &format!("keyword {keyword}"));
            }
        }
    }
}
