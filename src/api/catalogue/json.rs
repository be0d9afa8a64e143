//! The catalogue for the bindings, which make their methods of it.

use serde_json::{Map, Value, json};

use super::{
    Body, BodyForm, Catalogue, Content, Field, Group, Kind, Operation, Parameter, Place, Shape,
};
use crate::error::Result;

/// `{groups, operations, models}`.
pub(crate) fn json() -> Result<Value> {
    let catalogue = Catalogue::get()?;
    let models = catalogue.models.iter().map(|model| {
        let content = match &model.content {
            Content::Fields(fields) => json!({"fields": list(fields, field)}),
            Content::Union(kinds) => json!({"one_of": list(kinds, |kind| kind_json(*kind).into())}),
        };
        (model.name.to_owned(), content)
    });
    Ok(json!({
        "groups": list(&catalogue.groups, group),
        "operations": list(&catalogue.operations, |it| operation(catalogue, it)),
        "models": Value::Object(models.collect()),
    }))
}

fn list<T>(items: &[T], convert: impl Fn(&T) -> Value) -> Value {
    items.iter().map(convert).collect()
}

fn group(group: &Group) -> Value {
    json!({"api": group.api.name(), "name": group.name, "alias": group.alias})
}

fn operation(catalogue: &Catalogue, operation: &Operation) -> Value {
    json!({
        "name": operation.name,
        "alias": operation.alias,
        "api": operation.api.name(),
        "group": catalogue.group(operation).name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "scope": operation.scope,
        "deprecated": operation.deprecated,
        "parameters": list(&operation.parameters, parameter),
        "body": operation.body.as_ref().map(body),
        "list": operation.list.as_ref().map(|list| list.name),
        "pages": operation.pages.map(|style| style.name()),
        "answer": operation.answer,
    })
}

fn parameter(parameter: &Parameter) -> Value {
    let mut value = field(&parameter.field);
    value["in"] = match parameter.place {
        Place::Path => "path".into(),
        Place::Query => "query".into(),
    };
    let is_list = matches!(parameter.field.kind.shape(), Shape::List(_));
    value["repeated"] = is_list.into();
    value
}

fn body(body: &Body) -> Value {
    let mut value = kind_json(body.kind);
    let media = match body.form {
        BodyForm::Json => "application/json",
        BodyForm::UrlEncoded => "application/x-www-form-urlencoded",
        BodyForm::Multipart => "multipart/form-data",
    };
    value.insert("media_type".to_owned(), media.into());
    value.insert("required".to_owned(), body.required.into());
    value.into()
}

fn field(field: &Field) -> Value {
    let mut value = kind_json(field.kind);
    value.insert("name".to_owned(), field.name.into());
    value.insert("required".to_owned(), field.required.into());
    value.insert("deprecated".to_owned(), field.deprecated.into());
    value.into()
}

/// `{type, nullable}`, with `enum` where not all of the type is accepted, and `items` of an `array`,
/// `values` of a `map`, `model` of a `model`.
fn kind_json(kind: Kind) -> Map<String, Value> {
    let mut value = Map::new();
    let name = match kind.shape() {
        Shape::String => "string",
        Shape::Time => "time",
        Shape::File => "file",
        Shape::Integer => "integer",
        Shape::Number => "number",
        Shape::Boolean => "boolean",
        Shape::Object => "object",
        Shape::Any => "any",
        Shape::List(items) => {
            value.insert("items".to_owned(), kind_json(items).into());
            "array"
        }
        Shape::Map(values) => {
            value.insert("values".to_owned(), kind_json(values).into());
            "map"
        }
        Shape::Model(name) => {
            value.insert("model".to_owned(), name.into());
            "model"
        }
    };
    value.insert("type".to_owned(), name.into());
    value.insert("nullable".to_owned(), kind.is_nullable().into());
    if let Some(choices) = kind.choices() {
        value.insert("enum".to_owned(), choices.collect());
    }
    value
}
