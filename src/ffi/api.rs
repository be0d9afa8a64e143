//! # Kinde's APIs
//!
//! The Management API is asked with the client's machine token, the Account API with a session's.
//! kinde_api_catalogue lists all operations. One more operation, "request", takes `{method, path,
//! query, body}` and reaches any path under /api/ and /account_api/ of the configured hosts.
//!
//! Parameters are one JSON object: the values of the path and the query by their names, and beside
//! them the members of the body; or the whole body as `body`, or under the name of its model, such
//! as `create_user_request`. `code` stands for `org_code`, and a list of ids for a list of objects
//! with an `id`. A file is base64, or `{data, filename, content_type}` with base64 in `data`.
//!
//! Everything that is missing, unknown or of a wrong type is refused before anything is sent, with
//! the names that are near, all at once. What Kinde has added to its API since goes into an object
//! `extra`, or the setting `api_validation` is "lenient".
//!
//! What is safe to repeat (GET, PUT, DELETE) is repeated after network trouble and HTTP status 5xx,
//! everything after 429, while the setting `timeout_ms` lasts. Nothing is sent to the Management API
//! while it asks one of the client's calls to wait, and at most `api_concurrency` requests to it are
//! under way at once.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::abi::{ErrorOut, TaskOut, TextIn, TextOut, text};
use super::client::{client_of, kinde_client};
use super::guard::{Answer, ToJson, respond, respond_json, respond_optional_json};
use super::handle::{borrow, give, release};
use super::session::{kinde_session, session_of, shared_session};
use super::task::{Completed, Operation, Parts, kinde_completion, start};
use crate::api::{ApiCalls, api_catalogue};
use crate::client::Pages;
use crate::error::{Result, Status};
use crate::json::Json;

/// Gives all operations that this library knows of the Management API, the Account API and OAuth's
/// endpoints for users, as a JSON object that may get more fields:
///
/// - `groups`: a list of `{api, name, alias}`; `api` is "management", "account" or "oauth"
/// - `operations`: a list of `{name, alias, api, group, method, path, scope, deprecated, parameters,
///   body, list, pages, answer}`. `parameters` is a list of `{name, in, required, repeated,
///   deprecated}` with a type, `in` is "path" or "query". `body` is `{media_type, required}` with a
///   type, or null. `list` is the member of the answer that is its list, `pages` the way its pages
///   are asked for ("token", "id", "until_empty", "metadata"), `answer` the name of its model, each
///   null if there is none
/// - `models`: an object of `{fields}`, a list of `{name, required, deprecated}` with a type, or of
///   `{one_of}`, a list of types
///
/// A type is `{type, nullable}`; `type` is "string", "time", "file", "integer", "number", "boolean",
/// "object", "any", "array" (with `items`), "map" (with `values`) or "model" (with `model`). `enum`
/// lists what is accepted, where not all of the type is.
///
/// `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
/// Fails with no status but INTERNAL.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_api_catalogue(out: TextOut<'_>, error: ErrorOut<'_>) -> Status {
    respond_json(out, error, api_catalogue)
}

fn api_call(
    client: Option<NonNull<kinde_client>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let operation = text(operation, "operation")?;
    let request = client.api_request(operation, text(params_json, "params_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.send_api_request(request).await
    }))
}

/// Calls an operation with the client's machine token, which is obtained when it is first needed,
/// kept, and got anew once if Kinde no longer accepts it. It is made of `management_client_id` and
/// its secret, for `management_audience`.
///
/// `operation` is a name of kinde_api_catalogue, or "request"; `params_json` is an object of its
/// parameters. Gives an object:
///
/// - `status`: the HTTP status, 200 to 299
/// - `headers`: an object of the answer's headers, by their names in lower case
/// - `data`: what Kinde answered; null if nothing
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, UNKNOWN_OPERATION, INVALID_ARGUMENT (the error's fields
/// name everything that is wrong), API (kinde_error_details has Kinde's codes and answer, the scope
/// that is missing and the request's id), RATE_LIMITED, NETWORK, TLS, TIMEOUT, HTTP,
/// RESPONSE_TOO_LARGE, MALFORMED_RESPONSE, CANCELLED and the statuses of kinde_client_credentials.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_api_call(
    client: Option<NonNull<kinde_client>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        api_call(client, operation, params_json)?.wait()
    })
}

/// Like kinde_api_call, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_api_call_async(
    client: Option<NonNull<kinde_client>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        api_call(client, operation, params_json)
    })
}

fn session_api_call(
    session: Option<NonNull<kinde_session>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let handle = shared_session(session)?;
    let operation = text(operation, "operation")?;
    let request = (handle.session).api_request(operation, text(params_json, "params_json")?)?;
    Ok(Operation::of_session(handle.clone(), async move {
        handle.session.send_api_request(request).await
    }))
}

/// Calls an operation with the session's access token, a user's or a machine's. An expired one is
/// renewed first, and a user's that Kinde refuses is renewed once, unless the setting `auto_refresh`
/// is off.
///
/// Takes and gives what kinde_api_call does. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with NOT_AUTHENTICATED, TOKEN_EXPIRED, the statuses of kinde_api_call and, where tokens are
/// renewed, those of kinde_session_refresh.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_api_call(
    session: Option<NonNull<kinde_session>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || {
        session_api_call(session, operation, params_json)?.wait()
    })
}

/// Like kinde_session_api_call, without blocking. The completion gets what `*out` would be and the
/// session.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_api_call_async(
    session: Option<NonNull<kinde_session>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        session_api_call(session, operation, params_json)
    })
}

fn api_call_many(
    client: Option<NonNull<kinde_client>>,
    calls_json: TextIn<'_>,
) -> Result<Operation<impl Future<Output = Result<Json>> + Send + 'static>> {
    let client = client_of(client)?.clone();
    let calls = ApiCalls::from_json(text(calls_json, "calls_json")?)?;
    Ok(Operation::of_client(&client.clone(), async move {
        client.send_api_calls(calls).await
    }))
}

/// Makes many calls like kinde_api_call, a few at a time. Takes an object, or the list alone:
///
/// - `calls`: a list of `{operation, params}`
/// - `concurrency`: how many calls are under way at once, 1 to 1000; without it, as many as the
///   setting `api_concurrency` says
///
/// Gives an object:
///
/// - `results`: what kinde_api_call would give, in the order of the calls; null for one that failed
/// - `failures`: a list of `{index, error}`; `error` is what kinde_error_details would give
///
/// `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, each call at most as long as the setting `timeout_ms` says.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (it is no list of calls), CANCELLED.
/// What is wrong with one call is among the failures.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_api_call_many(
    client: Option<NonNull<kinde_client>>,
    calls_json: TextIn<'_>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_json(out, error, || api_call_many(client, calls_json)?.wait())
}

/// Like kinde_api_call_many, without blocking. The completion gets what `*out` would be.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_api_call_many_async(
    client: Option<NonNull<kinde_client>>,
    calls_json: TextIn<'_>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || {
        api_call_many(client, calls_json)
    })
}

/// A list of an API, read page by page. Any number of threads may use it at once; each page goes to
/// one of them.
#[allow(non_camel_case_types)]
pub struct kinde_pages {
    pages: Pages,
}

impl Answer for Pages {
    type C = Option<NonNull<kinde_pages>>;
    fn none() -> Self::C {
        None
    }
    fn into_c(self) -> Result<Self::C> {
        Ok(give(kinde_pages { pages: self }))
    }
}

impl Completed for Option<Json> {
    fn into_parts(self) -> Result<Parts> {
        Ok(Parts {
            json: self.map(ToJson::into_json).transpose()?,
            session: None,
        })
    }
}

/// Makes an iterator over the pages of an operation that answers with a list, asked with the
/// client's machine token. Takes what kinde_api_call takes; `page_size` is 100 unless it is given.
///
/// `*pages` is the caller's, to free with kinde_pages_free; it does not depend on `client`.
/// Any thread; uses no network.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, UNKNOWN_OPERATION, INVALID_ARGUMENT (also if the operation
/// does not answer with a list).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_pages_new(
    client: Option<NonNull<kinde_client>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    pages: Option<&mut MaybeUninit<Option<NonNull<kinde_pages>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("pages", pages, error, || {
        let client = client_of(client)?;
        client.api_pages(
            text(operation, "operation")?,
            text(params_json, "params_json")?,
        )
    })
}

/// Like kinde_pages_new, asked with the session's access token as kinde_session_api_call does.
///
/// `*pages` is the caller's, to free with kinde_pages_free; it does not depend on `session`.
/// Any thread; uses no network.
/// Fails with the statuses of kinde_pages_new.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_session_pages_new(
    session: Option<NonNull<kinde_session>>,
    operation: TextIn<'_>,
    params_json: TextIn<'_>,
    pages: Option<&mut MaybeUninit<Option<NonNull<kinde_pages>>>>,
    error: ErrorOut<'_>,
) -> Status {
    respond("pages", pages, error, || {
        session_of(session)?.api_pages(
            text(operation, "operation")?,
            text(params_json, "params_json")?,
        )
    })
}

fn next_page(
    pages: Option<NonNull<kinde_pages>>,
) -> Result<Operation<impl Future<Output = Result<Option<Json>>> + Send + 'static>> {
    let pages = borrow(pages, "pages")?.pages.clone();
    let client = pages.client().clone();
    Ok(Operation::of_client(
        &client,
        async move { pages.next().await },
    ))
}

/// Gives the next page as an object; `*out` is NULL at the end of the list.
///
/// - `items`: the items of the page
/// - `status`, `headers`: as kinde_api_call gives them
/// - `data`: what Kinde answered beside the items
///
/// After a failure the same page is asked for again. Pages that go round in a circle are a
/// failure. `*out` is the caller's, to free with kinde_string_free.
/// Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
/// Fails with the statuses of kinde_api_call, or of kinde_session_api_call.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_pages_next(
    pages: Option<NonNull<kinde_pages>>,
    out: TextOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    respond_optional_json(out, error, || next_page(pages)?.wait())
}

/// Like kinde_pages_next, without blocking. The completion gets what `*out` would be, NULL at the end
/// of the list.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_pages_next_async(
    pages: Option<NonNull<kinde_pages>>,
    done: kinde_completion,
    userdata: *mut c_void,
    task: TaskOut<'_>,
    error: ErrorOut<'_>,
) -> Status {
    start(done, userdata, task, error, || next_page(pages))
}

/// Frees an iterator. Takes NULL. Calls under way keep what they need of it.
///
/// Any thread; does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_pages_free(pages: Option<NonNull<kinde_pages>>) {
    release(pages);
}
