//! Access tokens as credentials (RFC 6750).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::answer::OAuthError;
use crate::jwt::{self, Claims};
use crate::state::{Emulator, State};

/// The token in the Authorization header.
pub fn token(headers: &HeaderMap, refusal: StatusCode) -> Result<&str, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(OAuthError::bearer(
            refusal,
            "invalid_request",
            "one Authorization header with a Bearer token is needed",
        ));
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ') {
        return Ok(token);
    }
    Err(OAuthError::bearer(
        refusal,
        "invalid_request",
        "the Authorization header holds no Bearer token",
    ))
}

/// The claims of an access token that is good: signature, issuer, time, kind, not revoked.
pub fn verify(emulator: &Emulator, state: &State, token: &str) -> Option<Claims> {
    let parts = jwt::parse(token)?;
    if parts.header.get("alg")? != "RS256" {
        return None;
    }
    let key = emulator.keys().find(parts.header.get("kid")?.as_str()?)?;
    if !key.verifies(parts.signing_input.as_bytes(), &parts.signature) {
        return None;
    }
    let claims = parts.claims;
    let is_access_token = (claims.contains_key("scp") || claims.contains_key("gty"))
        && !claims.contains_key("at_hash");
    let is_ours = claims.get("iss")?.as_str()? == emulator.issuer;
    let lasts = claims.get("exp")?.as_f64()? > exact(emulator.clock.now());
    let jti = claims
        .get("jti")
        .and_then(Value::as_str)
        .unwrap_or_default();
    (is_access_token && is_ours && lasts && !state.is_access_token_revoked(jti)).then_some(claims)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact for any time before the year 285,000,000"
)]
fn exact(seconds: i64) -> f64 {
    seconds as f64
}

/// The claims of the request's token.
pub fn authenticate(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    refusal: StatusCode,
) -> Result<Claims, OAuthError> {
    let token = token(headers, refusal)?;
    verify(emulator, state, token).ok_or_else(|| {
        OAuthError::bearer(
            refusal,
            "invalid_token",
            "the access token is malformed, expired, revoked or of another issuer",
        )
    })
}
