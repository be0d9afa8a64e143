//! `/oauth2/introspect` (RFC 7662) and `/oauth2/revoke` (RFC 7009), as Kinde shapes them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::answer::{self, OAuthError, private_json};
use crate::bearer;
use crate::client_auth;
use crate::config::UnknownParameters;
use crate::jwt;
use crate::params::Params;
use crate::state::{Emulator, State};

const HINTS: [&str; 2] = ["access_token", "refresh_token"];

pub async fn introspect(
    Shared(emulator): Shared<Arc<Emulator>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let state = emulator.state();
    if let Err(error) = bearer::authenticate(&emulator, &state, &headers, StatusCode::UNAUTHORIZED)
    {
        return error.into_response();
    }
    match read(&state, &headers, &body, &["token", "token_type_hint"]) {
        Ok(params) => private_json(&describe(
            &emulator,
            &state,
            params.get("token").unwrap_or_default(),
        )),
        Err(reason) => OAuthError::invalid_request(reason).into_response(),
    }
}

/// The parameters, if `token` is among them and none is unknown.
fn read(state: &State, headers: &HeaderMap, body: &[u8], known: &[&str]) -> Result<Params, String> {
    let params = Params::decode_form(headers, body)?;
    if let Some(name) = params.first_repeated() {
        return Err(format!("{name} is there more than once"));
    }
    if state.config.settings.unknown_parameters == UnknownParameters::Refuse
        && let Some(name) = params.first_unknown(|name| known.contains(&name))
    {
        return Err(format!("{name} is not a parameter of this endpoint"));
    }
    if params.get("token").is_none() {
        return Err("token is missing".to_owned());
    }
    match params.get("token_type_hint") {
        Some(hint) if !HINTS.contains(&hint) => Err(format!(
            "token_type_hint {hint:?} given; access_token and refresh_token are accepted"
        )),
        _ => Ok(params),
    }
}

fn describe(emulator: &Emulator, state: &State, token: &str) -> Value {
    if let Some(claims) = bearer::verify(emulator, state, token) {
        return json!({
            "active": true,
            "aud": claims.get("aud"),
            "client_id": claims.get("azp"),
            "exp": claims.get("exp"),
            "iat": claims.get("iat"),
        });
    }
    let now = emulator.clock.now();
    let refresh = state
        .refresh_tokens
        .get(token)
        .filter(|it| !it.revoked && it.expires_at > now);
    let grant = refresh.and_then(|refresh| {
        state
            .grants
            .get(&refresh.grant)
            .map(|grant| (refresh, grant))
    });
    match grant.filter(|(_, grant)| !grant.revoked) {
        Some((refresh, grant)) => json!({
            "active": true,
            "aud": grant.granted.audiences,
            "client_id": grant.granted.client_id,
            "exp": refresh.expires_at,
            "iat": grant.granted.auth_time,
        }),
        None => json!({"active": false}),
    }
}

pub async fn revoke(
    Shared(emulator): Shared<Arc<Emulator>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut state = emulator.state();
    let params = match read(
        &state,
        &headers,
        &body,
        &["token", "token_type_hint", "client_id", "client_secret"],
    ) {
        Ok(params) => params,
        Err(reason) => return answer::errors(StatusCode::BAD_REQUEST, "INVALID_REQUEST", &reason),
    };
    let client_id = match revoker(&emulator, &state, &headers, &params) {
        Ok(client_id) => client_id,
        Err(error) => return error.into_response(),
    };
    let token = params.get("token").unwrap_or_default();
    if owner(&state, token).is_some_and(|owner| owner != client_id) {
        let message = "The token was issued to another application.";
        return answer::errors(StatusCode::BAD_REQUEST, "INVALID_TOKEN_OWNER", message);
    }
    end(&mut state, token);
    StatusCode::OK.into_response()
}

/// Who revokes: a Bearer token's application, or one with credentials of its own.
fn revoker(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    params: &Params,
) -> Result<String, OAuthError> {
    let scheme = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(' ').next());
    if !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer")) {
        return client_auth::authenticate(&state.config, headers, params)
            .map(|application| application.client_id);
    }
    let claims = bearer::authenticate(emulator, state, headers, StatusCode::UNAUTHORIZED)?;
    Ok(claims
        .get("azp")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned())
}

fn jti(token: &str) -> Option<String> {
    jwt::parse(token)?
        .claims
        .get("jti")?
        .as_str()
        .map(str::to_owned)
}

fn owner(state: &State, token: &str) -> Option<String> {
    if let Some(refresh) = state.refresh_tokens.get(token) {
        return state
            .grants
            .get(&refresh.grant)
            .map(|grant| grant.granted.client_id.clone());
    }
    state
        .access_tokens
        .get(&jti(token)?)
        .map(|record| record.client_id.clone())
}

/// A refresh token takes all tokens of the sign-in with it (RFC 7009, section 2.1); unknown tokens are no error.
fn end(state: &mut State, token: &str) {
    if let Some(grant) = state.refresh_tokens.get(token).map(|refresh| refresh.grant) {
        state.revoke_grant(grant);
    } else if let Some(jti) = jti(token).filter(|jti| state.access_tokens.contains_key(jti)) {
        state.revoke_access_token(&jti);
    }
}
