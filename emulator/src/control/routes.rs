//! The routes under `/_control`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::{Host, Url};

use super::Control;
use super::faults::Fault;
use super::limits;
use super::orders;
use super::seen::Filter;
use super::webhooks;
use crate::state::Emulator;

type Emu = Shared<Arc<Emulator>>;

/// `400 {"error": "…"}`.
pub struct Refused(StatusCode, String);

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self(StatusCode::BAD_REQUEST, reason)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

type Answer = Result<Json<Value>, Refused>;

fn order<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Refused::from(error.to_string()))
}

fn done() -> Answer {
    Ok(Json(json!({"ok": true})))
}

pub fn router(emulator: Arc<Emulator>) -> Router<Arc<Emulator>> {
    Router::new()
        .route("/login", post(login))
        .route("/device", post(device))
        .route("/mint", post(mint))
        .route("/code", post(code))
        .route("/webhooks", post(mint_webhook))
        .route("/webhooks/send", post(send_webhook))
        .route("/lies", post(add_lie).delete(forget_lies))
        .route("/tokens/expire", post(expire))
        .route("/tokens/revoke", post(revoke))
        .route("/tokens/refresh", get(refresh_tokens))
        .route("/keys", get(keys).post(add_key).delete(remove_key))
        .route("/keys/rotate", post(rotate))
        .route("/clock", get(clock).post(set_clock))
        .route("/settings", get(settings).patch(patch_settings))
        .route(
            "/applications",
            get(applications)
                .patch(patch_application)
                .put(put_application),
        )
        .route("/users", get(users).patch(patch_user).put(put_user))
        .route(
            "/organizations",
            get(organizations)
                .patch(patch_organization)
                .put(put_organization),
        )
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route(
            "/limits",
            get(list_limits).post(add_limit).delete(clear_limits),
        )
        .route("/release", post(release))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/requests/wait", get(wait))
        .route("/counts", get(counts))
        .route("/reset", post(reset))
        .route("/{*unknown}", any(unknown))
        .layer(middleware::from_fn_with_state(emulator, require_program))
}

async fn unknown() -> Refused {
    Refused(
        StatusCode::NOT_FOUND,
        "the test control has no such route".to_owned(),
    )
}

/// A web page must not be able to order anything: browsers send `Origin`, and ask before they send JSON.
/// A page that made its own name lead here would send neither, but its name as `Host`.
async fn require_program(Shared(emulator): Emu, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if request.headers().contains_key(ORIGIN) || !is_trusted(host, &emulator.public_url) {
        return Refused(
            StatusCode::FORBIDDEN,
            "the test control is not for web pages".to_owned(),
        )
        .into_response();
    }
    let length = request.headers().get(CONTENT_LENGTH);
    let has_body = length.is_some_and(|length| length != "0")
        || request.headers().contains_key(TRANSFER_ENCODING);
    let content_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if has_body && !content_type.starts_with("application/json") {
        let reason = "Content-Type: application/json is needed".to_owned();
        return Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason).into_response();
    }
    next.run(request).await
}

/// Whether this is the emulator's own host, an IP address, or a name that only the local network knows.
fn is_trusted(host: &str, public_url: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}")) else {
        return false;
    };
    let own = Url::parse(public_url).ok();
    match url.host() {
        Some(Host::Domain(name)) => {
            !name.contains('.') || own.as_ref().and_then(Url::host_str) == Some(name)
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

fn control(emulator: &Emulator) -> Result<&Control, Refused> {
    emulator
        .control
        .as_ref()
        .ok_or_else(|| Refused(StatusCode::NOT_FOUND, "the test control is off".to_owned()))
}

async fn login(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::login(&emulator, order(&body)?)?;
    done()
}

async fn device(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::device(&emulator, &order(&body)?)?;
    done()
}

async fn mint(Shared(emulator): Emu, body: Bytes) -> Answer {
    Ok(Json(orders::mint(&emulator, order(&body)?)?))
}

async fn code(Shared(emulator): Emu, body: Bytes) -> Answer {
    Ok(Json(orders::code(&emulator, order(&body)?)?))
}

async fn mint_webhook(Shared(emulator): Emu, body: Bytes) -> Answer {
    let webhook = webhooks::mint(&emulator, order(&body)?)?;
    Ok(Json(webhook.to_json()))
}

async fn send_webhook(Shared(emulator): Emu, body: Bytes) -> Answer {
    Ok(Json(webhooks::send(&emulator, order(&body)?).await?))
}

async fn add_lie(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::add_lie(&emulator, order(&body)?)?;
    done()
}

async fn forget_lies(Shared(emulator): Emu) -> Answer {
    emulator.state().lies.clear();
    done()
}

async fn expire(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::expire(&emulator, &order(&body)?);
    done()
}

async fn revoke(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::revoke(&emulator, &order(&body)?)?;
    done()
}

async fn refresh_tokens(Shared(emulator): Emu) -> Answer {
    Ok(Json(orders::refresh_tokens(&emulator)))
}

async fn keys(Shared(emulator): Emu) -> Answer {
    Ok(Json(emulator.keys().to_list()))
}

async fn add_key(Shared(emulator): Emu, body: Bytes) -> Answer {
    Ok(Json(orders::add_key(&emulator, order(&body)?)?))
}

async fn rotate(Shared(emulator): Emu, body: Bytes) -> Answer {
    Ok(Json(orders::rotate(&emulator, &order(&body)?)?))
}

#[derive(Deserialize)]
struct KeyId {
    kid: String,
}

async fn remove_key(Shared(emulator): Emu, Query(KeyId { kid }): Query<KeyId>) -> Answer {
    if emulator.keys_mut().unpublish(&kid) {
        done()
    } else {
        Err(Refused(
            StatusCode::NOT_FOUND,
            format!("kid: no published key has the id {kid:?}"),
        ))
    }
}

async fn clock(Shared(emulator): Emu) -> Answer {
    Ok(Json(json!({"now": emulator.clock.now()})))
}

async fn set_clock(Shared(emulator): Emu, body: Bytes) -> Answer {
    orders::set_clock(&emulator.clock, &order(&body)?);
    clock(Shared(emulator)).await
}

async fn settings(Shared(emulator): Emu) -> Answer {
    Ok(Json(json!(emulator.state().config.settings)))
}

async fn patch_settings(Shared(emulator): Emu, body: Bytes) -> Answer {
    let patch: Value = order(&body)?;
    orders::change(&emulator, |config| {
        config.settings = crate::merge_patch::patched(&config.settings, &patch)?;
        Ok(json!(config.settings))
    })
    .map(Json)
    .map_err(Refused::from)
}

/// The routes that list, change and add one kind of thing in the configuration.
macro_rules! directory {
    ($list:ident, $key:ident, $get:ident, $patch:ident, $put:ident, $Selector:ident) => {
        #[derive(Deserialize)]
        struct $Selector {
            $key: String,
        }

        async fn $get(Shared(emulator): Emu) -> Answer {
            Ok(Json(json!({stringify!($list): emulator.state().config.$list})))
        }

        async fn $patch(Shared(emulator): Emu, Query(selector): Query<$Selector>, body: Bytes) -> Answer {
            let patch: Value = order(&body)?;
            let wanted = selector.$key;
            orders::change(&emulator, |config| {
                let found = config.$list.iter_mut().find(|it| it.$key == wanted);
                let found = found.ok_or_else(|| format!("{}: {wanted:?} is unknown", stringify!($key)))?;
                *found = crate::merge_patch::patched(found, &patch)?;
                Ok(json!(found))
            })
            .map(Json)
            .map_err(Refused::from)
        }

        async fn $put(Shared(emulator): Emu, body: Bytes) -> Answer {
            let new = order(&body)?;
            orders::change(&emulator, |config| {
                let shown = json!(new);
                config.$list.push(new);
                Ok(shown)
            })
            .map(Json)
            .map_err(Refused::from)
        }
    };
}

directory!(
    applications,
    client_id,
    applications,
    patch_application,
    put_application,
    ApplicationKey
);
directory!(users, email, users, patch_user, put_user, UserKey);
directory!(
    organizations,
    code,
    organizations,
    patch_organization,
    put_organization,
    OrganizationKey
);

async fn faults(Shared(emulator): Emu) -> Answer {
    Ok(Json(json!({"faults": *control(&emulator)?.faults()})))
}

async fn add_fault(Shared(emulator): Emu, body: Bytes) -> Answer {
    let fault: Fault = order(&body)?;
    fault.check()?;
    control(&emulator)?.faults().push(fault);
    done()
}

async fn clear_faults(Shared(emulator): Emu) -> Answer {
    control(&emulator)?.faults().clear();
    control(&emulator)?.release();
    done()
}

async fn list_limits(Shared(emulator): Emu) -> Answer {
    Ok(Json(json!({"limits": *control(&emulator)?.limits()})))
}

async fn add_limit(Shared(emulator): Emu, body: Bytes) -> Answer {
    let limit = order::<limits::Order>(&body)?.read()?;
    control(&emulator)?.limits().push(limit);
    done()
}

async fn clear_limits(Shared(emulator): Emu) -> Answer {
    control(&emulator)?.limits().clear();
    done()
}

async fn release(Shared(emulator): Emu) -> Answer {
    control(&emulator)?.release();
    done()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: Option<String>,
    method: Option<String>,
    #[serde(default)]
    after: u64,
}

async fn requests(Shared(emulator): Emu, Query(wanted): Query<Wanted>) -> Answer {
    let filter = Filter {
        path: wanted.path,
        method: wanted.method,
        after: wanted.after,
    };
    Ok(Json(
        json!({"requests": control(&emulator)?.seen().list(&filter)}),
    ))
}

async fn clear_requests(Shared(emulator): Emu) -> Answer {
    control(&emulator)?.seen().clear();
    done()
}

async fn counts(Shared(emulator): Emu) -> Answer {
    Ok(Json(control(&emulator)?.seen().counts()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Awaited {
    path: String,
    count: u64,
    #[serde(default = "ten_seconds")]
    timeout_ms: u64,
}

fn ten_seconds() -> u64 {
    10_000
}

async fn wait(Shared(emulator): Emu, Query(awaited): Query<Awaited>) -> Answer {
    let control = control(&emulator)?;
    let mut arrived = control.arrived.subscribe();
    let enough = async {
        while control.seen().count(&awaited.path) < awaited.count {
            // The sender lives as long as the emulator.
            let _ = arrived.changed().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_millis(awaited.timeout_ms), enough)
        .await
        .is_ok();
    let count = control.seen().count(&awaited.path);
    if in_time {
        return Ok(Json(json!({"count": count})));
    }
    let reason = format!(
        "{count} of {} requests arrived at {}",
        awaited.count, awaited.path
    );
    Err(Refused(StatusCode::REQUEST_TIMEOUT, reason))
}

async fn reset(Shared(emulator): Emu) -> Answer {
    emulator.reset();
    control(&emulator)?.reset();
    done()
}
