//! Signing in on a device without a browser (RFC 8628).

use std::time::Duration;

use kinde::{Client, DevicePoll, DeviceStart, Session, Status};
use kinde_test_support::{Application, status};
use serde_json::json;

fn television(app: &Application) -> Client {
    app.client(json!({ "client_id": "emulator_device", "client_secret": null, "grant_type": "device_code" }))
}

async fn answer(app: &Application, user_code: &str, action: &str) {
    let answer = json!({ "user_code": user_code, "action": action, "email": "ada@example.com" });
    app.emulator.post("/device", answer).await;
}

#[tokio::test]
async fn a_user_approves() {
    let app = Application::start();
    let client = television(&app);
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    assert!(device.verification_uri.starts_with(app.url()));
    let poll = || DevicePoll::new(device.device_code.clone());
    let pending = client.device_poll(poll()).await.unwrap_err();
    assert_eq!(pending.status(), Status::AuthorizationPending);
    assert_eq!(pending.retry_after(), Some(Duration::from_secs(5)));
    answer(&app, &device.user_code, "approve").await;
    app.emulator.shift_clock(10).await;
    let tokens = client.device_poll(poll()).await.unwrap();
    let session = Session::from_tokens(&client, tokens).await.unwrap();
    assert!(session.is_authenticated());
    app.emulator.shift_clock(10).await;
    assert_eq!(
        status(&client.device_poll(poll()).await),
        Status::InvalidGrant
    );
}

#[tokio::test]
async fn a_user_denies() {
    let app = Application::start();
    let client = television(&app);
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    answer(&app, &device.user_code, "deny").await;
    let poll = DevicePoll::new(device.device_code.clone());
    assert_eq!(
        status(&client.device_poll(poll).await),
        Status::AccessDenied
    );
}

#[tokio::test]
async fn polling_too_often_makes_the_interval_longer() {
    let app = Application::start();
    let client = television(&app);
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    let poll = || DevicePoll::new(device.device_code.clone());
    assert_eq!(
        status(&client.device_poll(poll()).await),
        Status::AuthorizationPending
    );
    let slow_down = client.device_poll(poll()).await.unwrap_err();
    assert_eq!(slow_down.status(), Status::SlowDown);
    assert_eq!(slow_down.retry_after(), Some(Duration::from_secs(10)));
}

#[tokio::test]
async fn a_device_code_expires() {
    let app = Application::start();
    let client = television(&app);
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    app.emulator.shift_clock(3600).await;
    let poll = DevicePoll::new(device.device_code.clone());
    assert_eq!(
        status(&client.device_poll(poll).await),
        Status::ExpiredDeviceCode
    );
}

#[tokio::test]
async fn a_lying_id_token_is_refused() {
    let app = Application::start();
    let client = television(&app);
    let device = client.device_start(DeviceStart::default()).await.unwrap();
    answer(&app, &device.user_code, "approve").await;
    app.emulator
        .lie(json!({ "token": "id", "claims": { "aud": ["emulator_web"] } }))
        .await;
    let poll = DevicePoll::new(device.device_code.clone());
    assert_eq!(status(&client.device_poll(poll).await), Status::Audience);
}
