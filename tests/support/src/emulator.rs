//! The emulator as a process, and its test control.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use url::Url;

use crate::process::Process;
use crate::transport::http_client;

/// A running emulator; its README describes what the control does.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    url: String,
    http: reqwest::Client,
}

/// A request that the emulator saw.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    pub method: String,
    pub path: String,
    /// Path and query as they were sent.
    pub target: String,
    pub query: BTreeMap<String, Vec<String>>,
    pub form: BTreeMap<String, Vec<String>>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub status: Option<u64>,
}

impl SeenRequest {
    /// The only value of a form parameter.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        let values = self.form.get(name)?;
        assert_eq!(values.len(), 1, "{name} occurs more than once");
        Some(&values[0])
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("KINDE_EMULATOR") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    // target/debug/deps/<this test>
    let directory = test.ancestors().nth(2).expect("a target directory");
    let program = directory.join("kinde-emulator");
    assert!(
        program.exists(),
        "{} is missing: build it with `cargo build --workspace --bins`, or run `make test`",
        program.display()
    );
    program
}

impl Emulator {
    /// An emulator with its test control, where `ada@example.com` signs in without being asked.
    pub fn start() -> Emulator {
        Emulator::start_with(&[])
    }

    /// Like [`Emulator::start`], with more arguments.
    pub fn start_with(arguments: &[&str]) -> Emulator {
        let mut command = Command::new(program());
        command.args([
            "--port",
            "0",
            "--control",
            "--exit-with-stdin",
            "--auto-login",
            "ada@example.com",
        ]);
        let process = Process::start(command.args(arguments));
        Emulator {
            url: process.ready_text("url"),
            process,
            http: http_client(),
        }
    }

    /// Talks to the control through this client, for an emulator with TLS.
    pub fn with_http(mut self, http: reqwest::Client) -> Emulator {
        self.http = http;
        self
    }

    /// Its address, which is its issuer, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// A token that the control signs.
    pub async fn mint(&self, token: Value) -> String {
        let answer = self.post("/mint", token).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// An event that the control signs as Kinde does, with these changes.
    pub async fn webhook(&self, changes: Value) -> String {
        let answer = self.post("/webhooks", changes).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// Lets the token endpoint lie.
    pub async fn lie(&self, lie: Value) {
        self.post("/lies", lie).await;
    }

    /// Changes the next answers of a path.
    pub async fn fault(&self, fault: Value) {
        self.post("/faults", fault).await;
    }

    pub async fn clear_faults(&self) {
        self.control(Method::DELETE, "/faults", None).await;
    }

    /// Moves the clock.
    pub async fn shift_clock(&self, seconds: i64) {
        self.post("/clock", json!({ "shift_seconds": seconds }))
            .await;
    }

    /// Who signs in from now on, or the error that comes instead.
    pub async fn login(&self, answer: Value) {
        self.post("/login", answer).await;
    }

    pub async fn settings(&self, patch: Value) {
        self.control(Method::PATCH, "/settings", Some(patch)).await;
    }

    pub async fn application(&self, client_id: &str, patch: Value) {
        self.control(
            Method::PATCH,
            &format!("/applications?client_id={client_id}"),
            Some(patch),
        )
        .await;
    }

    pub async fn user(&self, email: &str, patch: Value) {
        self.control(Method::PATCH, &format!("/users?email={email}"), Some(patch))
            .await;
    }

    /// Signs with a new key from now on; the old ones stay published. Gives its key id.
    pub async fn rotate_keys(&self) -> String {
        let answer = self.post("/keys/rotate", json!({})).await;
        answer["kid"].as_str().expect("a key id").to_owned()
    }

    /// The requests to a path, oldest first.
    pub async fn requests(&self, path: &str) -> Vec<SeenRequest> {
        let answer = self
            .control(Method::GET, &format!("/requests?path={path}"), None)
            .await;
        answer["requests"]
            .as_array()
            .expect("a list")
            .iter()
            .map(seen)
            .collect()
    }

    /// All requests, the newest last.
    pub async fn all_requests(&self) -> Vec<SeenRequest> {
        let answer = self.control(Method::GET, "/requests", None).await;
        let requests = answer["requests"].as_array().expect("a list");
        requests.iter().map(seen).collect()
    }

    /// The newest request.
    pub async fn newest_request(&self) -> SeenRequest {
        let mut requests = self.all_requests().await;
        requests.pop().expect("a request")
    }

    /// The newest request to a path.
    pub async fn last_request(&self, path: &str) -> SeenRequest {
        let mut requests = self.requests(path).await;
        requests
            .pop()
            .unwrap_or_else(|| panic!("no request to {path}"))
    }

    /// How many requests to a path were seen.
    pub async fn count(&self, path: &str) -> u64 {
        let counts = self.control(Method::GET, "/counts", None).await;
        counts[path].as_u64().unwrap_or(0)
    }

    /// Waits until so many requests to a path have arrived.
    pub async fn wait_for(&self, path: &str, count: u64) {
        self.control(
            Method::GET,
            &format!("/requests/wait?path={path}&count={count}&timeout_ms=20000"),
            None,
        )
        .await;
    }

    pub async fn forget_requests(&self) {
        self.control(Method::DELETE, "/requests", None).await;
    }

    /// Lets what hangs go on.
    pub async fn release(&self) {
        self.post("/release", json!({})).await;
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.control(Method::POST, path, Some(body)).await
    }

    /// A request to the control.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = Url::parse(&format!("{}/_control{path}", self.url)).expect("a URL");
        let mut request = self.http.request(method, url);
        if let Some(body) = &body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("the emulator's control: {error:?}"));
        let status = response.status();
        let text = response.text().await.expect("an answer of the control");
        assert!(
            status.is_success(),
            "control {path} {body:?}: {status}: {text}"
        );
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

fn seen(request: &Value) -> SeenRequest {
    let lists = |name: &str| {
        let Some(members) = request[name].as_object() else {
            return BTreeMap::new();
        };
        let texts = |list: &Value| {
            list.as_array()
                .into_iter()
                .flatten()
                .map(|text| text.as_str().expect("a text").to_owned())
                .collect()
        };
        members
            .iter()
            .map(|(name, list)| (name.clone(), texts(list)))
            .collect()
    };
    let headers = request["headers"].as_object().expect("headers").iter();
    SeenRequest {
        method: request["method"].as_str().expect("a method").to_owned(),
        path: request["path"].as_str().expect("a path").to_owned(),
        target: request["target"].as_str().expect("a target").to_owned(),
        query: lists("query"),
        form: lists("form"),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        body: request["body"].as_str().expect("a body").to_owned(),
        status: request["status"].as_u64(),
    }
}
