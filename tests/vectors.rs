//! Runs the cases that every binding runs unchanged (`tests/vectors/README.md`).

use std::collections::{BTreeMap, BTreeSet};

use kinde::{
    Advice, AuthorizationParams, Client, ClientCredentials, Config, DevicePoll, DeviceStart, Error,
    LogoutParams, Outcome, Session, Status, TokenSet, TokenType, VerifyOptions,
};
use kinde_test_support::{Application, Browser, Emulator, REDIRECT_URI, config, json, query};
use reqwest::Method;
use serde_json::{Map, Value, json};

const FILES: [(&str, &str); 7] = [
    ("api/calls", include_str!("vectors/api/calls.json")),
    ("settings", include_str!("vectors/settings.json")),
    ("authorization", include_str!("vectors/authorization.json")),
    ("callbacks", include_str!("vectors/callbacks.json")),
    ("tokens", include_str!("vectors/tokens.json")),
    ("questions", include_str!("vectors/questions.json")),
    ("statuses", include_str!("vectors/statuses.json")),
];

const QUESTIONS: [&str; 22] = [
    "is_authenticated",
    "expires_at",
    "access_token",
    "tokens",
    "claims",
    "claim",
    "claim_string",
    "claim_integer",
    "claim_boolean",
    "permissions",
    "has_permission",
    "roles",
    "has_role",
    "has",
    "flags",
    "flag",
    "flag_boolean",
    "flag_integer",
    "flag_string",
    "organization",
    "organizations",
    "user",
];

fn groups(file: &str) -> Vec<Value> {
    let (_, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    let file: Value = serde_json::from_str(text).unwrap();
    file["groups"].as_array().unwrap().clone()
}

fn cases(file: &str) -> Vec<Value> {
    let cases = |group: &Value| group["cases"].as_array().unwrap().clone();
    groups(file).iter().flat_map(cases).collect()
}

/// What a call answered, in the words of `expect`.
type Answer = kinde::Result<Map<String, Value>>;

fn value(value: impl Into<Value>) -> Map<String, Value> {
    Map::from_iter([("value".to_owned(), value.into())])
}

fn url(url: String) -> Map<String, Value> {
    Map::from_iter([("url".to_owned(), url.into())])
}

struct Runner {
    emulator: Emulator,
    now: i64,
}

struct Group<'a> {
    runner: &'a Runner,
    client: Client,
    session: Session,
}

impl Runner {
    fn start() -> Runner {
        Runner {
            emulator: Emulator::start(),
            now: 0,
        }
    }

    /// Puts in what the placeholders stand for.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let issuer = self.emulator.url();
                let host = issuer.trim_start_matches("http://");
                text.replace("${issuer}", issuer)
                    .replace("${host}", host)
                    .into()
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => match members.get("$now") {
                Some(seconds) => json!(self.now + seconds.as_i64().unwrap()),
                None => members
                    .iter()
                    .map(|(name, value)| (name.clone(), self.filled(value)))
                    .collect::<Map<_, _>>()
                    .into(),
            },
            other => other.clone(),
        }
    }

    async fn control(&self, requests: &Value) {
        for request in requests.as_array().into_iter().flatten() {
            let method: Method = request["method"].as_str().unwrap().parse().unwrap();
            let path = request["path"].as_str().unwrap();
            self.emulator
                .control(method, path, Some(request["body"].clone()))
                .await;
        }
    }

    async fn mint(&self, template: &str, changes: &Value) -> String {
        if changes.get("template") == Some(&Value::Null) {
            return self
                .emulator
                .mint(json!({ "claims": changes["claims"] }))
                .await;
        }
        let mut token = json!({
            "template": template,
            "client_id": "emulator_web",
            "email": "ada@example.com",
            "org_code": "org_acme",
        });
        for (name, value) in changes.as_object().unwrap() {
            token[name] = value.clone();
        }
        self.emulator.mint(token).await
    }

    async fn token_set(&self, tokens: &Value) -> TokenSet {
        let mut set = json!({ "access_token": self.mint("access", &tokens["access"]).await });
        if tokens["id"].is_object() {
            set["id_token"] = json!(self.mint("id", &tokens["id"]).await);
        }
        TokenSet::from_json(&set.to_string()).unwrap()
    }

    /// The newest request to an API, if there was one; all are forgotten.
    async fn api_request(&self) -> Value {
        let seen = self.emulator.all_requests().await;
        let mut api = seen.iter().rev().filter(|it| it.path.contains("api/v1/"));
        let request = api.next().map(|request| {
            json!({
                "method": request.method, "path": request.path, "query": request.query,
                "body": serde_json::from_str::<Value>(&request.body).ok(),
            })
        });
        self.emulator.forget_requests().await;
        request.unwrap_or_default()
    }

    async fn run(&mut self, file: &str) {
        let mut wrong = Vec::new();
        for group in groups(file) {
            self.now = unix_seconds();
            let group = self.filled(&group);
            self.emulator.post("/reset", json!({})).await;
            self.control(&group["control"]).await;
            let settings = match &group["settings"] {
                Value::Null => json!({}),
                settings => settings.clone(),
            };
            let client = Application::client_of(&self.emulator, settings);
            let session = match &group["session"] {
                Value::String(signed_in) if signed_in == "signed_in" => {
                    sign_in(&client.session()).await.unwrap()
                }
                Value::Object(_) => {
                    let tokens = self.token_set(&group["session"]).await;
                    Session::from_tokens(&client, tokens).await.unwrap()
                }
                _ => client.session(),
            };
            self.control(&group["then"]).await;
            let under_test = Group {
                runner: self,
                client,
                session,
            };
            for case in group["cases"].as_array().unwrap() {
                let Some(call) = case["call"].as_str() else {
                    assert!(case["why"].is_string(), "{case}");
                    continue;
                };
                self.control(&case["control"]).await;
                let answer = under_test.call(call, &case["with"]).await;
                if let Some(expected) = case["expect"].get("request") {
                    let sent = self.api_request().await;
                    if sent != *expected {
                        let place = format!("{}: {}", group["name"], case["name"]);
                        wrong.push(format!("{place}: expected {expected}, sent {sent}"));
                    }
                }
                if let Err(difference) = compare(&answer, &case["expect"]) {
                    wrong.push(format!("{}: {}: {difference}", group["name"], case["name"]));
                }
            }
        }
        assert!(wrong.is_empty(), "{file}:\n{}", wrong.join("\n"));
    }
}

async fn sign_in(session: &Session) -> kinde::Result<Session> {
    let callback = browse(&session.login_url(&AuthorizationParams::new())?).await;
    session.handle_callback(&callback).await?;
    Ok(session.clone())
}

async fn browse(url: &str) -> String {
    Browser::new(REDIRECT_URI).open(url).await.at_application()
}

impl Group<'_> {
    async fn call(&self, call: &str, with: &Value) -> Answer {
        let text = with.to_string();
        let params = || AuthorizationParams::from_json(&text);
        match call {
            "new_client" => new_client(with),
            "authorization_url" => Ok(url(self.client.authorization_url(&params()?)?.url)),
            "login_url" => Ok(url(self.session.login_url(&params()?)?)),
            "register_url" => Ok(url(self.session.register_url(&params()?)?)),
            "create_org_url" => Ok(url(self.session.create_org_url(&params()?)?)),
            "logout_url" => Ok(url(self
                .client
                .logout_url(&LogoutParams::from_json(&text)?)?)),
            "sign_in" => sign_in(&self.session).await.map(|_| Map::new()),
            "handle_callback" => self.handle_callback(with).await,
            "verify_token" => self.verify_token(with).await,
            "session_from_tokens" => {
                let tokens = self.runner.token_set(with).await;
                Session::from_tokens(&self.client, tokens)
                    .await
                    .map(|_| Map::new())
            }
            "client_credentials" => {
                let params = ClientCredentials::from_json(&text)?;
                self.client
                    .client_credentials(params)
                    .await
                    .map(|_| Map::new())
            }
            "device_poll" => self.device_poll(with).await,
            "api_call" => {
                let operation = with["operation"].as_str().unwrap();
                let params = with["params"].to_string();
                let called = self.client.api_call(operation, &params).await;
                called.map(|_| Map::new())
            }
            question => self.ask(question, with).map(value),
        }
    }

    async fn handle_callback(&self, with: &Value) -> Answer {
        let params = match &with["params"] {
            Value::Null => String::new(),
            params => params.to_string(),
        };
        let begun = self
            .session
            .login_url(&AuthorizationParams::from_json(&params)?)?;
        let mut callback = with["callback"].as_str().unwrap().to_owned();
        callback = callback.replace("${state}", &query(&begun)["state"]);
        if callback.contains("${query}") {
            let came_back = browse(&begun).await;
            let (_, query) = came_back.split_once('?').unwrap();
            callback = callback.replace("${query}", query);
        }
        let outcome = self.session.handle_callback(&callback).await?;
        let name = match outcome.outcome {
            Outcome::SignedIn => "signed_in",
            Outcome::Restart => "restart",
        };
        let mut answer = url(outcome.url.unwrap_or_default());
        answer.insert("outcome".to_owned(), name.into());
        answer.insert("return_to".to_owned(), outcome.return_to.into());
        Ok(answer)
    }

    async fn verify_token(&self, with: &Value) -> Answer {
        let token = match (&with["token"], &with["mint"]) {
            (Value::String(token), _) => token.clone(),
            (_, mint) => match mint["template"].as_str() {
                Some(template) => self.runner.mint(template, mint).await,
                None => self.runner.emulator.mint(mint.clone()).await,
            },
        };
        let options = match &with["options"] {
            Value::Null => VerifyOptions::default(),
            options => VerifyOptions::from_json(&options.to_string())?,
        };
        self.client
            .verify_token(&token, &options)
            .await
            .map(|claims| value(json(claims)))
    }

    async fn device_poll(&self, with: &Value) -> Answer {
        let device = self.client.device_start(DeviceStart::default()).await?;
        let poll = || {
            self.client
                .device_poll(DevicePoll::new(device.device_code.clone()))
        };
        for _ in 1..with["polls"].as_u64().unwrap_or(1) {
            assert!(poll().await.is_err(), "only the last poll counts");
        }
        self.runner.control(&with["control"]).await;
        poll().await.map(|_| Map::new())
    }

    fn ask(&self, question: &str, with: &Value) -> kinde::Result<Value> {
        let session = &self.session;
        let token_type = match with["token_type"].as_str() {
            Some("id") => TokenType::Id,
            _ => TokenType::Access,
        };
        let text = |name: &str| with[name].as_str().unwrap_or_default();
        let default = with.get("default");
        Ok(match question {
            "is_authenticated" => session.is_authenticated().into(),
            "expires_at" => session.expires_at()?.into(),
            "access_token" => session.access_token()?.expose().into(),
            "tokens" => json(session.tokens()?.to_json()),
            "claims" => json(session.claims(token_type)?),
            "claim" => json(session.claim(text("name"), token_type)?),
            "claim_string" => session.claim_string(text("name"), token_type)?.into(),
            "claim_integer" => session.claim_integer(text("name"), token_type)?.into(),
            "claim_boolean" => session.claim_boolean(text("name"), token_type)?.into(),
            "permissions" => json(session.permissions(token_type)?),
            "has_permission" => session
                .has_permission(text("permission"), token_type)?
                .into(),
            "roles" => json(session.roles(token_type)?),
            "has_role" => session.has_role(text("key"), token_type)?.into(),
            "has" => session.has(&with["conditions"].to_string())?.into(),
            "flags" => json(session.flags(token_type)?),
            "flag" => {
                let default = default.map(|value| value.to_string().parse().unwrap());
                json(session.flag(text("code"), default.as_ref(), with["type"].as_str())?)
            }
            "flag_boolean" => session
                .flag_boolean(text("code"), default.and_then(Value::as_bool))?
                .into(),
            "flag_integer" => session
                .flag_integer(text("code"), default.and_then(Value::as_i64))?
                .into(),
            "flag_string" => session
                .flag_string(text("code"), default.and_then(Value::as_str))?
                .into(),
            "organization" => json(session.organization()?),
            "organizations" => json(session.organizations()?),
            "user" => json(session.user()?),
            unknown => panic!("no such call: {unknown}"),
        })
    }
}

fn new_client(with: &Value) -> Answer {
    let mut config = Config::new();
    match &with["environment"] {
        Value::Object(variables) => {
            let lookup = |name: &str| Some(variables.get(name)?.as_str()?.to_owned());
            config.load_vars(lookup)?;
        }
        _ => {
            config.load_json(&with["settings"].to_string())?;
        }
    }
    Client::new(&config).map(|_| Map::new())
}

fn compare(answer: &Answer, expect: &Value) -> Result<(), String> {
    let expected = expect["status"].as_str().unwrap();
    match answer {
        Ok(answer) if expected == "OK" => compare_answer(answer, expect),
        Err(error) if expected == error.status().name() => compare_error(error, expect),
        other => Err(format!("expected {expected}, got {other:?}")),
    }
}

fn compare_answer(answer: &Map<String, Value>, expect: &Value) -> Result<(), String> {
    for (name, expected) in expect.as_object().unwrap() {
        let got = answer.get(name).unwrap_or(&Value::Null);
        let same = match name.as_str() {
            "status" | "number" | "advice" | "request" => true,
            "members" => expected
                .as_object()
                .unwrap()
                .iter()
                .all(|(name, value)| answer["value"][name] == *value),
            "url" => is_url(got.as_str().unwrap(), expected),
            _ => got == expected,
        };
        if !same {
            return Err(format!("{name}: expected {expected}, got {answer:?}"));
        }
    }
    Ok(())
}

fn is_url(url: &str, expected: &Value) -> bool {
    let sent = query(url);
    let fits = |(name, value): (&String, &Value)| match (sent.get(name), value) {
        (None, Value::Null) => true,
        (Some(sent), Value::String(any)) if any == "*" => !sent.is_empty(),
        (Some(sent), Value::String(value)) => sent == value,
        _ => false,
    };
    url.starts_with(expected["starts_with"].as_str().unwrap_or_default())
        && expected["query"]
            .as_object()
            .into_iter()
            .flatten()
            .all(fits)
}

fn compare_error(error: &Error, expect: &Value) -> Result<(), String> {
    let details = json(error.to_json());
    for (name, expected) in expect.as_object().unwrap() {
        let same = match name.as_str() {
            "status" | "number" | "advice" | "request" => true,
            "fields" => {
                let got: BTreeSet<&str> =
                    error.fields().iter().map(|field| &*field.field).collect();
                let expected = expected.as_array().unwrap().iter();
                got == expected.map(|field| field.as_str().unwrap()).collect()
            }
            _ => details[name] == *expected,
        };
        if !same {
            return Err(format!("{name}: expected {expected}, got {details}"));
        }
    }
    Ok(())
}

fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

#[tokio::test]
async fn settings() {
    Runner::start().run("settings").await;
}

#[tokio::test]
async fn authorization() {
    Runner::start().run("authorization").await;
}

#[tokio::test]
async fn callbacks() {
    Runner::start().run("callbacks").await;
}

#[tokio::test]
async fn tokens() {
    Runner::start().run("tokens").await;
}

#[tokio::test]
async fn questions() {
    Runner::start().run("questions").await;
}

#[tokio::test]
async fn api_calls() {
    Runner::start().run("api/calls").await;
}

#[tokio::test]
async fn statuses() {
    Runner::start().run("statuses").await;
}

#[tokio::test]
async fn return_addresses() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/return_to.json")).unwrap();
    let client = Client::new(&config(&vectors["settings"])).unwrap();
    let params = |address: &Value| {
        AuthorizationParams::from_json(&json!({ "return_to": address }).to_string())
    };
    for address in vectors["refused"].as_array().unwrap() {
        let refused = params(address).and_then(|params| client.session().login_url(&params));
        assert_eq!(
            refused.unwrap_err().status(),
            Status::InvalidArgument,
            "{address}"
        );
    }

    let mut settings = vectors["settings"].clone();
    let app = Application::start();
    settings["domain"] = json!(app.url());
    settings["client_id"] = json!("emulator_web");
    let client = app.client(settings);
    for case in vectors["accepted"].as_array().unwrap() {
        let session = client.session();
        let url = session.login_url(&params(&case["given"]).unwrap()).unwrap();
        let callback = Browser::new("https://app.example.com/")
            .open(&url)
            .await
            .at_application();
        let outcome = session.handle_callback(&callback).await.unwrap();
        assert_eq!(json!(outcome.return_to), case["result"], "{case}");
    }
}

#[test]
fn every_question_occurs_with_every_kind_of_answer() {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases("questions") {
        let status = case["expect"]["status"].as_str().unwrap().to_owned();
        asked
            .entry(case["call"].as_str().unwrap().to_owned())
            .or_default()
            .insert(status);
    }
    for question in QUESTIONS {
        let statuses = asked.remove(question).unwrap_or_default();
        assert!(statuses.contains("OK"), "{question}: {statuses:?}");
        let refused = statuses.contains("NOT_AUTHENTICATED") || question == "is_authenticated";
        assert!(refused, "{question}: {statuses:?}");
    }
    assert!(asked.is_empty(), "not a question: {asked:?}");
}

#[test]
fn every_status_occurs_with_its_number_and_advice() {
    let cases = cases("statuses");
    let names: Vec<&str> = cases
        .iter()
        .map(|case| case["name"].as_str().unwrap())
        .collect();
    let all: Vec<&str> = Status::all().map(Status::name).collect();
    assert_eq!(names, all);
    for (status, case) in Status::all().zip(&cases) {
        assert_eq!(case["expect"]["number"], status.code(), "{status}");
        let advice = match status.advice() {
            _ if status == Status::Ok => "none",
            Advice::Retry => "retry",
            Advice::SignIn => "sign_in",
            Advice::Fix => "fix",
        };
        assert_eq!(case["expect"]["advice"], advice, "{status}");
    }
}
