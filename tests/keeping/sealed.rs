//! The whole session as one text.

use kinde::{
    AuthorizationParams, Client, LogoutParams, SealContent, SealParams, Session, Status, TokenType,
};
use kinde_test_support::{Application, json, status};
use serde_json::{Value, json};

fn unix_seconds() -> i64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

const KEY: &str = "first-key-0123456789abcdef0123456789";
const NEXT_KEY: &str = "next-key-0123456789abcdef01234567890";

fn keys(keys: &[&str]) -> Value {
    json!({ "seal_keys": keys })
}

fn claims_only() -> SealParams {
    let mut params = SealParams::default();
    params.content = SealContent::Claims;
    params
}

fn seal(session: &Session) -> String {
    session.seal(&SealParams::default()).unwrap()
}

fn refusal(client: &Client, sealed: &str) -> String {
    let error = Session::open(client, sealed).unwrap_err();
    assert_eq!(error.status(), Status::SessionInvalid);
    error.to_json()
}

#[tokio::test]
async fn a_sealed_session_is_the_same_session() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    let sealed = seal(&session);
    assert!(
        sealed
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    let opened = Session::open(&app.client, &sealed).unwrap();
    assert!(opened.is_authenticated());
    assert_eq!(opened.tokens().unwrap(), session.tokens().unwrap());
    for kind in [TokenType::Access, TokenType::Id] {
        assert_eq!(opened.claims(kind).unwrap(), session.claims(kind).unwrap());
    }
    assert_eq!(opened.expires_at().unwrap(), session.expires_at().unwrap());
    assert_eq!(opened.revision(), session.revision());
    opened.refresh().await.unwrap();
    assert_ne!(opened.revision(), session.revision());
}

#[tokio::test]
async fn opening_uses_no_network() {
    let mut app = Application::with(keys(&[KEY]));
    let sealed = seal(&app.signed_in().await);
    app.emulator.kill();
    let client = app.client(json!({ "seal_keys": KEY, "user_agent": "another-process" }));
    let session = Session::open(&client, &sealed).unwrap();
    assert!(session.is_authenticated());
    assert!(
        session
            .has_permission("create:todos", TokenType::Access)
            .unwrap()
    );
}

#[tokio::test]
async fn a_session_that_nobody_signed_in_to_can_be_sealed_and_finished() {
    let app = Application::with(keys(&[KEY]));
    let session = app.client.session();
    let params = AuthorizationParams::from_json(r#"{"return_to":"/orders"}"#).unwrap();
    let url = session.login_url(&params).unwrap();
    let sealed = seal(&session);
    let callback = app.browser().open(&url).await.at_application();
    let elsewhere = Session::open(&app.client(keys(&[KEY])), &sealed).unwrap();
    let outcome = elsewhere.handle_callback(&callback).await.unwrap();
    assert_eq!(outcome.return_to.as_deref(), Some("/orders"));
    assert!(elsewhere.is_authenticated());
}

#[tokio::test]
async fn the_first_key_seals_and_all_open() {
    let app = Application::with(keys(&[KEY]));
    let old = seal(&app.signed_in().await);
    let rotated = app.client(keys(&[NEXT_KEY, KEY]));
    let session = Session::open(&rotated, &old).unwrap();
    let new = seal(&session);
    refusal(&app.client, &new);
    assert!(Session::open(&app.client(keys(&[NEXT_KEY])), &new).is_ok());
    refusal(&app.client(keys(&[NEXT_KEY])), &old);
}

#[tokio::test]
async fn anything_else_is_refused_in_one_way() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    let sealed = seal(&session);
    let refused = refusal(&app.client, "");
    let altered = |at: usize, letter: &str| {
        let mut text = sealed.clone();
        text.replace_range(at..=at, letter);
        text
    };
    let flipped = |at: usize| {
        let letter = if sealed.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        altered(at, letter)
    };
    let mut others = vec![
        sealed[1..].to_owned(),
        sealed[..sealed.len() - 1].to_owned(),
        sealed[..40].to_owned(),
        format!("{sealed}A"),
        format!("{sealed}="),
        format!(" {sealed}"),
        sealed.replace('A', "+"),
        "A".repeat(10 * 1024 * 1024),
        "é\n\0".repeat(1000),
        altered(0, "C"),
    ];
    // Version, key id, nonce, ciphertext and tag.
    others.extend([1, 3, 6, 9, 20, 30, 60, sealed.len() / 2, sealed.len() - 3].map(flipped));
    for other in &others {
        assert_eq!(refusal(&app.client, other), refused);
    }
    let elsewhere = app.client(json!({ "seal_keys": KEY, "client_id": "emulator_spa" }));
    assert_eq!(refusal(&elsewhere, &sealed), refused);
    let issuer = json!({ "seal_keys": KEY, "issuer": "https://another.example" });
    assert_eq!(refusal(&app.client(issuer), &sealed), refused);
    assert_eq!(refusal(&app.client(keys(&[NEXT_KEY])), &sealed), refused);
    assert!(Session::open(&app.client, &sealed).is_ok());
}

#[tokio::test]
async fn two_seals_of_one_session_differ_in_every_part_but_the_header() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    let (one, other) = (seal(&session), seal(&session));
    assert_eq!(one[..6], other[..6]);
    assert_ne!(one[7..22], other[7..22]);
    assert_ne!(one[30..60], other[30..60]);
}

#[tokio::test]
async fn the_claims_alone_are_small_and_cannot_be_refreshed() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    let whole = seal(&session);
    let sealed = session.seal(&claims_only()).unwrap();
    assert!(sealed.len() <= 2048, "{}", sealed.len());
    assert!(sealed.len() < whole.len());
    let opened = Session::open(&app.client, &sealed).unwrap();
    assert!(opened.is_authenticated());
    assert_eq!(
        opened.claims(TokenType::Access).unwrap(),
        session.claims(TokenType::Access).unwrap()
    );
    assert_eq!(
        opened.user().unwrap().to_string(),
        session.user().unwrap().to_string()
    );
    assert_eq!(status(&opened.tokens()), Status::InvalidArgument);
    assert_eq!(status(&opened.access_token()), Status::InvalidArgument);
    assert_eq!(status(&opened.refresh().await), Status::NotAuthenticated);
    assert!(!opened.ensure_fresh(1_000_000).await.unwrap());
}

#[tokio::test]
async fn without_a_key_nothing_is_sealed_and_the_error_says_how_to_get_one() {
    let app = Application::start();
    let session = app.signed_in().await;
    let error = session.seal(&SealParams::default()).unwrap_err();
    assert_eq!(error.status(), Status::Config);
    assert_eq!(error.field(), Some("seal_keys"));
    assert!(error.message().contains("openssl rand"), "{error}");
    assert_eq!(
        status(&Session::open(&app.client, "x")),
        Status::Config,
        "not the session is at fault"
    );
}

#[tokio::test]
async fn how_much_is_sealed_is_checked() {
    assert_eq!(
        status(&SealParams::from_json(r#"{"content":"some"}"#)),
        Status::InvalidArgument
    );
    assert_eq!(
        SealParams::from_json(r#"{"content":"claims"}"#).unwrap(),
        claims_only()
    );
    assert_eq!(
        SealParams::from_json("{}").unwrap().content,
        SealContent::All
    );
    let error = SealParams::from_json(r#"{"contents":"all"}"#).unwrap_err();
    assert!(error.message().contains("contents"), "{error}");
}

#[tokio::test]
async fn requests_with_one_old_cookie_share_one_refresh() {
    let app = Application::with(keys(&[KEY]));
    let sealed = seal(&app.signed_in().await);
    app.emulator.forget_requests().await;
    let mut renewed = Vec::new();
    // At once, and one after another with the cookie from before.
    let at_once: Vec<_> = (0..8)
        .map(|_| {
            let session = Session::open(&app.client, &sealed).unwrap();
            tokio::spawn(async move {
                session.refresh().await.unwrap();
                session.tokens().unwrap()
            })
        })
        .collect();
    for task in at_once {
        renewed.push(task.await.unwrap());
    }
    for _ in 0..3 {
        let session = Session::open(&app.client, &sealed).unwrap();
        session.refresh().await.unwrap();
        renewed.push(session.tokens().unwrap());
    }
    assert!(renewed.iter().all(|tokens| *tokens == renewed[0]));
    assert_eq!(app.emulator.count("/oauth2/token").await, 1);
}

#[tokio::test]
async fn after_a_logout_an_old_cookie_gets_nothing_of_what_came_after_it() {
    let app = Application::with(keys(&[KEY]));
    let sealed = seal(&app.signed_in().await);
    let session = Session::open(&app.client, &sealed).unwrap();
    session.refresh().await.unwrap();
    session.logout(&LogoutParams::default()).await.unwrap();
    let copy = Session::open(&app.client, &sealed).unwrap();
    assert_eq!(status(&copy.refresh().await), Status::InvalidGrant);
}

#[tokio::test]
async fn logging_out_with_an_old_cookie_ends_what_came_after_it_too() {
    let app = Application::with(keys(&[KEY]));
    let oldest = seal(&app.signed_in().await);
    let mut cookies = vec![oldest];
    for _ in 0..2 {
        let session = Session::open(&app.client, cookies.last().unwrap()).unwrap();
        session.refresh().await.unwrap();
        cookies.push(seal(&session));
    }
    app.emulator.forget_requests().await;
    let session = Session::open(&app.client, &cookies[1]).unwrap();
    session.logout(&LogoutParams::default()).await.unwrap();
    assert_eq!(app.emulator.count("/oauth2/revoke").await, 2);
    for cookie in &cookies {
        let copy = Session::open(&app.client, cookie).unwrap();
        assert_eq!(status(&copy.refresh().await), Status::InvalidGrant);
    }
}

#[tokio::test]
async fn what_came_of_a_refresh_is_remembered_though_each_request_has_a_client_of_its_own() {
    let app = Application::with(keys(&[KEY]));
    let client = || app.client(json!({ "seal_keys": KEY, "user_agent": "one for each request" }));
    let sealed = seal(&app.signed_in().await);
    app.emulator.forget_requests().await;
    for _ in 0..3 {
        let session = Session::open(&client(), &sealed).unwrap();
        session.refresh().await.unwrap();
    }
    assert_eq!(app.emulator.count("/oauth2/token").await, 1);
}

#[tokio::test]
async fn an_old_cookie_and_a_new_one_share_the_refresh_of_what_a_useless_answer_left() {
    let app = Application::with(keys(&[KEY]));
    let old = seal(&app.signed_in().await);
    app.emulator.forget_requests().await;
    app.emulator
        .lie(json!({ "token": "id", "claims": { "sub": "kp_somebody_else" } }))
        .await;
    let session = Session::open(&app.client, &old).unwrap();
    assert_eq!(status(&session.refresh().await), Status::Subject);
    let new = seal(&session);
    let mut renewed = Vec::new();
    for cookie in [&new, &old] {
        let session = Session::open(&app.client, cookie).unwrap();
        session.refresh().await.unwrap();
        renewed.push(session.tokens().unwrap());
    }
    assert_eq!(renewed[0], renewed[1]);
    assert_eq!(app.emulator.count("/oauth2/token").await, 2);
}

#[tokio::test]
async fn requests_with_one_old_cookie_do_not_send_a_spent_token_again() {
    let app = Application::with(keys(&[KEY]));
    let sealed = seal(&app.signed_in().await);
    app.emulator.forget_requests().await;
    app.emulator
        .lie(json!({ "token": "id", "claims": { "sub": "kp_somebody_else" } }))
        .await;
    let first = Session::open(&app.client, &sealed).unwrap();
    assert_eq!(status(&first.refresh().await), Status::Subject);
    let second = Session::open(&app.client, &sealed).unwrap();
    second.refresh().await.unwrap();
    let sent = app.emulator.requests("/oauth2/token").await;
    let tokens: Vec<_> = sent.iter().map(|s| s.field("refresh_token")).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_refresh_token_that_is_not_rotated_is_sent_for_every_refresh() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    app.emulator.forget_requests().await;
    app.emulator
        .fault(json!({
            "path": "/oauth2/token", "patch": { "refresh_token": null }, "times": null,
        }))
        .await;
    for count in 1..=3 {
        session.refresh().await.unwrap();
        assert_eq!(app.emulator.count("/oauth2/token").await, count);
    }
}

#[tokio::test]
async fn an_id_token_without_a_nonce_does_not_let_the_nonce_of_the_sign_in_be_forgotten() {
    let app = Application::with(keys(&[KEY]));
    let lie = |nonce: Value| json!({ "token": "id", "claims": { "nonce": nonce } });
    let mut session = app.signed_in().await;
    let nonce = json(session.claims(TokenType::Id).unwrap())["nonce"].clone();
    assert!(nonce.is_string());
    let lies = [
        (lie(Value::Null), Status::Ok),
        (lie(nonce), Status::Ok),
        (lie(json!("another")), Status::Nonce),
    ];
    for (lie, expected) in lies {
        session = Session::open(&app.client, &seal(&session)).unwrap();
        app.emulator.lie(lie).await;
        assert_eq!(status(&session.refresh().await), expected);
    }
}

#[tokio::test]
async fn a_refresh_that_gave_the_same_access_token_is_not_tried_again_while_that_lasts() {
    let app = Application::with(keys(&[KEY]));
    let session = app.signed_in().await;
    let same = session.access_token().unwrap();
    app.emulator.forget_requests().await;
    app.emulator
        .fault(json!({
            "path": "/oauth2/token", "patch": { "access_token": same.expose() }, "times": null,
        }))
        .await;
    assert!(session.ensure_fresh(1_000_000).await.unwrap());
    let session = Session::open(&app.client, &seal(&session)).unwrap();
    assert!(!session.ensure_fresh(1_000_000).await.unwrap());
    assert_eq!(app.emulator.count("/oauth2/token").await, 1);
}

#[tokio::test]
async fn the_id_token_is_not_judged_again_and_the_access_token_is() {
    let app = Application::with(keys(&[KEY]));
    // Within the leeway of a sign-in, and over for every question.
    let end = unix_seconds() - 30;
    let over = |token| json!({ "token": token, "claims": { "exp": end } });
    app.emulator.lie(over("access")).await;
    app.emulator.lie(over("id")).await;
    let session = app.signed_in().await;
    let sealed = seal(&session);
    let opened = Session::open(&app.client, &sealed).unwrap();
    assert!(!opened.is_authenticated());
    assert_eq!(opened.expires_at().unwrap(), end);
    assert_eq!(
        status(&opened.has_permission("create:todos", TokenType::Access)),
        Status::TokenExpired
    );
    app.emulator
        .post("/tokens/expire", json!({ "kind": "access" }))
        .await;
    opened.refresh().await.unwrap();
    assert!(opened.is_authenticated());
    assert_eq!(json(opened.user().unwrap())["email"], "ada@example.com");
}
