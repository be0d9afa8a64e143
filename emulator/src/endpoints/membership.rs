//! Which organization a sign-in is for: chosen, created, joined by invitation, or the only one.

use crate::config::{Config, Membership, Organization as Record, User};
use crate::random;
use crate::state::AuthorizationRequest;

/// How the organization is chosen when the request names none.
#[derive(Clone, Debug)]
pub enum Organization {
    /// The user's first.
    Automatic,
    /// This one if the user is a member, else the first.
    Preferred(String),
    /// This one, or an error.
    Chosen(String),
}

/// An error for the callback: code and description.
type Refusal = (&'static str, String);

pub fn settle(
    config: &mut Config,
    request: &AuthorizationRequest,
    user_id: &str,
    organization: Organization,
) -> Result<Option<String>, Refusal> {
    let user = config
        .user_by_id(user_id)
        .cloned()
        .ok_or_else(|| ("access_denied", "the user was deleted".to_owned()))?;
    if user.is_suspended {
        return Err(("access_denied", "the user is suspended".to_owned()));
    }
    if request.create_org {
        return Ok(Some(create(config, &user, request.org_name.as_deref())));
    }
    if let Some(code) = &request.invitation_code {
        return accept_invitation(config, &user, code).map(Some);
    }
    let code = match (request.org_code.clone(), organization) {
        (Some(code), _) | (None, Organization::Chosen(code)) => code,
        (None, Organization::Preferred(code)) if user.membership(&code).is_some() => code,
        (None, Organization::Preferred(_) | Organization::Automatic) => {
            return Ok(user
                .organizations
                .first()
                .map(|membership| membership.code.clone()));
        }
    };
    if user.membership(&code).is_none() {
        return Err((
            "access_denied",
            format!("this user is not a member of {code}"),
        ));
    }
    Ok(Some(code))
}

/// Whoever creates an organization gets the first role of the configuration in it.
fn create(config: &mut Config, user: &User, name: Option<&str>) -> String {
    let code = format!("org_{}", random::hex::<6>());
    let name = name.map_or_else(
        || format!("{}'s organization", user.full_name()),
        str::to_owned,
    );
    config.organizations.push(Record {
        code: code.clone(),
        name,
        ..Record::default()
    });
    let roles = config
        .roles
        .first()
        .map(|role| role.key.clone())
        .into_iter()
        .collect();
    join(
        config,
        user,
        Membership {
            code: code.clone(),
            roles,
            permissions: Vec::new(),
        },
    );
    code
}

fn accept_invitation(config: &mut Config, user: &User, code: &str) -> Result<String, Refusal> {
    let invitation = config.invitation(code).cloned();
    let invitation =
        invitation.ok_or_else(|| ("invalid_request", "invitation_code is unknown".to_owned()))?;
    if !invitation.email.eq_ignore_ascii_case(&user.email) {
        return Err((
            "access_denied",
            "this invitation is for somebody else".to_owned(),
        ));
    }
    let org_code = invitation.org_code;
    if user.membership(&org_code).is_none() {
        join(
            config,
            user,
            Membership {
                code: org_code.clone(),
                roles: invitation.roles,
                permissions: Vec::new(),
            },
        );
    }
    Ok(org_code)
}

/// Makes a user a member.
pub fn join(config: &mut Config, user: &User, membership: Membership) {
    if let Some(user) = config.user_mut(&user.email) {
        user.organizations.push(membership);
    }
}
