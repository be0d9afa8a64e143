//! Connections: plain or TLS, HTTP/1.1, each request read whole before it is answered.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tower_service::Service as _;

use crate::control::{Applied, Heard};
use crate::state::Emulator;

/// No request that any endpoint takes is larger.
const MOST_REQUEST_BYTES: usize = 1 << 20;

/// What answers every request of every connection.
#[derive(Debug)]
pub struct Server {
    pub emulator: Arc<Emulator>,
    pub router: Router,
    pub log_requests: bool,
}

pub fn tls_acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("--tls-cert {}: {error}", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("--tls-key {}: {error}", key.display()))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map_err(|error| format!("the certificate and the key do not fit: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, server: Server) {
    let server = Arc::new(server);
    loop {
        // Fails when the other side gave up already, or for want of file descriptors: the next one may do better.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let server = server.clone();
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => connection(stream, server).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, server).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, server: Arc<Server>) {
    let heard = Arc::new(Mutex::new(None));
    let service = service_fn(|mut request: Request<Incoming>| {
        let (server, heard) = (server.clone(), heard.clone());
        if let Some(before) = *lock(&heard) {
            request.extensions_mut().insert::<Heard>(before);
        }
        async move {
            let answered = answer(server, request).await;
            *lock(&heard) = Some(Heard(Instant::now()));
            answered
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // An error is a connection that one of both sides closed early, which is the other side's to notice.
    drop(served);
}

fn lock(heard: &Mutex<Option<Heard>>) -> MutexGuard<'_, Option<Heard>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(server: Arc<Server>, request: Request<Incoming>) -> Applied {
    let (parts, body) = request.into_parts();
    let logged = server
        .log_requests
        .then(|| format!("{} {}", parts.method, parts.uri.path()));
    let response = match read(body).await {
        Err(refusal) => Ok(refusal),
        Ok(body) => dispatch(&server, parts, body).await,
    };
    if let Some(line) = logged {
        match &response {
            Ok(response) => eprintln!("{line} {}", response.status().as_u16()),
            Err(closed) => eprintln!("{line} ({closed})"),
        }
    }
    response
}

async fn read(body: Incoming) -> Result<Bytes, Response> {
    match Limited::new(body, MOST_REQUEST_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(StatusCode::PAYLOAD_TOO_LARGE.into_response())
        }
        Err(_) => Err(StatusCode::BAD_REQUEST.into_response()),
    }
}

async fn dispatch(server: &Server, parts: Parts, body: Bytes) -> Applied {
    let is_control = parts.uri.path().starts_with("/_control");
    let seen = parts.clone();
    let mut router = server.router.clone();
    let genuine = router.call(Request::from_parts(parts, Body::from(body.clone())));
    match &server.emulator.control {
        Some(control) if !is_control => {
            control
                .answer(&seen, &body, async { genuine.await.into_response() })
                .await
        }
        _ => Ok(genuine.await.into_response()),
    }
}
