use std::sync::mpsc;

use nix::sys::signal::Signal;

use super::*;

const LONG: Duration = Duration::from_secs(30);

fn soon() -> Instant {
    Instant::now() + LONG
}

#[test]
fn library_threads_block_every_signal_and_others_do_not() {
    let engine = Engine::default();
    let here = SigSet::thread_get_mask().unwrap();
    let masks = pollster::block_on(engine.start(
        1,
        async {
            let worker = SigSet::thread_get_mask().unwrap();
            let blocking = tokio::task::spawn_blocking(|| SigSet::thread_get_mask().unwrap());
            Ok([worker, blocking.await.unwrap()])
        },
        true,
    ));
    for mask in masks.unwrap() {
        for signal in Signal::iterator() {
            let can_be_blocked = !matches!(signal, Signal::SIGKILL | Signal::SIGSTOP);
            assert_eq!(mask.contains(signal), can_be_blocked, "{signal}");
        }
    }
    assert_eq!(SigSet::thread_get_mask().unwrap(), here);
    assert!(engine.shutdown(soon()));
}

/// Says when it is dropped.
struct Witness(mpsc::Sender<&'static str>);

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[test]
fn work_ends_with_its_future_unless_it_is_to_go_on() {
    let engine = Engine::default();
    for (abort_on_drop, expected) in [(true, "dropped"), (false, "finished")] {
        let (sender, receiver) = mpsc::channel();
        let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
        let work = engine.start(
            1,
            async move {
                let witness = Witness(sender);
                let _ = witness.0.send("begun");
                let _ = may_go_on.await;
                let _ = witness.0.send("finished");
                Ok(())
            },
            abort_on_drop,
        );
        assert_eq!(receiver.recv_timeout(LONG).unwrap(), "begun");
        drop(work);
        if !abort_on_drop {
            go_on.send(()).unwrap();
        }
        assert_eq!(receiver.recv_timeout(LONG).unwrap(), expected);
    }
    assert!(engine.shutdown(soon()));
}

#[test]
fn a_panic_is_an_internal_error_and_nothing_more() {
    let engine = Engine::default();
    let work = engine.start::<()>(1, async { panic!("a defect") }, true);
    let error = pollster::block_on(work).unwrap_err();
    assert_eq!(error.status(), Status::Internal);
    assert!(!error.message().contains("a defect"));
    let answer = pollster::block_on(engine.start(1, async { Ok(7) }, true));
    assert_eq!(answer.unwrap(), 7);
}

type Outcome = std::result::Result<i32, Status>;

/// Starts work and tells what its completion got.
fn outcome_of(
    engine: &Engine,
    work: impl Future<Output = Result<i32>> + Send + 'static,
) -> (Canceller, mpsc::Receiver<Outcome>) {
    let (sender, receiver) = mpsc::channel();
    let done = move |result: Result<i32>| {
        // Blocking is allowed here, also on work of the library.
        let again = pollster::block_on(run(1, async { Ok(()) }));
        assert!(again.is_ok());
        sender.send(result.map_err(|e| e.status())).unwrap();
    };
    (engine.start_then(1, work, done).unwrap(), receiver)
}

/// The same on the thread that did the work.
fn outcome_here(
    engine: &Engine,
    work: impl Future<Output = Result<i32>> + Send + 'static,
) -> (Canceller, mpsc::Receiver<Outcome>) {
    let (sender, receiver) = mpsc::channel();
    let done = move |result: Result<i32>| {
        assert_eq!(std::thread::current().name(), Some("kinde"));
        sender.send(result.map_err(|e| e.status())).unwrap();
    };
    (engine.start_then_here(1, work, done).unwrap(), receiver)
}

type Asked = Pin<Box<dyn Future<Output = Result<i32>> + Send>>;
type Start = fn(&Engine, Asked) -> (Canceller, mpsc::Receiver<Outcome>);

#[test]
fn a_completion_runs_once_whatever_happens() {
    runs_once(outcome_of);
    runs_once(outcome_here);
}

fn runs_once(outcome_of: Start) {
    let engine = Engine::default();
    let once = |received: mpsc::Receiver<_>| {
        let outcome = received.recv_timeout(LONG).unwrap();
        assert!(received.recv().is_err(), "a second outcome");
        outcome
    };
    let (_, finished) = outcome_of(&engine, Box::pin(async { Ok(5) }));
    assert_eq!(once(finished), Ok(5));
    let (_, broken) = outcome_of(&engine, Box::pin(async { panic!("a defect") }));
    assert_eq!(once(broken), Err(Status::Internal));
    let (canceller, cancelled) = outcome_of(&engine, Box::pin(std::future::pending()));
    canceller.cancel();
    canceller.cancel();
    assert_eq!(once(cancelled), Err(Status::Cancelled));
    let (late, finished) = outcome_of(&engine, Box::pin(async { Ok(6) }));
    assert_eq!(once(finished), Ok(6));
    late.cancel();
    let (_, shut_down) = outcome_of(&engine, Box::pin(std::future::pending()));
    assert!(engine.shutdown(soon()));
    // Before the shutdown ended, so nothing is waited for.
    assert_eq!(shut_down.try_recv(), Ok(Err(Status::Cancelled)));
}

#[test]
fn a_completion_outlives_a_runtime_that_cannot_run_it() {
    let (sender, received) = mpsc::channel();
    let done = move |result: Result<()>| {
        let thread = std::thread::current();
        let name = thread.name().map(str::to_owned);
        sender.send((name, result.unwrap_err().status())).unwrap();
    };
    drop(Completion::new(Box::new(done), Place::WhereItMayBlock));
    let (thread, status) = received.recv_timeout(LONG).unwrap();
    assert_eq!(thread.as_deref(), Some("kinde-done"));
    assert_eq!(status, Status::Cancelled);
}

#[test]
fn shutdown_cancels_and_the_next_call_starts_anew() {
    let engine = Engine::default();
    for _ in 0..3 {
        let waiting = engine.start::<()>(2, std::future::pending(), true);
        assert!(engine.shutdown(soon()));
        let error = pollster::block_on(waiting).unwrap_err();
        assert_eq!(error.status(), Status::Cancelled);
        assert!(engine.shutdown(soon()), "there is nothing to end");
    }
}

#[test]
fn shutdown_gives_up_on_a_completion_that_hangs() {
    let engine = Engine::default();
    let (leave, may_leave) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let done = move |_: Result<()>| {
        begun.send(()).unwrap();
        let _ = may_leave.recv();
    };
    engine.start_then(1, async { Ok(()) }, done).unwrap();
    has_begun.recv_timeout(LONG).unwrap();
    assert!(!engine.shutdown(Instant::now()));
    drop(leave);
}
