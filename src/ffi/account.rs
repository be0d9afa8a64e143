//! # What Kinde knows about the user now
//!
//! The questions above are answered from the tokens, which say what was so when they were made.
//! These ask Kinde itself, with the session's access token.
//!
//! An expired access token is renewed first, and one that Kinde refuses is renewed once, unless the
//! setting `auto_refresh` is off. What fails on the way, and what Kinde is too busy for, is tried
//! again while the setting `timeout_ms` lasts, which is for the whole call.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use safer_ffi::prelude::char_p;
use serde_json::json;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, owned_text, text};
use super::guard::{Answer, ToJson, respond, respond_json};
use super::session::{kinde_session, shared_session};
use super::task::{Operation, kinde_completion, start};
use crate::api::AccountRequest;
use crate::error::{Result, Status};
use crate::json::Json;
use crate::session::AccountConditions;

/// Whether conditions hold.
struct Holds(bool);

impl Answer for Holds {
    type C = bool;
    fn none() -> bool {
        false
    }
    fn into_c(self) -> Result<bool> {
        Ok(self.0)
    }
}

impl ToJson for Holds {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&json!({"answer": self.0}).to_string())
    }
}

fn fetch(
    session: Option<NonNull<kinde_session>>,
    what: TextIn<'_>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let what = text(what, "what")?;
    let request = AccountRequest::from_json(what, text(params_json, "params_json")?)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.fetch(request).await
    }))
}

/// Asks Kinde about the session's user. `what` says for what, `params_json` is an object, and
/// `*out` gets one:
///
/// - "permissions" gives `{org_code, permissions}`, a list of keys
/// - "roles" gives `{org_code, roles}`, a list of `{id, key, name}`
/// - "flags" gives `{feature_flags}`, a list of `{key, type, value}`; `type` is "boolean", "string",
///   "integer", "object", or what Kinde says of a type unknown here
/// - "properties" gives `{properties}`, a list of `{id, key, name, value}`
/// - "entitlements" gives `{org_code, plans, entitlements}`: lists of `{key, subscribed_on}` and of
///   `{id, price_name, feature_key, feature_name, fixed_charge, unit_amount, entitlement_limit_max,
///   entitlement_limit_min}`, as Kinde gives them; amounts are in cents
/// - "entitlement" takes `{key}`, the key of a feature, and gives `{org_code, entitlement}`; null if
///   the user has none to it
/// - "portal_url" gives `{url}`, a link for the browser that opens Kinde's self-serve portal once.
///   Takes `return_url`, the absolute URL to which the portal leads back, and `page` (or `sub_nav`),
///   such as "profile", "plan_details" or "organization_members"; neither is needed
/// - "user_profile" gives what kinde_user_profile gives, about the session's user. Takes `version`
/// - "refresh_claims" makes new permissions, roles and flags take effect now: has Kinde work the
///   claims out anew and renews the session's tokens. Gives `{refreshed}`: whether a new access
///   token came. The application's machine token, made of `management_client_id` and its secret,
///   needs the scope update:user_refresh_claims
///
/// The lists are given whole. With `page_size` (1 to 500) or `starting_after` (the id of the last
/// item before) they are given by the page, the items with all fields that Kinde gives them,
/// permissions too, and beside them `metadata`: `{has_more, next_page_starting_after}`.
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`what`, or a parameter),
/// NOT_AUTHENTICATED (also if a machine is signed in), TOKEN_EXPIRED (`auto_refresh` is off, or there
/// is no refresh token), RATE_LIMITED, API (what Kinde answered is in kinde_error_details), SUBJECT,
/// NETWORK, TLS, TIMEOUT, HTTP, RESPONSE_TOO_LARGE, MALFORMED_RESPONSE (also pages without end),
/// CANCELLED, "user_profile" also with the statuses of kinde_user_profile, "refresh_claims" with
/// those of kinde_client_credentials, and whatever is renewed with those of kinde_session_refresh.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_fetch(
    session: Option<NonNull<kinde_session>>,
    what: TextIn<'_>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || fetch(session, what, params_json)?.wait())
}

/// Like kinde_session_fetch, without blocking. The completion gets what `*out` would be and the
/// session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_fetch_async(
    session: Option<NonNull<kinde_session>>,
    what: TextIn<'_>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        fetch(session, what, params_json)
    })
}

fn fetch_has(
    session: Option<NonNull<kinde_session>>,
    conditions_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Holds>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let conditions = AccountConditions::from_json(text(conditions_json, "conditions_json")?)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.fetch_has(conditions).await.map(Holds)
    }))
}

/// Says whether all conditions of an object hold by what Kinde says now. Takes the object of
/// kinde_session_has and two more lists:
///
/// - `billing_entitlements`: the `price_name` of each entitlement that the user must have
/// - `entitlements`: the `feature_key` of each feature that he must be entitled to
///
/// An empty list holds, and nothing is asked for that no condition names. A failure is never an
/// answer: `*answer` is then false, and the status says why.
///
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_session_fetch.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_fetch_has(
    session: Option<NonNull<kinde_session>>,
    conditions_json: TextIn<'_>,
    answer: Option<&mut MaybeUninit<bool>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("answer", answer, error, || {
        fetch_has(session, conditions_json)?.wait()
    })
}

/// Like kinde_session_fetch_has, without blocking. The completion gets `{answer}` and the session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_fetch_has_async(
    session: Option<NonNull<kinde_session>>,
    conditions_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        fetch_has(session, conditions_json)
    })
}
