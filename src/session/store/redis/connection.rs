//! One connection to one server: TCP, TLS, login.
//!
//! The crate is given ready streams: its own TLS sets rustls' default for the whole process, which
//! the host's own Rust code would meet.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, ServerError, Value};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::failure::{Cause, Failure};
use crate::config::{Login, Server};
use crate::error::Result;
use crate::http::find;
use crate::http::tls::{self, Authorities};

/// How a connection begins.
pub(super) struct Greeting<'a> {
    pub login: &'a Login,
    pub database: u16,
    /// Whether only a master will do. A server that was demoted would give old records.
    pub must_be_master: bool,
}

/// Opens connections.
pub(super) struct Connector {
    tls: Option<Tls>,
}

struct Tls {
    authorities: Authorities,
    /// Made at the first connection.
    config: OnceCell<Arc<ClientConfig>>,
}

impl Connector {
    /// Reads no file but `ca_file`.
    pub(super) fn new(with_tls: bool, ca_file: Option<&str>) -> Result<Connector> {
        let tls = match with_tls {
            true => Some(Tls {
                authorities: Authorities::with_file(ca_file)?,
                config: OnceCell::new(),
            }),
            false => None,
        };
        Ok(Connector { tls })
    }

    /// Opens a connection on which commands can be sent, within `patience`.
    pub(super) async fn open(
        &self,
        server: &Server,
        greeting: &Greeting<'_>,
        patience: Duration,
    ) -> std::result::Result<MultiplexedConnection, Failure> {
        let failed = |cause| Failure::new(server, cause);
        let deadline = Instant::now() + patience;
        let stream = timeout_at(deadline, connect(server))
            .await
            .unwrap_or(Err(Cause::Unreachable(io::ErrorKind::TimedOut)))
            .map_err(failed)?;
        // Costs latency, no more, where it cannot be set.
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let secured = timeout_at(deadline, tls.secure(stream, server)).await;
                Box::new(secured.unwrap_or_else(|_| Err(failed(Cause::SilentTls)))?)
            }
        };
        let started = start(stream).await;
        let mut connection = started.map_err(|error| Failure::of(&error, server))?;
        timeout_at(deadline, greet(&mut connection, server, greeting))
            .await
            .unwrap_or_else(|_| Err(failed(Cause::Silent)))?;
        Ok(connection)
    }
}

/// What the protocol is spoken over, with TLS or without: one type, so that the protocol is compiled
/// once.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(server: &Server) -> std::result::Result<TcpStream, Cause> {
    let addresses: Vec<_> = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .map_err(|_| Cause::Unresolved)?
        .collect();
    TcpStream::connect(&addresses[..])
        .await
        .map_err(|error| Cause::Unreachable(error.kind()))
}

impl Tls {
    async fn secure(
        &self,
        stream: TcpStream,
        server: &Server,
    ) -> std::result::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, Failure> {
        let failed = |reason: String| Failure::new(server, Cause::Tls(reason));
        let make = async || {
            let roots = self.authorities.roots().await?;
            tls::client_config(roots).map(Arc::new)
        };
        let config = self.config.get_or_try_init(make).await;
        let config = config.map_err(|error| failed(error.message().to_owned()))?;
        let name = ServerName::try_from(server.host.clone())
            .map_err(|_| failed(format!("{server} has no name that a certificate can have")))?;
        let connector = TlsConnector::from(config.clone());
        connector
            .connect(name, stream)
            .await
            .map_err(|error| match find::<rustls::Error>(&error) {
                Some(refused) => failed(tls::reason(refused, server)),
                None if error.kind() == io::ErrorKind::UnexpectedEof => {
                    failed(format!("{server} ended the TLS handshake"))
                }
                None => Failure::new(server, Cause::Lost),
            })
    }
}

/// Speaks the protocol on this stream, from a task that ends with the last clone.
async fn start(stream: Box<dyn Stream>) -> redis::RedisResult<MultiplexedConnection> {
    // Deadlines are kept by whoever asks.
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None);
    let greeted_by_us = RedisConnectionInfo::default().set_skip_set_lib_name();
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&greeted_by_us, stream, config).await?;
    tokio::spawn(driver);
    Ok(connection)
}

/// Logs in and chooses the database in one round trip, and says what was refused better than the
/// crate does.
async fn greet(
    connection: &mut MultiplexedConnection,
    server: &Server,
    greeting: &Greeting<'_>,
) -> std::result::Result<(), Failure> {
    let mut commands = Pipeline::new();
    if let Some(password) = &greeting.login.password {
        commands.cmd("AUTH").arg(&greeting.login.user);
        commands.arg(password.expose());
    }
    let logs_in = commands.len();
    if greeting.database != 0 {
        commands.cmd("SELECT").arg(greeting.database);
    }
    if greeting.must_be_master {
        commands.cmd("ROLE");
    }
    if commands.is_empty() {
        return Ok(());
    }
    let answers = connection
        .send_packed_commands(&commands, 0, commands.len())
        .await
        .map_err(|error| Failure::of(&error, server))?;
    for (number, answer) in answers.iter().enumerate() {
        if let Value::ServerError(error) = answer {
            let refused = Failure::of_server(error, server);
            return Err(match number < logs_in && is_refusal(error) {
                true => Failure::new(server, Cause::WrongLogin),
                false => refused,
            });
        }
    }
    if greeting.must_be_master && !answers.last().is_some_and(is_master) {
        return Err(Failure::new(server, Cause::NotMaster));
    }
    Ok(())
}

/// Old servers say `ERR` where newer ones say `WRONGPASS`.
fn is_refusal(error: &ServerError) -> bool {
    matches!(error.code(), "WRONGPASS" | "ERR" | "NOAUTH")
}

fn is_master(role: &Value) -> bool {
    let Value::Array(parts) = role else {
        return false;
    };
    matches!(parts.first(), Some(Value::BulkString(role)) if role == b"master")
}
