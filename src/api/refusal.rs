//! Answers of an API that say no, as errors.

use serde_json::Value;

use crate::error::{Error, Status, foreign_text};
use crate::http::Response;
use crate::secret::Secret;

/// The headers that an error carries: those that help to find out what happened, none with a secret.
const SHOWN_HEADERS: &[&str] = &[
    "content-type",
    "date",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-request-id",
];

/// Stands where a secret was.
const REMOVED: &str = "…";

/// The error for an answer whose HTTP status is not a success.
pub(super) fn of_response(name: &str, response: &Response, token: &Secret) -> Error {
    let http = response.status;
    let body = shown_body(&response.body, token);
    let said = Said::of(&body);
    let first = said.errors.first();
    let reason = match first {
        Some((code, Some(message))) => {
            format!(": {}: {}", foreign_text(code), foreign_text(message))
        }
        Some((code, None)) => format!(": {}", foreign_text(code)),
        None => String::new(),
    };
    let mut error = match http {
        429 => Error::new(
            Status::RateLimited,
            format!("Kinde has had too many requests ({name}){reason}"),
        ),
        400..=599 => Error::new(
            Status::Api,
            format!("Kinde answered {name} with HTTP status {http}{reason}"),
        ),
        _ => Error::new(
            Status::Http,
            format!("Kinde answered {name} with HTTP status {http}, which the API does not use"),
        ),
    };
    if said.is_oauth
        && let Some((code, description)) = first
    {
        error = error.with_oauth(code, description.as_deref());
    } else {
        error = error.with_codes(said.errors.iter().map(|(code, _)| code.as_str()));
    }
    let missing_scope = missing_scope(response, &said);
    let headers = SHOWN_HEADERS
        .iter()
        .filter_map(|name| response.header(name).map(|value| (*name, value)));
    error
        .with_http_status(http)
        .with_retry_after(response.retry_after())
        .with_request_id(response.header("x-request-id"))
        .with_missing_scope(missing_scope.as_deref())
        .with_answer(headers, &body)
}

/// What an answer says, in Kinde's form or in OAuth's.
#[derive(Default)]
struct Said {
    /// Codes, with their messages.
    errors: Vec<(String, Option<String>)>,
    is_oauth: bool,
}

impl Said {
    /// Reads `{errors: [{code, message}]}`, where `errors` may be one object, or
    /// `{error, error_description}`. Anything else says nothing.
    fn of(body: &str) -> Said {
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            return Said::default();
        };
        if let Some(code) = text(&body, "error") {
            return Said {
                errors: vec![(code, text(&body, "error_description"))],
                is_oauth: true,
            };
        }
        let errors = match body.get("errors") {
            Some(Value::Array(errors)) => errors.as_slice(),
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        let errors = errors
            .iter()
            .filter_map(|error| Some((text(error, "code")?, text(error, "message"))))
            .collect();
        Said {
            errors,
            is_oauth: false,
        }
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

/// The scope for want of which a request was refused: as RFC 6750, section 3, has it in a header,
/// or as a message names it.
fn missing_scope(response: &Response, said: &Said) -> Option<String> {
    if response.status != 403 {
        return None;
    }
    let challenge = response.header("www-authenticate").unwrap_or_default();
    if challenge.contains("insufficient_scope")
        && let Some((_, rest)) = challenge.split_once("scope=\"")
        && let Some((scope, _)) = rest.split_once('"')
    {
        return Some(scope.to_owned());
    }
    let messages = said
        .errors
        .iter()
        .filter_map(|(_, message)| message.as_deref());
    messages
        .flat_map(|message| message.split(|c: char| !c.is_ascii_lowercase() && !"_:".contains(c)))
        .find(|word| is_scope(word))
        .map(str::to_owned)
}

/// Whether a word has the form of Kinde's scopes, such as `read:users`.
fn is_scope(word: &str) -> bool {
    const VERBS: &[&str] = &["create", "delete", "read", "update", "write"];
    word.split_once(':').is_some_and(|(verb, thing)| {
        VERBS.contains(&verb) && !thing.is_empty() && !thing.contains(':')
    })
}

/// The body as it may be shown: without the token of the request, what looks like another one, and
/// members that are named like a secret.
fn shown_body(body: &[u8], token: &Secret) -> String {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            remove_secret_members(&mut value);
            value.to_string()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    let text = match token.expose() {
        "" => text,
        token => text.replace(token, REMOVED),
    };
    without_tokens(&text)
}

fn remove_secret_members(value: &mut Value) {
    const SECRET_ENDINGS: &[&str] = &["token", "secret", "password", "api_key", "code_verifier"];
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_secret_members),
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.to_ascii_lowercase();
                match SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                    true => *member = REMOVED.into(),
                    false => remove_secret_members(member),
                }
            }
        }
        _ => {}
    }
}

/// Takes out what begins as the JSON object of a token does in base64url.
fn without_tokens(text: &str) -> String {
    const START: &str = "eyJ";
    const SHORTEST: usize = 20;
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, found) = rest.split_at(at);
        let length = found
            .find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c))
            .unwrap_or(found.len());
        let (word, after) = found.split_at(length);
        clean.push_str(before);
        clean.push_str(if length < SHORTEST { word } else { REMOVED });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJrcF8xIn0.c2lnbmF0dXJl";

    fn refusal(http: u16, headers: &[(&str, &str)], body: &str) -> Error {
        let response = Response::of(http, headers, body);
        of_response("get_user_roles", &response, &Secret::new(TOKEN))
    }

    #[test]
    fn each_answer_has_its_status() {
        for (http, status) in [
            (429, Status::RateLimited),
            (401, Status::Api),
            (403, Status::Api),
            (404, Status::Api),
            (406, Status::Api),
            (500, Status::Api),
            (503, Status::Api),
            (302, Status::Http),
            (304, Status::Http),
        ] {
            let error = refusal(http, &[], "<html>");
            assert_eq!((error.status(), error.http_status()), (status, Some(http)));
        }
    }

    #[test]
    fn what_kinde_says_is_carried() {
        let list = json!({"errors": [{"code": "A", "message": "first"}, {"code": "B"}, {"x": 1}]});
        let error = refusal(400, &[("x-request-id", "r1")], &list.to_string());
        assert_eq!(error.codes(), ["A", "B"]);
        assert!(error.message().ends_with(": A: first"), "{error}");
        assert_eq!(error.request_id(), Some("r1"));

        let object = json!({"errors": {"code": "ROUTE_NOT_FOUND", "message": "no"}});
        assert_eq!(
            refusal(404, &[], &object.to_string()).codes(),
            ["ROUTE_NOT_FOUND"]
        );

        let oauth = json!({"error": "invalid_token", "error_description": "expired"});
        let error = refusal(401, &[], &oauth.to_string());
        assert_eq!(error.oauth_code(), Some("invalid_token"));
        assert_eq!(error.oauth_description(), Some("expired"));

        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"errors":5}"#,
            r#"{"errors":[{"code":5}]}"#,
        ] {
            assert_eq!(refusal(400, &[], body).codes(), [] as [String; 0], "{body}");
        }
    }

    #[test]
    fn the_time_to_wait_and_the_answer_are_carried() {
        let headers = [
            ("ratelimit-reset", "3"),
            ("set-cookie", "session=s3cret"),
            ("content-type", "text/plain"),
        ];
        let error = refusal(429, &headers, "slow\u{1b} down");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(3));
        let details: Value = serde_json::from_str(&error.to_json()).unwrap();
        assert_eq!(details["body"], "slow  down");
        let shown = json!({"content-type": "text/plain", "ratelimit-reset": "3"});
        assert_eq!(details["headers"], shown);
    }

    #[test]
    fn a_missing_scope_is_named_where_kinde_names_it() {
        let challenge = r#"Bearer error="insufficient_scope", scope="read:users""#;
        let said =
            |message: &str| json!({"errors": [{"code": "X", "message": message}]}).to_string();
        for (http, headers, body, scope) in [
            (
                403,
                &[("www-authenticate", challenge)][..],
                String::new(),
                Some("read:users"),
            ),
            (
                403,
                &[],
                said("Needs the scope (update:user_refresh_claims)."),
                Some("update:user_refresh_claims"),
            ),
            (
                403,
                &[],
                said("see https://example.com: no: read: it"),
                None,
            ),
            (403, &[], said("not allowed"), None),
            (404, &[], said("read:users"), None),
            (
                403,
                &[("www-authenticate", r#"Bearer scope="a:b""#)],
                String::new(),
                None,
            ),
        ] {
            assert_eq!(
                refusal(http, headers, &body).missing_scope(),
                scope,
                "{body}"
            );
        }
    }

    #[test]
    fn no_secret_and_nothing_unbounded_is_carried() {
        let other = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
        let opaque = Secret::new("an-opaque-token");
        for body in [
            format!("<p>{TOKEN}</p><p>{other}</p>"),
            json!({"errors": [{"code": TOKEN, "message": format!("the token {other} is bad")}]}).to_string(),
            json!({"a": [{"refresh_token": "an-opaque-token", "Client_Secret": "an-opaque-token"}]}).to_string(),
            format!("an-opaque-token {}", "é".repeat(100_000)),
        ] {
            let response = Response::of(401, &[], &body);
            let shown = of_response("get_user_roles", &response, &opaque).to_json();
            assert!(!shown.contains("eyJ") && !shown.contains("an-opaque-token"), "{shown}");
            assert!(shown.len() < 8192);
        }
        assert_eq!(without_tokens("eyJ is short"), "eyJ is short");
    }
}
