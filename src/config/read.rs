//! From what was given to what is used: every setting read and checked, all faults reported at once.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};

use super::check::{self, Checked, PlainHttp, origin_text};
use super::settings::{
    AccessTokenFormat, Algorithm, ApiValidation, Discovery, GrantType, Settings, StoreSetting,
};
use super::store_url::StoreUrl;
use super::table::{Absent, Kind, Name, Setting};
use super::{Config, GivenValue};
use crate::error::{Error, FieldError, Result, Status, foreign_text};
use crate::params::kind;
use crate::secret::Secret;

/// How much of a wrong value is shown.
const SHOWN_CHARACTERS: usize = 100;

/// A wrong value, fit to be shown: bounded, and without what could be a password.
pub(super) fn shown(setting: &Setting, text: &str) -> String {
    if setting.is_secret() || text.contains('@') {
        return "a value that is not shown".to_owned();
    }
    let mut text = foreign_text(text);
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARACTERS) {
        text.truncate(end);
        text.push('…');
    }
    format!("\"{text}\"")
}

impl Settings {
    /// Checks all settings.
    ///
    /// # Errors
    /// `CONFIG`, naming every setting that is wrong or missing.
    pub(crate) fn new(config: &Config) -> Result<Settings> {
        let mut reader = Reader {
            config,
            wrong: Vec::new(),
        };
        match settings(&mut reader) {
            Some(settings) if reader.wrong.is_empty() => Ok(settings),
            _ => Err(Error::of_fields(Status::Config, reader.wrong)),
        }
    }
}

/// Reads every setting before it gives up on any, so that all faults are found.
fn settings(read: &mut Reader<'_>) -> Option<Settings> {
    let insecure_hosts = read.items(Name::insecure_hosts, check::host);
    let plain_http = PlainHttp::to(&insecure_hosts);
    let origin = |text: &str| check::origin(text, plain_http);
    let issuer = |text: &str| check::issuer(text, plain_http);
    let redirect_uri = |text: &str| check::redirect_uri(text, plain_http);
    let printable = |text: &str| check::printable(text).map(|()| text.to_owned());
    let secret = |text: &str| check::printable(text).map(|()| Secret::new(text));

    let base = read.one(Name::domain, origin);
    let domain = base.as_ref().map(origin_text);
    let mut endpoint = |name| {
        read.one(name, |text| {
            check::endpoint(text, base.as_ref(), plain_http)
        })
    };
    let authorization_endpoint = endpoint(Name::authorization_endpoint);
    let token_endpoint = endpoint(Name::token_endpoint);
    let logout_endpoint = endpoint(Name::logout_endpoint);
    let userinfo_endpoint = endpoint(Name::userinfo_endpoint);
    let revocation_endpoint = endpoint(Name::revocation_endpoint);
    let introspection_endpoint = endpoint(Name::introspection_endpoint);
    let device_authorization_endpoint = endpoint(Name::device_authorization_endpoint);
    let jwks_url = endpoint(Name::jwks_url);

    let client_id = read.one(Name::client_id, printable);
    let client_secret = read.one(Name::client_secret, secret);
    let management_domain = read
        .one(Name::management_domain, origin)
        .map(|url| origin_text(&url))
        .or_else(|| domain.clone());
    let management_client_id = read.one(Name::management_client_id, printable);
    let management_client_secret = read.one(Name::management_client_secret, secret);
    let management_audience = read.one(Name::management_audience, printable);
    let discovery = read.choice(Name::discovery);
    let issuer_given = read.one(Name::issuer, issuer);
    let access_token_format = read.choice(Name::access_token_format);
    let grant_type = read.choice(Name::grant_type);
    let pkce = read.boolean(Name::pkce);

    if pkce == Some(false) && client_secret.is_none() && !read.is_given(Name::client_secret) {
        read.fault(
            Name::pkce,
            "cannot be switched off without a client_secret: anybody could use a stolen code",
        );
    }
    if grant_type == Some(GrantType::ClientCredentials) && !read.is_given(Name::client_secret) {
        read.fault(
            Name::client_secret,
            "is required for grant_type client_credentials",
        );
    }

    let redirect = read.one(Name::redirect_uri, redirect_uri);
    let logout_redirect = read.one(Name::logout_redirect_uri, redirect_uri);
    let scope = read.scope();
    let audience = read.items(Name::audience, printable);
    let any_audience = read.boolean(Name::any_audience);
    let client_auth_method = read.choice(Name::client_auth_method);
    let extra_issuers = read.items(Name::extra_issuers, issuer);
    let jwks = read.key_set();
    let allowed_algorithms = read.algorithms();
    let id_token_audience_fallback = read.boolean(Name::id_token_audience_fallback);
    let clock_leeway = read.seconds(Name::clock_leeway_seconds);
    let connect_timeout = read.milliseconds(Name::connect_timeout_ms);
    let timeout = read.milliseconds(Name::timeout_ms);
    let max_response_bytes = read.whole(Name::max_response_bytes);
    let jwks_cooldown = read.seconds(Name::jwks_cooldown_seconds);
    let ca_file = read.one(Name::ca_file, |text| {
        if text.is_empty() || text.contains('\0') {
            return Err("must be the path of a file".to_owned());
        }
        Ok(text.to_owned())
    });
    let proxy = read.one(Name::proxy, |text| {
        check::proxy(text).map(|()| Secret::new(text))
    });
    let authorization_params = read.object(Name::authorization_params);
    let return_origins = read.items(Name::return_origins, |text| {
        origin(text).map(|url| origin_text(&url))
    });
    let sign_in_lifetime = read.seconds(Name::sign_in_lifetime_seconds);
    let store_url = read.one(Name::store_url, StoreUrl::parse);
    let store_timeout = read.milliseconds(Name::store_timeout_ms);
    let seal_keys = read.items(Name::seal_keys, |text| {
        check::seal_key(text).map(|()| Secret::new(text))
    });
    let session_idle = read.seconds(Name::session_idle_seconds);
    let session_max = read.seconds(Name::session_max_seconds);
    if session_idle > session_max
        && session_max.is_some()
        && read.is_given(Name::session_idle_seconds)
    {
        read.fault(
            Name::session_idle_seconds,
            "must not be longer than session_max_seconds",
        );
    }
    let store = match &read.config.store {
        Some(host) => Some(StoreSetting::Host(host.clone())),
        None => store_url.map(StoreSetting::Url),
    };
    if store.as_ref().is_some_and(StoreSetting::is_elsewhere)
        && seal_keys.is_empty()
        && !read.has_fault(Name::seal_keys)
    {
        read.fault(
            Name::seal_keys,
            "is required where sessions leave the process: give at least one secret text of 32 \
             random bytes or more, such as `openssl rand -base64 32` prints",
        );
    }
    let auto_refresh = read.boolean(Name::auto_refresh);
    let revoke_on_logout = read.boolean(Name::revoke_on_logout);
    let share_machine_tokens = read.boolean(Name::share_machine_tokens);
    let webhook_tolerance = read.seconds(Name::webhook_tolerance_seconds);
    let api_validation = read.choice::<ApiValidation>(Name::api_validation);
    let api_concurrency = read.whole(Name::api_concurrency);
    let worker_threads = read.whole(Name::worker_threads);
    let user_agent = read.one(Name::user_agent, printable);
    let framework = read.one(Name::framework, printable);

    let discovery = discovery?;
    let settings = Settings {
        given: read.config.clone(),
        issuer: issuer_given.or_else(|| domain.clone())?,
        management_audience: management_audience
            .or_else(|| Some(format!("{}/api", management_domain.as_deref()?)))?,
        management_client_id: management_client_id.or_else(|| client_id.clone()),
        management_client_secret: management_client_secret.or_else(|| client_secret.clone()),
        domain: domain?,
        management_domain: management_domain?,
        client_id: client_id?,
        client_secret,
        redirect_uri: redirect,
        logout_redirect_uri: logout_redirect,
        scope,
        audience,
        grant_type: grant_type?,
        pkce: pkce?,
        client_auth_method: client_auth_method?,
        extra_issuers,
        discovery,
        authorization_endpoint: authorization_endpoint?,
        token_endpoint: token_endpoint?,
        logout_endpoint: logout_endpoint?,
        userinfo_endpoint: userinfo_endpoint?,
        revocation_endpoint: revocation_endpoint?,
        introspection_endpoint: introspection_endpoint?,
        device_authorization_endpoint: device_authorization_endpoint?,
        jwks_url: jwks_url?,
        jwks,
        allowed_algorithms,
        access_token_format: access_token_format.unwrap_or(match discovery {
            Discovery::Off => AccessTokenFormat::Jwt,
            Discovery::SameOrigin | Discovery::AnyOrigin => AccessTokenFormat::Opaque,
        }),
        any_audience: any_audience?,
        id_token_audience_fallback: id_token_audience_fallback?,
        clock_leeway: clock_leeway?,
        connect_timeout: connect_timeout?,
        timeout: timeout?,
        max_response_bytes: max_response_bytes?,
        jwks_cooldown: jwks_cooldown?,
        ca_file,
        proxy,
        authorization_params,
        return_origins,
        sign_in_lifetime: sign_in_lifetime?,
        store: store?,
        store_timeout: store_timeout?,
        seal_keys,
        session_idle: session_idle?,
        session_max: session_max?,
        revoke_on_logout: revoke_on_logout?,
        share_machine_tokens: share_machine_tokens?,
        webhook_tolerance: webhook_tolerance?,
        api_validation: api_validation?,
        api_concurrency: api_concurrency?,
        worker_threads: worker_threads?,
        user_agent,
        framework,
        insecure_hosts,
        auto_refresh: auto_refresh?,
    };
    if let Err(reason) = settings.check_scope(&settings.scope) {
        read.wrong(Name::scope, &reason, &settings.scope);
    }
    Some(settings)
}

/// A value where it stands, so that defaults and given values are read without a copy.
#[derive(Clone, Copy)]
enum Source<'a> {
    Text(&'a str),
    List(&'a [Secret]),
    Other(&'a Value),
}

/// Reads settings one by one and notes what is wrong.
struct Reader<'a> {
    config: &'a Config,
    wrong: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn is_given(&self, name: Name) -> bool {
        self.config.get(name).is_some()
    }

    fn has_fault(&self, name: Name) -> bool {
        let mut wrong = self.wrong.iter();
        wrong.any(|wrong| wrong.field == name.setting().name)
    }

    fn fault(&mut self, name: Name, message: impl Into<String>) {
        self.wrong.push(FieldError {
            field: name.setting().name.to_owned(),
            message: message.into(),
        });
    }

    #[inline(never)]
    fn wrong(&mut self, name: Name, reason: &str, text: &str) {
        let got = shown(name.setting(), text);
        let source = self.source(name);
        self.fault(name, format!("{reason}; got {got}{source}"));
    }

    fn wrong_type(&mut self, name: Name, got: &str) {
        let expected = name.setting().kind.accepts();
        let source = self.source(name);
        self.fault(name, format!("expected {expected}; got {got}{source}"));
    }

    /// Where a wrong value came from, if not from a call.
    fn source(&self, name: Name) -> String {
        self.config
            .get(name)
            .and_then(|given| given.variable.as_deref())
            .map(|variable| format!(" from {variable}"))
            .unwrap_or_default()
    }

    /// What was given, or the default; notes if there must be something and there is not.
    fn given(&mut self, name: Name) -> Option<Source<'a>> {
        if let Some(given) = self.config.get(name) {
            return Some(match &given.value {
                GivenValue::Text(text) => Source::Text(text.expose()),
                GivenValue::List(items) => Source::List(items),
                GivenValue::Other(value) => Source::Other(value),
            });
        }
        match name.setting().default {
            Absent::Value(text) => Some(Source::Text(text)),
            Absent::Required => {
                let variables: Vec<String> = name.setting().environment().collect();
                let variables = variables.join(", ");
                self.fault(
                    name,
                    format!("is required (in the environment: {variables})"),
                );
                None
            }
            Absent::Nothing | Absent::From(_) => None,
        }
    }

    /// A value that is one text; a number or a boolean will do where one is wanted.
    ///
    /// What each of the many settings needs is compiled once, here and in `wrong`.
    #[inline(never)]
    fn text(&mut self, name: Name) -> Option<Cow<'a, str>> {
        match self.given(name)? {
            Source::Text(text) => Some(text.into()),
            Source::Other(value @ (Value::Bool(_) | Value::Number(_)))
                if is_scalar(name.setting().kind) =>
            {
                Some(value.to_string().into())
            }
            Source::Other(value) => {
                self.wrong_type(name, kind(value));
                None
            }
            Source::List(_) => {
                self.wrong_type(name, "a list");
                None
            }
        }
    }

    fn one<T>(&mut self, name: Name, parse: impl FnOnce(&str) -> Checked<T>) -> Option<T> {
        let text = self.text(name)?;
        parse(&text)
            .map_err(|reason| self.wrong(name, &reason, &text))
            .ok()
    }

    /// A list: JSON, or a text with spaces between the members.
    fn items<T>(&mut self, name: Name, parse: impl Fn(&str) -> Checked<T>) -> Vec<T> {
        let Some(given) = self.given(name) else {
            return Vec::new();
        };
        let mut values = Vec::new();
        let mut take = |read: &mut Self, text: &str| match parse(text) {
            Ok(value) => values.push(value),
            Err(reason) => read.wrong(name, &reason, text),
        };
        match given {
            Source::Text(text) if text.trim_start().starts_with('[') => {
                match serde_json::from_str::<Vec<String>>(text) {
                    Ok(items) => items.iter().for_each(|item| take(self, item)),
                    Err(_) => self.wrong_type(name, "a text that is not a JSON list of strings"),
                }
            }
            Source::Text(text) => text
                .split_ascii_whitespace()
                .for_each(|item| take(self, item)),
            Source::List(items) => items.iter().for_each(|item| take(self, item.expose())),
            Source::Other(value) => self.wrong_type(name, kind(value)),
        }
        values
    }

    fn scope(&mut self) -> String {
        let scopes = self.items(Name::scope, |text| {
            check::scope(text).map(|()| text.to_owned())
        });
        scopes.join(" ")
    }

    fn boolean(&mut self, name: Name) -> Option<bool> {
        self.one(name, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Ok(true),
            "false" | "0" | "off" | "no" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        })
    }

    fn whole<T: TryFrom<u64>>(&mut self, name: Name) -> Option<T> {
        let Kind::Whole { min, max, .. } = name.setting().kind else {
            return None;
        };
        self.one(name, |text| {
            text.trim()
                .parse()
                .ok()
                .filter(|number| (min..=max).contains(number))
                .and_then(|number| T::try_from(number).ok())
                .ok_or_else(|| format!("must be a {}", name.setting().kind.accepts()))
        })
    }

    fn seconds(&mut self, name: Name) -> Option<Duration> {
        self.whole(name).map(Duration::from_secs)
    }

    fn milliseconds(&mut self, name: Name) -> Option<Duration> {
        self.whole(name).map(Duration::from_millis)
    }

    fn choice<T: FromStr>(&mut self, name: Name) -> Option<T> {
        self.one(name, |text| {
            T::from_str(text)
                .map_err(|_| format!("must be one of {}", name.setting().kind.accepts()))
        })
    }

    fn algorithms(&mut self) -> Vec<Algorithm> {
        let name = Name::allowed_algorithms;
        let wrong = self.wrong.len();
        let algorithms = self.items(name, |text| match check::refused_algorithm(text) {
            Some(reason) => Err(reason.to_owned()),
            None => Algorithm::from_str(text).map_err(|_| {
                format!(
                    "is no known algorithm; expected a {}",
                    name.setting().kind.accepts()
                )
            }),
        });
        if algorithms.is_empty() && self.wrong.len() == wrong {
            self.fault(name, "must name at least one algorithm");
        }
        algorithms
    }

    fn object(&mut self, name: Name) -> Map<String, Value> {
        match self.json(name) {
            Some(Value::Object(object)) => object,
            Some(other) => {
                self.wrong_type(name, kind(&other));
                Map::new()
            }
            None => Map::new(),
        }
    }

    fn key_set(&mut self) -> Option<String> {
        let set = self.json(Name::jwks)?;
        match check::key_set(&set) {
            Ok(()) => Some(set.to_string()),
            Err(reason) => {
                self.fault(Name::jwks, reason);
                None
            }
        }
    }

    fn json(&mut self, name: Name) -> Option<Value> {
        let given = self.given(name)?;
        match given {
            Source::Other(value) => Some(value.clone()),
            Source::List(_) => {
                self.wrong_type(name, "a list");
                None
            }
            Source::Text(text) => match serde_json::from_str(text) {
                Ok(value) => Some(value),
                Err(_) => {
                    self.wrong_type(name, "a text that is not JSON");
                    None
                }
            },
        }
    }
}

/// Whether JSON may give the value as a number or boolean.
fn is_scalar(kind: Kind) -> bool {
    matches!(kind, Kind::Boolean | Kind::Whole { .. } | Kind::Choice(_))
}
