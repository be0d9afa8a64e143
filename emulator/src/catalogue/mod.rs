//! What the Management API can be asked, and what it answers: the same data that the library has,
//! read by the emulator's own reader, so that a mistake of the one is not a mistake of both.

mod check;
mod example;
mod kind;
mod text;

use std::collections::HashMap;
use std::sync::OnceLock;

use kind::{Field, Kind};

const OPERATIONS: &str = include_str!("../../../src/api/catalogue/management.txt");
const ANSWERS: &str = include_str!("answers.txt");

/// All operations, with what their bodies and answers hold.
#[derive(Debug, Default)]
pub struct Catalogue {
    operations: Vec<Operation>,
    bodies: Models,
    answers: HashMap<&'static str, Answer>,
    answered: Models,
}

type Models = HashMap<&'static str, Model>;

#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub method: &'static str,
    /// The steps of the path; `{name}` stands for a value.
    steps: Vec<&'static str>,
    pub scope: Option<&'static str>,
    path: Vec<Field>,
    query: Vec<Field>,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    form: &'static str,
    is_required: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Model {
    Fields(Vec<Field>),
    Union(Vec<Kind>),
}

#[derive(Debug)]
struct Answer {
    status: u16,
    kind: Option<Kind>,
}

/// The operation that a request means, and the values in its path.
pub enum Found {
    Operation(&'static Operation, Vec<String>),
    /// The path is known, but not with this method.
    OtherMethod,
    Nothing,
}

impl Catalogue {
    pub fn get() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| text::read(OPERATIONS, ANSWERS))
    }

    /// Looks for the operation of a decoded path; the one with the fewest values fits best.
    pub fn find(&'static self, method: &str, path: &[String]) -> Found {
        let fitting = self.operations.iter().filter_map(|operation| {
            let values = operation.values(path)?;
            Some((operation, values))
        });
        let mut fitting: Vec<_> = fitting.collect();
        let fewest = fitting.iter().map(|(_, values)| values.len()).min();
        fitting.retain(|(_, values)| Some(values.len()) == fewest);
        let is_known = !fitting.is_empty();
        let mut found = fitting.into_iter().filter(|(it, _)| it.method == method);
        match (found.next(), is_known) {
            (Some((operation, values)), _) => Found::Operation(operation, values),
            (None, true) => Found::OtherMethod,
            (None, false) => Found::Nothing,
        }
    }

    #[cfg(test)]
    pub fn knows(&self, name: &str) -> bool {
        self.operations.iter().any(|it| it.name == name)
    }

    #[cfg(test)]
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.operations.iter().filter_map(|it| it.scope)
    }
}

impl Operation {
    fn values(&self, path: &[String]) -> Option<Vec<String>> {
        if self.steps.len() != path.len() {
            return None;
        }
        let mut values = Vec::new();
        for (step, given) in self.steps.iter().zip(path) {
            match step.starts_with('{') {
                true if given.is_empty() => return None,
                true => values.push(given.clone()),
                false if step == given => {}
                false => return None,
            }
        }
        Some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        let catalogue = Catalogue::get();
        for operation in &catalogue.operations {
            let path: Vec<String> = operation.steps.iter().map(|it| (*it).to_owned()).collect();
            match catalogue.find(operation.method, &path) {
                Found::Operation(found, values) => {
                    assert_eq!(found.name, operation.name);
                    assert_eq!(values.len(), operation.path.len(), "{}", operation.name);
                }
                _ => panic!("{} is not found", operation.name),
            }
            let answer = catalogue.answers.get(operation.name);
            assert!(answer.is_some(), "{} has no answer", operation.name);
        }
        assert_eq!(catalogue.answers.len(), catalogue.operations.len());
    }

    #[test]
    fn every_model_that_is_named_exists() {
        let catalogue = Catalogue::get();
        let bodies = catalogue
            .operations
            .iter()
            .filter_map(|it| it.body.as_ref());
        let bodies: Vec<&Kind> = bodies.map(|body| &body.kind).collect();
        let answers = catalogue.answers.values().filter_map(|it| it.kind.as_ref());
        for (kinds, models) in [
            (bodies, &catalogue.bodies),
            (answers.collect(), &catalogue.answered),
        ] {
            let within = models.values().flat_map(|model| match model {
                Model::Fields(fields) => fields.iter().map(|field| &field.kind).collect(),
                Model::Union(kinds) => kinds.iter().collect::<Vec<_>>(),
            });
            for name in kinds.into_iter().chain(within).filter_map(Kind::model) {
                assert!(models.contains_key(name), "{name}");
            }
        }
    }
}
