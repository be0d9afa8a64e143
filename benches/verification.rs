//! Verification of an access token of 2 KB, beside the bare RSA verification of the same bytes.

mod support;

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::ParsedPublicKey;
use criterion::{Criterion, criterion_group, criterion_main};
use kinde::VerifyOptions;
use serde_json::json;
use support::Issuer;

/// Tokens that are verified one after the other, each for the first time.
const TOKENS: usize = 4_000;

/// Batches of each kind, one after the other, for their ratio: a noisy machine slows both.
const BATCHES: usize = 31;

fn verification(criterion: &mut Criterion) {
    let issuer = Issuer::new("https://bench.kinde.com");
    let tokens: Vec<String> = (0..TOKENS).map(|i| issuer.access_token(i)).collect();
    let bare = Bare::new(&issuer, &tokens);
    let mut group = criterion.benchmark_group("verify");
    group.bench_function("bare_rsa", |bencher| {
        bencher.iter_custom(|iterations| in_batches(iterations, |batch| bare.time(batch)));
    });
    group.bench_function("full", |bencher| {
        bencher.iter_custom(|iterations| {
            in_batches(iterations, |batch| time_full(&issuer, &tokens[..batch]))
        });
    });
    let options = VerifyOptions::default();
    let client = issuer.client(&json!({}));
    group.bench_function("seen_before", |bencher| {
        bencher.iter(|| {
            client
                .try_verify_token(&tokens[0], &options)
                .expect("keys are there")
                .unwrap()
        });
    });
    group.finish();

    let mut ratios: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let bare = bare.time(TOKENS).as_secs_f64();
            bare / time_full(&issuer, &tokens).as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "verify/full does {:.2} x the operations of verify/bare_rsa (median of {BATCHES})",
        ratios[BATCHES / 2]
    );
}

/// The bare RSA verification of tokens, with a key that is parsed.
struct Bare<'a> {
    key: ParsedPublicKey,
    parts: Vec<(&'a str, Vec<u8>)>,
}

impl Bare<'_> {
    fn new<'a>(issuer: &Issuer, tokens: &'a [String]) -> Bare<'a> {
        Bare {
            key: issuer.parsed_key(),
            parts: tokens.iter().map(|token| signed_parts(token)).collect(),
        }
    }

    fn time(&self, batch: usize) -> Duration {
        let start = Instant::now();
        for (message, signature) in &self.parts[..batch] {
            self.key.verify_sig(message.as_bytes(), signature).unwrap();
        }
        start.elapsed()
    }
}

/// A new client verifies tokens of which it has seen none.
fn time_full(issuer: &Issuer, tokens: &[String]) -> Duration {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    // Clients that differ in it share nothing.
    let client = issuer.client(&json!({"user_agent": format!("benchmark/{serial}")}));
    let options = VerifyOptions::default();
    let start = Instant::now();
    for token in tokens {
        let claims = client.try_verify_token(token, &options);
        black_box(claims.expect("keys are there").unwrap());
    }
    start.elapsed()
}

/// The time of `iterations`, of which each batch has at most [`TOKENS`].
fn in_batches(iterations: u64, time: impl Fn(usize) -> Duration) -> Duration {
    let mut left = usize::try_from(iterations).unwrap();
    let mut spent = Duration::ZERO;
    while left > 0 {
        let batch = left.min(TOKENS);
        spent += time(batch);
        left -= batch;
    }
    spent
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
