//! What a presented refresh token means: refresh token rotation with reuse detection (RFC 9700 §4.14.2), as a pure function.
//!
//! A session counts its refresh tokens by generation. The current one rotates. The one before it is answered again with the same
//! successor while that successor is unused, because then nobody but the caller can have got it: its answer was lost, or a second
//! tab raced. Once the successor was used, two parties hold tokens of one session, and one of them is a thief.

use crate::clock::Millis;

/// What `decide` needs to know of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The generation of the current refresh token, counted from 0.
    pub generation: i64,
    /// The newest generation whose access token was seen on a guarded route; -1 before the first.
    pub confirmed: i64,
    /// When the current generation was made.
    pub rotated_at: Millis,
    /// When the session runs out.
    pub expires_at: Millis,
    /// Whether somebody ended it.
    pub revoked: bool,
}

/// What to do with a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The current one: make its successor.
    Rotate,
    /// The one before it, and its answer may be lost: give the same successor again.
    Repeat,
    /// A token that was replaced by one that is in use: end the session.
    Revoke,
    /// Not good for anything.
    Refuse,
}

/// Decides by the presented generation, the session as it stands, the time, and the leeway in milliseconds.
#[must_use]
pub fn decide(presented: i64, session: &Standing, now: Millis, leeway: Millis) -> Decision {
    if session.revoked || now >= session.expires_at || presented < 0 || presented > session.generation {
        return Decision::Refuse;
    }
    if presented == session.generation {
        return Decision::Rotate;
    }
    let successor_is_unused = session.confirmed < session.generation;
    // The distance either way, so that a node whose clock runs behind does not take a race between tabs for a theft,
    // and a clock that jumps back by an hour does not stretch the leeway to an hour.
    let just_rotated = now.saturating_sub(session.rotated_at).saturating_abs() < leeway;
    if presented == session.generation - 1 && (successor_is_unused || just_rotated) {
        return Decision::Repeat;
    }
    Decision::Revoke
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEEWAY: Millis = 10_000;

    fn fifth() -> Standing {
        Standing { generation: 5, confirmed: 4, rotated_at: 1_000_000, expires_at: 9_000_000, revoked: false }
    }

    #[test]
    fn the_current_token_rotates() {
        assert_eq!(decide(5, &fifth(), 1_500_000, LEEWAY), Decision::Rotate);
    }

    #[test]
    fn case_02_a_lost_answer_is_given_again_however_late() {
        for late in [0, 5_000, 29_000, 3_600_000] {
            assert_eq!(decide(4, &fifth(), 1_000_000 + late, LEEWAY), Decision::Repeat, "{late}");
        }
    }

    #[test]
    fn case_03_once_the_successor_was_used_the_leeway_decides() {
        let used = Standing { confirmed: 5, ..fifth() };
        assert_eq!(decide(4, &used, 1_000_000 + LEEWAY - 1, LEEWAY), Decision::Repeat);
        assert_eq!(decide(4, &used, 1_000_000 + LEEWAY, LEEWAY), Decision::Revoke);
        assert_eq!(decide(4, &used, 1_000_000, 0), Decision::Revoke, "no leeway is no leeway, even within the same millisecond");
    }

    #[test]
    fn case_05_an_older_token_is_theft_within_the_same_millisecond() {
        for old in 0..4 {
            assert_eq!(decide(old, &fifth(), fifth().rotated_at, LEEWAY), Decision::Revoke, "{old}");
        }
    }

    #[test]
    fn case_13_the_session_ends_on_the_millisecond() {
        assert_eq!(decide(5, &fifth(), 8_999_999, LEEWAY), Decision::Rotate);
        assert_eq!(decide(5, &fifth(), 9_000_000, LEEWAY), Decision::Refuse);
    }

    #[test]
    fn case_28_a_clock_that_steps_back_neither_ends_a_session_nor_stretches_the_leeway() {
        let used = Standing { confirmed: 5, ..fifth() };
        assert_eq!(decide(5, &used, 0, LEEWAY), Decision::Rotate);
        assert_eq!(decide(4, &used, 1_000_000 - 3_600_000, LEEWAY), Decision::Revoke);
        assert_eq!(decide(4, &used, 1_000_000 - 500, LEEWAY), Decision::Repeat);
    }

    fn any_standing() -> impl Strategy<Value = Standing> {
        let time = prop_oneof![any::<i64>(), 0..100_000_i64, Just(i64::MAX)];
        (0..50_i64, -1..50_i64, time.clone(), time, any::<bool>()).prop_map(|(generation, confirmed, rotated_at, expires_at, revoked)| {
            Standing { generation, confirmed: confirmed.min(generation), rotated_at, expires_at, revoked }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

        #[test]
        fn an_ended_session_answers_nothing(session in any_standing(), presented in -2..60_i64, now in any::<i64>(), leeway in any::<i64>()) {
            prop_assume!(session.revoked || now >= session.expires_at);
            prop_assert_eq!(decide(presented, &session, now, leeway), Decision::Refuse);
        }

        #[test]
        fn only_the_current_token_rotates_and_only_its_parent_repeats(
            session in any_standing(), presented in -2..60_i64, now in any::<i64>(), leeway in any::<i64>()
        ) {
            match decide(presented, &session, now, leeway) {
                Decision::Rotate => prop_assert_eq!(presented, session.generation),
                Decision::Repeat => prop_assert_eq!(presented, session.generation - 1),
                Decision::Revoke => prop_assert!(presented < session.generation && presented >= 0),
                Decision::Refuse => {}
            }
        }

        /// A verdict of theft is final: nothing that can happen to a live session afterwards makes the same token good again.
        #[test]
        fn a_stolen_token_stays_stolen(
            generation in 1..6_i64, presented in 0..6_i64, used in any::<bool>(), rotated_at in 0..50_000_i64, now in 50_000..100_000_i64,
            leeway in 0..20_000_i64, rotations in 0..3_i64, later in 0..100_000_i64, confirm in any::<bool>()
        ) {
            let confirmed = if used { generation } else { generation - 1 };
            let session = Standing { generation, confirmed, rotated_at, expires_at: i64::MAX, revoked: false };
            prop_assume!(decide(presented, &session, now, leeway) == Decision::Revoke);
            let generation = session.generation + rotations;
            let rotated_at = if rotations > 0 { now } else { session.rotated_at };
            let confirmed = if confirm { generation } else { session.confirmed };
            let after = Standing { generation, confirmed, rotated_at, ..session };
            prop_assert!(matches!(decide(presented, &after, now + later, leeway), Decision::Revoke | Decision::Refuse));
        }
    }
}
