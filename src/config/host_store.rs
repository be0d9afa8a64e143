//! A store of sessions that the host provides.

use std::time::Duration;

use crate::error::Result;

/// Where a host keeps sessions, instead of the stores of the setting `store_url`.
///
/// A record is a sealed text under a key. Keys and texts are printable ASCII without spaces; a key
/// has at most 64 characters. The library calls from threads where a store may block; several calls
/// come at once. A failure is an error with the status `STORE` and a message of the host's.
pub trait HostStore: Send + Sync {
    /// The record, or none if there is none or its life is over.
    fn load(&self, key: &str) -> Result<Option<HostRecord>>;

    /// Compare-and-swap: writes `record` if the one that is there has the version `expected`, or if
    /// there is none and `expected` is none. Says whether it was written. Comparing and writing
    /// must be one step. The record may be dropped when `life` is over.
    fn save(
        &self,
        key: &str,
        expected: Option<u64>,
        record: &HostRecord,
        life: Duration,
    ) -> Result<bool>;

    /// Deletes the record if it has the version `expected`, or whatever version it has if that is
    /// none. Says whether there is no such record any more.
    fn delete(&self, key: &str, expected: Option<u64>) -> Result<bool>;

    /// Takes the lease of a key for `life`, unless somebody else holds it; or prolongs the one that
    /// was taken with the value `held`. Gives its value: greater than all before it of this key, the
    /// same when it is prolonged; none if somebody else holds the lease. A lease that is not given
    /// back ends when its life is over.
    fn lease(&self, key: &str, held: Option<u64>, life: Duration) -> Result<Option<u64>>;

    /// Gives the lease back, if it is still the one with this value.
    fn release(&self, key: &str, value: u64) -> Result<()>;
}

/// A record in a store of the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRecord {
    /// Never 0; grows with each change.
    pub version: u64,
    /// The sealed content.
    pub text: String,
}
