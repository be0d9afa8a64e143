//! A request to an API, made of an operation and what a caller gives for it.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::catalogue::{Api, BodyForm, Catalogue, Field, Operation, Place, Shape, operation};
use super::judge::Judge;
use super::multipart;
use crate::config::{ApiValidation, Settings};
use crate::error::{Error, Result, Status};
use crate::http::{Body, Method, Repeat};
use crate::params::Fields;
use crate::secret::json_of_secrets;

/// The operation that reaches any path.
const ANY: &str = "request";

/// What stands for another parameter, where the operation has none of that name.
const SHORT_FORMS: &[(&str, &[&str])] = &[
    ("org_code", &["code", "organization_code"]),
    ("organization_code", &["org_code", "code"]),
    ("code", &["org_code"]),
];

/// A request that was judged and can be sent, as often as need be.
#[derive(Clone, Debug)]
pub(crate) struct ApiRequest {
    /// The operation's, for messages.
    pub(super) name: &'static str,
    /// None if it was asked for by its path.
    pub(super) operation: Option<&'static Operation>,
    pub(super) api: Api,
    pub(super) method: Method,
    pub(super) repeat: Repeat,
    path: Path,
    query: Vec<(Cow<'static, str>, String)>,
    pub(super) body: Body,
}

#[derive(Clone, Debug)]
enum Path {
    /// Each to be escaped.
    Segments(Vec<Cow<'static, str>>),
    /// As it stands in a URL.
    Whole(String),
}

impl ApiRequest {
    /// Makes a request of an operation's name and an object of parameters: values for the path and
    /// the query by their names, the body's members beside them, or the whole of it as `body` or
    /// under the name of its model. `extra` is an object of what the catalogue does not know.
    ///
    /// # Errors
    /// `UNKNOWN_OPERATION`, or `INVALID_ARGUMENT` with every parameter that is wrong.
    pub(crate) fn from_json(name: &str, json: &str, validation: ApiValidation) -> Result<Self> {
        let fields = Fields::parse(json)?;
        match name {
            ANY => Self::of_path(fields),
            _ => {
                let operation = operation(name)?;
                let judge = Judge {
                    catalogue: Catalogue::get()?,
                    is_lenient: validation == ApiValidation::Lenient,
                    excused: Vec::new(),
                    faults: Vec::new(),
                };
                Reading::new(operation, judge, fields).finish()
            }
        }
    }

    /// A request that this library makes by itself. `values` fill in the path.
    pub(super) fn of(
        operation: &'static Operation,
        values: &[(&'static str, &str)],
        query: &[(&'static str, &str)],
    ) -> Result<Self> {
        let path = segments(operation, |name| {
            let value = values.iter().find(|(known, _)| *known == name);
            value.map_or("", |(_, value)| *value).to_owned()
        });
        for segment in &path {
            check_segment(segment).map_err(|why| Error::invalid_argument(operation.name, why))?;
        }
        let query = query.iter();
        Ok(ApiRequest {
            name: operation.name,
            operation: Some(operation),
            api: operation.api,
            method: operation.method,
            repeat: operation.repeat(),
            path: Path::Segments(path),
            query: query
                .map(|(name, value)| (Cow::Borrowed(*name), (*value).to_owned()))
                .collect(),
            body: Body::Empty,
        })
    }

    /// The request that has Kinde work out a user's claims anew.
    pub(crate) fn refresh_claims(subject: &str) -> Result<Self> {
        let operation = operation("refresh_user_claims")?;
        ApiRequest::of(operation, &[("user_id", subject)], &[])
    }

    /// A request to any path under `/api/` and `/account_api/`: `{method, path, query, body}`.
    fn of_path(mut fields: Fields) -> Result<Self> {
        let method = fields.take_string("method");
        let method = match method.as_deref().map(str::parse) {
            None => Method::Get,
            Some(Ok(method)) => method,
            Some(Err(_)) => {
                let names = <Method as strum::VariantNames>::VARIANTS.join(", ");
                fields.wrong("method", format!("expected one of {names}"));
                Method::Get
            }
        };
        let path = fields.require_string("path");
        let api = match path.as_str() {
            path if path.starts_with("/api/") => Api::Management,
            path if path.starts_with("/account_api/") => Api::Account,
            _ => {
                fields.wrong("path", "must begin with /api/ or /account_api/");
                Api::Management
            }
        };
        if !is_plain_path(&path) {
            fields.wrong(
                "path",
                "holds `.` or `..` as a segment, an empty segment, or one of ? # \\ and what is not \
                 printable; what belongs to the query goes into query",
            );
        }
        let mut query = Vec::new();
        match fields.take("query") {
            Some(Value::Object(members)) => {
                for (name, value) in &members {
                    append(&mut query, Cow::Owned(name.clone()), value);
                }
            }
            Some(_) => fields.wrong("query", "expected an object"),
            None => {}
        }
        let body = match fields.take("body") {
            Some(body) => Body::Json(Zeroizing::new(json_of_secrets(&body))),
            None => Body::Empty,
        };
        fields.finish()?;
        let repeat = match method {
            Method::Get | Method::Put | Method::Delete => Repeat::Idempotent,
            Method::Post | Method::Patch => Repeat::Unsent,
        };
        Ok(ApiRequest {
            name: ANY,
            operation: None,
            api,
            method,
            repeat,
            path: Path::Whole(path),
            query,
            body,
        })
    }

    /// Whether only a user's token is accepted.
    pub(crate) fn asks_about_a_user(&self) -> bool {
        match self.api {
            Api::Management => false,
            Api::Account => true,
            Api::OAuth => self.method == Method::Get,
        }
    }

    /// The query's value of this name.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same request with another value in its query.
    pub(super) fn with_query(&self, name: &'static str, value: &str) -> ApiRequest {
        let mut request = self.clone();
        request.query.retain(|(known, _)| known != name);
        request.query.push((Cow::Borrowed(name), value.to_owned()));
        request
    }

    /// Where it goes: to the host that answers for its API.
    pub(super) fn url(&self, settings: &Settings) -> Result<Url> {
        let (origin, setting) = match self.api {
            Api::Management => (&settings.management_domain, "management_domain"),
            Api::Account | Api::OAuth => (&settings.domain, "domain"),
        };
        let not_a_url =
            || Error::new(Status::Config, format!("{setting}: is not a URL")).with_field(setting);
        let mut url = Url::parse(origin).map_err(|_| not_a_url())?;
        match &self.path {
            Path::Segments(segments) => {
                let mut path = url.path_segments_mut().map_err(|()| not_a_url())?;
                path.clear().extend(segments);
            }
            Path::Whole(path) => url.set_path(path),
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
            // A plus sign is a space in forms alone; %20 is one wherever a query is read.
            let spaced = url.query().filter(|query| query.contains('+'));
            if let Some(query) = spaced.map(|query| query.replace('+', "%20")) {
                url.set_query(Some(&query));
            }
        }
        Ok(url)
    }
}

/// The segments of an operation's path, with values in place of the placeholders.
fn segments(
    operation: &'static Operation,
    mut value: impl FnMut(&'static str) -> String,
) -> Vec<Cow<'static, str>> {
    let segments = operation.path.split('/').skip(1);
    let segments = segments.map(|segment| {
        let name = segment
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'));
        name.map_or(Cow::Borrowed(segment), |name| Cow::Owned(value(name)))
    });
    segments.collect()
}

/// What a server may read as another path is no segment of one. Nor is what a URL leaves out without
/// a word: of tabs and ends of lines nothing remains, and `..` may be what does.
fn check_segment(segment: &str) -> std::result::Result<(), &'static str> {
    match segment {
        "" => Err("is required"),
        "." | ".." => Err("is not an id"),
        _ if segment.contains(char::is_control) => Err("contains control characters"),
        _ => Ok(()),
    }
}

fn is_plain_path(path: &str) -> bool {
    let is_plain = |segment: &str| {
        let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        !["", ".", ".."].contains(&decoded.as_str())
    };
    path.chars()
        .all(|c| c.is_ascii_graphic() && !"?#\\".contains(c))
        && path.split('/').skip(1).all(is_plain)
}

/// Appends a value to a query: a list as often as it has items, an object's members as
/// `name[member]`.
fn append(query: &mut Vec<(Cow<'static, str>, String)>, name: Cow<'static, str>, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => query.push((name, text.clone())),
        Value::Array(items) => {
            for item in items {
                append(query, name.clone(), item);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                append(query, Cow::Owned(format!("{name}[{member}]")), value);
            }
        }
        Value::Bool(_) | Value::Number(_) => query.push((name, value.to_string())),
    }
}

/// Takes an operation's parameters one by one.
struct Reading {
    operation: &'static Operation,
    judge: Judge,
    given: Map<String, Value>,
    query: Vec<(Cow<'static, str>, String)>,
}

impl Reading {
    fn new(operation: &'static Operation, judge: Judge, mut fields: Fields) -> Reading {
        Reading {
            operation,
            judge,
            given: fields.rest(),
            query: Vec::new(),
        }
    }

    fn finish(mut self) -> Result<ApiRequest> {
        let extra = self.extra();
        self.judge.excused = extra.keys().cloned().collect();
        // Before the body, whose members may have the same names.
        let whole = self.whole_body();
        let path = self.path();
        self.take_query();
        let mut body = self.body(whole);
        self.place_rest(extra, &mut body);
        let body = self.encoded(body);
        if !self.judge.faults.is_empty() {
            return Err(Error::of_fields(Status::InvalidArgument, self.judge.faults));
        }
        Ok(ApiRequest {
            name: self.operation.name,
            operation: Some(self.operation),
            api: self.operation.api,
            method: self.operation.method,
            repeat: self.operation.repeat(),
            path: Path::Segments(path),
            query: self.query,
            body: body?,
        })
    }

    fn extra(&mut self) -> Map<String, Value> {
        match self.given.remove("extra") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(members)) => members,
            Some(_) => {
                self.judge.fault("extra", "expected an object");
                Map::new()
            }
        }
    }

    /// The body that was given as one value: as `body`, or under the name of its model.
    fn whole_body(&mut self) -> Option<(String, Value)> {
        let body = self.operation.body.as_ref()?;
        let model = match body.kind.shape() {
            Shape::Model(name) => name.to_ascii_lowercase(),
            _ => String::new(),
        };
        let is_it = |name: &&String| *name == "body" || name.replace('_', "") == model;
        let name = self.given.keys().find(is_it)?.clone();
        let value = self.given.remove(&name).filter(|value| !value.is_null())?;
        Some((name, value))
    }

    fn parameters(&self, place: Place) -> impl Iterator<Item = &'static Field> + use<> {
        let all = self.operation.parameters.iter();
        all.filter(move |it| it.place == place).map(|it| &it.field)
    }

    fn body_fields(&self) -> &'static [Field] {
        let body = self.operation.body.as_ref();
        body.and_then(|body| self.judge.fields(body.kind))
            .unwrap_or_default()
    }

    /// Takes a value by its name or a short form; null counts as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        let mut taken = self.given.remove(name);
        if taken.is_none() {
            let short = SHORT_FORMS.iter().filter(|(full, _)| *full == name);
            let short = short.flat_map(|(_, short)| *short).find(|short| {
                let is_own = self
                    .operation
                    .parameters
                    .iter()
                    .any(|it| it.field.name == **short)
                    || self.body_fields().iter().any(|field| field.name == **short);
                !is_own && self.given.contains_key(**short)
            });
            taken = short.and_then(|short| self.given.remove(*short));
        }
        taken.filter(|value| !value.is_null())
    }

    fn path(&mut self) -> Vec<Cow<'static, str>> {
        let mut values = Vec::new();
        for field in self.parameters(Place::Path) {
            let Some(mut value) = self.take(field.name) else {
                self.judge.fault(field.name, "is required");
                continue;
            };
            self.judge.check(field.name, field.kind, &mut value);
            let text = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            if let Err(reason) = check_segment(&text) {
                self.judge.fault(field.name, reason);
            }
            values.push((field.name, text));
        }
        segments(self.operation, |name| {
            let found = values.iter().position(|(known, _)| *known == name);
            found.map_or_else(String::new, |at| std::mem::take(&mut values[at].1))
        })
    }

    fn take_query(&mut self) {
        for field in self.parameters(Place::Query) {
            match self.take(field.name) {
                Some(mut value) => {
                    self.judge.check(field.name, field.kind, &mut value);
                    append(&mut self.query, Cow::Borrowed(field.name), &value);
                }
                None if field.required => self.judge.missing(field.name),
                None => {}
            }
        }
    }

    /// The body's members, if there is a body to send.
    fn body(&mut self, whole: Option<(String, Value)>) -> Option<Value> {
        let body = self.operation.body.as_ref()?;
        let fields = self.body_fields();
        if let Some((name, mut value)) = whole {
            for excused in &mut self.judge.excused {
                *excused = format!("{name}.{excused}");
            }
            self.judge.check(&name, body.kind, &mut value);
            for field in fields {
                if self.given.remove(field.name).is_some() {
                    let message = format!("is a member of {name}, which is given too");
                    self.judge.fault(field.name, message);
                }
            }
            return Some(value);
        }
        let mut members = Map::new();
        for field in fields {
            if let Some(value) = self.given.remove(field.name) {
                members.insert(field.name.to_owned(), value);
            }
        }
        let will_be_sent = body.required || !members.is_empty();
        let mut value = Value::Object(members);
        will_be_sent.then(|| {
            self.judge.check("", body.kind, &mut value);
            value
        })
    }

    /// Puts what the catalogue does not know where it belongs, or refuses it.
    fn place_rest(&mut self, extra: Map<String, Value>, body: &mut Option<Value>) {
        let rest = std::mem::take(&mut self.given);
        let rest: Map<String, Value> = match self.judge.is_lenient {
            true => rest,
            false => {
                for name in rest.keys() {
                    let parameters = self.operation.parameters.iter().map(|it| it.field.name);
                    let members = self.body_fields().iter().map(|field| field.name);
                    self.judge.unknown(name, &mut parameters.chain(members));
                }
                Map::new()
            }
        };
        for (name, value) in extra.into_iter().chain(rest) {
            let members = body.as_ref().and_then(Value::as_object);
            if self.query.iter().any(|(known, _)| *known == name)
                || members.is_some_and(|members| members.contains_key(&name))
            {
                let message = "is given beside extra too; leave it out in one of them";
                self.judge.fault(&format!("extra.{name}"), message);
                continue;
            }
            match (self.operation.body.is_some(), &mut *body) {
                (true, Some(Value::Object(members))) => {
                    members.insert(name, value);
                }
                (true, body) => *body = Some(Value::Object(Map::from_iter([(name, value)]))),
                (false, _) => append(&mut self.query, Cow::Owned(name), &value),
            }
        }
    }

    fn encoded(&self, value: Option<Value>) -> Result<Body> {
        let (Some(body), Some(value)) = (&self.operation.body, value) else {
            return Ok(Body::Empty);
        };
        let empty = Map::new();
        let members = value.as_object().unwrap_or(&empty);
        match body.form {
            BodyForm::Json => Ok(Body::Json(Zeroizing::new(json_of_secrets(&value)))),
            BodyForm::UrlEncoded => {
                let mut pairs = Vec::new();
                for (name, value) in members {
                    append(&mut pairs, Cow::Owned(name.clone()), value);
                }
                let text = Serializer::new(String::new()).extend_pairs(&pairs).finish();
                Ok(Body::Form(Zeroizing::new(text)))
            }
            BodyForm::Multipart => {
                let is_file = |name: &str| {
                    let field = self.body_fields().iter().find(|field| field.name == name);
                    field.is_some_and(|field| field.kind.shape() == Shape::File)
                };
                multipart::body(members, is_file)
            }
        }
    }
}

#[cfg(test)]
mod tests;
