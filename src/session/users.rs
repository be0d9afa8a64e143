//! Which sessions a user has, so that all of them can be ended.

use std::sync::Arc;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::records::{ATTEMPTS, Body, Look, Records, contended};
use super::store::{Key, Of, Swap};
use crate::clock::unix_seconds;
use crate::error::Result;

/// More sessions of one user are not kept; the one that would end first is ended.
const SESSIONS_LIMIT: usize = 1000;

/// How many sessions are deleted at once.
const DELETIONS: usize = 32;

const LIST: &str = "the list of the user's sessions";

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

    /// Gives the sessions that are one too many. Never the one that is added, however soon it ends.
    fn add(&mut self, key: &Key, ends_at: i64) -> Vec<Entry> {
        let now = unix_seconds();
        self.0
            .retain(|entry| entry.ends_at > now && entry.key != key.as_str());
        self.0.sort_unstable_by_key(|entry| entry.ends_at);
        let surplus = (self.0.len() + 1).saturating_sub(SESSIONS_LIMIT);
        let surplus = self.0.drain(..surplus).collect();
        self.0.push(Entry {
            key: key.as_str().to_owned(),
            ends_at,
        });
        surplus
    }
}

impl Records {
    /// Notes that a session belongs to a user. To be done before the session is saved, so that
    /// there is none that could not be found.
    ///
    /// A list that cannot be opened is begun anew. That ends no session, and those in use come on
    /// the new one when their lives are prolonged.
    pub(super) async fn add_to_user(&self, sub: &str, session: &Key, ends_at: i64) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let (version, mut sessions) = match self.look::<Sessions>(&user).await? {
                None => (None, Sessions::default()),
                Some(Look::Opened(found)) => (Some(found.version), (*found.body).clone()),
                Some(Look::Unreadable { version }) => {
                    warn_of_unreadable("is begun anew");
                    (Some(version), Sessions::default())
                }
            };
            let surplus = sessions.add(session, ends_at);
            let life = sessions.last_end() - unix_seconds();
            let saved = self.save(&user, version, Arc::new(sessions), life).await?;
            if saved.is_some() {
                return self.delete_entries(&surplus).await;
            }
        }
        Err(contended(LIST))
    }

    /// Whether a session still stands on the list of a user. If others wrote one that cannot be
    /// opened here, it was not deleted, and so the sessions were not ended.
    pub(super) async fn has_user(&self, sub: &str, session: &Key) -> Result<bool> {
        let user = self.key(Of::User, sub);
        Ok(match self.look::<Sessions>(&user).await? {
            None => false,
            Some(Look::Opened(found)) => {
                let mut entries = found.body.0.iter();
                entries.any(|entry| entry.key == session.as_str())
            }
            Some(Look::Unreadable { .. }) => true,
        })
    }

    /// Notes that a session is no longer the user's.
    pub(super) async fn remove_from_user(&self, sub: &str, session: &Key) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let Some(Look::Opened(found)) = self.look::<Sessions>(&user).await? else {
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
        Err(contended(LIST))
    }

    /// Ends all sessions of a user. A list that cannot be opened counts as none: what was sealed
    /// with the same key cannot be opened either. It stays, for others who have the key.
    pub(super) async fn revoke_user(&self, sub: &str) -> Result<()> {
        let user = self.key(Of::User, sub);
        for _ in 0..ATTEMPTS {
            let found = match self.look::<Sessions>(&user).await? {
                None => return Ok(()),
                Some(Look::Opened(found)) => found,
                Some(Look::Unreadable { .. }) => {
                    warn_of_unreadable("counts as empty");
                    return Ok(());
                }
            };
            self.delete_entries(&found.body.0).await?;
            // Conflicts if the user signed in meanwhile: that session is ended too.
            if self.delete(&user, Some(found.version)).await? == Swap::Done {
                return Ok(());
            }
        }
        Err(contended(LIST))
    }

    /// Several at once: a user may have so many that one after another would take too long.
    async fn delete_entries(&self, entries: &[Entry]) -> Result<()> {
        for some in entries.chunks(DELETIONS) {
            let deletions = some.iter().map(|entry| async {
                // Whatever version it has: a conflict is not possible.
                let _ = self.delete(&Key::from_kept(&entry.key), None).await?;
                Ok(())
            });
            try_join_all(deletions).await?;
        }
        Ok(())
    }
}

fn warn_of_unreadable(what: &str) {
    crate::log::warn(
        "session",
        &format!(
            "the list of a user's sessions cannot be opened and {what}: it was sealed with a key \
             that is not among seal_keys"
        ),
    );
}
