//! Answers that say no (RFC 6749, sections 4.1.2.1 and 5.2), as errors with a status.

use serde_json::Value;

use crate::error::{Error, Status, foreign_text};
use crate::http::Response;

/// Where an error was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Callback,
    TokenEndpoint,
    /// Any other endpoint, by its name.
    Endpoint(&'static str),
}

impl At {
    fn name(self) -> &'static str {
        match self {
            At::Callback => "authorization endpoint",
            At::TokenEndpoint => "token endpoint",
            At::Endpoint(name) => name,
        }
    }
}

/// The status of an `error` code. Elsewhere than where the standards define it, a code has no
/// meaning beyond its text.
fn status_of(at: At, code: &str) -> Status {
    match (at, code) {
        (_, "access_denied") => Status::AccessDenied,
        (
            At::Callback,
            // OpenID Connect Core, section 3.1.2.6.
            "login_required"
            | "interaction_required"
            | "consent_required"
            | "account_selection_required",
        ) => Status::LoginRequired,
        (At::TokenEndpoint, "invalid_grant") => Status::InvalidGrant,
        // RFC 8628, section 3.5.
        (At::TokenEndpoint, "authorization_pending") => Status::AuthorizationPending,
        (At::TokenEndpoint, "slow_down") => Status::SlowDown,
        (At::TokenEndpoint, "expired_token") => Status::ExpiredDeviceCode,
        _ => Status::Oauth,
    }
}

/// The error for what the other side said.
pub(super) fn typed(at: At, code: &str, description: Option<&str>) -> Error {
    let shown = foreign_text(code);
    let message = match description.map(foreign_text) {
        Some(description) => format!("the {} answered {shown}: {description}", at.name()),
        None => format!("the {} answered {shown}", at.name()),
    };
    Error::new(status_of(at, code), message).with_oauth(code, description)
}

/// The error for an answer whose HTTP status is not a success.
pub(super) fn of_response(at: At, response: &Response) -> Error {
    let status = response.status;
    let error = match (status, said(&response.body)) {
        (429, said) => {
            let error = Error::new(
                Status::RateLimited,
                format!("the {} has had too many requests", at.name()),
            )
            .with_retry_after(response.retry_after());
            match said {
                Some((code, description)) => error.with_oauth(&code, description.as_deref()),
                None => error,
            }
        }
        (400..=499, Some((code, description))) => typed(at, &code, description.as_deref()),
        (400 | 401, None) => malformed(at, "an error that is not in the form of OAuth"),
        _ => Error::new(
            Status::Http,
            format!("the {} answered with HTTP status {status}", at.name()),
        )
        .with_retry_after(response.retry_after()),
    };
    error
        .with_http_status(status)
        .with_request_id(response.header("x-request-id"))
}

/// The error for an answer that is not what the protocol describes. Its text is not quoted: it may
/// hold tokens.
pub(super) fn malformed(at: At, what: &str) -> Error {
    Error::new(
        Status::MalformedResponse,
        format!("the {} answered with {what}", at.name()),
    )
}

/// `{error, error_description}` of OAuth, or `{errors: [{code, message}]}` of Kinde's APIs.
fn said(body: &[u8]) -> Option<(String, Option<String>)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    if let Some(code) = text(&body, "error") {
        return Some((code, text(&body, "error_description")));
    }
    let errors = body.get("errors")?;
    let first = errors.get(0).unwrap_or(errors);
    Some((text(first, "code")?, text(first, "message")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_status() {
        use Status::*;
        for (http, body, status) in [
            (400, r#"{"error":"invalid_grant"}"#, InvalidGrant),
            (401, r#"{"error":"invalid_grant"}"#, InvalidGrant),
            (401, r#"{"error":"invalid_client"}"#, Oauth),
            (403, r#"{"error":"access_denied"}"#, AccessDenied),
            (
                400,
                r#"{"error":"authorization_pending"}"#,
                AuthorizationPending,
            ),
            (400, r#"{"error":"slow_down"}"#, SlowDown),
            (400, r#"{"error":"expired_token"}"#, ExpiredDeviceCode),
            (400, r#"{"error":"login_required"}"#, Oauth),
            (400, r#"{"errors":[{"code":"BAD","message":"m"}]}"#, Oauth),
            (
                404,
                r#"{"errors":{"code":"ROUTE_NOT_FOUND","message":"m"}}"#,
                Oauth,
            ),
            (400, r#"{"error":5}"#, MalformedResponse),
            (400, "<html>", MalformedResponse),
            (401, "", MalformedResponse),
            (403, "<html>", Http),
            (404, "<html>", Http),
            (302, "", Http),
            (500, r#"{"error":"invalid_grant"}"#, Http),
            (503, "", Http),
            (429, "", RateLimited),
            (429, r#"{"error":"invalid_grant"}"#, RateLimited),
        ] {
            let error = of_response(At::TokenEndpoint, &Response::of(http, &[], body));
            assert_eq!(error.status(), status, "{http} {body}");
            assert_eq!(error.http_status(), Some(http));
        }
    }

    #[test]
    fn a_code_means_what_its_endpoint_says_only() {
        assert_eq!(
            typed(At::Callback, "invalid_grant", None).status(),
            Status::Oauth
        );
        assert_eq!(
            typed(At::Endpoint("x"), "invalid_grant", None).status(),
            Status::Oauth
        );
        assert_eq!(
            typed(At::Callback, "login_required", None).status(),
            Status::LoginRequired
        );
    }

    #[test]
    fn the_time_to_wait_is_carried() {
        for (http, headers, seconds) in [
            (429, &[("retry-after", "7")][..], Some(7)),
            (429, &[("ratelimit-reset", "3")], Some(3)),
            (503, &[("retry-after", "4")], Some(4)),
            (429, &[], None),
        ] {
            let error = of_response(At::TokenEndpoint, &Response::of(http, headers, ""));
            let wait = error.retry_after().map(|d| d.as_secs());
            assert_eq!(wait, seconds, "{headers:?}");
        }
    }

    #[test]
    fn bodies_are_never_quoted() {
        let body = r#"{"access_token":"s3cret"#;
        let error = of_response(At::TokenEndpoint, &Response::of(400, &[], body));
        assert!(!error.to_json().contains("s3cret"));
    }
}
