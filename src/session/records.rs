//! What a client keeps in its store: read and written whole, sealed wherever it leaves the process.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::record::Kept;
use super::seal::Purpose;
use super::state::State;
use super::store::{Content, Fence, Key, Of, Record, Store, Swap};
use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::{Error, Result, Status};

/// What a record can be.
pub(super) trait Body: Any + Send + Sync + Sized {
    /// The bytes that are sealed.
    fn encode(&self) -> Zeroizing<Vec<u8>>;

    /// What `encode` made; none if it is anything else.
    fn decode(bytes: &[u8]) -> Option<Self>;

    /// About how many bytes it takes in memory.
    fn size(&self) -> usize;
}

/// The records of one client.
#[derive(Clone, Debug)]
pub(super) struct Records {
    client: Client,
    store: Arc<Store>,
}

/// A record that was read or written.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub version: u64,
    pub body: Arc<T>,
}

/// What there is under a key.
pub(super) enum Look<T> {
    Opened(Found<T>),
    /// It was sealed with another key, say.
    Unreadable {
        version: u64,
    },
}

/// How often a change is tried again because somebody else made one.
pub(super) const ATTEMPTS: usize = 64;

pub(super) fn contended(what: &str) -> Error {
    Error::new(
        Status::Conflict,
        format!("{what} was changed by too many others at once; try again"),
    )
}

impl Records {
    pub(super) fn of(client: &Client) -> Result<Records> {
        Ok(Records {
            client: client.clone(),
            store: client.store()?.clone(),
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Applications are apart, whatever store they share: those of another issuer too.
    pub(super) fn key(&self, of: Of, name: &str) -> Key {
        let settings = self.client.settings();
        Key::new(of, &[&settings.issuer, &settings.client_id], name)
    }

    /// Fails with `SESSION_INVALID` if what the store holds was not sealed here for this key.
    pub(super) async fn load<T: Body>(&self, key: &Key) -> Result<Option<Found<T>>> {
        match self.look(key).await? {
            None => Ok(None),
            Some(Look::Opened(found)) => Ok(Some(found)),
            Some(Look::Unreadable { .. }) => Err(invalid_record()),
        }
    }

    /// The record, also if it cannot be opened, so that it can be overwritten.
    pub(super) async fn look<T: Body>(&self, key: &Key) -> Result<Option<Look<T>>> {
        let Some(Record { version, content }) = self.store.load(key).await? else {
            return Ok(None);
        };
        let body = match content {
            Content::Open(body) => body.downcast().ok(),
            Content::Sealed(bytes) => {
                let purpose = Purpose::Record(key.as_str());
                let opened = self.client.sealer()?.open(purpose, &bytes);
                opened.and_then(|bytes| T::decode(&bytes)).map(Arc::new)
            }
        };
        Ok(Some(match body {
            Some(body) => Look::Opened(Found { version, body }),
            None => Look::Unreadable { version },
        }))
    }

    /// Has the list of a user's sessions count as used when one of them is, where what was not used
    /// for longest is dropped first: the memory of this process. False if the list is gone.
    pub(super) fn keep_list_in_memory(&self, kept: &Kept) -> bool {
        match &*self.store {
            Store::Memory(memory) => kept
                .list(|sub| self.key(Of::User, sub))
                .is_none_or(|list| memory.load(list).is_some()),
            Store::Redis(_) | Store::Host(_) => true,
        }
    }

    /// Writes if the record still is `former`, or there is none if that is none. None on conflict.
    pub(super) async fn save<T: Body>(
        &self,
        key: &Key,
        former: Option<u64>,
        body: Arc<T>,
        life_seconds: i64,
    ) -> Result<Option<Found<T>>> {
        let size = body.size();
        let content = if self.store.is_elsewhere() {
            let purpose = Purpose::Record(key.as_str());
            Content::Sealed(self.client.sealer()?.seal(purpose, body.encode())?.into())
        } else {
            Content::Open(body.clone())
        };
        let version = former.unwrap_or(0) + 1;
        let record = Record { version, content };
        let life = Duration::from_secs(u64::try_from(life_seconds).unwrap_or(0).max(1));
        match self.store.save(key, former, record, size, life).await? {
            Swap::Done => Ok(Some(Found { version, body })),
            Swap::Conflict => Ok(None),
        }
    }

    pub(super) async fn delete(&self, key: &Key, version: Option<u64>) -> Result<Swap> {
        self.store.delete(key, version).await
    }

    pub(super) async fn lease(
        &self,
        key: &Key,
        held: Option<Fence>,
        life: Duration,
    ) -> Result<Option<Fence>> {
        self.store.lease(key, held, life).await
    }

    /// A lease that is not given back ends by itself, so a failure costs a little time only.
    pub(super) async fn release(&self, key: &Key, fence: Fence) {
        if let Err(error) = self.store.release(key, fence).await {
            crate::log::warn("session", &format!("a lease was not given back: {error}"));
        }
    }
}

impl Client {
    /// When a session that is kept now ends, if nobody uses it, in Unix seconds. One that holds
    /// nothing but sign-ins under way lives no longer than they do: anybody can begin them.
    pub(super) fn session_end(&self, state: &State) -> i64 {
        let idle = self.session_idle_seconds();
        let life = match state.is_of_somebody() {
            true => idle,
            false => idle.min(self.sign_in_lifetime_seconds()),
        };
        let idle_end = unix_seconds().saturating_add(life);
        idle_end.min(self.session_last_end(state.created_at))
    }

    /// When a session ends at the latest, in Unix seconds.
    pub(super) fn session_last_end(&self, created_at: i64) -> i64 {
        created_at.saturating_add(self.session_max_seconds())
    }
}

fn invalid_record() -> Error {
    Error::new(
        Status::SessionInvalid,
        "the session in the store cannot be opened: it was sealed with another key, for another \
         application or by another version; sign in again",
    )
}
