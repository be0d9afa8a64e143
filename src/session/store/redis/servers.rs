//! Which server has a key, and the connections to all of them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use tokio::time::timeout;

use super::connection::{Connector, Greeting};
use super::failure::{Cause, Failure};
use crate::config::{Login, RedisAddress, Server, Topology};
use crate::runtime::lock;

type Attempt<T> = std::result::Result<T, Failure>;

/// How long one of several servers is asked about the others before the next one is.
const INQUIRY: Duration = Duration::from_secs(1);

/// One connection per server, made when it is needed, and what is known about who has which key.
pub(super) struct Servers {
    pub(super) address: RedisAddress,
    connector: Connector,
    /// How long opening a connection, or one command, may take.
    patience: Duration,
    connections: Mutex<HashMap<Server, Arc<Place>>>,
    opened: AtomicU64,
    known: Mutex<Known>,
    /// Held while servers are asked about the others: one inquiry serves all who wait.
    inquiry: tokio::sync::Mutex<()>,
}

/// Where the connection to one server is kept. Locked while it is opened.
type Place = tokio::sync::Mutex<Option<Live>>;

/// A connection, with a number by which it is told from the next one to the same server.
#[derive(Clone)]
pub(super) struct Live {
    pub connection: MultiplexedConnection,
    number: u64,
}

#[derive(Default)]
struct Known {
    master: Option<Server>,
    /// Of a Cluster; the first that fits counts.
    slots: Vec<(RangeInclusive<u16>, Server)>,
    /// All servers that a Cluster was seen to have.
    members: Vec<Server>,
    /// The server that failed last, which is asked last.
    suspect: Option<Server>,
}

impl Servers {
    pub(super) fn new(address: &RedisAddress, connector: Connector, patience: Duration) -> Servers {
        Servers {
            address: address.clone(),
            connector,
            patience,
            connections: Mutex::default(),
            opened: AtomicU64::new(0),
            known: Mutex::default(),
            inquiry: tokio::sync::Mutex::default(),
        }
    }

    /// The server that has the keys of a slot.
    pub(super) async fn of_slot(&self, slot: u16) -> Attempt<Server> {
        if self.address.topology == Topology::Single {
            return Ok(self.address.server.clone());
        }
        if let Some(server) = self.known_of_slot(slot) {
            return Ok(server);
        }
        let _inquiry = self.inquiry.lock().await;
        if let Some(server) = self.known_of_slot(slot) {
            return Ok(server);
        }
        match &self.address.topology {
            Topology::Single => Ok(self.address.server.clone()),
            Topology::Sentinel { master, login } => self.ask_sentinels(master, login).await,
            Topology::Cluster => self.ask_cluster(slot).await,
        }
    }

    fn known_of_slot(&self, slot: u16) -> Option<Server> {
        let known = lock(&self.known);
        match self.address.topology {
            Topology::Cluster => known
                .slots
                .iter()
                .find(|(slots, _)| slots.contains(&slot))
                .map(|(_, server)| server.clone()),
            _ => known.master.clone(),
        }
    }

    /// A slot was found elsewhere.
    pub(super) fn moved(&self, slot: u16, to: &Server) {
        let mut known = lock(&self.known);
        known.slots.retain(|(slots, _)| *slots != (slot..=slot));
        known.slots.insert(0, (slot..=slot, to.clone()));
    }

    /// Forgets a connection that is of no more use, and where keys were found.
    pub(super) async fn forget(&self, server: &Server, live: Option<&Live>) {
        {
            let mut known = lock(&self.known);
            known.master = None;
            known.slots.clear();
            known.suspect = Some(server.clone());
        }
        let place = lock(&self.connections).get(server).cloned();
        if let (Some(place), Some(live)) = (place, live) {
            let mut place = place.lock().await;
            if place
                .as_ref()
                .is_some_and(|kept| kept.number == live.number)
            {
                *place = None;
            }
        }
    }

    /// The connection to a server that keeps records; opened if there is none.
    pub(super) async fn connection(&self, server: &Server) -> Attempt<Live> {
        let greeting = Greeting {
            login: &self.address.login,
            database: self.address.database,
            must_be_master: matches!(self.address.topology, Topology::Sentinel { .. }),
        };
        self.connect(server, &greeting, self.patience).await
    }

    async fn connect(
        &self,
        server: &Server,
        greeting: &Greeting<'_>,
        patience: Duration,
    ) -> Attempt<Live> {
        let place = lock(&self.connections)
            .entry(server.clone())
            .or_default()
            .clone();
        let mut place = place.lock().await;
        if let Some(live) = &*place {
            return Ok(live.clone());
        }
        let connection = self.connector.open(server, greeting, patience).await?;
        let live = Live {
            connection,
            number: self.opened.fetch_add(1, Ordering::Relaxed),
        };
        *place = Some(live.clone());
        Ok(live)
    }

    async fn ask_sentinels(&self, master: &str, login: &Login) -> Attempt<Server> {
        let greeting = Greeting {
            login,
            database: 0,
            must_be_master: false,
        };
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let mut failure = Failure::new(&self.address.server, Cause::UnknownMaster);
        for sentinel in self.address.servers() {
            let found = match self.inquire(sentinel, &greeting, &question).await {
                Ok(answer) => master_of(&answer),
                Err(failed) => {
                    failure = failed;
                    continue;
                }
            };
            match found {
                Some(found) => {
                    lock(&self.known).master = Some(found.clone());
                    return Ok(found);
                }
                None => failure = Failure::new(sentinel, Cause::UnknownMaster),
            }
        }
        Err(failure)
    }

    async fn ask_cluster(&self, slot: u16) -> Attempt<Server> {
        let greeting = Greeting {
            login: &self.address.login,
            database: 0,
            must_be_master: false,
        };
        let mut question = redis::cmd("CLUSTER");
        question.arg("SLOTS");
        let mut failure = Failure::new(&self.address.server, Cause::NoOwner);
        for member in self.candidates() {
            match self.inquire(&member, &greeting, &question).await {
                Ok(answer) => {
                    let slots = slots_of(&answer, &member);
                    let owner = slots.iter().find(|(slots, _)| slots.contains(&slot));
                    let Some(owner) = owner.map(|(_, server)| server.clone()) else {
                        failure = Failure::new(&member, Cause::NoOwner);
                        continue;
                    };
                    let mut known = lock(&self.known);
                    known.members = slots.iter().map(|(_, server)| server.clone()).collect();
                    known.members.sort_unstable_by_key(Server::to_string);
                    known.members.dedup();
                    known.slots = slots;
                    return Ok(owner);
                }
                Err(failed) => failure = failed,
            }
        }
        Err(failure)
    }

    /// Whom to ask about the Cluster, in this order.
    fn candidates(&self) -> Vec<Server> {
        let known = lock(&self.known);
        let mut candidates = known.members.clone();
        for server in self.address.servers() {
            if !candidates.contains(server) {
                candidates.push(server.clone());
            }
        }
        if let Some(suspect) = &known.suspect
            && let Some(place) = candidates.iter().position(|server| server == suspect)
        {
            let last = candidates.remove(place);
            candidates.push(last);
        }
        candidates
    }

    async fn inquire(
        &self,
        server: &Server,
        greeting: &Greeting<'_>,
        question: &Cmd,
    ) -> Attempt<Value> {
        let patience = self.patience.min(INQUIRY);
        let mut live = self.connect(server, greeting, patience).await?;
        let answer = timeout(patience, live.connection.send_packed_command(question)).await;
        let failure = match answer {
            Ok(Ok(answer)) => match answer.extract_error() {
                Ok(answer) => return Ok(answer),
                Err(error) => Failure::of(&error, server),
            },
            Ok(Err(error)) => Failure::of(&error, server),
            Err(_) => Failure::new(server, Cause::Silent),
        };
        if failure.ends_connection() {
            self.forget(server, Some(&live)).await;
        }
        Err(failure)
    }
}

/// Host and port, as `SENTINEL GET-MASTER-ADDR-BY-NAME` gives them. None if that is no host.
fn master_of(answer: &Value) -> Option<Server> {
    let (host, port): (String, u16) = redis::from_redis_value_ref(answer).ok()?;
    Server::named(&host, port)
}

/// The masters of `CLUSTER SLOTS`. A server that does not know its own host leaves it out; one whose
/// host is none is left out.
fn slots_of(answer: &Value, asked: &Server) -> Vec<(RangeInclusive<u16>, Server)> {
    let Value::Array(rows) = answer else {
        return Vec::new();
    };
    let row = |row: &Value| {
        let Value::Array(row) = row else { return None };
        let [first, last, Value::Array(master), ..] = &row[..] else {
            return None;
        };
        let [host, port, ..] = &master[..] else {
            return None;
        };
        let number = |value: &Value| redis::from_redis_value_ref::<u16>(value).ok();
        let host = redis::from_redis_value_ref::<Option<String>>(host).ok()?;
        let host = host.filter(|host| !host.is_empty() && host != "?");
        let host = host.as_deref().unwrap_or(&asked.host);
        let server = Server::named(host, number(port)?)?;
        Some((number(first)?..=number(last)?, server))
    };
    rows.iter().filter_map(row).collect()
}
