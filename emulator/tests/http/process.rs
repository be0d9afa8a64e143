//! A running emulator, and what a client does with it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

pub const WEB: &str = "emulator_web";
pub const WEB_SECRET: &str = "emulator-web-secret-0123456789abcdefghijkl";
pub const SPA: &str = "emulator_spa";
pub const CALLBACK: &str = "http://127.0.0.1:9/callback";
pub const STATE: &str = "state-0123456789";
pub const NONCE: &str = "nonce-0123456789";
/// The pair of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct Emulator {
    child: Child,
    pub url: String,
    /// The line that it prints when it is ready.
    pub ready: Value,
    pub client: Client,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kinde-emulator"))
}

pub fn client_builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        provider
            .install_default()
            .expect("no other provider is installed");
    });
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

impl Emulator {
    /// With a signing key that all tests share: making one takes longer than most tests.
    pub fn start(arguments: &[&str]) -> Self {
        static SHARED_KEY: Once = Once::new();
        let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/kinde-emulator-tests.pem");
        SHARED_KEY.call_once(|| drop(Self::start_as_is(&["--key-file", file])));
        Self::start_as_is(&[&["--key-file", file], arguments].concat())
    }

    pub fn start_as_is(arguments: &[&str]) -> Self {
        let mut child = command()
            .args(["--port", "0", "--exit-with-stdin"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the emulator starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("standard output is piped");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("it prints a line");
        let ready: Value = serde_json::from_str(&line).expect("the line is JSON");
        let url = ready["url"].as_str().expect("it has an address").to_owned();
        Self {
            child,
            url,
            ready,
            client: client_builder().build().expect("a client"),
        }
    }

    /// With the test control, and with a user who signs in by herself.
    pub fn for_ada() -> Self {
        Self::start(&["--control", "--auto-login", "ada@example.com"])
    }

    /// Waits for the program to end by itself.
    pub fn ended_well(mut self) -> bool {
        self.child.wait().is_ok_and(|status| status.success())
    }

    pub fn at(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.at(path))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub async fn get_as(&self, path: &str, token: &str) -> Answer {
        Answer::to(self.request(Method::GET, path).bearer_auth(token)).await
    }

    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        Answer::to(self.form(path, fields)).await
    }

    /// The token endpoint, as the web application.
    pub async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", WEB), ("client_secret", WEB_SECRET)];
        all.extend(fields);
        self.post("/oauth2/token", &all).await
    }

    pub async fn order(&self, method: Method, path: &str, order: &Value) -> Answer {
        let request = self.request(method, &format!("/_control{path}"));
        Answer::to(
            request
                .header(CONTENT_TYPE, "application/json")
                .body(order.to_string()),
        )
        .await
    }

    /// An order that must be obeyed.
    pub async fn control(&self, path: &str, order: Value) -> Value {
        let answer = self.order(Method::POST, path, &order).await;
        assert_eq!(answer.status, 200, "{path} {order}: {}", answer.body);
        answer.json()
    }

    pub async fn patch(&self, path: &str, order: Value) -> Value {
        let answer = self.order(Method::PATCH, path, &order).await;
        assert_eq!(answer.status, 200, "{path} {order}: {}", answer.body);
        answer.json()
    }

    /// A good authorization request; `changes` replace parameters, an empty value takes one out.
    pub fn authorization_url(&self, changes: &[(&str, &str)]) -> String {
        let defaults = [
            ("client_id", WEB),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile email offline"),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let kept = defaults
            .iter()
            .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let added = changes.iter().filter(|(_, value)| !value.is_empty());
        Url::parse_with_params(&self.at("/oauth2/auth"), kept.chain(added))
            .expect("an address")
            .into()
    }

    pub async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        self.get(&self.authorization_url(changes)).await
    }

    /// The code of a sign-in by the user who signs in by herself.
    pub async fn code(&self, changes: &[(&str, &str)]) -> String {
        let callback = self.authorize(changes).await.callback();
        callback
            .get("code")
            .unwrap_or_else(|| panic!("no code: {callback:?}"))
            .clone()
    }

    pub async fn exchange(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(&fields).await
    }

    pub async fn tokens(&self, changes: &[(&str, &str)]) -> Value {
        let answer = self.exchange(&self.code(changes).await).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ])
        .await
    }

    /// The claims of a token whose signature fits a published key, checked by a library that the emulator does not use.
    pub async fn verified(&self, token: &str) -> Result<Value, String> {
        let jwks: JwkSet =
            serde_json::from_str(&self.get("/.well-known/jwks").await.body).expect("a key set");
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        let kid = header.kid.ok_or("no kid")?;
        let key = jwks.find(&kid).ok_or("no published key has this kid")?;
        let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_aud = false;
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<Value>(token, &key, &validation)
            .map(|data| data.claims)
            .map_err(|error| error.to_string())
    }

    /// The claims of one of these tokens, which must be good.
    pub async fn claims(&self, tokens: &Value, name: &str) -> Value {
        let token = text(tokens, name);
        self.verified(token)
            .await
            .unwrap_or_else(|reason| panic!("{name}: {reason}"))
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.expect("a whole body"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn location(&self) -> Url {
        let location = self
            .headers
            .get(LOCATION)
            .unwrap_or_else(|| panic!("no redirect ({}): {}", self.status, self.body));
        Url::parse(location.to_str().expect("text")).expect("an address")
    }

    /// The parameters that went back to the application.
    pub fn callback(&self) -> HashMap<String, String> {
        let location = self.location();
        assert!(
            location.as_str().starts_with(CALLBACK),
            "not to the application: {location}"
        );
        location.query_pairs().into_owned().collect()
    }

    /// Asserts an error of RFC 6749, section 5.2.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, part_of_description: &str) {
        let body = self.json();
        assert_eq!(
            (self.status, &body["error"]),
            (status, &json!(code)),
            "{body}"
        );
        let description = body["error_description"].as_str().unwrap_or_default();
        assert_printable(description);
        assert!(description.contains(part_of_description), "{body}");
    }

    /// Asserts an error that went back to the application.
    #[track_caller]
    pub fn assert_refused(&self, code: &str, part_of_description: &str) {
        let callback = self.callback();
        assert_eq!(
            callback.get("error").map(String::as_str),
            Some(code),
            "{callback:?}"
        );
        let description = callback
            .get("error_description")
            .map(String::as_str)
            .unwrap_or_default();
        assert_printable(description);
        assert!(description.contains(part_of_description), "{callback:?}");
        assert!(!callback.contains_key("code"), "{callback:?}");
    }
}

/// RFC 6749, appendix A.8.
#[track_caller]
fn assert_printable(description: &str) {
    let is_allowed = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    assert!(description.bytes().all(is_allowed), "{description}");
}

/// The member of an object as text.
pub fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {object}"))
}
