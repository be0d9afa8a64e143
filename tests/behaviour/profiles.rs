//! User profiles, and whom they speak of.

use kinde::{Session, Status, UserProfileRequest};
use kinde_test_support::{Application, json, status};
use serde_json::{Value, json};

async fn profile(
    app: &Application,
    session: &Session,
    version: Option<&str>,
) -> kinde::Result<Value> {
    let mut request = UserProfileRequest::new(session.access_token()?);
    request.version = version.map(str::to_owned);
    app.client.user_profile(request).await.map(json)
}

#[tokio::test]
async fn each_version_has_its_own_shape() {
    let app = Application::start();
    let session = app.signed_in().await;
    let sub = json(session.user().unwrap())["id"].clone();
    let v2 = profile(&app, &session, Some("v2")).await.unwrap();
    assert_eq!(
        (&v2["sub"], &v2["email"]),
        (&sub, &json!("ada@example.com"))
    );
    let v1 = profile(&app, &session, Some("v1")).await.unwrap();
    assert_eq!(
        (&v1["id"], &v1["preferred_email"]),
        (&sub, &json!("ada@example.com"))
    );
    assert_eq!(profile(&app, &session, None).await.unwrap(), v2);
    assert_eq!(
        status(&profile(&app, &session, Some("v3")).await),
        Status::InvalidArgument
    );
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_refused() {
    let app = Application::start();
    let session = app.signed_in().await;
    for (version, path, patch) in [
        (
            "v2",
            "/oauth2/v2/user_profile",
            json!({ "sub": "kp_somebody_else" }),
        ),
        (
            "v1",
            "/oauth2/user_profile",
            json!({ "id": "kp_somebody_else" }),
        ),
    ] {
        app.emulator
            .fault(json!({ "path": path, "patch": patch }))
            .await;
        assert_eq!(
            status(&profile(&app, &session, Some(version)).await),
            Status::Subject,
            "{version}"
        );
    }
    for (version, path, patch) in [
        ("v2", "/oauth2/v2/user_profile", json!({ "sub": null })),
        ("v1", "/oauth2/user_profile", json!({ "id": null })),
    ] {
        app.emulator
            .fault(json!({ "path": path, "patch": patch }))
            .await;
        assert!(
            profile(&app, &session, Some(version)).await.is_err(),
            "{version}"
        );
    }
}

#[tokio::test]
async fn the_given_subject_counts() {
    let app = Application::start();
    let session = app.signed_in().await;
    let mut request = UserProfileRequest::new(session.access_token().unwrap());
    request.sub = Some("kp_somebody_else".to_owned());
    assert_eq!(
        status(&app.client.user_profile(request).await),
        Status::Subject
    );
}

#[tokio::test]
async fn a_token_that_is_not_verified_is_not_sent() {
    let app = Application::start();
    for sign in ["foreign", "none", "hs256"] {
        let token = app.token("access", json!({ "sign": sign })).await;
        let request = UserProfileRequest::new(token);
        assert!(app.client.user_profile(request).await.is_err(), "{sign}");
    }
    assert_eq!(app.emulator.count("/oauth2/v2/user_profile").await, 0);
}
