//! Two requests changed one session at once: what the other did is kept, and so is what this one did.

use std::sync::Arc;

use super::state::{SIGN_INS_LIMIT, SignIn, SignedIn, State};

/// Does to `theirs` what was done between `base` and `ours`. All three are states of one session.
pub(super) fn merge(base: &State, ours: &State, theirs: &State) -> State {
    let mut merged = theirs.clone();
    merged.revision = ours.revision.max(theirs.revision) + 1;
    merged.sign_ins = merge_sign_ins(base, ours, theirs);
    merged.restarted_at = ours.restarted_at.max(theirs.restarted_at);
    if ours.generation != base.generation {
        merged.generation = ours.generation;
        merged.created_at = ours.created_at;
        take_tokens(&mut merged, ours);
    } else if !is_same(&ours.signed_in, &base.signed_in) && !they_win(base, theirs) {
        take_tokens(&mut merged, ours);
    }
    merged
}

fn take_tokens(merged: &mut State, ours: &State) {
    merged.signed_in = ours.signed_in.clone();
    merged.ended = ours.ended.clone();
}

/// Tokens that the others renewed are as good as ours. Where they found the refresh token used up,
/// it was we who had used it.
fn they_win(base: &State, theirs: &State) -> bool {
    theirs.signed_in.is_some() && !is_same(&theirs.signed_in, &base.signed_in)
}

fn is_same(one: &Option<Arc<SignedIn>>, other: &Option<Arc<SignedIn>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_same(other),
        (None, None) => true,
        _ => false,
    }
}

/// Without those that either side used up or dropped, with those that either side began.
fn merge_sign_ins(base: &State, ours: &State, theirs: &State) -> Vec<Arc<SignIn>> {
    let mut merged: Vec<Arc<SignIn>> = theirs
        .sign_ins
        .iter()
        .filter(|sign_in| ours.has_sign_in(sign_in) || !base.has_sign_in(sign_in))
        .cloned()
        .collect();
    let begun_here = ours
        .sign_ins
        .iter()
        .filter(|sign_in| !base.has_sign_in(sign_in) && !theirs.has_sign_in(sign_in));
    merged.extend(begun_here.cloned());
    merged.sort_by_key(|sign_in| sign_in.begun_at);
    let surplus = merged.len().saturating_sub(SIGN_INS_LIMIT);
    merged.drain(..surplus);
    merged
}
