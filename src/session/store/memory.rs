//! Records in the memory of this process.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Content, Key, Record, Swap};

/// Leases are short, and few sessions are refreshed at one time.
const MAX_LEASES: u64 = 100_000;

/// Bounded by count and by bytes; what was not used for longest is dropped first.
pub(crate) struct Memory {
    records: Cache<Key, Entry>,
    leases: Cache<Key, Lease>,
    last_lease: AtomicU64,
    warned: AtomicBool,
}

#[derive(Clone)]
struct Entry {
    record: Record,
    weight: u32,
    life: Duration,
}

#[derive(Clone, Copy)]
struct Lease {
    value: u64,
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

impl Expiry<Key, Lease> for Life {
    fn expire_after_create(&self, _: &Key, lease: &Lease, _: Instant) -> Option<Duration> {
        Some(lease.life)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        lease: &Lease,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(lease.life)
    }
}

impl Memory {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Memory {
        // A least weight bounds the count as well.
        let least = u32::try_from(max_bytes / max_records.max(1)).unwrap_or(u32::MAX);
        Memory {
            records: Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(max_bytes as u64)
                .weigher(move |_, entry: &Entry| entry.weight.max(least))
                .expire_after(Life)
                .build(),
            leases: Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(MAX_LEASES)
                .expire_after(Life)
                .build(),
            last_lease: AtomicU64::new(0),
            warned: AtomicBool::new(false),
        }
    }

    /// Says once that other processes do not see these records.
    pub(super) fn warn_of_fork(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            crate::log::warn(
                "session",
                "sessions are kept in the memory of a forked process, and its siblings do not see \
                 them; give a store_url that they share, or seal sessions into cookies",
            );
        }
    }

    pub(super) fn load(&self, key: &Key) -> Option<Record> {
        self.records.get(key).map(|entry| entry.record)
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

    pub(super) fn delete(&self, key: &Key, expected: Option<u64>) -> Swap {
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
            value = match (found.map(|entry| entry.value().value), held) {
                (Some(theirs), Some(held)) if theirs == held => Some(held),
                (Some(_), _) => None,
                (None, Some(held)) => Some(held),
                (None, None) => Some(self.last_lease.fetch_add(1, Ordering::Relaxed) + 1),
            };
            match value {
                Some(value) => Op::Put(Lease { value, life }),
                None => Op::Nop,
            }
        });
        value
    }

    pub(super) fn release(&self, key: &Key, value: u64) {
        let _ = self.leases.entry_by_ref(key).and_compute_with(|found| {
            match found.is_some_and(|entry| entry.value().value == value) {
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
