//! Policy 7: refresh tokens; and policy 3's row for tokens after a refresh.

use kinde::{Session, Status, TokenRefresh, TokenType};
use kinde_test_support::{Application, json, status};
use serde_json::{Value, json};

const TOKEN: &str = "/oauth2/token";

async fn refresh_with_lie(app: &Application, lie: Value) -> (Session, Status) {
    let session = app.signed_in().await;
    app.emulator
        .post("/tokens/expire", json!({ "kind": "access" }))
        .await;
    app.emulator.lie(lie).await;
    let refreshed = status(&session.refresh().await);
    (session, refreshed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refresh_at_a_time() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.disturb_refresh(json!({ "delay_ms": 300 })).await;
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.ensure_fresh(90_000).await })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert_eq!(app.refreshes().await.len(), 1);
}

#[tokio::test]
async fn the_rotated_token_is_the_one_sent_next() {
    let app = Application::start();
    let session = app.signed_in().await;
    for _ in 0..3 {
        session.refresh().await.unwrap();
    }
    let sent: Vec<String> = app
        .refreshes()
        .await
        .iter()
        .map(|request| request.field("refresh_token").unwrap().to_owned())
        .collect();
    assert_eq!(sent.len(), 3);
    assert!(sent[0] != sent[1] && sent[1] != sent[2] && sent[0] != sent[2]);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_at_once_and_at_most_twice() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.disturb_refresh(json!({ "drop": "after" })).await;
    session.refresh().await.unwrap();
    assert_eq!(app.refreshes().await.len(), 2);
    session.refresh().await.unwrap();

    let session = app.signed_in().await;
    app.emulator.forget_requests().await;
    app.disturb_refresh(json!({ "drop": true, "times": null }))
        .await;
    assert_eq!(status(&session.refresh().await), Status::Network);
    let sent = app.refreshes().await;
    assert_eq!(sent.len(), 3);
    assert!(
        sent.iter()
            .all(|request| request.field("refresh_token") == sent[0].field("refresh_token"))
    );
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn an_answer_of_any_status_is_not_asked_for_again() {
    for (answer, expected) in [
        (json!({ "status": 500, "body": "oops" }), Status::Http),
        (
            json!({ "status": 503, "body": { "error": "temporarily_unavailable" } }),
            Status::Oauth,
        ),
        (
            json!({ "status": 429, "headers": { "Retry-After": "7" }, "body": "" }),
            Status::RateLimited,
        ),
        (
            json!({ "status": 401, "body": { "error": "invalid_client" } }),
            Status::Oauth,
        ),
        (
            json!({ "status": 200, "body": "not json" }),
            Status::MalformedResponse,
        ),
    ] {
        let app = Application::start();
        let session = app.signed_in().await;
        app.disturb_refresh(answer.clone()).await;
        let refreshed = status(&session.refresh().await);
        assert!(
            refreshed == expected || refreshed == Status::Http,
            "{answer}: {refreshed}"
        );
        assert_eq!(app.refreshes().await.len(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_not_sent_after_a_success_that_cannot_be_used() {
    for body in [
        json!({ "token_type": "bearer" }),
        json!({ "access_token": "a.b.c", "token_type": "mac" }),
        json!({ "access_token": "a.b.c", "token_type": "bearer", "expires_in": "soon" }),
    ] {
        let app = Application::start();
        let session = app.signed_in().await;
        app.disturb_refresh(json!({ "status": 200, "body": body.clone() }))
            .await;
        let refreshed = session.refresh().await;
        assert_eq!(status(&refreshed), Status::MalformedResponse, "{body}");
        assert!(session.is_authenticated(), "{body}");
        assert!(session.tokens().unwrap().refresh_token.is_none(), "{body}");
        let refreshed = session.refresh().await;
        assert_eq!(status(&refreshed), Status::NotAuthenticated, "{body}");
        assert_eq!(app.refreshes().await.len(), 1, "{body}");
    }
}

#[tokio::test]
async fn network_trouble_5xx_and_429_sign_nobody_out() {
    for trouble in [
        json!({ "status": 500 }),
        json!({ "status": 502, "body": "<html>" }),
        json!({ "status": 429 }),
        json!({ "status": 400, "body": { "error": "invalid_request" } }),
        json!({ "drop": true, "times": null }),
        json!({ "garbage": 1000 }),
        json!({ "oversize": 3_000_000 }),
        json!({ "truncate": 10, "times": null }),
        json!({ "stall": 10 }),
        json!({ "hang": true }),
        json!({ "redirect": "https://elsewhere.example/" }),
    ] {
        let app = Application::with(json!({ "timeout_ms": 1500 }));
        let session = app.signed_in().await;
        app.disturb_refresh(trouble.clone()).await;
        assert!(session.refresh().await.is_err(), "{trouble}");
        assert!(session.is_authenticated(), "{trouble}");
        assert!(
            session.tokens().unwrap().refresh_token.is_some(),
            "{trouble}"
        );
        app.emulator.clear_faults().await;
        assert_eq!(
            status(&session.refresh().await),
            Status::Ok,
            "after {trouble}"
        );
    }
}

#[tokio::test]
async fn invalid_grant_ends_the_session_and_says_why() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .post("/tokens/revoke", json!({ "email": "ada@example.com" }))
        .await;
    assert_eq!(status(&session.refresh().await), Status::InvalidGrant);
    assert!(!session.is_authenticated());
    let error = session.tokens().unwrap_err();
    assert_eq!(error.status(), Status::NotAuthenticated);
    assert!(error.message().contains("refresh token"), "{error}");
    assert_eq!(app.refreshes().await.len(), 1);
    assert_eq!(status(&session.refresh().await), Status::NotAuthenticated);
    assert_eq!(app.refreshes().await.len(), 1);
}

#[tokio::test]
async fn after_a_success_was_seen_the_old_token_is_never_sent_again() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.emulator
        .lie(json!({ "token": "id", "claims": { "sub": "kp_somebody_else" } }))
        .await;
    assert_eq!(status(&session.refresh().await), Status::Subject);
    session.refresh().await.unwrap();
    let sent = app.refreshes().await;
    assert_eq!(sent.len(), 2);
    assert_ne!(
        sent[0].field("refresh_token"),
        sent[1].field("refresh_token")
    );
}

#[tokio::test]
async fn a_malformed_success_is_a_success() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.disturb_refresh(json!({ "patch": { "access_token": null, "refresh_token": null } }))
        .await;
    assert!(session.refresh().await.is_err());
    assert_eq!(app.refreshes().await.len(), 1);
    assert!(session.is_authenticated());
}

#[tokio::test]
async fn the_old_id_token_stays_when_none_comes_back() {
    let app = Application::start();
    app.emulator
        .settings(json!({ "refresh_returns_id_token": false }))
        .await;
    let session = app.signed_in().await;
    let before = json(session.claims(TokenType::Id).unwrap());
    session.refresh().await.unwrap();
    assert_eq!(json(session.claims(TokenType::Id).unwrap()), before);
}

#[tokio::test]
async fn the_old_refresh_token_stays_when_none_comes_back() {
    let app = Application::start();
    let session = app.signed_in().await;
    app.disturb_refresh(json!({ "patch": { "refresh_token": null } }))
        .await;
    session.refresh().await.unwrap();
    assert!(session.tokens().unwrap().refresh_token.is_some());
}

#[tokio::test]
async fn the_refreshed_id_token_is_of_the_same_iss_sub_azp_and_client() {
    for (claims, expected) in [
        (
            json!({ "iss": "https://elsewhere.example" }),
            Status::Issuer,
        ),
        (json!({ "sub": "kp_somebody_else" }), Status::Subject),
        (json!({ "azp": "emulator_spa" }), Status::AuthorizedParty),
        (json!({ "azp": null }), Status::AuthorizedParty),
        (json!({ "aud": ["emulator_spa"] }), Status::Audience),
        (json!({ "nonce": "another" }), Status::Nonce),
        (json!({ "nonce": null }), Status::Ok),
        (json!({ "exp": 1 }), Status::TokenExpired),
        (
            json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
            Status::AtHash,
        ),
    ] {
        let app = Application::start();
        let lie = json!({ "token": "id", "claims": claims });
        let (session, refreshed) = refresh_with_lie(&app, lie).await;
        assert_eq!(refreshed, expected, "{claims}");
        // A bad refreshed token changes nothing: the former claims stay.
        assert!(session.tokens().is_ok(), "{claims}");
    }
}

#[tokio::test]
async fn the_refreshed_id_token_is_of_the_same_issuer_though_another_is_accepted() {
    let elsewhere = Application::start();
    let app = Application::with(json!({ "extra_issuers": elsewhere.url() }));
    let session = app.signed_in().await;
    let claims = json!({ "at_hash": null, "aud": ["emulator_web"] });
    let theirs = elsewhere.token("id", json!({ "claims": claims })).await;
    app.disturb_refresh(json!({ "patch": { "id_token": theirs } }))
        .await;
    assert_eq!(status(&session.refresh().await), Status::Issuer);
}

#[tokio::test]
async fn without_a_session_the_id_token_before_is_what_the_new_one_is_held_against() {
    let app = Application::start();
    for (claims, expected) in [
        (json!({}), Status::Ok),
        (json!({ "nonce": null }), Status::Ok),
        (json!({ "nonce": "another" }), Status::Nonce),
        (json!({ "sub": "kp_somebody_else" }), Status::Subject),
        (json!({ "azp": null }), Status::AuthorizedParty),
    ] {
        let tokens = app.signed_in().await.tokens().unwrap();
        let mut refresh = TokenRefresh::new(tokens.refresh_token.unwrap());
        refresh.id_token = tokens.id_token;
        app.emulator
            .lie(json!({ "token": "id", "claims": claims }))
            .await;
        assert_eq!(
            status(&app.client.refresh_tokens(refresh).await),
            expected,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn the_refreshed_access_token_is_of_the_same_user_and_audience() {
    for (claims, expected) in [
        (json!({ "sub": "kp_somebody_else" }), Status::Subject),
        (json!({ "azp": "emulator_spa" }), Status::AuthorizedParty),
        (
            json!({ "aud": ["https://elsewhere.example"] }),
            Status::Audience,
        ),
        (json!({ "exp": null }), Status::ClaimMissing),
    ] {
        let app = Application::start();
        let lie = json!({ "token": "access", "claims": claims });
        let (_, refreshed) = refresh_with_lie(&app, lie).await;
        assert_eq!(refreshed, expected, "{claims}");
    }
}

#[tokio::test]
async fn without_an_id_token_the_user_still_stays_the_same() {
    let app = Application::with(json!({ "scope": "profile offline" }));
    let lie = json!({ "token": "access", "claims": { "sub": "kp_somebody_else" } });
    let (session, refreshed) = refresh_with_lie(&app, lie).await;
    assert_eq!(refreshed, Status::Subject);
    assert_eq!(
        session.user().unwrap().get("id"),
        session
            .claim("sub", TokenType::Access)
            .unwrap()
            .get("value")
    );
}

#[tokio::test]
async fn without_an_id_token_before_the_new_one_is_of_the_same_user_too() {
    let app = Application::with(json!({ "scope": "profile offline" }));
    let session = app.signed_in().await;
    let grace = |template: &'static str, claims: Value| {
        app.token(
            template,
            json!({ "email": "grace@example.com", "claims": claims }),
        )
    };
    let patch = json!({
        "access_token": grace("access", json!({})).await,
        "id_token": grace("id", json!({ "at_hash": null })).await,
    });
    app.disturb_refresh(json!({ "patch": patch })).await;
    assert_eq!(status(&session.refresh().await), Status::Subject);
    assert_eq!(status(&session.user()), Status::Ok);
}

#[tokio::test]
async fn a_hollow_access_token_is_refused_and_changes_nothing() {
    let app = Application::start();
    let (session, refreshed) =
        refresh_with_lie(&app, json!({ "token": "access", "hollow": true })).await;
    assert_ne!(refreshed, Status::Ok);
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_cut_the_refresh() {
    let app = Application::start();
    let session = app.signed_in().await;
    let before = session.tokens().unwrap().refresh_token;
    app.disturb_refresh(json!({ "hang": true })).await;
    let caller = tokio::spawn({
        let session = session.clone();
        async move { session.refresh().await }
    });
    app.emulator.wait_for(TOKEN, 2).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    app.emulator.release().await;
    // Joins the refresh under way, or finds it done.
    session.ensure_fresh(0).await.unwrap();
    session.refresh().await.unwrap();
    assert!(session.tokens().unwrap().refresh_token != before);
    let sent = app.refreshes().await;
    assert!(sent.len() <= 2, "{}", sent.len());
}
