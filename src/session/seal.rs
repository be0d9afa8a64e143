//! Sealing: encrypted and authenticated with the application's keys, for one purpose only.
//!
//! A sealed text is `version, key id, nonce, ciphertext, tag`. Version and key id stand in the clear
//! and are authenticated with the rest. The cipher is AES-256-GCM-SIV (RFC 8452), because nonces are
//! random: two equal ones in the life of a key would reveal no more than that two texts are equal.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};
use crate::oauth::random;
use crate::secret::Secret;

/// The layout that is written. Another one is not opened.
const VERSION: u8 = 1;

const KEY_ID_LEN: usize = 4;
const HEADER_LEN: usize = 1 + KEY_ID_LEN;
const TAG_LEN: usize = 16;

/// How much longer than its content a sealed text is, in bytes.
pub(super) const OVERHEAD: usize = HEADER_LEN + NONCE_LEN + TAG_LEN;

/// What something is sealed for. It opens for nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// A session that the browser carries.
    Cookie,
    /// The record of a store that has this key.
    Record(&'a str),
}

/// The keys of one application: the first seals, all open.
pub(crate) struct Sealer {
    keys: Vec<SealKey>,
    issuer: Box<str>,
    client_id: Box<str>,
}

struct SealKey {
    id: [u8; KEY_ID_LEN],
    aead: LessSafeKey,
}

/// How many bytes to derive.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl SealKey {
    /// Derives the key from a secret (RFC 5869), and its id apart from it.
    fn derive(secret: &Secret) -> Option<SealKey> {
        let derived = Salt::new(HKDF_SHA256, b"").extract(secret.expose().as_bytes());
        let expand = |label: &[u8], out: &mut [u8]| {
            let info = [label];
            let filled = derived.expand(&info, Length(out.len())).ok()?.fill(out);
            filled.ok()
        };
        let mut key = Zeroizing::new([0; 32]);
        let mut id = [0; KEY_ID_LEN];
        expand(b"kinde seal key", key.as_mut_slice())?;
        expand(b"kinde seal key id", &mut id)?;
        let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key.as_slice()).ok()?);
        Some(SealKey { id, aead })
    }
}

impl Sealer {
    /// Fails with `CONFIG` if there is no key.
    pub(crate) fn new(seal_keys: &[Secret], issuer: &str, client_id: &str) -> Result<Sealer> {
        if seal_keys.is_empty() {
            return Err(no_key());
        }
        let keys: Option<Vec<SealKey>> = seal_keys.iter().map(SealKey::derive).collect();
        Ok(Sealer {
            keys: keys.ok_or_else(failed)?,
            issuer: issuer.into(),
            client_id: client_id.into(),
        })
    }

    /// Seals `content` in place.
    pub(super) fn seal(
        &self,
        purpose: Purpose<'_>,
        mut content: Zeroizing<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let key = self.keys.first().ok_or_else(no_key)?;
        let nonce = *random::bytes::<NONCE_LEN>()?;
        let mut sealed = Vec::with_capacity(content.len() + OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&nonce);
        let tag = key
            .aead
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.context(purpose, &sealed[..HEADER_LEN]),
                content.as_mut_slice(),
            )
            .map_err(|_| failed())?;
        sealed.extend_from_slice(&content);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// The content, if all of it was sealed with one of the keys, for this purpose and application.
    pub(super) fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if sealed.len() < OVERHEAD || sealed[0] != VERSION {
            return None;
        }
        let (header, rest) = sealed.split_at(HEADER_LEN);
        let (nonce, ciphertext) = rest.split_at(NONCE_LEN);
        for key in self.keys.iter().filter(|key| key.id == header[1..]) {
            let mut content = Zeroizing::new(ciphertext.to_vec());
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let context = self.context(purpose, header);
            if let Ok(opened) = key
                .aead
                .open_in_place(nonce, context, content.as_mut_slice())
            {
                let length = opened.len();
                content.truncate(length);
                return Some(content);
            }
        }
        None
    }

    /// What a sealed text is bound to. Lengths keep neighbours apart.
    fn context(&self, purpose: Purpose<'_>, header: &[u8]) -> Aad<Vec<u8>> {
        let (purpose, key) = match purpose {
            Purpose::Cookie => ("kinde session cookie", ""),
            Purpose::Record(key) => ("kinde store record", key),
        };
        let parts = [purpose, &*self.issuer, &*self.client_id, key];
        let length: usize = parts.iter().map(|part| size_of::<u64>() + part.len()).sum();
        let mut context = Vec::with_capacity(header.len() + length);
        context.extend_from_slice(header);
        for part in parts {
            context.extend_from_slice(&(part.len() as u64).to_be_bytes());
            context.extend_from_slice(part.as_bytes());
        }
        Aad::from(context)
    }
}

fn no_key() -> Error {
    Error::new(
        Status::Config,
        "seal_keys: needed to seal a session; give at least one secret text of 32 random bytes or \
         more, such as `openssl rand -base64 32` prints",
    )
    .with_field("seal_keys")
}

fn failed() -> Error {
    Error::new(
        Status::Internal,
        "the session could not be sealed: the cipher failed",
    )
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
