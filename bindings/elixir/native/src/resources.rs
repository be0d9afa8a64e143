//! What the VM holds of ours. Each is freed when no process has it any more.

use std::panic::RefUnwindSafe;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use rustler::{Env, Resource, ResourceArc};

use crate::call::Call;

/// An application at Kinde.
pub struct Client(pub kinde::Client);

/// One user's sign-in.
pub struct Session(pub kinde::Session);

/// A list of an API, read page by page.
pub struct Pages(pub kinde::Pages);

// No call leaves them half changed when it panics: all are shared by threads anyway.
impl RefUnwindSafe for Client {}
impl RefUnwindSafe for Session {}
impl RefUnwindSafe for Pages {}

impl Resource for Client {}
impl Resource for Session {}
impl Resource for Pages {}

/// Held for writing while types are registered, for reading where a thread of the library makes a
/// resource: a module that is loaded again registers its types anew, with calls under way.
static TYPES: RwLock<()> = RwLock::new(());

/// Keeps the types as they are.
pub fn types() -> RwLockReadGuard<'static, ()> {
    TYPES.read().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the VM took the types.
pub fn register(env: Env) -> bool {
    let _types = TYPES.write().unwrap_or_else(PoisonError::into_inner);
    env.register::<Client>().is_ok()
        && env.register::<Session>().is_ok()
        && env.register::<Pages>().is_ok()
        && env.register::<Call>().is_ok()
}

/// A session for the VM.
pub fn session(session: kinde::Session) -> ResourceArc<Session> {
    ResourceArc::new(Session(session))
}

/// A client for the VM.
pub fn client(client: kinde::Client) -> ResourceArc<Client> {
    ResourceArc::new(Client(client))
}

/// A list of an API for the VM.
pub fn pages(pages: kinde::Pages) -> ResourceArc<Pages> {
    ResourceArc::new(Pages(pages))
}
