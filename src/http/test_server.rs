//! An HTTP server for tests that says exactly what it is told to, also what is wrong.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::runtime::lock;

/// What the server does after it has read a request.
pub(crate) enum Answer {
    /// Sends these bytes and waits for the next request.
    Bytes(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Last(Vec<u8>),
    /// Sends these bytes again and again, until the other side has enough.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends these bytes, then nothing.
    Silence(Vec<u8>),
}

/// An answer with `Content-Length`; `headers` are lines without line ends.
pub(crate) fn answer(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        bytes += header;
        bytes += "\r\n";
    }
    let mut bytes = (bytes + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Answer::Bytes(bytes)
}

pub(crate) struct Server {
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Server {
    /// Answers each request, given its number and its text.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let serving = seen.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (serving.clone(), answer.clone());
                // Errors are the other side's: it may go away at any time.
                std::thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Server { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.seen.requests).clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Seen,
    answer: &(dyn Fn(usize, &str) -> Answer + Send + Sync),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer)? else {
            return Ok(());
        };
        let number = {
            let mut requests = lock(&seen.requests);
            requests.push(request.clone());
            requests.len() - 1
        };
        match answer(number, &request) {
            Answer::Bytes(bytes) => stream.write_all(&bytes)?,
            Answer::Last(bytes) => return stream.write_all(&bytes),
            Answer::Endless(first, again) => {
                stream.write_all(&first)?;
                loop {
                    stream.write_all(&again)?;
                }
            }
            Answer::Silence(bytes) => {
                stream.write_all(&bytes)?;
                // Until the other side closes.
                while stream.read(&mut [0; 1024])? > 0 {}
                return Ok(());
            }
        }
    }
}

fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<String>> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().unwrap_or(0));
            if body.len() >= length {
                let whole = head.len() + 4 + length;
                buffer.drain(..whole);
                return Ok(Some(text[..whole].to_owned()));
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk)? {
            0 => return Ok(None),
            read => buffer.extend_from_slice(&chunk[..read]),
        }
    }
}
