//! Errors as `Kinde.Error`.

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

impl Encoder for Fault {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Fault::Kinde(error) => exception(env, error.status(), error.message(), Some(error)),
            Fault::Input { status, message } => exception(env, *status, message, None),
        }
    }
}

fn exception<'a>(
    env: Env<'a>,
    status: Status,
    message: &str,
    error: Option<&kinde::Error>,
) -> Term<'a> {
    let text = |read: fn(&kinde::Error) -> Option<&str>| error.and_then(read).encode(env);
    let codes = error.map(kinde::Error::codes).unwrap_or_default();
    let retry_after = error
        .and_then(kinde::Error::retry_after)
        .map(|wait| wait.as_secs_f64().ceil() as u64);
    map(
        env,
        &[
            (atoms::__struct__(), named(env, "Elixir.Kinde.Error")),
            (atoms::__exception__(), true.encode(env)),
            (
                atoms::code(),
                named(env, &status.name().to_ascii_lowercase()),
            ),
            (atoms::message(), message.encode(env)),
            (atoms::field(), text(kinde::Error::field)),
            (atoms::fields(), fields(env, error)),
            (atoms::claim(), text(kinde::Error::claim)),
            (atoms::oauth_error(), text(kinde::Error::oauth_code)),
            (
                atoms::oauth_description(),
                text(kinde::Error::oauth_description),
            ),
            (
                atoms::http_status(),
                error.and_then(kinde::Error::http_status).encode(env),
            ),
            (atoms::retry_after(), retry_after.encode(env)),
            (atoms::request_id(), text(kinde::Error::request_id)),
            (atoms::codes(), codes.encode(env)),
            (atoms::missing_scope(), text(kinde::Error::missing_scope)),
        ],
    )
}

fn fields<'a>(env: Env<'a>, error: Option<&kinde::Error>) -> Term<'a> {
    let faults = error.map(kinde::Error::fields).unwrap_or_default();
    let faults: Vec<Term> = faults
        .iter()
        .map(|fault| {
            let field = (atoms::field(), fault.field.encode(env));
            map(env, &[field, (atoms::message(), fault.message.encode(env))])
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
