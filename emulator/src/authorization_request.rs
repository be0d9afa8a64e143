//! Reads an authorization request and refuses what Kinde or the specifications refuse.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::{Application, Config, Kind, UnknownParameters};
use crate::endpoints::scopes::{granted_audiences, granted_user_scopes};
use crate::params::{Params, words};
use crate::reauth;
use crate::redirect;
use crate::state::AuthorizationRequest;

/// Kinde's parameters, and those of OpenID Connect Core that may be ignored.
const KNOWN: [&str; 33] = [
    "acr_values",
    "audience",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "connection_id",
    "display",
    "has_success_page",
    "id_token_hint",
    "invitation_code",
    "is_create_org",
    "is_invitation",
    "is_use_auth_success_page",
    "lang",
    "login_hint",
    "max_age",
    "nonce",
    "org_code",
    "org_name",
    "pages_mode",
    "plan_interest",
    "pricing_table_key",
    "prompt",
    "reauth_state",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "start_page",
    "state",
    "supports_reauth",
    "ui_locales",
    "workflow_deployment_id",
];

/// Marketing tags, which Kinde stores with the sign-up.
const TAGS: [&str; 30] = [
    "ad_group_id",
    "ad_position",
    "campaign_id",
    "click_id",
    "creative",
    "device",
    "fbclid",
    "gclid",
    "hsa_acc",
    "hsa_ad",
    "hsa_cam",
    "hsa_grp",
    "hsa_kw",
    "hsa_mt",
    "hsa_net",
    "hsa_src",
    "hsa_tgt",
    "hsa_ver",
    "keyword",
    "li_fat_id",
    "match_type",
    "msclkid",
    "network",
    "ttclid",
    "twclid",
    "utm_campaign",
    "utm_content",
    "utm_medium",
    "utm_source",
    "utm_term",
];

/// What belongs to the token endpoint and must never be in an address.
const TOKEN_ENDPOINT_ONLY: [&str; 6] = [
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "refresh_token",
];

/// Shorter values can be guessed.
const LEAST_STATE_LENGTH: usize = 8;
/// SHA-256 in base64url.
const CHALLENGE_LENGTH: usize = 43;

#[derive(Debug)]
pub enum RequestError {
    /// There is no address that an error may be sent to.
    Page(String),
    Redirect {
        redirect_uri: String,
        state: Option<String>,
        error: &'static str,
        description: String,
    },
}

type Refusal = (&'static str, String);

fn invalid_request<T>(description: impl Into<String>) -> Result<T, Refusal> {
    Err(("invalid_request", description.into()))
}

pub fn read(config: &Config, query: &str, now: i64) -> Result<AuthorizationRequest, RequestError> {
    let params = Params::decode(query).map_err(RequestError::Page)?;
    let application = application(config, &params).map_err(RequestError::Page)?;
    let redirect_uri = redirect_uri(application, &params).map_err(RequestError::Page)?;
    let state = if params.is_repeated("state") {
        None
    } else {
        params.get("state").map(str::to_owned)
    };
    judge(config, application, &params)
        .map(|request| AuthorizationRequest {
            requested_at: now,
            ..request
        })
        .map_err(|(error, description)| RequestError::Redirect {
            redirect_uri: redirect_uri.to_owned(),
            state,
            error,
            description,
        })
}

fn application<'a>(config: &'a Config, params: &Params) -> Result<&'a Application, String> {
    if params.is_repeated("client_id") {
        return Err("client_id is there more than once".to_owned());
    }
    let client_id = params.get("client_id").ok_or("client_id is missing")?;
    let application = config.application(client_id);
    let application =
        application.ok_or_else(|| format!("no application has the client_id {client_id:?}"))?;
    if !application.kind.signs_users_in() {
        return Err(
            "this kind of application does not sign users in by a browser (unauthorized_client)"
                .to_owned(),
        );
    }
    Ok(application)
}

fn redirect_uri<'a>(application: &Application, params: &'a Params) -> Result<&'a str, String> {
    if params.is_repeated("redirect_uri") {
        return Err("redirect_uri is there more than once".to_owned());
    }
    let given = params
        .get("redirect_uri")
        .ok_or("redirect_uri is missing")?;
    if redirect::is_allowed(&application.redirect_uris, given) {
        return Ok(given);
    }
    Err(format!(
        "redirect_uri {given:?} is not on the list of allowed addresses of this application"
    ))
}

fn judge(
    config: &Config,
    application: &Application,
    params: &Params,
) -> Result<AuthorizationRequest, Refusal> {
    check_names(config, params)?;
    match params.get("response_type") {
        Some("code") => {}
        None => return invalid_request("response_type is missing"),
        Some(other) => {
            return Err((
                "unsupported_response_type",
                format!("response_type {other:?} given; code is supported"),
            ));
        }
    }
    if params
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return invalid_request("response_mode: only query is supported");
    }
    let state = guarded("state", params.get("state"))?;
    let Some(state) = state else {
        return invalid_request("state is missing");
    };
    let audiences = granted_audiences(application, params.get("audience")).or_else(|audience| {
        invalid_request(format!(
            "audience {audience:?} is not allowed for this application"
        ))
    })?;
    let scopes = scopes(config, &audiences, params)?;
    let code_challenge = code_challenge(application, params)?;
    check_values(params)?;
    let prompt = prompt(params)?;
    let create_org = boolean(params, "is_create_org")?;
    check_organization(config, params, create_org)?;
    let wants_registration = prompt.as_deref() == Some("create")
        || params.get("start_page") == Some("registration")
        || (create_org && prompt.is_none());
    Ok(AuthorizationRequest {
        client_id: application.client_id.clone(),
        redirect_uri: text(params, "redirect_uri").unwrap_or_default(),
        state,
        scopes,
        audiences,
        nonce: guarded("nonce", params.get("nonce"))?,
        code_challenge,
        prompt,
        wants_registration,
        max_age: max_age(params)?,
        org_code: text(params, "org_code"),
        create_org,
        org_name: text(params, "org_name"),
        invitation_code: invitation_code(config, params)?,
        login_hint: login_hint(params)?,
        supports_reauth: boolean(params, "supports_reauth")?,
        requested_at: 0,
        restartable: params
            .pairs()
            .filter(|(name, _)| name != "reauth_state")
            .cloned()
            .collect(),
    })
}

fn check_names(config: &Config, params: &Params) -> Result<(), Refusal> {
    if let Some(name) = params.first_repeated() {
        return invalid_request(format!("{name} is there more than once"));
    }
    if let Some((name, _)) = params
        .pairs()
        .find(|(name, _)| TOKEN_ENDPOINT_ONLY.contains(&name.as_str()))
    {
        return invalid_request(format!(
            "{name} belongs to the token endpoint and must never be sent here"
        ));
    }
    for (name, error) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        if params.get(name).is_some() {
            return Err((error, format!("{name} is not supported")));
        }
    }
    let is_known = |name: &str| KNOWN.contains(&name) || TAGS.contains(&name);
    match params.first_unknown(is_known) {
        Some(name) if config.settings.unknown_parameters == UnknownParameters::Refuse => {
            invalid_request(format!("{name} is not a parameter that Kinde knows"))
        }
        _ => Ok(()),
    }
}

fn text(params: &Params, name: &str) -> Option<String> {
    params.get(name).map(str::to_owned)
}

/// A value that must not be guessed.
fn guarded(name: &str, value: Option<&str>) -> Result<Option<String>, Refusal> {
    match value {
        Some(value) if value.len() < LEAST_STATE_LENGTH => invalid_request(format!(
            "{name} is shorter than {LEAST_STATE_LENGTH} characters and could be guessed"
        )),
        value => Ok(value.map(str::to_owned)),
    }
}

fn scopes(config: &Config, audiences: &[String], params: &Params) -> Result<Vec<String>, Refusal> {
    if params.get("scope").is_none() {
        return Err(("invalid_scope", "scope is missing".to_owned()));
    }
    granted_user_scopes(config, audiences, params.get("scope"))
        .map_err(|scope| ("invalid_scope", format!("scope {scope:?} is unknown here")))
}

/// RFC 7636, section 4.3; `plain` is not supported.
fn code_challenge(application: &Application, params: &Params) -> Result<Option<String>, Refusal> {
    let Some(challenge) = params.get("code_challenge") else {
        if application.kind == Kind::Spa || application.require_pkce {
            return invalid_request("code_challenge is missing; this application must use PKCE");
        }
        if params.get("code_challenge_method").is_some() {
            return invalid_request("code_challenge_method without code_challenge");
        }
        return Ok(None);
    };
    if params.get("code_challenge_method") != Some("S256") {
        return invalid_request("code_challenge_method must be S256");
    }
    let is_sha256 =
        challenge.len() == CHALLENGE_LENGTH && URL_SAFE_NO_PAD.decode(challenge).is_ok();
    if !is_sha256 {
        return invalid_request(
            "code_challenge is not the base64url of a SHA-256 hash without padding",
        );
    }
    Ok(Some(challenge.to_owned()))
}

/// Parameters that change nothing here but must look right.
fn check_values(params: &Params) -> Result<(), Refusal> {
    for name in ["has_success_page", "is_use_auth_success_page"] {
        boolean(params, name)?;
    }
    type Check = (&'static str, &'static str, fn(&str) -> bool);
    let accepted: [Check; 5] = [
        ("start_page", "login or registration", |value| {
            matches!(value, "login" | "registration")
        }),
        ("connection_id", "an id that starts with conn_", |value| {
            value.starts_with("conn_")
        }),
        ("lang", "two letters", |value| {
            value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_lowercase())
        }),
        ("pages_mode", "preview", |value| value == "preview"),
        (
            "reauth_state",
            "base64 of a JSON object",
            reauth::is_well_formed,
        ),
    ];
    for (name, expected, fits) in accepted {
        if let Some(value) = params.get(name)
            && !fits(value)
        {
            return invalid_request(format!("{name}: {expected} is accepted"));
        }
    }
    Ok(())
}

fn boolean(params: &Params, name: &str) -> Result<bool, Refusal> {
    match params.get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => invalid_request(format!("{name}: true and false are accepted")),
    }
}

fn prompt(params: &Params) -> Result<Option<String>, Refusal> {
    let prompts = words(params.get("prompt"));
    if prompts.len() > 1 {
        return invalid_request("prompt: one value at a time is accepted");
    }
    match prompts.into_iter().next() {
        Some(prompt) if !["login", "create", "none"].contains(&prompt.as_str()) => invalid_request(
            format!("prompt {prompt:?} given; login, create and none are accepted"),
        ),
        prompt => Ok(prompt),
    }
}

fn check_organization(config: &Config, params: &Params, create_org: bool) -> Result<(), Refusal> {
    match params.get("org_code") {
        Some(_) if create_org => {
            return invalid_request("org_code and is_create_org exclude each other");
        }
        Some(code) if config.organization(code).is_none() => {
            return invalid_request(format!("no organization has the org_code {code:?}"));
        }
        _ => {}
    }
    if params.get("org_name").is_some() && !create_org {
        return invalid_request("org_name needs is_create_org=true");
    }
    Ok(())
}

fn max_age(params: &Params) -> Result<Option<i64>, Refusal> {
    match params.get("max_age").map(str::parse::<u32>) {
        None => Ok(None),
        Some(Ok(seconds)) => Ok(Some(i64::from(seconds))),
        Some(Err(_)) => invalid_request("max_age: a number of seconds is accepted"),
    }
}

fn invitation_code(config: &Config, params: &Params) -> Result<Option<String>, Refusal> {
    let is_invitation = boolean(params, "is_invitation")?;
    match (params.get("invitation_code"), is_invitation) {
        (None, false) => Ok(None),
        (None, true) => invalid_request("is_invitation needs invitation_code"),
        (Some(_), false) => invalid_request("invitation_code needs is_invitation=true"),
        (Some(code), true) if config.invitation(code).is_some() => Ok(Some(code.to_owned())),
        (Some(_), true) => invalid_request("invitation_code is unknown"),
    }
}

/// An e-mail address, `phone:+61…:au`, or `username:ada`.
fn login_hint(params: &Params) -> Result<Option<String>, Refusal> {
    let Some(hint) = params.get("login_hint") else {
        return Ok(None);
    };
    let is_phone = |number: &str| {
        let number = number.split_once(':').map_or(number, |(number, _)| number);
        let digits = number.strip_prefix('+').unwrap_or(number);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let fits = match hint.split_once(':') {
        Some(("phone", number)) => is_phone(number),
        Some(("username", name)) => !name.is_empty(),
        _ => hint.contains('@'),
    };
    if fits {
        return Ok(Some(hint.to_owned()));
    }
    invalid_request(
        "login_hint: an e-mail address, phone:<number>:<country> or username:<name> is accepted",
    )
}
