use std::sync::Arc;

use super::super::merge::merge;
use super::super::state::{SIGN_INS_LIMIT, SignedIn, State};
use super::{names, sign_in, signed_in, signed_in_user, with_sign_ins};

fn access_token(state: &State) -> Option<&str> {
    let tokens = state.signed_in.as_ref()?.tokens.as_ref()?;
    Some(tokens.access_token.expose())
}

fn holding(signed_in: SignedIn) -> State {
    State::new().with_tokens(Arc::new(signed_in))
}

#[test]
fn sign_ins_of_both_sides_are_kept_and_used_ones_are_not() {
    let base = with_sign_ins(&["used here", "used there", "untouched"]);
    let mut ours = base.without_sign_in(&base.sign_ins[0]);
    ours.sign_ins.push(Arc::new(sign_in("begun here", 10)));
    let mut theirs = base.without_sign_in(&base.sign_ins[1]);
    theirs.sign_ins.push(Arc::new(sign_in("begun there", 9)));
    let merged = merge(&base, &ours, &theirs);
    assert_eq!(names(&merged), ["untouched", "begun there", "begun here"]);
    assert!(merged.revision > ours.revision && merged.revision > theirs.revision);
}

#[test]
fn of_too_many_sign_ins_the_oldest_are_dropped() {
    let base = State::new();
    let (mut ours, mut theirs) = (base.changed(), base.changed());
    for number in 0..6 {
        ours.sign_ins
            .push(Arc::new(sign_in(&format!("ours {number}"), 2 * number)));
        theirs.sign_ins.push(Arc::new(sign_in(
            &format!("theirs {number}"),
            2 * number + 1,
        )));
    }
    let merged = merge(&base, &ours, &theirs);
    assert_eq!(merged.sign_ins.len(), SIGN_INS_LIMIT);
    assert_eq!(merged.sign_ins[0].begun_at, 4);
}

#[test]
fn tokens_that_one_side_renewed_are_kept() {
    let base = holding(signed_in("old"));
    let renewed = base.with_tokens(Arc::new(signed_in("new")));
    assert_eq!(
        access_token(&merge(&base, &base.changed(), &renewed)),
        Some("new")
    );
    assert_eq!(
        access_token(&merge(&base, &renewed, &base.changed())),
        Some("new")
    );
}

#[test]
fn of_two_renewals_the_one_that_is_kept_already_stays() {
    let base = holding(signed_in("old"));
    let ours = base.with_tokens(Arc::new(signed_in("ours")));
    let theirs = base.with_tokens(Arc::new(signed_in("theirs")));
    assert_eq!(access_token(&merge(&base, &ours, &theirs)), Some("theirs"));
    // Theirs was refused because ours had been taken.
    let ended = base.signed_out(Some("refused".to_owned()));
    let merged = merge(&base, &ours, &ended);
    assert_eq!(access_token(&merged), Some("ours"));
    assert_eq!(merged.ended, None);
}

#[test]
fn a_mark_of_a_refresh_under_way_does_not_make_other_tokens() {
    let base = holding(signed_in("old"));
    let held = base.signed_in.as_ref().unwrap();
    let marked = base.with_tokens(held.with_sendings(1));
    let merged = merge(&base, &base.changed(), &marked);
    assert_eq!(merged.signed_in.unwrap().sendings, 1);
}

#[test]
fn who_signed_in_or_out_here_is_signed_in_or_out() {
    let base = holding(signed_in("old"));
    let theirs = base.with_tokens(Arc::new(signed_in("renewed")));
    let ours = base.signed_in(signed_in("another user's"));
    let merged = merge(&base, &ours, &theirs);
    assert_eq!(access_token(&merged), Some("another user's"));
    assert_eq!(merged.generation, ours.generation);
    let merged = merge(&base, &base.forgotten(), &theirs);
    assert_eq!(access_token(&merged), None);
}

#[test]
fn users_without_tokens_are_told_apart_though_their_tokens_end_at_once() {
    let of = |sub| {
        let mut claims_only = signed_in_user("token", sub);
        claims_only.tokens = None;
        claims_only.expires_at = Some(1_800_000_000);
        claims_only
    };
    assert!(of("kp_ada").is_same(&of("kp_ada")));
    assert!(!of("kp_ada").is_same(&of("kp_grace")));
    assert!(!of("kp_ada").is_same(&signed_in("token")));
}

#[test]
fn the_later_restart_counts() {
    let mut base = State::new();
    base.restarted_at = Some(1);
    let (mut ours, mut theirs) = (base.changed(), base.changed());
    ours.restarted_at = Some(5);
    assert_eq!(merge(&base, &ours, &theirs).restarted_at, Some(5));
    theirs.restarted_at = Some(7);
    assert_eq!(merge(&base, &ours, &theirs).restarted_at, Some(7));
}
