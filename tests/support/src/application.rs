//! An application that signs users in against the emulator.

use std::fmt::Debug;

use kinde::{AuthorizationParams, Client, Config, Session, Status, VerifyOptions};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::emulator::{Emulator, SeenRequest};

/// Where the tests' application waits for its users: a port on which nobody listens.
pub const REDIRECT_URI: &str = "http://127.0.0.1:1/callback";

/// The emulator, and a client with the settings of its web application.
#[derive(Debug)]
pub struct Application {
    pub emulator: Emulator,
    pub client: Client,
}

impl Application {
    pub fn start() -> Application {
        Application::with(json!({}))
    }

    /// With these settings beside the web application's; `null` takes one away.
    pub fn with(settings: Value) -> Application {
        Application::on(Emulator::start(), settings)
    }

    pub fn on(emulator: Emulator, settings: Value) -> Application {
        let client = Application::client_of(&emulator, settings);
        Application { emulator, client }
    }

    /// Another client of the same emulator.
    pub fn client(&self, settings: Value) -> Client {
        Application::client_of(&self.emulator, settings)
    }

    /// A client of an emulator, with these settings beside the web application's.
    pub fn client_of(emulator: &Emulator, settings: Value) -> Client {
        let mut all = json!({
            "domain": emulator.url(),
            "client_id": "emulator_web",
            "client_secret": "emulator-web-secret-0123456789abcdefghijkl",
            "redirect_uri": REDIRECT_URI,
            "logout_redirect_uri": "http://127.0.0.1:1/logged-out",
        });
        merge(&mut all, settings);
        Client::new(&config(&all)).expect("good settings")
    }

    pub fn url(&self) -> &str {
        self.emulator.url()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(REDIRECT_URI)
    }

    /// Begins a sign-in, lets the browser finish it at the emulator; gives the callback.
    pub async fn callback(&self, session: &Session) -> String {
        let url = session
            .login_url(&AuthorizationParams::new())
            .expect("an authorization URL");
        self.browser().open(&url).await.at_application()
    }

    /// A session in which `ada@example.com` is signed in, or whoever the emulator was told.
    pub async fn signed_in(&self) -> Session {
        self.signed_in_with(&self.client).await
    }

    pub async fn signed_in_with(&self, client: &Client) -> Session {
        let session = client.session();
        let callback = self.callback(&session).await;
        session.handle_callback(&callback).await.expect("a sign-in");
        session
    }

    /// A genuine token of the web application for `ada@example.com`, with these changes (see `mint` of the control).
    pub async fn token(&self, template: &str, changes: Value) -> String {
        let mut token = json!({
            "template": template,
            "client_id": "emulator_web",
            "email": "ada@example.com",
            "org_code": "org_acme",
        });
        merge(&mut token, changes);
        self.emulator.mint(token).await
    }

    /// The refresh tokens that were sent, oldest first.
    pub async fn refreshes(&self) -> Vec<SeenRequest> {
        let requests = self.emulator.requests("/oauth2/token").await;
        requests
            .into_iter()
            .filter(|request| request.field("grant_type") == Some("refresh_token"))
            .collect()
    }

    /// Has the emulator answer the next refresh otherwise (see `faults` of the control).
    pub async fn disturb_refresh(&self, how: Value) {
        let mut fault =
            json!({ "path": "/oauth2/token", "form": { "grant_type": "refresh_token" } });
        for (name, value) in how.as_object().expect("an object") {
            fault[name] = value.clone();
        }
        self.emulator.fault(fault).await;
    }

    /// Verifies an access token by the client's settings.
    pub async fn verify(&self, token: &str) -> kinde::Result<String> {
        self.client
            .verify_token(token, &VerifyOptions::default())
            .await
    }
}

fn merge(all: &mut Value, changes: Value) {
    let (Value::Object(all), Value::Object(changes)) = (all, changes) else {
        panic!("objects are merged");
    };
    for (name, value) in changes {
        match value {
            Value::Null => all.remove(&name),
            value => all.insert(name, value),
        };
    }
}

/// The configuration of a JSON object.
pub fn config(settings: &Value) -> Config {
    let mut config = Config::new();
    config
        .load_json(&settings.to_string())
        .expect("known settings");
    config
}

/// Reads what the library wrote.
pub fn json(text: impl ToString) -> Value {
    let text = text.to_string();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What a call came to.
#[track_caller]
pub fn status<T: Debug>(result: &kinde::Result<T>) -> Status {
    match result {
        Ok(_) => Status::Ok,
        Err(error) => error.status(),
    }
}
