use proptest::prelude::*;

use super::*;
use crate::token::Claims;

fn verifier() -> &'static Verifier {
    static VERIFIER: OnceLock<Verifier> = OnceLock::new();
    VERIFIER.get_or_init(|| verifier_with(&[rsa_jwk(0, "k1")]))
}

fn good() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| rs256(0, "k1", &access_claims()))
}

/// Asks everything, for the sake of not failing.
fn ask(claims: &Claims) {
    for name in ["iss", "permissions", "", "\u{0}", "x"] {
        let _ = (
            claims.claim(name),
            claims.string(name),
            claims.integer(name),
        );
        let _ = (
            claims.boolean(name),
            claims.has_permission(name),
            claims.has_role(name),
        );
        let _ = claims.flag_question(name, None, None);
    }
    let _ = (
        claims.permissions(),
        claims.roles(),
        claims.flags(),
        claims.user(),
    );
    let _ = (claims.org_code(), claims.org_codes());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn claim_name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "iss",
            "sub",
            "aud",
            "azp",
            "exp",
            "iat",
            "nonce",
            "scp",
            "permissions",
            "roles",
            "feature_flags",
            "org_codes",
            "x-hasura-permissions",
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_judged(text in ".*") {
        prop_assert!(verify(verifier(), &text, RS256).is_err());
    }

    #[test]
    fn any_header_and_payload_are_judged(header in ".*", payload in ".*", signature: Vec<u8>) {
        let token = token(&header, &payload, |_| signature.clone());
        prop_assert!(verify(verifier(), &token, RS256).is_err());
    }

    #[test]
    fn a_changed_token_never_verifies(at: prop::sample::Index, to in "[A-Za-z0-9_.=+/ -]") {
        verify(verifier(), good(), RS256).unwrap();
        let at = at.index(good().len());
        prop_assume!(good()[at..=at] != to);
        let changed = format!("{}{to}{}", &good()[..at], &good()[at + 1..]);
        prop_assert!(verify(verifier(), &changed, RS256).is_err());
    }

    #[test]
    fn a_cut_or_lengthened_token_never_verifies(at: prop::sample::Index, more in "[A-Za-z0-9.]+") {
        let at = at.index(good().len());
        prop_assert!(verify(verifier(), &good()[..at], RS256).is_err());
        prop_assert!(verify(verifier(), &[good(), &more].concat(), RS256).is_err());
    }

    #[test]
    fn any_claims_can_be_asked(claims in prop::collection::vec((claim_name(), json_value()), 0..12)) {
        let claims: Value = Value::Object(claims.into_iter().collect());
        let parsed = Claims::from_verified_text(claims.to_string()).unwrap();
        ask(&parsed);
        for (name, value) in claims.as_object().unwrap() {
            let found: Value = serde_json::from_str(parsed.claim(name).unwrap()).unwrap();
            let written: Value = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(found, written);
        }
        prop_assert_eq!(parsed.claim("no such claim at all"), None);
    }

    #[test]
    fn any_claims_can_be_judged(claims in prop::collection::vec((claim_name(), json_value()), 0..12)) {
        let claims: Value = Value::Object(claims.into_iter().collect());
        let settings = settings(&[]);
        let token = signed(&claims);
        let _ = crate::token::judge_access(&token, &crate::token::AccessRules::new(&settings), NOW);
        let _ = crate::token::judge_id(&token, &crate::token::IdRules::new(&settings), NOW);
    }

    #[test]
    fn every_permission_is_found(permissions in prop::collection::vec(".{0,12}", 0..40), other in ".{0,12}") {
        let claims = Claims::from_verified_text(json!({"permissions": permissions}).to_string()).unwrap();
        for permission in &permissions {
            prop_assert!(claims.has_permission(permission));
        }
        prop_assert_eq!(claims.has_permission(&other), permissions.contains(&other));
        prop_assert_eq!(claims.permissions(), permissions);
    }
}
