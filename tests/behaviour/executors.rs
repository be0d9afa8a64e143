//! The library runs on its own threads, so that any executor may wait for it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use kinde::{AuthorizationParams, TokenType};
use kinde_test_support::{Application, Browser, REDIRECT_URI};
use serde_json::json;

/// What a test needs of tokio itself: the emulator's control and the browser.
fn on_tokio<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn callback(url: &str) -> String {
    on_tokio(async { Browser::new(REDIRECT_URI).open(url).await.at_application() })
}

#[test]
fn a_thread_without_an_executor_signs_a_user_in() {
    let app = Application::start();
    let session = app.client.session();
    let url = session.login_url(&AuthorizationParams::new()).unwrap();
    pollster::block_on(session.handle_callback(&callback(&url))).unwrap();
    pollster::block_on(session.refresh()).unwrap();
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
}

#[test]
fn the_executor_of_futures_may_wait() {
    let app = Application::start();
    let session = app.client.session();
    let url = session.login_url(&AuthorizationParams::new()).unwrap();
    let callback = callback(&url);
    let mut futures = futures_util::stream::FuturesUnordered::new();
    futures.push(session.handle_callback(&callback));
    let outcome = pollster::block_on(futures_util::StreamExt::next(&mut futures));
    assert!(outcome.unwrap().is_ok());
}

#[test]
fn a_future_that_is_dropped_unfinished_harms_nothing() {
    let app = Application::start();
    let session = app.client.session();
    on_tokio(
        app.emulator
            .fault(json!({ "path": "/.well-known/jwks.json", "delay_ms": 200 })),
    );
    for _ in 0..20 {
        let mut waiting = pin!(app.client.prepare());
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Pending));
    }
    let url = session.login_url(&AuthorizationParams::new()).unwrap();
    pollster::block_on(session.handle_callback(&callback(&url))).unwrap();
}

#[test]
fn threads_without_an_executor_share_one_client() {
    let app = Application::start();
    let tokens: Vec<String> = on_tokio(async {
        let mut tokens = Vec::new();
        for number in 0..32 {
            let claims = json!({ "permissions": [format!("read:{number}")] });
            tokens.push(app.token("access", json!({ "claims": claims })).await);
        }
        tokens
    });
    std::thread::scope(|scope| {
        for (number, token) in tokens.iter().enumerate() {
            let client = &app.client;
            scope.spawn(move || {
                for _ in 0..20 {
                    let claims = pollster::block_on(
                        client.verify_token(token, &kinde::VerifyOptions::default()),
                    )
                    .unwrap();
                    assert!(claims.contains(&format!("\"read:{number}\"")), "{claims}");
                }
            });
        }
    });
}
