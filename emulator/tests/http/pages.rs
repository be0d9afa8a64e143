//! The sign-in and registration pages, as a person with a browser and without scripts meets them.

use serde_json::json;

use crate::browser::Browser;
use crate::process::Emulator;

#[tokio::test]
async fn a_person_signs_in_and_chooses_an_organization() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser.open(&[("login_hint", "ada@example.com")]).await;
    assert_eq!(page.path, "/sign-in");
    assert!(page.body.contains("value=\"ada@example.com\""));
    assert!(page.body.contains("<label for=\"email\">") && page.body.contains("autofocus"));
    assert!(!page.body.contains("<script"));

    let choice = browser
        .post(
            "/sign-in",
            &[("flow", &page.flow), ("email", "Ada@Example.com")],
        )
        .await;
    assert!(
        choice.body.contains("Acme") && choice.body.contains("Globex"),
        "{}",
        choice.body
    );
    let not_mine = browser
        .post(
            "/organization",
            &[("flow", &page.flow), ("org_code", "org_x")],
        )
        .await;
    assert_eq!(not_mine.status, 422);
    let done = browser
        .post(
            "/organization",
            &[("flow", &page.flow), ("org_code", "org_globex")],
        )
        .await;
    assert_eq!(done.status, 303);
    let tokens = emulator.exchange(&done.callback()["code"]).await.json();
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["org_code"], "org_globex");

    let again = browser
        .post(
            "/sign-in",
            &[("flow", &page.flow), ("email", "ada@example.com")],
        )
        .await;
    assert_eq!(again.status, 400, "an answered page is void");
}

#[tokio::test]
async fn one_organization_or_a_named_one_needs_no_choice() {
    let emulator = Emulator::start(&["--control"]);
    let browser = Browser::new(&emulator);
    assert_eq!(browser.sign_in("grace@example.com", &[]).await.status, 303);
    let named = [("org_code", "org_globex"), ("prompt", "login")];
    assert_eq!(browser.sign_in("ada@example.com", &named).await.status, 303);
    emulator
        .patch("/settings", json!({"organization_picker": false}))
        .await;
    assert_eq!(
        browser
            .sign_in("ada@example.com", &[("prompt", "login")])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn mistakes_are_shown_and_typed_text_is_escaped() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser.open(&[]).await;
    let nasty = "\"><script>alert(1)</script>@x";
    let answer = browser
        .post("/sign-in", &[("flow", &page.flow), ("email", nasty)])
        .await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("role=\"alert\"") && answer.body.contains("aria-invalid"));
    assert!(!answer.body.contains("<script>") && answer.body.contains("&lt;script&gt;"));
    for (password, status) in [("", 422), ("wrong", 422), ("enigma", 303)] {
        let fields = [
            ("flow", page.flow.as_str()),
            ("email", "alan@example.com"),
            ("password", password),
        ];
        assert_eq!(
            browser.post("/sign-in", &fields).await.status,
            status,
            "{password}"
        );
    }
}

#[tokio::test]
async fn pages_cannot_be_framed_or_scripted() {
    let emulator = Emulator::start(&[]);
    let answer = emulator.get("/device").await;
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn nobody_can_answer_a_page_of_another_browser() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser.open(&[]).await;
    let stranger = Browser::new(&emulator);
    let fields = [("flow", page.flow.as_str()), ("email", "grace@example.com")];
    let answer = stranger.post("/sign-in", &fields).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("another browser"));
    stranger.open(&[]).await;
    assert_eq!(stranger.post("/sign-in", &fields).await.status, 400);
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let first = browser.open(&[("state", "state-of-first-tab")]).await;
    let second = browser.open(&[("state", "state-of-second-tab")]).await;
    for (page, state) in [
        (&second, "state-of-second-tab"),
        (&first, "state-of-first-tab"),
    ] {
        let answer = browser
            .post(
                "/sign-in",
                &[("flow", &page.flow), ("email", "grace@example.com")],
            )
            .await;
        assert_eq!(answer.callback()["state"], state);
    }
}

#[tokio::test]
async fn a_person_may_refuse_or_come_too_late() {
    let emulator = Emulator::start(&["--control"]);
    let browser = Browser::new(&emulator);
    let page = browser.open(&[]).await;
    let refused = browser
        .post("/sign-in", &[("flow", &page.flow), ("action", "cancel")])
        .await;
    refused.assert_refused("access_denied", "refused");

    let page = browser.open(&[("supports_reauth", "true")]).await;
    let stale = browser
        .post("/sign-in", &[("flow", &page.flow), ("action", "expire")])
        .await;
    stale.assert_refused("login_link_expired", "expired");
    assert!(stale.callback().contains_key("reauth_state"));

    let page = browser.open(&[]).await;
    emulator
        .control("/clock", json!({"shift_seconds": 901}))
        .await;
    let late = browser
        .post(
            "/sign-in",
            &[("flow", &page.flow), ("email", "grace@example.com")],
        )
        .await;
    late.assert_refused("login_link_expired", "expired");
}

#[tokio::test]
async fn a_person_registers_with_a_new_organization() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser
        .open(&[
            ("prompt", "create"),
            ("is_create_org", "true"),
            ("org_name", "<Initech>"),
        ])
        .await;
    assert_eq!(page.path, "/register");
    assert!(page.body.contains("&lt;Initech&gt;"));
    let register = async |email: &str, given_name: &str| {
        let fields = [
            ("flow", page.flow.as_str()),
            ("email", email),
            ("given_name", given_name),
            ("family_name", "Lumbergh"),
        ];
        browser.post("/register", &fields).await
    };
    assert_eq!(register("no address", "Bill").await.status, 422);
    assert_eq!(register("ada@example.com", "Bill").await.status, 422);
    assert_eq!(register("bill@example.com", "").await.status, 422);
    let done = register("bill@example.com", "Bill").await;
    let tokens = emulator.exchange(&done.callback()["code"]).await.json();
    let id_token = emulator.claims(&tokens, "id_token").await;
    assert_eq!(id_token["name"], "Bill Lumbergh");
    assert_eq!(id_token["organizations"][0]["name"], "<Initech>");
    assert_eq!(
        browser
            .sign_in("bill@example.com", &[("prompt", "login")])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn registration_joins_the_organization_asked_for() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser
        .open(&[("prompt", "create"), ("org_code", "org_globex")])
        .await;
    let fields = [
        ("flow", page.flow.as_str()),
        ("email", "new@example.com"),
        ("given_name", "New"),
        ("family_name", "Person"),
    ];
    let done = browser.post("/register", &fields).await;
    let tokens = emulator.exchange(&done.callback()["code"]).await.json();
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(claims["org_code"], "org_globex");
}

#[tokio::test]
async fn an_invitation_leads_into_its_organization() {
    let emulator = Emulator::start(&[]);
    let browser = Browser::new(&emulator);
    let page = browser
        .open(&[
            ("prompt", "create"),
            ("invitation_code", "inv_welcome"),
            ("is_invitation", "true"),
        ])
        .await;
    assert!(page.body.contains("value=\"new@example.com\""));
    let fields = [
        ("flow", page.flow.as_str()),
        ("email", "new@example.com"),
        ("given_name", "New"),
        ("family_name", "Person"),
    ];
    let done = browser.post("/register", &fields).await;
    let tokens = emulator.exchange(&done.callback()["code"]).await.json();
    let claims = emulator.claims(&tokens, "access_token").await;
    assert_eq!(
        (&claims["org_code"], &claims["permissions"]),
        (&json!("org_acme"), &json!(["read:todos"]))
    );
}

#[tokio::test]
async fn forms_are_read_as_strictly_as_everything_else() {
    let emulator = Emulator::start(&[]);
    for path in ["/sign-in", "/register", "/organization", "/device"] {
        assert_eq!(emulator.post(path, &[]).await.status, 400, "{path}");
        let as_json = emulator
            .request(reqwest::Method::POST, path)
            .header("content-type", "application/json")
            .body("{}");
        assert_eq!(
            crate::process::Answer::to(as_json).await.status,
            400,
            "{path}"
        );
    }
    assert_eq!(emulator.get("/sign-in?flow=unknown").await.status, 400);
    assert_eq!(emulator.get("/register").await.status, 400);
}
