//! What a client learns without asking anybody: metadata (OpenID Connect Discovery, RFC 8414) and keys (RFC 7517).

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::answer;
use crate::endpoints::scopes::USER_SCOPES;
use crate::endpoints::token::GRANTS;
use crate::state::Emulator;

pub async fn metadata(Shared(emulator): Shared<Arc<Emulator>>) -> Response {
    let at = |path: &str| format!("{}{path}", emulator.public_url);
    let mut document = json!({
        "issuer": emulator.issuer,
        "authorization_endpoint": at("/oauth2/auth"),
        "token_endpoint": at("/oauth2/token"),
        "userinfo_endpoint": at("/oauth2/v2/user_profile"),
        "jwks_uri": at("/.well-known/jwks"),
        "end_session_endpoint": at("/logout"),
        "introspection_endpoint": at("/oauth2/introspect"),
        "revocation_endpoint": at("/oauth2/revoke"),
        "device_authorization_endpoint": at("/oauth2/device/auth"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANTS.map(|(name, _)| name),
        "scopes_supported": USER_SCOPES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "create"],
        "claims_supported": [
            "aud", "auth_time", "azp", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name",
            "org_codes", "picture", "sub", "updated_at",
        ],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    });
    if emulator.state().config.settings.callback_iss {
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }
    answer::json(&document)
}

pub async fn jwks(Shared(emulator): Shared<Arc<Emulator>>, headers: HeaderMap) -> Response {
    if headers.contains_key(AUTHORIZATION) {
        let message = "The key set is public; send no Authorization header.";
        return answer::errors(StatusCode::FORBIDDEN, "FORBIDDEN", message);
    }
    let mut response = answer::json(&emulator.keys().to_jwks());
    let cache_control = emulator.state().config.settings.jwks_cache_control.clone();
    if let Some(value) = cache_control.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(CACHE_CONTROL, value);
    }
    response
}
