//! What the operations answer: nothing that a library needs to call them, but what an emulator needs
//! to answer them.

use std::fmt;

use crate::catalogue::Model;

/// The answers to successes, and the models in them.
#[derive(Debug, Default)]
pub struct Answers {
    pub answers: Vec<Answer>,
    pub models: Vec<Model>,
}

#[derive(Debug)]
pub struct Answer {
    pub operation: String,
    pub status: String,
    /// Absent if the answer has no body.
    pub kind: Option<String>,
}

impl Answers {
    /// In an order that does not depend on the description's.
    pub fn sorted(mut answers: Vec<Answer>, mut models: Vec<Model>) -> Answers {
        answers.sort_by(|a, b| a.operation.cmp(&b.operation));
        models.sort_by(|a, b| a.name.cmp(&b.name));
        Answers { answers, models }
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# What the Management API answers. Made by kinde-catalogue, not edited by hand.\n"
        )?;
        for answer in &self.answers {
            let kind = answer.kind.as_ref().map(|kind| format!(" {kind}"));
            let kind = kind.unwrap_or_default();
            writeln!(f, "answer {} {}{kind}", answer.operation, answer.status)?;
        }
        writeln!(f)?;
        for model in &self.models {
            write!(f, "{model}")?;
        }
        Ok(())
    }
}
