//! A whole session as one text, for the browser to carry or for a store of the application's.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64_simd::URL_SAFE_NO_PAD;
use strum::VariantNames;

use super::Session;
use super::record::Kept;
pub use super::record::SealContent;
use super::seal::Purpose;
use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::{Error, Result, Status};
use crate::params::Fields;

/// A longer text is no sealed session; nothing of it is looked at.
const MAX_SEALED_BYTES: usize = 1024 * 1024;

/// How a session is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealParams {
    /// How much of it.
    pub content: SealContent,
}

impl SealParams {
    /// Reads `{content}`: `"all"`, which is the default, or `"claims"`. Fails with
    /// `INVALID_ARGUMENT`, which names every field that is unknown or wrong.
    pub fn from_json(json: &str) -> Result<Self> {
        let mut fields = Fields::parse(json)?;
        let mut params = SealParams::default();
        if let Some(content) = fields.take_string("content") {
            match content.parse() {
                Ok(content) => params.content = content,
                Err(_) => fields.wrong(
                    "content",
                    format!("expected one of {}", SealContent::VARIANTS.join(", ")),
                ),
            }
        }
        fields.finish()?;
        Ok(params)
    }
}

impl Session {
    /// The whole session as one text of base64url, encrypted and authenticated with the first of
    /// the setting `seal_keys`. It opens for the same issuer and `client_id` alone, until the
    /// session's time is over. Uses no network.
    ///
    /// # Errors
    /// `CONFIG` without seal keys; `SESSION_NOT_FOUND` if the session is over.
    pub fn seal(&self, params: &SealParams) -> Result<String> {
        let client = &self.0.client;
        let state = self.0.state.load_full();
        let now = unix_seconds();
        let ends_at = client.session_end(&state);
        if ends_at <= now {
            return Err(super::keeping::not_found());
        }
        let kept = Kept::new(state, now, ends_at);
        let sealed = client
            .sealer()?
            .seal(Purpose::Cookie, kept.encode(params.content))?;
        self.0.sealed_at.store(now, Ordering::Relaxed);
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// The session of a sealed text. The seal vouches for the claims inside: no signature is
    /// checked again, and no network used. Opening anything else fails in one way: a text that was
    /// sealed with another key, for another application, by another version, altered, cut or
    /// expired.
    ///
    /// # Errors
    /// `SESSION_INVALID`; `CONFIG` without seal keys.
    pub fn open(client: &Client, sealed: &str) -> Result<Session> {
        let sealer = client.sealer()?;
        let kept = Some(sealed)
            .filter(|sealed| sealed.len() <= MAX_SEALED_BYTES)
            .and_then(|sealed| URL_SAFE_NO_PAD.decode_to_vec(sealed).ok())
            .and_then(|sealed| sealer.open(Purpose::Cookie, &sealed))
            .and_then(|content| Kept::decode(&content))
            .filter(|kept| kept.ends_at > unix_seconds())
            .ok_or_else(invalid)?;
        let session = Session::with_state(client, Arc::clone(&kept.state));
        session.0.sealed_at.store(kept.kept_at, Ordering::Relaxed);
        Ok(session)
    }

    /// Lets a sealed session that was not sealed anew for long count as changed, so that the host
    /// keeps it again and its life is prolonged.
    pub(super) fn prolong(&self) {
        let sealed_at = self.0.sealed_at.load(Ordering::Relaxed);
        if sealed_at == 0 || !self.0.client.is_to_be_kept_again(sealed_at) {
            return;
        }
        let marked = self.0.sealed_at.compare_exchange(
            sealed_at,
            unix_seconds(),
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if marked.is_ok() {
            self.0.state.rcu(|state| state.changed());
        }
    }
}

fn invalid() -> Error {
    Error::new(
        Status::SessionInvalid,
        "the sealed session cannot be opened: it is over, was altered, or was sealed with another \
         key or for another application; sign in again",
    )
}
