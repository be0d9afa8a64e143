//! Kinde for every language: sign-in, tokens, claims, permissions, flags and sessions.

#![deny(unsafe_code)]
#![allow(dead_code)]

mod config;
mod error;
mod flight;
mod http;
mod json;
mod log;
mod oauth;
mod params;
mod runtime;
mod secret;
mod token;

pub use config::Config;
pub use error::{Advice, Error, FieldError, Result, Status};
pub use json::{Json, JsonView};
pub use log::Level;
pub use oauth::{
    AuthorizationParams, AuthorizationRequest, ClientCredentials, CodeExchange,
    DeviceAuthorization, DevicePoll, DeviceStart, Introspection, LogoutParams, Revocation,
    TokenRefresh, TokenSet, UserProfileRequest,
};
pub use secret::Secret;
