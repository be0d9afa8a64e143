//! APIs, their scopes, and the applications that may use them.

use serde_json::{Value, json};

use super::{Outcome, Refusal, Request, conflict, done, invalid, not_found, success};
use crate::config::{Api, Kind};

pub fn list(request: &mut Request) -> Outcome {
    let with_scopes = request.query.get("expand") == Some("scopes");
    let apis = request.state.config.apis.iter();
    let shown = apis.map(|api| {
        let mut shown = shown(request, api);
        if with_scopes {
            shown["scopes"] = keys_shown(api);
        }
        shown
    });
    success(json!({"apis": shown.collect::<Vec<_>>(), "next_token": null}))
}

pub fn show(request: &mut Request) -> Outcome {
    let api = api(request)?;
    let applications = request.state.config.applications.iter();
    let applications = applications.map(|it| {
        json!({
            "id": it.client_id,
            "name": it.name,
            "type": match it.kind {
                Kind::M2m => "Machine to machine (M2M)",
                Kind::Regular => "Back-end web",
                Kind::Spa => "Front-end and mobile",
                Kind::Device => "Device and IoT",
            },
            "is_active": it.audiences.contains(&api.audience),
        })
    });
    let mut shown = shown(request, api);
    shown["scopes"] = keys_shown(api);
    shown["applications"] = applications.collect();
    success(json!({"api": shown}))
}

pub fn create(request: &mut Request) -> Outcome {
    let audience = request.required("audience")?;
    let mut apis = request.state.config.apis.iter();
    if apis.any(|api| api.audience == audience) {
        return Err(conflict("api"));
    }
    let api = Api {
        name: request.required("name")?,
        audience,
        scopes: Vec::new(),
        scope_descriptions: std::collections::BTreeMap::new(),
    };
    let answer = json!({"api": {"id": api.id()}});
    request.state.config.apis.push(api);
    success(answer)
}

pub fn delete(request: &mut Request) -> Outcome {
    let audience = api(request)?.audience.clone();
    if is_own(request, &audience) {
        return Err(invalid("the Management API cannot be deleted"));
    }
    let config = &mut request.state.config;
    config.apis.retain(|api| api.audience != audience);
    for application in &mut config.applications {
        application.audiences.retain(|it| *it != audience);
        application.api_scopes.remove(&audience);
    }
    done()
}

pub fn scopes(request: &mut Request) -> Outcome {
    let api = api(request)?;
    let scopes = api.scopes.iter().map(|scope| scope_shown(api, scope));
    success(json!({"scopes": scopes.collect::<Vec<_>>()}))
}

pub fn show_scope(request: &mut Request) -> Outcome {
    let (api, scope) = scope(request, 1)?;
    success(json!({"scope": scope_shown(api, &scope)}))
}

pub fn create_scope(request: &mut Request) -> Outcome {
    let key = request.required("key")?;
    let description = request.text("description").map(str::to_owned);
    let api = api_mut(request)?;
    if api.scopes.contains(&key) {
        return Err(conflict("scope"));
    }
    let answer = json!({"scope": {"id": api.scope_id(&key)}});
    let description = description.map(|it| (key.clone(), it));
    api.scope_descriptions.extend(description);
    api.scopes.push(key);
    success(answer)
}

pub fn update_scope(request: &mut Request) -> Outcome {
    let (_, scope) = scope(request, 1)?;
    let description = request.text("description").map(str::to_owned);
    let description = description.map(|it| (scope, it));
    api_mut(request)?.scope_descriptions.extend(description);
    done()
}

pub fn delete_scope(request: &mut Request) -> Outcome {
    let (api, scope) = scope(request, 1)?;
    let audience = api.audience.clone();
    let api = api_mut(request)?;
    api.scopes.retain(|it| *it != scope);
    api.scope_descriptions.remove(&scope);
    for application in &mut request.state.config.applications {
        if let Some(scopes) = application.api_scopes.get_mut(&audience) {
            scopes.retain(|it| *it != scope);
        }
    }
    done()
}

/// Lets applications use an API, or no longer.
pub fn authorize_applications(request: &mut Request) -> Outcome {
    let audience = api(request)?.audience.clone();
    let (mut connected, mut disconnected) = (Vec::new(), Vec::new());
    let given = request.body["applications"].as_array().cloned();
    for item in given.unwrap_or_default() {
        let id = item["id"].as_str().unwrap_or_default();
        let applications = &mut request.state.config.applications;
        let application = applications.iter_mut().find(|it| it.client_id == id);
        let application = application.ok_or_else(|| not_found("application"))?;
        if item["operation"] == "delete" {
            application.audiences.retain(|it| *it != audience);
            application.api_scopes.remove(&audience);
            disconnected.push(id.to_owned());
        } else if !application.audiences.contains(&audience) {
            application.audiences.push(audience.clone());
            let scopes = &mut application.api_scopes;
            scopes.insert(audience.clone(), Vec::new());
            connected.push(id.to_owned());
        }
    }
    success(json!({
        "applications_connected": connected,
        "applications_disconnected": disconnected,
    }))
}

pub fn give_scope(request: &mut Request) -> Outcome {
    change_scopes(request, |scopes, scope| {
        if !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    })
}

pub fn take_scope(request: &mut Request) -> Outcome {
    change_scopes(request, |scopes, scope| scopes.retain(|it| it != scope))
}

fn change_scopes(request: &mut Request, change: fn(&mut Vec<String>, &String)) -> Outcome {
    let (api, scope) = scope(request, 2)?;
    let (audience, all) = (api.audience.clone(), api.scopes.clone());
    let id = &request.path[1];
    let applications = &mut request.state.config.applications;
    let application = applications.iter_mut().find(|it| it.client_id == *id);
    let application = application.filter(|it| it.audiences.contains(&audience));
    let application = application.ok_or_else(|| not_found("application"))?;
    // An application has all scopes of an API until it is said which.
    let scopes = application.api_scopes.entry(audience).or_insert(all);
    change(scopes, &scope);
    done()
}

fn api<'a>(request: &'a Request) -> Result<&'a Api, Refusal> {
    let mut apis = request.state.config.apis.iter();
    let api = apis.find(|api| api.id() == request.path[0]);
    api.ok_or_else(|| not_found("api"))
}

fn api_mut<'a>(request: &'a mut Request) -> Result<&'a mut Api, Refusal> {
    let mut apis = request.state.config.apis.iter_mut();
    let api = apis.find(|api| api.id() == request.path[0]);
    api.ok_or_else(|| not_found("api"))
}

/// The API that the path names first, and its scope that the path names at `at`.
fn scope<'a>(request: &'a Request, at: usize) -> Result<(&'a Api, String), Refusal> {
    let api = api(request)?;
    let mut scopes = api.scopes.iter();
    let scope = scopes.find(|scope| api.scope_id(scope) == request.path[at]);
    let scope = scope.ok_or_else(|| not_found("scope"))?;
    Ok((api, scope.clone()))
}

fn is_own(request: &Request, audience: &str) -> bool {
    audience == request.management_audience
}

fn shown(request: &Request, api: &Api) -> Value {
    json!({
        "id": api.id(),
        "name": api.name,
        "audience": api.audience,
        "is_management_api": is_own(request, &api.audience),
    })
}

fn keys_shown(api: &Api) -> Value {
    let scopes = api.scopes.iter();
    let shown = scopes.map(|scope| json!({"id": api.scope_id(scope), "key": scope}));
    shown.collect()
}

fn scope_shown(api: &Api, scope: &str) -> Value {
    let description = api.scope_descriptions.get(scope);
    json!({"id": api.scope_id(scope), "key": scope, "description": description.map_or("", String::as_str)})
}
