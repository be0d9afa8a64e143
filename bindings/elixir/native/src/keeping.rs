//! Sessions that outlive the request: in a store, or sealed.

use kinde::SealParams;
use rustler::{Env, NifResult, Reference, ResourceArc, Term};

use crate::call::{answer, start};
use crate::given;
use crate::input::Text;
use crate::resources::{Client, Session};

#[rustler::nif]
fn session_save<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    reference: Reference<'a>,
) -> Term<'a> {
    let user = session.0.clone();
    start(env, session.0.client(), reference, async move {
        user.save().await
    })
}

#[rustler::nif]
fn session_load<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    id: Text<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let application = client.0.clone();
    let id = id.to_owned();
    start(env, &client.0, reference, async move {
        kinde::Session::load(&application, &id).await
    })
}

#[rustler::nif]
fn session_delete<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    id: Text<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let application = client.0.clone();
    let id = id.to_owned();
    start(env, &client.0, reference, async move {
        kinde::Session::delete(&application, &id).await
    })
}

#[rustler::nif]
fn sessions_revoke<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    sub: Text<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let application = client.0.clone();
    let sub = sub.to_owned();
    start(env, &client.0, reference, async move {
        application.revoke_sessions(&sub).await
    })
}

#[rustler::nif]
fn session_revision(session: ResourceArc<Session>) -> u64 {
    session.0.revision()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_seal<'a>(
    env: Env<'a>,
    session: ResourceArc<Session>,
    params: Term<'a>,
) -> NifResult<Term<'a>> {
    let params = given!(env, params);
    let params = SealParams::from_json(&params);
    Ok(answer(
        env,
        params.and_then(|params| session.0.seal(&params)),
    ))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn session_open<'a>(env: Env<'a>, client: ResourceArc<Client>, sealed: Text<'a>) -> Term<'a> {
    answer(env, kinde::Session::open(&client.0, &sealed))
}
