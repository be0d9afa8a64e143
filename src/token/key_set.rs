//! The keys that an issuer publishes (RFC 7517, section 5).

use std::sync::Arc;

use serde::Deserialize;

use super::jws::Header;
use super::key::{Key, KeyId};
use crate::error::{Error, Result, Status};

/// The longest key set, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// How many members of a key set are looked at.
const MAX_KEYS: usize = 100;

/// The usable keys of one issuer.
#[derive(Default)]
pub(super) struct KeySet {
    keys: Vec<Arc<Key>>,
}

/// The keys that may have signed a token.
pub(super) enum Candidates {
    /// Those that the token names, or the only one that fits.
    Some(Vec<Arc<Key>>),
    /// The token names no key, and so many fit.
    Ambiguous(usize),
    None,
}

#[derive(Deserialize)]
struct Members {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a key set. Members that are of no use are passed over, so that an issuer can
    /// introduce new kinds of keys beside those that we know.
    pub(super) fn read(issuer: &str, json: &[u8]) -> Result<KeySet> {
        if json.len() > MAX_BYTES {
            return Err(malformed(&format!("is larger than {MAX_BYTES} bytes")));
        }
        let members: Members = serde_json::from_slice(json)
            .map_err(|_| malformed("is not a JSON object with a list named keys"))?;
        let mut keys = Vec::new();
        for (at, jwk) in members.keys.into_iter().take(MAX_KEYS).enumerate() {
            match Key::read(issuer, jwk) {
                Ok(key) => keys.push(Arc::new(key)),
                Err(why) => crate::log::info(
                    "token",
                    &format!("member {at} of the key set of {issuer} is passed over: {why}"),
                ),
            }
        }
        Ok(KeySet { keys })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn has(&self, id: &KeyId) -> bool {
        self.keys.iter().any(|key| key.id == *id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(|key| &key.id)
    }

    pub(super) fn candidates(&self, header: &Header) -> Candidates {
        let keys: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.fits(header.key_id.as_deref(), header.algorithm))
            .cloned()
            .collect();
        match keys.len() {
            0 => Candidates::None,
            several @ 2.. if header.key_id.is_none() => Candidates::Ambiguous(several),
            _ => Candidates::Some(keys),
        }
    }
}

fn malformed(why: &str) -> Error {
    Error::new(
        Status::MalformedResponse,
        format!("the key set (JWKS) {why}"),
    )
}
