//! Values of the library as terms.

use kinde::{
    AuthorizationRequest, CallbackOutcome, DeviceAuthorization, Json, JsonRef, JsonView, Outcome,
    Secret, Session, TokenSet,
};
use rustler::{Atom, Encoder, Env, Term};

use crate::call::answer;
use crate::error::Fault;
use crate::resources;

mod atoms {
    rustler::atoms! {
        ok,
        access_token, code_verifier, device_code, expires_at, expires_in, id_token, interval, nonce, outcome, qr_code,
        received_at, refresh_token, restart, return_to, scope, signed_in, state, token_type, url, user_code,
        verification_uri, verification_uri_complete,
    }
}

/// What a call gives.
pub trait Answer {
    /// `{:ok, value}`, or `:ok` where there is nothing to say.
    fn answer(self, env: Env<'_>) -> Term<'_>;
}

impl Answer for () {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        atoms::ok().to_term(env)
    }
}

impl Answer for bool {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), self).encode(env)
    }
}

impl Answer for i64 {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), self).encode(env)
    }
}

impl Answer for String {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), self).encode(env)
    }
}

impl Answer for Secret {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), self.expose()).encode(env)
    }
}

impl Answer for Session {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), resources::session(self)).encode(env)
    }
}

/// What a token or Kinde says freely: keys are binaries.
impl Answer for Json {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        (atoms::ok(), free(env, self.borrowed())).encode(env)
    }
}

/// An object of a known shape, whose keys are atoms down to some level.
pub struct Shaped(pub Json, pub usize);

impl Answer for Shaped {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let named = |env, name: &str| Atom::from_str(env, name).ok();
        (atoms::ok(), walk(env, self.0.borrowed(), self.1, &named)).encode(env)
    }
}

/// What the Account API says, to which Kinde may add: the names of [`ACCOUNT_NAMES`] are atoms, all
/// others binaries, because the VM never forgets an atom.
pub struct Named(pub Json);

/// How many levels of an answer have names.
const ACCOUNT_LEVELS: usize = 2;

const ACCOUNT_NAMES: &[&str] = &[
    "email",
    "email_verified",
    "entitlement",
    "entitlement_limit_max",
    "entitlement_limit_min",
    "entitlements",
    "family_name",
    "feature_flags",
    "feature_key",
    "feature_name",
    "first_name",
    "fixed_charge",
    "given_name",
    "has_more",
    "id",
    "key",
    "last_name",
    "metadata",
    "name",
    "next_page_starting_after",
    "org_code",
    "permissions",
    "picture",
    "plans",
    "preferred_email",
    "preferred_username",
    "price_name",
    "properties",
    "provided_id",
    "refreshed",
    "roles",
    "sub",
    "subscribed_on",
    "type",
    "unit_amount",
    "updated_at",
    "url",
    "value",
];

impl Answer for Named {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let known = |env, name: &str| {
            let is_known = ACCOUNT_NAMES.contains(&name);
            is_known.then(|| Atom::from_str(env, name).ok()).flatten()
        };
        (
            atoms::ok(),
            walk(env, self.0.borrowed(), ACCOUNT_LEVELS, &known),
        )
            .encode(env)
    }
}

/// What an API answered: `%{status: …, headers: …, data: …}`, whose data and headers are as Kinde names
/// them.
pub struct Called(pub Json);

impl Answer for Called {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        Shaped(self.0, 1).answer(env)
    }
}

/// What came of many calls: of those that were refused here, and in their order of all others.
pub struct Outcomes {
    pub made: Vec<kinde::Result<Json>>,
    pub refused: Vec<Option<Fault>>,
}

/// Each `{:ok, answer}` or `{:error, error}`.
impl Answer for Outcomes {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let mut made = self.made.into_iter();
        let outcomes = self
            .refused
            .into_iter()
            .filter_map(|refused| match refused {
                Some(fault) => Some(fault.answer(env)),
                None => Some(answer(env, made.next()?.map(Called))),
            });
        (atoms::ok(), outcomes.collect::<Vec<Term>>()).encode(env)
    }
}

impl Answer for TokenSet {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let secret = |token: &Option<Secret>| token.as_ref().map(Secret::expose).encode(env);
        let tokens = map(
            env,
            &[
                (
                    atoms::access_token(),
                    self.access_token.expose().encode(env),
                ),
                (atoms::id_token(), secret(&self.id_token)),
                (atoms::refresh_token(), secret(&self.refresh_token)),
                (atoms::token_type(), self.token_type.encode(env)),
                (atoms::scope(), self.scope.encode(env)),
                (atoms::expires_in(), self.expires_in.encode(env)),
                (atoms::expires_at(), self.expires_at.encode(env)),
                (atoms::received_at(), self.received_at.encode(env)),
            ],
        );
        (atoms::ok(), tokens).encode(env)
    }
}

impl Answer for AuthorizationRequest {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let verifier = self.code_verifier.as_ref().map(Secret::expose);
        let request = map(
            env,
            &[
                (atoms::url(), self.url.encode(env)),
                (atoms::state(), self.state.encode(env)),
                (atoms::nonce(), self.nonce.encode(env)),
                (atoms::code_verifier(), verifier.encode(env)),
            ],
        );
        (atoms::ok(), request).encode(env)
    }
}

impl Answer for CallbackOutcome {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let outcome = match self.outcome {
            Outcome::SignedIn => atoms::signed_in(),
            Outcome::Restart => atoms::restart(),
        };
        let said = map(
            env,
            &[
                (atoms::outcome(), outcome.to_term(env)),
                (atoms::return_to(), self.return_to.encode(env)),
                (atoms::url(), self.url.encode(env)),
            ],
        );
        (atoms::ok(), said).encode(env)
    }
}

impl Answer for DeviceAuthorization {
    fn answer(self, env: Env<'_>) -> Term<'_> {
        let started = map(
            env,
            &[
                (atoms::device_code(), self.device_code.expose().encode(env)),
                (atoms::user_code(), self.user_code.encode(env)),
                (atoms::verification_uri(), self.verification_uri.encode(env)),
                (
                    atoms::verification_uri_complete(),
                    self.verification_uri_complete.encode(env),
                ),
                (atoms::expires_in(), self.expires_in.encode(env)),
                (atoms::interval(), self.interval.encode(env)),
                (atoms::qr_code(), self.qr_code.encode(env)),
            ],
        );
        (atoms::ok(), started).encode(env)
    }
}

/// A value with binaries as keys.
pub fn free<'a>(env: Env<'a>, value: JsonRef<'_>) -> Term<'a> {
    walk(env, value, 0, &|_, _| None)
}

/// A value whose keys are atoms down to `levels` objects, if `named` knows one.
fn walk<'a>(
    env: Env<'a>,
    value: JsonRef<'_>,
    levels: usize,
    named: &dyn Fn(Env<'a>, &str) -> Option<Atom>,
) -> Term<'a> {
    match value.view() {
        JsonView::Boolean(value) => value.encode(env),
        JsonView::Integer(value) => value.encode(env),
        JsonView::Unsigned(value) => value.encode(env),
        JsonView::Float(value) => value.encode(env),
        JsonView::String(value) => value.encode(env),
        JsonView::Array(_) => {
            let items: Vec<Term> = value
                .items()
                .map(|item| walk(env, item, levels, named))
                .collect();
            items.encode(env)
        }
        JsonView::Object(_) => {
            let below = levels.saturating_sub(1);
            let pairs: Vec<(Term, Term)> = value
                .entries()
                .map(|(key, value)| {
                    let atom = (levels > 0).then(|| named(env, key)).flatten();
                    let key = atom.map_or_else(|| key.encode(env), |atom| atom.to_term(env));
                    (key, walk(env, value, below, named))
                })
                .collect();
            map(env, &pairs)
        }
        _ => None::<&str>.encode(env),
    }
}

/// A map; its keys differ.
pub fn map<'a>(env: Env<'a>, pairs: &[(impl Encoder, Term<'a>)]) -> Term<'a> {
    Term::map_from_pairs(env, pairs).unwrap_or_else(|_| Term::map_new(env))
}
