//! # Clients
//!
//! A kinde_client is one application at Kinde: checked settings, never changed. It is reference
//! counted, and any number of threads may use it at once. Clients whose issuer and transport
//! settings are equal share connections, keys and verified signatures inside one process, so making
//! one more costs microseconds.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, required, text};
use super::config::kinde_config;
use super::guard::{Answer, call, respond, respond_json};
use super::handle::{add_reference, borrow, give, release};
use super::task::{Operation, kinde_completion, start};
use crate::client::Client;
use crate::error::{Result, Status};

/// One application at Kinde. Any number of threads may use it at once.
#[allow(non_camel_case_types)]
pub struct kinde_client {
    client: Client,
}

impl Answer for Client {
    type C = Option<NonNull<kinde_client>>;
    fn none() -> Self::C {
        None
    }
    fn into_c(self) -> Result<Self::C> {
        Ok(give(kinde_client { client: self }))
    }
}

/// The client of a handle, for the time of the call.
pub(super) fn client_of<'a>(client: Option<NonNull<kinde_client>>) -> Result<&'a Client> {
    borrow(client, "client").map(|handle| &handle.client)
}

/// Makes a client of a configuration, which is copied.
///
/// `*client` is the caller's, to free with kinde_client_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT, CONFIG (the error's fields name every setting that is missing or
/// wrong).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_new(
    config: Option<&kinde_config>,
    client: Option<&mut MaybeUninit<Option<NonNull<kinde_client>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("client", client, error, || {
        Client::new(&required(config, "config")?.config)
    })
}

/// Makes a client like another one, but for the settings that a JSON object gives by name.
///
/// `*derived` is the caller's, to free with kinde_client_free; it does not depend on `client`.
/// Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_derive(
    client: Option<NonNull<kinde_client>>,
    overrides_json: TextIn<'_>,
    derived: Option<&mut MaybeUninit<Option<NonNull<kinde_client>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("derived", derived, error, || {
        client_of(client)?.derive(text(overrides_json, "overrides_json")?)
    })
}

/// Adds a reference and gives the same pointer; each reference is freed with kinde_client_free.
/// Takes NULL.
///
/// Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_ref(
    client: Option<NonNull<kinde_client>>,
) -> Option<NonNull<kinde_client>> {
    add_reference(client)
}

/// Frees a reference. Takes NULL. Sessions and calls under way keep what they need of the client.
///
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_free(client: Option<NonNull<kinde_client>>) {
    release(client);
}

fn prepare(
    client: Option<NonNull<kinde_client>>,
) -> Result<Operation<impl Future<Output = Result<()>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    Ok(Operation::of_client(&client.clone(), async move {
        client.prepare().await
    }))
}

/// Fetches the issuer's keys, and its metadata if the setting `discovery` is on, ahead of time, so
/// that the first sign-in does not wait for them.
///
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, NETWORK, TLS, TIMEOUT, HTTP, KEYS_UNAVAILABLE, MALFORMED_RESPONSE,
/// RESPONSE_TOO_LARGE, CANCELLED.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_prepare(
    client: Option<NonNull<kinde_client>>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || prepare(client)?.wait())
}

/// Like kinde_client_prepare, without blocking. The completion gets no `result_json`.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_prepare_async(
    client: Option<NonNull<kinde_client>>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || prepare(client))
}

/// Gives numbers for a dashboard as a JSON object, which may get more fields:
///
/// - `in_use`: whether the client has been used in this process; if not, nothing more is said
/// - `issuers`: what is known of each issuer's keys
/// - `verifications`: what is kept of verified signatures
/// - `machine_tokens`: how many tokens of kinde_client_credentials are kept
///
/// `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_client_stats(
    client: Option<NonNull<kinde_client>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || client_of(client)?.stats())
}
