//! Records in the memory of this process.
//!
//! The cache reclaims what it drops by epochs, which are counted for the whole process. If a fork
//! catches another thread in the middle of a call, the child's epoch stands still from then on: its
//! cache works, but what it drops is not given back to the allocator. A host that forks workers has
//! a store that they share, or it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Content, Key, Record, Swap};

/// Leases are short, and few sessions are refreshed at one time.
const MAX_LEASES: usize = 100_000;

/// Bounded by count and by bytes; what was not used for longest is dropped first.
pub(crate) struct Memory {
    records: Cache<Key, Entry>,
    /// Each is a record whose version is the lease's value.
    leases: Cache<Key, Entry>,
    last_lease: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    record: Record,
    weight: u32,
    life: Duration,
}

struct Life;

impl Expiry<Key, Entry> for Life {
    fn expire_after_create(&self, _: &Key, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life)
    }
}

fn cache(max_records: usize, max_bytes: usize) -> Cache<Key, Entry> {
    // A least weight bounds the count as well.
    let least = u32::try_from(max_bytes / max_records.max(1)).unwrap_or(u32::MAX);
    Cache::builder()
        .eviction_policy(EvictionPolicy::lru())
        .max_capacity(max_bytes as u64)
        .weigher(move |_, entry: &Entry| entry.weight.max(least))
        .expire_after(Life)
        .build()
}

impl Memory {
    pub(crate) fn new(max_records: usize, max_bytes: usize) -> Memory {
        Memory {
            records: cache(max_records, max_bytes),
            leases: cache(MAX_LEASES, MAX_LEASES),
            last_lease: AtomicU64::new(0),
        }
    }

    pub(crate) fn load(&self, key: &Key) -> Option<Record> {
        self.records.get(key).map(|entry| entry.record)
    }

    /// Writes whatever is there.
    pub(crate) fn put(&self, key: Key, content: Content, life: Duration) {
        let record = Record {
            version: 1,
            content,
        };
        let weight = 1;
        self.records.insert(
            key,
            Entry {
                record,
                weight,
                life,
            },
        );
    }

    pub(super) fn save(
        &self,
        key: &Key,
        expected: Option<u64>,
        record: Record,
        size: usize,
        life: Duration,
    ) -> Swap {
        let weight = u32::try_from(size).unwrap_or(u32::MAX);
        let outcome = self.records.entry_by_ref(key).and_compute_with(|found| {
            let version = found.map(|entry| entry.value().record.version);
            if version != expected {
                return Op::Nop;
            }
            Op::Put(Entry {
                record,
                weight,
                life,
            })
        });
        Swap::when(matches!(
            outcome,
            CompResult::Inserted(_) | CompResult::ReplacedWith(_)
        ))
    }

    pub(crate) fn delete(&self, key: &Key, expected: Option<u64>) -> Swap {
        let outcome = self.records.entry_by_ref(key).and_compute_with(|found| {
            let version = found.map(|entry| entry.value().record.version);
            match (version, expected) {
                (None, _) => Op::Nop,
                (Some(version), Some(expected)) if version != expected => Op::Nop,
                _ => Op::Remove,
            }
        });
        Swap::when(match outcome {
            CompResult::Removed(_) => true,
            CompResult::StillNone(_) => expected.is_none(),
            _ => false,
        })
    }

    pub(super) fn lease(&self, key: &Key, held: Option<u64>, life: Duration) -> Option<u64> {
        let mut value = None;
        let _ = self.leases.entry_by_ref(key).and_compute_with(|found| {
            let theirs = found.map(|entry| entry.value().record.version);
            value = match (theirs, held) {
                (Some(theirs), Some(held)) if theirs == held => Some(held),
                (Some(_), _) => None,
                (None, Some(held)) => Some(held),
                (None, None) => Some(self.last_lease.fetch_add(1, Ordering::Relaxed) + 1),
            };
            match value {
                Some(version) => Op::Put(Entry {
                    record: Record {
                        version,
                        content: Content::Sealed(Arc::default()),
                    },
                    weight: 1,
                    life,
                }),
                None => Op::Nop,
            }
        });
        value
    }

    pub(super) fn release(&self, key: &Key, value: u64) {
        let _ = self.leases.entry_by_ref(key).and_compute_with(|found| {
            match found.is_some_and(|entry| entry.value().record.version == value) {
                true => Op::Remove,
                false => Op::Nop,
            }
        });
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory")
            .field("records", &self.records.entry_count())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(…)")
    }
}
