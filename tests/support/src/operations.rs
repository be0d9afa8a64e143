//! Parameters for every operation of the APIs, made from the catalogue.

use serde_json::{Map, Value, json};

/// Calls of operations: the least that they take, or all that they take.
#[derive(Debug)]
pub struct Operations(Value);

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    all: &'a Operations,
    pub facts: &'a Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Least,
    All,
}

impl Operations {
    /// Of what `api_catalogue` gives.
    pub fn of(catalogue: Value) -> Operations {
        Operations(catalogue)
    }

    /// The operations of an API: `management`, `account` or `oauth`.
    pub fn iter(&self, api: &str) -> impl Iterator<Item = Operation<'_>> {
        let all = self.0["operations"].as_array().expect("operations");
        let of_api = all.iter().filter(move |facts| facts["api"] == api);
        of_api.map(|facts| Operation { all: self, facts })
    }

    fn value(&self, name: &str, kind: &Value, extent: Extent) -> Value {
        if let Some(choices) = kind.get("enum").and_then(Value::as_array) {
            let choice = match extent {
                Extent::Least => choices.first(),
                Extent::All => choices.last(),
            };
            return choice.expect("a choice").clone();
        }
        match kind["type"].as_str().expect("a type") {
            "string" => json!(text(name)),
            "time" => json!("2024-11-18T13:32:03+11:00"),
            "file" => {
                json!({"data": "Y29udGVudA==", "filename": "logo.png", "content_type": "image/png"})
            }
            "integer" => json!(1),
            "number" => json!(1.5),
            "boolean" => json!(true),
            "array" => {
                let item = self.value(name, &kind["items"], extent);
                match extent {
                    Extent::Least => json!([item]),
                    Extent::All => json!([item, item]),
                }
            }
            // The description takes the words for types alone as values of an organization's flags.
            "map" if name == "feature_flags" => json!({"theme": "str"}),
            "map" => json!({"theme": self.value(name, &kind["values"], extent)}),
            "model" => self.model(kind["model"].as_str().expect("a model"), extent),
            _ => json!({"theme": "str"}),
        }
    }

    fn model(&self, name: &str, extent: Extent) -> Value {
        let model = &self.0["models"][name];
        match model.get("fields") {
            Some(fields) => Value::Object(self.fields(fields, extent)),
            None => self.value(name, &model["one_of"][0], extent),
        }
    }

    fn fields(&self, fields: &Value, extent: Extent) -> Map<String, Value> {
        let fields = fields.as_array().into_iter().flatten();
        let wanted = fields.filter(|it| extent == Extent::All || it["required"] == true);
        let values = wanted.map(|field| {
            let name = field["name"].as_str().expect("a name").to_owned();
            let value = self.value(&name, field, extent);
            (name, value)
        });
        values.collect()
    }
}

impl Operation<'_> {
    pub fn name(&self) -> &str {
        self.facts["name"].as_str().expect("a name")
    }

    /// Parameters and the members of the body, beside each other.
    pub fn params(&self, extent: Extent) -> Value {
        let mut params = self.all.fields(&self.facts["parameters"], extent);
        if let Some(model) = self.facts["body"]["model"].as_str() {
            match self.all.model(model, extent) {
                Value::Object(members) => params.extend(members),
                other => panic!("{}: a body that is {other}", self.name()),
            }
        }
        Value::Object(params)
    }
}

/// A text that needs escaping in a path, and one that a server takes for what the name says.
fn text(name: &str) -> String {
    match name {
        "email" => "new@example.com".to_owned(),
        // The description has a form for it, which the catalogue does not express.
        "assignment_permission_id" => "0191f6f5-93d4-7e5c-a7b6-3f1b9d3c2a10".to_owned(),
        name if name.ends_with("_id") => format!("{name}/1 ü"),
        name if name.ends_with("url") || name == "endpoint" => {
            "https://example.com/a?b=c".to_owned()
        }
        name => format!("{name} & more"),
    }
}
