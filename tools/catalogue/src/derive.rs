//! Reads the facts out of an OpenAPI description (3.0).

use crate::answers::{Answer, Answers};
use crate::catalogue::{Body, Catalogue, Field, Operation, Pages, Parameter};
use crate::known::{is_idempotent, operation_alias};
use crate::names::{camel_case, group, snake_case};
use crate::node::Node;
use crate::schema::Schemas;

/// In this order openapi-generator names the models of a path.
const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "head", "options"];

/// Members of an answer that say how it went and whether there is more.
const ENVELOPE: &[&str] = &["code", "message", "next_token", "has_more"];

/// What was derived, and what of the description it leaves out.
#[derive(Debug)]
pub struct Derived {
    pub catalogue: Catalogue,
    pub answers: Answers,
    /// What could not be expressed, each with the place where it stands.
    pub unexpressed: Vec<String>,
}

/// Derives a catalogue from the text of a description.
///
/// # Errors
/// In words, if the text is not YAML or not a description.
pub fn derive(text: &str) -> Result<Derived, String> {
    let description = Node::parse(text)?;
    let paths = description.get("paths").entries();
    if paths.is_empty() {
        return Err("the description has no paths".to_owned());
    }
    let mut derivation = Derivation {
        schemas: Schemas::new(&description),
        answered: Schemas::new(&description),
        answers: Vec::new(),
    };
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            let operation = item.get(method);
            if !operation.is_null() {
                operations.push(derivation.operation(path, item, method, operation)?);
            }
        }
    }
    let (models, mut unexpressed) = derivation.schemas.finish();
    let mut catalogue = Catalogue { operations, models };
    catalogue.sort();
    let (models, unexpressed_of_answers) = derivation.answered.finish();
    let answers = Answers::sorted(derivation.answers, models);
    unexpressed.extend(unexpressed_of_answers);
    Ok(Derived {
        catalogue,
        answers,
        unexpressed,
    })
}

struct Derivation<'a> {
    schemas: Schemas<'a>,
    /// The schemas of answers, whose models have names of their own.
    answered: Schemas<'a>,
    answers: Vec<Answer>,
}

impl<'a> Derivation<'a> {
    fn operation(
        &mut self,
        path: &str,
        item: &'a Node,
        method: &str,
        node: &'a Node,
    ) -> Result<Operation, String> {
        let place = format!("{} {path}", method.to_uppercase());
        let id = node.get("operationId").text();
        let id = id.ok_or_else(|| format!("{place} has no operationId"))?;
        let tag = node.get("tags").items().first().and_then(Node::text);
        let tag = tag.ok_or_else(|| format!("{place} has no tag"))?;
        let name = snake_case(id);
        let parameters = self.parameters(&place, item, node);
        let body = self.body(&place, id, node.get("requestBody"));
        let (status, answer) = self.answer(&place, node.get("responses"));
        let kind = answer.map(|schema| {
            let outer = camel_case(&format!("{id}_{status}_response"));
            self.answered.kind(&place, &outer, schema)
        });
        self.answers.push(Answer {
            operation: name.clone(),
            status: status.to_owned(),
            kind,
        });
        let list = answer.and_then(|answer| self.list(answer));
        let pages = self.pages(&place, &parameters, answer, list);
        self.note_hidden_placeholders(&place, path, &parameters);
        Ok(Operation {
            group: group(tag),
            alias: operation_alias(&name),
            method: method.to_uppercase(),
            path: path.to_owned(),
            deprecated: node.get("deprecated").is_true(),
            idempotent: is_idempotent(&name),
            scope: self.scope(&place, node),
            list: list.map(|(name, _)| name.to_owned()),
            answer: answer.and_then(answer_model),
            name,
            parameters,
            body,
            pages,
        })
    }

    fn parameters(&mut self, place: &str, item: &'a Node, node: &'a Node) -> Vec<Parameter> {
        let all = [item.get("parameters"), node.get("parameters")];
        let all: Vec<&Node> = all
            .into_iter()
            .flat_map(Node::items)
            .map(|parameter| self.schemas.resolve(parameter))
            .collect();
        let mut parameters = Vec::new();
        for parameter in all {
            let name = parameter.get("name").text().unwrap_or_default().to_owned();
            let place_of_it = match parameter.get("in").text() {
                Some("path") => "path",
                Some("query") => "query",
                other => {
                    let other = other.unwrap_or("nowhere");
                    self.schemas
                        .note(place, &format!("parameter {name} in {other}"));
                    continue;
                }
            };
            let schema = parameter.get("schema");
            if parameter.get("explode") == &Node::Boolean(false) {
                self.schemas
                    .note(place, &format!("list {name} in one value"));
            }
            let outer = camel_case(&name);
            let kind = self
                .schemas
                .kind(&format!("{place} {name}"), &outer, schema);
            parameters.push(Parameter {
                place: place_of_it,
                field: Field {
                    required: place_of_it == "path" || parameter.get("required").is_true(),
                    deprecated: parameter.get("deprecated").is_true(),
                    name,
                    kind,
                },
            });
        }
        parameters
    }

    fn body(&mut self, place: &str, id: &str, body: &'a Node) -> Option<Body> {
        let content = self.schemas.resolve(body).get("content").entries();
        if content.len() > 1 {
            self.schemas.note(place, "body in more than one form");
        }
        let (media, content) = content.first()?;
        let form = match media.as_str() {
            "application/json" => "json",
            "application/x-www-form-urlencoded" => "form",
            "multipart/form-data" => "multipart",
            other => {
                self.schemas.note(place, &format!("body of type {other}"));
                return None;
            }
        };
        let outer = camel_case(&format!("{id}_request"));
        let model = self.schemas.kind(place, &outer, content.get("schema"));
        Some(Body {
            form,
            required: body.get("required").is_true(),
            model,
        })
    }

    /// The status and the schema of the answer to a success.
    fn answer(&mut self, place: &str, responses: &'a Node) -> (&'a str, Option<&'a Node>) {
        let responses = responses.entries().iter();
        let successes: Vec<_> = responses
            .filter(|(status, _)| status.starts_with('2'))
            .collect();
        let mut schemas = Vec::new();
        for (_, response) in &successes {
            let content = self.schemas.resolve(response).get("content").entries();
            schemas.extend(content.iter().map(|(_, content)| content.get("schema")));
        }
        let first = schemas.first().copied();
        if schemas.iter().any(|schema| Some(*schema) != first) {
            self.schemas.note(place, "answers of different shapes");
        }
        let status = successes.first().map_or("200", |(status, _)| status);
        (status, first)
    }

    /// The one list beside the envelope, with its items.
    fn list(&self, answer: &'a Node) -> Option<(&'a str, &'a Node)> {
        let answer = self.schemas.resolve(answer);
        let mut members = answer
            .get("properties")
            .entries()
            .iter()
            .filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
        let (name, first) = members.next()?;
        let only_lists = |schema: &Node| schema.get("type").text() == Some("array");
        let alone = members.all(|(_, schema)| only_lists(schema));
        (only_lists(first) && alone).then(|| (name.as_str(), first.get("items")))
    }

    fn pages(
        &mut self,
        place: &str,
        parameters: &[Parameter],
        answer: Option<&'a Node>,
        list: Option<(&'a str, &'a Node)>,
    ) -> Option<Pages> {
        let asks = |name: &str| {
            parameters
                .iter()
                .any(|parameter| parameter.field.name == name)
        };
        let answer = self.schemas.resolve(answer?).get("properties");
        let says = |name: &str| !answer.get(name).is_null();
        let pages = if asks("next_token") && says("next_token") {
            Pages::Token
        } else if asks("starting_after") {
            match says("has_more") {
                true => Pages::Id,
                false => Pages::UntilEmpty,
            }
        } else {
            if says("next_token") || says("has_more") {
                self.schemas.note(
                    place,
                    "an answer that may have more, but no cursor to ask with",
                );
            }
            return None;
        };
        let Some((_, items)) = list else {
            self.schemas.note(place, "pages without a list");
            return None;
        };
        let has_id = !self
            .schemas
            .resolve(items)
            .get("properties")
            .get("id")
            .is_null();
        if pages != Pages::Token && !has_id {
            self.schemas.note(place, "pages by id of items without id");
        }
        Some(pages)
    }

    /// The scope that a machine needs, which the description has in a member or in its prose.
    fn scope(&mut self, place: &str, node: &Node) -> Option<String> {
        if let Some(scope) = node.get("x-scope").text() {
            return Some(scope.to_owned());
        }
        let prose = node.get("description").text().unwrap_or_default();
        let code = prose.split("<code>").skip(1);
        let found = code.filter_map(|code| {
            let word = code.split("</code>").next()?.trim();
            let (verb, thing) = word.split_once(':')?;
            let is_word = |word: &str| {
                !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            };
            (is_word(verb) && is_word(thing)).then(|| word.to_owned())
        });
        let found: Vec<String> = found.collect();
        if found.len() != 1 {
            self.schemas.note(place, &format!("{} scopes", found.len()));
        }
        found.into_iter().next()
    }

    /// Notes placeholders without parameter, and parameters without placeholder.
    fn note_hidden_placeholders(&mut self, place: &str, path: &str, parameters: &[Parameter]) {
        let mut placeholders: Vec<&str> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let mut declared: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.place == "path")
            .map(|parameter| parameter.field.name.as_str())
            .collect();
        placeholders.sort_unstable();
        declared.sort_unstable();
        if placeholders != declared {
            self.schemas
                .note(place, "a path whose placeholders are not its parameters");
        }
    }
}

fn answer_model(schema: &Node) -> Option<String> {
    let reference = schema.get("$ref").text()?;
    reference.rsplit('/').next().map(camel_case)
}
