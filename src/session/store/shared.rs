//! The stores of one process: clients with equal settings use one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::Store;
use super::host::Host;
use super::memory::Memory;
use super::redis::Redis;
use crate::config::{Settings, StoreKey, StoreSetting, StoreUrl};
use crate::error::Result;
use crate::runtime::{PerProcess, is_forked, lock};

/// Memory is held as long as the process lives: its sessions must outlive the clients that a host
/// makes for each call. Connections are not.
enum Held {
    Memory(Arc<Store>),
    Connected(Weak<Store>),
}

impl Held {
    fn get(&self) -> Option<Arc<Store>> {
        match self {
            Held::Memory(store) => Some(store.clone()),
            Held::Connected(store) => store.upgrade(),
        }
    }
}

static WARNED: PerProcess<AtomicBool> = PerProcess::new();

static STORES: PerProcess<Mutex<HashMap<StoreKey, Held>>> = PerProcess::new();

impl Store {
    /// The store of these settings in this process.
    pub(crate) fn of(settings: &Settings) -> Result<Arc<Store>> {
        let url = match &settings.store {
            StoreSetting::Host(host) => return Ok(Arc::new(Store::Host(Host::new(host.clone())))),
            StoreSetting::Url(url) => url,
        };
        let stores = STORES.get_or_init(Mutex::default);
        let key = settings.store_key(url);
        if let Some(store) = lock(stores).get(&key).and_then(Held::get) {
            return Ok(store);
        }
        // Made outside the lock: it may read `ca_file`. When two threads race, one is dropped.
        let fresh = Arc::new(Store::new(url, settings)?);
        let mut stores = lock(stores);
        if let Some(store) = stores.get(&key).and_then(Held::get) {
            return Ok(store);
        }
        stores.retain(|_, held| held.get().is_some());
        let held = match *fresh {
            Store::Memory(_) => Held::Memory(fresh.clone()),
            Store::Redis(_) | Store::Host(_) => Held::Connected(Arc::downgrade(&fresh)),
        };
        stores.insert(key, held);
        Ok(fresh)
    }

    fn new(url: &StoreUrl, settings: &Settings) -> Result<Store> {
        Ok(match url {
            StoreUrl::Memory {
                max_records,
                max_bytes,
            } => Store::Memory(Memory::new(*max_records, *max_bytes)),
            StoreUrl::Redis(address) => Store::Redis(Box::new(Redis::new(
                address,
                settings.ca_file.as_deref(),
                settings.store_timeout,
            )?)),
        })
    }

    /// Says once that this process does not share its memory, if it was forked from one that used
    /// the library, as workers are.
    pub(crate) fn warn_of_fork(&self) {
        if matches!(self, Store::Memory(_)) && is_forked() {
            let warned = WARNED.get_or_init(AtomicBool::default);
            if !warned.swap(true, Ordering::Relaxed) {
                crate::log::warn(
                    "session",
                    "sessions are kept in the memory of a forked process, and its siblings do not \
                     see them; give a store_url that they share, or seal sessions into cookies",
                );
            }
        }
    }
}
