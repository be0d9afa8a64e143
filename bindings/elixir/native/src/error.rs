//! Errors as `Kinde.Error`.

use std::borrow::Cow;

use kinde::Status;
use rustler::{Atom, Encoder, Env, Term};

mod atoms {
    rustler::atoms! {
        __exception__, __struct__, claim, code, codes, error, field, fields, http_status, message,
        missing_scope, oauth_description, oauth_error, request_id, retry_after,
    }
}

/// Why a call failed.
pub enum Fault {
    Kinde(kinde::Error),
    /// What was given cannot be said to the library.
    Input {
        status: Status,
        field: Option<String>,
        message: String,
    },
}

impl From<kinde::Error> for Fault {
    fn from(error: kinde::Error) -> Self {
        Fault::Kinde(error)
    }
}

impl Fault {
    /// `{:error, %Kinde.Error{}}`
    pub fn answer<'a>(&self, env: Env<'a>) -> Term<'a> {
        (atoms::error(), self).encode(env)
    }
}

impl Fault {
    fn status(&self) -> Status {
        match self {
            Fault::Kinde(error) => error.status(),
            Fault::Input { status, .. } => *status,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            Fault::Kinde(error) => error.message().into(),
            Fault::Input { message, .. } => match self.field() {
                Some(field) => format!("{field}: {message}").into(),
                None => message.into(),
            },
        }
    }

    /// The parameter or setting at fault.
    fn field(&self) -> Option<&str> {
        match self {
            Fault::Kinde(error) => error.field(),
            Fault::Input { field, .. } => field.as_deref(),
        }
    }

    /// All parameters or settings at fault, with what is wrong.
    fn fields(&self) -> Vec<(&str, &str)> {
        match self {
            Fault::Kinde(error) => {
                let faults = error.fields().iter();
                faults
                    .map(|f| (f.field.as_ref(), f.message.as_ref()))
                    .collect()
            }
            Fault::Input { message, .. } => {
                let field = self.field().into_iter();
                field.map(|field| (field, message.as_str())).collect()
            }
        }
    }

    /// What only the library's own errors have.
    fn detail<'e, T>(&'e self, read: impl FnOnce(&'e kinde::Error) -> Option<T>) -> Option<T> {
        match self {
            Fault::Kinde(error) => read(error),
            Fault::Input { .. } => None,
        }
    }
}

impl Encoder for Fault {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let text =
            |read: fn(&kinde::Error) -> Option<&str>| self.detail(|error| read(error)).encode(env);
        let codes = self
            .detail(|error| Some(error.codes()))
            .unwrap_or_default()
            .encode(env);
        let retry_after = self
            .detail(kinde::Error::retry_after)
            .map(|wait| wait.as_secs_f64().ceil() as u64);
        let code = self.status().name().to_ascii_lowercase();
        map(
            env,
            &[
                (atoms::__struct__(), named(env, "Elixir.Kinde.Error")),
                (atoms::__exception__(), true.encode(env)),
                (atoms::code(), named(env, &code)),
                (atoms::message(), self.message().as_ref().encode(env)),
                (atoms::field(), self.field().encode(env)),
                (atoms::fields(), fields(env, &self.fields())),
                (atoms::claim(), text(kinde::Error::claim)),
                (atoms::oauth_error(), text(kinde::Error::oauth_code)),
                (
                    atoms::oauth_description(),
                    text(kinde::Error::oauth_description),
                ),
                (
                    atoms::http_status(),
                    self.detail(kinde::Error::http_status).encode(env),
                ),
                (atoms::retry_after(), retry_after.encode(env)),
                (atoms::request_id(), text(kinde::Error::request_id)),
                (atoms::codes(), codes),
                (atoms::missing_scope(), text(kinde::Error::missing_scope)),
            ],
        )
    }
}

fn fields<'a>(env: Env<'a>, faults: &[(&str, &str)]) -> Term<'a> {
    let faults: Vec<Term> = faults
        .iter()
        .map(|(field, message)| {
            let field = (atoms::field(), field.encode(env));
            map(env, &[field, (atoms::message(), message.encode(env))])
        })
        .collect();
    faults.encode(env)
}

/// An atom of the library's own, of which there are few.
fn named<'a>(env: Env<'a>, name: &str) -> Term<'a> {
    Atom::from_str(env, name).map_or_else(|_| name.encode(env), |atom| atom.to_term(env))
}

fn map<'a>(env: Env<'a>, pairs: &[(Atom, Term<'a>)]) -> Term<'a> {
    Term::map_from_pairs(env, pairs).unwrap_or_else(|_| Term::map_new(env))
}
