//! Verification: a token, the keys of its issuer, and what was verified before.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use url::Url;

use super::jws::{Jws, Signed};
use super::key::Key;
use super::key_set::{Candidates, KeySet};
use super::keys::{Cause, Fetching, Freshness, HttpFetch, IssuerKeys, Known};
use super::payload::Payload;
use super::registered::{Kind, Name};
use super::verifications::{TokenDigest, Verifications};
use crate::config::{Algorithm, Discovery, Settings};
use crate::error::{Error, Result, Status};
use crate::http::Http;

/// Where an issuer publishes its keys if nothing else is known.
const WELL_KNOWN_KEYS: &str = "/.well-known/jwks.json";

/// Verifies the signatures of tokens.
///
/// One for all clients whose issuers and transport settings are equal. It knows the keys of all
/// accepted issuers; whether the caller accepts a token's issuer is judged by the rules.
#[derive(Clone)]
pub(crate) struct Verifier {
    pub(super) issuers: Arc<[Arc<IssuerKeys>]>,
    fetching: Arc<Fetching>,
}

/// What verifying came to without the network.
enum Attempt {
    Done(Result<Arc<Signed>>),
    /// The keys of this issuer must be fetched first.
    NeedsKeys(Arc<IssuerKeys>, Arc<Known>, Cause),
}

impl Verifier {
    /// Depends on these settings: `issuer`, `extra_issuers`, `management_domain`, `discovery`,
    /// `jwks_url`, `jwks`, `jwks_cooldown`, `timeout`, `worker_threads`. Clients that share a
    /// verifier must agree in them. Fails with `CONFIG` if `jwks` is not a key set.
    pub(crate) fn new(settings: &Settings, http: Http) -> Result<Verifier> {
        let fetch = HttpFetch {
            http,
            timeout: settings.timeout,
        };
        let fetching = Arc::new(Fetching {
            fetch: Box::new(fetch),
            cool_down: settings.jwks_cooldown,
            worker_threads: settings.worker_threads,
            verifications: Verifications::new(),
        });
        Verifier::with_fetching(settings, fetching)
    }

    pub(super) fn with_fetching(settings: &Settings, fetching: Arc<Fetching>) -> Result<Verifier> {
        let main = match &settings.jwks {
            Some(jwks) => IssuerKeys::given(
                &settings.issuer,
                given_keys(&settings.issuer, jwks)?,
                fetching.clone(),
            ),
            None => {
                let url = (settings.discovery == Discovery::Off).then(|| settings.jwks_url.clone());
                IssuerKeys::new(&settings.issuer, url, fetching.clone())
            }
        };
        let mut issuers = vec![main];
        // Another provider, found by discovery, has no separate host for machines.
        let for_machines =
            settings.discovery == Discovery::Off || settings.management_domain != settings.domain;
        let for_machines = for_machines.then_some(&settings.management_domain);
        for issuer in settings.extra_issuers.iter().chain(for_machines) {
            if issuers.iter().all(|known| known.issuer != *issuer) {
                let url = well_known_keys(issuer)?;
                issuers.push(IssuerKeys::new(issuer, Some(url), fetching.clone()));
            }
        }
        Ok(Verifier {
            issuers: issuers.into(),
            fetching,
        })
    }

    /// Says where the keys of an issuer are, once discovery has found it.
    pub(crate) fn set_keys_url(&self, issuer: &str, url: Url) {
        if let Some(keys) = self.issuers.iter().find(|keys| keys.issuer == issuer) {
            keys.set_url(url);
        }
    }

    /// Verifies the signature of a token, if that needs no network; `None` if it does.
    ///
    /// `allowed` are the algorithms that the caller accepts. May be called on any thread, never
    /// blocks, and waits for nobody's fetch.
    pub(crate) fn try_signed(
        &self,
        token: &str,
        allowed: &[Algorithm],
    ) -> Option<Result<Arc<Signed>>> {
        match self.attempt(token, allowed, true) {
            Attempt::Done(result) => Some(result),
            Attempt::NeedsKeys(..) => None,
        }
    }

    /// Verifies the signature of a token, fetching keys if need be. With `wait` off it fails with
    /// `WOULD_BLOCK` instead.
    ///
    /// Fails with `TOKEN_MALFORMED`, `ALGORITHM`, `CLAIM_MISSING` or `ISSUER` (no accepted issuer
    /// in `iss`), `KEYS_UNAVAILABLE`, `KEY_NOT_FOUND`, `SIGNATURE`.
    pub(crate) async fn signed(
        &self,
        token: &str,
        allowed: &[Algorithm],
        wait: bool,
    ) -> Result<Arc<Signed>> {
        match self.attempt(token, allowed, true) {
            Attempt::Done(result) => return result,
            Attempt::NeedsKeys(..) if !wait => return Err(would_block()),
            Attempt::NeedsKeys(keys, seen, cause) => keys.refresh(&seen, cause).await,
        }
        match self.attempt(token, allowed, false) {
            Attempt::Done(result) => result,
            Attempt::NeedsKeys(keys, known, _) => {
                Err(known.unavailable(&keys.issuer, Instant::now()))
            }
        }
    }

    /// Fetches the keys of all issuers ahead of time. Fails if those of the main issuer cannot be
    /// had; the others are tried again when a token needs them.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let now = Instant::now();
        let wanting: Vec<_> = self
            .issuers
            .iter()
            .map(|keys| (keys, keys.known().clone()))
            .filter(|(_, known)| known.keys.is_none() || known.freshness(now) != Freshness::Fresh)
            .collect();
        for (keys, known) in &wanting {
            keys.refresh_in_background(known, Cause::Age);
        }
        for (keys, known) in &wanting {
            keys.refresh(known, Cause::Age).await;
        }
        let Some(main) = self.issuers.first() else {
            return Ok(());
        };
        let known = main.known();
        match known.keys {
            Some(_) => Ok(()),
            None => Err(known.unavailable(&main.issuer, Instant::now())),
        }
    }

    /// What the verifier holds, for people.
    pub(crate) fn stats(&self) -> serde_json::Value {
        let now = Instant::now();
        json!({
            "issuers": self.issuers.iter().map(|keys| keys.stats(now)).collect::<Vec<_>>(),
            "verifications": self.fetching.verifications.len(),
        })
    }

    /// `may_fetch`: whether keys that are missing or old may be asked for.
    fn attempt(&self, token: &str, allowed: &[Algorithm], may_fetch: bool) -> Attempt {
        match self.check(token, allowed, may_fetch) {
            Ok(attempt) => attempt,
            Err(error) => Attempt::Done(Err(error)),
        }
    }

    fn check(&self, token: &str, allowed: &[Algorithm], may_fetch: bool) -> Result<Attempt> {
        let jws = Jws::parse(token, allowed)?;
        let digest = jws.digest();
        let now = Instant::now();
        if let Some(signed) = self.verified_before(&jws, digest, now) {
            return Ok(Attempt::Done(Ok(signed)));
        }
        let payload = jws.payload()?;
        let issuer = self.issuer_of(&payload)?;
        let known = issuer.known();
        let fetch = |cause| {
            let possible = may_fetch && issuer.may_fetch(&known, cause, now);
            possible.then(|| Attempt::NeedsKeys(issuer.clone(), known.clone(), cause))
        };
        let Some(keys) = &known.keys else {
            return fetch(Cause::Age).ok_or_else(|| known.unavailable(&issuer.issuer, now));
        };
        match known.freshness(now) {
            Freshness::Fresh => {}
            Freshness::Stale => issuer.refresh_in_background(&known, Cause::Age),
            Freshness::Expired => {
                if let Some(attempt) = fetch(Cause::Age) {
                    return Ok(attempt);
                }
            }
        }
        let candidates = match keys.candidates(&jws.header) {
            Candidates::Some(candidates) => candidates,
            Candidates::None => {
                return fetch(Cause::UnknownKey).ok_or_else(|| not_found(&issuer.issuer));
            }
            Candidates::Ambiguous(count) => return Err(ambiguous(&issuer.issuer, count)),
        };
        let Some(key) = signer(&jws, &candidates)? else {
            // A token that names no key cannot tell that its key is new.
            let unnamed = jws.header.key_id.is_none();
            return unnamed
                .then(|| fetch(Cause::UnknownKey))
                .flatten()
                .ok_or_else(bad_signature);
        };
        let signed = Signed::new(payload, &jws.header);
        self.fetching.verifications.keep(digest, key.id, &signed);
        Ok(Attempt::Done(Ok(signed)))
    }

    /// The same token, verified with a key that its issuer still publishes.
    fn verified_before(&self, jws: &Jws, digest: TokenDigest, now: Instant) -> Option<Arc<Signed>> {
        self.issuers.iter().find_map(|issuer| {
            let known = issuer.known();
            let Candidates::Some(keys) = known.keys.as_ref()?.candidates(&jws.header) else {
                return None;
            };
            let signed = keys
                .iter()
                .find_map(|key| self.fetching.verifications.get(digest, key.id))?;
            match known.freshness(now) {
                Freshness::Fresh => {}
                Freshness::Stale => issuer.refresh_in_background(&known, Cause::Age),
                Freshness::Expired => return None,
            }
            Some(signed)
        })
    }

    /// A webhook does not say who issued it; it must be the main issuer.
    fn issuer_of(&self, payload: &Payload) -> Result<&Arc<IssuerKeys>> {
        let registered = &payload.registered;
        let Some(iss) = registered.text(&payload.text, Name::Iss)? else {
            let is_webhook = registered.kind(false) == Some(Kind::Webhook);
            let main = self.issuers.first().filter(|_| is_webhook);
            return main.ok_or_else(|| {
                Error::new(
                    Status::ClaimMissing,
                    "the token does not say who issued it (iss)",
                )
                .with_claim(Name::Iss.as_str())
            });
        };
        self.issuers
            .iter()
            .find(|keys| keys.issuer == iss)
            .ok_or_else(|| {
                let accepted: Vec<_> = self.issuers.iter().map(|k| k.issuer.as_str()).collect();
                Error::new(
                    Status::Issuer,
                    format!(
                        "the token comes from another issuer than {}",
                        accepted.join(", ")
                    ),
                )
                .with_claim(Name::Iss.as_str())
            })
    }
}

/// The key that signed the token.
fn signer<'a>(jws: &Jws, candidates: &'a [Arc<Key>]) -> Result<Option<&'a Arc<Key>>> {
    let signature = jws.signature()?;
    Ok(candidates
        .iter()
        .find(|key| key.verifies(jws.header.algorithm, &jws.signed, &signature)))
}

fn given_keys(issuer: &str, jwks: &str) -> Result<KeySet> {
    let keys = KeySet::read(issuer, jwks.as_bytes())
        .map_err(|e| Error::new(Status::Config, e.message()).with_field("jwks"))?;
    if keys.len() == 0 {
        let message = "jwks: none of the keys can be used to verify signatures";
        return Err(Error::new(Status::Config, message).with_field("jwks"));
    }
    Ok(keys)
}

fn well_known_keys(issuer: &str) -> Result<Url> {
    let url = format!("{}{WELL_KNOWN_KEYS}", issuer.trim_end_matches('/'));
    Url::parse(&url).map_err(|_| {
        Error::new(
            Status::Config,
            format!("extra_issuers: {issuer} is not a URL"),
        )
        .with_field("extra_issuers")
    })
}

/// What a caller who asked not to wait is told.
pub(crate) fn would_block() -> Error {
    Error::new(
        Status::WouldBlock,
        "the issuer's keys must be fetched first, and the caller asked not to wait",
    )
}

fn not_found(issuer: &str) -> Error {
    Error::new(
        Status::KeyNotFound,
        format!("{issuer} publishes no key that fits the token"),
    )
}

fn ambiguous(issuer: &str, count: usize) -> Error {
    Error::new(
        Status::KeyNotFound,
        format!("the token names no key (kid), and {count} keys of {issuer} fit it"),
    )
}

fn bad_signature() -> Error {
    Error::new(
        Status::Signature,
        "the token's signature was not made by its issuer's key",
    )
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}
