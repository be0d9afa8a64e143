//! The C ABI as a C program sees it, for tests from outside.
#![allow(dead_code)] // Each test uses a part.

use std::ffi::{CString, c_char, c_void};
use std::net::TcpListener;
use std::ptr::null_mut;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use kinde as _;
use serde_json::{Value, json};

pub const NULL_ARGUMENT: i32 = 101;
pub const INVALID_ARGUMENT: i32 = 103;
pub const CANCELLED: i32 = 107;
pub const NOT_AUTHENTICATED: i32 = 801;

pub type Handle = *mut c_void;
pub type Completion = extern "C" fn(Handle, i32, *const c_char, Handle, *const c_void);
pub type LogCallback = extern "C" fn(Handle, i32, *const c_char, *const c_char);

unsafe extern "C" {
    pub fn kinde_config_new() -> Handle;
    pub fn kinde_config_load_json(config: Handle, json: *const c_char, error: *mut Handle) -> i32;
    pub fn kinde_config_free(config: Handle);
    pub fn kinde_client_new(config: Handle, client: *mut Handle, error: *mut Handle) -> i32;
    pub fn kinde_client_free(client: Handle);
    pub fn kinde_client_prepare_async(
        client: Handle,
        done: Option<Completion>,
        userdata: Handle,
        task: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_new(client: Handle, session: *mut Handle, error: *mut Handle) -> i32;
    pub fn kinde_session_ref(session: Handle) -> Handle;
    pub fn kinde_session_free(session: Handle);
    pub fn kinde_session_refresh_async(
        session: Handle,
        done: Option<Completion>,
        userdata: Handle,
        task: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_error_status(error: *const c_void) -> i32;
    pub fn kinde_error_field(error: *const c_void) -> *const c_char;
    pub fn kinde_error_free(error: Handle);
    pub fn kinde_task_cancel(task: Handle);
    pub fn kinde_task_free(task: Handle);
    pub fn kinde_session_from_tokens(
        client: Handle,
        tokens: *const c_char,
        session: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_is_authenticated(
        session: Handle,
        answer: *mut bool,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_expires_at(session: Handle, answer: *mut i64, error: *mut Handle) -> i32;
    pub fn kinde_session_has_permission(
        session: Handle,
        permission: *const c_char,
        token_type: i32,
        answer: *mut bool,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_has_role(
        session: Handle,
        key: *const c_char,
        token_type: i32,
        answer: *mut bool,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_claim_integer(
        session: Handle,
        name: *const c_char,
        token_type: i32,
        answer: *mut i64,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_claim_boolean(
        session: Handle,
        name: *const c_char,
        token_type: i32,
        answer: *mut bool,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_flag_boolean(
        session: Handle,
        code: *const c_char,
        default: *const bool,
        answer: *mut bool,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_session_flag_integer(
        session: Handle,
        code: *const c_char,
        default: *const i64,
        answer: *mut i64,
        error: *mut Handle,
    ) -> i32;
    pub fn kinde_shutdown(timeout_ms: i64, error: *mut Handle) -> i32;
    pub fn kinde_string_free(text: *mut c_char);
    pub fn kinde_log_next(wait_ms: i64, out: *mut *mut c_char, error: *mut Handle) -> i32;
    pub fn kinde_set_log_callback(
        max_level: i32,
        callback: Option<LogCallback>,
        userdata: Handle,
    ) -> i32;
}

/// What a completion was told.
pub struct Told {
    pub status: i32,
    pub error_status: i32,
    pub session: usize,
}

pub extern "C" fn tell(
    userdata: Handle,
    status: i32,
    _json: *const c_char,
    session: Handle,
    error: *const c_void,
) {
    // SAFETY: each test passes a sender that outlives its calls; the pointers live until we return.
    let told = unsafe {
        Told {
            status,
            error_status: kinde_error_status(error),
            session: kinde_session_ref(session) as usize,
        }
    };
    // SAFETY: as above.
    unsafe { &*userdata.cast::<Sender<Told>>() }
        .send(told)
        .unwrap();
}

/// A client, which the caller frees.
pub fn client_of(settings: &Value) -> Handle {
    let settings = CString::new(settings.to_string()).unwrap();
    let mut client = null_mut();
    // SAFETY: texts end with NUL, out parameters are live variables, handles are freed once.
    unsafe {
        let config = kinde_config_new();
        assert_eq!(
            kinde_config_load_json(config, settings.as_ptr(), null_mut()),
            0
        );
        assert_eq!(kinde_client_new(config, &raw mut client, null_mut()), 0);
        kinde_config_free(config);
    }
    client
}

/// A client of a provider that accepts connections and never answers.
pub struct Silent {
    _listener: TcpListener,
    pub client: Handle,
    sender: Box<Sender<Told>>,
    pub told: Receiver<Told>,
}

impl Silent {
    pub fn new() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = json!({
            "domain": format!("http://{}", listener.local_addr().unwrap()),
            "client_id": "application", "client_secret": "secret",
            "redirect_uri": "http://localhost:3000/callback",
        });
        let client = client_of(&settings);
        let (sender, told) = channel();
        Silent {
            _listener: listener,
            client,
            sender: Box::new(sender),
            told,
        }
    }

    pub fn userdata(&self) -> Handle {
        (&raw const *self.sender).cast_mut().cast()
    }

    pub fn prepare(&self) -> Handle {
        let mut task = null_mut();
        // SAFETY: the client lives, and so does what `tell` uses.
        let status = unsafe {
            kinde_client_prepare_async(
                self.client,
                Some(tell),
                self.userdata(),
                &raw mut task,
                null_mut(),
            )
        };
        assert_eq!(status, 0);
        task
    }

    /// What the one completion was told; there must be no second.
    pub fn only_answer(&self) -> Told {
        let told = self.told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(self.told.try_recv().is_err());
        told
    }
}
