//! A store of the host's, such as a test needs it: records in a map, and ways to disturb it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use kinde::{Error, HostRecord, HostStore, Result};

/// Clones are the same store.
#[derive(Clone, Default)]
pub struct HostMap(Arc<Inner>);

#[derive(Default)]
struct Inner {
    records: Mutex<HashMap<String, HostRecord>>,
    leases: Mutex<HashMap<String, u64>>,
    last_lease: AtomicU64,
    is_away: AtomicBool,
    is_hanging: Mutex<bool>,
    released: Condvar,
    saves: AtomicU64,
}

impl HostMap {
    /// From now on every call fails, or none does.
    pub fn set_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::SeqCst);
    }

    pub fn saves(&self) -> u64 {
        self.0.saves.load(Ordering::SeqCst)
    }

    pub fn records(&self) -> HashMap<String, HostRecord> {
        self.0.records.lock().unwrap().clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut HashMap<String, HostRecord>)) {
        change(&mut self.0.records.lock().unwrap());
    }

    /// From now on every call waits until this ends.
    pub fn set_hanging(&self, is_hanging: bool) {
        *self.0.is_hanging.lock().unwrap() = is_hanging;
        self.0.released.notify_all();
    }

    fn answer(&self) -> Result<()> {
        let is_hanging = self.0.is_hanging.lock().unwrap();
        let waited = self.0.released.wait_while(is_hanging, |hanging| *hanging);
        drop(waited.unwrap());
        match self.0.is_away.load(Ordering::SeqCst) {
            true => Err(Error::store("away on purpose")),
            false => Ok(()),
        }
    }
}

impl HostStore for HostMap {
    fn load(&self, key: &str) -> Result<Option<HostRecord>> {
        self.answer()?;
        Ok(self.0.records.lock().unwrap().get(key).cloned())
    }

    fn save(
        &self,
        key: &str,
        expected: Option<u64>,
        record: &HostRecord,
        life: Duration,
    ) -> Result<bool> {
        self.answer()?;
        assert!(!life.is_zero());
        let mut records = self.0.records.lock().unwrap();
        let version = records.get(key).map(|record| record.version);
        if version != expected {
            return Ok(false);
        }
        records.insert(key.to_owned(), record.clone());
        self.0.saves.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }

    fn delete(&self, key: &str, expected: Option<u64>) -> Result<bool> {
        self.answer()?;
        let mut records = self.0.records.lock().unwrap();
        let version = records.get(key).map(|record| record.version);
        if expected.is_some() && version != expected {
            return Ok(false);
        }
        records.remove(key);
        Ok(true)
    }

    fn lease(&self, key: &str, held: Option<u64>, _: Duration) -> Result<Option<u64>> {
        self.answer()?;
        let mut leases = self.0.leases.lock().unwrap();
        match (leases.get(key), held) {
            (Some(value), Some(held)) if *value == held => Ok(Some(held)),
            (Some(_), _) => Ok(None),
            (None, _) => {
                let value = self.0.last_lease.fetch_add(1, Ordering::SeqCst) + 1;
                leases.insert(key.to_owned(), value);
                Ok(Some(value))
            }
        }
    }

    fn release(&self, key: &str, value: u64) -> Result<()> {
        self.answer()?;
        let mut leases = self.0.leases.lock().unwrap();
        if leases.get(key) == Some(&value) {
            leases.remove(key);
        }
        Ok(())
    }
}
