//! The device flow (RFC 8628): `/oauth2/device/auth`, and the page `/device` for the person with the code.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::{Value, json};

use crate::answer::{self, OAuthError, private_json};
use crate::browser;
use crate::claims::Granted;
use crate::client_auth::authenticate;
use crate::config::{Kind, UnknownParameters, User};
use crate::endpoints::authorize::show_page;
use crate::endpoints::scopes::{granted_audiences, granted_user_scopes};
use crate::endpoints::sign_in::interaction;
use crate::pages::{self, Flow};
use crate::params::Params;
use crate::random;
use crate::state::{Device, DeviceDecision, Emulator, Interaction, Purpose, State};

const PARAMETERS: [&str; 4] = ["client_id", "client_secret", "audience", "scope"];
/// Asked for when the device names none, so that somebody can be signed in.
const DEFAULT_SCOPE: &str = "openid profile email offline";

pub async fn start(
    Shared(emulator): Shared<Arc<Emulator>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match try_start(&emulator, &headers, &body) {
        Ok(started) => private_json(&started),
        Err(error) => error.into_response(),
    }
}

fn try_start(emulator: &Emulator, headers: &HeaderMap, body: &[u8]) -> Result<Value, OAuthError> {
    let params = Params::decode_form(headers, body).map_err(OAuthError::invalid_request)?;
    if let Some(name) = params.first_repeated() {
        return Err(OAuthError::invalid_request(format!(
            "{name} is there more than once"
        )));
    }
    let mut state = emulator.state();
    if state.config.settings.unknown_parameters == UnknownParameters::Refuse
        && let Some(name) = params.first_unknown(|name| PARAMETERS.contains(&name))
    {
        return Err(OAuthError::invalid_request(format!(
            "{name} is not a parameter of this endpoint"
        )));
    }
    let application = authenticate(&state.config, headers, &params)?;
    if application.kind != Kind::Device {
        return Err(OAuthError::new(
            "unauthorized_client",
            "this kind of application may not use the device flow",
        ));
    }
    let audiences =
        granted_audiences(&application, params.get("audience")).map_err(|audience| {
            OAuthError::invalid_request(format!("audience {audience:?} is not allowed"))
        })?;
    let scopes = granted_user_scopes(
        &state.config,
        &audiences,
        params.get("scope").or(Some(DEFAULT_SCOPE)),
    )
    .map_err(|scope| {
        OAuthError::new("invalid_scope", format!("scope {scope:?} is unknown here"))
    })?;

    let (lifetime, interval) = (
        state.config.settings.device_code_seconds,
        state.config.settings.device_interval_seconds,
    );
    let (device_code, user_code) = (random::two_part_token(), random::user_code());
    let now = emulator.clock.now();
    let device = Device {
        user_code: user_code.clone(),
        client_id: application.client_id,
        scopes,
        audiences,
        requested_at: now,
        expires_at: now + lifetime,
        interval_ms: interval * 1000,
        last_poll_ms: None,
        decision: DeviceDecision::Pending,
    };
    state.devices.insert(device_code.clone(), device);
    let verification_uri = format!("{}/device", emulator.public_url);
    let complete = format!("{verification_uri}?user_code={user_code}");
    Ok(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": verification_uri,
        "qr_code": qr_code(&complete),
        "verification_uri_complete": complete,
        "expires_in": lifetime,
        "interval": interval,
    }))
}

/// A data URI of a picture of this address.
fn qr_code(address: &str) -> String {
    // An address of this length always fits into a QR code.
    let picture = QrCode::new(address)
        .map(|code| code.render::<svg::Color<'_>>().build())
        .unwrap_or_default();
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(picture))
}

/// As typed: case and dash do not matter.
fn same_code(one: &str, other: &str) -> bool {
    let letters = |code: &str| {
        code.chars()
            .filter(char::is_ascii_alphabetic)
            .map(|it| it.to_ascii_uppercase())
            .collect::<String>()
    };
    letters(one) == letters(other)
}

fn pending<'a>(emulator: &Emulator, state: &'a State, user_code: &str) -> Option<&'a Device> {
    let now = emulator.clock.now();
    let is_pending = |device: &&Device| {
        matches!(device.decision, DeviceDecision::Pending) && device.expires_at > now
    };
    state
        .devices
        .values()
        .filter(is_pending)
        .find(|device| same_code(&device.user_code, user_code))
}

pub fn client_of<'a>(state: &'a State, user_code: &str) -> Option<&'a str> {
    state
        .devices
        .values()
        .find(|it| same_code(&it.user_code, user_code))
        .map(|it| it.client_id.as_str())
}

/// Back to the page with the code after the sign-in, with a session.
pub fn signed_in(
    emulator: &Emulator,
    state: &mut State,
    user_id: String,
    user_code: &str,
) -> Response {
    let (id, _) = browser::new_session(emulator, state, user_id);
    let address = format!("{}/device?user_code={user_code}", emulator.public_url);
    let mut response = answer::redirect(StatusCode::SEE_OTHER, &address);
    browser::set_session(emulator, &mut response, &id);
    response
}

pub async fn page(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = match Params::decode(uri.query().unwrap_or_default()) {
        Ok(params) => params,
        Err(reason) => return pages::error(StatusCode::BAD_REQUEST, &reason),
    };
    let mut state = emulator.state();
    let Some(typed) = params.get("user_code") else {
        return pages::device_code("", None);
    };
    let Some(device) = pending(&emulator, &state, typed).cloned() else {
        return pages::device_code(
            typed,
            Some("This code is unknown or has expired. Check it, or start again on your device."),
        );
    };
    let purpose = Purpose::Device {
        user_code: device.user_code.clone(),
    };
    let signed_in =
        browser::sso_session(&emulator, &state, &headers).map(|session| session.user_id);
    let automatic = || {
        state
            .sign_in
            .user
            .as_ref()
            .and_then(|it| state.config.user(&it.email))
            .map(User::id)
    };
    let Some(user_id) = signed_in.or_else(automatic) else {
        return show_page(&emulator, &mut state, purpose, false, &headers);
    };
    consent(&emulator, &mut state, &headers, &device, user_id)
}

fn consent(
    emulator: &Emulator,
    state: &mut State,
    headers: &HeaderMap,
    device: &Device,
    user_id: String,
) -> Response {
    let Some(email) = state
        .config
        .user_by_id(&user_id)
        .map(|user| user.email.clone())
    else {
        return pages::error(StatusCode::BAD_REQUEST, "The user was deleted.");
    };
    let flow = random::token();
    let browser = browser::id(headers).unwrap_or_else(random::token);
    let interaction = Interaction {
        purpose: Purpose::Device {
            user_code: device.user_code.clone(),
        },
        browser: browser.clone(),
        expires_at: device.expires_at,
        user_id: Some(user_id),
    };
    state.interactions.insert(flow.clone(), interaction);
    let name = state
        .config
        .application(&device.client_id)
        .map(|it| it.name.clone())
        .unwrap_or_default();
    let shown = Flow {
        id: &flow,
        application: &name,
        can_refuse: false,
        mistake: None,
    };
    let mut response = pages::device_consent(shown, &device.user_code, &email, &device.scopes);
    browser::set_id(emulator, &mut response, &browser);
    response
}

pub async fn submit(
    Shared(emulator): Shared<Arc<Emulator>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match Params::decode_form(&headers, &body) {
        Ok(params) => params,
        Err(reason) => return pages::error(StatusCode::BAD_REQUEST, &reason),
    };
    let mut state = emulator.state();
    let flow = params.get("flow").unwrap_or_default();
    let interaction = match interaction(&emulator, &state, &headers, Some(flow)) {
        Ok(interaction) => interaction,
        Err(page) => return *page,
    };
    let (Purpose::Device { user_code }, Some(user_id)) =
        (&interaction.purpose, &interaction.user_id)
    else {
        return pages::error(StatusCode::BAD_REQUEST, "Nobody has signed in here yet.");
    };
    let approve = params.get("action") == Some("approve");
    state.interactions.remove(flow);
    if !decide(
        &emulator,
        &mut state,
        user_code,
        approve.then_some(user_id.as_str()),
    ) {
        return pages::device_code(
            user_code,
            Some("This code has expired or was answered already."),
        );
    }
    if approve {
        pages::message(
            "Your device is connected",
            "You can close this window and go on at your device.",
        )
    } else {
        pages::message(
            "Refused",
            "Your device was not connected. You can close this window.",
        )
    }
}

/// Approves in this user's name, or denies. Says whether anybody was waiting.
pub fn decide(
    emulator: &Emulator,
    state: &mut State,
    user_code: &str,
    approver: Option<&str>,
) -> bool {
    let Some(user_code) =
        pending(emulator, state, user_code).map(|device| device.user_code.clone())
    else {
        return false;
    };
    let user = approver.and_then(|id| state.config.user_by_id(id));
    let org_code = user
        .and_then(|user| user.organizations.first())
        .map(|membership| membership.code.clone());
    let Some(device) = state
        .devices
        .values_mut()
        .find(|device| device.user_code == user_code)
    else {
        return false;
    };
    device.decision = match approver {
        None => DeviceDecision::Denied,
        Some(user_id) => DeviceDecision::Approved(Box::new(Granted {
            client_id: device.client_id.clone(),
            user_id: user_id.to_owned(),
            scopes: device.scopes.clone(),
            audiences: device.audiences.clone(),
            org_code,
            nonce: None,
            auth_time: emulator.clock.now(),
            requested_at: device.requested_at,
        })),
    };
    true
}
