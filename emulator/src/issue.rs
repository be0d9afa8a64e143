//! Makes the answers of the token endpoint, and remembers what they contain.

use serde_json::{Map, Value, json};

use crate::answer::OAuthError;
use crate::claims::Granted;
use crate::config::{Application, User};
use crate::jwt::Claims;
use crate::lies::{self, TokenKind};
use crate::random;
use crate::state::{CurrentAccessToken, Emulator, GrantId, RefreshToken, State};

/// Which tokens to make for a grant.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub id_token: bool,
    pub nonce: bool,
    /// Return the access token of before, if it lasts.
    pub keep_access_token: bool,
    /// The scopes of this access token, if narrower than the grant's.
    pub scopes: Option<Vec<String>>,
}

impl Emulator {
    /// The tokens of a user, from a grant.
    pub fn user_tokens(
        &self,
        state: &mut State,
        id: GrantId,
        wanted: &Wanted,
    ) -> Result<Value, OAuthError> {
        let grant = state.grants.get(&id).filter(|grant| !grant.revoked);
        let grant = grant
            .ok_or_else(|| OAuthError::invalid_grant("this sign-in was revoked"))?
            .clone();
        let mut granted = grant.granted;
        if let Some(scopes) = &wanted.scopes {
            granted.scopes.clone_from(scopes);
        }
        let application = state.config.application(&granted.client_id).cloned();
        let application =
            application.ok_or_else(|| OAuthError::invalid_grant("the application was deleted"))?;

        let now = self.clock.now();
        // A lie that was ordered wants to be told now.
        let may_keep =
            wanted.keep_access_token && !lies::is_ordered(&state.lies, TokenKind::Access);
        let lasting = grant.access.filter(|access| {
            may_keep && access.expires_at > now && access.scopes == granted.scopes
        });
        let access = match lasting {
            Some(access) => access,
            None => self.new_access_token(state, id, &application, &granted)?,
        };

        let mut answer = Map::new();
        answer.insert("access_token".into(), json!(access.token));
        answer.insert("expires_in".into(), json!(access.expires_at - now));
        answer.insert("scope".into(), json!(granted.scopes.join(" ")));
        answer.insert("token_type".into(), json!("bearer"));
        if wanted.id_token && granted.has_scope("openid") {
            if !wanted.nonce {
                granted.nonce = None;
            }
            let claims = {
                let user = user_of(state, &granted)?;
                self.issuing(&state.config)
                    .id_token(&application, user, &granted, &access.token)
            };
            answer.insert(
                "id_token".into(),
                json!(self.sign(state, claims, TokenKind::Id)?),
            );
        }
        let may_refresh = state
            .grants
            .get(&id)
            .is_some_and(|grant| grant.granted.has_scope("offline"));
        if may_refresh {
            let token = random::two_part_token();
            let expires_at = now.saturating_add(application.refresh_token_seconds);
            let record = RefreshToken {
                grant: id,
                expires_at,
                rotated_at: None,
                uses: 0,
                revoked: false,
            };
            state.refresh_tokens.insert(token.clone(), record);
            answer.insert("refresh_token".into(), json!(token));
        }
        Ok(Value::Object(answer))
    }

    fn new_access_token(
        &self,
        state: &mut State,
        id: GrantId,
        application: &Application,
        granted: &Granted,
    ) -> Result<CurrentAccessToken, OAuthError> {
        let claims = {
            let user = user_of(state, granted)?;
            self.issuing(&state.config)
                .access_token(application, user, granted)
        };
        let (jti, expires_at) = registered(&claims);
        let is_genuine = !lies::is_ordered(&state.lies, TokenKind::Access);
        let token = self.sign(state, claims, TokenKind::Access)?;
        state.remember_access_token(&jti, Some(id), application, expires_at);
        let access = CurrentAccessToken {
            token,
            jti,
            expires_at,
            scopes: granted.scopes.clone(),
        };
        if let Some(grant) = state.grants.get_mut(&id) {
            grant.access = is_genuine.then(|| access.clone());
        }
        Ok(access)
    }

    /// The token of a machine.
    pub fn machine_token(
        &self,
        state: &mut State,
        application: &Application,
        audiences: &[String],
        scopes: &[String],
    ) -> Result<Value, OAuthError> {
        let claims = self
            .issuing(&state.config)
            .machine_token(application, audiences, scopes);
        let (jti, expires_at) = registered(&claims);
        let token = self.sign(state, claims, TokenKind::M2m)?;
        state.remember_access_token(&jti, None, application, expires_at);
        Ok(json!({
            "access_token": token,
            "expires_in": application.access_token_seconds,
            "scope": scopes.join(" "),
            "token_type": "bearer",
        }))
    }

    fn sign(
        &self,
        state: &mut State,
        claims: Claims,
        kind: TokenKind,
    ) -> Result<String, OAuthError> {
        let distortion = lies::take(&mut state.lies, kind);
        let signed = lies::sign(&self.keys(), claims, distortion.as_ref());
        let signed = signed.map_err(|reason| OAuthError::new("server_error", reason))?;
        Ok(signed.text)
    }
}

fn user_of<'a>(state: &'a State, granted: &Granted) -> Result<&'a User, OAuthError> {
    let user = state.config.user_by_id(&granted.user_id);
    let user = user.ok_or_else(|| OAuthError::invalid_grant("the user was deleted"))?;
    match user.is_suspended {
        true => Err(OAuthError::invalid_grant("the user is suspended")),
        false => Ok(user),
    }
}

fn registered(claims: &Claims) -> (String, i64) {
    let jti = claims
        .get("jti")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    (
        jti,
        claims
            .get("exp")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
    )
}
