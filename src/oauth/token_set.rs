//! What the token endpoint gives.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::oauth_error::{At, malformed};
use crate::clock::unix_seconds;
use crate::error::Result;
use crate::params::{Fields, string_list};
use crate::secret::{Secret, json_of_secrets};

/// Longer lives are taken for this one, in seconds: ten years.
const LONGEST_LIFE: i64 = 10 * 365 * 24 * 60 * 60;

/// Tokens as the token endpoint gave them; not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenSet {
    /// Opens APIs.
    pub access_token: Secret,
    /// Says who signed in.
    pub id_token: Option<Secret>,
    /// Obtains further access tokens.
    pub refresh_token: Option<Secret>,
    /// `Bearer`, in the spelling of the token endpoint.
    pub token_type: String,
    /// The scopes that were granted, with spaces between them, if the token endpoint said so.
    pub scope: Option<String>,
    /// The access token's life in seconds from `received_at`.
    pub expires_in: Option<i64>,
    /// When the access token expires, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// When the tokens were received, in seconds since 1970.
    pub received_at: i64,
}

impl TokenSet {
    /// A set of one access token.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        TokenSet {
            access_token: access_token.into(),
            id_token: None,
            refresh_token: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            expires_in: None,
            expires_at: None,
            received_at: unix_seconds(),
        }
    }

    /// Reads what [`TokenSet::to_json`] gives, or an answer of the token endpoint.
    ///
    /// Only `access_token` must be there. Times are numbers or texts of digits; without
    /// `expires_at` it is reckoned from `expires_in` and `received_at`, which is now if it is not
    /// given. Fails with `INVALID_ARGUMENT`, which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let mut set = TokenSet::new(fields.require_string("access_token"));
        let token = |text: String| (!text.is_empty()).then(|| Secret::new(text));
        set.id_token = fields.take_string("id_token").and_then(token);
        set.refresh_token = fields.take_string("refresh_token").and_then(token);
        if let Some(token_type) = fields.take_string("token_type") {
            if !is_bearer(&token_type) {
                fields.wrong("token_type", "only Bearer is accepted");
            }
            set.token_type = token_type;
        }
        set.scope = fields.take_strings("scope").map(|list| list.join(" "));
        set.expires_in = take_seconds(&mut fields, "expires_in").map(|s| s.min(LONGEST_LIFE));
        set.received_at = take_seconds(&mut fields, "received_at").unwrap_or(set.received_at);
        set.expires_at = take_seconds(&mut fields, "expires_at").or_else(|| set.reckon_expiry());
        fields.finish()?;
        Ok(set)
    }

    /// The JSON object `{access_token, id_token, refresh_token, token_type, scope, expires_in,
    /// expires_at, received_at}`; what is missing is `null`. It holds secrets.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Shown<'a> {
            access_token: &'a str,
            id_token: Option<&'a str>,
            refresh_token: Option<&'a str>,
            token_type: &'a str,
            scope: Option<&'a str>,
            expires_in: Option<i64>,
            expires_at: Option<i64>,
            received_at: i64,
        }
        let shown = Shown {
            access_token: self.access_token.expose(),
            id_token: self.id_token.as_ref().map(Secret::expose),
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            token_type: &self.token_type,
            scope: self.scope.as_deref(),
            expires_in: self.expires_in,
            expires_at: self.expires_at,
            received_at: self.received_at,
        };
        json_of_secrets(&shown)
    }

    /// Reads a successful answer of the token endpoint (RFC 6749, section 5.1).
    pub(super) fn from_answer(body: &[u8]) -> Result<Self> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|_| malformed(At::TokenEndpoint, "something else than a token set"))?;
        let Some(access_token) = token("access_token", answer.access_token)? else {
            return Err(wrong("access_token", "no access_token"));
        };
        let token_type = text("token_type", answer.token_type)?.unwrap_or_default();
        if !is_bearer(&token_type) {
            return Err(wrong("token_type", "a token_type other than Bearer"));
        }
        let mut set = TokenSet::new(access_token);
        set.token_type = token_type;
        set.id_token = token("id_token", answer.id_token)?;
        set.refresh_token = token("refresh_token", answer.refresh_token)?;
        set.scope = scope(answer.scope)?;
        set.expires_in = expires_in(answer.expires_in)?;
        set.expires_at = set.reckon_expiry();
        Ok(set)
    }

    fn reckon_expiry(&self) -> Option<i64> {
        self.expires_in
            .map(|life| self.received_at.saturating_add(life))
    }
}

/// The answer's members as they stand in it, so that tokens are copied once only and a wrong one
/// can be named.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
    id_token: Option<&'a RawValue>,
    refresh_token: Option<&'a RawValue>,
    token_type: Option<&'a RawValue>,
    scope: Option<&'a RawValue>,
    expires_in: Option<&'a RawValue>,
}

/// The endpoint's own answer, in which one member is of no use.
fn wrong(member: &str, what: &str) -> crate::error::Error {
    malformed(At::TokenEndpoint, what).with_field(member)
}

fn text(name: &str, value: Option<&RawValue>) -> Result<Option<String>> {
    value
        .map(|raw| serde_json::from_str::<String>(raw.get()))
        .transpose()
        .map_err(|_| wrong(name, &format!("a {name} that is not a text")))
}

fn token(name: &str, value: Option<&RawValue>) -> Result<Option<Secret>> {
    Ok(text(name, value)?
        .filter(|token| !token.is_empty())
        .map(Secret::new))
}

fn scope(value: Option<&RawValue>) -> Result<Option<String>> {
    let Some(raw) = value else {
        return Ok(None);
    };
    serde_json::from_str::<Value>(raw.get())
        .ok()
        .as_ref()
        .and_then(string_list)
        .map(|list| Some(list.join(" ")))
        .ok_or_else(|| wrong("scope", "a scope that is not a text"))
}

fn expires_in(value: Option<&RawValue>) -> Result<Option<i64>> {
    let Some(raw) = value else {
        return Ok(None);
    };
    serde_json::from_str::<Value>(raw.get())
        .ok()
        .as_ref()
        .and_then(seconds)
        .map(|life| Some(life.min(LONGEST_LIFE)))
        .ok_or_else(|| {
            wrong(
                "expires_in",
                "an expires_in that is not a number of seconds",
            )
        })
}

fn take_seconds(fields: &mut Fields, name: &'static str) -> Option<i64> {
    let value = fields.take(name)?;
    let seconds = seconds(&value);
    if seconds.is_none() {
        fields.wrong(name, "expected a number of seconds");
    }
    seconds
}

/// Whole seconds, not negative: a number, or a text of digits. A fraction is cut off.
fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole,
            // Saturates, also for what does not fit.
            None => number.as_f64()? as i64,
        },
        _ => return None,
    };
    (number >= 0).then_some(number)
}

fn is_bearer(token_type: &str) -> bool {
    token_type.eq_ignore_ascii_case("bearer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn a_whole_answer_is_read() {
        let before = unix_seconds();
        let set = TokenSet::from_answer(
            br#"{"access_token":"a","id_token":"i","refresh_token":"r","token_type":"bearer",
                "scope":"openid email","expires_in":86400,"unknown":{"x":[]}}"#,
        )
        .unwrap();
        assert_eq!(set.access_token.expose(), "a");
        assert_eq!(set.id_token.unwrap().expose(), "i");
        assert_eq!(set.refresh_token.unwrap().expose(), "r");
        assert_eq!(set.scope.as_deref(), Some("openid email"));
        assert_eq!(set.expires_in, Some(86_400));
        assert!(set.received_at >= before);
        assert_eq!(set.expires_at, Some(set.received_at + 86_400));
    }

    #[test]
    fn what_may_be_missing_may_be_missing() {
        let set = TokenSet::from_answer(
            br#"{"access_token":"a","token_type":"Bearer","id_token":null,"refresh_token":""}"#,
        )
        .unwrap();
        assert_eq!(set.id_token, None);
        assert_eq!(set.refresh_token, None);
        assert_eq!(set.expires_at, None);
    }

    #[test]
    fn lives_come_in_several_forms() {
        for (given, life) in [
            ("3600", 3600),
            ("\"3600\"", 3600),
            ("3599.7", 3599),
            ("0", 0),
            ("99999999999999999999", 315_360_000),
        ] {
            let body =
                format!(r#"{{"access_token":"a","token_type":"bearer","expires_in":{given}}}"#);
            let set = TokenSet::from_answer(body.as_bytes()).unwrap();
            assert_eq!(set.expires_in, Some(life), "{given}");
        }
    }

    #[test]
    fn what_is_no_token_set_is_refused_without_quoting_it() {
        for body in [
            "",
            "[]",
            "<html>s3cret",
            r#"{"token_type":"bearer"}"#,
            r#"{"access_token":"","token_type":"bearer"}"#,
            r#"{"access_token":["s3cret"],"token_type":"bearer"}"#,
            r#"{"access_token":"s3cret"}"#,
            r#"{"access_token":"s3cret","token_type":"DPoP"}"#,
            r#"{"access_token":"s3cret","access_token":"b","token_type":"bearer"}"#,
            r#"{"access_token":"s3cret","token_type":"bearer","id_token":5}"#,
            r#"{"access_token":"s3cret","token_type":"bearer","refresh_token":{}}"#,
            r#"{"access_token":"s3cret","token_type":"bearer","scope":5}"#,
            r#"{"access_token":"s3cret","token_type":"bearer","expires_in":-1}"#,
            r#"{"access_token":"s3cret","token_type":"bearer","expires_in":"soon"}"#,
            r#"{"access_token":"s3cret","token_type":"bearer"} x"#,
        ] {
            let error = TokenSet::from_answer(body.as_bytes()).unwrap_err();
            assert_eq!(error.status(), Status::MalformedResponse, "{body}");
            assert!(!error.message().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn json_comes_back() {
        let mut set = TokenSet::new("a");
        assert_eq!(TokenSet::from_json(&set.to_json()).unwrap(), set);
        set.id_token = Some("i".into());
        set.refresh_token = Some("r".into());
        set.scope = Some("openid email".to_owned());
        set.expires_in = Some(5);
        set.expires_at = Some(set.received_at + 7);
        assert_eq!(TokenSet::from_json(&set.to_json()).unwrap(), set);
    }

    #[test]
    fn expiry_is_given_or_reckoned() {
        let expiry = |json: &str| TokenSet::from_json(json).unwrap().expires_at;
        assert_eq!(expiry(r#"{"access_token":"a"}"#), None);
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_at":"17"}"#),
            Some(17)
        );
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_in":5,"received_at":10}"#),
            Some(15)
        );
        assert_eq!(
            expiry(r#"{"access_token":"a","expires_in":5,"received_at":10,"expires_at":99}"#),
            Some(99)
        );
    }

    #[test]
    fn wrong_fields_are_named_and_not_quoted() {
        let error = TokenSet::from_json(
            r#"{"accessToken":"s3cret","expires_in":"s3cret","token_type":"s3cret","id_token":7}"#,
        )
        .unwrap_err();
        let mut fields: Vec<&str> = error.fields().iter().map(|f| f.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "accessToken",
                "access_token",
                "expires_in",
                "id_token",
                "token_type"
            ]
        );
        assert!(!error.to_json().contains("s3cret"));
    }

    #[test]
    fn debug_shows_no_token() {
        let mut set = TokenSet::new("s3cret");
        set.refresh_token = Some("s3cret".into());
        assert!(!format!("{set:?}").contains("s3cret"));
    }
}
