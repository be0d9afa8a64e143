//! How much memory 100,000 live sessions take, with 4 KB of tokens each.

mod support;

use kinde::{Secret, Session, TokenSet, TokenType};
use serde_json::json;
use support::Issuer;

const SESSIONS: usize = 100_000;
/// Sessions of one client. The next client has the same tokens and shares nothing, so that no two
/// sessions have parts of a token in common.
const TOKEN_SETS: usize = 10_000;

fn main() {
    let issuer = Issuer::new("https://bench.kinde.com");
    let client = |serial: usize| {
        let user_agent = format!("benchmark/{serial}");
        issuer.client(&json!({"user_agent": user_agent}))
    };
    let sets: Vec<(String, String)> = (0..TOKEN_SETS)
        .map(|i| (issuer.access_token(i), issuer.id_token(i)))
        .collect();
    let token_bytes = sets[0].0.len() + sets[0].1.len();
    pollster::block_on(sign_in(&client(SESSIONS), &sets[0]));

    let before = resident_bytes();
    let mut sessions: Vec<Session> = Vec::with_capacity(SESSIONS);
    while sessions.len() < SESSIONS {
        let client = client(sessions.len());
        let signed_in = sets
            .iter()
            .map(|set| pollster::block_on(sign_in(&client, set)));
        sessions.extend(signed_in);
    }
    let made = resident_bytes();
    for session in &sessions {
        let answer = session.has_permission("action17:resource17", TokenType::Access);
        assert!(answer.unwrap());
        assert!(session.user().is_ok());
    }
    let asked = resident_bytes();

    let each = |bytes: usize| (bytes - before) / SESSIONS;
    println!("memory/tokens_per_session: {token_bytes} bytes");
    println!("memory/session: {} bytes", each(made));
    println!("memory/session_after_questions: {} bytes", each(asked));
}

async fn sign_in(client: &kinde::Client, (access, id): &(String, String)) -> Session {
    let tokens = json!({"access_token": access, "id_token": id, "refresh_token": "first.second"});
    let tokens = TokenSet::from_json(&tokens.to_string()).unwrap();
    debug_assert!(tokens.id_token.as_ref().map(Secret::expose).is_some());
    Session::from_tokens(client, tokens).await.unwrap()
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
