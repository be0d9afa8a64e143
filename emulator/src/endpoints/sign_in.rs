//! The pages of a sign-in under way: `/sign-in`, `/register`, `/organization`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use crate::browser;
use crate::config::{Membership, Organization as Record, User};
use crate::endpoints::authorize::{Refused, sign_in};
use crate::endpoints::device;
use crate::endpoints::membership::{self, Organization};
use crate::pages::{self, Flow, Registration};
use crate::params::Params;
use crate::state::{AuthorizationRequest, Emulator, Interaction, Purpose, State};

type Emu = Shared<Arc<Emulator>>;

/// The sign-in under way that this browser started, or the page that says why there is none.
pub fn interaction(
    emulator: &Emulator,
    state: &State,
    headers: &HeaderMap,
    flow: Option<&str>,
) -> Result<Interaction, Box<Response>> {
    let found = flow.and_then(|flow| state.interactions.get(flow)).cloned();
    let Some(found) = found else {
        return Err(refuse(
            "This sign-in is unknown or was already answered. Start again from your application.",
        ));
    };
    if browser::id(headers).as_deref() != Some(found.browser.as_str()) {
        return Err(refuse(
            "This sign-in was started in another browser. Start again from your application.",
        ));
    }
    if found.expires_at > emulator.clock.now() {
        return Ok(found);
    }
    match &found.purpose {
        Purpose::Device { .. } => Err(refuse(
            "This page has expired. Start again from your device.",
        )),
        Purpose::Authorization(request) => Err(Box::new(expired(emulator, state, request))),
    }
}

fn refuse(reason: &str) -> Box<Response> {
    Box::new(pages::error(StatusCode::BAD_REQUEST, reason))
}

fn expired(emulator: &Emulator, state: &State, request: &AuthorizationRequest) -> Response {
    Refused::of(request).answer_expired_link(
        emulator,
        state,
        request,
        StatusCode::SEE_OTHER,
        "login_link_expired",
    )
}

fn application_name(state: &State, interaction: &Interaction) -> String {
    let client_id = match &interaction.purpose {
        Purpose::Authorization(request) => request.client_id.as_str(),
        Purpose::Device { user_code } => device::client_of(state, user_code).unwrap_or_default(),
    };
    let name = state
        .config
        .application(client_id)
        .map(|application| application.name.as_str());
    name.filter(|name| !name.is_empty())
        .unwrap_or(client_id)
        .to_owned()
}

/// Who the pages of this sign-in are for.
struct Shown<'a> {
    id: &'a str,
    application: String,
    can_refuse: bool,
}

impl<'a> Shown<'a> {
    fn new(state: &State, id: &'a str, interaction: &Interaction) -> Self {
        Self {
            id,
            application: application_name(state, interaction),
            can_refuse: matches!(interaction.purpose, Purpose::Authorization(_)),
        }
    }

    fn flow<'s>(&'s self, mistake: Option<&'s str>) -> Flow<'s> {
        Flow {
            id: self.id,
            application: &self.application,
            can_refuse: self.can_refuse,
            mistake,
        }
    }
}

/// A request that belongs to a sign-in under way.
struct Visit {
    flow: String,
    params: Params,
    interaction: Interaction,
}

/// A page that explains why there is no such sign-in comes back as an error.
type Visited = Result<Response, Box<Response>>;

fn either(visited: Visited) -> Response {
    visited.unwrap_or_else(|page| *page)
}

impl Visit {
    fn to_page(
        emulator: &Emulator,
        state: &State,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<Self, Box<Response>> {
        Self::with(
            emulator,
            state,
            headers,
            Params::decode(uri.query().unwrap_or_default()),
        )
    }

    fn with_form(
        emulator: &Emulator,
        state: &State,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Self, Box<Response>> {
        Self::with(emulator, state, headers, Params::decode_form(headers, body))
    }

    fn with(
        emulator: &Emulator,
        state: &State,
        headers: &HeaderMap,
        params: Result<Params, String>,
    ) -> Result<Self, Box<Response>> {
        let params = params.map_err(|reason| refuse(&reason))?;
        let interaction = interaction(emulator, state, headers, params.get("flow"))?;
        let flow = params.get("flow").unwrap_or_default().to_owned();
        Ok(Self {
            flow,
            params,
            interaction,
        })
    }
}

pub async fn sign_in_page(Shared(emulator): Emu, uri: Uri, headers: HeaderMap) -> Response {
    either(show_sign_in(&emulator, &uri, &headers))
}

fn show_sign_in(emulator: &Emulator, uri: &Uri, headers: &HeaderMap) -> Visited {
    let state = emulator.state();
    let Visit {
        flow, interaction, ..
    } = Visit::to_page(emulator, &state, headers, uri)?;
    let email = suggested_email(&state, &interaction);
    Ok(render_sign_in(&state, &flow, &interaction, &email, None))
}

fn render_sign_in(
    state: &State,
    id: &str,
    interaction: &Interaction,
    email: &str,
    mistake: Option<&str>,
) -> Response {
    let shown = Shown::new(state, id, interaction);
    pages::sign_in(shown.flow(mistake), email, &state.config.users)
}

/// The e-mail address that `login_hint` or the invitation means.
fn suggested_email(state: &State, interaction: &Interaction) -> String {
    let Purpose::Authorization(request) = &interaction.purpose else {
        return String::new();
    };
    let invitation = request
        .invitation_code
        .as_deref()
        .and_then(|code| state.config.invitation(code));
    if let Some(invitation) = invitation {
        return invitation.email.clone();
    }
    let hint = request.login_hint.as_deref().unwrap_or_default();
    let matches = |user: &&User| match hint.split_once(':') {
        Some(("username", name)) => user.username.as_deref() == Some(name),
        Some(("phone", number)) => user.phone.as_deref() == number.split(':').next(),
        _ => false,
    };
    let by_other_name = state
        .config
        .users
        .iter()
        .find(matches)
        .map(|user| user.email.clone());
    by_other_name.unwrap_or_else(|| hint.to_owned())
}

pub async fn submit_sign_in(Shared(emulator): Emu, headers: HeaderMap, body: Bytes) -> Response {
    either(answer_sign_in(&emulator, &headers, &body))
}

fn answer_sign_in(emulator: &Emulator, headers: &HeaderMap, body: &[u8]) -> Visited {
    let mut state = emulator.state();
    let Visit {
        flow,
        params,
        interaction,
    } = Visit::with_form(emulator, &state, headers, body)?;
    if let (Some(action @ ("cancel" | "expire")), Purpose::Authorization(request)) =
        (params.get("action"), &interaction.purpose)
    {
        state.interactions.remove(&flow);
        return Ok(if action == "expire" {
            expired(emulator, &state, request)
        } else {
            let reason = "the user refused";
            Refused::of(request).answer(
                emulator,
                &state,
                StatusCode::SEE_OTHER,
                "access_denied",
                reason,
            )
        });
    }
    let user = identified(&state, &params).map_err(|mistake| {
        let email = params.get("email").unwrap_or_default();
        render_sign_in(&state, &flow, &interaction, email, Some(mistake))
    })?;
    Ok(signed_in(emulator, &mut state, &flow, &interaction, &user))
}

/// The user with this address or name, and this password if one is needed.
fn identified(state: &State, params: &Params) -> Result<User, &'static str> {
    let email = params.get("email").unwrap_or_default().trim();
    let by_name = |user: &&User| {
        user.email.eq_ignore_ascii_case(email) || user.username.as_deref() == Some(email)
    };
    let user = state.config.users.iter().find(by_name);
    let user = user.ok_or("No user has this e-mail address.")?;
    if user.password.is_some() && user.password.as_deref() != params.get("password") {
        return Err("The password is wrong.");
    }
    Ok(user.clone())
}

/// Goes on to the organization, the application or the device.
fn signed_in(
    emulator: &Emulator,
    state: &mut State,
    flow: &str,
    interaction: &Interaction,
    user: &User,
) -> Response {
    let request = match &interaction.purpose {
        Purpose::Device { user_code } => {
            state.interactions.remove(flow);
            return device::signed_in(emulator, state, user.id(), user_code);
        }
        Purpose::Authorization(request) => request,
    };
    let is_open =
        request.org_code.is_none() && request.invitation_code.is_none() && !request.create_org;
    if is_open && user.organizations.len() > 1 && state.config.settings.organization_picker {
        if let Some(stored) = state.interactions.get_mut(flow) {
            stored.user_id = Some(user.id());
        }
        return render_organizations(state, flow, interaction, user, None);
    }
    state.interactions.remove(flow);
    sign_in(
        emulator,
        state,
        request,
        user.id(),
        Organization::Automatic,
        StatusCode::SEE_OTHER,
    )
}

fn render_organizations(
    state: &State,
    id: &str,
    interaction: &Interaction,
    user: &User,
    mistake: Option<&str>,
) -> Response {
    let organizations: Vec<&Record> = user
        .organizations
        .iter()
        .filter_map(|membership| state.config.organization(&membership.code))
        .collect();
    let shown = Shown::new(state, id, interaction);
    pages::choose_organization(shown.flow(mistake), &organizations)
}

pub async fn submit_organization(
    Shared(emulator): Emu,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    either(answer_organization(&emulator, &headers, &body))
}

fn answer_organization(emulator: &Emulator, headers: &HeaderMap, body: &[u8]) -> Visited {
    let mut state = emulator.state();
    let Visit {
        flow,
        params,
        interaction,
    } = Visit::with_form(emulator, &state, headers, body)?;
    let user = interaction
        .user_id
        .as_deref()
        .and_then(|id| state.config.user_by_id(id))
        .cloned();
    let (Some(user), Purpose::Authorization(request)) = (user, &interaction.purpose) else {
        return Err(refuse("Nobody has signed in here yet."));
    };
    let own = params
        .get("org_code")
        .filter(|code| user.membership(code).is_some());
    let code = own.ok_or_else(|| {
        let mistake = Some("Choose one of your organizations.");
        render_organizations(&state, &flow, &interaction, &user, mistake)
    })?;
    state.interactions.remove(&flow);
    let organization = Organization::Chosen(code.to_owned());
    Ok(sign_in(
        emulator,
        &mut state,
        request,
        user.id(),
        organization,
        StatusCode::SEE_OTHER,
    ))
}

pub async fn registration_page(Shared(emulator): Emu, uri: Uri, headers: HeaderMap) -> Response {
    either(show_registration(&emulator, &uri, &headers))
}

fn show_registration(emulator: &Emulator, uri: &Uri, headers: &HeaderMap) -> Visited {
    let state = emulator.state();
    let Visit {
        flow, interaction, ..
    } = Visit::to_page(emulator, &state, headers, uri)?;
    let email = suggested_email(&state, &interaction);
    let typed = Registration {
        email: &email,
        ..Registration::default()
    };
    Ok(render_registration(
        &state,
        &flow,
        &interaction,
        typed,
        None,
    ))
}

fn render_registration(
    state: &State,
    id: &str,
    interaction: &Interaction,
    typed: Registration<'_>,
    mistake: Option<&str>,
) -> Response {
    let shown = Shown::new(state, id, interaction);
    let organization = match &interaction.purpose {
        Purpose::Authorization(request) if request.create_org => {
            Some(request.org_name.as_deref().unwrap_or("named after you"))
        }
        _ => None,
    };
    pages::register(shown.flow(mistake), typed, organization)
}

pub async fn submit_registration(
    Shared(emulator): Emu,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    either(answer_registration(&emulator, &headers, &body))
}

fn answer_registration(emulator: &Emulator, headers: &HeaderMap, body: &[u8]) -> Visited {
    let mut state = emulator.state();
    let Visit {
        flow,
        params,
        interaction,
    } = Visit::with_form(emulator, &state, headers, body)?;
    let typed = Registration {
        email: params.get("email").unwrap_or_default().trim(),
        given_name: params.get("given_name").unwrap_or_default().trim(),
        family_name: params.get("family_name").unwrap_or_default().trim(),
    };
    let mistake = if !typed.email.contains('@') {
        Some("This is not an e-mail address.")
    } else if typed.given_name.is_empty() || typed.family_name.is_empty() {
        Some("Both names are needed.")
    } else if state.config.user(typed.email).is_some() {
        Some("This e-mail address has an account already; sign in instead.")
    } else {
        None
    };
    if mistake.is_some() {
        let page = render_registration(&state, &flow, &interaction, typed, mistake);
        return Ok(page);
    }
    let user = User::registered(
        typed.email,
        typed.given_name,
        typed.family_name,
        emulator.clock.now(),
    );
    state.config.users.push(user.clone());
    if let Purpose::Authorization(request) = &interaction.purpose
        && let Some(code) = &request.org_code
    {
        let membership = Membership {
            code: code.clone(),
            roles: state.config.default_roles(),
            permissions: Vec::new(),
        };
        membership::join(&mut state.config, &user, membership);
    }
    Ok(signed_in(emulator, &mut state, &flow, &interaction, &user))
}
