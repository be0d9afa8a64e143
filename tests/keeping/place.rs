//! The kinds of store, each for itself.

use std::sync::atomic::{AtomicU64, Ordering};

use kinde::{Client, Config};
use kinde_test_support::{Application, REDIRECT_URI, RedisServer};
use serde_json::{Value, json};

use crate::host::HostMap;

pub const SEAL_KEY: &str = "seal-key-0123456789abcdef0123456789";

/// A store that no other test uses.
pub enum Place {
    Memory(String),
    Host(HostMap),
    Redis(RedisServer),
}

impl Place {
    pub fn all() -> Vec<Place> {
        vec![
            Place::memory(),
            Place::Host(HostMap::default()),
            Place::Redis(RedisServer::start()),
        ]
    }

    pub fn memory() -> Place {
        static NEXT: AtomicU64 = AtomicU64::new(100_001);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        Place::Memory(format!("memory:?max_sessions={number}"))
    }

    /// A client that keeps its sessions here. Each `machine` has refreshes of its own.
    pub fn client(&self, app: &Application, machine: &str, more: Value) -> Client {
        let mut settings = json!({
            "domain": app.url(),
            "client_id": "emulator_web",
            "client_secret": "emulator-web-secret-0123456789abcdefghijkl",
            "redirect_uri": REDIRECT_URI,
            "logout_redirect_uri": "http://127.0.0.1:1/logged-out",
            "seal_keys": SEAL_KEY,
            "user_agent": machine,
        });
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let mut config = Config::new();
        match self {
            Place::Memory(url) => settings["store_url"] = json!(url),
            Place::Redis(server) => settings["store_url"] = json!(server.url()),
            Place::Host(store) => {
                config.set_store(store.clone());
            }
        }
        config.load_json(&settings.to_string()).unwrap();
        Client::new(&config).unwrap()
    }
}
