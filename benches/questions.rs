//! Questions and URLs through the C ABI, as a C program calls them.

mod support;

use std::ffi::{c_char, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};

use criterion::{Criterion, criterion_group, criterion_main};
use kinde::{Client, Config};
use serde_json::json;
use support::Issuer;

unsafe extern "C" {
    fn kinde_config_new() -> *mut c_void;
    fn kinde_config_load_json(c: *mut c_void, json: *const c_char, e: *mut *mut c_void) -> i32;
    fn kinde_client_new(c: *const c_void, out: *mut *mut c_void, e: *mut *mut c_void) -> i32;
    fn kinde_client_free(client: *mut c_void);
    fn kinde_session_from_tokens(
        client: *mut c_void,
        tokens: *const c_char,
        out: *mut *mut c_void,
        e: *mut *mut c_void,
    ) -> i32;
    fn kinde_session_is_authenticated(
        s: *mut c_void,
        answer: *mut bool,
        e: *mut *mut c_void,
    ) -> i32;
    fn kinde_session_has_permission(
        s: *mut c_void,
        permission: *const c_char,
        token_type: i32,
        answer: *mut bool,
        e: *mut *mut c_void,
    ) -> i32;
    fn kinde_session_flag_boolean(
        s: *mut c_void,
        code: *const c_char,
        default: *const bool,
        answer: *mut bool,
        e: *mut *mut c_void,
    ) -> i32;
    fn kinde_authorization_url(
        client: *mut c_void,
        params: *const c_char,
        out: *mut *mut c_char,
        e: *mut *mut c_void,
    ) -> i32;
    fn kinde_string_free(text: *mut c_char);
}

fn questions(criterion: &mut Criterion) {
    let issuer = Issuer::new("https://bench.kinde.com");
    let settings = json!({
        "domain": issuer.url, "client_id": support::CLIENT_ID, "client_secret": "bench_secret",
        "redirect_uri": "http://localhost:3000/callback", "jwks": issuer.jwks(),
    });
    let settings = format!("{settings}\0");
    let tokens = json!({"access_token": issuer.access_token(0), "id_token": issuer.id_token(0)});
    let tokens = format!("{tokens}\0");
    let (mut client, mut session) = (null_mut(), null_mut());
    // SAFETY: every text ends with NUL, every out parameter is a live variable.
    unsafe {
        let config = kinde_config_new();
        assert_eq!(
            kinde_config_load_json(config, settings.as_ptr().cast(), null_mut()),
            0
        );
        assert_eq!(kinde_client_new(config, &mut client, null_mut()), 0);
        let status =
            kinde_session_from_tokens(client, tokens.as_ptr().cast(), &mut session, null_mut());
        assert_eq!(status, 0);

        let mut group = criterion.benchmark_group("question");
        let mut answer = false;
        group.bench_function("is_authenticated", |bencher| {
            bencher.iter(|| kinde_session_is_authenticated(session, &mut answer, null_mut()));
        });
        group.bench_function("has_permission", |bencher| {
            let permission = c"action17:resource17".as_ptr();
            bencher.iter(|| {
                kinde_session_has_permission(session, permission, 0, &mut answer, null_mut())
            });
        });
        group.bench_function("flag_boolean", |bencher| {
            let code = c"feature_flag_12".as_ptr();
            bencher.iter(|| {
                kinde_session_flag_boolean(session, code, null(), &mut answer, null_mut())
            });
        });
        group.finish();

        let mut group = criterion.benchmark_group("make");
        group.bench_function("authorization_url", |bencher| {
            bencher.iter(|| {
                let mut url = null_mut();
                let status = kinde_authorization_url(client, c"{}".as_ptr(), &mut url, null_mut());
                assert_eq!(status, 0);
                kinde_string_free(url);
            });
        });
        group.bench_function("equal_client", |bencher| {
            bencher.iter(|| {
                let mut equal = null_mut();
                kinde_client_new(config, &mut equal, null_mut());
                kinde_client_free(black_box(equal));
            });
        });
        group.bench_function("equal_client_from_settings", |bencher| {
            let living: Client = issuer.client(&json!({}));
            let settings = settings.trim_end_matches('\0');
            bencher.iter(|| {
                let mut config = Config::new();
                config.load_json(settings).unwrap();
                black_box(Client::new(&config).unwrap())
            });
            drop(living);
        });
    }
}

criterion_group!(benches, questions);
criterion_main!(benches);
