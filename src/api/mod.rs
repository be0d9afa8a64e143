//! Kinde's APIs: what they can be asked, how a request is made and an answer read.

mod account;
mod call;
mod catalogue;
mod pages;
mod refusal;

pub use account::{AccountRequest, PageRequest};
pub(crate) use account::{Listed, answer};
pub(crate) use call::Call;
pub(crate) use catalogue::account::REFRESH_USER_CLAIMS;
