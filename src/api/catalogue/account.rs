//! The Account API, with the one operation of the Management API that users' sessions need.

use super::{Host, List, Operation};
use crate::http::{Method, Repeat};

pub(crate) const PERMISSIONS: Operation = list(
    "get_user_permissions",
    "/account_api/v1/permissions",
    List {
        name: "permissions",
        keys: &["key"],
        beside: &["org_code"],
    },
);

pub(crate) const ROLES: Operation = list(
    "get_user_roles",
    "/account_api/v1/roles",
    List {
        name: "roles",
        keys: &["key"],
        beside: &["org_code"],
    },
);

pub(crate) const FEATURE_FLAGS: Operation = list(
    "get_feature_flags",
    "/account_api/v1/feature_flags",
    List {
        name: "feature_flags",
        keys: &["key", "type"],
        beside: &[],
    },
);

pub(crate) const PROPERTIES: Operation = list(
    "get_user_properties",
    "/account_api/v1/properties",
    List {
        name: "properties",
        keys: &["key"],
        beside: &[],
    },
);

/// One entitlement is found in this list too: what the operation for one takes is not settled among
/// Kinde's own SDKs.
pub(crate) const ENTITLEMENTS: Operation = list(
    "get_entitlements",
    "/account_api/v1/entitlements",
    List {
        name: "entitlements",
        keys: &["feature_key"],
        beside: &["org_code", "plans"],
    },
);

/// `{url}`, with nothing around it.
pub(crate) const PORTAL_LINK: Operation = Operation {
    name: "get_portal_link",
    method: Method::Get,
    path: "/account_api/v1/portal_link",
    host: Host::Domain,
    repeat: Repeat::Idempotent,
    list: None,
};

/// Needs a machine's token with the scope `update:user_refresh_claims`. Asking twice does what
/// asking once does.
pub(crate) const REFRESH_USER_CLAIMS: Operation = Operation {
    name: "refresh_user_claims",
    method: Method::Post,
    path: "/api/v1/users/{user_id}/refresh_claims",
    host: Host::ManagementDomain,
    repeat: Repeat::Idempotent,
    list: None,
};

const fn list(name: &'static str, path: &'static str, list: List) -> Operation {
    Operation {
        name,
        method: Method::Get,
        path,
        host: Host::Domain,
        repeat: Repeat::Idempotent,
        list: Some(list),
    }
}
