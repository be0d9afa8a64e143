//! `/oauth2/auth`: judges an authorization request, then answers it at once or shows a page.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use crate::answer;
use crate::authorization_request::{RequestError, read};
use crate::browser;
use crate::claims::Granted;
use crate::endpoints::membership::{self, Organization};
use crate::pages;
use crate::random;
use crate::reauth;
use crate::redirect::with_query;
use crate::state::{
    AuthorizationCode, AuthorizationRequest, CodeUse, Emulator, Interaction, Purpose, SsoSession,
    State,
};

pub async fn authorize(
    Shared(emulator): Shared<Arc<Emulator>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut state = emulator.state();
    match read(
        &state.config,
        uri.query().unwrap_or_default(),
        emulator.clock.now(),
    ) {
        Ok(request) => begin(&emulator, &mut state, request, &headers),
        Err(RequestError::Page(reason)) => pages::error(StatusCode::BAD_REQUEST, &reason),
        Err(RequestError::Redirect {
            redirect_uri,
            state: echoed,
            error,
            description,
        }) => {
            let refused = Refused {
                redirect_uri: &redirect_uri,
                state: echoed.as_deref(),
            };
            refused.answer(&emulator, &state, StatusCode::FOUND, error, &description)
        }
    }
}

fn begin(
    emulator: &Emulator,
    state: &mut State,
    request: AuthorizationRequest,
    headers: &HeaderMap,
) -> Response {
    if let Some(response) = ordered_refusal(emulator, state, &request) {
        return response;
    }
    let now = emulator.clock.now();
    let session = browser::sso_session(emulator, state, headers);
    let prompt = request.prompt.as_deref();
    if let Some(session) = session.filter(|session| is_enough(session, &request, now)) {
        let organization = session
            .org_code
            .clone()
            .map_or(Organization::Automatic, Organization::Preferred);
        return complete(
            emulator,
            state,
            &request,
            &session,
            organization,
            StatusCode::FOUND,
        );
    }
    if prompt == Some("none") {
        return Refused::of(&request).answer(
            emulator,
            state,
            StatusCode::FOUND,
            "login_required",
            "nobody is signed in at this browser",
        );
    }
    if let Some(user) = state.sign_in.user.clone() {
        let Some(user_id) = state.config.user(&user.email).map(crate::config::User::id) else {
            return pages::error(
                StatusCode::BAD_REQUEST,
                "the user that signs in by itself does not exist",
            );
        };
        let organization = user
            .org_code
            .map_or(Organization::Automatic, Organization::Preferred);
        return sign_in(
            emulator,
            state,
            &request,
            user_id,
            organization,
            StatusCode::FOUND,
        );
    }
    let is_registration = request.wants_registration;
    show_page(
        emulator,
        state,
        Purpose::Authorization(Box::new(request)),
        is_registration,
        headers,
    )
}

/// Sends the browser to the sign-in or registration page.
pub fn show_page(
    emulator: &Emulator,
    state: &mut State,
    purpose: Purpose,
    is_registration: bool,
    headers: &HeaderMap,
) -> Response {
    let flow = random::token();
    let browser = browser::id(headers).unwrap_or_else(random::token);
    let expires_at = emulator.clock.now() + state.config.settings.sign_in_seconds;
    let interaction = Interaction {
        purpose,
        browser: browser.clone(),
        expires_at,
        user_id: None,
    };
    state.interactions.insert(flow.clone(), interaction);
    let page = if is_registration {
        "register"
    } else {
        "sign-in"
    };
    let mut response = answer::redirect(
        StatusCode::FOUND,
        &format!("{}/{page}?flow={flow}", emulator.public_url),
    );
    browser::set_id(emulator, &mut response, &browser);
    response
}

fn is_enough(session: &SsoSession, request: &AuthorizationRequest, now: i64) -> bool {
    let asks_anew =
        matches!(request.prompt.as_deref(), Some("login" | "create")) || request.wants_registration;
    let is_recent = request
        .max_age
        .is_none_or(|seconds| now - session.auth_time <= seconds);
    !asks_anew && is_recent
}

/// The error that a test ordered for the next requests.
fn ordered_refusal(
    emulator: &Emulator,
    state: &mut State,
    request: &AuthorizationRequest,
) -> Option<Response> {
    let refusal = state.sign_in.refusal.clone()?;
    if let Some(Some(times)) = state
        .sign_in
        .refusal
        .as_mut()
        .map(|refusal| refusal.times.as_mut())
    {
        *times = times.saturating_sub(1);
        if *times == 0 {
            state.sign_in.refusal = None;
        }
    }
    let description = refusal
        .description
        .as_deref()
        .unwrap_or("ordered by the test control");
    let mut refused = Refused::of(request);
    if refusal.omit_state {
        refused.state = None;
    }
    Some(
        if refusal.error.eq_ignore_ascii_case("login_link_expired") {
            refused.answer_expired_link(emulator, state, request, StatusCode::FOUND, &refusal.error)
        } else {
            refused.answer(
                emulator,
                state,
                StatusCode::FOUND,
                &refusal.error,
                description,
            )
        },
    )
}

/// Starts a single sign-on session for the user and answers the request.
pub fn sign_in(
    emulator: &Emulator,
    state: &mut State,
    request: &AuthorizationRequest,
    user_id: String,
    organization: Organization,
    status: StatusCode,
) -> Response {
    let session = browser::new_session(emulator, state, user_id);
    let mut response = complete(emulator, state, request, &session.1, organization, status);
    browser::set_session(emulator, &mut response, &session.0);
    response
}

/// Issues the code, or refuses in the organization's name.
fn complete(
    emulator: &Emulator,
    state: &mut State,
    request: &AuthorizationRequest,
    session: &SsoSession,
    organization: Organization,
    status: StatusCode,
) -> Response {
    let org_code =
        match membership::settle(&mut state.config, request, &session.user_id, organization) {
            Ok(org_code) => org_code,
            Err((error, description)) => {
                return Refused::of(request).answer(emulator, state, status, error, &description);
            }
        };
    browser::remember_organization(state, session, org_code.as_deref());
    let granted = Granted {
        client_id: request.client_id.clone(),
        user_id: session.user_id.clone(),
        scopes: request.scopes.clone(),
        audiences: request.audiences.clone(),
        org_code,
        nonce: request.nonce.clone(),
        auth_time: session.auth_time,
        requested_at: request.requested_at,
    };
    let scope = granted.scopes.join(" ");
    let code = issue_code(
        emulator,
        state,
        granted,
        &request.redirect_uri,
        request.code_challenge.clone(),
    );
    let mut parameters = vec![
        ("code", code.as_str()),
        ("scope", scope.as_str()),
        ("state", request.state.as_str()),
    ];
    if state.config.settings.callback_iss {
        parameters.push(("iss", emulator.issuer.as_str()));
    }
    answer::redirect(status, &with_query(&request.redirect_uri, &parameters))
}

/// A code that the token endpoint takes once.
pub fn issue_code(
    emulator: &Emulator,
    state: &mut State,
    granted: Granted,
    redirect_uri: &str,
    code_challenge: Option<String>,
) -> String {
    let code = random::two_part_token();
    let expires_at = emulator.clock.now() + state.config.settings.authorization_code_seconds;
    let redirect_uri = redirect_uri.to_owned();
    let record = AuthorizationCode {
        granted,
        redirect_uri,
        code_challenge,
        expires_at,
        use_of: CodeUse::Unused,
    };
    state.codes.insert(code.clone(), record);
    code
}

/// Where an error goes back to.
pub struct Refused<'a> {
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl<'a> Refused<'a> {
    pub fn of(request: &'a AuthorizationRequest) -> Self {
        Self {
            redirect_uri: &request.redirect_uri,
            state: Some(&request.state),
        }
    }

    /// RFC 6749, section 4.1.2.1.
    pub fn answer(
        &self,
        emulator: &Emulator,
        state: &State,
        status: StatusCode,
        error: &str,
        description: &str,
    ) -> Response {
        self.redirect(
            emulator,
            state,
            status,
            vec![
                ("error", error),
                ("error_description", &answer::printable(description)),
            ],
        )
    }

    /// Kinde's answer to a stale link: with what is needed to start again, if the application can.
    pub fn answer_expired_link(
        &self,
        emulator: &Emulator,
        state: &State,
        request: &AuthorizationRequest,
        status: StatusCode,
        error: &str,
    ) -> Response {
        let reauth_state = reauth::encode(&request.restartable);
        let mut parameters = vec![
            ("error", error),
            ("error_description", "this link has expired"),
        ];
        if request.supports_reauth {
            parameters.push(("reauth_state", &reauth_state));
        }
        self.redirect(emulator, state, status, parameters)
    }

    fn redirect<'p>(
        &'p self,
        emulator: &'p Emulator,
        state: &State,
        status: StatusCode,
        mut parameters: Vec<(&'p str, &'p str)>,
    ) -> Response {
        if let Some(echoed) = self.state {
            parameters.push(("state", echoed));
        }
        if state.config.settings.callback_iss {
            parameters.push(("iss", emulator.issuer.as_str()));
        }
        answer::redirect(status, &with_query(self.redirect_uri, &parameters))
    }
}
