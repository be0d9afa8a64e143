//! What a test may order of the emulator's state.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::claims::Granted;
use crate::clock::Clock;
use crate::config::{Application, Config, User};
use crate::endpoints::{decide_device, issue_code};
use crate::jwt::Claims;
use crate::keys::SigningKey;
use crate::lies::{self, Distortion, Lie, TokenKind};
use crate::params::words;
use crate::state::{AutomaticUser, Emulator, Refusal, SignInAnswer, State};

/// The scopes of a token from a template, unless the order names others.
const DEFAULT_SCOPE: &str = "openid profile email offline";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: Option<String>,
    org_code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    #[serde(default)]
    omit_state: bool,
    times: Option<u64>,
}

pub fn login(emulator: &Emulator, order: Login) -> Result<(), String> {
    let mut state = emulator.state();
    if let Some(error) = order.error {
        let description = order.error_description;
        let refusal = Refusal {
            error,
            description,
            omit_state: order.omit_state,
            times: order.times,
        };
        state.sign_in.refusal = Some(refusal);
        return Ok(());
    }
    if let Some(email) = &order.email {
        user(&state.config, email)?;
    }
    let user = order.email.map(|email| AutomaticUser {
        email,
        org_code: order.org_code,
    });
    state.sign_in = SignInAnswer {
        user,
        refusal: None,
    };
    Ok(())
}

fn user<'a>(config: &'a Config, email: &str) -> Result<&'a User, String> {
    config
        .user(email)
        .ok_or_else(|| format!("email: no user has the address {email:?}"))
}

fn application<'a>(config: &'a Config, client_id: &str) -> Result<&'a Application, String> {
    config
        .application(client_id)
        .ok_or_else(|| format!("client_id: no application has the id {client_id:?}"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceAnswer {
    user_code: String,
    action: Action,
    email: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Approve,
    Deny,
}

pub fn device(emulator: &Emulator, order: &DeviceAnswer) -> Result<(), String> {
    let mut state = emulator.state();
    let approver = match (order.action, &order.email) {
        (Action::Deny, _) => None,
        (Action::Approve, Some(email)) => Some(user(&state.config, email)?.id()),
        (Action::Approve, None) => return Err("email: whoever approves must be named".to_owned()),
    };
    if decide_device(emulator, &mut state, &order.user_code, approver.as_deref()) {
        Ok(())
    } else {
        Err(format!(
            "user_code: no device waits with the code {:?}",
            order.user_code
        ))
    }
}

/// Who and what a token or code is for.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Occasion {
    client_id: Option<String>,
    email: Option<String>,
    org_code: Option<String>,
    audience: Option<Value>,
    scope: Option<String>,
    nonce: Option<String>,
}

impl Occasion {
    fn granted(&self, state: &State, now: i64) -> Result<Granted, String> {
        let client_id = self.client_id.as_deref().ok_or("client_id: missing")?;
        application(&state.config, client_id)?;
        let user = user(
            &state.config,
            self.email.as_deref().ok_or("email: missing")?,
        )?;
        let first = user
            .organizations
            .first()
            .map(|membership| membership.code.clone());
        Ok(Granted {
            client_id: client_id.to_owned(),
            user_id: user.id(),
            scopes: words(self.scope.as_deref().or(Some(DEFAULT_SCOPE))),
            audiences: self.audiences()?,
            org_code: self.org_code.clone().or(first),
            nonce: self.nonce.clone(),
            auth_time: now,
            requested_at: now,
        })
    }

    fn audiences(&self) -> Result<Vec<String>, String> {
        match &self.audience {
            None => Ok(Vec::new()),
            Some(Value::String(list)) => Ok(words(Some(list))),
            Some(other) => {
                serde_json::from_value(other.clone()).map_err(|error| format!("audience: {error}"))
            }
        }
    }
}

#[derive(Deserialize)]
pub struct Mint {
    template: Option<TokenKind>,
    /// The access token whose hash an ID token carries.
    access_token: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Separates the members that say whom a token is for from those that say how it is distorted.
fn parted(rest: Map<String, Value>) -> Result<(Occasion, Distortion), String> {
    const OCCASION: [&str; 6] = [
        "client_id",
        "email",
        "org_code",
        "audience",
        "scope",
        "nonce",
    ];
    let (occasion, distortion): (Map<_, _>, Map<_, _>) = rest
        .into_iter()
        .partition(|(name, _)| OCCASION.contains(&name.as_str()));
    let occasion =
        serde_json::from_value(Value::Object(occasion)).map_err(|error| error.to_string())?;
    let distortion =
        serde_json::from_value(Value::Object(distortion)).map_err(|error| error.to_string())?;
    Ok((occasion, distortion))
}

pub fn mint(emulator: &Emulator, order: Mint) -> Result<Value, String> {
    let (occasion, distortion) = parted(order.rest)?;
    let state = emulator.state();
    let claims = match order.template {
        None => Claims::new(),
        Some(kind) => from_template(
            emulator,
            &state,
            kind,
            &occasion,
            order.access_token.as_deref(),
        )?,
    };
    drop(state);
    let signed = lies::sign(&emulator.keys(), claims, Some(&distortion))?;
    Ok(json!({"token": signed.text, "header": signed.header, "claims": signed.claims}))
}

fn from_template(
    emulator: &Emulator,
    state: &State,
    kind: TokenKind,
    occasion: &Occasion,
    access_token: Option<&str>,
) -> Result<Claims, String> {
    let issuing = emulator.issuing(&state.config);
    let application = application(
        &state.config,
        occasion.client_id.as_deref().ok_or("client_id: missing")?,
    )?;
    if kind == TokenKind::M2m {
        let audiences = occasion.audiences()?;
        let scopes = match &occasion.scope {
            Some(scope) => words(Some(scope)),
            None => state.config.scopes_of_machine(application, &audiences),
        };
        return Ok(issuing.machine_token(application, &audiences, &scopes));
    }
    let granted = occasion.granted(state, issuing.now)?;
    let user = user(&state.config, occasion.email.as_deref().unwrap_or_default())?;
    Ok(match kind {
        TokenKind::Id => {
            let mut claims = issuing.id_token(
                application,
                user,
                &granted,
                access_token.unwrap_or_default(),
            );
            if access_token.is_none() {
                claims.remove("at_hash");
            }
            claims
        }
        TokenKind::Access | TokenKind::M2m => issuing.access_token(application, user, &granted),
    })
}

#[derive(Deserialize)]
pub struct CodeOrder {
    redirect_uri: String,
    code_challenge: Option<String>,
    #[serde(flatten)]
    occasion: Occasion,
}

pub fn code(emulator: &Emulator, order: CodeOrder) -> Result<Value, String> {
    let mut state = emulator.state();
    let granted = order.occasion.granted(&state, emulator.clock.now())?;
    let code = issue_code(
        emulator,
        &mut state,
        granted,
        &order.redirect_uri,
        order.code_challenge,
    );
    Ok(json!({ "code": code }))
}

#[derive(Deserialize)]
pub struct LieOrder {
    token: TokenKind,
    #[serde(default = "once")]
    times: Option<u64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn once() -> Option<u64> {
    Some(1)
}

pub fn add_lie(emulator: &Emulator, order: LieOrder) -> Result<(), String> {
    let distortion: Distortion =
        serde_json::from_value(Value::Object(order.rest)).map_err(|error| error.to_string())?;
    // An impossible order fails here, not in the middle of a sign-in.
    lies::sign(&emulator.keys(), Claims::new(), Some(&distortion))?;
    emulator.state().lies.push(Lie {
        token: order.token,
        times: order.times,
        distortion,
    });
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expire {
    kind: Expiring,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expiring {
    Access,
    Refresh,
    Codes,
    All,
}

pub fn expire(emulator: &Emulator, order: &Expire) {
    let mut state = emulator.state();
    let now = emulator.clock.now();
    let concerns = |kind: Expiring| order.kind == kind || order.kind == Expiring::All;
    if concerns(Expiring::Access) {
        let issued: Vec<String> = state.access_tokens.keys().cloned().collect();
        state.revoked_access_tokens.extend(issued);
        state
            .grants
            .values_mut()
            .for_each(|grant| grant.access = None);
    }
    if concerns(Expiring::Refresh) {
        state
            .refresh_tokens
            .values_mut()
            .for_each(|token| token.expires_at = now);
    }
    if concerns(Expiring::Codes) {
        state
            .codes
            .values_mut()
            .for_each(|code| code.expires_at = now);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    email: String,
}

pub fn revoke(emulator: &Emulator, order: &Revoke) -> Result<(), String> {
    let mut state = emulator.state();
    let user_id = user(&state.config, &order.email)?.id();
    state.revoke_user(&user_id);
    Ok(())
}

pub fn refresh_tokens(emulator: &Emulator) -> Value {
    let state = emulator.state();
    let list: Vec<Value> = state
        .refresh_tokens
        .iter()
        .map(|(token, record)| {
            let grant = state.grants.get(&record.grant);
            let user = grant.and_then(|grant| state.config.user_by_id(&grant.granted.user_id));
            json!({
                "token": token,
                "client_id": grant.map(|grant| &grant.granted.client_id),
                "email": user.map(|user| &user.email),
                "family": record.grant,
                "uses": record.uses,
                "rotated": record.rotated_at.is_some(),
                "revoked": record.revoked || grant.is_none_or(|grant| grant.revoked),
            })
        })
        .collect();
    json!({ "refresh_tokens": list })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    jwk: Option<Value>,
}

pub fn add_key(emulator: &Emulator, order: NewKey) -> Result<Value, String> {
    if let Some(jwk) = order.jwk {
        let kid = jwk["kid"].clone();
        emulator.keys_mut().publish_literally(jwk);
        return Ok(json!({ "kid": kid }));
    }
    let bits = emulator.keys().bits();
    let key = SigningKey::generate(bits)?;
    let key = emulator.keys_mut().add(key, true);
    Ok(json!({"kid": key.kid}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    #[serde(default = "yes")]
    keep_old: bool,
    #[serde(default = "yes")]
    publish: bool,
}

fn yes() -> bool {
    true
}

pub fn rotate(emulator: &Emulator, order: &Rotate) -> Result<Value, String> {
    let bits = emulator.keys().bits();
    let key = SigningKey::generate(bits)?;
    let mut keys = emulator.keys_mut();
    keys.rotate(key, order.keep_old, order.publish);
    Ok(json!({"kid": keys.signing().kid, "jwks": keys.to_jwks()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockOrder {
    shift_seconds: Option<i64>,
    now: Option<i64>,
    #[serde(default)]
    reset: bool,
}

pub fn set_clock(clock: &Clock, order: &ClockOrder) {
    if order.reset {
        clock.reset();
    }
    if let Some(now) = order.now {
        clock.set(now);
    }
    if let Some(seconds) = order.shift_seconds {
        clock.shift_seconds(seconds);
    }
}

/// Changes the configuration as a whole, or not at all when the result has mistakes.
pub fn change(
    emulator: &Emulator,
    change: impl FnOnce(&mut Config) -> Result<Value, String>,
) -> Result<Value, String> {
    let mut state = emulator.state();
    let mut config = state.config.clone();
    let shown = change(&mut config)?;
    config.check()?;
    state.config = config;
    Ok(shown)
}
