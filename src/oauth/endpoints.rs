//! Where the provider's endpoints are.

use url::Url;

use crate::config::{OptionalEndpoint, Settings};
use crate::error::{Error, Result, Status};

/// The endpoints of one provider, from the settings or from its metadata.
#[derive(Clone, Debug)]
pub(crate) struct Endpoints {
    /// Exactly as it stands in tokens.
    pub issuer: String,
    pub authorization: Url,
    pub token: Url,
    pub jwks: Url,
    /// Whether a callback must name its issuer (RFC 9207, section 3).
    pub response_iss_required: bool,
    /// What a provider need not have. [`Endpoints::optional`] reads it.
    pub(super) logout: Option<Url>,
    pub(super) userinfo: Option<Url>,
    pub(super) revocation: Option<Url>,
    pub(super) introspection: Option<Url>,
    pub(super) device_authorization: Option<Url>,
}

impl Endpoints {
    /// Kinde's well-known endpoints, or those that the settings name.
    pub(crate) fn from_settings(settings: &Settings) -> Endpoints {
        Endpoints {
            issuer: settings.issuer.clone(),
            authorization: settings.authorization_endpoint.clone(),
            token: settings.token_endpoint.clone(),
            jwks: settings.jwks_url.clone(),
            response_iss_required: false,
            logout: Some(settings.logout_endpoint.clone()),
            userinfo: Some(settings.userinfo_endpoint.clone()),
            revocation: Some(settings.revocation_endpoint.clone()),
            introspection: Some(settings.introspection_endpoint.clone()),
            device_authorization: Some(settings.device_authorization_endpoint.clone()),
        }
    }

    /// An endpoint that not every provider has: the one of the metadata, or the one that the
    /// settings name, or Kinde's own if the provider is Kinde.
    ///
    /// # Errors
    /// `CONFIG`, naming the setting, if there is none.
    pub(crate) fn optional<'a>(
        &'a self,
        endpoint: OptionalEndpoint,
        settings: &'a Settings,
    ) -> Result<&'a Url> {
        let published = match endpoint {
            OptionalEndpoint::Logout => &self.logout,
            OptionalEndpoint::Userinfo => &self.userinfo,
            OptionalEndpoint::Revocation => &self.revocation,
            OptionalEndpoint::Introspection => &self.introspection,
            OptionalEndpoint::DeviceAuthorization => &self.device_authorization,
        };
        if let Some(url) = published {
            return Ok(url);
        }
        let (setting, configured) = settings.optional_endpoint(endpoint);
        configured.ok_or_else(|| {
            let message = format!("{setting}: the provider's metadata names no such endpoint");
            Error::new(Status::Config, message).with_field(setting)
        })
    }
}
