//! The authorization URL (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

use serde::Serialize;

use super::authorization_params::AuthorizationParams;
use super::parameters::{COUNT, PARAMETERS, position};
use super::query::Query;
use super::{Endpoints, pkce, random, return_to};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::secret::{Secret, json_of_secrets};

/// What a user is sent to the authorization endpoint for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    Register,
    CreateOrganization,
}

/// A sign-in that was begun: where to send the browser, and what to keep until it comes back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorizationRequest {
    /// Where to send the browser.
    pub url: String,
    /// What the callback must bring back; 256 random bits.
    pub state: String,
    /// What the ID token must hold; 256 random bits.
    pub nonce: String,
    /// What the token endpoint must be shown, unless the setting `pkce` is off.
    pub code_verifier: Option<Secret>,
    /// The redirect URI that was sent; the token endpoint must be sent the same.
    pub redirect_uri: String,
    /// The scopes that were asked for, with spaces between them.
    pub scope: String,
    /// The audiences that were asked for.
    pub audience: Vec<String>,
    /// Where the user shall go after the sign-in, checked; only a session makes use of it.
    pub return_to: Option<String>,
}

impl AuthorizationRequest {
    /// The JSON object `{url, state, nonce, code_verifier}`; `code_verifier` is `null` without
    /// PKCE.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Fields<'a> {
            url: &'a str,
            state: &'a str,
            nonce: &'a str,
            code_verifier: Option<&'a str>,
        }
        let fields = Fields {
            url: &self.url,
            state: &self.state,
            nonce: &self.nonce,
            code_verifier: self.code_verifier.as_ref().map(Secret::expose),
        };
        json_of_secrets(&fields)
    }
}

const CLIENT_ID: usize = position("client_id");
const RESPONSE_TYPE: usize = position("response_type");
const REDIRECT_URI: usize = position("redirect_uri");
const REDIRECT_URL: usize = position("redirect_url");
const SCOPE: usize = position("scope");
const AUDIENCE: usize = position("audience");
const STATE: usize = position("state");
const NONCE: usize = position("nonce");
const CODE_CHALLENGE: usize = position("code_challenge");
const CODE_CHALLENGE_METHOD: usize = position("code_challenge_method");
const PROMPT: usize = position("prompt");
const START_PAGE: usize = position("start_page");
const IS_CREATE_ORG: usize = position("is_create_org");
const INVITATION_CODE: usize = position("invitation_code");
const IS_INVITATION: usize = position("is_invitation");
const SUPPORTS_REAUTH: usize = position("supports_reauth");

/// The values of the parameters, each in its place; an empty one is not sent.
type Slots<'a> = [Option<&'a str>; COUNT];

/// Begins a sign-in. Parameters of the call win over the purpose's, those over configured ones.
pub(crate) fn request(
    settings: &Settings,
    endpoints: &Endpoints,
    params: &AuthorizationParams,
    purpose: Purpose,
) -> Result<AuthorizationRequest> {
    let configured = AuthorizationParams::from_setting(&settings.authorization_params)?;
    let mut slots: Slots = [None; COUNT];
    slots[SCOPE] = Some(&settings.scope);
    slots[REDIRECT_URI] = settings.redirect_uri.as_deref();
    let configured_audience = settings.audience.join(" ");
    slots[AUDIENCE] = Some(&configured_audience);
    if settings.towards_kinde() {
        slots[SUPPORTS_REAUTH] = Some("true");
    }
    configured.fill(&mut slots);
    apply_purpose(&mut slots, purpose);
    let allowed_audience = slots[AUDIENCE].unwrap_or_default();
    params.fill(&mut slots);
    let narrowed = params
        .reauth_audience()
        .map(|asked| narrow_audience(asked, allowed_audience));
    if let Some(narrowed) = &narrowed {
        slots[AUDIENCE] = Some(narrowed);
    }
    resolve_start_page(&mut slots);
    resolve_invitation(&mut slots)?;

    let redirect_uri = checked_redirect_uri(settings, &slots)?;
    let scope = slots[SCOPE].unwrap_or_default();
    settings
        .check_scope(scope)
        .map_err(|message| Error::invalid_argument("scope", message))?;
    let return_to = params
        .return_to()
        .map(|address| return_to::check(address, redirect_uri, &settings.return_origins))
        .transpose()?;

    let secrets = Secrets::draw(settings.pkce)?;
    slots[CLIENT_ID] = Some(&settings.client_id);
    slots[RESPONSE_TYPE] = Some("code");
    slots[STATE] = Some(&secrets.state);
    slots[NONCE] = Some(&secrets.nonce);
    let challenge = secrets.code_verifier.as_ref().map(pkce::challenge);
    if let Some(challenge) = &challenge {
        slots[CODE_CHALLENGE] = Some(challenge);
        slots[CODE_CHALLENGE_METHOD] = Some("S256");
    }
    let url = url(endpoints, &slots, configured.extra(), params);
    let redirect_uri = redirect_uri.to_owned();
    let scope = scope.to_owned();
    let audience = split(slots[AUDIENCE].unwrap_or_default());
    Ok(AuthorizationRequest {
        url,
        redirect_uri,
        scope,
        audience,
        return_to,
        state: secrets.state,
        nonce: secrets.nonce,
        code_verifier: secrets.code_verifier,
    })
}

/// The random values of one sign-in.
struct Secrets {
    state: String,
    nonce: String,
    code_verifier: Option<Secret>,
}

impl Secrets {
    fn draw(pkce: bool) -> Result<Secrets> {
        let bytes = random::bytes::<96>()?;
        let (parts, _) = bytes.as_chunks::<32>();
        Ok(Secrets {
            state: random::text(&parts[0]),
            nonce: random::text(&parts[1]),
            code_verifier: pkce.then(|| pkce::verifier(&parts[2])),
        })
    }
}

fn apply_purpose(slots: &mut Slots, purpose: Purpose) {
    if purpose != Purpose::SignIn {
        slots[PROMPT] = Some("create");
    }
    if purpose == Purpose::CreateOrganization {
        slots[IS_CREATE_ORG] = Some("true");
    }
}

/// Kinde deprecated `start_page`: what it asked for is said with `prompt`.
fn resolve_start_page(slots: &mut Slots) {
    let registration = slots[START_PAGE].take() == Some("registration");
    if registration && slots[PROMPT].is_none_or(str::is_empty) {
        slots[PROMPT] = Some("create");
    }
}

fn resolve_invitation(slots: &mut Slots) -> Result<()> {
    if slots[INVITATION_CODE].is_some_and(|code| !code.trim().is_empty()) {
        slots[IS_INVITATION] = Some("true");
        return Ok(());
    }
    slots[INVITATION_CODE] = None;
    if slots[IS_INVITATION].is_some_and(|flag| !flag.is_empty()) {
        return Err(Error::invalid_argument(
            "is_invitation",
            "only with invitation_code",
        ));
    }
    Ok(())
}

/// A `reauth_state` may ask for fewer audiences than the settings name, never for others.
fn narrow_audience(asked: &str, allowed: &str) -> String {
    let allowed = split(allowed);
    let kept: Vec<&str> = asked
        .split(' ')
        .filter(|audience| allowed.iter().any(|a| a == audience))
        .collect();
    if kept.is_empty() {
        return allowed.join(" ");
    }
    kept.join(" ")
}

fn checked_redirect_uri<'a>(settings: &Settings, slots: &Slots<'a>) -> Result<&'a str> {
    if let Some(address) = slots[REDIRECT_URL].filter(|address| !address.is_empty()) {
        settings
            .check_redirect_uri(address)
            .map_err(|message| Error::invalid_argument("redirect_url", message))?;
    }
    let given = slots[REDIRECT_URI].ok_or_else(|| {
        Error::invalid_argument(
            "redirect_uri",
            "is required; it is not in the settings either",
        )
    })?;
    if settings.redirect_uri.as_deref() != Some(given) {
        settings
            .check_redirect_uri(given)
            .map_err(|message| Error::invalid_argument("redirect_uri", message))?;
    }
    Ok(given)
}

/// Room for what the library itself adds: names, state, nonce, challenge.
const LIBRARY_PART: usize = 320;

fn url<'a>(
    endpoints: &Endpoints,
    slots: &Slots,
    configured_extra: impl Iterator<Item = (&'a str, &'a str)>,
    params: &'a AuthorizationParams,
) -> String {
    let room: usize = slots.iter().flatten().map(|value| value.len() + 16).sum();
    let mut query = Query::extend(&endpoints.authorization, room + LIBRARY_PART);
    for (parameter, value) in PARAMETERS.iter().zip(slots) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append(parameter.name, value);
        }
    }
    for (name, value) in configured_extra {
        if params.extra().all(|(given, _)| given != name) {
            query.append(name, value);
        }
    }
    for (name, value) in params.extra() {
        query.append(name, value);
    }
    query.finish()
}

fn split(words: &str) -> Vec<String> {
    words
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
