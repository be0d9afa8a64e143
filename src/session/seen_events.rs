//! The events of webhooks that were handled, so that none is handled twice.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::records::{Body, Look, Records};
use super::store::Of;
use crate::client::Client;
use crate::error::Result;

/// That there is a record says everything. It is sealed like the others, so that nobody who can only
/// write to the store can have an event passed over.
struct SeenEvent;

impl Body for SeenEvent {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(SeenEvent)
    }

    fn size(&self) -> usize {
        0
    }
}

/// Whether an event was handled. A record that cannot be opened tells nothing: to handle an event
/// twice is better than never.
pub(crate) async fn is_event_seen(client: &Client, event_id: &str) -> Result<bool> {
    let records = Records::of(client)?;
    let key = records.key(Of::Webhook, event_id);
    let look = records.look::<SeenEvent>(&key).await?;
    if let Some(Look::Unreadable { .. }) = look {
        let message = "what the store holds of a webhook cannot be opened; it counts as new";
        crate::log::warn("webhook", message);
    }
    Ok(matches!(look, Some(Look::Opened(_))))
}

/// Remembers for so long that an event was handled.
pub(crate) async fn note_event_seen(client: &Client, event_id: &str, life: Duration) -> Result<()> {
    let records = Records::of(client)?;
    let key = records.key(Of::Webhook, event_id);
    let former = match records.look::<SeenEvent>(&key).await? {
        Some(Look::Opened(_)) => return Ok(()),
        Some(Look::Unreadable { version }) => Some(version),
        None => None,
    };
    let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
    // On conflict somebody else has noted the same.
    let saved = records.save(&key, former, Arc::new(SeenEvent), life);
    saved.await.map(drop)
}
