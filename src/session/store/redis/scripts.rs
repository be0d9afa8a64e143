//! What the servers do in one step: scripts that touch one key each, and their arguments.

use std::time::Duration;

use redis::{Cmd, Script};

/// How long a lease is remembered after it ended, so that a holder that could not prolong it finds
/// out whether somebody took it meanwhile. One that comes back later still, because it was stopped
/// for so long, takes it as new; what it then writes is refused by the record's version.
const LEASE_MEMORY: Duration = Duration::from_secs(600);

/// A record is its version, 8 bytes from the most significant one, the call that wrote it, so that
/// a call that is repeated knows its own, and what it holds. KEYS: the record. ARGV: the version to
/// replace or nothing, the new record, its life in milliseconds.
const SAVE: &str = "
local head = redis.call('GETRANGE', KEYS[1], 0, 15)
if head == string.sub(ARGV[2], 1, 16) then
  return 1
end
if string.sub(head, 1, 8) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";

/// KEYS: the record. ARGV: the version to delete or nothing. Answers 2 if there was no record.
const DELETE: &str = "
local version = redis.call('GETRANGE', KEYS[1], 0, 7)
if version == '' then
  return 2
end
if ARGV[1] ~= '' and version ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
";

/// A lease is its fence, when it ends (microseconds of the server's clock), and the call that took
/// it last. KEYS: the lease. ARGV: the fence that is held or nothing, the call, the life in
/// milliseconds, for how long to remember it afterwards.
const LEASE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local fence, ends, call
local found = redis.call('GET', KEYS[1])
if found then
  fence, ends, call = string.match(found, '^(%d+) (%d+) (%x*)$')
end
if fence and fence ~= ARGV[1] and call ~= ARGV[2] then
  if ARGV[1] ~= '' or tonumber(ends) > now then
    return false
  end
end
if not fence or (fence ~= ARGV[1] and call ~= ARGV[2]) then
  local least = math.max(tonumber(fence or 0), tonumber(ARGV[1]) or 0) + 1
  fence = string.format('%.0f', math.max(now, least))
end
ends = string.format('%.0f', now + ARGV[3] * 1000)
redis.call('SET', KEYS[1], fence .. ' ' .. ends .. ' ' .. ARGV[2], 'PX', ARGV[3] + ARGV[4])
return fence
";

/// Keeps the fence, so that the next one is greater. KEYS: the lease. ARGV: the fence, for how long
/// to remember it.
const RELEASE: &str = "
local found = redis.call('GET', KEYS[1])
if found and string.match(found, '^%d+') == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1] .. ' 0 ', 'PX', ARGV[2])
end
return 1
";

/// One command about one key.
pub(super) struct Command {
    pub key: String,
    pub first: Cmd,
    /// Sent if the server does not know the script: the same with the whole script, which the
    /// server then keeps.
    pub with_script: Option<Cmd>,
}

/// What is kept.
pub(super) struct Record<'a> {
    pub version: u64,
    /// A random number of the call that writes it.
    pub call: u64,
    pub bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads what [`save`] wrote.
    pub(super) fn read(record: &'a [u8]) -> Option<Record<'a>> {
        let (version, rest) = record.split_first_chunk()?;
        let (call, bytes) = rest.split_first_chunk()?;
        Some(Record {
            version: u64::from_be_bytes(*version),
            call: u64::from_be_bytes(*call),
            bytes,
        })
    }
}

pub(super) fn load(key: String) -> Command {
    let mut get = redis::cmd("GET");
    get.arg(&key);
    Command {
        key,
        first: get,
        with_script: None,
    }
}

pub(super) fn save(
    key: String,
    expected: Option<u64>,
    record: &Record<'_>,
    life: Duration,
) -> Command {
    let record = [
        &record.version.to_be_bytes(),
        &record.call.to_be_bytes(),
        record.bytes,
    ]
    .concat();
    let life = milliseconds(life).to_string();
    script(SAVE, key, &[&version(expected), &record, life.as_bytes()])
}

pub(super) fn delete(key: String, expected: Option<u64>) -> Command {
    script(DELETE, key, &[&version(expected)])
}

/// `call` must differ for each call.
pub(super) fn lease(key: String, held: Option<u64>, call: u64, life: Duration) -> Command {
    let call = format!("{call:016x}");
    let held = held.map(|fence| fence.to_string()).unwrap_or_default();
    let life = milliseconds(life).to_string();
    let memory = milliseconds(LEASE_MEMORY).to_string();
    let arguments = [&held, &call, &life, &memory].map(String::as_bytes);
    script(LEASE, key, &arguments)
}

pub(super) fn release(key: String, fence: u64) -> Command {
    let fence = fence.to_string();
    let memory = milliseconds(LEASE_MEMORY).to_string();
    script(RELEASE, key, &[fence.as_bytes(), memory.as_bytes()])
}

fn script(text: &str, key: String, arguments: &[&[u8]]) -> Command {
    let command = |name: &str, script: &str| {
        let mut command = redis::cmd(name);
        command.arg(script).arg(1).arg(&key).arg(arguments);
        command
    };
    Command {
        first: command("EVALSHA", Script::new(text).get_hash()),
        with_script: Some(command("EVAL", text)),
        key,
    }
}

fn version(expected: Option<u64>) -> Vec<u8> {
    expected.map_or_else(Vec::new, |version| version.to_be_bytes().to_vec())
}

/// Rounded up, and at least one: Redis refuses a life of zero.
fn milliseconds(life: Duration) -> u64 {
    let rounded = life.as_nanos().div_ceil(1_000_000).max(1);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}
