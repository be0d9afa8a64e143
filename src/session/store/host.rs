//! Records that the host keeps.

use std::sync::Arc;
use std::time::Duration;

use base64_simd::URL_SAFE_NO_PAD;

use super::{Content, Key, Record, Swap};
use crate::config::{HostRecord, HostStore};
use crate::error::{Error, Result, Status};

/// Calls the host's store where it may block.
pub(crate) struct Host(Arc<dyn HostStore>);

impl Host {
    pub(super) fn new(store: Arc<dyn HostStore>) -> Host {
        Host(store)
    }

    pub(super) async fn load(&self, key: &Key) -> Result<Option<Record>> {
        let found = self.call(key, |store, key| store.load(key)).await?;
        let Some(HostRecord { version, text }) = found else {
            return Ok(None);
        };
        // What is no such text is judged where records are opened: it does not open.
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(&text).unwrap_or_default();
        Ok(Some(Record {
            version,
            content: Content::Sealed(bytes.into()),
        }))
    }

    pub(super) async fn save(
        &self,
        key: &Key,
        expected: Option<u64>,
        version: u64,
        bytes: &[u8],
        life: Duration,
    ) -> Result<Swap> {
        let record = HostRecord {
            version,
            text: URL_SAFE_NO_PAD.encode_to_string(bytes),
        };
        let saved = self.call(key, move |store, key| {
            store.save(key, expected, &record, life)
        });
        saved.await.map(Swap::when)
    }

    pub(super) async fn delete(&self, key: &Key, expected: Option<u64>) -> Result<Swap> {
        let deleted = self.call(key, move |store, key| store.delete(key, expected));
        deleted.await.map(Swap::when)
    }

    pub(super) async fn lease(
        &self,
        key: &Key,
        held: Option<u64>,
        life: Duration,
    ) -> Result<Option<u64>> {
        self.call(key, move |store, key| store.lease(key, held, life))
            .await
    }

    pub(super) async fn release(&self, key: &Key, value: u64) -> Result<()> {
        self.call(key, move |store, key| store.release(key, value))
            .await
    }

    async fn call<T: Send + 'static>(
        &self,
        key: &Key,
        work: impl FnOnce(&dyn HostStore, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.0.clone();
        let key = key.clone();
        let done = tokio::task::spawn_blocking(move || work(&*store, key.as_str()));
        done.await.unwrap_or_else(|_| {
            Err(Error::new(
                Status::Store,
                "the host's store of sessions failed by a panic",
            ))
        })
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}
