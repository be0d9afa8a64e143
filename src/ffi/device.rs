//! # Sign-in on a device without a browser

use std::ffi::c_void;
use std::ptr::NonNull;

use safer_ffi::prelude::char_p;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, text};
use super::client::{client_of, kinde_client};
use super::guard::{ToJson, respond_json, secret_json};
use super::task::{Operation, kinde_completion, start};
use crate::error::{Result, Status};
use crate::oauth::{DeviceAuthorization, DevicePoll, DeviceStart, TokenSet};

impl ToJson for DeviceAuthorization {
    fn into_json(self) -> Result<char_p::Box> {
        secret_json(self.to_json())
    }
}

fn device_start(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<DeviceAuthorization>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = DeviceStart::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.device_start(params).await
    }))
}

/// Begins the sign-in on a device that has no browser.
///
/// Takes an object:
///
/// - `audience`: a text or a list of texts; without it, the setting `audience`
/// - `scope`: texts separated by spaces; without it, the setting `scope`
///
/// Gives an object to show to the user and to keep for kinde_device_poll:
///
/// - `device_code`: secret, for kinde_device_poll
/// - `user_code`: what the user types in
/// - `verification_uri`: where he does
/// - `verification_uri_complete`: the same with the code in it, or null
/// - `expires_in`: seconds until the codes expire
/// - `interval`: seconds between two polls
/// - `qr_code`: a data URI, or null
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_revoke_token.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_device_start(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || device_start(client, params_json)?.wait())
}

/// Like kinde_device_start, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_device_start_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        device_start(client, params_json)
    })
}

fn device_poll(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<TokenSet>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let params = DevicePoll::from_json(text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.device_poll(params).await
    }))
}

/// Asks once whether the user has finished the sign-in on a device. The caller waits `interval`
/// seconds between two calls.
///
/// Takes an object:
///
/// - `device_code`: required
/// - `interval`: the present one; after SLOW_DOWN the error says the next one as the seconds of
///   kinde_error_retry_after_seconds
///
/// Gives the token set as kinde_exchange_code does. `*out` is the caller's, to free with
/// kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with AUTHORIZATION_PENDING (ask again), SLOW_DOWN, EXPIRED_DEVICE_CODE, ACCESS_DENIED and
/// the statuses of kinde_exchange_code.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_device_poll(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || device_poll(client, params_json)?.wait())
}

/// Like kinde_device_poll, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_device_poll_async(
    client: Option<NonNull<kinde_client>>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        device_poll(client, params_json)
    })
}
