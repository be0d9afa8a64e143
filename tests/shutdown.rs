//! `kinde_shutdown` ends calls under way and joins the threads; the next call starts anew.
//!
//! Alone in its file, because it ends the calls of every test of the process.

#![cfg(feature = "capi")]

mod capi;

use std::ptr::null_mut;

use capi::*;

#[test]
fn shutdown_ends_calls_as_cancelled_and_the_next_call_starts_anew() {
    let provider = Silent::new();
    for _ in 0..3 {
        let task = provider.prepare();
        // SAFETY: the error is not wanted; the task is freed once.
        unsafe {
            assert_eq!(kinde_shutdown(60_000, null_mut()), 0);
            // The completion ran before the shutdown returned.
            let told = provider.told.try_recv().unwrap();
            assert_eq!((told.status, told.error_status), (CANCELLED, CANCELLED));
            kinde_task_free(task);
        }
        // A thread that was joined may stand in the list of threads for a moment longer.
        while threads_of_the_library() > 0 {
            std::thread::yield_now();
        }
    }
    // SAFETY: the client is freed once; an endless wait ends at once, and a negative one is refused.
    unsafe {
        assert_eq!(kinde_shutdown(i64::MAX, null_mut()), 0);
        assert_eq!(kinde_shutdown(-1, null_mut()), INVALID_ARGUMENT);
        kinde_client_free(provider.client);
    }
}

/// The library's threads carry its name.
fn threads_of_the_library() -> usize {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return 0;
    };
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok())
        .filter(|name| name.trim_end() == "kinde")
        .count()
}
