//! The flows that need no session: each composes a request with the verification of its answer.

use std::borrow::Cow;

use tokio::time::Instant;

use super::machine::MachineTokenKey;
use super::{Accepted, Client, Expected, Source};
use crate::api::ApiRequest;
use crate::clock::unix_seconds;
use crate::config::AccessTokenFormat;
use crate::error::{Error, Result, Status};
use crate::event::{EventKind, observed};
use crate::http::Http;
use crate::json::Json;
use crate::oauth::{
    self, AuthorizationParams, AuthorizationRequest, ClientCredentials, CodeExchange,
    DeviceAuthorization, DevicePoll, DeviceStart, Introspection, LogoutParams, Purpose, Revocation,
    TokenRefresh, TokenSet, UserProfileRequest,
};
use crate::secret::Secret;
use crate::session::shared_machine_token;
use crate::token::{AccessRules, judge_access};

impl Client {
    /// The URL of Kinde's sign-in page, with what the callback must be held against.
    pub fn authorization_url(&self, params: &AuthorizationParams) -> Result<AuthorizationRequest> {
        if params.return_to().is_some() {
            return Err(Error::invalid_argument(
                "return_to",
                "is kept in a session; without one, keep it yourself",
            ));
        }
        self.authorization_request(params, Purpose::SignIn)
    }

    pub(crate) fn authorization_request(
        &self,
        params: &AuthorizationParams,
        purpose: Purpose,
    ) -> Result<AuthorizationRequest> {
        let endpoints = self.known_endpoints()?;
        oauth::authorization_request(self.settings(), &endpoints, params, purpose)
    }

    /// Exchanges a code (RFC 6749, section 4.1.3) and verifies the tokens that come back.
    ///
    /// Without PKCE the nonce is what ties the answer to the sign-in, and must be given.
    pub async fn exchange_code(&self, exchange: CodeExchange) -> Result<TokenSet> {
        if !self.settings().pkce && exchange.nonce.is_none() {
            return Err(Error::invalid_argument(
                "nonce",
                "is required while the setting pkce is off: nothing else binds the code to the sign-in",
            ));
        }
        let client = self.clone();
        self.run(async move {
            let settings = client.settings();
            let expected = Expected {
                scope: Some(&settings.scope),
                audience: &settings.audience,
                nonce: exchange.nonce.as_deref(),
                ..Expected::default()
            };
            let (tokens, _) = client.exchange(&exchange, &expected).await?;
            Ok(tokens)
        })
        .await
    }

    pub(crate) async fn exchange(
        &self,
        exchange: &CodeExchange,
        expected: &Expected<'_>,
    ) -> Result<(TokenSet, Accepted)> {
        let endpoints = self.endpoints().await?;
        let tokens =
            oauth::exchange_code(self.settings(), &endpoints, self.http()?, exchange).await?;
        let accepted = self.accept(&tokens, expected).await?;
        Ok((tokens, accepted))
    }

    /// Renews tokens (RFC 6749, section 6) and verifies what comes back. With the former ID token
    /// given, the new one must speak of the same user.
    pub async fn refresh_tokens(&self, refresh: TokenRefresh) -> Result<TokenSet> {
        let client = self.clone();
        // Goes on when the caller gives up, so that a request is not cut in the middle: the issuer
        // would have rotated a token whose successor nobody receives.
        self.run_to_end(async move {
            let previous = match &refresh.id_token {
                Some(id_token) => Some(client.former_id_token(id_token.expose()).await?),
                None => None,
            };
            let subject = previous.as_ref().and_then(|id| id.subject());
            let mut tokens = client.request_refresh(&refresh).await?;
            let expected = Expected {
                audience: &client.settings().audience,
                source: Source::Refresh,
                previous: previous.as_deref(),
                subject: subject.as_deref(),
                ..Expected::default()
            };
            client.accept(&tokens, &expected).await?;
            tokens.id_token = tokens.id_token.or(refresh.id_token);
            tokens.refresh_token = tokens.refresh_token.or(Some(refresh.refresh_token));
            Ok(tokens)
        })
        .await
    }

    pub(crate) async fn request_refresh(&self, refresh: &TokenRefresh) -> Result<TokenSet> {
        let endpoints = self.endpoints().await?;
        let settings = self.settings();
        let kind = EventKind::TokensRefreshed {
            client_id: &settings.client_id,
        };
        let work = oauth::refresh(settings, &endpoints, self.http()?, refresh);
        observed(kind, &settings.issuer, work).await
    }

    /// A token for the client itself (RFC 6749, section 4.4), kept until shortly before it expires.
    pub async fn client_credentials(&self, params: ClientCredentials) -> Result<TokenSet> {
        let client = self.clone();
        self.run(async move {
            let (tokens, _) = client.machine_tokens(params).await?;
            Ok(tokens)
        })
        .await
    }

    /// A kept token that expires earlier than its answer said, by another clock perhaps, is got
    /// anew.
    pub(crate) async fn machine_tokens(
        &self,
        params: ClientCredentials,
    ) -> Result<(TokenSet, Accepted)> {
        let request = params.resolved(self.settings())?;
        let key = self.machine_token_key(&request);
        let is_kept = self.shared()?.machine_tokens.keeps(&key);
        match self.accepted_machine_tokens(&request, &key).await {
            Err(error) if is_kept && error.status() == Status::TokenExpired => {
                self.accepted_machine_tokens(&request, &key).await
            }
            outcome => outcome,
        }
    }

    /// The tokens that are kept, or new ones. Those that are refused are kept no longer.
    async fn accepted_machine_tokens(
        &self,
        request: &ClientCredentials,
        key: &MachineTokenKey,
    ) -> Result<(TokenSet, Accepted)> {
        let kept = &self.shared()?.machine_tokens;
        let name = key.name();
        let (client, asked) = (self.clone(), request.clone());
        let tokens = kept
            .get(key.clone(), self.worker_threads(), move |good| async move {
                let obtain = || client.request_machine_token(&asked);
                match client.settings().share_machine_tokens {
                    true => shared_machine_token(&client, &name, good, obtain).await,
                    false => obtain().await,
                }
            })
            .await?;
        let expected = Expected {
            audience: &request.audience,
            source: Source::Machine,
            ..Expected::default()
        };
        let accepted = self.accept(&tokens, &expected).await;
        if let Err(error) = &accepted
            && error.status() != Status::KeysUnavailable
        {
            kept.forget(&tokens.access_token);
        }
        Ok((tokens, accepted?))
    }

    async fn request_machine_token(&self, request: &ClientCredentials) -> Result<TokenSet> {
        let endpoints = self.endpoints().await?;
        oauth::client_credentials(self.settings(), &endpoints, self.http()?, request).await
    }

    /// All that decides which token is given, and to whom.
    fn machine_token_key(&self, request: &ClientCredentials) -> MachineTokenKey {
        let settings = self.settings();
        let mut parts = vec![
            Some(settings.token_endpoint.as_str()),
            Some(&settings.management_domain),
            Some(&settings.client_id),
            settings.client_secret.as_ref().map(Secret::expose),
            settings.management_client_id.as_deref(),
            settings
                .management_client_secret
                .as_ref()
                .map(Secret::expose),
            Some(&settings.management_audience),
            request.scope.as_deref(),
        ];
        parts.extend(
            request
                .audience
                .iter()
                .map(|audience| Some(audience.as_str())),
        );
        MachineTokenKey::of(&parts)
    }

    /// The URL that ends the user's sign-in at Kinde; the browser comes back to `redirect`.
    pub fn logout_url(&self, params: &LogoutParams) -> Result<String> {
        let endpoints = self.known_endpoints()?;
        oauth::logout_url(self.settings(), &endpoints, params)
    }

    /// Revokes a token (RFC 7009).
    pub async fn revoke_token(&self, revocation: Revocation) -> Result<()> {
        let client = self.clone();
        self.run(async move { client.revoke(&revocation).await })
            .await
    }

    pub(crate) async fn revoke(&self, revocation: &Revocation) -> Result<()> {
        let endpoints = self.endpoints().await?;
        oauth::revoke(self.settings(), &endpoints, self.http()?, revocation).await?;
        self.shared()?.machine_tokens.forget(&revocation.token);
        Ok(())
    }

    /// Asks whether a token is active (RFC 7662): `{active, aud, client_id, exp, iat}`.
    pub async fn introspect_token(&self, introspection: Introspection) -> Result<Json> {
        let client = self.clone();
        self.run(async move {
            let machine_token = client.introspecting_machine_token().await?;
            let endpoints = client.endpoints().await?;
            oauth::introspect(
                client.settings(),
                &endpoints,
                client.http()?,
                &introspection,
                machine_token.as_ref(),
            )
            .await
        })
        .await
    }

    async fn introspecting_machine_token(&self) -> Result<Option<Secret>> {
        if !oauth::needs_machine_token(self.settings()) {
            return Ok(None);
        }
        let params = ClientCredentials {
            audience: vec![self.settings().management_audience.clone()],
            ..ClientCredentials::default()
        };
        let (tokens, _) = self.machine_tokens(params).await?;
        Ok(Some(tokens.access_token))
    }

    /// Has Kinde work out a user's claims anew, so that his next refresh gives an access token with
    /// them. Asks with the client's machine token for the Management API.
    pub(crate) async fn refresh_claims_of(&self, subject: &str, deadline: Instant) -> Result<()> {
        let request = ApiRequest::refresh_claims(subject)?;
        self.ask_as_machine(&request, deadline).await.map(drop)
    }

    /// The user's profile, whose subject must be the one given, or else the access token's.
    pub async fn user_profile(&self, mut request: UserProfileRequest) -> Result<Json> {
        let client = self.clone();
        self.run(async move {
            let endpoints = client.endpoints().await?;
            if request.sub.is_none() {
                request.sub = client.subject_of(request.access_token.expose()).await?;
            }
            oauth::user_profile(client.settings(), &endpoints, client.http()?, &request).await
        })
        .await
    }

    async fn subject_of(&self, access_token: &str) -> Result<Option<String>> {
        if self.settings().access_token_format == AccessTokenFormat::Opaque {
            return Ok(None);
        }
        let signed = self.signed(access_token).await?;
        judge_access(&signed, &AccessRules::new(self.settings()), unix_seconds())?;
        Ok(signed.subject().map(Cow::into_owned))
    }

    /// Begins a sign-in on a device without a browser (RFC 8628, section 3.1).
    pub async fn device_start(&self, start: DeviceStart) -> Result<DeviceAuthorization> {
        let client = self.clone();
        self.run(async move {
            let endpoints = client.endpoints().await?;
            oauth::start_device(client.settings(), &endpoints, client.http()?, &start).await
        })
        .await
    }

    /// Asks once whether the user has finished (RFC 8628, section 3.4). `AUTHORIZATION_PENDING`
    /// and `SLOW_DOWN` say after how many seconds to ask again.
    pub async fn device_poll(&self, poll: DevicePoll) -> Result<TokenSet> {
        let client = self.clone();
        self.run(async move {
            let endpoints = client.endpoints().await?;
            let tokens =
                oauth::poll_device(client.settings(), &endpoints, client.http()?, &poll).await?;
            let expected = Expected {
                audience: &client.settings().audience,
                ..Expected::default()
            };
            client.accept(&tokens, &expected).await?;
            Ok(tokens)
        })
        .await
    }

    pub(crate) fn http(&self) -> Result<&Http> {
        Ok(&self.shared()?.http)
    }
}
