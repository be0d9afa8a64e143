//! The Management API: what a machine may read and change.

mod apis;
mod applications;
mod flags;
mod members;
mod organizations;
mod pages;
mod permissions;
mod properties;
mod roles;
mod users;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{method_not_allowed, route_not_found};
use crate::answer;
use crate::bearer;
use crate::catalogue::{Catalogue, Found, Operation};
use crate::config::{Application, Organization, User};
use crate::jwt::Claims;
use crate::params::{Params, percent_decode};
use crate::state::{Emulator, State};

type Refusal = Box<Response>;

/// What comes of a request: the body of the answer, or a refusal.
type Outcome = Result<Value, Refusal>;

/// A request that may be made.
struct Request<'a> {
    state: &'a mut State,
    now: i64,
    management_audience: String,
    path: Vec<String>,
    query: Params,
    body: Value,
}

/// Answers an operation from the state, and changes it.
type Act = fn(&mut Request) -> Outcome;

/// The operations that have a state. The catalogue knows what they take; all others are answered
/// with an example.
const ACTS: &[(&str, Act)] = &[
    ("get_users", users::list),
    ("get_user_data", users::show),
    ("create_user", users::create),
    ("update_user", users::update),
    ("delete_user", users::delete),
    ("refresh_user_claims", users::refresh_claims),
    ("get_user_identities", users::identities),
    ("create_user_identity", users::create_identity),
    ("delete_user_sessions", users::delete_sessions),
    ("search_users", users::search),
    ("get_organizations", organizations::list),
    ("get_organization", organizations::show),
    ("create_organization", organizations::create),
    ("update_organization", organizations::update),
    ("delete_organization", organizations::delete),
    ("get_organization_users", members::list),
    ("add_organization_users", members::add),
    ("update_organization_users", members::update),
    ("remove_organization_user", members::remove),
    ("get_organization_user_roles", members::roles),
    ("create_organization_user_role", members::give_role),
    ("delete_organization_user_role", members::take_role),
    ("get_organization_user_permissions", members::permissions),
    (
        "create_organization_user_permission",
        members::give_permission,
    ),
    (
        "delete_organization_user_permission",
        members::take_permission,
    ),
    ("get_organization_role_users", members::of_role),
    ("get_organization_role_users_count", members::count_of_role),
    ("get_roles", roles::list),
    ("get_role", roles::show),
    ("create_role", roles::create),
    ("update_roles", roles::update),
    ("delete_role", roles::delete),
    ("get_role_permissions", roles::permissions),
    ("update_role_permissions", roles::update_permissions),
    ("remove_role_permission", roles::remove_permission),
    ("get_role_users", roles::users),
    ("get_permissions", permissions::list),
    ("create_permission", permissions::create),
    ("update_permissions", permissions::update),
    ("delete_permission", permissions::delete),
    ("create_feature_flag", flags::create),
    ("update_feature_flag", flags::update),
    ("delete_feature_flag", flags::delete),
    ("get_environement_feature_flags", flags::of_environment),
    (
        "update_environement_feature_flag_override",
        flags::override_for_environment,
    ),
    (
        "delete_environement_feature_flag_override",
        flags::reset_for_environment,
    ),
    (
        "delete_environement_feature_flag_overrides",
        flags::reset_all_for_environment,
    ),
    ("get_organization_feature_flags", flags::of_organization),
    (
        "update_organization_feature_flag_override",
        flags::override_for_organization,
    ),
    (
        "delete_organization_feature_flag_override",
        flags::reset_for_organization,
    ),
    (
        "delete_organization_feature_flag_overrides",
        flags::reset_all_for_organization,
    ),
    (
        "update_user_feature_flag_override",
        flags::override_for_user,
    ),
    ("get_properties", properties::list),
    ("create_property", properties::create),
    ("update_property", properties::update),
    ("delete_property", properties::delete),
    ("get_categories", properties::categories),
    ("create_category", properties::create_category),
    ("update_category", properties::update_category),
    ("get_user_property_values", properties::of_user),
    ("update_user_property", properties::set_of_user),
    ("update_user_properties", properties::set_of_user),
    (
        "get_organization_property_values",
        properties::of_organization,
    ),
    (
        "update_organization_property",
        properties::set_of_organization,
    ),
    (
        "update_organization_properties",
        properties::set_of_organization,
    ),
    (
        "get_application_property_values",
        properties::of_application,
    ),
    (
        "update_applications_property",
        properties::set_of_application,
    ),
    ("get_apis", apis::list),
    ("get_api", apis::show),
    ("add_apis", apis::create),
    ("delete_api", apis::delete),
    ("get_api_scopes", apis::scopes),
    ("get_api_scope", apis::show_scope),
    ("add_api_scope", apis::create_scope),
    ("update_api_scope", apis::update_scope),
    ("delete_api_scope", apis::delete_scope),
    ("update_api_applications", apis::authorize_applications),
    ("add_api_application_scope", apis::give_scope),
    ("delete_api_application_scope", apis::take_scope),
    ("get_applications", applications::list),
    ("get_application", applications::show),
    ("create_application", applications::create),
    ("update_application", applications::update),
    ("update_application_tokens", applications::update_tokens),
    ("delete_application", applications::delete),
    ("get_callback_urls", applications::redirect_urls),
    (
        "add_redirect_callback_urls",
        applications::add_redirect_urls,
    ),
    (
        "replace_redirect_callback_urls",
        applications::replace_redirect_urls,
    ),
    ("delete_callback_urls", applications::delete_redirect_urls),
    ("get_logout_urls", applications::logout_urls),
    ("add_logout_redirect_urls", applications::add_logout_urls),
    (
        "replace_logout_redirect_urls",
        applications::replace_logout_urls,
    ),
    ("delete_logout_urls", applications::delete_logout_urls),
];

/// Any request to the API.
pub async fn operation(
    Shared(emulator): Shared<Arc<Emulator>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let steps = uri.path().trim_start_matches('/').split('/');
    let Some(path) = steps.map(percent_decode).collect::<Option<Vec<String>>>() else {
        return *invalid("the path is badly percent-encoded");
    };
    match Catalogue::get().find(method.as_str(), &path) {
        Found::Operation(operation, path) => {
            let query = uri.query().unwrap_or_default();
            answer_to(&emulator, operation, path, query, &headers, &body)
                .unwrap_or_else(|refusal| *refusal)
        }
        Found::OtherMethod => method_not_allowed(),
        Found::Nothing => route_not_found(),
    }
}

fn answer_to(
    emulator: &Emulator,
    operation: &Operation,
    path: Vec<String>,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refusal> {
    let mut state = emulator.state();
    authorize(emulator, &state, headers, operation.scope)?;
    let catalogue = Catalogue::get();
    let sent = catalogue.read(operation, &path, query, headers, body);
    let sent = sent.map_err(|faults| Box::new(answer::all_errors("INVALID_REQUEST", &faults)))?;
    let act = ACTS.iter().find(|(name, _)| *name == operation.name);
    let act = act.filter(|_| !state.config.settings.management_examples);
    let body = match act {
        None => catalogue.example(operation, &sent.query),
        Some((_, act)) => {
            let mut request = Request {
                state: &mut state,
                now: emulator.clock.now(),
                management_audience: management_audience(emulator),
                path,
                query: sent.query,
                body: sent.body,
            };
            Some(act(&mut request)?)
        }
    };
    let body = body.map_or_else(|| ().into_response(), |body| answer::private_json(&body));
    Ok((catalogue.status(operation), body).into_response())
}

impl Request<'_> {
    /// A text of the body; an empty one counts as absent.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    }

    fn required(&self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name).or_else(|| self.query.get(name));
        text.map(str::to_owned)
            .ok_or_else(|| invalid(&format!("{name} is missing")))
    }

    /// The user whose id stands at this place of the path.
    fn user_mut(&mut self, at: usize) -> Result<&mut User, Refusal> {
        let mut users = self.state.config.users.iter_mut();
        let user = users.find(|user| user.id() == self.path[at]);
        user.ok_or_else(|| not_found("user"))
    }

    fn organization(&self) -> Result<&Organization, Refusal> {
        let organization = self.state.config.organization(&self.path[0]);
        organization.ok_or_else(|| not_found("organization"))
    }

    fn organization_mut(&mut self) -> Result<&mut Organization, Refusal> {
        let mut organizations = self.state.config.organizations.iter_mut();
        let organization = organizations.find(|it| it.code == self.path[0]);
        organization.ok_or_else(|| not_found("organization"))
    }

    fn application(&self) -> Result<&Application, Refusal> {
        let application = self.state.config.application(&self.path[0]);
        application.ok_or_else(|| not_found("application"))
    }

    fn application_mut(&mut self) -> Result<&mut Application, Refusal> {
        let mut applications = self.state.config.applications.iter_mut();
        let application = applications.find(|it| it.client_id == self.path[0]);
        application.ok_or_else(|| not_found("application"))
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn success(mut members: Value) -> Outcome {
    members["code"] = json!("OK");
    members["message"] = json!("Success");
    Ok(members)
}

fn done() -> Outcome {
    success(json!({}))
}

fn invalid(why: &str) -> Refusal {
    Box::new(super::account::invalid(why))
}

fn not_found(what: &str) -> Refusal {
    let code = format!("{}_NOT_FOUND", what.to_uppercase());
    let message = format!("No {what} has this id");
    refusal(StatusCode::NOT_FOUND, &code, &message)
}

fn conflict(what: &str) -> Refusal {
    let code = format!("{}_ALREADY_EXISTS", what.to_uppercase());
    let message = format!("There is such a {what} already");
    refusal(StatusCode::CONFLICT, &code, &message)
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Refusal {
    Box::new(answer::errors(status, code, message).into_response())
}

fn management_audience(emulator: &Emulator) -> String {
    format!("{}/api", emulator.public_url)
}

/// The claims of a machine's token for this API with this scope; otherwise the answer to give.
fn authorize(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    scope: Option<&str>,
) -> Result<Claims, Refusal> {
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
    if !lists("gty", "client_credentials") || !lists("aud", &management_audience(emulator)) {
        let message = "The access token is not a machine's for this API";
        return Err(refusal(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    if let Some(scope) = scope.filter(|scope| !lists("scp", scope)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_state_is_in_the_catalogue() {
        for (name, _) in ACTS {
            assert!(Catalogue::get().knows(name), "{name}");
        }
    }

    #[test]
    fn a_machine_of_the_built_in_configuration_may_have_every_scope() {
        let config = crate::config::Config::built_in().expect("it can be read");
        let audiences = ["{url}/api".to_owned()];
        let scopes: Vec<&str> = config.scopes_of(&audiences).collect();
        for scope in Catalogue::get().scopes() {
            assert!(scopes.contains(&scope), "{scope}");
        }
    }
}
