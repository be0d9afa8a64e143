//! Users.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Outcome, Request, conflict, done, not_found, refusal, success};
use crate::config::{Membership, User, id_of};
use crate::random;

pub fn list(request: &mut Request) -> Outcome {
    let wanted = |name: &str, value: Option<&str>| {
        let wanted = request.query.get(name);
        wanted.is_none_or(|wanted| wanted.split(',').any(|wanted| Some(wanted) == value))
    };
    let users = request.state.config.users.iter();
    let users = users.filter(|user| {
        wanted("user_id", Some(&user.id()))
            && wanted("email", Some(&user.email))
            && wanted("username", user.username.as_deref())
            && wanted("phone", user.phone.as_deref())
    });
    let expanded: Vec<&str> = request
        .query
        .get("expand")
        .unwrap_or_default()
        .split(',')
        .collect();
    let shown = users.map(|user| {
        let mut value = shown(user, "email");
        if expanded.contains(&"organizations") {
            value["organizations"] = organizations(user);
        }
        if expanded.contains(&"identities") {
            value["identities"] = json!([{"type": "email", "identity": user.email}]);
        }
        value
    });
    request.page_by_token("users", shown.collect())
}

pub fn search(request: &mut Request) -> Outcome {
    let wanted = request
        .query
        .get("query")
        .unwrap_or_default()
        .to_lowercase();
    let users = request.state.config.users.iter();
    let users = users.filter(|user| {
        let name = user.full_name().to_lowercase();
        name.contains(&wanted) || user.email.to_lowercase().contains(&wanted)
    });
    let (results, _) = request.after_id(users.map(|user| shown(user, "email")).collect())?;
    success(json!({"results": results}))
}

pub fn show(request: &mut Request) -> Outcome {
    let id = request.required("id")?;
    let user = request.state.config.user_by_id(&id);
    let user = user.ok_or_else(|| not_found("user"))?;
    let mut value = shown(user, "preferred_email");
    value["organizations"] = organizations(user);
    Ok(value)
}

pub fn create(request: &mut Request) -> Outcome {
    let identities = request.body["identities"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let detail = |kind: &str| {
        let identity = identities.iter().find(|identity| identity["type"] == kind);
        identity.and_then(|identity| identity["details"][kind].as_str().map(str::to_owned))
    };
    let email = detail("email").unwrap_or_default();
    if !email.is_empty() && request.state.config.user(&email).is_some() {
        let message = "A user with this email exists";
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "USER_ALREADY_EXISTS",
            message,
        ));
    }
    let profile = |name: &str| {
        let text = request.body["profile"][name].as_str();
        text.unwrap_or_default().to_owned()
    };
    let mut user = User::registered(
        &email,
        &profile("given_name"),
        &profile("family_name"),
        request.now,
    );
    user.id = Some(format!("kp_{}", random::hex::<16>()));
    user.username = detail("username");
    user.phone = detail("phone");
    user.provided_id = request.text("provided_id").map(str::to_owned);
    if let Some(code) = request.text("organization_code") {
        if request.state.config.organization(code).is_none() {
            return Err(not_found("organization"));
        }
        user.organizations.push(Membership {
            code: code.to_owned(),
            roles: request.state.config.default_roles(),
            permissions: Vec::new(),
        });
    }
    let answer = json!({"id": user.id(), "created": true, "identities": identities});
    request.state.config.users.push(user);
    Ok(answer)
}

pub fn update(request: &mut Request) -> Outcome {
    let id = request.required("id")?;
    let users = &mut request.state.config.users;
    let user = users.iter_mut().find(|user| user.id() == id);
    let user = user.ok_or_else(|| not_found("user"))?;
    let text = |name: &str| request.body[name].as_str().map(str::to_owned);
    for (name, field) in [
        ("given_name", &mut user.given_name),
        ("family_name", &mut user.family_name),
    ] {
        *field = text(name).unwrap_or_else(|| field.clone());
    }
    user.picture = text("picture").or_else(|| user.picture.clone());
    user.provided_id = text("provided_id").or_else(|| user.provided_id.clone());
    let is_suspended = request.body["is_suspended"].as_bool();
    user.is_suspended = is_suspended.unwrap_or(user.is_suspended);
    user.updated_at = request.now;
    Ok(json!({
        "id": id,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "email": user.email,
        "is_suspended": user.is_suspended,
        "is_password_reset_requested": false,
        "picture": user.picture,
    }))
}

pub fn delete(request: &mut Request) -> Outcome {
    let id = request.required("id")?;
    let users = &mut request.state.config.users;
    let before = users.len();
    users.retain(|user| user.id() != id);
    match users.len() == before {
        true => Err(not_found("user")),
        false => done(),
    }
}

/// The next refresh of the user's sign-ins issues a new access token, with the claims of then.
pub fn refresh_claims(request: &mut Request) -> Outcome {
    let id = &request.path[0];
    if request.state.config.user_by_id(id).is_none() {
        return Err(not_found("user"));
    }
    request.state.refresh_claims(id);
    done()
}

/// Ends the user's sign-ins: nothing that was issued to them works any longer.
pub fn delete_sessions(request: &mut Request) -> Outcome {
    let id = request.user_mut(0)?.id();
    request.state.revoke_user(&id);
    let browsers = &mut request.state.sso_sessions;
    browsers.retain(|_, session| session.user_id != id);
    done()
}

pub fn identities(request: &mut Request) -> Outcome {
    let user = request.state.config.user_by_id(&request.path[0]);
    let user = user.ok_or_else(|| not_found("user"))?;
    let named = [
        ("email", Some(user.email.as_str())),
        ("username", user.username.as_deref()),
        ("phone", user.phone.as_deref()),
    ];
    let identities = named.into_iter().filter_map(|(kind, name)| {
        let name = name.filter(|name| !name.is_empty())?;
        Some(json!({"id": id_of("identity", name), "type": kind, "name": name}))
    });
    request.page_by_id("identities", identities.collect())
}

/// A user has one identity of each kind.
pub fn create_identity(request: &mut Request) -> Outcome {
    let (kind, value) = (request.required("type")?, request.required("value")?);
    let id = id_of("identity", &value);
    let user = request.user_mut(0)?;
    match kind.as_str() {
        "username" if user.username.is_none() => user.username = Some(value),
        "phone" if user.phone.is_none() => user.phone = Some(value),
        "email" if user.email.is_empty() => user.email = value,
        "email" | "username" | "phone" => return Err(conflict("identity")),
        _ => {}
    }
    success(json!({"identity": {"id": id}}))
}

pub fn shown(user: &User, email: &str) -> Value {
    json!({
        "id": user.id(),
        "provided_id": user.provided_id,
        email: user.email,
        "username": user.username,
        "phone": user.phone,
        "first_name": user.given_name,
        "last_name": user.family_name,
        "full_name": user.full_name(),
        "picture": user.picture,
        "is_suspended": user.is_suspended,
    })
}

fn organizations(user: &User) -> Value {
    user.organizations
        .iter()
        .map(|membership| json!(membership.code))
        .collect()
}
