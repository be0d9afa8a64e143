//! The public face: one file per endpoint.

mod account;
mod authorize;
mod device;
mod discovery;
mod introspect;
mod logout;
mod management;
pub mod membership;
mod portal;
mod profile;
pub mod scopes;
mod sign_in;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::ACCEPT;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use serde_json::json;

use crate::answer;
use crate::control;
use crate::cors;
use crate::state::Emulator;

pub use authorize::issue_code;
pub use device::decide as decide_device;

pub fn router(emulator: Arc<Emulator>) -> Router {
    let api = Router::new()
        .route("/api/{*operation}", any(management::operation))
        .route("/account_api/{*operation}", any(unknown_route))
        .route("/account_api/v1/{list}", only(get(account::list)))
        .route(
            "/account_api/v1/entitlement",
            only(get(account::entitlement)),
        )
        .route("/account_api/v1/portal_link", only(get(portal::link)))
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
        .route("/portal_redirect", get(portal::page))
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
    route_not_found()
}

pub fn route_not_found() -> Response {
    let body = json!({"errors": {"code": "ROUTE_NOT_FOUND", "message": "The requested route does not exist"}});
    let mut response = answer::json(&body);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// A route of an API, which says in Kinde's words that it takes no other method.
fn only(route: MethodRouter<Arc<Emulator>>) -> MethodRouter<Arc<Emulator>> {
    route.fallback(async || method_not_allowed())
}

fn method_not_allowed() -> Response {
    answer::errors(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "The route does not take this method",
    )
}

/// Kinde's APIs answer with `application/json` without parameters only.
async fn require_plain_accept(request: Request, next: Next) -> Response {
    let accept = request
        .headers()
        .get(ACCEPT)
        .map_or(Ok("*/*"), HeaderValue::to_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let takes_json = accept.split(',').any(|part| {
        let kind = part.split(';').next().unwrap_or_default().trim();
        ["application/json", "application/*", "*/*"].contains(&kind)
    });
    if takes_json && !accept.contains("charset") {
        return next.run(request).await;
    }
    let message = "The Accept header must be application/json without a charset";
    answer::errors(StatusCode::NOT_ACCEPTABLE, "INVALID_ACCEPT_HEADER", message)
}
