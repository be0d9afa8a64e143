//! The flows against an OpenID provider that nobody here wrote (`tests/judges/provider.mjs`), so that library and
//! emulator cannot share a misreading of the standards. Discovery is on.

use kinde::{
    AuthorizationParams, Client, ClientCredentials, DevicePoll, DeviceStart, Introspection,
    LogoutParams, Revocation, Session, Status, TokenType, UserProfileRequest,
};
use kinde_test_support::{Browser, Judge, Page, REDIRECT_URI, config, json, query, status};
use serde_json::{Value, json};

const LOGGED_OUT_URI: &str = "http://127.0.0.1:1/logged-out";

struct Provider(Judge);

impl Provider {
    fn start() -> Provider {
        let judge = Judge::start("provider.mjs");
        assert_eq!(judge.said()["redirect_uri"], REDIRECT_URI);
        Provider(judge)
    }

    /// A client that knows the issuer and itself, and finds out the rest.
    async fn client(&self, settings: Value) -> Client {
        let client = self.unprepared(settings);
        client.prepare().await.expect("metadata and keys");
        client
    }

    fn unprepared(&self, settings: Value) -> Client {
        let mut all = json!({
            "domain": self.0.url(),
            "discovery": "same_origin",
            "client_id": "web",
            "client_secret": "secret-of-web",
            "scope": "openid profile email offline_access",
            "redirect_uri": REDIRECT_URI,
            "logout_redirect_uri": LOGGED_OUT_URI,
        });
        for (name, value) in settings.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        Client::new(&config(&all)).expect("good settings")
    }

    fn browser(&self) -> Browser {
        Browser::new(REDIRECT_URI)
    }

    async fn callback(&self, session: &Session, params: Value) -> String {
        // A provider hands out refresh tokens only with consent (OpenID Connect Core, section 11).
        let mut all = json!({ "prompt": "consent" });
        for (name, value) in params.as_object().unwrap() {
            all[name] = value.clone();
        }
        let params = AuthorizationParams::from_json(&all.to_string()).unwrap();
        let url = session.login_url(&params).expect("an authorization URL");
        self.browser().open(&url).await.at_application()
    }

    async fn signed_in(&self, client: &Client, params: Value) -> Session {
        let session = client.session();
        let callback = self.callback(&session, params).await;
        session.handle_callback(&callback).await.expect("a sign-in");
        session
    }
}

#[tokio::test]
async fn a_user_signs_in_and_the_access_token_stays_opaque() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let session = provider.signed_in(&client, json!({})).await;
    assert!(session.is_authenticated());
    let user = json(session.user().unwrap());
    assert_eq!(user["id"], "ada");
    let id_token = json(session.claims(TokenType::Id).unwrap());
    assert_eq!(id_token["iss"], json!(provider.0.url()));
    assert_eq!(id_token["aud"], "web");
    assert!(id_token["at_hash"].is_string());
    assert!(id_token["nonce"].is_string());

    let token = session.access_token().unwrap();
    assert!(!token.expose().contains('.'), "an opaque token");
    assert_eq!(
        status(&session.permissions(TokenType::Access)),
        Status::ClaimMissing
    );
    assert_eq!(
        status(&session.has_permission("x", TokenType::Access)),
        Status::ClaimMissing
    );
    assert_eq!(
        status(&session.flag_boolean("x", None)),
        Status::ClaimMissing
    );
    let tokens = session.tokens().unwrap();
    assert_eq!(
        session.expires_at().unwrap(),
        tokens.received_at + tokens.expires_in.unwrap()
    );
}

#[tokio::test]
async fn a_public_client_signs_in_with_its_proof_key_alone() {
    let provider = Provider::start();
    let client = provider
        .client(json!({ "client_id": "spa", "client_secret": null }))
        .await;
    assert!(
        provider
            .signed_in(&client, json!({}))
            .await
            .is_authenticated()
    );
}

#[tokio::test]
async fn client_secret_basic_works_with_every_character() {
    let provider = Provider::start();
    let settings = json!({
        "client_id": "web:basic",
        "client_secret": "a b+c:d/e%2F&f=g?",
        "client_auth_method": "client_secret_basic",
    });
    let client = provider.client(settings).await;
    let session = provider.signed_in(&client, json!({})).await;
    session.refresh().await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_said_to_be_the_programs_fault() {
    let provider = Provider::start();
    let client = provider.client(json!({ "client_secret": "wrong" })).await;
    let session = client.session();
    let callback = provider.callback(&session, json!({})).await;
    let error = session.handle_callback(&callback).await.unwrap_err();
    assert_eq!(error.status(), Status::Oauth);
    assert_eq!(error.oauth_code(), Some("invalid_client"));
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_used_one_ends_the_session() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let session = provider.signed_in(&client, json!({})).await;
    let first = session.tokens().unwrap();
    session.refresh().await.unwrap();
    let second = session.tokens().unwrap();
    assert!(first.refresh_token != second.refresh_token);
    assert!(first.access_token != second.access_token);
    assert_eq!(json(session.user().unwrap())["id"], "ada");

    // This process knows what came of the first; another one asks.
    let elsewhere = provider.client(json!({ "user_agent": "elsewhere" })).await;
    let stale = Session::from_tokens(&elsewhere, first).await.unwrap();
    assert_eq!(status(&stale.refresh().await), Status::InvalidGrant);
    assert!(!stale.is_authenticated());
}

#[tokio::test]
async fn the_userinfo_endpoint_tells_who_the_user_is() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let session = provider.signed_in(&client, json!({})).await;
    let request = |sub: &str| {
        let mut request = UserProfileRequest::new(session.access_token().unwrap());
        request.sub = Some(sub.to_owned());
        request
    };
    let profile = json(client.user_profile(request("ada")).await.unwrap());
    assert_eq!(profile["email"], "ada@example.com");
    assert_eq!(
        status(&client.user_profile(request("grace")).await),
        Status::Subject
    );
    let unknown = UserProfileRequest::new("unknown-token");
    assert!(client.user_profile(unknown).await.is_err());
}

#[tokio::test]
async fn a_revoked_token_is_no_longer_active() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let session = provider.signed_in(&client, json!({})).await;
    let refresh_token = session.tokens().unwrap().refresh_token.unwrap();
    let ask = || client.introspect_token(Introspection::new(refresh_token.clone()));
    assert_eq!(json(ask().await.unwrap())["active"], true);
    client
        .revoke_token(Revocation::new(refresh_token.clone()))
        .await
        .unwrap();
    assert_eq!(json(ask().await.unwrap())["active"], false);
    client
        .revoke_token(Revocation::new(refresh_token.clone()))
        .await
        .unwrap();
    assert_eq!(status(&session.refresh().await), Status::InvalidGrant);
}

#[tokio::test]
async fn a_machine_gets_an_opaque_token() {
    let provider = Provider::start();
    let settings = json!({ "client_id": "machine", "client_secret": "secret-of-machine" });
    let client = provider.client(settings).await;
    let tokens = client
        .client_credentials(ClientCredentials::default())
        .await
        .unwrap();
    assert!(tokens.id_token.is_none() && tokens.refresh_token.is_none());
    assert_eq!(tokens.token_type.to_ascii_lowercase(), "bearer");
    let again = client
        .client_credentials(ClientCredentials::default())
        .await
        .unwrap();
    assert!(
        tokens.access_token == again.access_token,
        "kept until shortly before it expires"
    );
}

#[tokio::test]
async fn access_tokens_for_a_resource_are_read_as_jwt() {
    let provider = Provider::start();
    let api = provider.0.said()["api"].clone();
    let client = provider
        .client(json!({
            "access_token_format": "jwt",
            "audience": api,
            "scope": "openid offline_access read:orders",
            "authorization_params": { "extra": { "resource": api } },
        }))
        .await;
    let session = provider.signed_in(&client, json!({})).await;
    let claims = json(session.claims(TokenType::Access).unwrap());
    assert_eq!(claims["aud"], api);
    assert_eq!(claims["sub"], "ada");
    assert_eq!(claims["scope"], "read:orders");

    let token = session.access_token().unwrap();
    let verified = client
        .verify_token(token.expose(), &kinde::VerifyOptions::default())
        .await
        .unwrap();
    assert_eq!(json(verified), claims);
    let as_id = kinde::VerifyOptions::from_json(r#"{"type": "id"}"#).unwrap();
    assert_eq!(
        status(&client.verify_token(token.expose(), &as_id).await),
        Status::TokenKind
    );
    let elsewhere = client
        .derive(r#"{"audience": "https://elsewhere.example"}"#)
        .unwrap();
    elsewhere.prepare().await.unwrap();
    let judged = elsewhere
        .verify_token(token.expose(), &kinde::VerifyOptions::default())
        .await;
    assert_eq!(status(&judged), Status::Audience);
}

#[tokio::test]
async fn the_callback_names_its_issuer_and_must() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    for (iss, expected) in [
        (None, Status::ResponseIssuer),
        (
            Some("https://elsewhere.example".to_owned()),
            Status::ResponseIssuer,
        ),
        (
            Some(format!("{}/", provider.0.url())),
            Status::ResponseIssuer,
        ),
        (Some(provider.0.url()), Status::Ok),
    ] {
        let session = client.session();
        let callback = provider.callback(&session, json!({})).await;
        let mut parameters = query(&callback);
        assert_eq!(parameters["iss"], provider.0.url());
        parameters.remove("iss");
        parameters.extend(iss.clone().map(|iss| ("iss".to_owned(), iss)));
        let callback = url::Url::parse_with_params(REDIRECT_URI, parameters).unwrap();
        assert_eq!(
            status(&session.handle_callback(callback.as_str()).await),
            expected,
            "{iss:?}"
        );
    }
}

#[tokio::test]
async fn nobody_signed_in_is_said_in_the_callback() {
    let provider = Provider::start();
    let client = provider.client(json!({ "scope": "openid" })).await;
    let session = client.session();
    let callback = provider
        .callback(&session, json!({ "prompt": "none" }))
        .await;
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::LoginRequired
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_verifier() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let session = client.session();
    let callback = provider.callback(&session, json!({})).await;
    let code = query(&callback)["code"].clone();
    let mut exchange = kinde::CodeExchange::new(code);
    exchange.code_verifier = Some("x".repeat(43).into());
    assert_eq!(
        status(&client.exchange_code(exchange).await),
        Status::InvalidGrant
    );
}

#[tokio::test]
async fn logout_ends_at_the_application() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    let mut browser = provider.browser();
    let session = client.session();
    let url = session.login_url(&AuthorizationParams::new()).unwrap();
    let callback = browser.open(&url).await.at_application();
    session.handle_callback(&callback).await.unwrap();

    let url = session.logout(&LogoutParams::default()).await.unwrap();
    assert!(!session.is_authenticated());
    assert_eq!(query(&url)["post_logout_redirect_uri"], LOGGED_OUT_URI);
    let mut browser = Browser::new("http://127.0.0.1:1/");
    let Page::Shown { status, body, .. } = browser.open(&url).await else {
        panic!("the provider asks first");
    };
    assert_eq!(status, 200, "{body}");
    // The page of the provider has one form with a hidden secret.
    let secret = body.split("name=\"xsrf\" value=\"").nth(1).expect(&body);
    let secret = secret.split('"').next().unwrap();
    let confirm = format!("{}/session/end/confirm", provider.0.url());
    let end = browser
        .submit(&confirm, &[("xsrf", secret), ("logout", "yes")])
        .await;
    assert!(end.at_application().starts_with(LOGGED_OUT_URI));
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let provider = Provider::start();
    let client = provider.unprepared(json!({ "issuer": format!("{}/liar", provider.0.url()) }));
    let error = client.prepare().await.unwrap_err();
    assert_eq!(error.status(), Status::Issuer, "{error}");
    let nobody = provider.unprepared(json!({ "issuer": format!("{}/nobody", provider.0.url()) }));
    assert!(nobody.prepare().await.is_err());
}

#[tokio::test]
async fn a_rotated_key_is_found() {
    let provider = Provider::start();
    let client = provider.client(json!({})).await;
    provider.signed_in(&client, json!({})).await;
    let before = provider.0.get("/judge/counts").await["/jwks"].clone();
    provider.0.get("/judge/rotate").await;
    let session = provider.signed_in(&client, json!({})).await;
    assert!(session.is_authenticated());
    let after = provider.0.get("/judge/counts").await["/jwks"].clone();
    assert_eq!(after.as_u64().unwrap(), before.as_u64().unwrap() + 1);
}

#[tokio::test]
async fn a_device_waits_until_the_user_has_finished() {
    let provider = Provider::start();
    let settings =
        json!({ "client_id": "television", "client_secret": null, "grant_type": "device_code" });
    let client = provider.client(settings).await;
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    assert!(device.verification_uri.starts_with(&provider.0.url()));
    let poll = DevicePoll::new(device.device_code.clone());
    assert_eq!(
        status(&client.device_poll(poll).await),
        Status::AuthorizationPending
    );
    let unknown = DevicePoll::new("unknown");
    assert_eq!(
        status(&client.device_poll(unknown).await),
        Status::InvalidGrant
    );
}

#[tokio::test]
async fn endpoints_are_known_after_the_first_network_call() {
    let provider = Provider::start();
    let client = provider.unprepared(json!({}));
    let session = client.session();
    let error = session.login_url(&AuthorizationParams::new()).unwrap_err();
    assert_eq!(error.status(), Status::NotPrepared);
    client.prepare().await.unwrap();
    assert!(session.login_url(&AuthorizationParams::new()).is_ok());
}
