//! Who the bearer of an access token is: user profile v2 and v1, and OpenID Connect's userinfo.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::answer::{OAuthError, private_json};
use crate::bearer;
use crate::claims::{Granted, scoped_claims};
use crate::config::User;
use crate::jwt::Claims;
use crate::state::Emulator;

pub async fn v2(Shared(emulator): Shared<Arc<Emulator>>, headers: HeaderMap) -> Response {
    answer(
        &emulator,
        &headers,
        StatusCode::FORBIDDEN,
        |user, granted| {
            let mut profile = scoped_claims(user, granted);
            profile.insert("sub".into(), json!(user.id()));
            profile.insert("id".into(), json!(user.id()));
            if granted.has_scope("profile") {
                profile.insert("updated_at".into(), json!(user.updated_at));
            }
            profile
        },
    )
}

pub async fn v1(Shared(emulator): Shared<Arc<Emulator>>, headers: HeaderMap) -> Response {
    answer(&emulator, &headers, StatusCode::FORBIDDEN, |user, _| {
        let mut profile = Map::new();
        profile.insert("id".into(), json!(user.id()));
        profile.insert("preferred_email".into(), json!(user.email));
        profile.insert("provided_id".into(), json!(user.provided_id));
        profile.insert("last_name".into(), json!(user.family_name));
        profile.insert("first_name".into(), json!(user.given_name));
        if let Some(picture) = &user.picture {
            profile.insert("picture".into(), json!(picture));
        }
        profile
    })
}

/// OpenID Connect Core, section 5.3.
pub async fn userinfo(Shared(emulator): Shared<Arc<Emulator>>, headers: HeaderMap) -> Response {
    answer(
        &emulator,
        &headers,
        StatusCode::UNAUTHORIZED,
        |user, granted| {
            let mut profile = scoped_claims(user, granted);
            profile.insert("sub".into(), json!(user.id()));
            if granted.has_scope("profile") {
                profile.insert("updated_at".into(), json!(user.updated_at));
            }
            profile
        },
    )
}

fn answer(
    emulator: &Emulator,
    headers: &HeaderMap,
    refusal: StatusCode,
    profile: impl FnOnce(&User, &Granted) -> Claims,
) -> Response {
    match try_answer(emulator, headers, refusal, profile) {
        Ok(profile) => private_json(&Value::Object(profile)),
        Err(error) => error.into_response(),
    }
}

fn try_answer(
    emulator: &Emulator,
    headers: &HeaderMap,
    refusal: StatusCode,
    profile: impl FnOnce(&User, &Granted) -> Claims,
) -> Result<Claims, OAuthError> {
    let state = emulator.state();
    let claims = bearer::authenticate(emulator, &state, headers, refusal)?;
    let granted = granted(&claims);
    if !granted.has_scope("openid") {
        let reason = "the access token was not granted the scope openid";
        return Err(OAuthError::bearer(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            reason,
        ));
    }
    let user = state.config.user_by_id(&granted.user_id).ok_or_else(|| {
        OAuthError::bearer(
            refusal,
            "invalid_token",
            "the access token is not that of a user",
        )
    })?;
    Ok(profile(user, &granted))
}

/// What a token says that it grants.
fn granted(claims: &Claims) -> Granted {
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let scopes = claims
        .get("scp")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Granted {
        client_id: text("azp"),
        user_id: text("sub"),
        scopes: scopes
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        audiences: Vec::new(),
        org_code: None,
        nonce: None,
        auth_time: 0,
        requested_at: 0,
    }
}
