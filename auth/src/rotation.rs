//! Refresh token rotation with reuse detection (RFC 9700 §4.14.2), as pure functions.
//!
//! A session counts its refresh tokens by generation. The parent of a generation is the one that was exchanged for it. [`decide`] decides
//! about a refresh token, [`decide_access`] about an access token, [`decide_logout`] about the refresh token of a sign-out;
//! [`Lineage::rotated`] and [`Lineage::superseded`] return the lineage afterwards. The rules as a table: `docs/security.md`, "Rotation".

use crate::clock::Millis;

/// How long after the first use of a generation its exchange may still be repeated with the same attempt id. A second tab's identical
/// request arrives late, and a killed browser reads a record from localStorage that is up to 40 s old (measured in Chromium).
pub const DUPLICATE_WINDOW: Millis = 5 * 60 * 1000;
/// How often the successor of one refresh token may be superseded. The next different presenter ends the session.
pub const MAX_SUPERSEDES_PER_PARENT: i64 = 8;
/// How many of a session's last 64 generations may be superseded. The next different presenter ends the session.
pub const MAX_SUPERSEDES_PER_SESSION: u32 = 32;
/// How many generations back a superseded one is recorded. Older access tokens are refused.
const MASK_BITS: i64 = 64;

/// The sender of a refresh request, as far as the server can distinguish senders. Hashed, so that the database contains no attempt id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presenter {
    /// Sent an attempt id, of which this is the hash.
    Attempt([u8; 16]),
    /// Sent none. The hash of the client's network and its `User-Agent`.
    Client([u8; 16]),
}

/// A refresh token whose signature was verified, with its presenter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The token's generation.
    pub generation: i64,
    /// When the token expires by its own claim.
    pub expires_at: Millis,
    /// The request's sender.
    pub presenter: Presenter,
}

/// The origin of a session's current generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lineage {
    /// The generation of the current refresh token, counted from 0.
    pub generation: i64,
    /// The generation that was exchanged for the current one; -1 for the first.
    pub parent: i64,
    /// The presenter of that exchange. `None`: not known, because a server of version 0.1 did it.
    pub rotated_by: Option<Presenter>,
    /// The generation that was exchanged for the parent, if that is known.
    pub grandparent: Option<i64>,
    /// The presenter of that exchange.
    pub parent_rotated_by: Option<Presenter>,
    /// The superseded generations: bit 0 is `generation - 1`, bit 63 is `generation - 64`.
    pub superseded: u64,
    /// Access tokens of older generations are refused: it is not known which of them were superseded.
    pub access_floor: i64,
}

impl Lineage {
    /// The lineage of a new session.
    pub const FIRST: Self =
        Self { generation: 0, parent: -1, rotated_by: None, grandparent: None, parent_rotated_by: None, superseded: 0, access_floor: 0 };

    /// The lineage of a row whose generation was raised without its lineage being written: a server of version 0.1 rotated it.
    /// `self` is the row's lineage, of the generation that it was written for.
    #[must_use]
    pub fn continued_to(&self, generation: i64) -> Self {
        let superseded = shifted(self.superseded, generation.saturating_sub(self.generation));
        Self { generation, parent: generation - 1, superseded, access_floor: self.access_floor, ..Self::FIRST }
    }

    /// The lineage after [`Decision::Rotate`]. A token later than the row shows that the row lost generations: nothing is known of the
    /// exchange that made it, and access tokens of the lost generations are refused.
    #[must_use]
    pub fn rotated(&self, presented: &Presented) -> Self {
        let (generation, is_ahead) = (presented.generation.saturating_add(1), presented.generation > self.generation);
        Self {
            generation,
            parent: presented.generation,
            rotated_by: Some(presented.presenter),
            grandparent: (!is_ahead).then_some(self.parent),
            parent_rotated_by: if is_ahead { None } else { self.rotated_by },
            superseded: shifted(self.superseded, generation.saturating_sub(self.generation)),
            access_floor: if is_ahead { presented.generation } else { self.access_floor },
        }
    }

    /// The lineage after [`Decision::Supersede`]: the parent has a new successor, and the generation that was current is superseded.
    #[must_use]
    pub fn superseded(&self, presenter: Presenter) -> Self {
        let superseded = shifted(self.superseded, 1) | 1;
        Self { generation: self.generation.saturating_add(1), rotated_by: Some(presenter), superseded, ..*self }
    }

    /// How many successors of the parent were superseded. They are the generations between the parent and the current one.
    fn supersedes_of_parent(&self) -> i64 {
        self.generation - self.parent - 1
    }

    fn may_supersede(&self) -> bool {
        self.supersedes_of_parent() < MAX_SUPERSEDES_PER_PARENT && self.superseded.count_ones() < MAX_SUPERSEDES_PER_SESSION
    }
}

/// The mask of superseded generations after the current generation was raised by that many.
fn shifted(mask: u64, by: i64) -> u64 {
    u32::try_from(by).ok().and_then(|by| mask.checked_shl(by)).unwrap_or(0)
}

/// The state of a session for [`decide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The origin of the current generation.
    pub lineage: Lineage,
    /// When an access token of the current generation was first used; `None` while it is unused.
    pub first_used_at: Option<Millis>,
    /// When the session expires unless it is refreshed.
    pub expires_at: Millis,
    /// Whether the session was ended.
    pub revoked: bool,
}

/// What to do with a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Make the successor of the presented generation. If that is later than the row's, the row lost commits: audit it.
    Rotate,
    /// Send the same successor again: the answer was lost, or a duplicate of the exchange arrived.
    Repeat,
    /// Another presenter, and the successor is unused: make a new successor. The unused one is superseded, and its use counts as reuse.
    Supersede,
    /// Reuse of a replaced token: end the session.
    Revoke,
    /// Refuse the token and change nothing.
    Refuse,
    /// The attempt id is that of the exchange before: refuse the request and change nothing. A client that sends the same id with each
    /// token is not distinguished from a thief that copied it.
    ReusedAttempt,
}

/// Decides about a refresh token, by the session, the time, and the leeway for clients without attempt ids (in milliseconds).
#[must_use]
pub fn decide(presented: &Presented, session: &State, now: Millis, leeway: Millis) -> Decision {
    let lineage = &session.lineage;
    if session.revoked || is_expired(presented.generation, presented.expires_at, session, now) {
        return Decision::Refuse;
    }
    let is_attempt = matches!(presented.presenter, Presenter::Attempt(_));
    if is_attempt && presented.generation == lineage.generation && lineage.rotated_by == Some(presented.presenter) {
        return Decision::ReusedAttempt;
    }
    if presented.generation >= lineage.generation {
        return Decision::Rotate;
    }
    if presented.generation == lineage.parent {
        return decide_parent(presented.presenter, session, now, leeway);
    }
    if is_attempt && lineage.grandparent == Some(presented.generation) && lineage.parent_rotated_by == Some(presented.presenter) {
        // A duplicate of the exchange before the last: it arrived late.
        return Decision::Refuse;
    }
    Decision::Revoke
}

fn decide_parent(presenter: Presenter, session: &State, now: Millis, leeway: Millis) -> Decision {
    let lineage = &session.lineage;
    // An exchange by a server of version 0.1 is decided by that version's rule, for any presenter: another tab may be using its successor.
    let is_same = lineage.rotated_by.is_none_or(|rotated_by| rotated_by == presenter);
    let is_attempt = matches!(lineage.rotated_by, Some(Presenter::Attempt(_)));
    let Some(first_used_at) = session.first_used_at else {
        return match (is_same, lineage.may_supersede()) {
            (true, _) => Decision::Repeat,
            (false, true) => Decision::Supersede,
            (false, false) => Decision::Revoke,
        };
    };
    let window = if is_attempt { DUPLICATE_WINDOW } else { leeway };
    // The absolute difference: a node whose clock is behind must not report concurrent refreshes of two tabs as reuse,
    // and a clock that steps back by an hour must not extend the window to an hour.
    let is_recent = now.saturating_sub(first_used_at).saturating_abs() < window;
    match (is_same, is_recent) {
        (true, true) => Decision::Repeat,
        (true, false) if is_attempt => Decision::Refuse,
        _ => Decision::Revoke,
    }
}

/// A token of the row's generations expires with the session, not by its own claim: its answer may have been lost near its end.
/// A later token expires by its own claim: the row's time is that of an older generation.
fn is_expired(generation: i64, expires_at: Millis, session: &State, now: Millis) -> bool {
    let is_ahead = generation > session.lineage.generation;
    let expires_at = if is_ahead { expires_at } else { session.expires_at };
    now >= expires_at || generation < 0 || generation == i64::MAX
}

/// What to do with the refresh token of a sign-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutDecision {
    /// End the sessions of the sign-out's scope.
    End,
    /// Reuse of a replaced token: end its session and no other.
    Revoke,
    /// The session has ended already.
    Ignore,
}

/// Decides about a sign-out. The parent of the current token is no evidence of theft: another tab may have refreshed a moment ago.
#[must_use]
pub fn decide_logout(generation: i64, expires_at: Millis, session: &State, now: Millis) -> LogoutDecision {
    if session.revoked || is_expired(generation, expires_at, session, now) {
        LogoutDecision::Ignore
    } else if generation >= session.lineage.generation || generation == session.lineage.parent {
        LogoutDecision::End
    } else {
        LogoutDecision::Revoke
    }
}

/// The state of a live session for [`decide_access`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessState {
    /// The generation of the current refresh token.
    pub generation: i64,
    /// Whether an access token of that generation was used.
    pub is_used: bool,
    /// The superseded generations, as in [`Lineage`].
    pub superseded: u64,
    /// The oldest generation whose access tokens are accepted.
    pub access_floor: i64,
}

impl State {
    /// What [`decide_access`] needs of it.
    #[must_use]
    pub fn access(&self) -> AccessState {
        let Lineage { generation, superseded, access_floor, .. } = self.lineage;
        AccessState { generation, is_used: self.first_used_at.is_some(), superseded, access_floor }
    }
}

/// What to do with a presented access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessDecision {
    /// Accept it.
    Admit,
    /// The first use of the current generation: accept it once that is written, provided that the generation is still the current one.
    FirstUse,
    /// A token of a superseded generation: end the session.
    Revoke,
    /// Refuse the token and change nothing.
    Refuse,
}

/// Decides about an access token that has not expired.
#[must_use]
pub fn decide_access(generation: i64, session: &AccessState) -> AccessDecision {
    let age = session.generation.saturating_sub(generation);
    if age == 0 {
        return if session.is_used { AccessDecision::Admit } else { AccessDecision::FirstUse };
    }
    // Later than the row, or older than the mask covers.
    if !(1..=MASK_BITS).contains(&age) {
        return AccessDecision::Refuse;
    }
    if session.superseded >> (age - 1) & 1 == 1 {
        AccessDecision::Revoke
    } else if generation < session.access_floor {
        AccessDecision::Refuse
    } else {
        AccessDecision::Admit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEEWAY: Millis = 10_000;
    const NOW: Millis = 1_000_000;
    const OWNER: Presenter = Presenter::Attempt([1; 16]);
    const OWNER_BEFORE: Presenter = Presenter::Attempt([2; 16]);
    const OTHER: Presenter = Presenter::Attempt([3; 16]);
    const HOME: Presenter = Presenter::Client([1; 16]);
    const OTHER_NETWORK: Presenter = Presenter::Client([2; 16]);

    /// Generation 5, exchanged for 4 by `rotated_by`; 4 was exchanged for 3.
    fn fifth(rotated_by: Presenter, first_used_at: Option<Millis>) -> State {
        let parent_rotated_by = Some(OWNER_BEFORE);
        let lineage =
            Lineage { generation: 5, parent: 4, rotated_by: Some(rotated_by), grandparent: Some(3), parent_rotated_by, ..Lineage::FIRST };
        State { lineage, first_used_at, expires_at: 9_000_000, revoked: false }
    }

    fn decide_at(generation: i64, presenter: Presenter, session: &State, now: Millis) -> Decision {
        decide(&Presented { generation, presenter, expires_at: 9_000_000 }, session, now, LEEWAY)
    }

    #[test]
    fn the_current_token_rotates() {
        for first_used_at in [None, Some(NOW)] {
            let session = fifth(OWNER, first_used_at);
            assert_eq!(decide_at(5, OTHER, &session, NOW), Decision::Rotate);
            let next = session.lineage.rotated(&Presented { generation: 5, presenter: OTHER, expires_at: 0 });
            let (grandparent, parent_rotated_by) = (Some(4), Some(OWNER));
            assert_eq!(
                next,
                Lineage { generation: 6, parent: 5, rotated_by: Some(OTHER), grandparent, parent_rotated_by, ..Lineage::FIRST }
            );
        }
    }

    #[test]
    fn the_attempt_id_of_the_exchange_before_is_refused() {
        for first_used_at in [None, Some(NOW)] {
            assert_eq!(decide_at(5, OWNER, &fifth(OWNER, first_used_at), NOW), Decision::ReusedAttempt);
            assert_eq!(decide_at(5, OWNER_BEFORE, &fifth(OWNER, first_used_at), NOW), Decision::Rotate);
            assert_eq!(decide_at(5, HOME, &fifth(HOME, first_used_at), NOW), Decision::Rotate, "a client without ids");
        }
    }

    #[test]
    fn case_02_a_lost_answer_is_repeated_to_its_presenter_however_late() {
        for late in [0, 5_000, 29_000, 3_600_000] {
            assert_eq!(decide_at(4, OWNER, &fifth(OWNER, None), NOW + late), Decision::Repeat, "{late}");
            assert_eq!(decide_at(4, HOME, &fifth(HOME, None), NOW + late), Decision::Repeat, "{late}");
        }
    }

    #[test]
    fn case_03_the_same_attempt_is_repeated_for_five_minutes_after_first_use_and_then_refused() {
        let used = fifth(OWNER, Some(NOW));
        assert_eq!(decide_at(4, OWNER, &used, NOW + DUPLICATE_WINDOW - 1), Decision::Repeat);
        for late in [DUPLICATE_WINDOW, 7_000_000] {
            assert_eq!(decide_at(4, OWNER, &used, NOW + late), Decision::Refuse, "{late}");
        }
    }

    #[test]
    fn case_03_a_duplicate_of_the_exchange_before_the_last_is_refused_and_changes_nothing() {
        for first_used_at in [None, Some(NOW)] {
            let session = fifth(OWNER, first_used_at);
            assert_eq!(decide_at(3, OWNER_BEFORE, &session, NOW), Decision::Refuse);
            assert_eq!(decide_at(3, OTHER, &session, NOW), Decision::Revoke, "another attempt");
            assert_eq!(decide_at(3, HOME, &session, NOW), Decision::Revoke, "no attempt id");
            assert_eq!(decide_at(2, OWNER_BEFORE, &session, NOW), Decision::Revoke, "older");
        }
        let without_ids = Lineage { parent_rotated_by: Some(HOME), ..fifth(HOME, None).lineage };
        assert_eq!(decide_at(3, HOME, &State { lineage: without_ids, ..fifth(HOME, None) }, NOW), Decision::Revoke, "a client without ids");
    }

    #[test]
    fn case_03_without_attempt_ids_the_leeway_counts_from_the_first_use() {
        let used = fifth(HOME, Some(NOW));
        assert_eq!(decide_at(4, HOME, &used, NOW + LEEWAY - 1), Decision::Repeat);
        assert_eq!(decide_at(4, HOME, &used, NOW + LEEWAY), Decision::Revoke);
        let presented = Presented { generation: 4, presenter: HOME, expires_at: 9_000_000 };
        assert_eq!(decide(&presented, &used, NOW, 0), Decision::Revoke, "no leeway, within the same millisecond");
        assert_eq!(decide(&presented, &fifth(HOME, None), NOW, 0), Decision::Repeat, "unused");
    }

    #[test]
    fn case_30_another_presenter_of_the_parent_supersedes_an_unused_successor() {
        for (rotated_by, presenter) in [(OWNER, OTHER), (OWNER, HOME), (HOME, OTHER_NETWORK), (HOME, OWNER)] {
            assert_eq!(decide_at(4, presenter, &fifth(rotated_by, None), NOW), Decision::Supersede);
            assert_eq!(decide_at(4, presenter, &fifth(rotated_by, Some(NOW)), NOW), Decision::Revoke, "used");
        }
        let next = fifth(OWNER, None).lineage.superseded(OTHER);
        assert_eq!(next, Lineage { generation: 6, rotated_by: Some(OTHER), superseded: 1, ..fifth(OWNER, None).lineage });
        let session = State { lineage: next, ..fifth(OWNER, None) };
        assert_eq!(decide_at(4, OTHER, &session, NOW), Decision::Repeat, "the new successor is repeated");
        assert_eq!(decide_at(5, OWNER, &session, NOW), Decision::Revoke, "a refresh with the superseded successor");
        assert_eq!(decide_at(3, OWNER_BEFORE, &session, NOW), Decision::Refuse, "the exchange before is still known");
        assert_eq!(decide_access(5, &session.access()), AccessDecision::Revoke, "its access token");
        let later = next.rotated(&Presented { generation: 6, presenter: OTHER, expires_at: 0 });
        assert_eq!(decide_access(5, &State { lineage: later, ..session }.access()), AccessDecision::Revoke, "after a rotation, too");
        assert_eq!((later.parent, later.grandparent), (6, Some(4)));
    }

    #[test]
    fn case_30_one_parent_is_superseded_eight_times() {
        let mut session = fifth(OWNER, None);
        for supersedes in 0..MAX_SUPERSEDES_PER_PARENT {
            let presenter = Presenter::Client([u8::try_from(supersedes).unwrap_or(0); 16]);
            assert_eq!(decide_at(4, presenter, &session, NOW), Decision::Supersede, "{supersedes}");
            session.lineage = session.lineage.superseded(presenter);
        }
        assert_eq!(decide_at(4, OTHER, &session, NOW), Decision::Revoke);
    }

    #[test]
    fn case_30_supersedes_are_counted_over_the_sessions_last_generations() {
        let mut session = fifth(OWNER, None);
        session.lineage.superseded = (1 << MAX_SUPERSEDES_PER_SESSION) - 1;
        assert_eq!(decide_at(4, OTHER, &session, NOW), Decision::Revoke);
        session.lineage.superseded >>= 1;
        assert_eq!(decide_at(4, OTHER, &session, NOW), Decision::Supersede);
    }

    #[test]
    fn case_05_an_older_token_is_theft_within_the_same_millisecond() {
        for old in 0..3 {
            assert_eq!(decide_at(old, OWNER, &fifth(OWNER, Some(NOW)), NOW), Decision::Revoke, "{old}");
        }
    }

    #[test]
    fn case_13_the_session_ends_on_the_millisecond() {
        assert_eq!(decide_at(5, OTHER, &fifth(OWNER, None), 8_999_999), Decision::Rotate);
        for generation in [3, 4, 5] {
            assert_eq!(decide_at(generation, OWNER, &fifth(OWNER, None), 9_000_000), Decision::Refuse);
            assert_eq!(decide_at(generation, OWNER, &State { revoked: true, ..fifth(OWNER, None) }, NOW), Decision::Refuse);
        }
    }

    #[test]
    fn case_28_a_clock_that_steps_back_neither_ends_a_session_nor_stretches_the_windows() {
        for (rotated_by, late) in [(HOME, Decision::Revoke), (OWNER, Decision::Refuse)] {
            let used = fifth(rotated_by, Some(NOW));
            assert_eq!(decide_at(5, OTHER, &used, 0), Decision::Rotate);
            assert_eq!(decide_at(4, rotated_by, &used, NOW - 3_600_000), late);
            assert_eq!(decide_at(4, rotated_by, &used, NOW - 500), Decision::Repeat);
        }
    }

    #[test]
    fn case_60_a_token_later_than_its_row_rotates_until_it_expires() {
        let session = State { expires_at: NOW, ..fifth(OWNER, None) };
        let ahead = Presented { generation: 8, presenter: OWNER, expires_at: NOW + 10 };
        assert_eq!(decide(&ahead, &session, NOW + 9, LEEWAY), Decision::Rotate, "the row's own time is that of an older generation");
        assert_eq!(decide(&ahead, &session, NOW + 10, LEEWAY), Decision::Refuse);
        assert_eq!(decide(&ahead, &State { revoked: true, ..session }, NOW, LEEWAY), Decision::Refuse);
        let next = Lineage { superseded: 0b101, ..session.lineage }.rotated(&ahead);
        let expected =
            Lineage { generation: 9, parent: 8, rotated_by: Some(OWNER), superseded: 0b101 << 4, access_floor: 8, ..Lineage::FIRST };
        assert_eq!(next, expected);
        let session = State { lineage: next, expires_at: i64::MAX, ..session };
        assert_eq!(decide_at(7, OWNER, &session, NOW), Decision::Revoke, "older refresh tokens are reuse");
        let access = [9, 8, 7, 6, 4, 3, 2, 10].map(|generation| decide_access(generation, &session.access()));
        use AccessDecision::{Admit, FirstUse, Refuse, Revoke};
        assert_eq!(access, [FirstUse, Admit, Refuse, Refuse, Revoke, Refuse, Revoke, Refuse]);
    }

    #[test]
    fn an_access_token_is_decided_by_its_generation() {
        let session = |generation, superseded, is_used| AccessState { generation, is_used, superseded, access_floor: 0 };
        assert_eq!(decide_access(5, &session(5, 0, true)), AccessDecision::Admit);
        assert_eq!(decide_access(5, &session(5, 0, false)), AccessDecision::FirstUse);
        assert_eq!(decide_access(4, &session(5, 0, false)), AccessDecision::Admit, "a replaced one is valid until it expires");
        assert_eq!(decide_access(6, &session(5, 0, true)), AccessDecision::Refuse, "later than the row");
        let old = |age: i64| decide_access(100 - age, &session(100, 1 << 63, true));
        assert_eq!([old(63), old(64), old(65)], [AccessDecision::Admit, AccessDecision::Revoke, AccessDecision::Refuse]);
    }

    #[test]
    fn a_sign_out_with_the_parent_token_is_not_reuse() {
        let used = fifth(OWNER, Some(NOW));
        let sign_out = |generation, session: &State| decide_logout(generation, i64::MAX, session, NOW);
        assert_eq!([6, 5, 4].map(|generation| sign_out(generation, &used)), [LogoutDecision::End; 3]);
        assert_eq!(sign_out(3, &used), LogoutDecision::Revoke);
        let superseded = State { lineage: used.lineage.superseded(OTHER), ..used };
        assert_eq!([6, 5, 4].map(|generation| sign_out(generation, &superseded)), {
            [LogoutDecision::End, LogoutDecision::Revoke, LogoutDecision::End]
        });
        assert_eq!(sign_out(5, &State { revoked: true, ..used }), LogoutDecision::Ignore);
    }

    #[test]
    fn a_rotation_by_version_0_1_is_decided_by_its_rule() {
        let lineage = Lineage { superseded: 0b1, ..fifth(OWNER, None).lineage }.continued_to(7);
        assert_eq!(lineage, Lineage { generation: 7, parent: 6, superseded: 0b100, ..Lineage::FIRST });
        let session = |first_used_at| State { lineage, first_used_at, ..fifth(OWNER, None) };
        for presenter in [OWNER, HOME] {
            assert_eq!(decide_at(6, presenter, &session(None), NOW + 3_600_000), Decision::Repeat);
            assert_eq!(decide_at(6, presenter, &session(Some(NOW)), NOW + LEEWAY - 1), Decision::Repeat);
            assert_eq!(decide_at(6, presenter, &session(Some(NOW)), NOW + LEEWAY), Decision::Revoke);
            assert_eq!(decide_at(5, presenter, &session(None), NOW), Decision::Revoke);
        }
        assert_eq!(Lineage { generation: -1, superseded: 1, ..Lineage::FIRST }.continued_to(70).superseded, 0, "too far back");
    }

    fn any_presenter() -> impl Strategy<Value = Presenter> {
        prop_oneof![(0..3_u8).prop_map(|n| Presenter::Attempt([n; 16])), (0..3_u8).prop_map(|n| Presenter::Client([n; 16]))]
    }

    fn any_state() -> impl Strategy<Value = State> {
        let time = || prop_oneof![any::<i64>(), 0..100_000_i64, Just(i64::MAX)];
        let rotations = (proptest::option::of(any_presenter()), proptest::option::of(any_presenter()));
        let lineage = (0..50_i64, 1..12_i64, 1..12_i64, rotations, any::<u64>(), 0..50_i64);
        (lineage, proptest::option::of(time()), time(), any::<bool>()).prop_map(
            |(
                (generation, back, further, (rotated_by, parent_rotated_by), superseded, access_floor),
                first_used_at,
                expires_at,
                revoked,
            )| {
                let (parent, grandparent) = (generation - back, Some(generation - back - further));
                let lineage = Lineage { generation, parent, rotated_by, grandparent, parent_rotated_by, superseded, access_floor };
                State { lineage, first_used_at, expires_at, revoked }
            },
        )
    }

    fn any_presented() -> impl Strategy<Value = Presented> {
        let generation = prop_oneof![-20..60_i64, any::<i64>(), Just(i64::MAX)];
        (generation, any_presenter(), any::<i64>()).prop_map(|(generation, presenter, expires_at)| Presented {
            generation,
            presenter,
            expires_at,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

        #[test]
        fn tokens_of_an_ended_session_are_refused(session in any_state(), presented in any_presented(), now in any::<i64>(), leeway in any::<i64>()) {
            let is_ahead = presented.generation > session.lineage.generation;
            prop_assume!(session.revoked || now >= if is_ahead { presented.expires_at } else { session.expires_at });
            prop_assert_eq!(decide(&presented, &session, now, leeway), Decision::Refuse);
            prop_assert_eq!(decide_logout(presented.generation, presented.expires_at, &session, now), LogoutDecision::Ignore);
        }

        #[test]
        fn each_decision_holds_for_its_generations_only(
            session in any_state(), presented in any_presented(), now in any::<i64>(), leeway in any::<i64>()
        ) {
            let lineage = session.lineage;
            let decision = decide(&presented, &session, now, leeway);
            match decision {
                Decision::Rotate => {
                    prop_assert!(presented.generation >= lineage.generation);
                    let next = lineage.rotated(&presented);
                    prop_assert_eq!((next.generation, next.parent), (presented.generation + 1, presented.generation));
                }
                Decision::Repeat => prop_assert_eq!(presented.generation, lineage.parent),
                Decision::Supersede => {
                    prop_assert_eq!(presented.generation, lineage.parent);
                    prop_assert_eq!(session.first_used_at, None);
                    let next = lineage.superseded(presented.presenter);
                    prop_assert_eq!((next.generation, next.parent), (lineage.generation + 1, lineage.parent));
                    prop_assert_eq!(decide_access(lineage.generation, &State { lineage: next, ..session }.access()), AccessDecision::Revoke);
                }
                Decision::Revoke => prop_assert!(presented.generation < lineage.generation && presented.generation >= 0),
                Decision::ReusedAttempt => {
                    prop_assert_eq!((presented.generation, Some(presented.presenter)), (lineage.generation, lineage.rotated_by));
                }
                Decision::Refuse => {}
            }
        }
    }

    proptest! {
        // Most generated tokens are no reuse and are discarded, which takes time.
        #![proptest_config(ProptestConfig { cases: 4_000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

        /// No later change of a live session makes a token valid again that was found to be reused.
        #[test]
        fn a_reused_token_is_never_accepted_again(
            mut session in any_state(), presented in any_presented(), now in 50_000..100_000_i64, leeway in 0..20_000_i64,
            later in proptest::collection::vec((any_presenter(), 0..3_u8), 0..5), late in 0..1_000_000_i64
        ) {
            session.expires_at = i64::MAX;
            session.first_used_at = session.first_used_at.map(|at| at.clamp(0, now));
            prop_assume!(decide(&presented, &session, now, leeway) == Decision::Revoke);
            for (presenter, what) in later {
                match what {
                    0 => session.first_used_at = session.first_used_at.or(Some(now)),
                    1 => {
                        let generation = session.lineage.generation;
                        session.lineage = session.lineage.rotated(&Presented { generation, presenter, expires_at: i64::MAX });
                        session.first_used_at = None;
                    }
                    _ if session.first_used_at.is_none() && session.lineage.may_supersede() => {
                        session.lineage = session.lineage.superseded(presenter);
                    }
                    _ => {}
                }
            }
            let decision = decide(&presented, &session, now + late, leeway);
            prop_assert!(matches!(decision, Decision::Revoke | Decision::Refuse), "{decision:?}");
        }
    }
}
