//! A complete answer, and what is read from it.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, Result, Status, foreign_text};

/// A complete answer. Its body may hold tokens: it is zeroized when dropped and not shown.
#[derive(Clone)]
pub(crate) struct Response {
    pub status: u16,
    headers: HeaderMap,
    pub body: Bytes,
}

impl Response {
    pub(super) fn new(status: u16, headers: HeaderMap, body: Bytes) -> Response {
        Response {
            status,
            headers,
            body,
        }
    }

    /// An answer that came from nowhere, for tests of those who read answers.
    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| {
            let name: reqwest::header::HeaderName = name.parse().unwrap();
            (name, value.parse().unwrap())
        });
        Response::new(
            status,
            headers.collect(),
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    /// The first header of this name, in any case, if it is readable text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The headers that are readable text, by their names in lower case.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// How long the other side asks to wait: `Retry-After` (RFC 9110, section 10.2.3), or Kinde's
    /// `RateLimit-Reset`. At most a day.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let asked = self.header(RETRY_AFTER.as_str()).and_then(|text| {
            seconds(text).or_else(|| {
                let date = httpdate::parse_http_date(text.trim()).ok()?;
                Some(date.duration_since(SystemTime::now()).unwrap_or_default())
            })
        });
        asked
            .or_else(|| seconds(self.header("ratelimit-reset")?))
            .map(|asked| asked.min(LONGEST))
    }

    /// How long the answer may be used without asking again (RFC 9111, section 5.2.2); nothing if
    /// it must not be kept or has to be asked for each time.
    pub(crate) fn max_age(&self) -> Option<Duration> {
        let mut age = None;
        let directives = self.headers.get_all(CACHE_CONTROL);
        let directives = directives.iter().filter_map(|value| value.to_str().ok());
        for directive in directives.flat_map(|value| value.split(',')) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Some(Duration::ZERO),
                "max-age" => age = seconds(value.trim().trim_matches('"')).or(age),
                _ => {}
            }
        }
        age
    }

    /// The JSON value in the body, null if the body is empty.
    ///
    /// # Errors
    /// Those of [`Response::json_object`], but for values that are no objects.
    pub(crate) fn json(&self, what: &str) -> Result<Value> {
        match self.body.trim_ascii_start().first() {
            None => Ok(Value::Null),
            Some(b'{') => self.json_object(what).map(Value::Object),
            Some(_) => {
                let value = serde_json::from_slice(&self.body);
                value.map_err(|error| self.not_json(&format!("{what} is not JSON"), &error))
            }
        }
    }

    /// The JSON object in the body, whatever content type it claims. `what` says whose answer
    /// it is, for the message.
    ///
    /// # Errors
    /// `MALFORMED_RESPONSE` if the body is not one JSON object, nests deeper than 128, or names a
    /// member twice.
    pub(crate) fn json_object(&self, what: &str) -> Result<Map<String, Value>> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        reader
            .deserialize_map(UniqueMembers)
            .and_then(|object| reader.end().map(|()| object))
            .map_err(|error| self.not_json(&format!("{what} is not a JSON object"), &error))
    }

    fn not_json(&self, what: &str, error: &serde_json::Error) -> Error {
        let kind = match self.headers.get(CONTENT_TYPE).map(|v| v.to_str()) {
            Some(Ok(kind)) => format!(", content type {}", foreign_text(kind)),
            _ => String::new(),
        };
        // The parser's own text can quote the body, which may hold a token.
        Error::new(
            Status::MalformedResponse,
            format!(
                "{what} (HTTP status {}{kind}; line {}, column {})",
                self.status,
                error.line(),
                error.column()
            ),
        )
        .with_http_status(self.status)
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

/// An object in which no member occurs twice: two readers could take different ones.
struct UniqueMembers;

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose members have different names")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut members: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a member occurs twice"));
            }
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(headers: &[(&str, &str)]) -> Response {
        Response::of(200, headers, "")
    }

    #[test]
    fn the_time_to_wait() {
        let seconds = |headers: &[(&str, &str)]| with(headers).retry_after().map(|d| d.as_secs());
        assert_eq!(seconds(&[("Retry-After", " 7 ")]), Some(7));
        assert_eq!(seconds(&[("RateLimit-Reset", "9")]), Some(9));
        assert_eq!(
            seconds(&[("Retry-After", "7"), ("RateLimit-Reset", "9")]),
            Some(7)
        );
        assert_eq!(
            seconds(&[("Retry-After", "soon"), ("RateLimit-Reset", "9")]),
            Some(9)
        );
        assert_eq!(
            seconds(&[("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")]),
            Some(0)
        );
        assert_eq!(seconds(&[("Retry-After", "99999999999999")]), Some(86_400));
        assert_eq!(seconds(&[("Retry-After", "-1")]), None);
        assert_eq!(seconds(&[]), None);
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
        let wait = seconds(&[("Retry-After", &date)]).unwrap();
        assert!((3000..=3600).contains(&wait), "{wait}");
    }

    #[test]
    fn how_long_an_answer_may_be_kept() {
        for (value, seconds) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=\"60\"", Some(60)),
            ("max-age=60, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("max-age=x", None),
            ("private", None),
        ] {
            let age = with(&[("cache-control", value)]).max_age();
            assert_eq!(age, seconds.map(Duration::from_secs), "{value}");
        }
        assert_eq!(with(&[]).max_age(), None);
    }

    #[test]
    fn one_json_object_and_nothing_else() {
        let read = |body: &str| {
            let response = Response::of(502, &[("content-type", "text/html\t")], body);
            response.json_object("the answer")
        };
        assert_eq!(read(r#" {"a": {"b": [1]}} "#).unwrap()["a"]["b"][0], 1);
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for body in [
            "",
            "[]",
            "null",
            "s3cr3t",
            r#"{"a":1"#,
            r#"{"a":1} x"#,
            r#"{"access_token":"s3cr3t","access_token":"other"}"#,
            &deep,
        ] {
            let error = read(body).unwrap_err();
            assert_eq!(error.status(), Status::MalformedResponse, "{body}");
            assert_eq!(error.http_status(), Some(502));
            assert!(error.message().contains("text/html"), "{error}");
            assert!(!error.message().contains("s3cr3t"), "{error}");
        }
        assert!(!format!("{:?}", Response::of(200, &[], "s3cr3t")).contains("s3cr3t"));
    }
}
