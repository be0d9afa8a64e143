//! Why a server gave no answer that serves: what to do next, and words that name the server and the
//! remedy and nothing secret.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError};

use crate::config::{RedisAddress, Server, Topology};
use crate::error::{Error, Status, foreign_text};

/// One attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub server: Server,
    pub cause: Cause,
}

#[derive(Debug)]
pub(super) enum Cause {
    Unresolved,
    Unreachable(io::ErrorKind),
    /// In whole words.
    Tls(String),
    /// Nothing came during the TLS handshake.
    SilentTls,
    /// The connection ended before the answer.
    Lost,
    Silent,
    NotRedis,
    WrongLogin,
    NotMaster,
    UnknownMaster,
    /// The Cluster has given the slot to nobody.
    NoOwner,
    /// The server answered with an error.
    Refused {
        code: String,
        text: String,
    },
    Moved(Server),
    Ask(Server),
}

/// What to do about a failure.
pub(super) enum Next {
    GiveUp,
    /// Try again after a while.
    Wait,
    /// Try again there; with `asking`, this once.
    Redirect {
        to: Server,
        asking: bool,
    },
}

impl Failure {
    pub(super) fn new(server: &Server, cause: Cause) -> Failure {
        Failure {
            server: server.clone(),
            cause,
        }
    }

    pub(super) fn of(error: &RedisError, server: &Server) -> Failure {
        let cause = match error.kind() {
            ErrorKind::Server(_) | ErrorKind::Extension => {
                return match ServerError::try_from(error.clone()) {
                    Ok(error) => Failure::of_server(&error, server),
                    Err(_) => Failure::new(server, Cause::NotRedis),
                };
            }
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Cause::NotRedis,
            _ => Cause::Lost,
        };
        Failure::new(server, cause)
    }

    pub(super) fn of_server(error: &ServerError, server: &Server) -> Failure {
        let text = error.details().unwrap_or_default();
        let cause = match (error.code(), redirection(text, server)) {
            ("MOVED", Some(to)) => Cause::Moved(to),
            ("ASK", Some(to)) => Cause::Ask(to),
            (code, _) => Cause::Refused {
                code: code.to_owned(),
                text: text.to_owned(),
            },
        };
        Failure::new(server, cause)
    }

    fn code(&self) -> Option<&str> {
        match &self.cause {
            Cause::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the server may have carried the command out.
    pub(super) fn outcome_is_unknown(&self) -> bool {
        matches!(self.cause, Cause::Lost | Cause::Silent | Cause::NotRedis)
    }

    /// Whether the connection is of no more use, and the key may lie elsewhere now.
    pub(super) fn ends_connection(&self) -> bool {
        matches!(
            self.cause,
            Cause::Unresolved
                | Cause::Unreachable(_)
                | Cause::Lost
                | Cause::Silent
                | Cause::SilentTls
                | Cause::NotRedis
                | Cause::NotMaster
        ) || matches!(self.code(), Some("READONLY" | "CLUSTERDOWN" | "NOAUTH"))
    }

    pub(super) fn next(&self, topology: &Topology) -> Next {
        match &self.cause {
            Cause::Unresolved
            | Cause::Unreachable(_)
            | Cause::Lost
            | Cause::Silent
            | Cause::SilentTls
            | Cause::NotMaster
            | Cause::NoOwner => Next::Wait,
            Cause::Moved(to) | Cause::Ask(to) if *topology == Topology::Cluster => Next::Redirect {
                to: to.clone(),
                asking: matches!(self.cause, Cause::Ask(_)),
            },
            Cause::Refused { code, .. } => match code.as_str() {
                "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => Next::Wait,
                "READONLY" if *topology != Topology::Single => Next::Wait,
                _ => Next::GiveUp,
            },
            _ => Next::GiveUp,
        }
    }

    /// For the caller; `given_up_after` is the deadline if it passed.
    pub(super) fn into_error(
        self,
        address: &RedisAddress,
        given_up_after: Option<Duration>,
    ) -> Error {
        let mut message = self.message(address);
        if let Some(timeout) = given_up_after {
            // A String takes whatever is written to it.
            let _ = write!(
                message,
                "; given up after the {} ms that store_timeout_ms allows",
                timeout.as_millis()
            );
        }
        Error::new(Status::Store, message)
    }

    pub(super) fn message(&self, address: &RedisAddress) -> String {
        let server = &self.server;
        match &self.cause {
            Cause::Unresolved => {
                format!("the name of Redis at {server} could not be resolved; see store_url")
            }
            Cause::Unreachable(kind) => format!(
                "Redis at {server} could not be reached ({kind}); see that it runs, and that \
                 store_url names it"
            ),
            Cause::Tls(reason) => format!("Redis over TLS: {reason}"),
            Cause::SilentTls => format!(
                "Redis at {server} did not answer the TLS handshake; if it speaks no TLS, store_url \
                 must begin with redis://"
            ),
            Cause::Lost if address.tls => {
                format!("the connection to Redis at {server} was lost before it answered")
            }
            Cause::Lost => format!(
                "the connection to Redis at {server} was lost before it answered; if it expects \
                 TLS, store_url must begin with rediss://"
            ),
            Cause::Silent => format!("Redis at {server} did not answer"),
            Cause::NotRedis => {
                format!("{server} did not answer in the protocol of Redis; see store_url")
            }
            Cause::WrongLogin => format!(
                "Redis at {server} refused the user or the password; mend them in store_url"
            ),
            Cause::NotMaster => format!(
                "Redis at {server} is not a master, though the Sentinels name it; see whether a \
                 failover is under way"
            ),
            Cause::UnknownMaster => format!(
                "the Sentinel at {server} knows no master of the name that store_url gives; mend \
                 sentinel= there"
            ),
            Cause::NoOwner => {
                format!("the Redis Cluster of {server} has no server for the key; see CLUSTER INFO")
            }
            Cause::Moved(_) | Cause::Ask(_) => format!(
                "Redis at {server} belongs to a Cluster; add cluster=true to the query of store_url"
            ),
            Cause::Refused { code, text } => refused(server, code, text, address),
        }
    }
}

fn refused(server: &Server, code: &str, text: &str, address: &RedisAddress) -> String {
    match code {
        "NOAUTH" => format!("Redis at {server} asks for a password; give it in store_url"),
        "WRONGPASS" => {
            format!("Redis at {server} refused the user or the password; mend them in store_url")
        }
        // The server's own text names the user.
        "NOPERM" => format!(
            "Redis at {server} does not permit what sessions need; give the user of store_url the \
             commands GET, GETRANGE, SET, DEL, TIME, EVAL and EVALSHA on the keys {}*{}",
            address.prefix,
            further_commands(address)
        ),
        "OOM" => format!(
            "Redis at {server} is out of memory and keeps nothing new; give it more, or the \
             maxmemory-policy volatile-ttl, which drops first what would end first"
        ),
        "READONLY" => format!(
            "Redis at {server} is a read-only replica; name the master, or the Sentinels, in \
             store_url"
        ),
        "LOADING" => format!("Redis at {server} is still reading its data"),
        "CLUSTERDOWN" => format!(
            "the Redis Cluster of {server} is down: {}; see CLUSTER INFO",
            foreign_text(text)
        ),
        "ERR" if text.contains("cluster support disabled") => format!(
            "Redis at {server} belongs to no Cluster; take cluster=true out of store_url, or name \
             one host"
        ),
        "ERR" if is_unknown_command(text, "SENTINEL") => {
            format!("{server} is no Sentinel; take sentinel= out of store_url, or mend the port")
        }
        "ERR" if is_unknown_command(text, "EVALSHA") || is_unknown_command(text, "GET") => {
            format!("{server} runs no scripts, as a Sentinel does not; mend store_url")
        }
        _ => format!(
            "Redis at {server} answered with an error: {} {}",
            foreign_text(code),
            foreign_text(text)
        ),
    }
}

/// What is sent beside the commands about keys, so that servers are found and connections begun.
fn further_commands(address: &RedisAddress) -> &'static str {
    match &address.topology {
        Topology::Cluster => ", and CLUSTER|SLOTS",
        Topology::Sentinel { .. } if address.database != 0 => {
            ", SELECT and ROLE, and that of the Sentinels SENTINEL"
        }
        Topology::Sentinel { .. } => ", and ROLE, and that of the Sentinels SENTINEL",
        Topology::Single if address.database != 0 => ", and SELECT",
        Topology::Single => "",
    }
}

fn is_unknown_command(text: &str, command: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.starts_with("unknown command") && text.contains(&command.to_ascii_lowercase())
}

/// The server of `<slot> <host>:<port>`; without a host, it is another port of the same one. None if
/// that is no host.
fn redirection(text: &str, from: &Server) -> Option<Server> {
    let (_, place) = text.split_once(' ')?;
    let (host, port) = place.trim().rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = match host {
        "" | "?" => &from.host,
        host => host,
    };
    Server::named(host, port.parse().ok()?)
}
