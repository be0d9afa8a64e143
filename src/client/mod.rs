//! One application at Kinde: immutable, cheap to clone, composed of the rooms below.

mod acceptance;
mod api;
mod flows;
mod machine;
mod pages;
mod shared;
mod task;
mod verification;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use once_cell::race::OnceBox;
use serde_json::json;

pub(crate) use self::acceptance::{Accepted, Access, Expected, Source};
pub(crate) use self::pages::Asker;
pub use self::pages::Pages;
use self::shared::Shared;
pub use self::task::Task;
pub use self::verification::VerifyOptions;
use crate::config::{Config, Discovery, Settings};
use crate::error::{Error, Result, Status};
use crate::json::Json;
use crate::oauth::{AuthorizationParams, Endpoints, not_prepared};
use crate::runtime::{self, PerProcess, Run};
use crate::session::{Sealer, Session, Store};

/// One application at Kinde. Clones are the same client; all methods may be called from any number
/// of threads at once.
///
/// Clients whose issuer and transport settings are equal share connections, keys and verdicts on
/// signatures inside one process.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    settings: Settings,
    /// Known without the network, unless they are to be discovered.
    endpoints: Option<Arc<Endpoints>>,
    shared: PerProcess<Arc<Shared>>,
    store: PerProcess<Arc<Store>>,
    sealer: OnceBox<Sealer>,
}

/// A request that takes too long fails a little before its call does, because it can name the host.
const GRACE: Duration = Duration::from_millis(50);

/// Boxed, so that it is compiled once for each kind of result and not for each call.
async fn limited<'a, T>(
    work: Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>,
    timeout: Duration,
) -> Result<T> {
    let limited = tokio::time::timeout(timeout + GRACE, work).await;
    limited.unwrap_or_else(|_| {
        let message = format!(
            "the call took longer than the setting timeout_ms allows ({} ms)",
            timeout.as_millis()
        );
        Err(Error::new(Status::Timeout, message))
    })
}

impl Client {
    /// A client with these settings. Uses no network; reports all wrong settings at once.
    pub fn new(config: &Config) -> Result<Client> {
        Client::with_settings(Settings::new(config)?)
    }

    /// A client like this one, but for the settings in a JSON object.
    pub fn derive(&self, overrides_json: &str) -> Result<Client> {
        Client::with_settings(self.0.settings.derive(overrides_json)?)
    }

    fn with_settings(settings: Settings) -> Result<Client> {
        runtime::note_use();
        AuthorizationParams::from_setting(&settings.authorization_params)?;
        let endpoints = match settings.discovery {
            Discovery::Off => Some(Arc::new(Endpoints::from_settings(&settings))),
            Discovery::SameOrigin | Discovery::AnyOrigin => None,
        };
        Ok(Client(Arc::new(Inner {
            settings,
            endpoints,
            shared: PerProcess::new(),
            store: PerProcess::new(),
            sealer: OnceBox::new(),
        })))
    }

    /// Fetches metadata and keys ahead of time, so that the first sign-in does not wait for them.
    pub async fn prepare(&self) -> Result<()> {
        let client = self.clone();
        self.run(async move {
            client.endpoints().await?;
            client.shared()?.verifier.prepare().await
        })
        .await
    }

    /// A session in which nobody is signed in.
    pub fn session(&self) -> Session {
        Session::new(self)
    }

    /// Numbers for a dashboard: `{in_use, issuers, verifications, machine_tokens, discovery}`.
    /// What a client of this process has not used yet is not counted.
    pub fn stats(&self) -> Result<Json> {
        let Some(shared) = self.0.shared.get() else {
            return Ok(Json::from_value(json!({"in_use": false})));
        };
        let keys = shared.verifier.stats();
        Ok(Json::from_value(json!({
            "in_use": true,
            "issuers": keys["issuers"],
            "verifications": keys["verifications"],
            "machine_tokens": shared.machine_tokens.len(),
            "discovery": shared.discovery.stats(),
        })))
    }

    /// Runs one call on the library's threads, within the setting `timeout_ms`.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Run<T> {
        runtime::run(self.worker_threads(), self.within_timeout(work))
    }

    /// Like [`Client::run`], but the call goes on when nobody waits for it any more.
    pub(crate) fn run_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Run<T> {
        runtime::run_to_end(self.worker_threads(), self.within_timeout(work))
    }

    pub(crate) fn within_timeout<'a, T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T>> + use<'a, T, W>
    where
        W: Future<Output = Result<T>> + Send + 'a,
    {
        limited(Box::pin(work), self.0.settings.timeout)
    }

    /// How long a kept session lives without use (the setting `session_idle_seconds`).
    pub fn session_idle(&self) -> Duration {
        self.0.settings.session_idle
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.0.settings.client_id
    }

    pub(crate) fn worker_threads(&self) -> usize {
        self.0.settings.worker_threads
    }

    pub(crate) fn sign_in_lifetime_seconds(&self) -> i64 {
        whole_seconds(self.0.settings.sign_in_lifetime)
    }

    pub(crate) fn session_idle_seconds(&self) -> i64 {
        whole_seconds(self.0.settings.session_idle)
    }

    pub(crate) fn session_max_seconds(&self) -> i64 {
        whole_seconds(self.0.settings.session_max)
    }

    /// Where sessions are kept.
    pub(crate) fn store(&self) -> Result<&Arc<Store>> {
        if let Some(store) = self.0.store.get() {
            return Ok(store);
        }
        let store = Store::of(&self.0.settings)?;
        store.warn_of_fork();
        Ok(self.0.store.get_or_init(|| store))
    }

    /// What seals sessions. Fails with `CONFIG` if there is no key.
    pub(crate) fn sealer(&self) -> Result<&Sealer> {
        let settings = &self.0.settings;
        self.0.sealer.get_or_try_init(|| {
            let Settings {
                seal_keys,
                issuer,
                client_id,
                ..
            } = settings;
            Sealer::new(seal_keys, issuer, client_id).map(Box::new)
        })
    }

    pub(crate) fn shared(&self) -> Result<&Arc<Shared>> {
        match self.0.shared.get() {
            Some(shared) => Ok(shared),
            None => {
                let shared = Shared::of(&self.0.settings)?;
                Ok(self.0.shared.get_or_init(|| shared))
            }
        }
    }

    /// Where the provider's endpoints are; discovers them if need be.
    pub(crate) async fn endpoints(&self) -> Result<Arc<Endpoints>> {
        if let Some(endpoints) = &self.0.endpoints {
            return Ok(endpoints.clone());
        }
        let shared = self.shared()?;
        let endpoints = shared.discovery.endpoints().await?;
        shared
            .verifier
            .set_keys_url(&endpoints.issuer, endpoints.jwks.clone());
        Ok(endpoints)
    }

    /// Where the provider's endpoints are, if that is known without the network.
    pub(crate) fn known_endpoints(&self) -> Result<Arc<Endpoints>> {
        if let Some(endpoints) = &self.0.endpoints {
            return Ok(endpoints.clone());
        }
        self.shared()?.discovery.current().ok_or_else(not_prepared)
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("domain", &self.0.settings.domain)
            .field("client_id", &self.0.settings.client_id)
            .finish_non_exhaustive()
    }
}
