//! # Kinde's APIs

use super::abi::{ErrorOut, TextOut};
use super::guard::respond_json;
use crate::api::api_catalogue;
use crate::error::Status;

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
