//! OAuth 2.0 and OpenID Connect towards Kinde: requests are made and answers read here. Knows
//! nothing of sessions and verifies no token.

mod authorization;
mod authorization_params;
mod callback;
mod client_auth;
mod device;
mod discovery;
mod endpoints;
#[cfg(test)]
mod fixture;
mod grant;
mod introspection;
mod logout;
mod oauth_error;
mod parameters;
mod pkce;
mod query;
pub(crate) mod random;
mod reauth;
mod request;
mod return_to;
mod revocation;
mod token_endpoint;
mod token_set;
mod userinfo;

pub use authorization::AuthorizationRequest;
pub use authorization_params::AuthorizationParams;
pub use device::{DeviceAuthorization, DevicePoll, DeviceStart};
pub use grant::{ClientCredentials, CodeExchange, TokenRefresh};
pub use introspection::Introspection;
pub use logout::LogoutParams;
pub use revocation::Revocation;
pub use token_set::TokenSet;
pub use userinfo::UserProfileRequest;

pub(crate) use authorization::{Purpose, request as authorization_request};
pub(crate) use callback::Callback;
pub(crate) use device::{poll as poll_device, start as start_device};
pub(crate) use discovery::{Discovery, not_prepared};
pub(crate) use endpoints::Endpoints;
pub(crate) use grant::{client_credentials, exchange_code, refresh};
pub(crate) use introspection::{introspect, needs_machine_token};
pub(crate) use logout::url as logout_url;
pub(crate) use reauth::Reauth;
pub(crate) use request::{bearer, headers as request_headers};
pub(crate) use revocation::revoke;
pub(crate) use userinfo::{check_version as check_profile_version, profile as user_profile};
