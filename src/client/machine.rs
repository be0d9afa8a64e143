//! Machine tokens (RFC 6749, section 4.4), kept until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::clock::unix_seconds;
use crate::error::Result;
use crate::flight::Flight;
use crate::oauth::TokenSet;
use crate::runtime::lock;
use crate::secret::Secret;

/// How long before its end a kept token is no longer handed out.
const RENEW_BEFORE_SECONDS: i64 = 60;

/// More kinds of token than this are not kept at once.
const KINDS_LIMIT: usize = 256;

/// How long a token that was refused as soon as it was obtained is kept all the same: the fault is
/// not its age, so another one would be refused too, and Kinde counts what it issues.
const KEEP_REFUSED: Duration = Duration::from_secs(5 * 60);

/// What makes two requests for a machine token the same.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct MachineTokenKey([u8; 32]);

impl MachineTokenKey {
    /// The key as text.
    pub(crate) fn name(&self) -> String {
        URL_SAFE_NO_PAD.encode_to_string(self.0)
    }

    /// A digest of all parts, so that no secret is kept beside the token.
    pub(crate) fn of(parts: &[Option<&str>]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // The length keeps neighbours apart; that of a missing part is none that a text has.
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            digest.update(length.to_be_bytes());
            digest.update(part.unwrap_or_default());
        }
        MachineTokenKey(digest.finalize().into())
    }
}

/// The machine tokens of one process.
#[derive(Debug, Default)]
pub(crate) struct MachineTokens {
    kinds: Mutex<HashMap<MachineTokenKey, Arc<Kind>>>,
}

#[derive(Debug, Default)]
struct Kind {
    kept: Mutex<Option<TokenSet>>,
    /// The access token that was refused last, which other machines may still share.
    refused: Mutex<Option<Secret>>,
    /// The access token that was refused when it was new, and when that was.
    refused_new: Mutex<Option<(Secret, Instant)>>,
    flight: Flight<TokenSet>,
}

/// Whether a token is to be handed out.
pub(crate) type Good = Box<dyn Fn(&TokenSet) -> bool + Send + Sync>;

impl MachineTokens {
    /// The kept token, or the one that `request` obtains; all who wait share one request, which is
    /// told what tokens that others share are worth.
    pub(crate) async fn get<W>(
        &self,
        key: MachineTokenKey,
        worker_threads: usize,
        request: impl FnOnce(Good) -> W + Send + 'static,
    ) -> Result<TokenSet>
    where
        W: Future<Output = Result<TokenSet>> + Send + 'static,
    {
        let kind = self.kind(key);
        if let Some(tokens) = kind.fresh() {
            return Ok(tokens);
        }
        let keeper = kind.clone();
        kind.flight
            .join(worker_threads, move || async move {
                // Looked at again: a request may have ended since.
                if let Some(tokens) = keeper.fresh() {
                    return Ok(tokens);
                }
                let judge = keeper.clone();
                let good = Box::new(move |tokens: &TokenSet| judge.is_good(tokens));
                let tokens = request(good).await?;
                *lock(&keeper.kept) = Some(tokens.clone());
                Ok(tokens)
            })
            .await
    }

    /// Whether there is a token that need not be requested.
    pub(crate) fn keeps(&self, key: &MachineTokenKey) -> bool {
        let kind = lock(&self.kinds).get(key).cloned();
        kind.is_some_and(|kind| kind.fresh().is_some())
    }

    /// Lets go of a token that was refused or revoked, so that the next caller does not get it.
    pub(crate) fn forget(&self, access_token: &Secret) {
        for kind in lock(&self.kinds).values() {
            let mut kept = lock(&kind.kept);
            if let Some(kept) = kept.take_if(|kept| kept.access_token == *access_token) {
                *lock(&kind.refused) = Some(kept.access_token);
            }
        }
    }

    /// Takes note that a token was refused. Says whether a new one may help; then it is let go of.
    /// `is_new` if the one before it was refused for the same.
    pub(crate) fn refuse(&self, access_token: &Secret, is_new: bool) -> bool {
        if is_new {
            for kind in lock(&self.kinds)
                .values()
                .filter(|it| it.keeps(access_token))
            {
                *lock(&kind.refused_new) = Some((access_token.clone(), Instant::now()));
            }
            return false;
        }
        let is_in_vain = lock(&self.kinds)
            .values()
            .any(|kind| kind.was_refused_new(access_token));
        if !is_in_vain {
            self.forget(access_token);
        }
        !is_in_vain
    }

    /// How many kinds of token are kept.
    pub(crate) fn len(&self) -> usize {
        lock(&self.kinds).len()
    }

    fn kind(&self, key: MachineTokenKey) -> Arc<Kind> {
        let mut kinds = lock(&self.kinds);
        if kinds.len() >= KINDS_LIMIT && !kinds.contains_key(&key) {
            kinds.retain(|_, kind| kind.fresh().is_some() || Arc::strong_count(kind) > 1);
            if kinds.len() >= KINDS_LIMIT {
                return Arc::default();
            }
        }
        kinds.entry(key).or_default().clone()
    }
}

impl Kind {
    fn fresh(&self) -> Option<TokenSet> {
        let kept = lock(&self.kept);
        kept.as_ref().filter(|tokens| is_fresh(tokens)).cloned()
    }

    fn keeps(&self, access_token: &Secret) -> bool {
        let kept = lock(&self.kept);
        kept.as_ref()
            .is_some_and(|it| it.access_token == *access_token)
    }

    fn was_refused_new(&self, access_token: &Secret) -> bool {
        let refused = lock(&self.refused_new);
        refused
            .as_ref()
            .is_some_and(|(token, at)| token == access_token && at.elapsed() < KEEP_REFUSED)
    }

    fn is_good(&self, tokens: &TokenSet) -> bool {
        is_fresh(tokens) && lock(&self.refused).as_ref() != Some(&tokens.access_token)
    }
}

fn is_fresh(tokens: &TokenSet) -> bool {
    // Without a stated end nothing is known about the token's life, so it is used once.
    let Some(expires_at) = tokens.expires_at else {
        return false;
    };
    let life = expires_at - tokens.received_at;
    let renew_before = RENEW_BEFORE_SECONDS.min(life / 10);
    expires_at - renew_before > unix_seconds()
}
