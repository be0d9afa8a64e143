//! What clients with equal issuer and transport settings share inside one process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use crate::client::machine::MachineTokens;
use crate::config::{Settings, SharedKey};
use crate::error::Result;
use crate::http::{Http, Pace};
use crate::oauth::Discovery;
use crate::runtime::{PerProcess, lock};
use crate::session::Renewals;
use crate::token::Verifier;

/// Connections, the pace of APIs, keys, verdicts on signatures, the provider's metadata, machine tokens and refreshes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub http: Http,
    /// The Management API's.
    pub api_pace: Pace,
    pub verifier: Verifier,
    pub discovery: Discovery,
    pub machine_tokens: MachineTokens,
    pub renewals: Renewals,
}

type Registry = Mutex<HashMap<SharedKey, Weak<Shared>>>;

static REGISTRY: PerProcess<Registry> = PerProcess::new();

impl Shared {
    /// What belongs to these settings: that of a living equal client, or a new one.
    pub(crate) fn of(settings: &Settings) -> Result<Arc<Shared>> {
        let registry = REGISTRY.get_or_init(Registry::default);
        let key = settings.shared_key();
        if let Some(shared) = lock(registry).get(&key).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        // Made outside the lock: it reads certificates. When two threads race, one is dropped.
        let fresh = Arc::new(Shared::new(settings, &key)?);
        let mut registry = lock(registry);
        if let Some(shared) = registry.get(&key).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        registry.retain(|_, shared| shared.strong_count() > 0);
        registry.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }

    fn new(settings: &Settings, key: &SharedKey) -> Result<Shared> {
        let http = Http::new(settings)?;
        Ok(Shared {
            verifier: Verifier::new(settings, http.clone())?,
            discovery: Discovery::new(settings, http.clone())?,
            machine_tokens: MachineTokens::default(),
            renewals: Renewals::of(key),
            api_pace: Pace::new(settings.api_concurrency),
            http,
        })
    }
}
