//! The emulator's two cookies: which browser this is, and who is signed in at it.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::random;
use crate::state::{Emulator, SsoSession, State};

/// Binds a sign-in page to the browser that it was shown to.
const BROWSER_COOKIE: &str = "kinde_emulator_browser";
/// Kinde's single sign-on session.
const SESSION_COOKIE: &str = "kinde_emulator_session";

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(other, value)| *other == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

fn set_cookie(
    emulator: &Emulator,
    response: &mut Response,
    name: &str,
    value: &str,
    attributes: &str,
) {
    let secure = if emulator.is_secure() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{attributes}");
    // The names are constants and the values base64url.
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The browser's id, if it has a well-formed one.
pub fn id(headers: &HeaderMap) -> Option<String> {
    let is_well_formed = |id: &String| {
        id.len() == 43
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    cookie(headers, BROWSER_COOKIE).filter(is_well_formed)
}

pub fn set_id(emulator: &Emulator, response: &mut Response, id: &str) {
    set_cookie(emulator, response, BROWSER_COOKIE, id, "");
}

pub fn sso_session(emulator: &Emulator, state: &State, headers: &HeaderMap) -> Option<SsoSession> {
    let session = state.sso_sessions.get(&cookie(headers, SESSION_COOKIE)?)?;
    (session.expires_at > emulator.clock.now()).then(|| session.clone())
}

/// A session that starts now, with its cookie's value.
pub fn new_session(
    emulator: &Emulator,
    state: &mut State,
    user_id: String,
) -> (String, SsoSession) {
    let id = random::token();
    let auth_time = emulator.clock.now();
    let expires_at = auth_time + state.config.settings.sso_session_seconds;
    let session = SsoSession {
        id: id.clone(),
        user_id,
        auth_time,
        expires_at,
        org_code: None,
    };
    state.sso_sessions.insert(id.clone(), session.clone());
    (id, session)
}

pub fn set_session(emulator: &Emulator, response: &mut Response, id: &str) {
    set_cookie(emulator, response, SESSION_COOKIE, id, "");
}

/// A later sign-in that names no organization is for the same one.
pub fn remember_organization(state: &mut State, session: &SsoSession, org_code: Option<&str>) {
    if let Some(session) = state.sso_sessions.get_mut(&session.id) {
        session.org_code = org_code.map(str::to_owned);
    }
}

/// Ends the session and takes its cookie back.
pub fn end_session(
    emulator: &Emulator,
    state: &mut State,
    headers: &HeaderMap,
    response: &mut Response,
) {
    set_cookie(emulator, response, SESSION_COOKIE, "", "; Max-Age=0");
    let Some(session) =
        cookie(headers, SESSION_COOKIE).and_then(|id| state.sso_sessions.remove(&id))
    else {
        return;
    };
    // After a logout at Kinde a refresh gives a new access token.
    for grant in state
        .grants
        .values_mut()
        .filter(|grant| grant.granted.user_id == session.user_id)
    {
        grant.access = None;
    }
}
