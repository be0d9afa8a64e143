//! What Kinde's APIs can be asked: the facts of each operation, as data. Nothing about an operation
//! is written anywhere else.

pub(super) mod account;

use crate::http::{Method, Repeat};

/// One operation of an API.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As Kinde's SDKs call it.
    pub name: &'static str,
    pub method: Method,
    /// `{name}` stands for a value.
    pub path: &'static str,
    pub host: Host,
    pub repeat: Repeat,
    /// What its answer lists, page by page, if it is a list.
    pub list: Option<List>,
}

/// Which of the two configured hosts answers. A user's token is accepted by the one that issued it
/// alone, and the Management API does not answer on a custom domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Domain,
    ManagementDomain,
}

/// A list in an answer `{data: {<name>: […]}, metadata: {has_more, next_page_starting_after}}`.
#[derive(Debug)]
pub(crate) struct List {
    pub name: &'static str,
    /// What each item must have, as text.
    pub keys: &'static [&'static str],
    /// What stands beside the list in `data`.
    pub beside: &'static [&'static str],
}
