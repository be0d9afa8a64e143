//! Reads the catalogue's text: a line begins a group, an operation or a model, and indented lines say
//! more about the last one. `tools/catalogue` writes it.

use super::{
    Api, Body, BodyForm, Catalogue, Content, Field, Group, Kind, List, Model, Operation, PageStyle,
    Parameter, Place, unreadable,
};
use crate::error::Result;

/// Reads a catalogue.
///
/// # Errors
/// `INTERNAL` with the line that has no meaning.
pub(super) fn parse(text: &'static str) -> Result<Catalogue> {
    let mut catalogue = Catalogue::default();
    let mut api = Api::Management;
    let mut last = Last::Group;
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (word, rest) = split(line.trim_start());
        let read = match (line.starts_with(' '), word) {
            (false, "#") => Some(()),
            (false, "api") => Api::of(rest).map(|named| api = named),
            (false, "group") => {
                catalogue.groups.push(group(rest, api));
                last = Last::Group;
                Some(())
            }
            (false, "op") => operation(rest, &catalogue.groups).map(|operation| {
                catalogue.operations.push(operation);
                last = Last::Operation;
            }),
            (false, "model" | "union") => {
                catalogue.models.push(model(word, rest));
                last = Last::Model;
                Some(())
            }
            (true, _) => match last {
                Last::Operation => fact(&mut catalogue.operations, word, rest),
                Last::Model => member(&mut catalogue.models, word, rest),
                Last::Group => None,
            },
            _ => None,
        };
        read.ok_or_else(|| unreadable(line))?;
    }
    catalogue.models.sort_unstable_by_key(|model| model.name);
    for (at, operation) in catalogue.operations.iter().enumerate() {
        let names = [Some(operation.name), operation.alias];
        let names = names.into_iter().flatten();
        catalogue.names.extend(names.map(|name| (name, at)));
    }
    catalogue.names.sort_unstable();
    Ok(catalogue)
}

/// What an indented line belongs to.
enum Last {
    Group,
    Operation,
    Model,
}

/// The first word, and what comes after it.
fn split(text: &'static str) -> (&'static str, &'static str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(' ').filter(|word| !word.is_empty())
}

fn group(rest: &'static str, api: Api) -> Group {
    let (name, alias) = split(rest);
    Group {
        api,
        name,
        alias: Some(alias).filter(|alias| !alias.is_empty()),
    }
}

fn operation(rest: &'static str, groups: &[Group]) -> Option<Operation> {
    let mut words = words(rest);
    Some(Operation {
        name: words.next()?,
        method: words.next()?.parse().ok()?,
        path: words.next()?,
        group: groups.len().checked_sub(1)?,
        api: groups.last()?.api,
        alias: None,
        scope: None,
        deprecated: false,
        idempotent: false,
        parameters: Vec::new(),
        body: None,
        list: None,
        pages: None,
        answer: None,
    })
}

/// One more fact about the last operation.
fn fact(operations: &mut [Operation], word: &'static str, rest: &'static str) -> Option<()> {
    let operation = operations.last_mut()?;
    let (name, required) = name_and_required(word);
    match name {
        "alias" => operation.alias = Some(rest),
        "scope" => operation.scope = Some(rest),
        "deprecated" => operation.deprecated = true,
        "idempotent" => operation.idempotent = true,
        "list" => operation.list = Some(list(rest)),
        "item" => operation.list.as_mut()?.keys.extend(words(rest)),
        "beside" => operation.list.as_mut()?.beside.extend(words(rest)),
        "pages" => operation.pages = Some(PageStyle::of(rest)?),
        "answer" => operation.answer = Some(rest),
        "path" | "query" => {
            let (name, kind) = split(rest);
            let place = match word {
                "path" => Place::Path,
                _ => Place::Query,
            };
            let field = field(name, kind);
            operation.parameters.push(Parameter { place, field });
        }
        form => {
            let form = BodyForm::of(form)?;
            let kind = Kind(rest);
            operation.body = Some(Body {
                form,
                required,
                kind,
            });
        }
    }
    Some(())
}

fn list(member: &'static str) -> List {
    let in_data = member.strip_prefix("data.");
    List {
        name: in_data.unwrap_or(member),
        in_data: in_data.is_some(),
        keys: Vec::new(),
        beside: Vec::new(),
    }
}

fn model(word: &str, rest: &'static str) -> Model {
    let (name, kinds) = split(rest);
    let content = match word {
        "union" => Content::Union(words(kinds).map(Kind).collect()),
        _ => Content::Fields(Vec::new()),
    };
    Model { name, content }
}

/// One more member of the last model.
fn member(models: &mut [Model], word: &'static str, rest: &'static str) -> Option<()> {
    match &mut models.last_mut()?.content {
        Content::Fields(fields) => fields.push(field(word, rest)),
        Content::Union(_) => return None,
    }
    Some(())
}

fn field(name: &'static str, rest: &'static str) -> Field {
    let (name, required) = name_and_required(name);
    let kind = rest.strip_suffix(" deprecated");
    Field {
        name,
        required,
        deprecated: kind.is_some(),
        kind: Kind(kind.unwrap_or(rest)),
    }
}

fn name_and_required(word: &'static str) -> (&'static str, bool) {
    match word.strip_suffix('!') {
        Some(name) => (name, true),
        None => (word, false),
    }
}

impl Api {
    fn of(name: &str) -> Option<Api> {
        let all = [Api::Management, Api::Account, Api::OAuth];
        all.into_iter().find(|api| api.name() == name)
    }
}

impl BodyForm {
    fn of(name: &str) -> Option<BodyForm> {
        let all = [BodyForm::Json, BodyForm::UrlEncoded, BodyForm::Multipart];
        all.into_iter().find(|form| form.name() == name)
    }
}

impl PageStyle {
    fn of(name: &str) -> Option<PageStyle> {
        let all = [
            PageStyle::Token,
            PageStyle::Id,
            PageStyle::UntilEmpty,
            PageStyle::Metadata,
        ];
        all.into_iter().find(|style| style.name() == name)
    }
}
