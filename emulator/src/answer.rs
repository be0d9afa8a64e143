//! The shapes in which the emulator answers.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// `{error, error_description}` of RFC 6749, section 5.2.
#[derive(Clone, Debug)]
pub struct OAuthError {
    pub status: StatusCode,
    pub code: &'static str,
    pub description: String,
    pub challenge: Option<&'static str>,
}

impl OAuthError {
    pub fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.into(),
            challenge: None,
        }
    }

    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub fn invalid_client(description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Basic realm=\"kinde\", charset=\"UTF-8\""),
            ..Self::new("invalid_client", description)
        }
    }

    /// RFC 6750, section 3.1.
    pub fn bearer(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        let challenge = match code {
            "invalid_token" => "Bearer realm=\"kinde\", error=\"invalid_token\"",
            "insufficient_scope" => "Bearer realm=\"kinde\", error=\"insufficient_scope\"",
            _ => "Bearer realm=\"kinde\"",
        };
        Self {
            status,
            challenge: Some(challenge),
            ..Self::new(code, description)
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut response = private_json(
            &json!({"error": self.code, "error_description": printable(&self.description)}),
        );
        *response.status_mut() = self.status;
        if let Some(challenge) = self.challenge {
            response
                .headers_mut()
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// With the characters that RFC 6749 leaves to `error_description`, in appendix A.8.
pub fn printable(description: &str) -> String {
    let printable = |character| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    };
    description.chars().map(printable).collect()
}

pub fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// JSON that no cache may keep (RFC 6749, section 5.1).
pub fn private_json(value: &Value) -> Response {
    (
        [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")],
        json(value),
    )
        .into_response()
}

/// `{errors: [{code, message}]}`, as Kinde's own APIs answer.
pub fn errors(status: StatusCode, code: &str, message: &str) -> Response {
    (
        status,
        json(&json!({"errors": [{"code": code, "message": message}]})),
    )
        .into_response()
}

/// Refuses a request for all that is wrong with it.
pub fn all_errors(code: &str, messages: &[String]) -> Response {
    let errors = messages
        .iter()
        .map(|message| json!({"code": code, "message": message}));
    let errors: Vec<Value> = errors.collect();
    (StatusCode::BAD_REQUEST, json(&json!({"errors": errors}))).into_response()
}

pub fn redirect(status: StatusCode, address: &str) -> Response {
    // Addresses come from `Url`, which encodes what a header cannot carry.
    let location = HeaderValue::from_str(address).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (
        status,
        [
            (LOCATION, location),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ],
    )
        .into_response()
}
