//! A token endpoint that answers at once with tokens minted beforehand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Issuer;

/// How many pairs of tokens there are; after these they come again.
pub const TOKEN_PAIRS: usize = 4_000;

pub struct Server {
    pub address: SocketAddr,
    answers: Arc<std::sync::OnceLock<Answers>>,
}

struct Answers {
    texts: Vec<String>,
    next: AtomicUsize,
}

impl Server {
    /// Listens on a free port, on a thread of its own. `tls` wraps each connection.
    pub fn start(tls: Option<TlsAcceptor>) -> Server {
        let answers: Arc<std::sync::OnceLock<Answers>> = Arc::default();
        let (send, receive) = std::sync::mpsc::channel();
        let for_thread = answers.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                send.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let answers = for_thread.clone();
                    let tls = tls.clone();
                    tokio::spawn(async move {
                        match tls {
                            None => serve(stream, &answers).await,
                            Some(tls) => match tls.accept(stream).await {
                                Ok(stream) => serve(stream, &answers).await,
                                Err(e) => panic!("handshake: {e}"),
                            },
                        }
                    });
                }
            });
        });
        Server {
            address: receive.recv().unwrap(),
            answers,
        }
    }

    pub fn mint(&self, issuer: &Issuer) {
        let texts = (0..TOKEN_PAIRS)
            .map(|serial| {
                let body = json!({
                    "access_token": issuer.access_token(serial),
                    "id_token": issuer.id_token(serial),
                    "refresh_token": "first-part.second-part",
                    "expires_in": 86_400, "scope": "openid profile email offline",
                    "token_type": "bearer",
                })
                .to_string();
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                )
            })
            .collect();
        let answers = Answers {
            texts,
            next: AtomicUsize::new(0),
        };
        assert!(self.answers.set(answers).is_ok(), "minted twice");
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answers: &std::sync::OnceLock<Answers>,
) {
    let mut buffer = Vec::with_capacity(4096);
    while let Some(length) = read_request(&mut stream, &mut buffer).await {
        buffer.drain(..length);
        let answers = answers.get().expect("minted before the first request");
        let next = answers.next.fetch_add(1, Ordering::Relaxed) % answers.texts.len();
        if stream
            .write_all(answers.texts[next].as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

/// Reads until a whole request is in the buffer; gives its length.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let headers = std::str::from_utf8(&buffer[..head]).ok()?;
            let body: usize = headers
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
            if buffer.len() >= head + 4 + body {
                return Some(head + 4 + body);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
