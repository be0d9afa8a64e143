//! A store of the host's, such as a test needs it: records in a map, and ways to disturb it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use kinde::{Error, HostRecord, HostStore, Result};

/// What happens right before a call, and whether the call fails.
type Interruption = Box<dyn FnOnce() -> Result<()> + Send>;

/// A call, and how the keys begin that it is made with.
type Moment = (&'static str, &'static str);

/// Clones are the same store.
#[derive(Clone, Default)]
pub struct HostMap(Arc<Inner>);

#[derive(Default)]
struct Inner {
    records: Mutex<HashMap<String, HostRecord>>,
    lives: Mutex<HashMap<String, Duration>>,
    leases: Mutex<HashMap<String, u64>>,
    last_lease: AtomicU64,
    is_away: AtomicBool,
    is_hanging: Mutex<bool>,
    released: Condvar,
    saves: AtomicU64,
    prolonged: AtomicU64,
    interruptions: Mutex<Vec<(Moment, Interruption)>>,
}

impl HostMap {
    /// From now on every call fails, or none does.
    pub fn set_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::SeqCst);
    }

    pub fn saves(&self) -> u64 {
        self.0.saves.load(Ordering::SeqCst)
    }

    /// How often a lease was prolonged.
    pub fn prolonged(&self) -> u64 {
        self.0.prolonged.load(Ordering::SeqCst)
    }

    /// What the clock does in another store: it ends the leases of those who no longer hold them.
    pub fn end_leases(&self) {
        self.0.leases.lock().unwrap().clear();
    }

    /// Right before the next such call, this is done, as if by others at the worst moment.
    pub fn before(
        &self,
        moment: Moment,
        interruption: impl FnOnce() -> Result<()> + Send + 'static,
    ) {
        let mut interruptions = self.0.interruptions.lock().unwrap();
        interruptions.push((moment, Box::new(interruption)));
    }

    pub fn records(&self) -> HashMap<String, HostRecord> {
        self.0.records.lock().unwrap().clone()
    }

    /// How long each record was to live when it was saved last.
    pub fn lives(&self) -> HashMap<String, Duration> {
        self.0.lives.lock().unwrap().clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut HashMap<String, HostRecord>)) {
        change(&mut self.0.records.lock().unwrap());
    }

    /// From now on every call waits until this ends.
    pub fn set_hanging(&self, is_hanging: bool) {
        *self.0.is_hanging.lock().unwrap() = is_hanging;
        self.0.released.notify_all();
    }

    fn answer(&self, call: &str, key: &str) -> Result<()> {
        let is_hanging = self.0.is_hanging.lock().unwrap();
        let waited = self.0.released.wait_while(is_hanging, |hanging| *hanging);
        drop(waited.unwrap());
        let mut interruptions = self.0.interruptions.lock().unwrap();
        let next = interruptions
            .iter()
            .position(|((at, kind), _)| *at == call && key.starts_with(kind));
        let interruption = next.map(|next| interruptions.remove(next));
        drop(interruptions);
        if let Some((_, interrupt)) = interruption {
            interrupt()?;
        }
        match self.0.is_away.load(Ordering::SeqCst) {
            true => Err(Error::store("away on purpose")),
            false => Ok(()),
        }
    }
}

impl HostStore for HostMap {
    fn load(&self, key: &str) -> Result<Option<HostRecord>> {
        self.answer("load", key)?;
        Ok(self.0.records.lock().unwrap().get(key).cloned())
    }

    fn save(
        &self,
        key: &str,
        expected: Option<u64>,
        record: &HostRecord,
        life: Duration,
    ) -> Result<bool> {
        self.answer("save", key)?;
        assert!(!life.is_zero());
        let mut records = self.0.records.lock().unwrap();
        let version = records.get(key).map(|record| record.version);
        if version != expected {
            return Ok(false);
        }
        records.insert(key.to_owned(), record.clone());
        self.0.lives.lock().unwrap().insert(key.to_owned(), life);
        self.0.saves.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }

    fn delete(&self, key: &str, expected: Option<u64>) -> Result<bool> {
        self.answer("delete", key)?;
        let mut records = self.0.records.lock().unwrap();
        let version = records.get(key).map(|record| record.version);
        if expected.is_some() && version != expected {
            return Ok(false);
        }
        records.remove(key);
        Ok(true)
    }

    fn lease(&self, key: &str, held: Option<u64>, _: Duration) -> Result<Option<u64>> {
        self.answer("lease", key)?;
        let mut leases = self.0.leases.lock().unwrap();
        match (leases.get(key), held) {
            (Some(value), Some(held)) if *value == held => {
                self.0.prolonged.fetch_add(1, Ordering::SeqCst);
                Ok(Some(held))
            }
            (Some(_), _) => Ok(None),
            (None, _) => {
                let value = self.0.last_lease.fetch_add(1, Ordering::SeqCst) + 1;
                leases.insert(key.to_owned(), value);
                Ok(Some(value))
            }
        }
    }

    fn release(&self, key: &str, value: u64) -> Result<()> {
        self.answer("release", key)?;
        let mut leases = self.0.leases.lock().unwrap();
        if leases.get(key) == Some(&value) {
            leases.remove(key);
        }
        Ok(())
    }
}
