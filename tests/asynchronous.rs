//! The twins of the C ABI: the completion runs exactly once, with what happened.

#![cfg(feature = "capi")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::net::TcpListener;
use std::ptr::null_mut;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use kinde as _;
use serde_json::json;

const CANCELLED: i32 = 107;

type Handle = *mut c_void;
type Completion = extern "C" fn(Handle, i32, *const c_char, Handle, *const c_void);

unsafe extern "C" {
    fn kinde_config_new() -> Handle;
    fn kinde_config_load_json(config: Handle, json: *const c_char, error: *mut Handle) -> i32;
    fn kinde_config_free(config: Handle);
    fn kinde_client_new(config: Handle, client: *mut Handle, error: *mut Handle) -> i32;
    fn kinde_client_free(client: Handle);
    fn kinde_client_prepare_async(
        client: Handle,
        done: Option<Completion>,
        userdata: Handle,
        task: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    fn kinde_session_new(client: Handle, session: *mut Handle, error: *mut Handle) -> i32;
    fn kinde_session_ref(session: Handle) -> Handle;
    fn kinde_session_free(session: Handle);
    fn kinde_session_refresh_async(
        session: Handle,
        done: Option<Completion>,
        userdata: Handle,
        task: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    fn kinde_error_status(error: *const c_void) -> i32;
    fn kinde_error_field(error: *const c_void) -> *const c_char;
    fn kinde_error_free(error: Handle);
    fn kinde_task_cancel(task: Handle);
    fn kinde_task_free(task: Handle);
}

/// What a completion was told.
struct Told {
    status: i32,
    error_status: i32,
    session: usize,
}

extern "C" fn tell(
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

/// A client of a provider that accepts connections and never answers.
struct Silent {
    _listener: TcpListener,
    client: Handle,
    sender: Box<Sender<Told>>,
    told: Receiver<Told>,
}

impl Silent {
    fn new() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = json!({
            "domain": format!("http://{}", listener.local_addr().unwrap()),
            "client_id": "application", "client_secret": "secret",
            "redirect_uri": "http://localhost:3000/callback",
        });
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
        let (sender, told) = channel();
        Silent {
            _listener: listener,
            client,
            sender: Box::new(sender),
            told,
        }
    }

    fn userdata(&self) -> Handle {
        (&raw const *self.sender).cast_mut().cast()
    }

    fn prepare(&self) -> Handle {
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
    fn only_answer(&self) -> Told {
        let told = self.told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert!(self.told.try_recv().is_err());
        told
    }
}

#[test]
fn a_cancelled_call_completes_as_cancelled() {
    let provider = Silent::new();
    let task = provider.prepare();
    // SAFETY: the handles are freed once. The call outlives its client.
    unsafe {
        kinde_client_free(provider.client);
        kinde_task_cancel(task);
        kinde_task_cancel(task);
        let told = provider.only_answer();
        assert_eq!((told.status, told.error_status), (CANCELLED, CANCELLED));
        assert_eq!(told.session, 0);
        kinde_task_cancel(task);
        kinde_task_free(task);
    }
}

#[test]
fn a_call_that_does_not_start_never_completes() {
    let provider = Silent::new();
    let mut task = 1 as Handle;
    let mut error = 1 as Handle;
    // SAFETY: out parameters are live variables, which are not read.
    unsafe {
        let userdata = provider.userdata();
        for (client, done, at_fault) in [
            (null_mut(), Some(tell as Completion), c"client"),
            (provider.client, None, c"done"),
        ] {
            let status =
                kinde_client_prepare_async(client, done, userdata, &raw mut task, &raw mut error);
            assert_eq!(status, 101);
            assert!(task.is_null());
            assert_eq!(CStr::from_ptr(kinde_error_field(error)), at_fault);
            kinde_error_free(error);
        }
        kinde_client_free(provider.client);
    }
    assert!(provider.told.try_recv().is_err());
}

#[test]
fn the_session_of_a_call_comes_with_its_failure() {
    let provider = Silent::new();
    let mut session = null_mut();
    // SAFETY: out parameters are live variables, each reference is freed once.
    unsafe {
        assert_eq!(
            kinde_session_new(provider.client, &raw mut session, null_mut()),
            0
        );
        kinde_client_free(provider.client);
        let userdata = provider.userdata();
        let task = null_mut();
        let error = null_mut();
        let status = kinde_session_refresh_async(session, Some(tell), userdata, task, error);
        assert_eq!(status, 0);
        let told = provider.only_answer();
        assert_eq!((told.status, told.error_status), (801, 801));
        assert_eq!(told.session, session as usize);
        kinde_session_free(session);
        kinde_session_free(session);
    }
}
