//! `Kinde.Api`: calls of Kinde's APIs.
//!
//! A call is started by one of two functions: one takes as much as a scheduler reads at once, and says
//! `:large` to more; the other takes all that is accepted.

use kinde::Json;
use rustler::{Env, Reference, ResourceArc, Term};

use crate::call::{answer, start};
use crate::error::Fault;
use crate::input::{self, Calls, Text};
use crate::output::{Answer, Called, Outcomes};
use crate::resources::{Client, Pages, Session, pages};

mod atoms {
    rustler::atoms! { nil, ok, large }
}

/// Who has a token for an API.
trait Asker: Clone + Send + 'static {
    fn client(&self) -> &kinde::Client;

    fn ask(
        self,
        operation: String,
        params: String,
    ) -> impl Future<Output = kinde::Result<Json>> + Send;
}

impl Asker for kinde::Client {
    fn client(&self) -> &kinde::Client {
        self
    }

    async fn ask(self, operation: String, params: String) -> kinde::Result<Json> {
        self.api_call(&operation, &params).await
    }
}

impl Asker for kinde::Session {
    fn client(&self) -> &kinde::Client {
        kinde::Session::client(self)
    }

    async fn ask(self, operation: String, params: String) -> kinde::Result<Json> {
        self.api_call(&operation, &params).await
    }
}

fn begin<'a>(
    env: Env<'a>,
    asker: &impl Asker,
    operation: Text<'a>,
    params: Result<String, Fault>,
    reference: Reference<'a>,
) -> Term<'a> {
    match params {
        Ok(params) => {
            let call = asker.clone().ask(operation.to_owned(), params);
            let call = async move { call.await.map(Called) };
            start(env, asker.client(), reference, call)
        }
        Err(fault) => fault.answer(env),
    }
}

macro_rules! api_call {
    ($name:ident, $name_of_large:ident, $asker:ty) => {
        #[rustler::nif]
        fn $name<'a>(
            env: Env<'a>,
            asker: ResourceArc<$asker>,
            operation: Text<'a>,
            params: Term<'a>,
            reference: Reference<'a>,
        ) -> Term<'a> {
            match input::short_call_params(params) {
                Some(params) => begin(env, &asker.0, operation, params, reference),
                None => atoms::large().to_term(env),
            }
        }

        #[rustler::nif(schedule = "DirtyCpu")]
        fn $name_of_large<'a>(
            env: Env<'a>,
            asker: ResourceArc<$asker>,
            operation: Text<'a>,
            params: Term<'a>,
            reference: Reference<'a>,
        ) -> Term<'a> {
            let params = input::call_params(params);
            begin(env, &asker.0, operation, params, reference)
        }
    };
}

api_call!(api_call, api_call_large, Client);
api_call!(session_api_call, session_api_call_large, Session);

/// `{:ok, [result]}`, of `{operation, params}` each.
#[rustler::nif(schedule = "DirtyCpu")]
fn api_call_many<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    calls: Term<'a>,
    options: Term<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let Calls { json, refused } = match input::calls(calls, options) {
        Ok(calls) => calls,
        Err(fault) => return fault.answer(env),
    };
    let application = client.0.clone();
    start(env, &client.0, reference, async move {
        let made = application.api_call_each(&json).await?;
        Ok(Outcomes { made, refused })
    })
}

impl Answer for kinde::Pages {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        use rustler::Encoder;
        (atoms::ok(), pages(self)).encode(env)
    }
}

macro_rules! api_pages {
    ($name:ident, $asker:ty) => {
        /// Judges the parameters, for which all operations are read when the first is wanted.
        #[rustler::nif(schedule = "DirtyCpu")]
        fn $name<'a>(
            env: Env<'a>,
            asker: ResourceArc<$asker>,
            operation: Text<'a>,
            params: Term<'a>,
        ) -> Term<'a> {
            match input::call_params(params) {
                Ok(params) => answer(env, asker.0.api_pages(&operation, &params)),
                Err(fault) => fault.answer(env),
            }
        }
    };
}

api_pages!(api_pages, Client);
api_pages!(session_api_pages, Session);

/// The next page, `{:ok, nil}` at the end.
#[rustler::nif]
fn api_pages_next<'a>(
    env: Env<'a>,
    pages: ResourceArc<Pages>,
    reference: Reference<'a>,
) -> Term<'a> {
    let list = pages.0.clone();
    start(env, pages.0.client(), reference, async move {
        Ok(list.next().await?.map(Called))
    })
}

impl Answer for Option<Called> {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        use rustler::Encoder;
        match self {
            Some(page) => page.answer(env),
            None => (atoms::ok(), atoms::nil()).encode(env),
        }
    }
}

#[rustler::nif(schedule = "DirtyCpu")]
fn api_catalogue(env: Env<'_>) -> Term<'_> {
    answer(env, kinde::api_catalogue())
}
