//! Redis, one server, a Cluster or behind Sentinels: records with a version, and leases.
//!
//! Both are one key each, `<prefix>{<key>}:record` and `<prefix>{<key>}:lease`, which lie in the
//! same slot of a Cluster. Every change is one script on the server.

mod connection;
mod failure;
mod scripts;
mod servers;
mod slot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisResult, ServerErrorKind, Value};
use tokio::time::timeout;

use self::connection::Connector;
use self::failure::{Cause, Failure, Next};
use self::scripts::{Command, Record};
use self::servers::Servers;
use crate::config::{RedisAddress, Server};
use crate::error::{Error, Result, Status};
use crate::http::jitter;
use crate::log;
use crate::oauth::random;

const FIRST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_millis(500);

/// Redirections of one command that are followed without a pause.
const REDIRECTIONS: u32 = 5;

/// Records and leases in Redis. Belongs to one process.
pub(crate) struct Redis {
    servers: Servers,
    timeout: Duration,
    /// How long one attempt may take, so that there is time for another one when a server falls
    /// silent.
    patience: Duration,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.servers.address).finish()
    }
}

/// What a server answered.
struct Answer {
    value: Value,
    /// Whether an attempt before this one may have been carried out.
    repeated: bool,
}

impl Redis {
    /// Opens no connection. `timeout` is for each call, with all its repetitions.
    ///
    /// # Errors
    /// `CONFIG` if `ca_file` cannot be read or holds no certificate.
    pub(crate) fn new(
        address: &RedisAddress,
        ca_file: Option<&str>,
        timeout: Duration,
    ) -> Result<Redis> {
        let connector = Connector::new(address.tls, ca_file)?;
        let patience = timeout / 3;
        Ok(Redis {
            servers: Servers::new(address, connector, patience),
            timeout,
            patience,
        })
    }

    /// The version and the bytes of a record.
    pub(crate) async fn load(&self, key: &str) -> Result<Option<(u64, Vec<u8>)>> {
        let answer = self.ask(&scripts::load(self.record(key))).await?;
        let record = match &answer.value {
            Value::Nil => return Ok(None),
            Value::BulkString(record) => Record::read(record),
            _ => None,
        };
        let record = record.ok_or_else(|| self.unreadable())?;
        Ok(Some((record.version, record.bytes.to_vec())))
    }

    /// Writes a record for `life` if it has the version `expected`, or if there is none. Answers
    /// whether it was written.
    pub(crate) async fn save(
        &self,
        key: &str,
        expected: Option<u64>,
        version: u64,
        bytes: &[u8],
        life: Duration,
    ) -> Result<bool> {
        let record = Record {
            version,
            call: random()?,
            bytes,
        };
        let command = scripts::save(self.record(key), expected, &record, life);
        let answer = self.ask(&command).await?;
        Ok(self.number(&answer)? == 1)
    }

    /// Deletes a record if it has the version `expected`, or whatever version it has. Answers
    /// whether it is gone by this call; without `expected`, whether it is gone.
    pub(crate) async fn delete(&self, key: &str, expected: Option<u64>) -> Result<bool> {
        let command = scripts::delete(self.record(key), expected);
        let answer = self.ask(&command).await?;
        Ok(match self.number(&answer)? {
            1 => true,
            // An attempt before this one may have deleted it.
            2 => expected.is_none() || answer.repeated,
            _ => false,
        })
    }

    /// Takes a lease if nobody holds one, or prolongs `held` unless somebody else took it since.
    /// `None`: somebody else has it. Fences grow, whoever takes the lease.
    pub(crate) async fn lease(
        &self,
        key: &str,
        held: Option<u64>,
        life: Duration,
    ) -> Result<Option<u64>> {
        let command = scripts::lease(self.key(key, "lease"), held, random()?, life);
        let answer = self.ask(&command).await?;
        match &answer.value {
            Value::Nil => Ok(None),
            value => redis::from_redis_value_ref(value)
                .map(Some)
                .map_err(|_| self.unreadable()),
        }
    }

    /// Gives a lease back if it is still the one with this fence.
    pub(crate) async fn release(&self, key: &str, fence: u64) -> Result<()> {
        let command = scripts::release(self.key(key, "lease"), fence);
        self.ask(&command).await.map(drop)
    }

    fn number(&self, answer: &Answer) -> Result<i64> {
        match answer.value {
            Value::Int(number) => Ok(number),
            _ => Err(Failure::new(&self.servers.address.server, Cause::NotRedis)
                .into_error(&self.servers.address, None)),
        }
    }

    fn unreadable(&self) -> Error {
        let RedisAddress { server, prefix, .. } = &self.servers.address;
        Error::new(
            Status::Store,
            format!(
                "Redis at {server} holds a key under {prefix} that is no record of this library; \
                 give prefix= in store_url a name of your own"
            ),
        )
    }

    fn record(&self, key: &str) -> String {
        self.key(key, "record")
    }

    fn key(&self, key: &str, kind: &str) -> String {
        format!("{}{{{key}}}:{kind}", self.servers.address.prefix)
    }

    /// Sends a command until it is answered. All commands may be repeated: each changes nothing when
    /// it was carried out before, and [`Answer::repeated`] says that it may have been.
    async fn ask(&self, command: &Command) -> Result<Answer> {
        let mut last = None;
        let address = &self.servers.address;
        match timeout(self.timeout, self.repeat(command, &mut last)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Err(failure.into_error(address, None)),
            Err(_) => {
                let silent = || Failure::new(&self.servers.address.server, Cause::Silent);
                let failure = last.unwrap_or_else(silent);
                Err(failure.into_error(address, Some(self.timeout)))
            }
        }
    }

    async fn repeat(
        &self,
        command: &Command,
        last: &mut Option<Failure>,
    ) -> std::result::Result<Answer, Failure> {
        let slot = slot::of_key(&command.key);
        let mut delay = FIRST_DELAY;
        let mut redirections = 0;
        let mut redirected = None;
        let mut repeated = false;
        loop {
            let failure = match self
                .attempt(command, slot, redirected.take(), &mut repeated)
                .await
            {
                Ok(value) => return Ok(Answer { value, repeated }),
                Err(failure) => failure,
            };
            match failure.next(&self.servers.address.topology) {
                Next::GiveUp => return Err(failure),
                Next::Redirect { to, asking } if redirections < REDIRECTIONS => {
                    redirections += 1;
                    if !asking {
                        self.servers.moved(slot, &to);
                    }
                    redirected = Some((to, asking));
                    continue;
                }
                Next::Redirect { .. } | Next::Wait => {}
            }
            if log::enabled(log::Level::Debug) {
                log::debug("session", &failure.message(&self.servers.address));
            }
            *last = Some(failure);
            // Some of it random, so that clients that fail together spread out.
            tokio::time::sleep(delay / 2 + jitter(delay / 2)).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }

    /// Sends a command once: to the server that has the slot, or where it was redirected to. Sets
    /// `may_be_done` if it fails and may have been carried out nevertheless.
    async fn attempt(
        &self,
        command: &Command,
        slot: u16,
        redirected: Option<(Server, bool)>,
        may_be_done: &mut bool,
    ) -> std::result::Result<Value, Failure> {
        let (server, asking) = match redirected {
            Some(redirected) => redirected,
            None => (self.servers.of_slot(slot).await?, false),
        };
        let mut live = match self.servers.connection(&server).await {
            Ok(live) => live,
            Err(failure) => {
                self.servers.forget(&server, None).await;
                return Err(failure);
            }
        };
        let sent = send(&mut live.connection, command, asking);
        let failure = match timeout(self.patience, sent).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Failure::of(&error, &server),
            Err(_) => Failure::new(&server, Cause::Silent),
        };
        *may_be_done |= failure.outcome_is_unknown();
        if failure.ends_connection() {
            self.servers.forget(&server, Some(&live)).await;
        }
        Err(failure)
    }
}

/// By which a call that is repeated is known.
fn random() -> Result<u64> {
    random::bytes().map(|bytes| u64::from_ne_bytes(*bytes))
}

async fn send(
    connection: &mut MultiplexedConnection,
    command: &Command,
    asking: bool,
) -> RedisResult<Value> {
    match send_one(connection, &command.first, asking).await {
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
            match &command.with_script {
                Some(whole) => send_one(connection, whole, asking).await,
                None => Err(error),
            }
        }
        answer => answer,
    }
}

async fn send_one(
    connection: &mut MultiplexedConnection,
    command: &Cmd,
    asking: bool,
) -> RedisResult<Value> {
    if !asking {
        return connection
            .send_packed_command(command)
            .await?
            .extract_error();
    }
    // In one piece: ASKING counts for the next command of the connection, which others use too.
    let mut both = Pipeline::new();
    both.cmd("ASKING").add_command(command.clone());
    let mut answers = connection.send_packed_commands(&both, 1, 1).await?;
    answers.pop().unwrap_or(Value::Nil).extract_error()
}
