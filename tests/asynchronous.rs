//! The twins of the C ABI: the completion runs exactly once, with what happened.

#![cfg(feature = "capi")]

mod capi;

use std::ffi::CStr;
use std::ptr::null_mut;

use capi::*;

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
            assert_eq!(status, NULL_ARGUMENT);
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
        assert_eq!(
            (told.status, told.error_status),
            (NOT_AUTHENTICATED, NOT_AUTHENTICATED)
        );
        assert_eq!(told.session, session as usize);
        kinde_session_free(session);
        kinde_session_free(session);
    }
}
