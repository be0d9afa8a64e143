//! # Webhooks
//!
//! Kinde sends each event as a POST request whose body is one signed token (JWT). Decode the body,
//! handle the event, call kinde_webhook_done, and answer with 200. With any other answer Kinde sends
//! the event again, for 36 hours, so an event whose handler failed is not lost.
//!
//! The header `webhook-id` is not signed, so it is not looked at: an event is known by its signed
//! `event_id`. Events come in no particular order, and types are added: what is unknown is to be
//! answered with 200.

use std::ffi::c_void;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, optional_text, text};
use super::client::{client_of, kinde_client};
use super::guard::{call, respond_json};
use super::task::{Operation, kinde_completion, start};
use crate::error::{Result, Status};
use crate::json::Json;
use crate::webhook::WebhookOptions;

fn decode(
    client: Option<NonNull<kinde_client>>,
    body: TextIn<'_>,
    options_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let body = text(body, "body")?.to_owned();
    let options = WebhookOptions::from_json(
        optional_text(options_json, "options_json")?.unwrap_or_default(),
    )?;
    Ok(Operation::of_client(&client.clone(), async move {
        let webhook = client.decode_webhook(&body, &options).await;
        webhook.map(|webhook| webhook.to_json())
    }))
}

/// Verifies the body of a request from Kinde and gives its event.
///
/// The signature must be made by a key of the configured issuer, the event must not be older than the
/// setting `webhook_tolerance_seconds` nor more than five minutes ahead, and no token of a user or a
/// machine passes for a webhook. White space around the body is passed over; the body may have 64
/// KiB. `options_json` may be NULL; otherwise it is an object:
///
/// - `wait`: false to fail with WOULD_BLOCK instead of fetching keys; the store is asked all the same
///
/// Gives an object:
///
/// - `type`: such as "user.created"
/// - `event_id`: the same each time the event is sent
/// - `timestamp`: when it happened (ISO 8601), as Kinde writes it
/// - `event_timestamp`: the same under its other name; missing if Kinde does not say
/// - `source`: "admin", "api", "user"; null if Kinde does not say
/// - `ip_address`: from where the user signed in or tried to; missing if Kinde does not say
/// - `data`: what it is about, an object
/// - `duplicate`: true if kinde_webhook_done was called for this event; answer with 200 alone
///
/// With STORE nobody knows whether the event was handled before. Answer with 503: Kinde sends it
/// again, so nothing is lost, and nothing is done twice because a store was away for a moment.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network if keys must be fetched, and on the store, at most as long as
/// the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, WOULD_BLOCK, SIGNATURE, ALGORITHM,
/// KEY_NOT_FOUND, KEYS_UNAVAILABLE, TOKEN_MALFORMED, TOKEN_KIND, ISSUER, CLAIM_MISSING,
/// TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, STORE, CONFIG, TIMEOUT, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_webhook_decode(
    client: Option<NonNull<kinde_client>>,
    body: TextIn<'_>,
    options_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || decode(client, body, options_json)?.wait())
}

/// Like kinde_webhook_decode, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_webhook_decode_async(
    client: Option<NonNull<kinde_client>>,
    body: TextIn<'_>,
    options_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        decode(client, body, options_json)
    })
}

fn note_done(
    client: Option<NonNull<kinde_client>>,
    event_id: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let event_id = text(event_id, "event_id")?.to_owned();
    Ok(Operation::of_client(&client.clone(), async move {
        client.webhook_done(&event_id).await
    }))
}

/// Notes in the store of sessions that an event was handled, so that kinde_webhook_decode tells when
/// it comes again. Call it after the handler succeeded and before the answer; an event for which it
/// was not called counts as new each time.
///
/// It is kept as long as the event could be accepted again. A store in memory knows only what this
/// process handled.
/// Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`event_id` is empty), STORE, CONFIG,
/// TIMEOUT, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_webhook_done(
    client: Option<NonNull<kinde_client>>,
    event_id: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || note_done(client, event_id)?.wait())
}

/// Like kinde_webhook_done, without blocking. The completion gets no `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_webhook_done_async(
    client: Option<NonNull<kinde_client>>,
    event_id: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || note_done(client, event_id))
}
