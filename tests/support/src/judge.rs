//! Programs that nobody here wrote: `tests/judges`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

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
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../judges/run");
        Judge {
            process: Process::start(Command::new(run).arg(program)),
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

    /// Reads a JSON page.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.url());
        let response = self.http.get(url).send().await.expect("the judge answers");
        let text = response.text().await.expect("the judge's whole answer");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}
