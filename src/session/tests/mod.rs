mod lives;
mod memory;
mod merging;
mod records;
mod sealing;
mod successors;
mod users;

use std::sync::Arc;

use serde_json::json;

use super::state::{Origin, SignIn, SignedIn, State};
use crate::client::{Accepted, Access, Client};
use crate::config::{Algorithm, Config};
use crate::oauth::TokenSet;
use crate::token::Signed;

/// A client whose sessions no other test meets.
fn client() -> Client {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    client_of_store(&format!("memory:?max_sessions={number}"))
}

fn client_of_store(url: &str) -> Client {
    let mut config = Config::new();
    let settings = json!({
        "domain": "example.kinde.com",
        "client_id": "app",
        "redirect_uri": "https://app.example/callback",
        "seal_keys": "0123456789abcdef0123456789abcdef",
        "store_url": url,
        "session_idle_seconds": 8000,
        "session_max_seconds": 20_000,
    });
    config.load_json(&settings.to_string()).unwrap();
    Client::new(&config).unwrap()
}

fn sign_in(state: &str, begun_at: i64) -> SignIn {
    SignIn {
        state: state.into(),
        nonce: format!("nonce of {state}"),
        code_verifier: Some("verifier".into()),
        redirect_uri: "https://app.example/callback".to_owned(),
        scope: "openid offline".to_owned(),
        audience: vec!["https://api.example".to_owned()],
        return_to: Some("/orders".to_owned()),
        begun_at,
    }
}

/// Opaque tokens, so that no keys are needed.
fn signed_in(access_token: &str) -> SignedIn {
    let mut tokens = TokenSet::new(access_token);
    tokens.refresh_token = Some("refresh".into());
    tokens.scope = Some("openid offline".to_owned());
    tokens.expires_in = Some(600);
    tokens.expires_at = Some(tokens.received_at + 600);
    let accepted = Accepted {
        access: Access::Opaque,
        id: None,
        expires_at: tokens.expires_at,
    };
    let origin = Origin::User {
        audience: vec!["https://api.example".to_owned()],
        nonce: Some("nonce".to_owned()),
    };
    SignedIn::new(tokens, accepted, origin)
}

/// The same, of a user who has this `sub`.
fn signed_in_user(access_token: &str, sub: &str) -> SignedIn {
    let claims = json!({ "sub": sub }).to_string();
    let mut signed_in = signed_in(access_token);
    signed_in.id = Some(Signed::from_kept(claims, Algorithm::Rs256, false).unwrap());
    signed_in
}

fn with_sign_ins(names: &[&str]) -> State {
    let mut state = State::new();
    for (at, name) in names.iter().enumerate() {
        let sign_in = sign_in(name, i64::try_from(at).unwrap());
        state.sign_ins.push(Arc::new(sign_in));
    }
    state
}

fn names(state: &State) -> Vec<&str> {
    let sign_ins = state.sign_ins.iter();
    sign_ins.map(|sign_in| sign_in.state.expose()).collect()
}
