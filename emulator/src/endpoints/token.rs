//! `/oauth2/token`: code, refresh, client credentials and device grants (RFC 6749, RFC 7636, RFC 8628).

use std::sync::Arc;

use aws_lc_rs::constant_time;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::answer::{OAuthError, private_json};
use crate::client_auth::authenticate;
use crate::config::{Application, Kind, UnknownParameters};
use crate::endpoints::scopes::{USER_SCOPES, granted_audiences};
use crate::issue::Wanted;
use crate::params::{Params, words};
use crate::state::{CodeUse, DeviceDecision, Emulator, State};

pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grants and the parameters that each of them takes beside the client's credentials.
pub const GRANTS: [(&str, &[&str]); 4] = [
    (
        "authorization_code",
        &["code", "redirect_uri", "code_verifier", "response_type"],
    ),
    (
        "refresh_token",
        &["refresh_token", "scope", "redirect_uri", "response_type"],
    ),
    ("client_credentials", &["audience", "scope"]),
    (DEVICE_GRANT, &["device_code"]),
];

const EVERY_GRANT: [&str; 3] = ["grant_type", "client_id", "client_secret"];

/// A poll may come this much early: a timer on the other side may be as coarse.
const POLL_TOLERANCE_MS: i64 = 250;

pub async fn token(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match exchange(&emulator, &uri, &headers, &body) {
        Ok(tokens) => private_json(&tokens),
        Err(error) => error.into_response(),
    }
}

fn exchange(
    emulator: &Emulator,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, OAuthError> {
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request(
            "parameters belong in the body, not in the address",
        ));
    }
    let params = Params::decode_form(headers, body).map_err(OAuthError::invalid_request)?;
    if let Some(name) = params.first_repeated() {
        return Err(OAuthError::invalid_request(format!(
            "{name} is there more than once"
        )));
    }
    let mut state = emulator.state();
    if state.config.settings.require_sdk_header && !headers.contains_key("kinde-sdk") {
        return Err(OAuthError::invalid_request(
            "the header Kinde-SDK is missing",
        ));
    }
    let grant_type = params
        .get("grant_type")
        .ok_or_else(|| OAuthError::invalid_request("grant_type is missing"))?;
    let (_, own_parameters) = GRANTS
        .iter()
        .find(|(name, _)| *name == grant_type)
        .ok_or_else(|| {
            OAuthError::new(
                "unsupported_grant_type",
                format!("grant_type {grant_type:?} is not supported"),
            )
        })?;
    if state.config.settings.unknown_parameters == UnknownParameters::Refuse {
        let is_known = |name: &str| EVERY_GRANT.contains(&name) || own_parameters.contains(&name);
        if let Some(name) = params.first_unknown(is_known) {
            return Err(OAuthError::invalid_request(format!(
                "{name} is not a parameter of the grant {grant_type}"
            )));
        }
    }
    let application = authenticate(&state.config, headers, &params)?;
    require_grant_of_kind(application.kind, grant_type)?;
    match grant_type {
        "authorization_code" => code(emulator, &mut state, &application, &params),
        "refresh_token" => refresh(emulator, &mut state, &application, &params),
        "client_credentials" => client_credentials(emulator, &mut state, &application, &params),
        _ => device(emulator, &mut state, &application, &params),
    }
}

fn require_grant_of_kind(kind: Kind, grant_type: &str) -> Result<(), OAuthError> {
    let allowed = match grant_type {
        "authorization_code" => kind.signs_users_in(),
        "refresh_token" => kind != Kind::M2m,
        "client_credentials" => kind == Kind::M2m,
        _ => kind == Kind::Device,
    };
    if allowed {
        return Ok(());
    }
    Err(OAuthError::new(
        "unauthorized_client",
        format!("this kind of application may not use the grant {grant_type}"),
    ))
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, OAuthError> {
    params
        .get(name)
        .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
}

fn code(
    emulator: &Emulator,
    state: &mut State,
    application: &Application,
    params: &Params,
) -> Result<Value, OAuthError> {
    let presented = required(params, "code")?;
    let redirect_uri = required(params, "redirect_uri")?;
    let Some(code) = state
        .codes
        .get_mut(presented)
        .filter(|code| code.granted.client_id == application.client_id)
    else {
        return Err(OAuthError::invalid_grant(
            "this code was not issued to this application",
        ));
    };
    if let CodeUse::Exchanged(grant) = code.use_of {
        // RFC 6749, section 4.1.2: a code that is seen twice was stolen; what came of it ends.
        state.revoke_grant(grant);
        return Err(OAuthError::invalid_grant(
            "this code was used before; its tokens are revoked",
        ));
    }
    let was_spoilt = code.use_of == CodeUse::Spoilt;
    code.use_of = CodeUse::Spoilt;
    if was_spoilt {
        return Err(OAuthError::invalid_grant(
            "this code was presented wrongly before and is void",
        ));
    }
    if code.expires_at <= emulator.clock.now() {
        return Err(OAuthError::invalid_grant("this code has expired"));
    }
    if code.redirect_uri != redirect_uri {
        return Err(OAuthError::invalid_grant(
            "redirect_uri differs from that of the authorization request",
        ));
    }
    check_verifier(code.code_challenge.as_deref(), params.get("code_verifier"))?;

    let granted = code.granted.clone();
    let grant = state.add_grant(granted, emulator.clock.now());
    if let Some(code) = state.codes.get_mut(presented) {
        code.use_of = CodeUse::Exchanged(grant);
    }
    let wanted = Wanted {
        id_token: true,
        nonce: true,
        keep_access_token: false,
        scopes: None,
    };
    emulator.user_tokens(state, grant, &wanted)
}

/// RFC 7636, sections 4.1 and 4.6.
fn check_verifier(challenge: Option<&str>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let (challenge, verifier) = match (challenge, verifier) {
        (None, None) => return Ok(()),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
        (Some(_), None) => return Err(OAuthError::invalid_grant("code_verifier is missing")),
        (None, Some(_)) => {
            return Err(OAuthError::invalid_grant(
                "code_verifier without a code_challenge in the authorization request",
            ));
        }
    };
    let is_well_formed = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !is_well_formed {
        return Err(OAuthError::invalid_grant(
            "code_verifier must be 43 to 128 letters, digits, or -._~",
        ));
    }
    let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    constant_time::verify_slices_are_equal(expected.as_bytes(), challenge.as_bytes())
        .map_err(|_| OAuthError::invalid_grant("code_verifier does not fit the code_challenge"))
}

fn refresh(
    emulator: &Emulator,
    state: &mut State,
    application: &Application,
    params: &Params,
) -> Result<Value, OAuthError> {
    let presented = required(params, "refresh_token")?;
    let now = emulator.clock.now();
    let settings = state.config.settings.clone();
    let unknown = || {
        OAuthError::invalid_grant(
            "this refresh token was not issued to this application, or has expired",
        )
    };
    let token = state
        .refresh_tokens
        .get_mut(presented)
        .ok_or_else(unknown)?;
    let grant_id = token.grant;
    let grant = state.grants.get(&grant_id).ok_or_else(unknown)?;
    if grant.granted.client_id != application.client_id || token.expires_at <= now {
        return Err(unknown());
    }
    token.uses += 1;
    if token.revoked || grant.revoked {
        return Err(OAuthError::invalid_grant("this refresh token was revoked"));
    }
    if token.rotated_at.is_some_and(|rotated_at| {
        now >= rotated_at.saturating_add(settings.refresh_overlap_seconds)
    }) {
        state.revoke_grant(grant_id);
        return Err(OAuthError::invalid_grant(
            "this refresh token was used before; all tokens of the sign-in are revoked",
        ));
    }
    let scopes = narrowed(params.get("scope"), &grant.granted.scopes)?;
    token.rotated_at.get_or_insert(now);
    let wanted = Wanted {
        id_token: settings.refresh_returns_id_token,
        nonce: false,
        keep_access_token: settings.refresh_keeps_access_token,
        scopes,
    };
    emulator.user_tokens(state, grant_id, &wanted)
}

/// RFC 6749, section 6: a refresh may ask for less, never for more.
fn narrowed(asked: Option<&str>, granted: &[String]) -> Result<Option<Vec<String>>, OAuthError> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    let mut scopes = words(Some(asked));
    scopes.retain(|scope| scope != "offline_access");
    match scopes.iter().find(|scope| !granted.contains(scope)) {
        Some(scope) => Err(OAuthError::new(
            "invalid_scope",
            format!("scope {scope:?} was not granted"),
        )),
        None => Ok(Some(scopes)),
    }
}

fn client_credentials(
    emulator: &Emulator,
    state: &mut State,
    application: &Application,
    params: &Params,
) -> Result<Value, OAuthError> {
    let audiences = granted_audiences(application, params.get("audience")).map_err(|audience| {
        OAuthError::new(
            "unauthorized_client",
            format!("this application may not use the audience {audience:?}"),
        )
    })?;
    if audiences.is_empty() && application.require_audience {
        return Err(OAuthError::invalid_request("audience is missing"));
    }
    let available = state.config.scopes_of_machine(application, &audiences);
    let asked = words(params.get("scope"));
    if let Some(scope) = asked.iter().find(|scope| !available.contains(scope)) {
        let reason = if USER_SCOPES.contains(&scope.as_str()) || scope == "offline_access" {
            "is for users; a machine asks for scopes of an API"
        } else {
            "is not a scope of the audience asked for"
        };
        return Err(OAuthError::new(
            "invalid_scope",
            format!("scope {scope:?} {reason}"),
        ));
    }
    let scopes = if asked.is_empty() { available } else { asked };
    emulator.machine_token(state, application, &audiences, &scopes)
}

/// RFC 8628, section 3.5.
fn device(
    emulator: &Emulator,
    state: &mut State,
    application: &Application,
    params: &Params,
) -> Result<Value, OAuthError> {
    let presented = required(params, "device_code")?;
    let now_ms = emulator.clock.now_ms();
    let Some(device) = state
        .devices
        .get_mut(presented)
        .filter(|device| device.client_id == application.client_id)
    else {
        return Err(OAuthError::invalid_grant(
            "this device_code was not issued to this application",
        ));
    };
    let previous_poll = device.last_poll_ms.replace(now_ms);
    if device.expires_at <= emulator.clock.now() {
        return Err(OAuthError::new(
            "expired_token",
            "this device_code has expired; start again",
        ));
    }
    let granted = match &device.decision {
        DeviceDecision::Denied => return Err(OAuthError::new("access_denied", "the user refused")),
        DeviceDecision::Exchanged => {
            return Err(OAuthError::invalid_grant(
                "this device_code was used before",
            ));
        }
        DeviceDecision::Approved(granted) => (**granted).clone(),
        DeviceDecision::Pending => {
            if previous_poll.is_some_and(|at| now_ms - at < device.interval_ms - POLL_TOLERANCE_MS)
            {
                device.interval_ms += 5_000;
                return Err(OAuthError::new(
                    "slow_down",
                    "polled too often; wait 5 seconds more between polls",
                ));
            }
            return Err(OAuthError::new(
                "authorization_pending",
                "the user has not answered yet",
            ));
        }
    };
    device.decision = DeviceDecision::Exchanged;
    let grant = state.add_grant(granted, emulator.clock.now());
    let wanted = Wanted {
        id_token: true,
        nonce: false,
        keep_access_token: false,
        scopes: None,
    };
    emulator.user_tokens(state, grant, &wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_verifier_of_rfc_7636_fits_its_challenge() {
        let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(
            check_verifier(
                challenge,
                Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
            )
            .is_ok()
        );
        assert!(
            check_verifier(
                challenge,
                Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")
            )
            .is_err()
        );
        assert!(check_verifier(challenge, None).is_err());
        assert!(check_verifier(None, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).is_err());
        assert!(check_verifier(Some("x"), Some("short")).is_err());
    }
}
