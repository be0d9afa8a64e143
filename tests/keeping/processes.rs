//! Many processes, one Redis, and sessions whose tokens expire at the same moment.

use std::collections::{HashMap, HashSet};
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kinde::{Client, Error, Session, Status};
use kinde_test_support::{Application, RedisServer, config};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::place::SEAL_KEY;

const TOKEN: &str = "/oauth2/token";

/// By which a worker process knows that it is one: its settings, the ids, and the moment.
const ORDERS: &str = "KINDE_TEST_WORKER";

const WORKERS: usize = 8;
const SESSIONS: usize = 500;
const REQUESTS_AT_ONCE: usize = 8;

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

/// Answers requests for all sessions, again and again, until each was seen with renewed tokens.
/// Without orders it is no worker, and there is nothing to test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker() {
    let Ok(orders) = env::var(ORDERS) else {
        return;
    };
    let orders: Value = serde_json::from_str(&orders).unwrap();
    let client = Client::new(&config(&orders["settings"])).unwrap();
    let expiry = orders["expiry"].as_i64().unwrap();
    let mut ids: Vec<String> = serde_json::from_value(orders["ids"].clone()).unwrap();
    // Each begins elsewhere, and all meet.
    let first = orders["number"].as_u64().unwrap() as usize * SESSIONS / WORKERS;
    ids.rotate_left(first);
    println!("ready");
    let ids = Arc::new(ids);
    let mut requests = JoinSet::new();
    for lane in 0..REQUESTS_AT_ONCE {
        let (client, ids) = (client.clone(), ids.clone());
        requests.spawn(async move {
            let mut waiting: Vec<&String> =
                ids.iter().skip(lane).step_by(REQUESTS_AT_ONCE).collect();
            while !waiting.is_empty() {
                let mut still = Vec::new();
                for id in waiting {
                    if !is_renewed(&client, id, expiry).await {
                        still.push(id);
                    }
                }
                waiting = still;
            }
        });
    }
    requests.join_all().await;
    println!("done");
}

/// One request of a browser with this id.
async fn is_renewed(client: &Client, id: &str, expiry: i64) -> bool {
    let request = async {
        let session = Session::load(client, id).await?;
        let was_good = session.is_authenticated();
        session.ensure_fresh(0).await?;
        let expires_at = session.expires_at()?;
        // A token that was good, and so was not renewed, may expire just now.
        let expires_now = was_good && expires_at == expiry;
        assert!(expires_now || session.is_authenticated());
        Ok::<_, Error>(expires_at)
    };
    match request.await {
        Ok(expires_at) => expires_at > expiry,
        // Redis is being restarted, or it takes long: the browser comes again.
        Err(error) if matches!(error.status(), Status::Store | Status::Timeout) => false,
        Err(error) => panic!("a session was lost: {error:?}"),
    }
}

struct Worker {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start(number: usize, settings: &Value, ids: &[String], expiry: i64) -> Worker {
        let orders =
            json!({ "settings": settings, "ids": ids, "expiry": expiry, "number": number });
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "processes::worker", "--nocapture"])
            .env(ORDERS, orders.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut worker = Worker { process, output };
        assert!(worker.says("ready"));
        worker
    }

    /// Reads until it says this; false if it ends before.
    fn says(&mut self, word: &str) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            // The test harness begins the line.
            if line.trim_end().ends_with(word) {
                return true;
            }
            line.clear();
        }
        false
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn settings(app: &Application, redis: &RedisServer, machine: &str) -> Value {
    json!({
        "domain": app.url(),
        "client_id": "emulator_web",
        "client_secret": "emulator-web-secret-0123456789abcdefghijkl",
        "redirect_uri": kinde_test_support::REDIRECT_URI,
        "seal_keys": SEAL_KEY,
        "store_url": redis.url(),
        "store_timeout_ms": 5000,
        "timeout_ms": 30_000,
        "user_agent": machine,
    })
}

/// Sessions whose access tokens expire at this moment, kept in Redis.
async fn kept_sessions(app: &Application, client: &Client, expiry: i64) -> Vec<String> {
    app.emulator
        .lie(json!({ "token": "access", "claims": { "exp": expiry }, "times": SESSIONS }))
        .await;
    let mut ids = Vec::new();
    for _ in 0..SESSIONS {
        ids.push(app.signed_in_with(client).await.save().await.unwrap());
    }
    ids
}

/// How often the emulator was asked for each refresh token, and by whom, in order.
async fn sendings(app: &Application) -> HashMap<String, Vec<String>> {
    let mut sendings: HashMap<String, Vec<String>> = HashMap::new();
    for request in app.emulator.requests(TOKEN).await {
        if let Some(token) = request.field("refresh_token") {
            let agent = request.header("user-agent").unwrap().to_owned();
            sendings.entry(token.to_owned()).or_default().push(agent);
        }
    }
    sendings
}

async fn until_refreshes(app: &Application, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(90);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while sendings(app).await.len() < count {
        assert!(
            Instant::now() < deadline,
            "the workers failed; they say why above"
        );
        ticks.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_is_lost_and_no_token_is_sent_once_too_often() {
    let app = Application::start();
    app.emulator
        .settings(json!({ "refresh_overlap_seconds": 600 }))
        .await;
    let mut redis = RedisServer::start();
    let client = Client::new(&config(&settings(&app, &redis, "the test"))).unwrap();
    // Late enough that all have signed in before; `expiry` is checked below.
    let expiry = unix_seconds() + 25;
    let ids = kept_sessions(&app, &client, expiry).await;
    let mut workers: Vec<Worker> = (0..WORKERS)
        .map(|number| {
            let machine = format!("worker-{number}");
            Worker::start(number, &settings(&app, &redis, &machine), &ids, expiry)
        })
        .collect();
    assert!(unix_seconds() < expiry, "signing in took too long here");
    app.emulator.forget_requests().await;
    // Slow, so that leases are held whenever somebody looks.
    app.emulator
        .fault(json!({
            "path": TOKEN, "form": { "grant_type": "refresh_token" }, "delay_ms": 100, "times": null,
        }))
        .await;

    until_refreshes(&app, SESSIONS / 10).await;
    let killed = workers.remove(0);
    drop(killed);
    until_refreshes(&app, SESSIONS / 3).await;
    redis.stop();
    redis.restart();
    for worker in &mut workers {
        assert!(worker.says("done"), "a worker failed; it says why above");
    }

    for (token, machines) in sendings(&app).await {
        let (_, repeated) = machines.split_last().unwrap();
        let unknown = repeated.iter().all(|machine| machine.contains("worker-0"));
        assert!(unknown, "{token} was sent by {machines:?}");
        assert!(machines.len() <= 3, "{token} was sent by {machines:?}");
    }
    app.emulator.clear_faults().await;
    let mut tokens = HashSet::new();
    for id in &ids {
        let session = Session::load(&client, id).await.unwrap();
        assert!(session.is_authenticated());
        session.refresh().await.unwrap();
        let refresh_token = session.tokens().unwrap().refresh_token.unwrap();
        assert!(tokens.insert(refresh_token.expose().to_owned()));
    }
}
