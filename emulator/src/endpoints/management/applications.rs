//! Applications, and where they may send browsers back to.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Request, done, invalid, not_found, success};
use crate::config::{Application, Kind};
use crate::{random, redirect};

pub fn list(request: &mut Request) -> Outcome {
    let applications = request.state.config.applications.iter();
    let shown = applications
        .map(|it| json!({"id": it.client_id, "name": it.name, "type": type_of(it.kind)}));
    request.page_by_token("applications", shown.collect())
}

pub fn show(request: &mut Request) -> Outcome {
    let application = request.application()?;
    success(json!({"application": {
        "id": application.client_id,
        "name": application.name,
        "type": type_of(application.kind),
        "client_id": application.client_id,
        "client_secret": application.client_secret.as_deref().unwrap_or_default(),
    }}))
}

pub fn create(request: &mut Request) -> Outcome {
    let kind = match request.required("type")?.as_str() {
        "reg" => Kind::Regular,
        "spa" => Kind::Spa,
        "m2m" => Kind::M2m,
        _ => Kind::Device,
    };
    let org_code = request.text("org_code").map(str::to_owned);
    if let Some(code) = &org_code
        && request.state.config.organization(code).is_none()
    {
        return Err(not_found("organization"));
    }
    let client_id = random::hex::<16>();
    let secret = kind.is_confidential().then(random::token);
    let application = Application::new(client_id.clone(), request.required("name")?, kind);
    request.state.config.applications.push(Application {
        client_secret: secret.clone(),
        org_code,
        ..application
    });
    success(json!({"application": {
        "id": client_id,
        "client_id": client_id,
        "client_secret": secret.unwrap_or_default(),
    }}))
}

pub fn update(request: &mut Request) -> Outcome {
    let name = request.text("name").map(str::to_owned);
    let redirects = urls(request, "redirect_uris")?;
    let logouts = urls(request, "logout_uris")?;
    let application = request.application_mut()?;
    application.name = name.unwrap_or_else(|| application.name.clone());
    if let Some(redirects) = redirects {
        application.redirect_uris = redirects;
    }
    if let Some(logouts) = logouts {
        application.logout_redirect_uris = logouts;
    }
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let id = request.application()?.client_id.clone();
    let applications = &mut request.state.config.applications;
    applications.retain(|application| application.client_id != id);
    done()
}

/// How long its tokens last, in seconds.
pub fn update_tokens(request: &mut Request) -> Outcome {
    let lifetime = |name: &str| match request.body[name].as_i64() {
        Some(seconds) if seconds < 1 => Err(invalid(&format!("{name} must be at least 1"))),
        seconds => Ok(seconds),
    };
    let access = lifetime("access_token_lifetime")?;
    let refresh = lifetime("refresh_token_lifetime")?;
    let id = lifetime("id_token_lifetime")?;
    let hasura = request.body["is_hasura_mapping_enabled"].as_bool();
    let application = request.application_mut()?;
    for (field, seconds) in [
        (&mut application.access_token_seconds, access),
        (&mut application.refresh_token_seconds, refresh),
        (&mut application.id_token_seconds, id),
    ] {
        *field = seconds.unwrap_or(*field);
    }
    application.hasura = hasura.unwrap_or(application.hasura);
    done()
}

type Urls = fn(&mut Application) -> &mut Vec<String>;

fn redirects(application: &mut Application) -> &mut Vec<String> {
    &mut application.redirect_uris
}

fn logouts(application: &mut Application) -> &mut Vec<String> {
    &mut application.logout_redirect_uris
}

pub fn redirect_urls(request: &mut Request) -> Outcome {
    success(json!({"redirect_urls": request.application()?.redirect_uris}))
}

pub fn logout_urls(request: &mut Request) -> Outcome {
    success(json!({"logout_urls": request.application()?.logout_redirect_uris}))
}

pub fn add_redirect_urls(request: &mut Request) -> Outcome {
    add_urls(request, redirects)
}

pub fn add_logout_urls(request: &mut Request) -> Outcome {
    add_urls(request, logouts)
}

pub fn replace_redirect_urls(request: &mut Request) -> Outcome {
    replace_urls(request, redirects)
}

pub fn replace_logout_urls(request: &mut Request) -> Outcome {
    replace_urls(request, logouts)
}

pub fn delete_redirect_urls(request: &mut Request) -> Outcome {
    delete_urls(request, redirects)
}

pub fn delete_logout_urls(request: &mut Request) -> Outcome {
    delete_urls(request, logouts)
}

fn add_urls(request: &mut Request, of: Urls) -> Outcome {
    let new = urls(request, "urls")?.unwrap_or_default();
    let urls = of(request.application_mut()?);
    let new = new.into_iter().filter(|url| !urls.contains(url));
    let new: Vec<String> = new.collect();
    urls.extend(new);
    done()
}

fn replace_urls(request: &mut Request, of: Urls) -> Outcome {
    let new = urls(request, "urls")?.unwrap_or_default();
    *of(request.application_mut()?) = new;
    done()
}

/// The query has them in one text, with commas between.
fn delete_urls(request: &mut Request, of: Urls) -> Outcome {
    let given = request.required("urls")?;
    let urls = of(request.application_mut()?);
    urls.retain(|url| !given.split(',').any(|given| given == url));
    done()
}

fn urls(request: &Request, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(given) = request.body[name].as_array() else {
        return Ok(None);
    };
    let urls = given.iter().filter_map(Value::as_str).map(str::to_owned);
    let urls: Vec<String> = urls.collect();
    for (index, url) in urls.iter().enumerate() {
        redirect::check_pattern(url)
            .map_err(|reason| invalid(&format!("{name}[{index}]: {reason}")))?;
    }
    Ok(Some(urls))
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Regular => "reg",
        Kind::Spa => "spa",
        Kind::M2m => "m2m",
        Kind::Device => "device",
    }
}
