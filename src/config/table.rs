//! The one table of settings. Checks, defaults, environment variables and documentation come from it.

use strum::VariantNames;

use super::settings::{
    AccessTokenFormat, Algorithm, ApiValidation, ClientAuthMethod, Discovery as DiscoverySetting,
    GrantType,
};

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Absent,
    /// Environment variables beside `KINDE_` and the name in upper case, which comes first.
    environment: &'static [&'static str],
    pub documentation: &'static str,
}

/// What a setting accepts. [`super::check`] holds the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    /// A whole number of something.
    Whole {
        unit: &'static str,
        min: u64,
        max: u64,
    },
    Choice(&'static [&'static str]),
    Choices(&'static [&'static str]),
    /// Printable ASCII.
    Text,
    /// Printable ASCII that is never shown.
    Secret,
    Secrets,
    /// Names separated by spaces.
    Words,
    Scope,
    /// Scheme and host; the scheme may be missing.
    Domain,
    Origins,
    /// An address to which a browser is sent.
    RedirectUri,
    Issuer,
    Issuers,
    /// A path on the domain, or a URL.
    Endpoint,
    Hosts,
    KeySet,
    Object,
    Path,
    Proxy,
    Store,
}

/// What counts when a setting is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Nothing; the setting must be given.
    Required,
    /// Nothing; what needs the setting fails.
    Nothing,
    /// This value, in the form in which it would be given.
    Value(&'static str),
    /// What these words say.
    From(&'static str),
}

impl Setting {
    /// The variables that are asked for this setting; the first that is not empty counts.
    pub(crate) fn environment(&self) -> impl Iterator<Item = String> + '_ {
        let own = format!("KINDE_{}", self.name.to_ascii_uppercase());
        std::iter::once(own).chain(self.environment.iter().map(|name| (*name).to_owned()))
    }

    /// Whether the value must not be seen, even when it is wrong.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(
            self.kind,
            Kind::Secret | Kind::Secrets | Kind::Proxy | Kind::Store | Kind::KeySet | Kind::Object
        )
    }
}

impl Kind {
    /// What is accepted, as it stands in the documentation.
    pub(crate) fn accepts(self) -> String {
        match self {
            Kind::Boolean => "`true` or `false`".into(),
            Kind::Whole { unit, min, max } => format!("whole number of {unit}, {min} to {max}"),
            Kind::Choice(names) => one_of("", names),
            Kind::Choices(names) => one_of("list of ", names),
            Kind::Text => "text of printable ASCII".into(),
            Kind::Secret => "secret text of printable ASCII".into(),
            Kind::Secrets => "list of secret texts, each of at least 32 bytes".into(),
            Kind::Words => "list of names".into(),
            Kind::Scope => "list of scopes".into(),
            Kind::Domain => "host, or URL without path".into(),
            Kind::Origins => "list of origins".into(),
            Kind::RedirectUri => "absolute URL without fragment".into(),
            Kind::Issuer => "URL without query and fragment".into(),
            Kind::Issuers => "list of URLs without query and fragment".into(),
            Kind::Endpoint => "path on the domain, or URL".into(),
            Kind::Hosts => "list of hosts".into(),
            Kind::KeySet => "JSON object with public `keys` (RFC 7517)".into(),
            Kind::Object => "JSON object".into(),
            Kind::Path => "path of a file".into(),
            Kind::Proxy => "`off`, or URL with `http`, `https`, `socks5` or `socks5h`".into(),
            Kind::Store => "`redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS, several hosts \
                 separated by commas for a Cluster, `?sentinel=master` for Sentinels, `?prefix=` of the \
                 keys; or `memory:`"
                .into(),
        }
    }
}

fn one_of(prefix: &str, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{prefix}{}", names.join(", "))
}

/// Makes the table, and a name for each row so that no row is looked up by text.
macro_rules! settings {
    ($($name:ident: $kind:expr, $default:expr, [$($variable:literal),*], $documentation:literal;)*) => {
        /// The name of a setting, as it is given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(non_camel_case_types)]
        pub(crate) enum Name { $($name),* }

        /// Every setting, in the order of the documentation.
        pub(crate) static SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            kind: $kind,
            default: $default,
            environment: &[$($variable),*],
            documentation: $documentation,
        }),*];

        const NAMES: &[Name] = &[$(Name::$name),*];
    };
}

impl Name {
    pub(crate) fn of(text: &str) -> Option<Name> {
        let row = SETTINGS.iter().position(|setting| setting.name == text)?;
        NAMES.get(row).copied()
    }

    pub(crate) fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }

    pub(crate) fn all() -> impl Iterator<Item = Name> {
        NAMES.iter().copied()
    }
}

const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Whole {
        unit: "seconds",
        min,
        max,
    }
}

const fn milliseconds(min: u64, max: u64) -> Kind {
    Kind::Whole {
        unit: "milliseconds",
        min,
        max,
    }
}

use Absent::{From, Nothing, Required, Value};

settings! {
    domain: Kind::Domain, Required, ["KINDE_HOST"],
        "Where users sign in: `example.kinde.com`, or your custom domain.";
    management_domain: Kind::Domain, From("`domain`"), [],
        "The `kinde.com` domain for the Management API and machine tokens; needed beside a custom domain.";
    client_id: Kind::Text, Required, ["KINDE_BACKEND_CLIENT_ID", "KINDE_FRONTEND_CLIENT_ID"],
        "The application's client id.";
    client_secret: Kind::Secret, Nothing, [],
        "The application's client secret; a public client has none.";
    management_client_id: Kind::Text, From("`client_id`"), [],
        "The client id of the machine-to-machine application.";
    management_client_secret: Kind::Secret, From("`client_secret`"), [],
        "The client secret of the machine-to-machine application.";
    management_audience: Kind::Text, From("`https://<management_domain>/api`"), [],
        "The audience of tokens for the Management API.";
    redirect_uri: Kind::RedirectUri, Nothing, ["KINDE_REDIRECT_URL", "KINDE_CALLBACK_URL"],
        "Where Kinde sends the user after sign-in, exactly as it is allowed at Kinde.";
    logout_redirect_uri: Kind::RedirectUri, Nothing, ["KINDE_POST_LOGOUT_REDIRECT_URL", "KINDE_LOGOUT_URL"],
        "Where Kinde sends the user after logout, exactly as it is allowed at Kinde.";
    scope: Kind::Scope, Value("openid profile email offline"), [],
        "The scopes of a user's sign-in; never sent with client credentials.";
    audience: Kind::Words, Value(""), [],
        "The APIs for which access tokens are requested; a token must be for one of them.";
    any_audience: Kind::Boolean, Value("false"), [],
        "Whether access tokens may be for any API: for hosts that ask for an audience at a sign-in and do not keep which.";
    grant_type: Kind::Choice(GrantType::VARIANTS), Value("authorization_code"), [],
        "The grant by which tokens are obtained.";
    pkce: Kind::Boolean, Value("true"), [],
        "Proof key for code exchange (RFC 7636); `false` only with a client secret.";
    client_auth_method: Kind::Choice(ClientAuthMethod::VARIANTS), Value("client_secret_post"), [],
        "How the client secret is sent to the token endpoint.";
    issuer: Kind::Issuer, From("`domain`"), [],
        "The `iss` of tokens, letter by letter.";
    extra_issuers: Kind::Issuers, Value(""), [],
        "Further issuers whose tokens are accepted, each with its own keys.";
    discovery: Kind::Choice(DiscoverySetting::VARIANTS), Value("off"), [],
        "Whether endpoints come from the issuer's metadata; `any_origin` lets them stand elsewhere than the issuer.";
    authorization_endpoint: Kind::Endpoint, Value("/oauth2/auth"), [],
        "The authorization endpoint.";
    token_endpoint: Kind::Endpoint, Value("/oauth2/token"), [],
        "The token endpoint.";
    logout_endpoint: Kind::Endpoint, Value("/logout"), [],
        "The page that ends the sign-in at Kinde.";
    userinfo_endpoint: Kind::Endpoint, Value("/oauth2/v2/user_profile"), [],
        "The endpoint that tells who the user is.";
    revocation_endpoint: Kind::Endpoint, Value("/oauth2/revoke"), [],
        "The revocation endpoint (RFC 7009).";
    introspection_endpoint: Kind::Endpoint, Value("/oauth2/introspect"), [],
        "The introspection endpoint (RFC 7662).";
    device_authorization_endpoint: Kind::Endpoint, Value("/oauth2/device/auth"), [],
        "The device authorization endpoint (RFC 8628).";
    jwks_url: Kind::Endpoint, Value("/.well-known/jwks.json"), [],
        "The issuer's keys.";
    jwks: Kind::KeySet, Nothing, [],
        "The issuer's keys themselves; then `jwks_url` is not fetched.";
    allowed_algorithms: Kind::Choices(Algorithm::VARIANTS), Value("RS256"), [],
        "The algorithms with which tokens may be signed; `none` and symmetric ones are refused.";
    access_token_format: Kind::Choice(AccessTokenFormat::VARIANTS), From("`jwt`; `opaque` with `discovery`"), [],
        "Whether access tokens are verified and read, or only carried.";
    id_token_audience_fallback: Kind::Boolean, Value("false"), [],
        "Accept an ID token for the issuer alone if its `azp` is the client.";
    clock_leeway_seconds: seconds(0, 600), Value("60"), [],
        "How far clocks may differ when a token's times are judged.";
    connect_timeout_ms: milliseconds(1, 300_000), Value("5000"), [],
        "How long making a connection may take.";
    timeout_ms: milliseconds(1, 600_000), Value("15000"), [],
        "How long a call may take, with all its requests and repetitions.";
    max_response_bytes: Kind::Whole { unit: "bytes", min: 1024, max: 67_108_864 }, Value("1048576"), [],
        "The largest answer that is read, after decompression.";
    jwks_cooldown_seconds: seconds(0, 3600), Value("30"), [],
        "How long to wait before keys are fetched again because a token names an unknown one.";
    ca_file: Kind::Path, Nothing, [],
        "A PEM file of certificate authorities that are trusted beside the system's.";
    proxy: Kind::Proxy, From("the environment's `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`"), [],
        "The proxy for all requests but those to loopback hosts.";
    insecure_hosts: Kind::Hosts, Value(""), [],
        "Development hosts that may be spoken to without TLS; loopback hosts always may.";
    auto_refresh: Kind::Boolean, Value("true"), [],
        "Whether an expired access token is renewed by itself.";
    authorization_params: Kind::Object, Value("{}"), [],
        "Authorization parameters for every sign-in; those of a call win.";
    return_origins: Kind::Origins, Value(""), [],
        "Origins, beside that of `redirect_uri`, to which a user may return after sign-in.";
    sign_in_lifetime_seconds: seconds(1, 3600), Value("900"), [],
        "How long a sign-in that was begun can be finished.";
    seal_keys: Kind::Secrets, Value(""), [],
        "Keys of sealed sessions: the first seals, all open.";
    store_url: Kind::Store, Value("memory:"), [],
        "Where sessions are kept; with anything but `memory:` they are sealed, and `seal_keys` required.";
    store_timeout_ms: milliseconds(1, 60_000), Value("2000"), [],
        "How long one command of the store may take, with all its repetitions.";
    session_idle_seconds: seconds(60, 34_560_000), Value("1296000"), [],
        "How long a kept session lives without use.";
    session_max_seconds: seconds(60, 34_560_000), Value("2592000"), [],
        "How long a kept session lives at all.";
    revoke_on_logout: Kind::Boolean, Value("true"), [],
        "Whether logout revokes the refresh token.";
    share_machine_tokens: Kind::Boolean, Value("false"), [],
        "Whether machine tokens are kept in the store too, so that all machines use one.";
    webhook_tolerance_seconds: seconds(1, 2_592_000), Value("172800"), [],
        "How old a webhook may be; Kinde tries again for 36 hours.";
    api_validation: Kind::Choice(ApiValidation::VARIANTS), Value("strict"), [],
        "Whether unknown fields of an API call are refused before it is sent.";
    api_concurrency: Kind::Whole { unit: "requests", min: 1, max: 1000 }, Value("10"), [],
        "How many requests to the Management API may be under way at once, of all clients in this process that are equal in their transport.";
    worker_threads: Kind::Whole { unit: "threads", min: 1, max: 64 }, Value("2"), [],
        "Threads of the library in this process; the first client that needs the network decides.";
    user_agent: Kind::Text, Nothing, [],
        "Added to the `User-Agent` header: which program or binding calls.";
    framework: Kind::Text, Nothing, [],
        "The `Kinde-SDK` header: which framework calls, such as `Ruby/2.0.0`.";
}
