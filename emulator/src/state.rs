//! What the emulator remembers: sign-ins under way, single sign-on sessions, codes, grants and their tokens.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::claims::{Granted, Issuing};
use crate::clock::Clock;
use crate::config::{Application, Config};
use crate::control::Control;
use crate::keys::KeyRing;
use crate::lies::Lie;

/// How many things may be remembered before what has expired is swept out.
const SWEEP_EVERY: u64 = 4096;

/// The emulator: everything that an endpoint needs.
#[derive(Debug)]
pub struct Emulator {
    /// Where clients reach it, without a slash at the end.
    pub public_url: String,
    pub issuer: String,
    pub clock: Clock,
    pub control: Option<Control>,
    keys: RwLock<KeyRing>,
    state: Mutex<State>,
    at_start: (Config, SignInAnswer),
}

impl Emulator {
    pub fn new(
        public_url: String,
        issuer: String,
        keys: KeyRing,
        config: Config,
        sign_in: SignInAnswer,
        control: Option<Control>,
    ) -> Self {
        Self {
            public_url,
            issuer,
            clock: Clock::default(),
            control,
            keys: RwLock::new(keys),
            state: Mutex::new(State::new(config.clone(), sign_in.clone())),
            at_start: (config, sign_in),
        }
    }

    /// The state stays usable when a request panicked while it held the lock: each change is complete in itself.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn keys(&self) -> RwLockReadGuard<'_, KeyRing> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn keys_mut(&self) -> RwLockWriteGuard<'_, KeyRing> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn issuing<'a>(&'a self, config: &'a Config) -> Issuing<'a> {
        Issuing {
            config,
            issuer: &self.issuer,
            now: self.clock.now(),
        }
    }

    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    pub fn reset(&self) {
        let (config, sign_in) = self.at_start.clone();
        *self.state() = State::new(config, sign_in);
        self.keys_mut().reset();
        self.clock.reset();
    }
}

/// What the sign-in page answers by itself.
#[derive(Clone, Debug, Default)]
pub struct SignInAnswer {
    pub user: Option<AutomaticUser>,
    pub refusal: Option<Refusal>,
}

#[derive(Clone, Debug)]
pub struct AutomaticUser {
    pub email: String,
    pub org_code: Option<String>,
}

/// An error to redirect with instead of signing in.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub error: String,
    pub description: Option<String>,
    pub omit_state: bool,
    /// How many times more; without end if absent.
    pub times: Option<u64>,
}

/// A valid authorization request.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub state: String,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub prompt: Option<String>,
    pub wants_registration: bool,
    pub max_age: Option<i64>,
    pub org_code: Option<String>,
    pub create_org: bool,
    pub org_name: Option<String>,
    pub invitation_code: Option<String>,
    pub login_hint: Option<String>,
    pub supports_reauth: bool,
    pub requested_at: i64,
    /// What `reauth_state` hands back when the link has expired.
    pub restartable: Vec<(String, String)>,
}

/// Why a person is asked to sign in.
#[derive(Clone, Debug)]
pub enum Purpose {
    Authorization(Box<AuthorizationRequest>),
    Device { user_code: String },
}

/// A sign-in page that was shown and not answered yet.
#[derive(Clone, Debug)]
pub struct Interaction {
    pub purpose: Purpose,
    /// The cookie of the browser that started it; nobody else may answer.
    pub browser: String,
    pub expires_at: i64,
    /// Set once the person has signed in and only the organization is missing.
    pub user_id: Option<String>,
}

/// The cookie of the signed-in browser.
#[derive(Clone, Debug)]
pub struct SsoSession {
    pub id: String,
    pub user_id: String,
    pub auth_time: i64,
    pub expires_at: i64,
    /// The organization of the last sign-in.
    pub org_code: Option<String>,
}

#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    pub granted: Granted,
    pub redirect_uri: String,
    pub code_challenge: Option<String>,
    pub expires_at: i64,
    pub use_of: CodeUse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeUse {
    Unused,
    /// Presented wrongly; no tokens came of it.
    Spoilt,
    Exchanged(GrantId),
}

pub type GrantId = u64;

/// One sign-in's tokens: the family that is revoked together.
#[derive(Clone, Debug)]
pub struct Grant {
    pub granted: Granted,
    pub revoked: bool,
    /// The access token that a refresh returns again while it lasts.
    pub access: Option<CurrentAccessToken>,
}

#[derive(Clone, Debug)]
pub struct CurrentAccessToken {
    pub token: String,
    pub jti: String,
    pub expires_at: i64,
    pub scopes: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct RefreshToken {
    pub grant: GrantId,
    pub expires_at: i64,
    /// When its successor was issued.
    pub rotated_at: Option<i64>,
    pub uses: u64,
    pub revoked: bool,
}

#[derive(Clone, Debug)]
pub struct AccessTokenRecord {
    pub grant: Option<GrantId>,
    pub client_id: String,
    pub expires_at: i64,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub user_code: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    pub requested_at: i64,
    pub expires_at: i64,
    pub interval_ms: i64,
    pub last_poll_ms: Option<i64>,
    pub decision: DeviceDecision,
}

#[derive(Clone, Debug)]
pub enum DeviceDecision {
    Pending,
    Denied,
    Approved(Box<Granted>),
    Exchanged,
}

/// What a link to the self-serve portal leads to.
#[derive(Clone, Debug)]
pub struct PortalLink {
    pub page: Option<String>,
    pub return_url: Option<String>,
    pub expires_at: i64,
}

#[derive(Debug)]
pub struct State {
    pub config: Config,
    pub sign_in: SignInAnswer,
    pub interactions: HashMap<String, Interaction>,
    pub sso_sessions: HashMap<String, SsoSession>,
    pub codes: HashMap<String, AuthorizationCode>,
    pub grants: HashMap<GrantId, Grant>,
    pub refresh_tokens: HashMap<String, RefreshToken>,
    /// By `jti`.
    pub access_tokens: HashMap<String, AccessTokenRecord>,
    pub revoked_access_tokens: HashSet<String>,
    pub devices: HashMap<String, Device>,
    /// Links to the self-serve portal that nobody has opened yet, by their key.
    pub portal_links: HashMap<String, PortalLink>,
    pub lies: Vec<Lie>,
    last_grant: GrantId,
}

impl State {
    fn new(config: Config, sign_in: SignInAnswer) -> Self {
        Self {
            config,
            sign_in,
            interactions: HashMap::new(),
            sso_sessions: HashMap::new(),
            codes: HashMap::new(),
            grants: HashMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
            revoked_access_tokens: HashSet::new(),
            devices: HashMap::new(),
            portal_links: HashMap::new(),
            lies: Vec::new(),
            last_grant: 0,
        }
    }

    pub fn add_grant(&mut self, granted: Granted, now: i64) -> GrantId {
        self.last_grant += 1;
        if self.last_grant.is_multiple_of(SWEEP_EVERY) {
            self.sweep(now);
        }
        self.grants.insert(
            self.last_grant,
            Grant {
                granted,
                revoked: false,
                access: None,
            },
        );
        self.last_grant
    }

    pub fn remember_access_token(
        &mut self,
        jti: &str,
        grant: Option<GrantId>,
        application: &Application,
        expires_at: i64,
    ) {
        let client_id = application.client_id.clone();
        let record = AccessTokenRecord {
            grant,
            client_id,
            expires_at,
        };
        self.access_tokens.insert(jti.to_owned(), record);
    }

    /// Ends a grant with all that was issued from it.
    pub fn revoke_grant(&mut self, id: GrantId) {
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.revoked = true;
            grant.access = None;
        }
        for token in self
            .refresh_tokens
            .values_mut()
            .filter(|token| token.grant == id)
        {
            token.revoked = true;
        }
    }

    /// Ends all that was granted in a user's name.
    pub fn revoke_user(&mut self, user_id: &str) {
        let grants = self.grants.iter();
        let of_user = grants.filter(|(_, grant)| grant.granted.user_id == user_id);
        let ids: Vec<GrantId> = of_user.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.revoke_grant(id));
    }

    /// Ends one access token; the next refresh issues another.
    pub fn revoke_access_token(&mut self, jti: &str) {
        self.revoked_access_tokens.insert(jti.to_owned());
        let grant = self.access_tokens.get(jti).and_then(|record| record.grant);
        if let Some(grant) = grant.and_then(|id| self.grants.get_mut(&id)) {
            grant.access.take_if(|access| access.jti == jti);
        }
    }

    /// Has the next refresh of each of a user's sign-ins issue a new access token.
    pub fn refresh_claims(&mut self, user_id: &str) {
        for grant in self.grants.values_mut() {
            grant.access.take_if(|_| grant.granted.user_id == user_id);
        }
    }

    pub fn is_access_token_revoked(&self, jti: &str) -> bool {
        let grant_is_revoked = |id: &GrantId| self.grants.get(id).is_none_or(|grant| grant.revoked);
        self.revoked_access_tokens.contains(jti)
            || self
                .access_tokens
                .get(jti)
                .and_then(|record| record.grant.as_ref())
                .is_some_and(grant_is_revoked)
    }

    /// Forgets what has expired. Expired codes stay a while, so that their reuse is still found out.
    fn sweep(&mut self, now: i64) {
        let long_ago = now - self.config.settings.authorization_code_seconds;
        self.interactions.retain(|_, it| it.expires_at > now);
        self.sso_sessions.retain(|_, it| it.expires_at > now);
        self.codes.retain(|_, it| it.expires_at > long_ago);
        self.devices.retain(|_, it| it.expires_at > long_ago);
        self.portal_links.retain(|_, it| it.expires_at > now);
        self.refresh_tokens.retain(|_, it| it.expires_at > now);
        self.access_tokens.retain(|_, it| it.expires_at > now);
        self.revoked_access_tokens
            .retain(|jti| self.access_tokens.contains_key(jti));
        let in_use: HashSet<GrantId> = self
            .refresh_tokens
            .values()
            .map(|it| it.grant)
            .chain(self.access_tokens.values().filter_map(|it| it.grant))
            .chain(self.codes.values().filter_map(|it| match it.use_of {
                CodeUse::Exchanged(grant) => Some(grant),
                CodeUse::Unused | CodeUse::Spoilt => None,
            }))
            .collect();
        self.grants.retain(|id, _| in_use.contains(id));
    }
}
