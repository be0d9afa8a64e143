//! Every operation of the APIs, called with the least and with all that it takes, through the Rust API and through the C ABI.
//! What leaves the library is judged by the emulator, which has its own reader of the catalogue, and by a validator that nobody
//! here wrote, which reads the description that the catalogue was made of.

#![cfg(feature = "capi")]

mod capi;

use std::ffi::{CStr, CString, OsStr, c_char};
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use capi::{
    Handle, client_of, kinde_client_free, kinde_error_free, kinde_session_free,
    kinde_session_from_tokens,
};
use kinde_test_support::{Application, Extent, Judge, Operation, Operations, json as read};
use serde_json::{Value, json};

/// A call by its operation and parameters, of a client or a session.
type Caller = unsafe extern "C" fn(
    Handle,
    *const c_char,
    *const c_char,
    *mut *mut c_char,
    *mut Handle,
) -> i32;

unsafe extern "C" {
    fn kinde_api_call(
        client: Handle,
        operation: *const c_char,
        params: *const c_char,
        out: *mut *mut c_char,
        error: *mut Handle,
    ) -> i32;
    fn kinde_session_api_call(
        session: Handle,
        operation: *const c_char,
        params: *const c_char,
        out: *mut *mut c_char,
        error: *mut Handle,
    ) -> i32;
    fn kinde_error_details(error: Handle, out: *mut *mut c_char) -> i32;
    fn kinde_string_free(text: *mut c_char);
}

fn operations() -> Operations {
    Operations::of(read(kinde::api_catalogue().unwrap()))
}

const MACHINE: [(&str, &str); 2] = [
    ("management_client_id", "emulator_m2m"),
    (
        "management_client_secret",
        "emulator-m2m-secret-0123456789abcdefghijkl",
    ),
];

/// An application whose emulator checks requests and answers examples.
async fn application() -> Application {
    let settings = MACHINE.map(|(name, value)| (name.to_owned(), json!(value)));
    let app = Application::with(Value::Object(settings.into_iter().collect()));
    app.emulator
        .settings(json!({"management_examples": true}))
        .await;
    app
}

/// Requests to the Management API, one for each call, the right ones.
async fn assert_requests(app: &Application, operation: Operation<'_>, count: usize) {
    let requests = app
        .emulator
        .control(reqwest::Method::GET, "/requests", None)
        .await;
    let requests = requests["requests"].as_array().unwrap().iter();
    let api = requests.filter(|it| it["path"].as_str().unwrap().starts_with("/api/"));
    let api: Vec<&Value> = api.collect();
    assert_eq!(api.len(), count, "{}", operation.name());
    for request in api {
        assert_eq!(request["method"], operation.facts["method"]);
        assert_eq!(request["headers"]["accept"], "application/json");
        let pattern = operation.facts["path"].as_str().unwrap().split('/');
        let path = request["path"].as_str().unwrap().split('/');
        assert_eq!(pattern.clone().count(), path.clone().count());
        for (wanted, sent) in pattern.zip(path) {
            assert!(
                wanted.starts_with('{') || wanted == sent,
                "{wanted}: {sent}"
            );
        }
    }
    app.emulator.forget_requests().await;
}

#[tokio::test]
async fn the_management_api_from_rust() {
    let app = application().await;
    for operation in operations().iter("management") {
        for extent in [Extent::Least, Extent::All] {
            let params = operation.params(extent).to_string();
            let answer = app.client.api_call(operation.name(), &params).await;
            let answer = answer.unwrap_or_else(|e| panic!("{} {params}: {e}", operation.name()));
            let status = read(answer)["status"].as_u64().unwrap();
            assert!(
                (200..300).contains(&status),
                "{}: {status}",
                operation.name()
            );
        }
        assert_requests(&app, operation, 2).await;
    }
}

const WEB_SECRET: &str = "emulator-web-secret-0123456789abcdefghijkl";

/// What a user's operation takes, of values that the emulator knows.
fn users_params(operation: Operation<'_>, access_token: &str) -> Value {
    let mut params = operation.params(Extent::All);
    for (name, value) in [
        ("key", "seats"),
        ("token", access_token),
        ("token_type_hint", "access_token"),
        ("client_id", "emulator_web"),
        ("client_secret", WEB_SECRET),
    ] {
        if params.get(name).is_some() {
            params[name] = json!(value);
        }
    }
    // A list goes on after an item that it has.
    params.as_object_mut().unwrap().remove("starting_after");
    params
}

#[tokio::test]
async fn the_account_api_and_oauth_from_rust() {
    let app = application().await;
    let operations = operations();
    let account = operations.iter("account");
    for operation in account.chain(operations.iter("oauth")) {
        let session = app.signed_in().await;
        let token = session.access_token().unwrap();
        let params = users_params(operation, token.expose());
        let answer = session
            .api_call(operation.name(), &params.to_string())
            .await;
        let answer = answer.unwrap_or_else(|e| panic!("{} {params}: {e}", operation.name()));
        assert_eq!(read(answer)["status"], 200, "{}", operation.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_api_and_oauth_from_c() {
    let app = application().await;
    let settings =
        json!({"domain": app.url(), "client_id": "emulator_web", "client_secret": WEB_SECRET});
    let client = client_of(&settings) as usize;
    let operations = operations();
    let account = operations.iter("account");
    for operation in account.chain(operations.iter("oauth")) {
        let tokens = app.signed_in().await.tokens().unwrap();
        let params = users_params(operation, tokens.access_token.expose()).to_string();
        let (name, params) = (CString::new(operation.name()), CString::new(params));
        let tokens = CString::new(tokens.to_json());
        let called = tokio::task::spawn_blocking(move || {
            let session = c_session(client as Handle, &tokens.unwrap());
            let answer = call(
                kinde_session_api_call,
                session,
                &name.unwrap(),
                &params.unwrap(),
            );
            // SAFETY: made above, freed once.
            unsafe { kinde_session_free(session) };
            answer
        });
        let answer = called.await.unwrap();
        let answer = answer.unwrap_or_else(|e| panic!("{}: {e}", operation.name()));
        assert_eq!(answer["status"], 200, "{}", operation.name());
    }
    // SAFETY: made above, freed once.
    unsafe { kinde_client_free(client as Handle) };
}

#[tokio::test(flavor = "multi_thread")]
async fn the_management_api_from_c() {
    let app = application().await;
    let mut settings = json!({"domain": app.url(), "client_id": "emulator_web"});
    for (name, value) in MACHINE {
        settings[name] = json!(value);
    }
    let client = client_of(&settings) as usize;
    for operation in operations().iter("management") {
        let name = CString::new(operation.name()).unwrap();
        let params = CString::new(operation.params(Extent::All).to_string()).unwrap();
        let called = tokio::task::spawn_blocking(move || {
            call(kinde_api_call, client as Handle, &name, &params)
        });
        let answer = called
            .await
            .unwrap()
            .unwrap_or_else(|e| panic!("{}: {e}", operation.name()));
        let status = answer["status"].as_u64().unwrap();
        assert!(
            (200..300).contains(&status),
            "{}: {status}",
            operation.name()
        );
        assert_requests(&app, operation, 1).await;
    }
    // SAFETY: made above, freed once.
    unsafe { kinde_client_free(client as Handle) };
}

fn c_session(client: Handle, tokens: &CStr) -> Handle {
    let mut session = null_mut();
    // SAFETY: the client is live, the text lives through the call.
    let status =
        unsafe { kinde_session_from_tokens(client, tokens.as_ptr(), &raw mut session, null_mut()) };
    assert_eq!(status, 0);
    session
}

/// The answer, or what is known of the error.
fn call(caller: Caller, asker: Handle, operation: &CStr, params: &CStr) -> Result<Value, Value> {
    let (mut out, mut error) = (null_mut(), null_mut());
    // SAFETY: the arguments live through the call; the texts and the error are freed once.
    unsafe {
        let status = caller(
            asker,
            operation.as_ptr(),
            params.as_ptr(),
            &raw mut out,
            &raw mut error,
        );
        if status != 0 {
            assert_eq!(kinde_error_details(error, &raw mut out), 0);
            kinde_error_free(error);
        }
        let text = serde_json::from_slice(CStr::from_ptr(out).to_bytes()).unwrap();
        kinde_string_free(out);
        match status {
            0 => Ok(text),
            _ => Err(text),
        }
    }
}

/// The vectors' calls, as C makes them.
#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_the_vectors_from_c() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/api/calls.json")).unwrap();
    let app = Application::start();
    for group in vectors["groups"].as_array().unwrap() {
        app.emulator.post("/reset", json!({})).await;
        for order in group["control"].as_array().into_iter().flatten() {
            let method = order["method"].as_str().unwrap().parse().unwrap();
            let path = order["path"].as_str().unwrap();
            let body = Some(order["body"].clone());
            app.emulator.control(method, path, body).await;
        }
        let mut settings = json!({"domain": app.url(), "client_id": "emulator_web"});
        for (name, value) in group["settings"].as_object().into_iter().flatten() {
            settings[name] = value.clone();
        }
        let client = client_of(&settings) as usize;
        for case in group["cases"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let operation = CString::new(text(&case["with"]["operation"])).unwrap();
            let params = CString::new(text(&case["with"]["params"])).unwrap();
            let called = tokio::task::spawn_blocking(move || {
                call(kinde_api_call, client as Handle, &operation, &params)
            });
            let called = called.await.unwrap();
            let expected = &case["expect"];
            let details = called.as_ref().err().unwrap_or(&Value::Null);
            let status = details["name"].as_str().unwrap_or("OK");
            assert_eq!(status, expected["status"], "{case}: {details}");
            if let Some(field) = expected.get("field") {
                assert_eq!(details["field"], *field, "{case}");
            }
            let seen = app.emulator.all_requests().await;
            let mut api = seen.iter().filter(|it| it.path.contains("api/v1/"));
            let path = api.next_back().map(|it| json!(it.path)).unwrap_or_default();
            assert_eq!(path, expected["request"]["path"], "{case}");
            app.emulator.forget_requests().await;
        }
        // SAFETY: made above, freed once.
        unsafe { kinde_client_free(client as Handle) };
    }
}

/// The description: not part of the project.
fn description() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../shared/kinde-management-api.yaml");
    let named = std::env::var_os("KINDE_OPENAPI").map(PathBuf::from);
    named.or_else(|| Some(beside).filter(|path| path.exists()))
}

#[tokio::test]
async fn requests_fit_the_description() {
    let Some(description) = description() else {
        eprintln!("skipped: KINDE_OPENAPI names no description");
        return;
    };
    let judge = Judge::start_with(&[OsStr::new("described.mjs"), description.as_os_str()]);
    let app = application().await;
    let mut faults = Vec::new();
    for operation in operations().iter("management") {
        for extent in [Extent::Least, Extent::All] {
            let params = operation.params(extent).to_string();
            app.client
                .api_call(operation.name(), &params)
                .await
                .unwrap();
            let request = app.emulator.newest_request().await;
            if let Some(fault) = judge.faults_of(&request).await {
                faults.push(format!("{} {}: {fault}", operation.name(), request.target));
            }
        }
        app.emulator.forget_requests().await;
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
