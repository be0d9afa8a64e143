//! Questions with a scalar answer allocate nothing, through the C ABI as a C program asks them.

#![cfg(feature = "capi")]

#[path = "../benches/support/mod.rs"]
mod support;

mod capi;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::CString;
use std::ptr::{null, null_mut};

use capi::*;
use serde_json::json;
use support::Issuer;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ACCESS: i32 = 0;
const ID: i32 = 1;

/// A session as a C program holds it.
struct SignedIn {
    client: Handle,
    session: Handle,
}

impl SignedIn {
    fn new() -> Self {
        let issuer = Issuer::new("https://acme.kinde.com");
        let settings = json!({
            "domain": issuer.url, "client_id": support::CLIENT_ID, "client_secret": "secret",
            "redirect_uri": "http://localhost:3000/callback", "jwks": issuer.jwks(),
        });
        let settings = CString::new(settings.to_string()).unwrap();
        let id_token = issuer.sign(&json!({
            "aud": [issuer.url, support::CLIENT_ID], "azp": support::CLIENT_ID,
            "exp": support::now() + 3_600, "iat": support::now(), "iss": issuer.url,
            "sub": "kp_0123456789abcdef0123456789abcdef", "email_verified": true,
        }));
        let tokens = json!({"access_token": issuer.access_token(0), "id_token": id_token});
        let tokens = CString::new(tokens.to_string()).unwrap();
        let (mut client, mut session, error) = (null_mut(), null_mut(), null_mut());
        // SAFETY: texts end with NUL, out parameters are live variables.
        unsafe {
            let config = kinde_config_new();
            assert_eq!(kinde_config_load_json(config, settings.as_ptr(), error), 0);
            assert_eq!(kinde_client_new(config, &raw mut client, error), 0);
            kinde_config_free(config);
            let status =
                kinde_session_from_tokens(client, tokens.as_ptr(), &raw mut session, error);
            assert_eq!(status, 0);
        }
        SignedIn { client, session }
    }
}

impl Drop for SignedIn {
    fn drop(&mut self) {
        // SAFETY: the handles are ours and freed once.
        unsafe {
            kinde_session_free(self.session);
            kinde_client_free(self.client);
        }
    }
}

/// Asks twice, because the first question of a kind may build an index; counts the second time.
fn count(question: impl Fn() -> i32) -> usize {
    assert_eq!(question(), 0);
    let before = ALLOCATIONS.get();
    assert_eq!(question(), 0);
    ALLOCATIONS.get() - before
}

#[test]
fn scalar_questions_allocate_nothing() {
    let signed_in = SignedIn::new();
    let session = signed_in.session;
    let truth = Cell::new(false);
    let number = Cell::new(0i64);
    let error: *mut Handle = null_mut();

    // SAFETY: for each call, the session lives, texts end with NUL, answers are live variables.
    let counts = unsafe {
        [
            (
                "is_authenticated",
                count(|| kinde_session_is_authenticated(session, truth.as_ptr(), error)),
                truth.take() as i64,
                1,
            ),
            (
                "expires_at",
                count(|| kinde_session_expires_at(session, number.as_ptr(), error)),
                (number.take() > 0) as i64,
                1,
            ),
            (
                "has_permission",
                count(|| {
                    kinde_session_has_permission(
                        session,
                        c"action19:resource19".as_ptr(),
                        ACCESS,
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                1,
            ),
            (
                "has_permission, not given",
                count(|| {
                    kinde_session_has_permission(
                        session,
                        c"action20:resource20".as_ptr(),
                        ACCESS,
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                0,
            ),
            (
                "has_role",
                count(|| {
                    kinde_session_has_role(
                        session,
                        c"admin".as_ptr(),
                        ACCESS,
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                1,
            ),
            (
                "claim_boolean",
                count(|| {
                    kinde_session_claim_boolean(
                        session,
                        c"email_verified".as_ptr(),
                        ID,
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                1,
            ),
            (
                "claim_integer",
                count(|| {
                    kinde_session_claim_integer(
                        session,
                        c"exp".as_ptr(),
                        ACCESS,
                        number.as_ptr(),
                        error,
                    )
                }),
                (number.take() > 0) as i64,
                1,
            ),
            (
                "flag_boolean",
                count(|| {
                    kinde_session_flag_boolean(
                        session,
                        c"feature_flag_0".as_ptr(),
                        null(),
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                1,
            ),
            (
                "flag_boolean, by default",
                count(|| {
                    kinde_session_flag_boolean(
                        session,
                        c"no_such_flag".as_ptr(),
                        &true,
                        truth.as_ptr(),
                        error,
                    )
                }),
                truth.take() as i64,
                1,
            ),
            (
                "flag_integer",
                count(|| {
                    kinde_session_flag_integer(
                        session,
                        c"feature_flag_14".as_ptr(),
                        null(),
                        number.as_ptr(),
                        error,
                    )
                }),
                number.take(),
                1_400,
            ),
        ]
    };
    assert!(ALLOCATIONS.get() > 0, "the counter counts");
    for (question, allocations, answer, expected) in counts {
        assert_eq!(answer, expected, "answer of {question}");
        assert_eq!(allocations, 0, "allocations of {question}");
    }
}
