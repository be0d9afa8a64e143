//! The store that is the memory of this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pollster::block_on;

use super::super::store::{Content, Fence, Key, Of, Record, Store, Swap};
use super::client_of_store;

const LIFE: Duration = Duration::from_secs(60);

fn store(url: &str) -> Arc<Store> {
    client_of_store(url).store().unwrap().clone()
}

fn key(name: &str) -> Key {
    Key::new(Of::Session, &["app"], name)
}

fn save(store: &Store, key: &Key, expected: Option<u64>, version: u64, life: Duration) -> Swap {
    let content = Content::Open(Arc::new(()));
    let record = Record { version, content };
    block_on(store.save(key, expected, record, 1, life)).unwrap()
}

fn version(store: &Store, key: &Key) -> Option<u64> {
    let found = block_on(store.load(key)).unwrap();
    found.map(|record| record.version)
}

fn lease(store: &Store, key: &Key, held: Option<Fence>, life: Duration) -> Option<Fence> {
    block_on(store.lease(key, held, life)).unwrap()
}

#[track_caller]
fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "it does not come to that");
        std::thread::yield_now();
    }
}

#[test]
fn records_are_written_and_deleted_by_version() {
    let store = store("memory:?max_sessions=1001&max_bytes=1000001");
    let key = key("a");
    assert_eq!(save(&store, &key, Some(1), 2, LIFE), Swap::Conflict);
    assert_eq!(save(&store, &key, None, 1, LIFE), Swap::Done);
    assert_eq!(save(&store, &key, None, 2, LIFE), Swap::Conflict);
    assert_eq!(save(&store, &key, Some(2), 3, LIFE), Swap::Conflict);
    assert_eq!(save(&store, &key, Some(1), 2, LIFE), Swap::Done);
    let delete = |expected| block_on(store.delete(&key, expected)).unwrap();
    assert_eq!(delete(Some(1)), Swap::Conflict);
    assert_eq!(version(&store, &key), Some(2));
    assert_eq!(delete(Some(2)), Swap::Done);
    assert_eq!(version(&store, &key), None);
    assert_eq!(delete(Some(2)), Swap::Conflict);
    assert_eq!(delete(None), Swap::Done);
    assert_eq!(save(&store, &key, None, 1, LIFE), Swap::Done);
    assert_eq!(delete(None), Swap::Done);
    assert_eq!(version(&store, &key), None);
}

#[test]
fn records_expire_after_the_life_they_were_written_with_last() {
    let store = store("memory:?max_sessions=1002&max_bytes=1000002");
    let (short, long) = (key("short"), key("long"));
    let moment = Duration::from_millis(1);
    let _ = save(&store, &short, None, 1, moment);
    wait_until(|| version(&store, &short).is_none());
    let _ = save(&store, &short, None, 1, LIFE);
    let _ = save(&store, &short, Some(1), 2, moment);
    // Longer than the life of the other, though it was written before.
    let _ = save(&store, &long, None, 1, LIFE);
    wait_until(|| version(&store, &short).is_none());
    assert_eq!(version(&store, &long), Some(1));
}

#[test]
fn a_lease_has_one_holder() {
    let store = store("memory:?max_sessions=1003&max_bytes=1000003");
    let key = key("a");
    let lease = |held| lease(&store, &key, held, LIFE);
    let release = |fence| block_on(store.release(&key, fence)).unwrap();
    let first = lease(None).expect("nobody holds it");
    let other = Fence(first.0 + 1);
    assert_eq!(lease(None), None);
    assert_eq!(lease(Some(first)), Some(first), "prolonged");
    assert_eq!(lease(Some(other)), None, "somebody else's");
    release(other);
    assert_eq!(lease(None), None, "released by nobody who holds it");
    release(first);
    let second = lease(None).expect("released");
    assert!(second > first);
    release(first);
    assert_eq!(lease(Some(first)), None, "taken since");
    release(second);
    assert_eq!(lease(Some(second)), Some(second), "nobody took it since");
}

#[test]
fn a_lease_ends_by_itself() {
    let store = store("memory:?max_sessions=1004&max_bytes=1000004");
    let key = key("a");
    let moment = Duration::from_millis(1);
    let first = lease(&store, &key, None, moment).unwrap();
    let mut second = None;
    wait_until(|| {
        second = lease(&store, &key, None, LIFE);
        second.is_some()
    });
    assert!(second > Some(first));
    assert_eq!(lease(&store, &key, second, moment), second);
    wait_until(|| lease(&store, &key, None, LIFE).is_some());
}

#[test]
fn there_are_no_more_records_than_the_setting_says_however_small_they_are() {
    let store = store("memory:?max_sessions=10&max_bytes=1000005");
    let keys: Vec<Key> = (0..100).map(|number| key(&number.to_string())).collect();
    for key in &keys {
        let _ = save(&store, key, None, 1, LIFE);
    }
    // What is too much is dropped along with the calls that follow.
    wait_until(|| {
        let kept = keys.iter().filter(|key| version(&store, key).is_some());
        kept.count() <= 10
    });
    assert_eq!(version(&store, &keys[99]), Some(1), "the one used last");
}
