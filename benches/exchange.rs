//! Code exchanges with both tokens verified, over loopback, one connection pool for all.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use kinde::{Client, CodeExchange, Secret};
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use support::Issuer;
use support::server::Server;
use tokio_rustls::TlsAcceptor;

const AT_ONCE: u64 = 64;

async fn exchange(client: &Client) {
    let tokens = client
        .exchange_code(CodeExchange {
            code: "code".into(),
            code_verifier: Some(Secret::from("verifier-verifier-verifier-verifier-verifier")),
            redirect_uri: None,
            nonce: Some(support::NONCE.to_owned()),
        })
        .await
        .unwrap();
    assert!(tokens.id_token.is_some());
}

fn sequential(client: &Client, times: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        pollster::block_on(exchange(client));
    }
    start.elapsed()
}

fn at_once(client: &Client, times: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        pollster::block_on(join_all((0..AT_ONCE).map(|_| exchange(client))));
    }
    start.elapsed()
}

fn plain_client() -> Client {
    let server = Server::start(None);
    let issuer = Issuer::new(&format!("http://{}", server.address));
    server.mint(&issuer);
    issuer.client(&json!({}))
}

fn tls_client(certificate_file: &tempfile::NamedTempFile) -> Client {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(certificate_file.path(), signed.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let server = Server::start(Some(TlsAcceptor::from(Arc::new(tls))));
    let issuer = Issuer::new(&format!("https://localhost:{}", server.address.port()));
    server.mint(&issuer);
    issuer.client(&json!({"ca_file": certificate_file.path()}))
}

fn exchanges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exchange");
    let plain = plain_client();
    group.bench_function("sequential", |bencher| {
        bencher.iter_custom(|times| sequential(&plain, times));
    });
    let certificate = tempfile::NamedTempFile::new().unwrap();
    let tls = tls_client(&certificate);
    group.bench_function("sequential_tls", |bencher| {
        bencher.iter_custom(|times| sequential(&tls, times));
    });
    group.throughput(Throughput::Elements(AT_ONCE));
    group.bench_function("at_once_64", |bencher| {
        bencher.iter_custom(|times| at_once(&plain, times));
    });
    group.finish();
}

criterion_group!(benches, exchanges);
criterion_main!(benches);
