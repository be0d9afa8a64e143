//! Properties of the token parser, the callback parser and the session cookies, for inputs that nobody thought of.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinde::{
    AuthorizationParams, Client, CookieJoin, CookieSplit, Outcome, Secret, Session, SetCookie,
    Status, TokenSet, TokenType, VerifyOptions,
};
use kinde_test_support::{config, json, query, status};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://issuer.example";

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());

/// An issuer whose key the tests hold; no network is needed.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let key = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "k",
        "x": URL_SAFE_NO_PAD.encode(KEY.public_key()),
    });
    let settings = json!({
        "domain": ISSUER,
        "client_id": "client",
        "redirect_uri": "https://app.example/callback",
        "allowed_algorithms": "EdDSA",
        "jwks": { "keys": [key] },
    });
    Client::new(&config(&settings)).unwrap()
});

fn sign(header: &[u8], payload: &[u8]) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = URL_SAFE_NO_PAD.encode(KEY.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn sign_payload(payload: &str) -> String {
    sign(br#"{"alg":"EdDSA","kid":"k"}"#, payload.as_bytes())
}

fn verified(token: &str) -> kinde::Result<String> {
    let options = VerifyOptions {
        wait: false,
        ..VerifyOptions::default()
    };
    pollster::block_on(CLIENT.verify_token(token, &options))
}

/// Values of JSON, with the texts and numbers that parsers trip over.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z_:]{0,12}",
        Just("\u{0}\u{1f}\"\\/\u{7f}\u{2028}😀\u{10ffff}".to_owned()),
    ]
}

/// Claims that no rule names.
fn any_claims() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any_text(), any_json(), 0..8).prop_map(|claims| {
        let ruled = [
            "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "scp", "scope",
            "gty", "event_id", "type", "data",
        ];
        claims
            .into_iter()
            .filter(|(name, _)| !ruled.contains(&name.as_str()))
            .collect()
    })
}

fn access_token(mut claims: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in [
        ("iss", json!(ISSUER)),
        ("sub", json!("kp_1")),
        ("aud", json!([])),
        ("scp", json!(["openid"])),
        ("exp", json!(4_102_444_800_i64)),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

fn session(claims: &Map<String, Value>) -> Session {
    let token = sign_payload(&Value::from(claims.clone()).to_string());
    let tokens = TokenSet::from_json(&json!({ "access_token": token }).to_string()).unwrap();
    pollster::block_on(Session::from_tokens(&CLIENT, tokens)).unwrap()
}

/// Values of cookies (RFC 6265, section 4.1.1), up to what four cookies carry.
fn any_cookie_value() -> impl Strategy<Value = String> {
    const SHORT: &str = "[!#-+\\--:<-\\[\\]-~]{1,40}";
    let long = (SHORT, 1..16_000_usize).prop_map(|(text, length)| {
        let whole = (0..).map(|number| format!("{text}{number}"));
        let mut long = whole.take(length / text.len() + 1).collect::<String>();
        long.truncate(length);
        long
    });
    prop_oneof![SHORT, long]
}

fn split(value: &str, present: Option<Vec<String>>) -> Vec<SetCookie> {
    let split = CookieSplit {
        value: Some(Secret::from(value)),
        present,
        ..CookieSplit::default()
    };
    split.split(None).unwrap().cookies
}

fn join<'a>(
    cookies: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> kinde::Result<Option<String>> {
    let mut join = CookieJoin::default();
    for (name, value) in cookies {
        join.add(name, value.into());
    }
    let joined = join.join()?;
    Ok(joined.value.map(|value| value.expose().to_owned()))
}

fn pair(cookie: &SetCookie) -> (&str, &str) {
    (&cookie.name, cookie.value.expose())
}

/// The same JSON with other escapes, white space and forms of numbers.
fn rewritten(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let units: Vec<String> = text
                .encode_utf16()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect();
            format!("\"{}\"", units.concat())
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(rewritten).collect();
            format!("[ {}\n]", items.join(" ,\t"))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let name = rewritten(&Value::from(name.as_str()));
                    format!("{name} :\r\n{}", rewritten(value))
                })
                .collect();
            format!("\t{{ {} }} ", members.join(" , "))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_a_token(text in any_text()) {
        let refused = status(&verified(&text));
        prop_assert!(refused != Status::Ok && refused != Status::Internal);
    }

    #[test]
    fn no_three_parts_are_a_token(header in any_json(), payload in any_json(), signature in any::<Vec<u8>>()) {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let token = format!(
            "{}.{}.{}",
            encode(header.to_string().as_bytes()),
            encode(payload.to_string().as_bytes()),
            encode(&signature),
        );
        let refused = status(&verified(&token));
        prop_assert!(refused != Status::Ok && refused != Status::Internal);
    }

    #[test]
    fn any_header_under_a_good_signature_is_judged(header in any_json()) {
        let payload = Value::from(access_token(Map::new())).to_string();
        let refused = status(&verified(&sign(header.to_string().as_bytes(), payload.as_bytes())));
        prop_assert!(refused != Status::Ok && refused != Status::Internal);
    }

    #[test]
    fn any_payload_under_a_good_signature_is_judged(payload in any::<Vec<u8>>()) {
        let refused = status(&verified(&sign(br#"{"alg":"EdDSA","kid":"k"}"#, &payload)));
        prop_assert!(refused != Status::Ok && refused != Status::Internal);
    }

    #[test]
    fn claims_come_out_as_they_went_in(claims in any_claims()) {
        let claims = Value::from(access_token(claims));
        let token = sign_payload(&claims.to_string());
        prop_assert_eq!(json(verified(&token).unwrap()), claims.clone());
        let token = sign_payload(&rewritten(&claims));
        prop_assert_eq!(json(verified(&token).unwrap()), claims);
    }

    #[test]
    fn each_claim_is_found_by_its_name(claims in any_claims()) {
        let claims = access_token(claims);
        let session = session(&claims);
        for (name, value) in &claims {
            let answer = json(session.claim(name, TokenType::Access).unwrap());
            prop_assert_eq!(&answer["value"], value);
            let text = session.claim_string(name, TokenType::Access).ok();
            prop_assert_eq!(text.as_deref(), value.as_str());
            let boolean = session.claim_boolean(name, TokenType::Access).ok();
            prop_assert_eq!(boolean, value.as_bool());
            if let Some(number) = value.as_i64() {
                prop_assert_eq!(session.claim_integer(name, TokenType::Access).ok(), Some(number));
            }
        }
    }

    #[test]
    fn permissions_are_exactly_those_of_the_token(permissions in prop::collection::vec(any_text(), 0..20), other in any_text()) {
        let mut claims = Map::new();
        claims.insert("permissions".to_owned(), json!(permissions));
        let session = session(&access_token(claims));
        let answer = json(session.permissions(TokenType::Access).unwrap());
        prop_assert_eq!(&answer["permissions"], &json!(permissions));
        for permission in &permissions {
            prop_assert!(session.has_permission(permission, TokenType::Access).unwrap());
        }
        let has = session.has_permission(&other, TokenType::Access).unwrap();
        prop_assert_eq!(has, permissions.contains(&other));
    }

    #[test]
    fn flags_are_exactly_those_of_the_token(flags in prop::collection::btree_map(any_text(), any::<i64>(), 0..20), other in any_text()) {
        let claim: Map<String, Value> = flags
            .iter()
            .map(|(code, value)| (code.clone(), json!({ "t": "i", "v": value })))
            .collect();
        let mut claims = Map::new();
        claims.insert("feature_flags".to_owned(), Value::from(claim));
        let session = session(&access_token(claims));
        for (code, value) in &flags {
            prop_assert_eq!(session.flag_integer(code, None).unwrap(), *value);
        }
        let found = session.flag_integer(&other, None).ok();
        prop_assert_eq!(found, flags.get(&other).copied());
    }

    #[test]
    fn questions_of_claims_of_any_shape_have_answers(
        permissions in any_json(), roles in any_json(), feature_flags in any_json(), org_code in any_json(),
    ) {
        let mut claims = Map::new();
        for (name, value) in [
            ("permissions", permissions),
            ("roles", roles),
            ("feature_flags", feature_flags),
            ("org_code", org_code),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let session = session(&access_token(claims));
        session.permissions(TokenType::Access).unwrap();
        session.roles(TokenType::Access).unwrap();
        session.flags(TokenType::Access).unwrap();
        session.organization().unwrap();
        session.user().unwrap();
    }

    #[test]
    fn no_text_as_a_callback_signs_anybody_in(text in any_text()) {
        let session = CLIENT.session();
        session.login_url(&AuthorizationParams::new()).unwrap();
        let refused = status(&pollster::block_on(session.handle_callback(&text)).map(drop));
        prop_assert!(refused != Status::Ok && refused != Status::Internal);
        prop_assert!(!session.is_authenticated());
    }

    #[test]
    fn a_callback_in_any_order_and_company_is_the_same(
        others in prop::collection::btree_map("[a-z]{1,3}", any_text(), 0..6),
        at in any::<prop::sample::Index>(),
    ) {
        let session = CLIENT.session();
        let begun = session.login_url(&AuthorizationParams::new()).unwrap();
        let mut pairs: Vec<(String, String)> = others
            .into_iter()
            .filter(|(name, _)| !["iss", "code"].contains(&name.as_str()))
            .collect();
        let state = query(&begun)["state"].clone();
        pairs.insert(at.index(pairs.len() + 1), ("state".to_owned(), state));
        pairs.insert(at.index(pairs.len() + 1), ("error".to_owned(), "access_denied".to_owned()));
        let callback = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let outcome = pollster::block_on(session.handle_callback(&callback));
        prop_assert_eq!(status(&outcome), Status::AccessDenied);
    }

    #[test]
    fn reauth_state_of_any_content_binds_nothing(params in prop::collection::btree_map(any_text(), any_json(), 0..8)) {
        let session = CLIENT.session();
        let begun = session.login_url(&AuthorizationParams::new()).unwrap();
        let reauth = URL_SAFE_NO_PAD.encode(json!(params).to_string());
        let callback = format!("error=login_link_expired&reauth_state={reauth}");
        let Ok(outcome) = pollster::block_on(session.handle_callback(&callback)) else {
            return Ok(());
        };
        prop_assert_eq!(outcome.outcome, Outcome::Restart);
        let (url, begun) = (query(&outcome.url.unwrap()), query(&begun));
        for name in ["client_id", "redirect_uri", "response_type", "scope", "code_challenge_method"] {
            prop_assert_eq!(url.get(name), begun.get(name));
        }
    }

    #[test]
    fn what_cookies_carry_comes_back(value in any_cookie_value(), former in any_cookie_value()) {
        let former = split(&former, None);
        let present = former.iter().map(|cookie| cookie.name.clone()).collect();
        let made = split(&value, Some(present));
        let mut browser: BTreeMap<&str, &str> = former.iter().map(pair).collect();
        for cookie in &made {
            prop_assert!(cookie.set_cookie.expose().len() <= 4096);
            let (name, value) = pair(cookie);
            prop_assert_eq!(cookie.delete, value.is_empty());
            match cookie.delete {
                true => browser.remove(name),
                false => browser.insert(name, value),
            };
        }
        prop_assert_eq!(browser.len(), made.iter().filter(|cookie| !cookie.delete).count());
        prop_assert_eq!(join(browser).unwrap(), Some(value));
    }

    #[test]
    fn cookies_of_two_texts_give_one_of_them_or_nothing(
        one in any_cookie_value(),
        other in any_cookie_value(),
        alike in any::<bool>(),
        from in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 4),
    ) {
        // Texts with a common end differ in no chunk but the first.
        let other = if alike { format!("{}{}", other.chars().next().unwrap(), &one[1..]) } else { other };
        let parts: Vec<SetCookie> = [&one, &other].into_iter().flat_map(|text| split(text, None)).collect();
        let names = ["kinde_session", "kinde_session.1", "kinde_session.2", "kinde_session.3"];
        let mixed = names.into_iter().zip(&from).filter_map(|(name, from)| {
            let value = parts[from.as_ref()?.index(parts.len())].value.expose();
            Some((name, value))
        });
        let outcome = join(mixed);
        match outcome {
            Ok(None) => prop_assert!(from.iter().all(Option::is_none)),
            Ok(Some(text)) => prop_assert!(text == one || text == other),
            Err(error) => prop_assert_eq!(error.status(), Status::SessionInvalid),
        }
        // Each part where it belongs, but of either text.
        let belonging = names.into_iter().zip(&from).filter_map(|(name, from)| {
            let candidates: Vec<&SetCookie> = parts.iter().filter(|part| part.name == name).collect();
            let number = from.as_ref().filter(|_| !candidates.is_empty())?.index(candidates.len().max(1));
            Some(pair(candidates[number]))
        });
        if let Ok(Some(text)) = join(belonging) {
            prop_assert!(text == one || text == other);
        }
    }

    #[test]
    fn no_text_is_a_session_in_cookies(
        header in any_text(),
        values in prop::collection::vec(prop_oneof![any_text(), "[0-4]?\\.?[A-Za-z0-9_-]{12}\\.[a-z]{0,3}"], 0..4),
    ) {
        let mut noise = CookieJoin::default();
        noise.add_header(&header);
        for (number, value) in values.iter().enumerate() {
            let name = if number == 0 { "kinde_session".to_owned() } else { format!("kinde_session.{number}") };
            noise.add(&name, value.as_str().into());
            noise.add_header(&format!("{header}; {name}={value}"));
        }
        match noise.join() {
            Ok(joined) => prop_assert!(joined.value.is_none()),
            Err(error) => prop_assert_eq!(error.status(), Status::SessionInvalid),
        }
    }
}
