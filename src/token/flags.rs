//! Feature flags in tokens: `{"theme": {"t": "s", "v": "dark"}}`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::index::RawFlag;
use super::json_text;
use crate::error::{Error, Result, Status, foreign_text};

/// The type of a flag, by its code in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagType<'a> {
    Boolean,
    String,
    Integer,
    Object,
    /// A code that we do not know, verbatim.
    Other(&'a str),
}

/// A flag's type in a word, by its word or its code in tokens; an unknown one verbatim.
pub(crate) fn flag_type_word(name: &str) -> &str {
    FlagType::expected(name).map_or(name, FlagType::word)
}

/// A flag of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlagRef<'a> {
    pub kind: FlagType<'a>,
    /// JSON text.
    pub value: &'a str,
}

impl<'a> FlagType<'a> {
    #[inline]
    fn of_code(code: &'a str) -> FlagType<'a> {
        match code {
            "b" => FlagType::Boolean,
            "s" => FlagType::String,
            "i" => FlagType::Integer,
            "o" | "j" => FlagType::Object,
            other => FlagType::Other(other),
        }
    }

    /// A type that a caller expects, as a word or as the code in tokens.
    pub(crate) fn expected(name: &str) -> Result<FlagType<'static>> {
        Ok(match name {
            "boolean" | "b" => FlagType::Boolean,
            "string" | "s" => FlagType::String,
            "integer" | "i" => FlagType::Integer,
            "object" | "o" | "j" => FlagType::Object,
            _ => {
                return Err(Error::invalid_argument(
                    "type",
                    "unknown; accepted are boolean, string, integer, object",
                ));
            }
        })
    }

    /// The type of a value, for flags that do not say.
    fn of_value(raw: &str) -> FlagType<'static> {
        match raw.as_bytes().first() {
            Some(b't' | b'f') => FlagType::Boolean,
            Some(b'"') => FlagType::String,
            Some(b'{' | b'[') => FlagType::Object,
            Some(b'-' | b'0'..=b'9') => FlagType::Integer,
            _ => FlagType::Other(""),
        }
    }

    /// The type in a word.
    pub(crate) fn word(self) -> &'a str {
        match self {
            FlagType::Boolean => "boolean",
            FlagType::String => "string",
            FlagType::Integer => "integer",
            FlagType::Object => "object",
            FlagType::Other(code) => code,
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            FlagType::Boolean => value.is_boolean(),
            FlagType::String => value.is_string(),
            FlagType::Integer => value.is_i64() || value.is_u64(),
            FlagType::Object => value.is_object() || value.is_array(),
            FlagType::Other(_) => true,
        }
    }
}

impl<'a> FlagRef<'a> {
    #[inline]
    pub(super) fn of(raw: RawFlag<'a>) -> FlagRef<'a> {
        FlagRef {
            kind: match json_text::unquoted(raw.kind) {
                Some(code) => FlagType::of_code(code),
                None => FlagType::of_value(raw.value),
            },
            value: raw.value,
        }
    }

    /// The value of a boolean flag. The error names the flag by its `code`.
    #[inline]
    pub(crate) fn boolean(self, code: &str) -> Result<bool> {
        self.of_type(code, FlagType::Boolean, json_text::boolean(self.value))
    }

    /// The value of an integer flag. The error names the flag by its `code`.
    pub(crate) fn integer(self, code: &str) -> Result<i64> {
        self.of_type(code, FlagType::Integer, json_text::integer(self.value))
    }

    /// The value of a string flag. The error names the flag by its `code`.
    pub(crate) fn string(self, code: &str) -> Result<Cow<'a, str>> {
        self.of_type(code, FlagType::String, json_text::string(self.value))
    }

    #[inline]
    fn of_type<T>(self, code: &str, expected: FlagType<'_>, value: Option<T>) -> Result<T> {
        value
            .filter(|_| self.kind == expected)
            .ok_or_else(|| wrong_type(code, self.kind, expected))
    }

    pub(crate) fn value(self) -> Value {
        serde_json::from_str(self.value).unwrap_or_default()
    }
}

/// Answers `{code, type, value, is_default}`. `flag` is the token's, if it has one.
///
/// `type` is `null` if only a default is known and no type was expected.
pub(super) fn answer(
    code: &str,
    flag: Option<FlagRef<'_>>,
    default: Option<&Value>,
    expected: Option<&str>,
) -> Result<Value> {
    let expected = expected.map(FlagType::expected).transpose()?;
    if let Some(flag) = flag {
        if let Some(expected) = expected
            && expected != flag.kind
        {
            return Err(wrong_type(code, flag.kind, expected));
        }
        return Ok(json!({
            "code": code,
            "type": flag.kind.word(),
            "value": flag.value(),
            "is_default": false,
        }));
    }
    let default = default.ok_or_else(|| not_found(code))?;
    if let Some(expected) = expected
        && !expected.fits(default)
    {
        return Err(Error::new(
            Status::FlagType,
            format!(
                "the default of the flag {} is not of type {}",
                foreign_text(code),
                expected.word()
            ),
        ));
    }
    Ok(json!({
        "code": code,
        "type": expected.map(FlagType::word),
        "value": default,
        "is_default": true,
    }))
}

pub(super) fn not_found(code: &str) -> Error {
    Error::new(
        Status::FlagNotFound,
        format!(
            "the token has no flag {}, and no default was given",
            foreign_text(code)
        ),
    )
}

fn wrong_type(code: &str, is: FlagType<'_>, expected: FlagType<'_>) -> Error {
    Error::new(
        Status::FlagType,
        format!(
            "the flag {} is of type {}, not {}",
            foreign_text(code),
            foreign_text(is.word()),
            expected.word()
        ),
    )
}
