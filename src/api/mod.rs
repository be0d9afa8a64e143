//! Kinde's APIs: what they can be asked, how a request is made and an answer read.

mod account;
mod call;
mod calls;
mod catalogue;
mod cursor;
mod judge;
mod multipart;
mod pages;
mod refusal;
mod request;

pub use account::{AccountRequest, PageRequest};
pub(crate) use account::{Listed, answer};
pub(crate) use call::Call;
pub(crate) use calls::ApiCalls;
use catalogue::json as catalogue_json;
pub(crate) use cursor::PagedRequest;
pub(crate) use request::ApiRequest;

use crate::error::Result;
use crate::json::Json;

/// All operations of Kinde's APIs that [`Client::api_call`](crate::Client::api_call) and
/// [`Session::api_call`](crate::Session::api_call) know: what they are called, take and give.
///
/// # Errors
/// `INTERNAL` if the library is damaged.
pub fn api_catalogue() -> Result<Json> {
    catalogue_json().map(Json::from_value)
}
