//! How a client says who it is (RFC 6749, section 2.3.1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::config::{ClientAuthMethod, Settings};
use crate::error::{Error, Result, Status};
use crate::secret::Secret;

/// Who a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Credentials<'a> {
    pub client_id: &'a str,
    /// A public client has none.
    pub client_secret: Option<&'a Secret>,
    pub method: ClientAuthMethod,
}

impl<'a> Credentials<'a> {
    /// The application in which users sign in.
    pub(super) fn of_client(settings: &'a Settings) -> Self {
        Credentials {
            client_id: &settings.client_id,
            client_secret: settings.client_secret.as_ref(),
            method: settings.client_auth_method,
        }
    }

    /// The machine-to-machine application.
    pub(super) fn of_management(settings: &'a Settings) -> Self {
        Credentials {
            client_id: settings
                .management_client_id
                .as_deref()
                .unwrap_or(&settings.client_id),
            client_secret: settings
                .management_client_secret
                .as_ref()
                .or(settings.client_secret.as_ref()),
            method: settings.client_auth_method,
        }
    }

    /// The same client, which sends its secret in the body.
    pub(super) fn in_body(self) -> Self {
        Credentials {
            method: ClientAuthMethod::SecretPost,
            ..self
        }
    }

    /// The same client, which only names itself.
    pub(super) fn without_secret(self) -> Self {
        Credentials {
            client_secret: None,
            ..self
        }
    }

    /// Refuses a client that has no secret.
    pub(super) fn confidential(self) -> Result<Self> {
        if self.client_secret.is_some() {
            return Ok(self);
        }
        Err(Error::new(
            Status::Config,
            "client_secret: is required for client credentials",
        )
        .with_field("client_secret"))
    }

    /// What goes into the body.
    pub(super) fn fields(&self) -> Vec<(&'static str, &'a str)> {
        match (self.client_secret, self.method) {
            (None, _) => vec![("client_id", self.client_id)],
            (Some(secret), ClientAuthMethod::SecretPost) => vec![
                ("client_id", self.client_id),
                ("client_secret", secret.expose()),
            ],
            (Some(_), ClientAuthMethod::SecretBasic) => Vec::new(),
        }
    }

    /// The `Authorization` header, if the secret goes there.
    pub(super) fn header(&self) -> Option<(&'static str, Secret)> {
        let secret = self.client_secret?;
        if self.method != ClientAuthMethod::SecretBasic {
            return None;
        }
        // Both parts are form-encoded first, so that a colon in the id cannot end it.
        let pair = Zeroizing::new(format!(
            "{}:{}",
            form_encoded(self.client_id).as_str(),
            form_encoded(secret.expose()).as_str(),
        ));
        let value = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        Some((
            "authorization",
            Secret::new(format!("Basic {}", value.as_str())),
        ))
    }
}

fn form_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * text.len()));
    encoded.extend(byte_serialize(text.as_bytes()));
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(secret: &Secret, method: ClientAuthMethod) -> Credentials<'_> {
        Credentials {
            client_id: "id:1 é",
            client_secret: Some(secret),
            method,
        }
    }

    #[test]
    fn the_secret_goes_into_the_body_or_the_header() {
        let secret = Secret::from("p%:+&");
        let post = credentials(&secret, ClientAuthMethod::SecretPost);
        assert_eq!(
            post.fields(),
            [("client_id", "id:1 é"), ("client_secret", "p%:+&")]
        );
        assert!(post.header().is_none());

        let basic = credentials(&secret, ClientAuthMethod::SecretBasic);
        assert!(basic.fields().is_empty());
        let (name, value) = basic.header().unwrap();
        assert_eq!(name, "authorization");
        let encoded = value.expose().strip_prefix("Basic ").unwrap();
        assert_eq!(
            STANDARD.decode(encoded).unwrap(),
            b"id%3A1+%C3%A9:p%25%3A%2B%26"
        );
        assert_eq!(basic.in_body().fields().len(), 2);
    }

    #[test]
    fn a_public_client_only_names_itself() {
        let secret = Secret::from("p");
        for method in [ClientAuthMethod::SecretPost, ClientAuthMethod::SecretBasic] {
            let public = credentials(&secret, method).without_secret();
            assert_eq!(public.fields(), [("client_id", "id:1 é")]);
            assert!(public.header().is_none());
            assert_eq!(public.confidential().unwrap_err().status(), Status::Config);
        }
    }
}
