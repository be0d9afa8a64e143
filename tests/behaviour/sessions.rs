//! One user's session: sign-ins at once, renewal, its end.

use kinde::{AuthorizationParams, Session, Status, TokenType};
use kinde_test_support::{Application, json, query, status};
use serde_json::json;

const TOKEN: &str = "/oauth2/token";

#[tokio::test]
async fn sign_ins_in_several_tabs_do_not_disturb_each_other() {
    let app = Application::start();
    let session = app.client.session();
    let mut callbacks = Vec::new();
    for org_code in ["org_acme", "org_globex", "org_acme"] {
        let params =
            AuthorizationParams::from_json(&json!({ "org_code": org_code }).to_string()).unwrap();
        let url = session.login_url(&params).unwrap();
        callbacks.push((org_code, app.browser().open(&url).await.at_application()));
    }
    callbacks.reverse();
    for (org_code, callback) in callbacks {
        session.handle_callback(&callback).await.unwrap();
        assert_eq!(json(session.organization().unwrap())["org_code"], org_code);
    }
}

#[tokio::test]
async fn eight_sign_ins_are_under_way_at_once_and_the_oldest_makes_room() {
    let app = Application::start();
    let session = app.client.session();
    let states: Vec<String> = (0..9)
        .map(|_| query(&session.login_url(&AuthorizationParams::new()).unwrap())["state"].clone())
        .collect();
    let refused = |state: &str| format!("state={state}&error=access_denied");
    assert_eq!(
        status(&session.handle_callback(&refused(&states[0])).await),
        Status::StateMismatch
    );
    for state in &states[1..] {
        assert_eq!(
            status(&session.handle_callback(&refused(state)).await),
            Status::AccessDenied
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_one_session_get_consistent_answers() {
    let app = Application::start();
    let session = app.signed_in().await;
    let expected = json(session.claims(TokenType::Access).unwrap())["sub"].clone();
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let session = session.clone();
            let expected = expected.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    match number % 4 {
                        0 => assert!(session.ensure_fresh(0).await.is_ok()),
                        1 => assert!(
                            session
                                .has_permission("create:todos", TokenType::Access)
                                .unwrap()
                        ),
                        2 => assert_eq!(json(session.user().unwrap())["id"], expected),
                        _ => {
                            session.login_url(&AuthorizationParams::new()).unwrap();
                            assert!(session.flag_boolean("is_dark_mode", None).unwrap());
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn a_fresh_session_is_left_alone() {
    let app = Application::start();
    let session = app.signed_in().await;
    assert!(!session.ensure_fresh(60).await.unwrap());
    assert_eq!(app.emulator.count(TOKEN).await, 1);
}

#[tokio::test]
async fn a_session_without_refresh_token_says_what_to_do() {
    let app = Application::with(json!({ "scope": "openid profile email" }));
    let session = app.signed_in().await;
    assert!(session.tokens().unwrap().refresh_token.is_none());
    let error = session.refresh().await.unwrap_err();
    assert_eq!(error.status(), Status::NotAuthenticated);
    assert!(error.message().contains("offline"), "{error}");
    assert!(session.is_authenticated());
    assert!(!session.ensure_fresh(0).await.unwrap());
}

#[tokio::test]
async fn nobody_signed_in_is_an_answer_to_every_question() {
    let app = Application::start();
    let session = app.client.session();
    assert!(!session.is_authenticated());
    assert_eq!(status(&session.expires_at()), Status::NotAuthenticated);
    assert_eq!(status(&session.access_token()), Status::NotAuthenticated);
    assert_eq!(status(&session.user()), Status::NotAuthenticated);
    assert_eq!(status(&session.has("{}")), Status::NotAuthenticated);
    assert_eq!(
        status(&session.flag_boolean("x", Some(true))),
        Status::NotAuthenticated
    );
    assert_eq!(status(&session.refresh().await), Status::NotAuthenticated);
    assert_eq!(
        status(&session.ensure_fresh(0).await),
        Status::NotAuthenticated
    );
}

#[tokio::test]
async fn an_access_token_that_comes_expired_signs_nobody_in() {
    let app = Application::start();
    app.emulator
        .lie(json!({ "token": "access", "claims": { "exp": 1 } }))
        .await;
    let session = app.client.session();
    let callback = app.callback(&session).await;
    assert_eq!(
        status(&session.handle_callback(&callback).await),
        Status::TokenExpired
    );
    assert!(!session.is_authenticated());
}

#[tokio::test]
async fn questions_never_use_the_network() {
    let mut app = Application::start();
    let session = app.signed_in().await;
    app.emulator.kill();
    assert!(session.is_authenticated());
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
    assert!(session.has_role("admin", TokenType::Access).unwrap());
    assert_eq!(json(session.user().unwrap())["email"], "ada@example.com");
    assert!(session.flag_integer("competitions_limit", None).is_ok());
    assert!(session.login_url(&AuthorizationParams::new()).is_ok());
}

#[tokio::test]
async fn kept_tokens_make_the_same_session_again() {
    let app = Application::start();
    let session = app.signed_in().await;
    let kept = session.tokens().unwrap().to_json();
    let again = Session::from_tokens(&app.client, kinde::TokenSet::from_json(&kept).unwrap())
        .await
        .unwrap();
    assert_eq!(
        again.claims(TokenType::Access).unwrap(),
        session.claims(TokenType::Access).unwrap()
    );
    assert_eq!(
        again.claims(TokenType::Id).unwrap(),
        session.claims(TokenType::Id).unwrap()
    );
    assert_eq!(again.expires_at().unwrap(), session.expires_at().unwrap());
    again.refresh().await.unwrap();
}

#[tokio::test]
async fn revision_changes_when_the_session_must_be_kept_again() {
    let app = Application::start();
    let session = app.client.session();
    let mut revisions = vec![session.revision()];
    let callback = app.callback(&session).await;
    revisions.push(session.revision());
    session.handle_callback(&callback).await.unwrap();
    revisions.push(session.revision());
    session
        .has_permission("create:todos", TokenType::Access)
        .unwrap();
    assert_eq!(
        session.revision(),
        revisions[2],
        "a question changes nothing"
    );
    session.refresh().await.unwrap();
    revisions.push(session.revision());
    session.logout_url(&kinde::LogoutParams::default()).unwrap();
    revisions.push(session.revision());
    let mut distinct = revisions.clone();
    distinct.dedup();
    assert_eq!(distinct, revisions);
}
