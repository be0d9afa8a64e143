//! A catalogue, and its text: one fact per line, in an order that does not depend on the
//! description's.

use std::fmt;

/// What a description says, without its sentences.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub operations: Vec<Operation>,
    pub models: Vec<Model>,
}

#[derive(Debug)]
pub struct Operation {
    pub group: String,
    pub name: String,
    pub alias: Option<String>,
    pub method: String,
    pub path: String,
    pub deprecated: bool,
    /// A method that does not promise it, but asking twice does what asking once does.
    pub idempotent: bool,
    pub scope: Option<String>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// The member of the answer that is its list.
    pub list: Option<String>,
    pub pages: Option<Pages>,
    /// The model of the answer.
    pub answer: Option<String>,
}

#[derive(Debug)]
pub struct Parameter {
    pub place: &'static str,
    pub field: Field,
}

#[derive(Debug)]
pub struct Body {
    pub form: &'static str,
    pub required: bool,
    pub model: String,
}

/// How an operation is asked for the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// With `next_token`, which the answer names.
    Token,
    /// With the id of the last item, while the answer says `has_more`.
    Id,
    /// With the id of the last item, until a page is empty.
    UntilEmpty,
}

#[derive(Debug)]
pub struct Model {
    pub name: String,
    pub shape: Shape,
}

#[derive(Debug)]
pub enum Shape {
    Object(Vec<Field>),
    /// One of these types.
    Union(Vec<String>),
}

#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub required: bool,
    /// `string`, `integer`, `number`, `boolean`, `datetime`, `file`, `object`, `any` or a model;
    /// `[…]` is a list, `{…}` an object with any members, `(a|b)` what is accepted, `?` null too.
    pub kind: String,
    pub deprecated: bool,
}

impl Pages {
    fn name(self) -> &'static str {
        match self {
            Pages::Token => "token",
            Pages::Id => "id",
            Pages::UntilEmpty => "until_empty",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let required = if self.required { "!" } else { "" };
        let deprecated = if self.deprecated { " deprecated" } else { "" };
        write!(f, "{}{required} {}{deprecated}", self.name, self.kind)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "op {} {} {}", self.name, self.method, self.path)?;
        if let Some(alias) = &self.alias {
            writeln!(f, "  alias {alias}")?;
        }
        if self.deprecated {
            writeln!(f, "  deprecated")?;
        }
        if self.idempotent {
            writeln!(f, "  idempotent")?;
        }
        if let Some(scope) = &self.scope {
            writeln!(f, "  scope {scope}")?;
        }
        for parameter in &self.parameters {
            writeln!(f, "  {} {}", parameter.place, parameter.field)?;
        }
        if let Some(body) = &self.body {
            let required = if body.required { "!" } else { "" };
            writeln!(f, "  {}{required} {}", body.form, body.model)?;
        }
        if let Some(list) = &self.list {
            writeln!(f, "  list {list}")?;
        }
        if let Some(pages) = self.pages {
            writeln!(f, "  pages {}", pages.name())?;
        }
        if let Some(answer) = &self.answer {
            writeln!(f, "  answer {answer}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Object(fields) => {
                writeln!(f, "model {}", self.name)?;
                for field in fields {
                    writeln!(f, "  {field}")?;
                }
                Ok(())
            }
            Shape::Union(kinds) => writeln!(f, "union {} {}", self.name, kinds.join(" ")),
        }
    }
}

impl Catalogue {
    /// Sorts by group and name.
    pub fn sort(&mut self) {
        self.operations
            .sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
        self.models.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# The Management API. Made by kinde-catalogue, not edited by hand."
        )?;
        writeln!(f, "api management")?;
        let mut group = "";
        for operation in &self.operations {
            if operation.group != group {
                group = &operation.group;
                let alias = crate::known::group_alias(group).map(|alias| format!(" {alias}"));
                writeln!(f, "\ngroup {group}{}", alias.unwrap_or_default())?;
            }
            write!(f, "{operation}")?;
        }
        writeln!(f)?;
        for model in &self.models {
            write!(f, "{model}")?;
        }
        Ok(())
    }
}
