//! Users.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Outcome, Request, done, invalid, not_found, refusal, success};
use crate::config::{Membership, User, id_of};
use crate::random;

pub const LISTED_BY: &[&str] = &[
    "page_size",
    "user_id",
    "next_token",
    "email",
    "username",
    "phone",
    "expand",
    "has_organization",
    "active_since",
];
pub const SEARCHED_BY: &[&str] = &[
    "page_size",
    "query",
    "api_scopes",
    "starting_after",
    "ending_before",
    "expand",
];

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
    success(StatusCode::OK, json!({"results": results}))
}

pub fn show(request: &mut Request) -> Outcome {
    let id = request.required("id")?;
    let user = request.state.config.user_by_id(&id);
    let user = user.ok_or_else(|| not_found("user"))?;
    let mut value = shown(user, "preferred_email");
    value["organizations"] = organizations(user);
    Ok((StatusCode::OK, value))
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
            roles: Vec::new(),
            permissions: Vec::new(),
        });
    }
    let answer = json!({"id": user.id(), "created": true, "identities": identities});
    request.state.config.users.push(user);
    Ok((StatusCode::OK, answer))
}

pub fn update(request: &mut Request) -> Outcome {
    let id = request.required("id")?;
    let users = &mut request.state.config.users;
    let user = users.iter_mut().find(|user| user.id() == id);
    let user = user.ok_or_else(|| not_found("user"))?;
    for (name, field) in [
        ("given_name", &mut user.given_name),
        ("family_name", &mut user.family_name),
    ] {
        if let Some(text) = request.body.get(name).and_then(Value::as_str) {
            text.clone_into(field);
        }
    }
    user.updated_at = request.now;
    let answer = json!({"id": id, "given_name": user.given_name, "family_name": user.family_name});
    Ok((StatusCode::OK, answer))
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

pub fn identities(request: &mut Request) -> Outcome {
    let user = request.state.config.user_by_id(&request.path[0]);
    let user = user.ok_or_else(|| not_found("user"))?;
    if request.query.get("ending_before").is_some() {
        return Err(invalid("ending_before is not emulated"));
    }
    let named = [
        ("email", Some(user.email.as_str())),
        ("username", user.username.as_deref()),
        ("phone", user.phone.as_deref()),
    ];
    let identities = named.into_iter().filter_map(|(kind, name)| {
        let name = name?;
        Some(json!({"id": id_of("identity", name), "type": kind, "name": name}))
    });
    request.page_by_id("identities", identities.collect())
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
        "is_suspended": false,
    })
}

fn organizations(user: &User) -> Value {
    user.organizations
        .iter()
        .map(|membership| json!(membership.code))
        .collect()
}
