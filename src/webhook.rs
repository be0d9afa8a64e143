//! Webhooks: events that Kinde sends, each as one signed token (JWT).

use serde_json::json;

use crate::client::Client;
use crate::clock::unix_seconds;
use crate::error::{Error, Result};
use crate::json::Json;
use crate::params::Fields;
use crate::session::{is_event_seen, note_event_seen};
use crate::token::{Claims, WEBHOOK_AHEAD, judge_webhook, would_block};

/// How a webhook is to be decoded.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// Whether keys may be fetched; if not, and they are needed, `WOULD_BLOCK`.
    pub wait: bool,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        WebhookOptions { wait: true }
    }
}

impl WebhookOptions {
    /// Reads `{wait}`.
    pub fn from_json(json: &str) -> Result<WebhookOptions> {
        let mut fields = Fields::parse(json)?;
        let options = WebhookOptions {
            wait: fields.take_bool("wait").unwrap_or(true),
        };
        fields.finish()?;
        Ok(options)
    }
}

/// An event that Kinde sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Webhook {
    /// Such as `user.created`. Kinde adds types: what is unknown is to be passed over.
    pub event_type: String,
    /// The same each time the event is sent.
    pub event_id: String,
    /// When it happened (ISO 8601), as Kinde writes it.
    pub timestamp: String,
    /// What Kinde's documentation shows beside `timestamp`, if Kinde says so. Where it stands alone, it is
    /// the `timestamp` too.
    pub event_timestamp: Option<String>,
    /// Who did it: `admin`, `api`, `user`, if Kinde says so.
    pub source: Option<String>,
    /// From where the user signed in or tried to, if Kinde says so.
    pub ip_address: Option<String>,
    /// What it is about, an object.
    pub data: Json,
    /// Whether [`Client::webhook_done`] was called for this event.
    pub duplicate: bool,
}

impl Webhook {
    fn of(claims: &Claims, duplicate: bool) -> Result<Webhook> {
        let text = |name| claims.string(name).map(|text| text.into_owned());
        Ok(Webhook {
            event_type: text("type")?,
            event_id: text("event_id")?,
            timestamp: text("timestamp").or_else(|_| text("event_timestamp"))?,
            event_timestamp: text("event_timestamp").ok(),
            source: text("source").ok(),
            ip_address: text("ip_address").ok(),
            data: claims.claim("data").unwrap_or_default().parse()?,
            duplicate,
        })
    }

    /// As `{type, event_id, timestamp, source, data, duplicate}`, with `ip_address` and
    /// `event_timestamp` if they were signed.
    pub fn to_json(&self) -> Json {
        let mut webhook = json!({
            "type": self.event_type,
            "event_id": self.event_id,
            "timestamp": self.timestamp,
            "source": self.source,
            "data": self.data.value(),
            "duplicate": self.duplicate,
        });
        for (name, signed) in [
            ("ip_address", &self.ip_address),
            ("event_timestamp", &self.event_timestamp),
        ] {
            if let Some(signed) = signed {
                webhook[name] = json!(signed);
            }
        }
        Json::from_value(webhook)
    }
}

impl Client {
    /// Verifies the body of a request from Kinde and gives its event.
    ///
    /// A duplicate was handled before, and is to be answered with 200 alone. Call
    /// [`Client::webhook_done`] when the event is handled, and then answer with 200.
    ///
    /// Fails with `STORE` if the store of sessions is away, because nobody knows then whether the
    /// event was handled: answer with 503, and Kinde sends it again.
    pub async fn decode_webhook(&self, body: &str, options: &WebhookOptions) -> Result<Webhook> {
        let client = self.clone();
        let token = body.trim_ascii().to_owned();
        let options = options.clone();
        self.run(async move { client.webhook_of(&token, &options).await })
            .await
    }

    async fn webhook_of(&self, token: &str, options: &WebhookOptions) -> Result<Webhook> {
        let signed = match options.wait {
            true => self.signed(token).await?,
            false => self
                .try_signed(token)
                .unwrap_or_else(|| Err(would_block()))?,
        };
        judge_webhook(&signed, self.settings(), unix_seconds())?;
        let claims = signed.claims();
        let duplicate = is_event_seen(self, &claims.string("event_id")?).await?;
        Webhook::of(claims, duplicate)
    }

    /// Notes in the store of sessions that an event was handled, so that it is known when it comes
    /// again. An event that is not noted, because its handler failed, counts as new each time.
    pub async fn webhook_done(&self, event_id: &str) -> Result<()> {
        if event_id.is_empty() {
            return Err(Error::invalid_argument("event_id", "must not be empty"));
        }
        let client = self.clone();
        let event_id = event_id.to_owned();
        // One that is stamped ahead of time is taken that much longer.
        let life = self.settings().webhook_tolerance + WEBHOOK_AHEAD;
        self.run(async move { note_event_seen(&client, &event_id, life).await })
            .await
    }
}
