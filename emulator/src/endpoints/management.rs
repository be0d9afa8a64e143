//! The part of the Management API that sign-ins need.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::answer;
use crate::bearer;
use crate::jwt::Claims;
use crate::state::{Emulator, State};

/// The next refresh of the user's sign-ins issues a new access token, with the claims of then.
pub async fn refresh_claims(
    Shared(emulator): Shared<Arc<Emulator>>,
    Path(user_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut state = emulator.state();
    if let Err(refusal) = authorize(&emulator, &state, &headers, "update:user_refresh_claims") {
        return *refusal;
    }
    if state.config.user_by_id(&user_id).is_none() {
        return answer::errors(
            StatusCode::NOT_FOUND,
            "USER_NOT_FOUND",
            "No user has this id",
        );
    }
    state.refresh_claims(&user_id);
    answer::private_json(&json!({"code": "OK", "message": "Success"}))
}

/// The claims of a machine's token for this API with this scope; otherwise the answer to give.
fn authorize(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    scope: &str,
) -> Result<Claims, Box<Response>> {
    let claims = bearer::authenticate(emulator, state, headers, StatusCode::UNAUTHORIZED).map_err(
        |error| {
            Box::new(answer::errors(
                StatusCode::UNAUTHORIZED,
                "INVALID_CREDENTIALS",
                &error.description,
            ))
        },
    )?;
    let lists = |name: &str, wanted: &str| {
        let list = claims.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|item| item == wanted))
    };
    let audience = format!("{}/api", emulator.public_url);
    if !lists("gty", "client_credentials") || !lists("aud", &audience) {
        return Err(Box::new(answer::errors(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "The access token is not a machine's for this API",
        )));
    }
    if !lists("scp", scope) {
        let message = format!("The access token lacks the scope {scope}");
        let mut refusal = answer::errors(StatusCode::FORBIDDEN, "INSUFFICIENT_SCOPE", &message);
        let challenge =
            format!("Bearer realm=\"kinde\", error=\"insufficient_scope\", scope=\"{scope}\"");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            refusal.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        return Err(Box::new(refusal));
    }
    Ok(claims)
}
