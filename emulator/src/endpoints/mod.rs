//! The public face: one file per endpoint.

mod authorize;
mod device;
mod discovery;
mod introspect;
mod logout;
pub mod membership;
mod profile;
pub mod scopes;
mod sign_in;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::ACCEPT;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, get, post};
use serde_json::json;

use crate::answer;
use crate::control;
use crate::cors;
use crate::state::Emulator;

pub use authorize::issue_code;
pub use device::decide as decide_device;

pub fn router(emulator: Arc<Emulator>) -> Router {
    let api = Router::new()
        .route("/api/{*operation}", any(unknown_route))
        .route("/account_api/{*operation}", any(unknown_route))
        .route("/oauth2/v2/user_profile", get(profile::v2))
        .route("/oauth2/user_profile", get(profile::v1))
        .layer(middleware::from_fn(require_plain_accept));
    let for_pages = middleware::from_fn_with_state(emulator.clone(), cors::allow_known_origins);
    let readable_by_pages = Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(discovery::metadata),
        )
        .route("/.well-known/jwks", get(discovery::jwks))
        .route("/.well-known/jwks.json", get(discovery::jwks))
        .route("/oauth2/token", post(token::token))
        .route(
            "/oauth2/userinfo",
            get(profile::userinfo).post(profile::userinfo),
        )
        .route("/oauth2/introspect", post(introspect::introspect))
        .route("/oauth2/revoke", post(introspect::revoke))
        .route("/oauth2/device/auth", post(device::start))
        .merge(api)
        .layer(for_pages);
    let public = Router::new()
        .route("/oauth2/auth", get(authorize::authorize))
        .route("/device", get(device::page).post(device::submit))
        .route(
            "/sign-in",
            get(sign_in::sign_in_page).post(sign_in::submit_sign_in),
        )
        .route(
            "/register",
            get(sign_in::registration_page).post(sign_in::submit_registration),
        )
        .route("/organization", post(sign_in::submit_organization))
        .route("/logout", get(logout::logout))
        .merge(readable_by_pages)
        .fallback(unknown_route);
    let routes = if emulator.control.is_some() {
        public.nest("/_control", control::router(emulator.clone()))
    } else {
        public
    };
    routes.with_state(emulator)
}

async fn unknown_route() -> Response {
    let body = json!({"errors": {"code": "ROUTE_NOT_FOUND", "message": "The requested route does not exist"}});
    let mut response = answer::json(&body);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Kinde's APIs take `application/json` without parameters only.
async fn require_plain_accept(request: Request, next: Next) -> Response {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("*/*");
    let is_plain = accept
        .split(',')
        .map(str::trim)
        .all(|part| !part.to_ascii_lowercase().contains("charset"));
    if is_plain {
        return next.run(request).await;
    }
    let message = "The Accept header must be application/json without a charset";
    answer::errors(StatusCode::NOT_ACCEPTABLE, "INVALID_ACCEPT_HEADER", message)
}
