//! What must hold of a webhook beside its signature.

use std::time::Duration;

use super::{foreign_issuer, judge_kind, wrong};
use crate::clock::parse_time;
use crate::config::Settings;
use crate::error::{Result, Status};
use crate::token::Signed;
use crate::token::registered::{Kind, Name, unreadable};

/// How far the clock that stamps events may be ahead of this one.
pub(crate) const WEBHOOK_AHEAD: Duration = Duration::from_secs(5 * 60);

/// Judges a webhook. It names neither issuer nor audience; if it names an issuer, it is the
/// configured one. Its time is that of the event, which stays the same when it is sent again.
///
/// Fails with `TOKEN_KIND`, `ISSUER`, `CLAIM_MISSING`, `TOKEN_NOT_YET_VALID`, `TOKEN_EXPIRED`.
pub(crate) fn judge_webhook(token: &Signed, settings: &Settings, now: i64) -> Result<()> {
    judge_kind(token, Kind::Webhook, "a webhook")?;
    let issuer = token.text_of(Name::Iss)?;
    if issuer.is_some_and(|issuer| issuer != settings.issuer) {
        return Err(foreign_issuer(settings));
    }
    token.require_text(Name::Type)?;
    token.require_text(Name::EventId)?;
    let payload = token.claims().payload();
    let data = payload.registered.raw(&payload.text, Name::Data);
    if !data.is_some_and(|data| data.starts_with('{')) {
        return Err(unreadable(Name::Data, "an object"));
    }
    judge_event_time(token, settings.webhook_tolerance, now)
}

fn judge_event_time(token: &Signed, tolerance: Duration, now: i64) -> Result<()> {
    let name = time_of_event(token);
    let timestamp = token.require_text(name)?;
    let happened = parse_time(&timestamp)
        .ok_or_else(|| unreadable(name, "a time with its offset (ISO 8601)"))?;
    let age = now.saturating_sub(happened);
    let (status, time, limit) = if age < 0 {
        (Status::TokenNotYetValid, "in the future", WEBHOOK_AHEAD)
    } else {
        (Status::TokenExpired, "ago", tolerance)
    };
    if age.unsigned_abs() <= limit.as_secs() {
        return Ok(());
    }
    let message = format!(
        "the event happened {} s {time}; {} s are accepted",
        age.unsigned_abs(),
        limit.as_secs()
    );
    Err(wrong(status, name, &message))
}

/// Kinde sends `timestamp`; its documentation shows `event_timestamp` too, without saying whether it
/// may stand alone. What stands alone counts.
fn time_of_event(token: &Signed) -> Name {
    let registered = &token.claims().payload().registered;
    match registered.has(Name::Timestamp) || !registered.has(Name::EventTimestamp) {
        true => Name::Timestamp,
        false => Name::EventTimestamp,
    }
}
