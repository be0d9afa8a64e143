//! `Kinde.Webhook`: events that Kinde sends.

use kinde::{Webhook, WebhookOptions};
use rustler::{Encoder, Env, NifResult, Reference, ResourceArc, Term};

use crate::call::start;
use crate::error::Fault;
use crate::given;
use crate::input::Text;
use crate::output::{Answer, free, map};
use crate::resources::Client;

mod atoms {
    rustler::atoms! { ok, data, duplicate, event_id, event_timestamp, ip_address, source, timestamp, r#type = "type" }
}

impl Answer for Webhook {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let event = map(
            env,
            &[
                (atoms::r#type(), self.event_type.encode(env)),
                (atoms::event_id(), self.event_id.encode(env)),
                (atoms::timestamp(), self.timestamp.encode(env)),
                (atoms::event_timestamp(), self.event_timestamp.encode(env)),
                (atoms::source(), self.source.encode(env)),
                (atoms::ip_address(), self.ip_address.encode(env)),
                (atoms::data(), free(env, self.data.borrowed())),
                (atoms::duplicate(), self.duplicate.encode(env)),
            ],
        );
        (atoms::ok(), event).encode(env)
    }
}

#[rustler::nif]
fn webhook_decode<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    body: Text<'a>,
    options: Term<'a>,
    reference: Reference<'a>,
) -> NifResult<Term<'a>> {
    let options = given!(env, options);
    let options = match WebhookOptions::from_json(&options) {
        Ok(options) => options,
        Err(error) => return Ok(Fault::from(error).answer(env)),
    };
    let application = client.0.clone();
    let body = body.to_owned();
    Ok(start(env, &client.0, reference, async move {
        application.decode_webhook(&body, &options).await
    }))
}

#[rustler::nif]
fn webhook_done<'a>(
    env: Env<'a>,
    client: ResourceArc<Client>,
    event_id: Text<'a>,
    reference: Reference<'a>,
) -> Term<'a> {
    let application = client.0.clone();
    let event_id = event_id.to_owned();
    start(env, &client.0, reference, async move {
        application.webhook_done(&event_id).await
    })
}
