//! Calls that may wait. They run on the library's threads and answer with one message
//! `{ref, result}`; when the process that made the call dies, the call is cancelled.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kinde::Status;
use rustler::env::OwnedEnv;
use rustler::{Atom, Encoder, Env, LocalPid, Monitor, Reference, Resource, ResourceArc, Term};

use crate::error::Fault;
use crate::output::Answer;
use crate::resources;

/// A call under way.
#[derive(Default)]
pub struct Call(Mutex<State>);

#[derive(Default)]
struct State {
    task: Option<kinde::Task>,
    monitor: Option<Monitor>,
    /// Cancelled before the task was known, or ended.
    over: bool,
}

impl Resource for Call {
    const IMPLEMENTS_DOWN: bool = true;

    fn down<'a>(&'a self, _: Env<'a>, _: LocalPid, _: Monitor) {
        self.cancel();
    }
}

impl Call {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let mut state = self.state();
        state.over = true;
        if let Some(task) = &state.task {
            task.cancel();
        }
    }

    fn started(&self, task: kinde::Task) {
        let mut state = self.state();
        if state.over {
            task.cancel();
        }
        state.task = Some(task);
    }

    /// The monitor of the caller, which is not needed any more.
    fn ended(&self) -> Option<Monitor> {
        let mut state = self.state();
        state.over = true;
        state.monitor.take()
    }
}

/// Starts `work`, whose result goes to the calling process as `{reference, result}`.
///
/// Gives `{:ok, call}`, or `{:error, error}` if it did not start.
pub fn start<'a, T>(
    env: Env<'a>,
    client: &kinde::Client,
    reference: Reference<'a>,
    work: impl Future<Output = kinde::Result<T>> + Send + 'static,
) -> Term<'a>
where
    T: Answer + Send + 'static,
{
    let caller = env.pid();
    let call = ResourceArc::new(Call::default());
    let Some(monitor) = call.monitor(Some(env), &caller) else {
        return nobody_waits().answer(env);
    };
    call.state().monitor = Some(monitor);

    let mut message = OwnedEnv::new();
    let reference = message.save(reference);
    let under_way = call.clone();
    let started = client.start(work, move |result| {
        if let Some(monitor) = under_way.ended() {
            under_way.demonitor(None, &monitor);
        }
        let _types = resources::types();
        // Who is gone gets no message.
        let _ = message.send_and_clear(&caller, |env| {
            let answer = answer(env, result);
            (reference.load(env), answer).encode(env)
        });
    });
    match started {
        Ok(task) => {
            call.started(task);
            (rustler::types::atom::ok(), call).encode(env)
        }
        Err(error) => Fault::from(error).answer(env),
    }
}

/// The caller was killed while what it gave was read on a dirty scheduler, which a kill does not stop.
fn nobody_waits() -> Fault {
    Fault::Input {
        status: Status::Cancelled,
        field: None,
        message: "the process that called is gone".to_owned(),
    }
}

/// `{:ok, value}`, `:ok`, or `{:error, error}`.
pub fn answer<T: Answer>(env: Env<'_>, result: kinde::Result<T>) -> Term<'_> {
    match result {
        Ok(value) => value.answer(env),
        Err(error) => Fault::from(error).answer(env),
    }
}

#[rustler::nif]
fn task_cancel(task: ResourceArc<Call>) -> Atom {
    task.cancel();
    rustler::types::atom::ok()
}
