//! Sessions that outlive the request, the process and the machine: sealed, and in each kind of store.

mod handles;
mod host;
mod leases;
mod machine_tokens;
mod place;
mod processes;
mod refreshed;
mod sealed;
mod stored;
mod users;
mod webhooks;
