//! OAuth 2.0 and OpenID Connect towards Kinde: requests are made and answers read here. Knows
//! nothing of sessions and verifies no token.

mod endpoints;

pub(crate) use endpoints::Endpoints;
