//! The stores of one process: clients with equal settings use one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use super::Store;
use super::host::Host;
use super::memory::Memory;
use super::redis::Redis;
use crate::config::{Settings, StoreKey, StoreSetting, StoreUrl};
use crate::error::Result;
use crate::runtime::{PerProcess, lock};

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

static STORES: PerProcess<Mutex<HashMap<StoreKey, Held>>> = PerProcess::new();

impl Store {
    /// The store of these settings in this process.
    pub(crate) fn of(settings: &Settings) -> Result<Arc<Store>> {
        let url = match &settings.store {
            StoreSetting::Host(host) => return Ok(Arc::new(Store::Host(Host::new(host.clone())))),
            StoreSetting::Url(url) => url,
        };
        let mut stores = lock(STORES.get_or_init(Mutex::default));
        let key = settings.store_key(url);
        if let Some(store) = stores.get(&key).and_then(Held::get) {
            return Ok(store);
        }
        stores.retain(|_, held| held.get().is_some());
        let store = match url {
            StoreUrl::Memory {
                max_records,
                max_bytes,
            } => Arc::new(Store::Memory(Memory::new(*max_records, *max_bytes))),
            StoreUrl::Redis(address) => Arc::new(Store::Redis(Box::new(Redis::new(
                address,
                settings.ca_file.as_deref(),
                settings.store_timeout,
            )?))),
        };
        let held = match *store {
            Store::Memory(_) => Held::Memory(store.clone()),
            Store::Redis(_) | Store::Host(_) => Held::Connected(Arc::downgrade(&store)),
        };
        stores.insert(key, held);
        Ok(store)
    }

    /// Says once that this process does not share its memory, if it was forked from the one that
    /// made the client.
    pub(crate) fn warn_of_fork(&self) {
        if let Store::Memory(memory) = self {
            memory.warn_of_fork();
        }
    }
}
