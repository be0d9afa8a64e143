//! Open-ended values: claims, flags, answers of an API.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, Status};

/// A JSON value (RFC 8259). `Display` gives its text, `FromStr` reads one.
#[derive(Clone, PartialEq, Default)]
pub struct Json(serde_json::Value);

/// A value inside a [`Json`], borrowed.
#[derive(Clone, Copy, Debug)]
pub struct JsonRef<'a>(&'a serde_json::Value);

/// What a value is, for those who walk through one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JsonView<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// A whole number above the largest `i64`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    String(&'a str),
    /// A list; [`JsonRef::items`] walks through it.
    Array(usize),
    /// An object; [`JsonRef::entries`] walks through it.
    Object(usize),
}

impl<'a> JsonRef<'a> {
    /// What this is.
    pub fn view(self) -> JsonView<'a> {
        view(self.0)
    }

    /// The member of an object.
    pub fn get(self, name: &str) -> Option<JsonRef<'a>> {
        self.0.get(name).map(JsonRef)
    }

    /// The members of a list; none if it is not one.
    pub fn items(self) -> impl Iterator<Item = JsonRef<'a>> {
        self.0.as_array().into_iter().flatten().map(JsonRef)
    }

    /// The members of an object; none if it is not one.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, JsonRef<'a>)> {
        let entries = self.0.as_object().into_iter().flatten();
        entries.map(|(name, value)| (name.as_str(), JsonRef(value)))
    }
}

impl Json {
    /// What this is.
    pub fn view(&self) -> JsonView<'_> {
        view(&self.0)
    }

    /// To walk through it without copies.
    pub fn borrowed(&self) -> JsonRef<'_> {
        JsonRef(&self.0)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        self.0.as_bool()
    }

    /// The number, if it is a whole one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The member of an object.
    pub fn get(&self, name: &str) -> Option<Json> {
        self.0.get(name).cloned().map(Json)
    }

    pub(crate) fn from_value(value: serde_json::Value) -> Self {
        Json(value)
    }

    pub(crate) fn value(&self) -> &serde_json::Value {
        &self.0
    }
}

fn view(value: &serde_json::Value) -> JsonView<'_> {
    use serde_json::Value;
    match value {
        Value::Null => JsonView::Null,
        Value::Bool(b) => JsonView::Boolean(*b),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => JsonView::Integer(i),
            (None, Some(u)) => JsonView::Unsigned(u),
            _ => JsonView::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(s) => JsonView::String(s),
        Value::Array(a) => JsonView::Array(a.len()),
        Value::Object(o) => JsonView::Object(o.len()),
    }
}

impl FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Json).map_err(|e| {
            // The parser's own text can quote the input, which may hold a secret.
            Error::new(
                Status::InvalidArgument,
                format!("not valid JSON (line {}, column {})", e.line(), e.column()),
            )
        })
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json(text.into())
    }
}

impl From<bool> for Json {
    fn from(boolean: bool) -> Self {
        Json(boolean.into())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Json(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_walked_through_without_copies() {
        let json: Json = r#"{"a": [1, 18446744073709551615, 1.5, "x", null, true]}"#
            .parse()
            .unwrap();
        let list = json.borrowed().get("a").unwrap();
        let seen: Vec<String> = list
            .items()
            .map(|item| format!("{:?}", item.view()))
            .collect();
        let expected = [
            "Integer(1)",
            "Unsigned(18446744073709551615)",
            "Float(1.5)",
            "String(\"x\")",
            "Null",
            "Boolean(true)",
        ];
        assert_eq!(seen, expected);
        let entries: Vec<_> = json.borrowed().entries().map(|(name, _)| name).collect();
        assert_eq!(entries, ["a"]);
        assert_eq!(list.entries().count(), 0);
        assert!(json.borrowed().get("b").is_none());
    }
}
