//! Reads the catalogue's files: one fact per line, what belongs to something is indented.

use super::kind::{Field, Kind};
use super::{Answer, Body, Catalogue, Model, Models, Operation};

/// Both files are part of the program: what cannot be read is a mistake in it.
pub fn read(operations: &'static str, answers: &'static str) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (word, fact, belongings) in blocks(operations) {
        match word {
            "op" => catalogue.operations.push(operation(fact, belongings)),
            "model" | "union" => insert(&mut catalogue.bodies, word, fact, belongings),
            "api" | "group" => {}
            other => panic!("the catalogue has the unknown fact {other}"),
        }
    }
    for (word, fact, belongings) in blocks(answers) {
        match word {
            "answer" => {
                let (name, rest) = first(fact);
                let (status, kind) = first(rest);
                let status = status.parse().expect("a status");
                let kind = (!kind.is_empty()).then(|| Kind::read(kind));
                catalogue.answers.insert(name, Answer { status, kind });
            }
            "model" | "union" => insert(&mut catalogue.answered, word, fact, belongings),
            other => panic!("the answers have the unknown fact {other}"),
        }
    }
    catalogue
}

type Block = (&'static str, &'static str, Vec<&'static str>);

/// Each line that is not indented: its first word, the rest, and the indented lines after it.
fn blocks(text: &'static str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.strip_prefix("  ") {
            Some(fact) => blocks.last_mut().expect("something before").2.push(fact),
            None => {
                let (word, rest) = first(line);
                blocks.push((word, rest, Vec::new()));
            }
        }
    }
    blocks
}

fn first(text: &'static str) -> (&'static str, &'static str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn operation(text: &'static str, facts: Vec<&'static str>) -> Operation {
    let (name, rest) = first(text);
    let (method, path) = first(rest);
    let mut operation = Operation {
        name,
        method,
        steps: path.trim_start_matches('/').split('/').collect(),
        scope: None,
        path: Vec::new(),
        query: Vec::new(),
        body: None,
    };
    for fact in facts {
        let (word, rest) = first(fact);
        match word {
            "scope" => operation.scope = Some(rest),
            "path" => operation.path.push(field(rest)),
            "query" => operation.query.push(field(rest)),
            "alias" | "answer" | "deprecated" | "idempotent" | "list" | "pages" => {}
            form => {
                let required = form.strip_suffix('!');
                operation.body = Some(Body {
                    form: required.unwrap_or(form),
                    is_required: required.is_some(),
                    kind: Kind::read(rest),
                });
            }
        }
    }
    operation
}

fn insert(models: &mut Models, word: &str, fact: &'static str, members: Vec<&'static str>) {
    let (name, kinds) = first(fact);
    let model = match word {
        "union" => Model::Union(kinds.split(' ').map(Kind::read).collect()),
        _ => Model::Fields(members.into_iter().map(field).collect()),
    };
    models.insert(name, model);
}

fn field(text: &'static str) -> Field {
    let (name, kind) = first(text);
    let required = name.strip_suffix('!');
    Field {
        name: required.unwrap_or(name),
        is_required: required.is_some(),
        kind: Kind::read(kind.strip_suffix(" deprecated").unwrap_or(kind)),
    }
}
