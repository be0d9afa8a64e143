//! What the library says, as messages to one process.

use kinde::Level;
use rustler::env::OwnedEnv;
use rustler::{Atom, Encoder, LocalPid, NifResult};

mod atoms {
    rustler::atoms! { kinde_log, ok }
}

/// From now on `{:kinde_log, level, module, text}` to this process alone; nothing at level 0.
///
/// Waits for the message that is being delivered.
#[rustler::nif(schedule = "DirtyIo")]
fn log_to(process: LocalPid, level: i32) -> NifResult<Atom> {
    let level = match level {
        0 => None,
        1 => Some(Level::Error),
        2 => Some(Level::Warn),
        3 => Some(Level::Info),
        4 => Some(Level::Debug),
        _ => return Err(rustler::Error::BadArg),
    };
    kinde::set_logger(level.map(|level| {
        let logger: Box<kinde::Logger> = Box::new(move |level, module, text| {
            let message = |env| (atoms::kinde_log(), level as i32, module, text).encode(env);
            // Who is gone gets no message.
            let _ = OwnedEnv::new().send_and_clear(&process, message);
        });
        (level, logger)
    }));
    Ok(atoms::ok())
}
