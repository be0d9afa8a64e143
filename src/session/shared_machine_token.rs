//! A machine's token that all machines with the same store use.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::lease::{Lease, Pauses};
use super::records::{Body, Found, Records};
use super::store::{Key, Of};
use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::{Result, Status};
use crate::oauth::TokenSet;

impl Body for TokenSet {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.to_json().into_bytes())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        TokenSet::from_json(std::str::from_utf8(bytes).ok()?).ok()
    }

    fn size(&self) -> usize {
        self.access_token.expose().len()
    }
}

/// The token of the store under `name`, if it is `good`; otherwise the one that `request` obtains,
/// which the others then find. With the store away, every machine has a token of its own.
pub(crate) async fn shared_machine_token<W>(
    client: &Client,
    name: &str,
    good: impl Fn(&TokenSet) -> bool,
    request: impl FnOnce() -> W,
) -> Result<TokenSet>
where
    W: Future<Output = Result<TokenSet>>,
{
    let records = Records::of(client)?;
    let shared = Shared {
        key: records.key(Of::MachineToken, name),
        records,
        good,
    };
    let mut pauses = Pauses::new();
    let lease = loop {
        match shared.look_and_lease().await {
            Ok(Turn::There(tokens)) => return Ok(tokens),
            Ok(Turn::Ours(lease)) => break Some(lease),
            Ok(Turn::Theirs) => pauses.wait().await,
            Err(error) => {
                warn("is not shared", &error);
                break None;
            }
        }
    };
    match lease {
        Some(lease) => lease.hold(shared.renew(request)).await,
        None => request().await,
    }
}

struct Shared<F> {
    records: Records,
    key: Key,
    good: F,
}

enum Turn<'a> {
    There(TokenSet),
    Ours(Lease<'a>),
    Theirs,
}

impl<F: Fn(&TokenSet) -> bool> Shared<F> {
    async fn look_and_lease(&self) -> Result<Turn<'_>> {
        if let Some(found) = self.look().await?
            && (self.good)(&found.body)
        {
            return Ok(Turn::There((*found.body).clone()));
        }
        Ok(match Lease::take(&self.records, &self.key).await? {
            Some(lease) => Turn::Ours(lease),
            None => Turn::Theirs,
        })
    }

    /// What was sealed by another key, say, counts as none: it is overwritten.
    async fn look(&self) -> Result<Option<Found<TokenSet>>> {
        match self.records.load::<TokenSet>(&self.key).await {
            Err(error) if error.status() == Status::SessionInvalid => {
                let _ = self.records.delete(&self.key, None).await?;
                Ok(None)
            }
            found => found,
        }
    }

    async fn renew<W>(&self, request: impl FnOnce() -> W) -> Result<TokenSet>
    where
        W: Future<Output = Result<TokenSet>>,
    {
        // Looked at again: the one before may have obtained it.
        let found = self.look().await.unwrap_or_default();
        if let Some(found) = &found
            && (self.good)(&found.body)
        {
            return Ok((*found.body).clone());
        }
        let tokens = request().await?;
        let life = tokens.expires_at.map_or(0, |end| end - unix_seconds());
        if life > 0 {
            let version = found.map(|found| found.version);
            let body = Arc::new(tokens.clone());
            // On conflict the others have one too.
            if let Err(error) = self.records.save(&self.key, version, body, life).await {
                warn("was not given to the others", &error);
            }
        }
        Ok(tokens)
    }
}

fn warn(what: &str, error: &crate::error::Error) {
    crate::log::warn("session", &format!("a machine's token {what}: {error}"));
}
