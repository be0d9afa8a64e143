//! Organizations.

use serde_json::{Value, json};

use super::{Outcome, Request, done, flags, not_found, success};
use crate::config::Organization;
use crate::random;

pub fn list(request: &mut Request) -> Outcome {
    let organizations = request.state.config.organizations.iter();
    request.page_by_token("organizations", organizations.map(shown).collect())
}

pub fn show(request: &mut Request) -> Outcome {
    let code = request.required("code")?;
    let organization = request.state.config.organization(&code);
    let organization = organization.ok_or_else(|| not_found("organization"))?;
    Ok(shown(organization))
}

pub fn create(request: &mut Request) -> Outcome {
    let organization = Organization {
        code: format!("org_{}", random::hex::<6>()),
        name: request.required("name")?,
        external_id: request.text("external_id").map(str::to_owned),
        feature_flags: flags::overrides(request, &request.body["feature_flags"])?,
        ..Organization::default()
    };
    let answer = json!({"organization": {"code": organization.code}});
    request.state.config.organizations.push(organization);
    success(answer)
}

pub fn update(request: &mut Request) -> Outcome {
    let text = |name: &str| request.text(name).map(str::to_owned);
    let (name, external_id) = (text("name"), text("external_id"));
    let organization = request.organization_mut()?;
    organization.name = name.unwrap_or_else(|| organization.name.clone());
    organization.external_id = external_id.or_else(|| organization.external_id.clone());
    done()
}

pub fn delete(request: &mut Request) -> Outcome {
    let code = &request.path[0];
    let config = &mut request.state.config;
    if config.organization(code).is_none() {
        return Err(not_found("organization"));
    }
    config.organizations.retain(|it| it.code != *code);
    for user in &mut config.users {
        user.organizations
            .retain(|membership| membership.code != *code);
    }
    done()
}

fn shown(organization: &Organization) -> Value {
    json!({
        "code": organization.code,
        "name": organization.name,
        "handle": null,
        "is_default": false,
        "external_id": organization.external_id,
    })
}
