//! Verification of an access token of 2 KB, beside the bare RSA verification of the same bytes.

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use kinde::VerifyOptions;
use serde_json::json;
use support::Issuer;

/// Tokens that are verified one after the other, each for the first time.
const TOKENS: usize = 4_000;

fn verification(criterion: &mut Criterion) {
    let issuer = Issuer::new("https://bench.kinde.com");
    let options = VerifyOptions::default();
    let tokens: Vec<String> = (0..TOKENS).map(|i| issuer.access_token(i)).collect();
    let mut group = criterion.benchmark_group("verify");

    let key = issuer.parsed_key();
    let parts: Vec<(&str, Vec<u8>)> = tokens.iter().map(|t| signed_parts(t)).collect();
    let mut turn = (0..TOKENS).cycle();
    group.bench_function("bare_rsa", |bencher| {
        bencher.iter(|| {
            let (message, signature) = &parts[turn.next().unwrap_or(0)];
            key.verify_sig(message.as_bytes(), signature).unwrap();
        });
    });
    group.bench_function("full", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut left = usize::try_from(iterations).unwrap();
            let mut spent = Duration::ZERO;
            while left > 0 {
                // A new client has seen none of them before.
                let client = issuer.client(&json!({}));
                let batch = left.min(TOKENS);
                let start = Instant::now();
                for token in &tokens[..batch] {
                    let claims = client.try_verify_token(token, &options);
                    black_box(claims.expect("keys are there").unwrap());
                }
                spent += start.elapsed();
                left -= batch;
            }
            spent
        });
    });
    let client = issuer.client(&json!({}));
    group.bench_function("seen_before", |bencher| {
        bencher.iter(|| {
            client
                .try_verify_token(&tokens[0], &options)
                .expect("keys are there")
                .unwrap()
        });
    });
}

fn signed_parts(token: &str) -> (&str, Vec<u8>) {
    use base64::Engine;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .unwrap();
    (message, signature)
}

criterion_group!(benches, verification);
criterion_main!(benches);
