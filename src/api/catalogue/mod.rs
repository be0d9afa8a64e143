//! What Kinde's APIs can be asked: the facts of each operation, as data. Nothing about an operation
//! is written anywhere else.

mod json;
mod kind;
mod text;

use flate2::{Decompress, FlushDecompress};
use once_cell::race::OnceBox;

pub(crate) use json::json;
pub(crate) use kind::{Kind, Shape};

use crate::error::{Error, Result, Status, foreign_text};
use crate::http::{Method, Repeat};
use crate::params::nearest;

/// The operations and the models of their bodies.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    pub groups: Vec<Group>,
    pub operations: Vec<Operation>,
    pub models: Vec<Model>,
    /// Names and other names of operations, sorted, with their places.
    names: Vec<(&'static str, usize)>,
}

/// Operations that an SDK reaches under one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub api: Api,
    pub name: &'static str,
    pub alias: Option<&'static str>,
}

/// One operation of an API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As Kinde's SDKs call it.
    pub name: &'static str,
    pub alias: Option<&'static str>,
    /// Its place among the groups.
    group: usize,
    pub api: Api,
    pub method: Method,
    /// `{name}` stands for a value.
    pub path: &'static str,
    pub scope: Option<&'static str>,
    pub deprecated: bool,
    /// Whether asking twice does what asking once does, though the method does not promise it.
    idempotent: bool,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    /// What its answer lists, if it is a list.
    pub list: Option<List>,
    /// How its next page is asked for, if it has pages.
    pub pages: Option<PageStyle>,
    /// The name of its answer's model.
    pub answer: Option<&'static str>,
}

/// An API, and with it the host that answers: a user's token is accepted by the host that issued it
/// alone, and the Management API does not answer on a custom domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Management,
    Account,
    OAuth,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub place: Place,
    pub field: Field,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

/// A parameter or a member of a body.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub required: bool,
    pub deprecated: bool,
    pub kind: Kind,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub form: BodyForm,
    pub required: bool,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyForm {
    Json,
    UrlEncoded,
    Multipart,
}

/// A list in an answer.
#[derive(Debug)]
pub(crate) struct List {
    pub name: &'static str,
    /// Whether it stands in the member `data`.
    pub in_data: bool,
    /// What each item must have, as text.
    pub keys: Vec<&'static str>,
    /// What stands beside it.
    pub beside: Vec<&'static str>,
}

/// How the next page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageStyle {
    /// With `next_token`, which the answer names.
    Token,
    /// With the id of the last item, while the answer says `has_more`.
    Id,
    /// With the id of the last item, until a page is empty.
    UntilEmpty,
    /// With the id that the answer's `metadata` names.
    Metadata,
}

/// An object that stands in bodies.
#[derive(Debug)]
pub(crate) struct Model {
    /// As openapi-generator names it.
    pub name: &'static str,
    pub content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Fields(Vec<Field>),
    /// One of these.
    Union(Vec<Kind>),
}

impl Catalogue {
    /// The catalogue of this library; unpacked when it is first asked for.
    pub(crate) fn get() -> Result<&'static Catalogue> {
        // Not a lock: a child that is forked while another thread unpacks must not wait for it.
        static CATALOGUE: OnceBox<Catalogue> = OnceBox::new();
        CATALOGUE.get_or_try_init(|| text::parse(unpacked()?).map(Box::new))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Operation> {
        let at = self
            .names
            .binary_search_by(|(known, _)| (*known).cmp(name))
            .ok()?;
        self.operations.get(self.names[at].1)
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        let at = self.models.binary_search_by(|model| model.name.cmp(name));
        self.models.get(at.ok()?)
    }

    pub(crate) fn group(&self, operation: &Operation) -> Group {
        self.groups[operation.group]
    }
}

/// The operation of this name.
///
/// # Errors
/// `UNKNOWN_OPERATION` with the names that are near.
pub(crate) fn operation(name: &str) -> Result<&'static Operation> {
    let catalogue = Catalogue::get()?;
    catalogue.find(name).ok_or_else(|| {
        let near = nearest(name, &mut catalogue.names.iter().map(|(known, _)| *known));
        let near = match near.is_empty() {
            true => "kinde_api_catalogue lists all".to_owned(),
            false => format!("the nearest known are {}", near.join(", ")),
        };
        let message = format!("no API has the operation {}; {near}", foreign_text(name));
        Error::new(Status::UnknownOperation, message).with_field("operation")
    })
}

impl Operation {
    /// Whether it may be sent again when nobody knows what became of the first time.
    pub(crate) fn repeat(&self) -> Repeat {
        let promised = matches!(self.method, Method::Get | Method::Put | Method::Delete);
        match promised || self.idempotent {
            true => Repeat::Idempotent,
            false => Repeat::Unsent,
        }
    }
}

impl Api {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Api::Management => "management",
            Api::Account => "account",
            Api::OAuth => "oauth",
        }
    }
}

impl BodyForm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            BodyForm::Json => "json",
            BodyForm::UrlEncoded => "form",
            BodyForm::Multipart => "multipart",
        }
    }
}

impl PageStyle {
    pub(crate) fn name(self) -> &'static str {
        match self {
            PageStyle::Token => "token",
            PageStyle::Id => "id",
            PageStyle::UntilEmpty => "until_empty",
            PageStyle::Metadata => "metadata",
        }
    }
}

fn unpacked() -> Result<&'static str> {
    const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.deflate"));
    const LENGTH: usize = include!(concat!(env!("OUT_DIR"), "/catalogue.length"));
    static TEXT: OnceBox<String> = OnceBox::new();
    let text = TEXT.get_or_try_init(|| {
        let mut text = Vec::with_capacity(LENGTH);
        let unpacked =
            Decompress::new(false).decompress_vec(PACKED, &mut text, FlushDecompress::Finish);
        let text = unpacked.ok().and_then(|_| String::from_utf8(text).ok());
        text.map(Box::new).ok_or_else(|| unreadable("the packing"))
    });
    text.map(String::as_str)
}

fn unreadable(what: &str) -> Error {
    let message = format!("the catalogue of API operations is damaged: {what}; please report it");
    Error::new(Status::Internal, message)
}

#[cfg(test)]
mod tests;
