//! Signatures that were verified before.

use std::sync::Arc;

use super::jws::Signed;
use super::key::KeyId;
use aws_lc_rs::digest::{Digest, SHA256_OUTPUT_LEN};
use foldhash::fast::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

/// How many bytes of payloads are kept.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How many tokens are kept.
const MAX_TOKENS: u64 = 8192;

/// The SHA-256 of a whole token: header, payload and signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    pub(super) fn of(sha256: &Digest) -> TokenDigest {
        let mut digest = [0; SHA256_OUTPUT_LEN];
        digest.copy_from_slice(sha256.as_ref());
        TokenDigest(digest)
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
    cache: Cache<Verified, Arc<Signed>, Weight, RandomState>,
}

impl Verifications {
    pub(super) fn new() -> Verifications {
        Verifications {
            cache: Cache::with(
                1024,
                MAX_BYTES,
                Weight,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
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
