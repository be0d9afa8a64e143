//! Records on the server: kept under keys, changed by compare-and-swap, leased for a while.
//!
//! A store knows nothing of sessions. It sees keys that are digests, and records that are sealed
//! wherever they leave the process.

mod host;
mod memory;
mod redis;
mod shared;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use self::host::Host;
pub(crate) use self::memory::Memory;
use self::redis::Redis;
use crate::error::Result;

/// No key is longer: what it is of, a point, and 256 bits in base64url.
const KEY_LENGTH: usize = 51;

/// The name of a record: what it is of, and a digest of what it belongs to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key(Arc<str>);

/// What a record is of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// A session, by its id.
    Session,
    /// The sessions of a user, by the `sub` of his tokens.
    User,
    /// A machine's token, by what it was asked for with.
    MachineToken,
    /// A webhook that was handled, by the id of its event.
    Webhook,
    /// What is known of a refresh token, in this process alone.
    Token,
}

impl Key {
    /// The digest is also of the `owner`, what an application is known by: applications that share
    /// a store do not meet.
    pub(crate) fn new(of: Of, owner: &[&str], name: &str) -> Key {
        let kind = match of {
            Of::Session => "session",
            Of::User => "user",
            Of::MachineToken => "machine",
            Of::Webhook => "webhook",
            Of::Token => "token",
        };
        let mut digest = Sha256::new();
        let parts = [kind].into_iter().chain(owner.iter().copied());
        for part in parts.chain([name]) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let digest = digest.finalize();
        let mut key = String::with_capacity(KEY_LENGTH);
        key.push_str(kind);
        key.push('.');
        URL_SAFE_NO_PAD.encode_append(digest, &mut key);
        Key(key.into())
    }

    /// A key that was kept.
    pub(crate) fn from_kept(text: &str) -> Key {
        Key(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A record and its version, which is never 0 and grows with each change.
#[derive(Clone)]
pub(crate) struct Record {
    pub version: u64,
    pub content: Content,
}

/// What a record holds.
#[derive(Clone)]
pub(crate) enum Content {
    /// Encrypted and authenticated.
    Sealed(Arc<[u8]>),
    /// As it is: in the memory of this process alone.
    Open(Arc<dyn Any + Send + Sync>),
}

/// The right to do something alone for a while. A later lease of the same key has a greater value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fence(pub u64);

/// Whether a change was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Swap {
    Done,
    /// The record has another version than was expected, or is there or missing against it.
    Conflict,
}

impl Swap {
    fn when(done: bool) -> Swap {
        if done { Swap::Done } else { Swap::Conflict }
    }
}

/// Where records are kept.
#[derive(Debug)]
pub(crate) enum Store {
    Memory(Memory),
    Redis(Box<Redis>),
    Host(Host),
}

impl Store {
    /// Whether records leave the process, and so must be sealed.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !matches!(self, Store::Memory(_))
    }

    pub(crate) async fn load(&self, key: &Key) -> Result<Option<Record>> {
        match self {
            Store::Memory(memory) => Ok(memory.load(key)),
            Store::Redis(redis) => {
                let found = redis.load(key.as_str()).await?;
                Ok(found.map(|(version, bytes)| Record {
                    version,
                    content: Content::Sealed(bytes.into()),
                }))
            }
            Store::Host(host) => host.load(key).await,
        }
    }

    /// Writes `record`, whose size in memory is about `size` bytes, if the version is `expected`:
    /// none if there must be no record yet.
    pub(crate) async fn save(
        &self,
        key: &Key,
        expected: Option<u64>,
        record: Record,
        size: usize,
        life: Duration,
    ) -> Result<Swap> {
        match (self, &record.content) {
            (Store::Memory(memory), _) => Ok(memory.save(key, expected, record, size, life)),
            (Store::Redis(redis), Content::Sealed(bytes)) => {
                let version = record.version;
                let saved = redis.save(key.as_str(), expected, version, bytes, life);
                saved.await.map(Swap::when)
            }
            (Store::Host(host), Content::Sealed(bytes)) => {
                host.save(key, expected, record.version, bytes, life).await
            }
            (_, Content::Open(_)) => Err(unsealed()),
        }
    }

    /// Deletes the record if its version is `expected`; whatever version it has if that is none.
    pub(crate) async fn delete(&self, key: &Key, expected: Option<u64>) -> Result<Swap> {
        match self {
            Store::Memory(memory) => Ok(memory.delete(key, expected)),
            Store::Redis(redis) => redis.delete(key.as_str(), expected).await.map(Swap::when),
            Store::Host(host) => host.delete(key, expected).await,
        }
    }

    /// Takes the key's lease, or prolongs the one that is `held`. None if somebody else has it.
    pub(crate) async fn lease(
        &self,
        key: &Key,
        held: Option<Fence>,
        life: Duration,
    ) -> Result<Option<Fence>> {
        let held = held.map(|fence| fence.0);
        let value = match self {
            Store::Memory(memory) => memory.lease(key, held, life),
            Store::Redis(redis) => redis.lease(key.as_str(), held, life).await?,
            Store::Host(host) => host.lease(key, held, life).await?,
        };
        Ok(value.map(Fence))
    }

    pub(crate) async fn release(&self, key: &Key, fence: Fence) -> Result<()> {
        match self {
            Store::Memory(memory) => {
                memory.release(key, fence.0);
                Ok(())
            }
            Store::Redis(redis) => redis.release(key.as_str(), fence.0).await,
            Store::Host(host) => host.release(key, fence.0).await,
        }
    }
}

fn unsealed() -> crate::error::Error {
    crate::error::Error::new(
        crate::error::Status::Internal,
        "a record that is not sealed must not leave the process",
    )
}
