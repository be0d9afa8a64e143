//! `Kinde.Client`: one application at Kinde.

use std::collections::HashMap;

use kinde::{Config, Json};
use rustler::{Env, NifResult, Reference, ResourceArc, Term};

use crate::call::{answer, start};
use crate::given;
use crate::input::LARGEST_SETTINGS;
use crate::output::Answer;
use crate::resources::{self, Client};

impl Answer for kinde::Client {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        use rustler::Encoder;
        (rustler::types::atom::ok(), resources::client(self)).encode(env)
    }
}

/// May read a file of certificates.
#[rustler::nif(schedule = "DirtyIo")]
fn client_new<'a>(env: Env<'a>, settings: Term<'a>) -> NifResult<Term<'a>> {
    let settings = given!(env, settings, LARGEST_SETTINGS);
    Ok(answer(env, made(Config::new(), &settings)))
}

/// The settings win over `variables`, those of the VM's environment: what a program sets there is not
/// in the environment of the operating system.
#[rustler::nif(schedule = "DirtyIo")]
fn client_from_env<'a>(
    env: Env<'a>,
    settings: Term<'a>,
    variables: HashMap<String, String>,
) -> NifResult<Term<'a>> {
    let settings = given!(env, settings, LARGEST_SETTINGS);
    Ok(answer(env, from_env(&settings, &variables)))
}

fn from_env(settings: &str, variables: &HashMap<String, String>) -> kinde::Result<kinde::Client> {
    let mut config = Config::new();
    config.load_vars(|name| variables.get(name).cloned())?;
    made(config, settings)
}

fn made(mut config: Config, settings: &str) -> kinde::Result<kinde::Client> {
    config.load_json(settings)?;
    kinde::Client::new(&config)
}

#[rustler::nif(schedule = "DirtyIo")]
fn client_derive<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    overrides: Term<'a>,
) -> NifResult<Term<'a>> {
    let overrides = given!(env, overrides, LARGEST_SETTINGS);
    Ok(answer(env, client.0.derive(&overrides)))
}

#[rustler::nif]
fn client_prepare<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    reference: Reference<'a>,
) -> Term<'a> {
    let application = client.0.clone();
    start(env, &client.0, reference, async move {
        application.prepare().await
    })
}

#[rustler::nif]
fn client_stats(env: Env<'_>, client: ResourceArc<Client>) -> Term<'_> {
    answer::<Json>(env, client.0.stats())
}

#[rustler::nif]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
