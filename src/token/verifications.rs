//! Signatures that were verified before.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::jws::Signed;
use super::key::KeyId;

/// How many bytes of payloads are kept.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How many tokens are kept.
const MAX_TOKENS: u64 = 8192;

/// A digest of a whole token: header, payload and signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> TokenDigest {
        TokenDigest(Sha256::digest(token).into())
    }
}

/// What was verified: this token, with this key of this issuer. Nothing that differs in one of
/// them can be taken for it.
type Verified = (TokenDigest, KeyId);

#[derive(Clone)]
struct Weight;

impl Weighter<Verified, Arc<Signed>> for Weight {
    fn weight(&self, _: &Verified, signed: &Arc<Signed>) -> u64 {
        // A least weight bounds the count as well.
        (signed.text().len() as u64).max(MAX_BYTES / MAX_TOKENS)
    }
}

/// A bounded cache of good signatures. It knows nothing of issuers, audiences or times, which are
/// judged anew each time; a bad signature is never kept.
pub(super) struct Verifications {
    cache: Cache<Verified, Arc<Signed>, Weight>,
}

impl Verifications {
    pub(super) fn new() -> Verifications {
        Verifications {
            cache: Cache::with_weighter(1024, MAX_BYTES, Weight),
        }
    }

    pub(super) fn get(&self, token: TokenDigest, key: KeyId) -> Option<Arc<Signed>> {
        self.cache.get(&(token, key))
    }

    pub(super) fn keep(&self, token: TokenDigest, key: KeyId, signed: &Arc<Signed>) {
        self.cache.insert((token, key), signed.clone());
    }

    /// Forgets what these keys verified: their issuer does not publish them any more.
    pub(super) fn forget(&self, gone: &[KeyId]) {
        if !gone.is_empty() {
            self.cache.retain(|(_, key), _| !gone.contains(key));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cache.len()
    }
}
