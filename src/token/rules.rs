//! What must hold of a token's claims beside its signature. Judged anew each time.

use std::borrow::Cow;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64_simd::URL_SAFE_NO_PAD;

mod webhook;

pub(crate) use self::webhook::{WEBHOOK_AHEAD, judge_webhook};
use super::jws::Signed;
use super::registered::{Kind, Name};
use crate::config::{Algorithm, Settings};
use crate::error::{Error, Result, Status, foreign_text};

/// Whether a token that is expired is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expiry {
    Judge,
    /// It is only required to say when it expires: the caller keeps that.
    Record,
}

/// What an access token must satisfy.
#[derive(Clone, Debug)]
pub(crate) struct AccessRules<'a> {
    pub settings: &'a Settings,
    /// The audiences that it was requested with. It must be for one of them; `None` takes any.
    pub audiences: Option<&'a [String]>,
    /// In a session: `azp`, if present, must be this application.
    pub in_session: bool,
    /// The `sub` of the session's ID token.
    pub subject: Option<&'a str>,
    pub expiry: Expiry,
    /// The scopes that it must have, each of them.
    pub scopes: &'a [String],
    /// The permissions that its user must have, each of them.
    pub permissions: &'a [String],
}

/// What an ID token must satisfy.
#[derive(Clone, Debug)]
pub(crate) struct IdRules<'a> {
    pub settings: &'a Settings,
    /// The nonce that was given to this exchange.
    pub nonce: Option<&'a str>,
    /// The access token that came with it, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// The ID token that it replaces, after a refresh.
    pub previous: Option<&'a Signed>,
    /// Whether its times are judged: when it comes from the token endpoint, and never again.
    pub judge_times: bool,
    /// Whether it must have been issued within a day, as one that answers an exchange.
    pub fresh: bool,
}

/// An ID token that answers an exchange is not older than this. Generous, because it is only there
/// to notice an old token that is played again.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);

impl<'a> AccessRules<'a> {
    /// The rules for an access token that the caller was given: for the configured audience,
    /// unexpired.
    pub(crate) fn new(settings: &'a Settings) -> Self {
        AccessRules {
            settings,
            audiences: None,
            in_session: false,
            subject: None,
            expiry: Expiry::Judge,
            scopes: &[],
            permissions: &[],
        }
        .requested_for(&settings.audience)
    }

    /// For a token that was requested with these audiences.
    pub(crate) fn requested_for(mut self, audiences: &'a [String]) -> Self {
        self.audiences = (!self.settings.any_audience).then_some(audiences);
        self
    }
}

impl<'a> IdRules<'a> {
    /// The rules for an ID token, with nothing known beside it.
    pub(crate) fn new(settings: &'a Settings) -> Self {
        IdRules {
            settings,
            nonce: None,
            access_token: None,
            previous: None,
            judge_times: true,
            fresh: false,
        }
    }
}

/// Judges an access token (RFC 9068, section 4; Kinde's claims).
///
/// Fails with `TOKEN_KIND`, `CLAIM_MISSING`, `ISSUER`, `AUTHORIZED_PARTY`, `SUBJECT`, `AUDIENCE`,
/// `TOKEN_NOT_YET_VALID`, `TOKEN_EXPIRED`, `INSUFFICIENT_SCOPE`. Expiry comes after all that makes
/// a token bad: one that is only expired is otherwise good. What a good token is not enough for
/// comes last.
pub(crate) fn judge_access(token: &Signed, rules: &AccessRules<'_>, now: i64) -> Result<()> {
    let settings = rules.settings;
    let leeway = settings.clock_leeway;
    judge_kind(token, Kind::Access, "an access token")?;
    let issuer = token.require_text(Name::Iss)?;
    let for_machine = token.is_for_machine();
    let issues_for_machines = issuer == settings.management_domain.as_str();
    let accepted = is_issuer(settings, &issuer) || (for_machine && issues_for_machines);
    if !accepted {
        return Err(foreign_issuer(settings));
    }
    token.require_time(Name::Exp)?;
    let subject = token.text_of(Name::Sub)?.filter(|sub| !sub.is_empty());
    if subject.is_none() && !for_machine {
        return Err(missing(Name::Sub));
    }
    if rules.in_session {
        judge_session_party(token, settings)?;
    }
    if let Some(expected) = rules.subject
        && subject.as_deref() != Some(expected)
    {
        return Err(wrong(
            Status::Subject,
            Name::Sub,
            "the access token speaks of another user than the ID token",
        ));
    }
    judge_access_audience(token, rules.audiences)?;
    judge_not_before(token, now, leeway)?;
    if rules.expiry == Expiry::Judge {
        judge_expiry(token, now, leeway)?;
    }
    judge_scopes(token, rules.scopes)?;
    judge_permissions(token, rules.permissions)
}

/// Judges an ID token (OpenID Connect Core, sections 3.1.3.7, 3.1.3.8 and 12.2).
///
/// Fails with `TOKEN_KIND`, `CLAIM_MISSING`, `ISSUER`, `AUDIENCE`, `AUTHORIZED_PARTY`, `NONCE`,
/// `AT_HASH`, `SUBJECT`, `TOKEN_NOT_YET_VALID`, `TOKEN_EXPIRED`.
pub(crate) fn judge_id(token: &Signed, rules: &IdRules<'_>, now: i64) -> Result<()> {
    let settings = rules.settings;
    judge_kind(token, Kind::Id, "an ID token")?;
    let issuer = token.require_text(Name::Iss)?;
    if !is_issuer(settings, &issuer) {
        return Err(foreign_issuer(settings));
    }
    let subject = token.require_text(Name::Sub)?;
    token.require_time(Name::Exp)?;
    token.require_time(Name::Iat)?;
    judge_id_audience(token, settings, &issuer)?;
    if let Some(previous) = rules.previous {
        judge_same_user(token, previous, &issuer, &subject)?;
    }
    judge_nonce(token, rules)?;
    judge_at_hash(token, rules.access_token)?;
    if rules.judge_times {
        judge_id_times(token, rules, now)?;
    }
    Ok(())
}

fn judge_kind(token: &Signed, expected: Kind, name: &str) -> Result<()> {
    let is = match token.kind() {
        Some(kind) if kind == expected => return Ok(()),
        Some(Kind::Access) => "an access token",
        Some(Kind::Id) => "an ID token",
        Some(Kind::Webhook) => "a webhook",
        None => "of no known kind",
    };
    Err(Error::new(
        Status::TokenKind,
        format!("expected {name}, but the token is {is}"),
    ))
}

fn is_issuer(settings: &Settings, issuer: &str) -> bool {
    settings.issuer == issuer || settings.extra_issuers.iter().any(|extra| extra == issuer)
}

fn foreign_issuer(settings: &Settings) -> Error {
    wrong(
        Status::Issuer,
        Name::Iss,
        &format!(
            "the token comes from another issuer than {}",
            settings.issuer
        ),
    )
}

fn judge_session_party(token: &Signed, settings: &Settings) -> Result<()> {
    let Some(party) = token.text_of(Name::Azp)? else {
        return Ok(());
    };
    if party == settings.client_id.as_str()
        || settings.management_client_id.as_deref() == Some(&*party)
    {
        return Ok(());
    }
    Err(foreign_party())
}

fn foreign_party() -> Error {
    wrong(
        Status::AuthorizedParty,
        Name::Azp,
        "the token was given to another client than the setting client_id",
    )
}

fn judge_access_audience(token: &Signed, requested: Option<&[String]>) -> Result<()> {
    let given = token.texts_of(Name::Aud)?;
    let Some(requested) = requested else {
        return Ok(());
    };
    if requested.is_empty() && given.is_empty() {
        return Ok(());
    }
    if given.iter().any(|aud| requested.iter().any(|r| r == aud)) {
        return Ok(());
    }
    let message = if requested.is_empty() {
        "the token is meant for an audience, but none was requested; see the setting audience"
            .to_owned()
    } else {
        format!("the token is not meant for {}", requested.join(", "))
    };
    if given.is_empty() {
        return Err(missing(Name::Aud));
    }
    Err(wrong(Status::Audience, Name::Aud, &message))
}

/// Kinde names scopes as a list in `scp`; `scope` is their text by RFC 9068, section 2.2.3.
fn judge_scopes(token: &Signed, demanded: &[String]) -> Result<()> {
    if demanded.is_empty() {
        return Ok(());
    }
    let listed = token.texts_of(Name::Scp)?;
    let text = token.text_of(Name::Scope)?.unwrap_or_default();
    let has = |scope: &str| {
        listed.iter().any(|given| given == scope)
            || text.split_ascii_whitespace().any(|given| given == scope)
    };
    match demanded.iter().find(|scope| !has(scope)) {
        None => Ok(()),
        Some(lacking) => Err(insufficient("scope", lacking)
            .with_claim(Name::Scope.as_str())
            .with_missing_scope(Some(lacking))),
    }
}

fn judge_permissions(token: &Signed, demanded: &[String]) -> Result<()> {
    let claims = token.claims();
    let mut lacking = demanded.iter().filter(|key| !claims.has_permission(key));
    match lacking.next() {
        None => Ok(()),
        Some(lacking) => Err(insufficient("permission", lacking).with_claim("permissions")),
    }
}

fn insufficient(what: &str, lacking: &str) -> Error {
    Error::new(
        Status::InsufficientScope,
        format!("the token lacks the {what} {}", foreign_text(lacking)),
    )
}

fn judge_id_audience(token: &Signed, settings: &Settings, issuer: &str) -> Result<()> {
    let client_id = settings.client_id.as_str();
    let audiences = token.texts_of(Name::Aud)?;
    let party = token.text_of(Name::Azp)?;
    if audiences.is_empty() {
        return Err(missing(Name::Aud));
    }
    let names_us = audiences.iter().any(|aud| aud == client_id);
    let falls_back = settings.id_token_audience_fallback
        && party.as_deref() == Some(client_id)
        && audiences.iter().any(|aud| aud == issuer);
    if !names_us && !falls_back {
        return Err(wrong(
            Status::Audience,
            Name::Aud,
            "the ID token is meant for another client than the setting client_id",
        ));
    }
    let is_ours = |aud: &Cow<str>| {
        aud == client_id || aud == issuer || settings.audience.iter().any(|ours| ours == aud)
    };
    if !audiences.iter().all(is_ours) {
        return Err(wrong(
            Status::Audience,
            Name::Aud,
            "the ID token is also meant for an audience that is neither the issuer nor configured",
        ));
    }
    match party {
        Some(party) if party == client_id => Ok(()),
        Some(_) => Err(foreign_party()),
        None if audiences.len() == 1 => Ok(()),
        // What Kinde sends: the issuer beside the client.
        None if audiences.len() == 2 && audiences.iter().any(|aud| aud == issuer) => Ok(()),
        None => Err(wrong(
            Status::AuthorizedParty,
            Name::Azp,
            "the ID token is meant for several audiences and does not say to whom it was given",
        )),
    }
}

/// After a refresh (OpenID Connect Core, section 12.2).
fn judge_same_user(token: &Signed, previous: &Signed, issuer: &str, subject: &str) -> Result<()> {
    if previous.text_of(Name::Iss)?.as_deref() != Some(issuer) {
        return Err(wrong(
            Status::Issuer,
            Name::Iss,
            "the refreshed ID token comes from another issuer than the one before",
        ));
    }
    if previous.text_of(Name::Sub)?.as_deref() != Some(subject) {
        return Err(wrong(
            Status::Subject,
            Name::Sub,
            "the refreshed ID token speaks of another user than the one before",
        ));
    }
    if previous.text_of(Name::Azp)? != token.text_of(Name::Azp)? {
        return Err(wrong(
            Status::AuthorizedParty,
            Name::Azp,
            "the refreshed ID token was given to another client than the one before",
        ));
    }
    Ok(())
}

fn judge_nonce(token: &Signed, rules: &IdRules<'_>) -> Result<()> {
    let given = token.text_of(Name::Nonce)?;
    let is_as_expected = match (rules.nonce, rules.previous, &given) {
        (Some(expected), _, Some(given)) => expected == given,
        (Some(_), previous, None) => previous.is_some(),
        (None, Some(previous), Some(given)) => {
            previous.text_of(Name::Nonce)?.as_ref() == Some(given)
        }
        (None, ..) => true,
    };
    if is_as_expected {
        return Ok(());
    }
    let message = if given.is_none() {
        "the ID token has no nonce, but one was given to this sign-in"
    } else {
        "the ID token belongs to another sign-in: its nonce is not the one that was given"
    };
    Err(wrong(Status::Nonce, Name::Nonce, message))
}

fn judge_at_hash(token: &Signed, access_token: Option<&str>) -> Result<()> {
    let (Some(given), Some(access_token)) = (token.text_of(Name::AtHash)?, access_token) else {
        return Ok(());
    };
    if given == at_hash(token.algorithm(), access_token) {
        return Ok(());
    }
    Err(wrong(
        Status::AtHash,
        Name::AtHash,
        "the ID token belongs to another access token",
    ))
}

/// The left half of a hash of the access token, by the hash that the ID token's signature uses
/// (OpenID Connect Core, section 3.1.3.6). Ed25519 uses SHA-512 (RFC 8032, section 5.1).
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => &SHA256,
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => &SHA384,
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::EdDsa => &SHA512,
    };
    let hashed = digest(hash, access_token.as_bytes());
    let bytes = hashed.as_ref();
    URL_SAFE_NO_PAD.encode_to_string(&bytes[..bytes.len() / 2])
}

fn judge_id_times(token: &Signed, rules: &IdRules<'_>, now: i64) -> Result<()> {
    let leeway = rules.settings.clock_leeway;
    judge_not_before(token, now, leeway)?;
    let issued = token.require_time(Name::Iat)?;
    let ahead = issued - now as f64;
    if ahead > leeway.as_secs_f64() {
        return Err(wrong(
            Status::TokenNotYetValid,
            Name::Iat,
            &format!(
                "the token was issued {ahead:.0} s in the future; {}",
                allowance(leeway)
            ),
        ));
    }
    let age = -ahead;
    if rules.fresh && age > (FRESH + leeway).as_secs_f64() {
        return Err(wrong(
            Status::TokenExpired,
            Name::Iat,
            &format!("the token was issued {age:.0} s ago, but answers a sign-in of now"),
        ));
    }
    judge_expiry(token, now, leeway)
}

fn judge_not_before(token: &Signed, now: i64, leeway: Duration) -> Result<()> {
    let Some(not_before) = token.time_of(Name::Nbf)? else {
        return Ok(());
    };
    let ahead = not_before - now as f64;
    if ahead <= leeway.as_secs_f64() {
        return Ok(());
    }
    Err(wrong(
        Status::TokenNotYetValid,
        Name::Nbf,
        &format!("the token is valid in {ahead:.0} s; {}", allowance(leeway)),
    ))
}

fn judge_expiry(token: &Signed, now: i64, leeway: Duration) -> Result<()> {
    let ago = now as f64 - token.require_time(Name::Exp)?;
    if ago < leeway.as_secs_f64() {
        return Ok(());
    }
    Err(wrong(
        Status::TokenExpired,
        Name::Exp,
        &format!("the token expired {ago:.0} s ago; {}", allowance(leeway)),
    ))
}

fn allowance(leeway: Duration) -> String {
    format!("leeway {} s", leeway.as_secs())
}

fn wrong(status: Status, name: Name, message: &str) -> Error {
    Error::new(status, message).with_claim(name.as_str())
}

fn missing(name: Name) -> Error {
    let name = name.as_str();
    Error::new(
        Status::ClaimMissing,
        format!("the token lacks the claim {name}"),
    )
    .with_claim(name)
}

impl Signed {
    /// When the token expires, in seconds since 1970, if it says.
    pub(crate) fn expires_at(&self) -> Option<i64> {
        // Out of range, the conversion gives the nearest number.
        self.time_of(Name::Exp).ok()?.map(|time| time as i64)
    }

    /// Whom the token speaks of; nobody, if it is a machine's.
    pub(crate) fn subject(&self) -> Option<Cow<'_, str>> {
        self.text_of(Name::Sub).ok()?
    }

    /// Whether the token was issued to a machine (`gty` has `client_credentials`).
    pub(crate) fn is_for_machine(&self) -> bool {
        let payload = self.claims().payload();
        payload.registered.is_for_machine(&payload.text)
    }

    fn text_of(&self, name: Name) -> Result<Option<Cow<'_, str>>> {
        let payload = self.claims().payload();
        payload.registered.text(&payload.text, name)
    }

    fn texts_of(&self, name: Name) -> Result<Vec<Cow<'_, str>>> {
        let payload = self.claims().payload();
        payload.registered.texts(&payload.text, name)
    }

    fn time_of(&self, name: Name) -> Result<Option<f64>> {
        let payload = self.claims().payload();
        payload.registered.time(&payload.text, name)
    }

    /// A text that must be there and not empty.
    fn require_text(&self, name: Name) -> Result<Cow<'_, str>> {
        self.text_of(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| missing(name))
    }

    fn require_time(&self, name: Name) -> Result<f64> {
        self.time_of(name)?.ok_or_else(|| missing(name))
    }
}
