//! Which sessions a user has, so that all of them can be ended.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::Zeroizing;

use super::records::{Body, Records};
use super::store::{Key, Of, Swap};
use crate::clock::unix_seconds;
use crate::error::{Error, Result, Status};

/// More sessions of one user are not kept; the one that would end first is ended.
const SESSIONS_LIMIT: usize = 1000;

/// How often a change is tried again because somebody else made one.
const ATTEMPTS: usize = 64;

/// The sessions of one user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Sessions(Vec<Entry>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    /// When the session ends at the latest, in Unix seconds.
    ends_at: i64,
}

impl Body for Sessions {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Plain data in memory: there is nothing that the serialization could refuse.
        Zeroizing::new(postcard::to_allocvec(self).unwrap_or_default())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn size(&self) -> usize {
        self.0.iter().map(|entry| entry.key.len() + 32).sum()
    }
}

impl Sessions {
    fn last_end(&self) -> i64 {
        self.0.iter().map(|entry| entry.ends_at).max().unwrap_or(0)
    }

    /// Gives the sessions that are one too many.
    fn add(&mut self, key: &Key, ends_at: i64) -> Vec<Entry> {
        let now = unix_seconds();
        self.0
            .retain(|entry| entry.ends_at > now && entry.key != key.as_str());
        self.0.push(Entry {
            key: key.as_str().to_owned(),
            ends_at,
        });
        self.0.sort_by_key(|entry| entry.ends_at);
        let surplus = self.0.len().saturating_sub(SESSIONS_LIMIT);
        self.0.drain(..surplus).collect()
    }
}

impl Records {
    /// Notes that a session belongs to a user. To be done before the session is saved, so that
    /// there is none that could not be found.
    pub(super) async fn add_to_user(&self, sub: &str, session: &Key, ends_at: i64) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let found = self.load::<Sessions>(&user).await?;
            let version = found.as_ref().map(|found| found.version);
            let mut sessions = found.map_or_else(Sessions::default, |found| (*found.body).clone());
            let surplus = sessions.add(session, ends_at);
            let life = sessions.last_end() - unix_seconds();
            let saved = self.save(&user, version, Arc::new(sessions), life).await?;
            if saved.is_some() {
                return self.delete_entries(&surplus).await;
            }
        }
        Err(contended())
    }

    /// Whether a session stands on the list of a user.
    pub(super) async fn has_user(&self, sub: &str, session: &Key) -> Result<bool> {
        let found = self.load::<Sessions>(&self.key(Of::User, sub)).await?;
        Ok(found.is_some_and(|found| {
            let mut entries = found.body.0.iter();
            entries.any(|entry| entry.key == session.as_str())
        }))
    }

    /// Notes that a session is no longer the user's.
    pub(super) async fn remove_from_user(&self, sub: &str, session: &Key) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let Some(found) = self.load::<Sessions>(&user).await? else {
                return Ok(());
            };
            let mut sessions = (*found.body).clone();
            sessions.0.retain(|entry| entry.key != session.as_str());
            let done = if sessions.0.is_empty() {
                self.delete(&user, Some(found.version)).await? == Swap::Done
            } else if sessions.0.len() == found.body.0.len() {
                true
            } else {
                let life = sessions.last_end() - unix_seconds();
                let saved = self.save(&user, Some(found.version), Arc::new(sessions), life);
                saved.await?.is_some()
            };
            if done {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Ends all sessions of a user.
    pub(super) async fn revoke_user(&self, sub: &str) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let Some(found) = self.load::<Sessions>(&user).await? else {
                return Ok(());
            };
            self.delete_entries(&found.body.0).await?;
            // Conflicts if the user signed in meanwhile: that session is ended too.
            if self.delete(&user, Some(found.version)).await? == Swap::Done {
                return Ok(());
            }
        }
        Err(contended())
    }

    async fn delete_entries(&self, entries: &[Entry]) -> Result<()> {
        for entry in entries {
            // Whatever version it has: a conflict is not possible.
            let _ = self.delete(&Key::from_kept(&entry.key), None).await?;
        }
        Ok(())
    }
}

fn contended() -> Error {
    Error::new(
        Status::Conflict,
        "the user's sessions were changed by too many others at once; try again",
    )
}
