//! Kinde for every language: sign-in, tokens, claims, permissions, flags and sessions.
//!
//! A [`Client`] stands for one application at Kinde; it is made once from a [`Config`]. A
//! [`Session`] stands for one user's sign-in.
//!
//! ```no_run
//! # async fn example(callback_query: &str) -> kinde::Result<()> {
//! use kinde::{AuthorizationParams, Client, Config, TokenType};
//!
//! let mut config = Config::new();
//! config.load_env()?;
//! let client = Client::new(&config)?;
//!
//! let session = client.session();
//! let url = session.login_url(&AuthorizationParams::new())?;
//! // Redirect the browser to `url`; it comes back with a query.
//! session.handle_callback(callback_query).await?;
//! if session.has_permission("write:posts", TokenType::Access)? {
//!     // …
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every `async` function runs on the library's own threads and may be awaited on any executor.
//! Claims come from verified tokens only. The feature `capi` (default) adds the C ABI, which
//! `include/kinde.h` documents.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod api;
mod client;
mod clock;
mod config;
mod error;
mod event;
mod ffi;
mod flight;
mod http;
mod json;
// Completions, log callbacks and shutdown are for hosts that are not Rust: without the C ABI nobody
// asks for them.
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
mod log;
mod oauth;
mod params;
#[cfg_attr(not(feature = "capi"), allow(dead_code))]
mod runtime;
mod secret;
mod session;
mod token;
mod webhook;

pub use api::{AccountRequest, PageRequest, api_catalogue};
pub use client::{Client, Pages, Task, VerifyOptions};
pub use config::{Config, HostRecord, HostStore};
pub use error::{Advice, Error, FieldError, Result, Status};
pub use event::{Event, EventKind, Observer, set_observer};
pub use json::{Json, JsonRef, JsonView};
pub use log::{Level, Logger, set_logger};
pub use oauth::{
    AuthorizationParams, AuthorizationRequest, ClientCredentials, CodeExchange,
    DeviceAuthorization, DevicePoll, DeviceStart, Introspection, LogoutParams, Revocation,
    TokenRefresh, TokenSet, UserProfileRequest,
};
pub use secret::Secret;
pub use session::{
    AccountConditions, CallbackOutcome, CookieAttributes, CookieJoin, CookieSplit, JoinedCookies,
    Outcome, SameSite, SealContent, SealParams, Session, SetCookie, SplitCookies, TokenType,
};
pub use webhook::{Webhook, WebhookOptions};
