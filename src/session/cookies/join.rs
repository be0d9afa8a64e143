//! From the cookies of a request to the text that they carry.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    DEFAULT_NAME, MAX_COOKIE_BYTES, MAX_PARTS, cookies_of, fault_of_name, generation,
    is_cookie_value, part_name, part_number,
};
use crate::error::{Error, Result, Status};
use crate::params::{Fields, kind};
use crate::secret::{Secret, json_of_secrets};

/// The cookies of one request, of which those that carry a session are kept.
#[derive(Clone, Debug)]
pub struct CookieJoin {
    name: String,
    parts: BTreeMap<usize, Secret>,
    /// Seen to be unusable while the cookies came in.
    refused: bool,
}

/// What the cookies of a request carry.
#[derive(Clone, Debug)]
pub struct JoinedCookies {
    /// The text; none if the browser sent no part of one.
    pub value: Option<Secret>,
    /// The names of the parts that the browser sent, those included that are used no more.
    pub parts: Vec<String>,
}

impl Default for CookieJoin {
    fn default() -> Self {
        CookieJoin::new(DEFAULT_NAME)
    }
}

impl CookieJoin {
    /// A request without cookies; `name` is that of [`CookieSplit`](super::CookieSplit).
    pub fn new(name: impl Into<String>) -> Self {
        CookieJoin {
            name: name.into(),
            parts: BTreeMap::new(),
            refused: false,
        }
    }

    /// Reads `{name, cookies}`; `cookies` is the text of a `Cookie` header, or an object of names
    /// and values, or null if the browser sent none.
    ///
    /// Fails with `INVALID_ARGUMENT`, which names every field that is unknown or of a wrong type.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let mut join = match fields.take_string("name") {
            Some(name) => CookieJoin::new(name),
            None => CookieJoin::default(),
        };
        match fields.take("cookies") {
            None => {}
            Some(Value::String(header)) => join.add_header(&Zeroizing::new(header)),
            Some(Value::Object(cookies)) => {
                for (name, value) in cookies {
                    match value {
                        Value::String(value) => join.add(&name, Secret::new(value)),
                        _ => fields.wrong("cookies", "expected texts as values"),
                    }
                }
            }
            Some(other) => {
                let expected = "expected a Cookie header or an object of names and values, got";
                fields.wrong("cookies", format!("{expected} {}", kind(&other)));
            }
        }
        fields.finish()?;
        Ok(join)
    }

    /// Adds the cookies of a `Cookie` header (RFC 6265, section 4.2.1).
    pub fn add_header(&mut self, header: &str) {
        for cookie in cookies_of(header) {
            // Before the value is copied: most cookies are somebody else's.
            if part_number(&self.name, cookie.name()).is_some() {
                self.add(cookie.name(), cookie.value().into());
            }
        }
    }

    /// Adds one cookie.
    pub fn add(&mut self, name: &str, value: Secret) {
        let Some(number) = part_number(&self.name, name) else {
            return;
        };
        let fits = value.expose().len() <= MAX_COOKIE_BYTES;
        // The same name twice comes from two paths or two domains, and nobody can say which is meant.
        let repeated = self.parts.insert(number, value).is_some();
        self.refused |= repeated || !fits;
    }

    /// The text that the cookies carry.
    ///
    /// Fails with `SESSION_INVALID` if a part is missing, altered, repeated or of another text, and
    /// with `INVALID_ARGUMENT` if the name is none for a cookie.
    pub fn join(&self) -> Result<JoinedCookies> {
        if let Some(fault) = fault_of_name(&self.name) {
            return Err(Error::invalid_argument("name", fault));
        }
        let value = match self.parts.is_empty() {
            true => None,
            false => Some(self.whole().ok_or_else(unusable)?),
        };
        let names = self.parts.keys();
        Ok(JoinedCookies {
            value,
            parts: names.map(|number| part_name(&self.name, *number)).collect(),
        })
    }

    /// The text, if its parts are all there and of one generation.
    fn whole(&self) -> Option<Secret> {
        if self.refused {
            return None;
        }
        let (count, first) = self.part(0)?.split_once('.')?;
        let (generation_of_all, first) = first.split_once('.')?;
        let count = (1..=MAX_PARTS).find(|number| number.to_string() == count)?;
        // Room for all at once, so that growing leaves no copy behind.
        let mut value = Zeroizing::new(String::with_capacity(count * MAX_COOKIE_BYTES));
        value.push_str(first);
        // Parts behind the last are of a longer text, whose deletion has not reached the browser.
        for number in 1..count {
            let (generation, chunk) = self.part(number)?.split_once('.')?;
            if generation != generation_of_all {
                return None;
            }
            value.push_str(chunk);
        }
        let genuine = is_cookie_value(&value) && generation(&value) == generation_of_all;
        genuine.then(|| Secret::new(value.as_str()))
    }

    fn part(&self, number: usize) -> Option<&str> {
        let text = self.parts.get(&number)?.expose();
        // A browser may send a value in quotes (RFC 6265, section 4.1.1). None of ours holds any.
        let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        Some(quoted.unwrap_or(text))
    }
}

/// One message for all causes: the program can do nothing but begin anew, and a stranger who tries
/// cookies learns nothing.
fn unusable() -> Error {
    Error::new(
        Status::SessionInvalid,
        "the session in the cookies cannot be used; delete them and sign in again",
    )
}

impl JoinedCookies {
    /// The JSON object `{value, parts}`; `value` is `null` if the browser sent no part. It holds a
    /// secret.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Shown<'a> {
            value: Option<&'a str>,
            parts: &'a [String],
        }
        let shown = Shown {
            value: self.value.as_ref().map(Secret::expose),
            parts: &self.parts,
        };
        json_of_secrets(&shown)
    }
}
