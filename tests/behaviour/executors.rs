//! The library runs on its own threads, so that any executor may wait for it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use kinde::{AuthorizationParams, Level, Status, TokenType};
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

#[test]
fn a_call_that_is_started_tells_how_it_ended() {
    let app = Application::start();
    let (tell, told) = std::sync::mpsc::channel();
    let client = app.client.clone();
    app.client
        .start(async move { client.prepare().await }, move |result| {
            tell.send(result).unwrap();
        })
        .unwrap();
    told.recv().unwrap().unwrap();
}

#[test]
fn a_call_that_is_cancelled_tells_so_once() {
    let app = Application::start();
    on_tokio(
        app.emulator
            .fault(json!({ "path": "/.well-known/jwks.json", "hang": true })),
    );
    let (tell, told) = std::sync::mpsc::channel();
    let client = app.client.clone();
    let task = app
        .client
        .start(async move { client.prepare().await }, move |result| {
            tell.send(result).unwrap();
        })
        .unwrap();
    task.cancel();
    task.cancel();
    let error = told.recv().unwrap().unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    assert!(told.recv().is_err());
}

#[test]
fn a_logger_gets_what_the_library_says() {
    let app = Application::start();
    let (tell, told) = std::sync::mpsc::channel();
    let logger: Box<kinde::Logger> = Box::new(move |level, module, text| {
        let _ = tell.send((level, module, text.to_owned()));
    });
    kinde::set_logger(Some((Level::Debug, logger)));
    pollster::block_on(app.client.prepare()).unwrap();
    let (level, _, text) = told.recv().unwrap();
    assert!(level <= Level::Debug && !text.is_empty());
    kinde::set_logger(None);
    // Comes to an end, because the logger is gone.
    told.iter().for_each(drop);
}
