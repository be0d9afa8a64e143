//! Any header and payload under a good signature, as from an issuer whose tokens were customized. What is accepted says
//! what its JSON says to another parser, and every question about it has an answer.

#![no_main]

use arbitrary::Arbitrary;
use kinde::{Session, TokenSet, TokenType, VerifyOptions};
use kinde_fuzz::{CLIENT, ISSUER, sign};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    header: Option<&'a str>,
    /// Members of the payload, behind those that every token needs.
    members: Option<&'a str>,
    payload: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let header = input.header.unwrap_or(r#"{"alg":"EdDSA","kid":"k"}"#);
    let payload = match input.members {
        Some(members) => format!(
            r#"{{"iss":"{ISSUER}","sub":"kp_1","aud":[],"scp":[],"exp":4102444800,{members}}}"#
        )
        .into_bytes(),
        None => input.payload.to_vec(),
    };
    let token = sign(header.as_bytes(), &payload);
    let options = VerifyOptions {
        wait: false,
        ..VerifyOptions::default()
    };
    let Some(Ok(claims)) = CLIENT.try_verify_token(&token, &options) else {
        return;
    };
    let ours: Value = serde_json::from_str(&claims).expect("claims are JSON");
    let theirs: Value = serde_json::from_slice(&payload).expect("what is accepted is JSON");
    assert_eq!(ours, theirs);
    assert_eq!(ours["iss"], ISSUER);
    ask(&token, &ours);
});

fn ask(token: &str, claims: &Value) {
    let tokens = json!({ "access_token": token }).to_string();
    let tokens = TokenSet::from_json(&tokens).expect("a token set");
    // Another client's token is refused here, though it verifies.
    let Ok(session) = pollster::block_on(Session::from_tokens(&CLIENT, tokens)) else {
        return;
    };
    let answer = |question: kinde::Result<kinde::Json>| -> Value {
        let text = question.expect("a session answers").to_string();
        serde_json::from_str(&text).expect("answers are JSON")
    };
    let permissions = answer(session.permissions(TokenType::Access));
    for permission in permissions["permissions"].as_array().expect("a list") {
        let permission = permission.as_str().expect("a text");
        assert!(
            session
                .has_permission(permission, TokenType::Access)
                .expect("an answer")
        );
    }
    for flag in answer(session.flags(TokenType::Access))["feature_flags"]
        .as_array()
        .expect("a list")
    {
        let code = flag["key"].as_str().expect("a text");
        let same = answer(session.flag(code, None, None));
        assert_eq!(
            (&same["value"], &same["type"]),
            (&flag["value"], &flag["type"])
        );
    }
    for (name, value) in claims.as_object().expect("an object") {
        assert_eq!(
            answer(session.claim(name, TokenType::Access))["value"],
            *value
        );
        let text = session.claim_string(name, TokenType::Access).ok();
        assert_eq!(text.as_deref(), value.as_str());
    }
    answer(session.roles(TokenType::Access));
    answer(session.user());
}
