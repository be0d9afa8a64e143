//! What can be asked about the user of an access token, and the shapes of the answers.

use serde_json::{Value, json};
use url::Url;

use super::call::Call;
use super::catalogue::{List, Operation, operation};
use super::pages::{self, Page, malformed};
use crate::config::PlainHttp;
use crate::error::{Error, Result};
use crate::oauth::check_profile_version;
use crate::params::{Fields, nearest};
use crate::token::flag_type_word;

/// The names of what can be asked for, as [`AccountRequest::from_json`] takes them.
const NAMES: &[&str] = &[
    "permissions",
    "roles",
    "flags",
    "properties",
    "entitlements",
    "entitlement",
    "portal_url",
    "user_profile",
    "refresh_claims",
];

// The lists, by the names of the catalogue. One entitlement is found in its list too: what the
// operation for one takes is not settled among Kinde's own SDKs.
const PERMISSIONS: &str = "get_user_permissions";
const ROLES: &str = "get_user_roles";
const FEATURE_FLAGS: &str = "get_feature_flags";
const PROPERTIES: &str = "get_user_properties";
const ENTITLEMENTS: &str = "get_entitlements";

/// The longest text of a parameter, in bytes.
const TEXT_LIMIT: usize = 2048;

/// What [`Session::fetch`](crate::Session::fetch) asks Kinde for.
///
/// Of a list, `None` asks for all of it. A [`PageRequest`] asks for one page, whose answer has the
/// items as Kinde describes them and `metadata: {has_more, next_page_starting_after}` beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountRequest {
    /// `{org_code, permissions: [key]}`
    Permissions(Option<PageRequest>),
    /// `{org_code, roles: [{id, key, name}]}`
    Roles(Option<PageRequest>),
    /// `{feature_flags: [{key, type, value}]}`, with types in words: `boolean`, `string`, `integer`,
    /// `object`.
    Flags(Option<PageRequest>),
    /// `{properties: [{id, key, name, value}]}`
    Properties(Option<PageRequest>),
    /// `{org_code, plans, entitlements}`, with the fields that Kinde gives.
    Entitlements(Option<PageRequest>),
    /// `{org_code, entitlement}`: the one to the feature with this key, or `null`.
    Entitlement {
        /// The `feature_key`.
        key: String,
    },
    /// `{url}`: a link that opens Kinde's self-serve portal once.
    PortalUrl {
        /// Where the portal leads back to: an absolute URL.
        return_url: Option<String>,
        /// The page of the portal, such as `profile` or `plan_selection`.
        page: Option<String>,
    },
    /// The user's profile, whose subject is the session's.
    UserProfile {
        /// `v2`, `v1` or `userinfo`, as in [`UserProfileRequest`](crate::UserProfileRequest).
        version: Option<String>,
    },
    /// `{refreshed}`: has Kinde work out the user's claims anew, and gets tokens with them.
    RefreshClaims,
}

/// Which page of a list to give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// How many items, from 1 to 500; Kinde's own default is 10.
    pub page_size: Option<u32>,
    /// The id of the last item of the page before; without it, the first page.
    pub starting_after: Option<String>,
}

impl AccountRequest {
    /// Reads what is asked for by its name, with a JSON object of parameters:
    ///
    /// - `permissions`, `roles`, `flags`, `properties`, `entitlements`: `{page_size,
    ///   starting_after}`; without both, all pages
    /// - `entitlement`: `{key}`
    /// - `portal_url`: `{return_url, page}`; `sub_nav` is another name of `page`
    /// - `user_profile`: `{version}`
    /// - `refresh_claims`: `{}`
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with the field `what`, naming what is near, or with each parameter that is
    /// unknown or wrong.
    pub fn from_json(what: &str, params_json: &str) -> Result<Self> {
        if !NAMES.contains(&what) {
            return Err(unknown(what));
        }
        let mut fields = Fields::parse(params_json)?;
        let request = match what {
            "permissions" => AccountRequest::Permissions(PageRequest::take(&mut fields)),
            "roles" => AccountRequest::Roles(PageRequest::take(&mut fields)),
            "flags" => AccountRequest::Flags(PageRequest::take(&mut fields)),
            "properties" => AccountRequest::Properties(PageRequest::take(&mut fields)),
            "entitlements" => AccountRequest::Entitlements(PageRequest::take(&mut fields)),
            "entitlement" => AccountRequest::Entitlement {
                key: fields.require_string("key"),
            },
            "portal_url" => portal_request(&mut fields),
            "user_profile" => AccountRequest::UserProfile {
                version: fields.take_string("version"),
            },
            _ => AccountRequest::RefreshClaims,
        };
        fields.finish()?;
        request.check()?;
        Ok(request)
    }

    /// Refuses what Kinde would not take, before anything is sent.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            AccountRequest::Permissions(page)
            | AccountRequest::Roles(page)
            | AccountRequest::Flags(page)
            | AccountRequest::Properties(page)
            | AccountRequest::Entitlements(page) => {
                page.as_ref().map_or(Ok(()), PageRequest::check)
            }
            AccountRequest::Entitlement { key } if key.is_empty() => {
                Err(Error::invalid_argument("key", "is required"))
            }
            AccountRequest::PortalUrl { return_url, page } => {
                if let Some(page) = page {
                    check_text("page", page)?;
                }
                return_url
                    .as_deref()
                    .map_or(Ok(()), |text| absolute_url(text).map(drop))
            }
            AccountRequest::UserProfile { version } => check_profile_version(version.as_deref()),
            AccountRequest::Entitlement { .. } | AccountRequest::RefreshClaims => Ok(()),
        }
    }
}

impl PageRequest {
    const LARGEST: u32 = 500;

    fn take(fields: &mut Fields) -> Option<PageRequest> {
        let page_size = fields.take_i64("page_size").map(|size| {
            // Out of the range, it is refused with all that is too large.
            u32::try_from(size).unwrap_or(u32::MAX)
        });
        let starting_after = fields.take_string("starting_after");
        (page_size.is_some() || starting_after.is_some()).then_some(PageRequest {
            page_size,
            starting_after,
        })
    }

    fn check(&self) -> Result<()> {
        if self
            .page_size
            .is_some_and(|size| !(1..=Self::LARGEST).contains(&size))
        {
            let message = format!("must be from 1 to {}", Self::LARGEST);
            return Err(Error::invalid_argument("page_size", message));
        }
        match &self.starting_after {
            Some(cursor) => check_text("starting_after", cursor),
            None => Ok(()),
        }
    }
}

fn unknown(what: &str) -> Error {
    let near = nearest(what, &mut NAMES.iter().copied());
    let near = match near.is_empty() {
        true => String::new(),
        false => format!("; the nearest known are {}", near.join(", ")),
    };
    let message = format!("unknown{near}; accepted are {}", NAMES.join(", "));
    Error::invalid_argument("what", message)
}

fn portal_request(fields: &mut Fields) -> AccountRequest {
    let return_url = fields.take_string("return_url");
    let page = fields.take_string("page");
    let sub_nav = fields.take_string("sub_nav");
    if page.is_some() && sub_nav.is_some() {
        fields.wrong("sub_nav", "is another name of page; give one of them");
    }
    AccountRequest::PortalUrl {
        return_url,
        page: page.or(sub_nav),
    }
}

fn check_text(field: &str, text: &str) -> Result<()> {
    if text.is_empty() || text.len() > TEXT_LIMIT || text.chars().any(char::is_control) {
        let message = "is empty, longer than 2,048 bytes, or contains control characters";
        return Err(Error::invalid_argument(field, message));
    }
    Ok(())
}

/// The address to which the portal leads back: readers must not differ about where that is.
fn absolute_url(text: &str) -> Result<Url> {
    let wrong = |message| Err(Error::invalid_argument("return_url", message));
    check_text("return_url", text)?;
    if text.trim() != text || text.contains('\\') {
        return wrong("contains a backslash or surrounding space");
    }
    let is_whole = text.split_once("://").is_some_and(|(scheme, rest)| {
        ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
            && !rest.starts_with('/')
    });
    match Url::parse(text) {
        Ok(url) if is_whole && url.has_host() => {
            if !url.username().is_empty() || url.password().is_some() {
                return wrong("contains user info");
            }
            Ok(url)
        }
        _ => wrong("must be an absolute http(s) URL"),
    }
}

/// The lists by which a user's rights are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed {
    Permissions,
    Roles,
    Flags,
    Entitlements,
}

impl Listed {
    /// All of the list, as Kinde describes its items.
    pub(crate) async fn fetch(self, call: &Call<'_>) -> Result<Vec<Value>> {
        let operation = operation(match self {
            Listed::Permissions => PERMISSIONS,
            Listed::Roles => ROLES,
            Listed::Flags => FEATURE_FLAGS,
            Listed::Entitlements => ENTITLEMENTS,
        })?;
        let all = pages::all(call, operation, list_of(operation)?, |_| false);
        Ok(all.await?.items)
    }
}

/// Asks the Account API. What needs more than its token is none of it: a profile, new claims.
pub(crate) async fn answer(call: &Call<'_>, request: &AccountRequest) -> Result<Value> {
    match request {
        AccountRequest::Permissions(page) => {
            let key = |item: &Value| item["key"].clone();
            listed(call, PERMISSIONS, page.as_ref(), key).await
        }
        AccountRequest::Roles(page) => {
            let role =
                |item: &Value| json!({"id": item["id"], "key": item["key"], "name": item["name"]});
            listed(call, ROLES, page.as_ref(), role).await
        }
        AccountRequest::Flags(page) => listed(call, FEATURE_FLAGS, page.as_ref(), flag).await,
        AccountRequest::Properties(page) => {
            let property = |item: &Value| {
                json!({
                    "id": item["id"],
                    "key": item["key"],
                    "name": item["name"],
                    "value": item["value"],
                })
            };
            listed(call, PROPERTIES, page.as_ref(), property).await
        }
        AccountRequest::Entitlements(page) => {
            listed(call, ENTITLEMENTS, page.as_ref(), Value::clone).await
        }
        AccountRequest::Entitlement { key } => entitlement(call, key).await,
        AccountRequest::PortalUrl { return_url, page } => {
            portal_url(call, return_url.as_deref(), page.as_deref()).await
        }
        AccountRequest::UserProfile { .. } | AccountRequest::RefreshClaims => Err(
            Error::invalid_argument("what", "is not part of the Account API"),
        ),
    }
}

fn list_of(operation: &'static Operation) -> Result<&'static List> {
    operation
        .list
        .as_ref()
        .ok_or_else(|| malformed(operation, "no list"))
}

/// One page as it came, or all items in the shape of this library.
async fn listed(
    call: &Call<'_>,
    name: &str,
    page: Option<&PageRequest>,
    shape: fn(&Value) -> Value,
) -> Result<Value> {
    let operation = operation(name)?;
    let list = list_of(operation)?;
    if let Some(page) = page {
        let size = page.page_size.map(|size| size.to_string());
        let query: Vec<(&'static str, &str)> = [
            ("page_size", size.as_deref()),
            ("starting_after", page.starting_after.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let page = pages::one(call, operation, list, &query).await?;
        return Ok(page.into_json(list));
    }
    let all = pages::all(call, operation, list, |_| false).await?;
    let Page { items, beside, .. } = all;
    let mut answer = beside;
    let items = items.iter().map(shape).collect();
    answer.insert(list.name.to_owned(), Value::Array(items));
    Ok(Value::Object(answer))
}

fn flag(item: &Value) -> Value {
    let kind = item["type"].as_str().unwrap_or_default();
    json!({"key": item["key"], "type": flag_type_word(kind), "value": item["value"]})
}

async fn entitlement(call: &Call<'_>, key: &str) -> Result<Value> {
    let is_it = |item: &Value| item["feature_key"] == key;
    let operation = operation(ENTITLEMENTS)?;
    let found = pages::all(call, operation, list_of(operation)?, is_it).await?;
    let org_code = found.beside.get("org_code").cloned();
    Ok(json!({
        "org_code": org_code,
        "entitlement": found.items.into_iter().find(is_it),
    }))
}

async fn portal_url(
    call: &Call<'_>,
    return_url: Option<&str>,
    page: Option<&str>,
) -> Result<Value> {
    let mut query = Vec::with_capacity(2);
    query.extend(page.map(|page| ("subnav", page)));
    if let Some(text) = return_url {
        if !PlainHttp::to(&call.settings.insecure_hosts).allows(&absolute_url(text)?) {
            let message = "must begin with https://, unless it is on a development host";
            return Err(Error::invalid_argument("return_url", message));
        }
        query.push(("return_url", text));
    }
    let operation = operation("get_portal_link")?;
    let response = call.ask(operation, &[], &query).await?;
    let answer = response.json_object("the answer to get_portal_link")?;
    let url = answer.get("url").and_then(Value::as_str);
    let url = url.filter(|url| leads_to_portal(url, &call.settings.domain));
    match url {
        Some(url) => Ok(json!({ "url": url })),
        None => Err(malformed(operation, "no https URL").with_field("url")),
    }
}

/// Whether a browser may be sent there: over TLS, or to the host itself that made the link.
fn leads_to_portal(text: &str, domain: &str) -> bool {
    let (Ok(url), Ok(domain)) = (Url::parse(text), Url::parse(domain)) else {
        return false;
    };
    let is_clean = text.len() <= 2 * TEXT_LIMIT
        && !text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        && url.username().is_empty()
        && url.password().is_none();
    is_clean && url.has_host() && (url.scheme() == "https" || url.origin() == domain.origin())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn every_name_is_read() {
        for name in NAMES {
            let params = match *name {
                "entitlement" => r#"{"key":"seats"}"#,
                _ => "{}",
            };
            AccountRequest::from_json(name, params).unwrap();
        }
        let page = PageRequest {
            page_size: Some(2),
            starting_after: Some("id".to_owned()),
        };
        assert_eq!(
            AccountRequest::from_json("roles", r#"{"page_size":2,"starting_after":"id"}"#).unwrap(),
            AccountRequest::Roles(Some(page))
        );
        assert_eq!(
            AccountRequest::from_json("flags", "").unwrap(),
            AccountRequest::Flags(None)
        );
        assert_eq!(
            AccountRequest::from_json("portal_url", r#"{"sub_nav":"profile"}"#).unwrap(),
            AccountRequest::PortalUrl {
                return_url: None,
                page: Some("profile".to_owned()),
            }
        );
    }

    #[test]
    fn what_is_unknown_or_wrong_is_named() {
        for (what, json, field) in [
            ("permission", "{}", "what"),
            ("", "{}", "what"),
            ("roles", "[]", "params"),
            ("roles", r#"{"pageSize":1}"#, "pageSize"),
            ("roles", r#"{"page_size":"1"}"#, "page_size"),
            ("roles", r#"{"page_size":0}"#, "page_size"),
            ("roles", r#"{"page_size":-1}"#, "page_size"),
            ("roles", r#"{"page_size":501}"#, "page_size"),
            ("roles", r#"{"starting_after":""}"#, "starting_after"),
            ("entitlement", "{}", "key"),
            ("entitlement", r#"{"key":5}"#, "key"),
            ("portal_url", r#"{"page":"a","sub_nav":"b"}"#, "sub_nav"),
            ("portal_url", r#"{"page":"a\nb"}"#, "page"),
            ("user_profile", r#"{"version":"v3"}"#, "version"),
            ("refresh_claims", r#"{"sub":"x"}"#, "sub"),
        ] {
            let error = AccountRequest::from_json(what, json).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{what} {json}");
            assert_eq!(error.field(), Some(field), "{what} {json}");
        }
        let error = AccountRequest::from_json("permision", "{}").unwrap_err();
        assert!(
            error.message().contains("nearest known are permissions"),
            "{error}"
        );
    }

    #[test]
    fn a_return_url_is_absolute() {
        for good in [
            "https://a.example",
            "http://localhost:3000/x?y#z",
            "HTTPS://A.example/",
        ] {
            assert!(absolute_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/orders",
            "//a.example",
            "a.example",
            "https:a.example",
            "https:///a.example",
            "https://",
            "javascript:alert(1)",
            "javascript://a.example/%0aalert(1)",
            "ftp://a.example",
            "https://user@a.example",
            "https://a.example\\@b.example",
            " https://a.example",
            "https://a.exa\tmple",
            "https://a.example/\n",
        ] {
            let error = absolute_url(bad).unwrap_err();
            assert_eq!(error.field(), Some("return_url"), "{bad}");
        }
        assert!(absolute_url(&format!("https://a.example/{}", "x".repeat(TEXT_LIMIT))).is_err());
    }

    #[test]
    fn a_portal_link_is_one_that_a_browser_may_be_sent_to() {
        let judge = |url: &str| leads_to_portal(url, "http://127.0.0.1:4455");
        for good in [
            "https://example.kinde.com/portal_redirect?key=k",
            "http://127.0.0.1:4455/portal_redirect?key=k",
        ] {
            assert!(judge(good), "{good}");
        }
        for bad in [
            "",
            "/portal_redirect",
            "http://example.kinde.com/portal_redirect",
            "http://127.0.0.1:4456/",
            "javascript:alert(1)",
            "https://a@b.example/",
            "https://a.example/\n",
            "https://a.example\\b",
        ] {
            assert!(!judge(bad), "{bad}");
        }
    }

    #[test]
    fn the_type_of_a_flag_is_a_word() {
        for (given, word) in [
            ("boolean", "boolean"),
            ("b", "boolean"),
            ("j", "object"),
            ("x", "x"),
        ] {
            let shaped = flag(&json!({"key": "k", "type": given, "value": 1, "name": "n"}));
            assert_eq!(shaped, json!({"key": "k", "type": word, "value": 1}));
        }
    }
}
