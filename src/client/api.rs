//! Kinde's APIs, asked with the client's machine token.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Asker, Client, Pages};
use crate::api::{ApiCalls, ApiRequest, Call, PagedRequest};
use crate::error::{Error, Result};
use crate::http::Response;
use crate::json::Json;
use crate::oauth::ClientCredentials;
use crate::runtime;

impl Client {
    /// Calls an operation of the Management API, or of OAuth's endpoints for machines, with the
    /// client's machine token: obtained when it is first needed, kept, and got anew once if Kinde no
    /// longer accepts it. Gives `{status, headers, data}`.
    ///
    /// `operation` is a name of [`api_catalogue`](crate::api_catalogue). `params_json` is an object
    /// of its parameters: those of the path and the query, and beside them the members of the body,
    /// or the whole of it as `body`. What the catalogue does not know goes into an object `extra`.
    /// `code` stands for `org_code`, and a list of ids for a list of objects with an `id`. The
    /// operation `request` takes `{method, path, query, body}` and reaches any path under `/api/`.
    ///
    /// What is safe to repeat is repeated after network trouble and 5xx, everything after 429, within
    /// the setting `timeout_ms`; while the Management API asks one call to wait, all do.
    ///
    /// # Errors
    /// `UNKNOWN_OPERATION` and `INVALID_ARGUMENT` (every fault at once) before anything is sent;
    /// `API` with Kinde's codes, HTTP status, missing scope and request id, `RATE_LIMITED`,
    /// `MALFORMED_RESPONSE`, those of the way there, and those of
    /// [`Client::client_credentials`](crate::Client::client_credentials).
    pub async fn api_call(&self, operation: &str, params_json: &str) -> Result<Json> {
        let request = self.api_request(operation, params_json)?;
        self.send_api_request(request).await
    }

    /// Makes many calls, a few at a time: `{calls: [{operation, params}], concurrency}`, or the list
    /// alone. Without `concurrency`, as many at once as the setting `api_concurrency` allows. Gives
    /// `{results, failures}`: the results in the order of the calls, null for one that failed, and
    /// a list of `{index, error}`. Each call has its own `timeout_ms`.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` if this is no list of calls. What is wrong with one call is among the
    /// failures.
    pub async fn api_call_many(&self, calls_json: &str) -> Result<Json> {
        let calls = ApiCalls::from_json(calls_json)?;
        self.send_api_calls(calls).await
    }

    /// Like [`Client::api_call_many`], with the outcome of each call as [`Client::api_call`] gives it,
    /// in the order of the calls.
    ///
    /// # Errors
    /// Those of [`Client::api_call_many`].
    pub async fn api_call_each(&self, calls_json: &str) -> Result<Vec<Result<Json>>> {
        let calls = ApiCalls::from_json(calls_json)?;
        let outcomes = self.send_each(calls).await?;
        let outcomes = outcomes.into_iter();
        Ok(outcomes.map(|it| it.map(Json::from_value)).collect())
    }

    /// The pages of a list, one by one. Takes what [`Client::api_call`] takes; uses no network yet.
    ///
    /// # Errors
    /// `UNKNOWN_OPERATION`, `INVALID_ARGUMENT`, also if the operation does not answer with a list.
    pub fn api_pages(&self, operation: &str, params_json: &str) -> Result<Pages> {
        let request = self.api_request(operation, params_json)?;
        let asker = Asker::Machine(self.clone());
        Ok(Pages::new(asker, PagedRequest::new(request)?))
    }

    pub(crate) fn api_request(&self, operation: &str, params_json: &str) -> Result<ApiRequest> {
        let validation = self.settings().api_validation;
        let request = ApiRequest::from_json(operation, params_json, validation)?;
        match request.asks_about_a_user() {
            true => Err(Error::invalid_argument(
                "operation",
                "asks about the user of a token; call it on the user's session",
            )),
            false => Ok(request),
        }
    }

    pub(crate) async fn send_api_request(&self, request: ApiRequest) -> Result<Json> {
        let client = self.clone();
        self.run(async move {
            let response = client.ask_as_machine(&request, client.deadline()).await?;
            request.answer(&response).map(Json::from_value)
        })
        .await
    }

    pub(crate) async fn send_api_calls(&self, calls: ApiCalls) -> Result<Json> {
        let outcomes = self.send_each(calls).await?;
        Ok(Json::from_value(gathered(outcomes)))
    }

    async fn send_each(&self, calls: ApiCalls) -> Result<Vec<Result<Value>>> {
        let client = self.clone();
        let at_once = calls.concurrency.unwrap_or(self.settings().api_concurrency);
        // Each call has its own deadline, and all together have none.
        runtime::run(self.worker_threads(), async move {
            let outcomes = stream::iter(calls.calls)
                .map(|call| {
                    let client = client.clone();
                    Box::pin(async move {
                        let request = client.api_request(&call.operation, &call.params?)?;
                        let answer = async {
                            let deadline = client.deadline();
                            let response = client.ask_as_machine(&request, deadline).await?;
                            request.answer(&response)
                        };
                        client.within_timeout(answer).await
                    })
                })
                .buffered(at_once)
                .collect()
                .await;
            Ok(outcomes)
        })
        .await
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.settings().timeout
    }

    /// Asks with the client's machine token for the Management API.
    pub(crate) async fn ask_as_machine(
        &self,
        request: &ApiRequest,
        deadline: Instant,
    ) -> Result<Response> {
        let params = ClientCredentials {
            audience: vec![self.settings().management_audience.clone()],
            ..ClientCredentials::default()
        };
        let mut is_second = false;
        loop {
            let (tokens, _) = self.machine_tokens(params.clone()).await?;
            let shared = self.shared()?;
            let call = Call {
                settings: self.settings(),
                http: &shared.http,
                pace: &shared.api_pace,
                token: &tokens.access_token,
                deadline,
            };
            match call.send(request).await {
                // A kept token may have been revoked since; the next one is new.
                Err(error)
                    if error.http_status() == Some(401)
                        && shared
                            .machine_tokens
                            .refuse(&tokens.access_token, is_second) =>
                {
                    is_second = true;
                }
                outcome => return outcome,
            }
        }
    }
}

fn gathered(outcomes: Vec<Result<Value>>) -> Value {
    let mut failures = Vec::new();
    let results: Vec<Value> = outcomes
        .into_iter()
        .enumerate()
        .map(|(index, outcome)| {
            outcome.unwrap_or_else(|error| {
                failures.push(json!({"index": index, "error": error.details()}));
                Value::Null
            })
        })
        .collect();
    json!({"results": results, "failures": failures})
}
