//! `/logout`: ends the single sign-on session (Kinde's `redirect`, or OpenID Connect RP-Initiated Logout).

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use crate::answer;
use crate::browser;
use crate::config::{Config, UnknownParameters};
use crate::pages;
use crate::params::Params;
use crate::redirect;
use crate::state::Emulator;

/// The names under which the address to return to may come; Kinde's own first.
const RETURN_PARAMETERS: [&str; 3] = ["redirect", "post_logout_redirect_uri", "redirect_uri"];
const OTHER_PARAMETERS: [&str; 5] = [
    "client_id",
    "id_token_hint",
    "logout_hint",
    "state",
    "ui_locales",
];

pub async fn logout(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = emulator.state();
    let target = Params::decode(uri.query().unwrap_or_default())
        .and_then(|params| target(&state.config, &params));
    let mut response = match target {
        Ok(Some(address)) => answer::redirect(StatusCode::FOUND, &address),
        Ok(None) => pages::message("You are signed out", "You can close this window."),
        Err(reason) => return pages::error(StatusCode::BAD_REQUEST, &reason),
    };
    browser::end_session(&emulator, &mut state, &headers, &mut response);
    response
}

/// Where the browser goes afterwards, if anywhere.
fn target(config: &Config, params: &Params) -> Result<Option<String>, String> {
    if let Some(name) = params.first_repeated() {
        return Err(format!("{name} is there more than once"));
    }
    let is_known =
        |name: &str| RETURN_PARAMETERS.contains(&name) || OTHER_PARAMETERS.contains(&name);
    if config.settings.unknown_parameters == UnknownParameters::Refuse
        && let Some(name) = params.first_unknown(is_known)
    {
        return Err(format!("{name} is not a parameter of logout"));
    }
    let given: Vec<(&str, &str)> = RETURN_PARAMETERS
        .iter()
        .filter_map(|name| params.get(name).map(|value| (*name, value)))
        .collect();
    let (name, address) = match given.as_slice() {
        [] => return Ok(None),
        [one] => *one,
        _ => return Err("more than one address to return to".to_owned()),
    };
    let is_allowed = match params.get("client_id") {
        Some(client_id) => {
            let application = config.application(client_id);
            let application = application
                .ok_or_else(|| format!("no application has the client_id {client_id:?}"))?;
            redirect::is_allowed(&application.logout_redirect_uris, address)
        }
        None => config
            .applications
            .iter()
            .any(|it| redirect::is_allowed(&it.logout_redirect_uris, address)),
    };
    if !is_allowed {
        return Err(format!(
            "{name} {address:?} is not on the list of allowed logout addresses"
        ));
    }
    Ok(Some(match params.get("state") {
        Some(state) => redirect::with_query(address, &[("state", state)]),
        None => address.to_owned(),
    }))
}
