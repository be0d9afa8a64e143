//! Programs beside the tests.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A program that prints one JSON line when it is ready. It is killed when this is dropped, and ends by itself when its
/// standard input closes, so that a test that dies leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    _input: Option<ChildStdin>,
    _output: BufReader<ChildStdout>,
    pub(crate) ready: Value,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Process {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let mut line = String::new();
        let read = output.read_line(&mut line);
        let Ok(ready) = serde_json::from_str(&line) else {
            drop(child.kill());
            panic!(
                "{command:?} was not ready ({read:?}, {:?}); its own messages stand above; it printed {line:?}",
                child.wait()
            );
        };
        Process {
            child,
            _input: input,
            _output: output,
            ready,
        }
    }

    /// A text of the line that said it is ready.
    pub(crate) fn ready_text(&self, name: &str) -> String {
        match self.ready[name].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("{name} is missing from {}", self.ready),
        }
    }

    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
