//! The pages: plain HTML without scripts, every text escaped.

use std::fmt::Write as _;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::config::{Organization, User};

const STYLE: &str = include_str!("pages.css");

pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Answers with a page. `form-action` is not restricted: a form ends at the application by way of redirects, and
/// browsers would apply the restriction to each of them.
fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Kinde emulator</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{content}\n\
         <footer><p>This is kinde-emulator, for development and tests. Nothing here is secret.</p></footer>\n</main>\n\
         </body>\n</html>\n",
        title = escape(title),
    );
    let style_hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style_hash}'; img-src data: https: http:; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&policy)
                .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'")),
        ),
    ];
    (status, headers, html).into_response()
}

fn alarm(mistake: Option<&str>) -> String {
    mistake
        .map(|text| {
            format!(
                "<p class=\"alarm\" role=\"alert\" id=\"mistake\">{}</p>\n",
                escape(text)
            )
        })
        .unwrap_or_default()
}

/// What a form of a sign-in under way needs.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    pub id: &'a str,
    /// The application's name.
    pub application: &'a str,
    /// Whether there is an application to send an error to.
    pub can_refuse: bool,
    pub mistake: Option<&'a str>,
}

impl Flow<'_> {
    fn status(&self) -> StatusCode {
        if self.mistake.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }

    fn described_by(&self) -> &'static str {
        if self.mistake.is_some() {
            " aria-invalid=\"true\" aria-describedby=\"mistake\""
        } else {
            ""
        }
    }

    fn hidden(&self) -> String {
        format!(
            "<input type=\"hidden\" name=\"flow\" value=\"{}\">",
            escape(self.id)
        )
    }
}

pub fn sign_in(flow: Flow<'_>, email: &str, users: &[User]) -> Response {
    let mut content = format!(
        "<h1>Sign in</h1>\n<p>to {application}</p>\n{alarm}<form method=\"post\" action=\"sign-in\">\n{hidden}\n\
         <label for=\"email\">E-mail address</label>\n\
         <input id=\"email\" name=\"email\" type=\"text\" inputmode=\"email\" autocomplete=\"username\" value=\"{email}\" \
         required autofocus{described_by}>\n\
         <label for=\"password\">Password</label>\n\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" aria-describedby=\"password-note\">\n\
         <small id=\"password-note\">Leave it empty for users without one.</small>\n\
         <button name=\"action\" value=\"submit\">Continue</button>\n</form>\n",
        application = escape(flow.application),
        alarm = alarm(flow.mistake),
        hidden = flow.hidden(),
        email = escape(email),
        described_by = flow.described_by(),
    );
    content.push_str(&quick_choices(flow, users));
    // Writing to a string cannot fail.
    let _ = write!(
        content,
        "<p>No account? <a href=\"register?flow={id}\">Create one</a></p>\n{ways_out}",
        id = escape(flow.id),
        ways_out = ways_out(flow),
    );
    page(flow.status(), "Sign in", &content)
}

fn quick_choices(flow: Flow<'_>, users: &[User]) -> String {
    let mut choices = String::new();
    for user in users.iter().filter(|user| user.password.is_none()).take(8) {
        let _ = writeln!(
            choices,
            "<button class=\"plain\" name=\"email\" value=\"{email}\">{name} <small>{email}</small></button>",
            email = escape(&user.email),
            name = escape(&user.full_name()),
        );
    }
    if choices.is_empty() {
        return choices;
    }
    format!(
        "<h2>Or continue as</h2>\n<form method=\"post\" action=\"sign-in\">\n{}\n{choices}</form>\n",
        flow.hidden()
    )
}

/// The answers other than signing in, which an application must cope with too.
fn ways_out(flow: Flow<'_>) -> String {
    if !flow.can_refuse {
        return String::new();
    }
    format!(
        "<details><summary>Test the unhappy paths</summary>\n<form method=\"post\" action=\"sign-in\">\n{}\n\
         <button class=\"plain\" name=\"action\" value=\"cancel\">Refuse: access_denied</button>\n\
         <button class=\"plain\" name=\"action\" value=\"expire\">Stale link: login_link_expired</button>\n\
         </form></details>\n",
        flow.hidden()
    )
}

/// What was typed on the registration page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registration<'a> {
    pub email: &'a str,
    pub given_name: &'a str,
    pub family_name: &'a str,
}

pub fn register(flow: Flow<'_>, typed: Registration<'_>, organization: Option<&str>) -> Response {
    let organization = organization
        .map(|name| {
            format!(
                "<p>A new organization comes with it: <strong>{}</strong></p>\n",
                escape(name)
            )
        })
        .unwrap_or_default();
    let content = format!(
        "<h1>Create an account</h1>\n<p>for {application}</p>\n{organization}{alarm}<form method=\"post\" action=\"register\">\n{hidden}\n\
         <label for=\"email\">E-mail address</label>\n\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" value=\"{email}\" required autofocus{described_by}>\n\
         <div class=\"two\"><div><label for=\"given_name\">First name</label>\n\
         <input id=\"given_name\" name=\"given_name\" autocomplete=\"given-name\" value=\"{given_name}\" required></div>\n\
         <div><label for=\"family_name\">Last name</label>\n\
         <input id=\"family_name\" name=\"family_name\" autocomplete=\"family-name\" value=\"{family_name}\" required></div></div>\n\
         <button name=\"action\" value=\"submit\">Create account</button>\n</form>\n\
         <p>Have an account? <a href=\"sign-in?flow={id}\">Sign in</a></p>\n{ways_out}",
        application = escape(flow.application),
        alarm = alarm(flow.mistake),
        hidden = flow.hidden(),
        email = escape(typed.email),
        given_name = escape(typed.given_name),
        family_name = escape(typed.family_name),
        described_by = flow.described_by(),
        id = escape(flow.id),
        ways_out = ways_out(flow),
    );
    page(flow.status(), "Create an account", &content)
}

pub fn choose_organization(flow: Flow<'_>, organizations: &[&Organization]) -> Response {
    let mut choices = String::new();
    for (index, organization) in organizations.iter().enumerate() {
        let _ = writeln!(
            choices,
            "<label class=\"choice\"><input type=\"radio\" name=\"org_code\" value=\"{code}\"{checked}> {name}</label>",
            code = escape(&organization.code),
            name = escape(&organization.name),
            checked = if index == 0 { " checked autofocus" } else { "" },
        );
    }
    let content = format!(
        "<h1>Choose an organization</h1>\n<p>for {application}</p>\n{alarm}<form method=\"post\" action=\"organization\">\n{hidden}\n\
         <fieldset><legend>Your organizations</legend>\n{choices}</fieldset>\n\
         <button>Continue</button>\n</form>",
        application = escape(flow.application),
        alarm = alarm(flow.mistake),
        hidden = flow.hidden(),
    );
    page(flow.status(), "Choose an organization", &content)
}

pub fn device_code(user_code: &str, mistake: Option<&str>) -> Response {
    let content = format!(
        "<h1>Connect a device</h1>\n<p>Type the code that your device shows.</p>\n{alarm}<form method=\"get\" action=\"device\">\n\
         <label for=\"user_code\">Code</label>\n\
         <input class=\"code\" id=\"user_code\" name=\"user_code\" value=\"{user_code}\" autocomplete=\"off\" \
         autocapitalize=\"characters\" spellcheck=\"false\" placeholder=\"BCDF-GHJK\" required autofocus>\n\
         <button>Continue</button>\n</form>",
        alarm = alarm(mistake),
        user_code = escape(user_code),
    );
    let status = if mistake.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    page(status, "Connect a device", &content)
}

/// Asks the signed-in person whether this device may act for them.
pub fn device_consent(flow: Flow<'_>, user_code: &str, email: &str, scopes: &[String]) -> Response {
    let content = format!(
        "<h1>Allow {application}?</h1>\n<p>You are signed in as <strong>{email}</strong>.</p>\n\
         <p>Check that your device shows the code <strong class=\"code\">{user_code}</strong>. It asks for: <code>{scopes}</code></p>\n\
         <form method=\"post\" action=\"device\">\n{hidden}\n\
         <button name=\"action\" value=\"approve\">Allow</button>\n\
         <button class=\"plain centre\" name=\"action\" value=\"deny\">Deny</button>\n</form>",
        application = escape(flow.application),
        email = escape(email),
        user_code = escape(user_code),
        scopes = escape(&scopes.join(" ")),
        hidden = flow.hidden(),
    );
    page(StatusCode::OK, "Connect a device", &content)
}

/// A page with one message.
pub fn message(title: &str, text: &str) -> Response {
    let content = format!("<h1>{}</h1>\n<p>{}</p>", escape(title), escape(text));
    page(StatusCode::OK, title, &content)
}

/// A mistake that must not be sent to any address (RFC 6749, section 4.1.2.1).
pub fn error(status: StatusCode, reason: &str) -> Response {
    let content = format!(
        "<h1>This request cannot be answered</h1>\n<p class=\"alarm\" role=\"alert\">{}</p>",
        escape(reason)
    );
    page(status, "Error", &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_html_could_read_is_escaped() {
        assert_eq!(
            escape("<a href=\"x\" title='y'>&"),
            "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;"
        );
    }
}
