//! Where the provider's endpoints are.

use url::Url;

use crate::config::Settings;

/// The endpoints of one provider, from the settings or from its metadata.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// Exactly as it stands in tokens.
    pub issuer: String,
    pub authorization: Url,
    pub token: Url,
    /// A provider need not have one.
    pub logout: Option<Url>,
    pub userinfo: Url,
    pub revocation: Url,
    pub introspection: Url,
    pub device_authorization: Url,
    pub jwks: Url,
    /// Whether a callback must name its issuer (RFC 9207, section 3).
    pub response_iss_required: bool,
}

impl Endpoints {
    /// Kinde's well-known endpoints, or those that the settings name.
    pub(crate) fn from_settings(settings: &Settings) -> Endpoints {
        Endpoints {
            issuer: settings.issuer.clone(),
            authorization: settings.authorization_endpoint.clone(),
            token: settings.token_endpoint.clone(),
            logout: Some(settings.logout_endpoint.clone()),
            userinfo: settings.userinfo_endpoint.clone(),
            revocation: settings.revocation_endpoint.clone(),
            introspection: settings.introspection_endpoint.clone(),
            device_authorization: settings.device_authorization_endpoint.clone(),
            jwks: settings.jwks_url.clone(),
            response_iss_required: false,
        }
    }
}
