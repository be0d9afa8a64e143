//! Programs that nobody here wrote: `tests/judges`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::emulator::SeenRequest;
use crate::process::Process;
use crate::transport::http_client;

/// A judge as a process.
#[derive(Debug)]
pub struct Judge {
    process: Process,
    http: reqwest::Client,
}

impl Judge {
    /// Starts `tests/judges/<program>`. Fails if Node.js is missing: a judge that is not asked has not agreed.
    pub fn start(program: &str) -> Judge {
        Judge::start_with(&[OsStr::new(program)])
    }

    /// Like [`Judge::start`], with arguments after the program.
    pub fn start_with(arguments: &[&OsStr]) -> Judge {
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../judges/run");
        Judge {
            process: Process::start(Command::new(run).args(arguments)),
            http: http_client(),
        }
    }

    pub fn url(&self) -> String {
        self.process.ready_text("url")
    }

    /// What it said when it was ready.
    pub fn said(&self) -> &Value {
        &self.process.ready
    }

    /// Shows it a request as another server saw it; what it finds wrong with it, if anything.
    pub async fn faults_of(&self, request: &SeenRequest) -> Option<String> {
        let url = format!("{}{}", self.url(), request.target);
        let method = request.method.parse().expect("a method");
        let mut again = self.http.request(method, url);
        for name in ["accept", "authorization", "content-type"] {
            if let Some(value) = request.header(name) {
                again = again.header(name, value);
            }
        }
        let response = again.body(request.body.clone()).send().await;
        let response = response.expect("the judge answers");
        match response.status().is_success() {
            true => None,
            false => Some(response.text().await.expect("the judge's whole answer")),
        }
    }

    /// Reads a JSON page.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.url());
        let response = self.http.get(url).send().await.expect("the judge answers");
        let text = response.text().await.expect("the judge's whole answer");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}
