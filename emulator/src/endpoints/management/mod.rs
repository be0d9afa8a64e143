//! The Management API: what a machine may read and change.

mod members;
mod organizations;
mod pages;
mod roles;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawPathParams, State as Shared};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Value, json};

use super::only;
use crate::answer;
use crate::bearer;
use crate::jwt::Claims;
use crate::params::Params;
use crate::state::{Emulator, State};

/// One operation: what it needs, what it takes, what it does.
#[derive(Clone, Copy)]
struct Operation {
    method: MethodFilter,
    scope: &'static str,
    query: &'static [&'static str],
    act: fn(&mut Request) -> Outcome,
}

/// What comes of a request: the answer, with its status, or a refusal.
type Outcome = Result<(StatusCode, Value), Box<Response>>;

/// A request that may be made.
struct Request<'a> {
    state: &'a mut State,
    now: i64,
    path: Vec<String>,
    query: Params,
    body: Value,
}

pub fn router() -> Router<Arc<Emulator>> {
    use MethodFilter as M;
    const LIST: &[&str] = &["sort", "page_size", "next_token"];
    let operation = |method, scope, query, act| Operation {
        method,
        scope,
        query,
        act,
    };
    let routes: &[(&str, &[Operation])] = &[
        (
            "/users",
            &[operation(
                M::GET,
                "read:users",
                users::LISTED_BY,
                users::list,
            )],
        ),
        (
            "/user",
            &[
                operation(M::GET, "read:users", &["id", "expand"], users::show),
                operation(M::POST, "create:users", &[], users::create),
                operation(M::PATCH, "update:users", &["id"], users::update),
                operation(
                    M::DELETE,
                    "delete:users",
                    &["id", "is_delete_profile"],
                    users::delete,
                ),
            ],
        ),
        (
            "/users/{user_id}/refresh_claims",
            &[operation(
                M::POST,
                "update:user_refresh_claims",
                &[],
                users::refresh_claims,
            )],
        ),
        (
            "/users/{user_id}/identities",
            &[operation(
                M::GET,
                "read:user_identities",
                pages::BY_ID,
                users::identities,
            )],
        ),
        (
            "/search/users",
            &[operation(
                M::GET,
                "read:users",
                users::SEARCHED_BY,
                users::search,
            )],
        ),
        (
            "/organizations",
            &[operation(
                M::GET,
                "read:organizations",
                LIST,
                organizations::list,
            )],
        ),
        (
            "/organization",
            &[
                operation(
                    M::GET,
                    "read:organizations",
                    &["code", "expand"],
                    organizations::show,
                ),
                operation(M::POST, "create:organizations", &[], organizations::create),
            ],
        ),
        (
            "/organization/{org_code}",
            &[
                operation(
                    M::PATCH,
                    "update:organizations",
                    &["expand"],
                    organizations::update,
                ),
                operation(
                    M::DELETE,
                    "delete:organizations",
                    &[],
                    organizations::delete,
                ),
            ],
        ),
        (
            "/organizations/{org_code}/users",
            &[
                operation(
                    M::GET,
                    "read:organization_users",
                    members::LISTED_BY,
                    members::list,
                ),
                operation(M::POST, "create:organization_users", &[], members::add),
                operation(M::PATCH, "update:organization_users", &[], members::update),
            ],
        ),
        (
            "/organizations/{org_code}/users/{user_id}",
            &[operation(
                M::DELETE,
                "delete:organization_users",
                &[],
                members::remove,
            )],
        ),
        (
            "/roles",
            &[
                operation(M::GET, "read:roles", LIST, roles::list),
                operation(M::POST, "create:roles", &[], roles::create),
            ],
        ),
        (
            "/roles/{role_id}",
            &[operation(M::DELETE, "delete:roles", &[], roles::delete)],
        ),
        (
            "/permissions",
            &[
                operation(M::GET, "read:permissions", LIST, roles::permissions),
                operation(M::POST, "create:permissions", &[], roles::create_permission),
            ],
        ),
        (
            "/properties",
            &[operation(
                M::GET,
                "read:properties",
                pages::PROPERTIES_BY,
                roles::properties,
            )],
        ),
    ];
    let add = |router: Router<_>, (path, operations): &(&str, &[Operation])| {
        let methods = operations.iter().map(|operation| method(*operation));
        let route = methods.fold(MethodRouter::new(), MethodRouter::merge);
        router.route(&format!("/api/v1{path}"), only(route))
    };
    routes.iter().fold(Router::new(), add)
}

fn method(operation: Operation) -> MethodRouter<Arc<Emulator>> {
    let handler = move |Shared(emulator): Shared<Arc<Emulator>>,
                        path: RawPathParams,
                        method: Method,
                        uri: Uri,
                        headers: HeaderMap,
                        body: Bytes| async move {
        let path = path.iter().map(|(_, value)| value.to_owned()).collect();
        let outcome = answer_to(&emulator, operation, path, &method, &uri, &headers, &body);
        match outcome {
            Ok((status, value)) => {
                let mut response = answer::private_json(&value);
                *response.status_mut() = status;
                response
            }
            Err(refusal) => *refusal,
        }
    };
    on(operation.method, handler)
}

fn answer_to(
    emulator: &Emulator,
    operation: Operation,
    path: Vec<String>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Outcome {
    let mut state = emulator.state();
    authorize(emulator, &state, headers, operation.scope)?;
    let query = super::account::read(uri, operation.query).map_err(|why| invalid(&why))?;
    let body = read_body(method, headers, body)?;
    (operation.act)(&mut Request {
        state: &mut state,
        now: emulator.clock.now(),
        path,
        query,
        body,
    })
}

fn read_body(method: &Method, headers: &HeaderMap, body: &[u8]) -> Result<Value, Box<Response>> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if method == Method::GET || kind != Some(b"application/json") {
        return Err(invalid(
            "a body must be application/json, and a GET has none",
        ));
    }
    let body = serde_json::from_slice(body).ok().filter(Value::is_object);
    body.ok_or_else(|| invalid("the body is not a JSON object"))
}

impl Request<'_> {
    /// A text of the body; an empty one counts as absent.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    }

    fn required(&self, name: &str) -> Result<String, Box<Response>> {
        let text = self.text(name).or_else(|| self.query.get(name));
        text.map(str::to_owned)
            .ok_or_else(|| invalid(&format!("{name} is missing")))
    }
}

fn success(status: StatusCode, mut members: Value) -> Outcome {
    members["code"] = json!("OK");
    members["message"] = json!("Success");
    Ok((status, members))
}

fn done() -> Outcome {
    success(StatusCode::OK, json!({}))
}

fn invalid(why: &str) -> Box<Response> {
    Box::new(super::account::invalid(why))
}

fn not_found(what: &str) -> Box<Response> {
    let code = format!("{}_NOT_FOUND", what.to_uppercase());
    let message = format!("No {what} has this id");
    refusal(StatusCode::NOT_FOUND, &code, &message)
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Box<Response> {
    Box::new(answer::errors(status, code, message).into_response())
}

/// The claims of a machine's token for this API with this scope; otherwise the answer to give.
fn authorize(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    scope: &str,
) -> Result<Claims, Box<Response>> {
    let claims = bearer::authenticate(emulator, state, headers, StatusCode::UNAUTHORIZED);
    let claims = claims.map_err(|error| {
        refusal(
            StatusCode::UNAUTHORIZED,
            "INVALID_CREDENTIALS",
            &error.description,
        )
    })?;
    let lists = |name: &str, wanted: &str| {
        let list = claims.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|item| item == wanted))
    };
    let audience = format!("{}/api", emulator.public_url);
    if !lists("gty", "client_credentials") || !lists("aud", &audience) {
        let message = "The access token is not a machine's for this API";
        return Err(refusal(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    if !lists("scp", scope) {
        let message = format!("The access token lacks the scope {scope}");
        let mut refusal = refusal(StatusCode::FORBIDDEN, "INSUFFICIENT_SCOPE", &message);
        let challenge =
            format!("Bearer realm=\"kinde\", error=\"insufficient_scope\", scope=\"{scope}\"");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            refusal.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        return Err(refusal);
    }
    Ok(claims)
}
