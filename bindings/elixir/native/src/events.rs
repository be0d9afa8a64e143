//! What the library asks of Kinde, as messages to one process.

use std::time::Duration;

use kinde::{Event, EventKind};
use rustler::env::OwnedEnv;
use rustler::{Atom, Encoder, Env, LocalPid, Term};

use crate::error::Fault;
use crate::output::map;

mod atoms {
    rustler::atoms! {
        ok, kinde_event, api_call, client_id, error, issuer, jwks_fetch, operation, token_refresh,
    }
}

/// From now on `{:kinde_event, name, nanoseconds, metadata}` to this process alone.
#[rustler::nif]
fn events_to(process: LocalPid) -> Atom {
    kinde::set_observer(Some(Box::new(move |event| {
        // Who is gone gets no message.
        let _ = OwnedEnv::new().send_and_clear(&process, |env| message(env, event));
    })));
    atoms::ok()
}

fn message<'a>(env: Env<'a>, event: &Event<'_>) -> Term<'a> {
    let (name, of) = match event.kind {
        EventKind::TokensRefreshed { client_id } => {
            let of = (atoms::client_id(), client_id.encode(env));
            (atoms::token_refresh(), Some(of))
        }
        EventKind::ApiCalled { operation } => {
            let of = (atoms::operation(), operation.encode(env));
            (atoms::api_call(), Some(of))
        }
        _ => (atoms::jwks_fetch(), None),
    };
    let error = event.error.map(|error| Fault::from(error.clone()));
    let mut metadata = vec![
        (atoms::issuer(), event.issuer.encode(env)),
        (atoms::error(), error.encode(env)),
    ];
    metadata.extend(of);
    let metadata = map(env, &metadata);
    (
        atoms::kinde_event(),
        name,
        nanoseconds(event.took),
        metadata,
    )
        .encode(env)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
