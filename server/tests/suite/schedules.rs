//! Model checking of the rotation rules with an owner and a thief: all schedules to a depth, and long random ones.
//!
//! The owner has several tabs with one store. Answers are lost, requests arrive again late, the row is set back once, the browser reads
//! an old record once, and a server of version 0.1 takes part. The thief copied a refresh token, with or without its attempt id, before
//! or during an exchange, and refreshes and uses the results in any order. Without a thief, no session may end and no request of the
//! owner may be refused. With a thief, the test counts unseen rounds: the thief used a token newer than the copy, and the owner then
//! refreshed and used the result while the session stayed live.

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::collections::{HashMap, HashSet};
use wugan_axum::rotation::{
    AccessDecision, Decision, Lineage, LogoutDecision, Presented, Presenter, State, decide, decide_access, decide_logout,
};

/// Time passes in [`Step::Wait`] only, which is longer than all windows.
const NOW: i64 = 0;
pub(crate) const WAIT: i64 = 3_600_000;
const LEEWAY: i64 = 10_000;

/// A refresh token in the owner's store, with the attempt id that was made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    token: i64,
    id: u8,
}

/// What the thief has copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Copied {
    Nothing,
    /// The token alone.
    Token,
    /// The record, before its token was exchanged.
    Record,
    /// The record, after the server exchanged its token and before the answer was stored.
    RecordInTheMiddle,
}

/// The steps that may occur in a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) copied: Copied,
    /// The owner's client sends attempt ids.
    pub(crate) ids: bool,
    /// The thief's requests have the owner's network and `User-Agent`.
    pub(crate) same_client: bool,
    /// The row is set back to an earlier state once.
    pub(crate) regression: bool,
    /// Some of the owner's refreshes are answered by a server of version 0.1.
    pub(crate) old_server: bool,
    /// The owner's client signs out with a refresh token that was refused.
    pub(crate) signs_out_when_refused: bool,
}

const HONEST: Setup =
    Setup { copied: Copied::Nothing, ids: true, same_client: false, regression: true, old_server: false, signs_out_when_refused: false };

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// The owner refreshes; the answer is lost or stored.
    Refresh {
        lost: bool,
    },
    /// The owner refreshes at a server of version 0.1; the answer is stored.
    RefreshAtOldServer,
    /// The owner uses the current access token.
    Use,
    /// A tab uses the access token before that one.
    UseOlder,
    /// A request of one of the owner's last exchanges arrives again.
    Duplicate(usize),
    /// All windows pass.
    Wait,
    /// The row is set back by this number of steps.
    Regress(usize),
    /// The browser was killed and reads the record before the current one.
    RollBack,
    ThiefRefreshes(i64, Presenter),
    ThiefUses(i64),
}

/// A request to the server and the outcome by the rules, to be compared with the real server's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Refresh(i64, Presenter, Option<i64>),
    RefreshAtOldServer(i64),
    Access(i64, bool),
    Logout(i64),
    Wait,
    Regress(usize),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Schedule {
    pub(crate) row: State,
    owner: Record,
    previous: Option<Record>,
    sent: Vec<Record>,
    /// The next record's id. It changes where one generation can have two records.
    epoch: u8,
    /// The row before each of the last steps; empty after the row was set back.
    past: Vec<State>,
    may_regress: bool,
    may_roll_back: bool,
    /// A bit for each generation of which the thief has the refresh token, has an access token, or has used one. Using one of the same
    /// generation again does not count as a round: it is the token that the thief has until it expires.
    thief_tokens: u128,
    thief_access: u128,
    thief_used: u128,
    /// The thief used a newer token: 1. The owner refreshed after that: 2.
    stage: u8,
    pub(crate) unseen_rounds: u8,
    /// The owner was refused, and the session is still live.
    pub(crate) is_owner_out: bool,
}

const THIEF: [Presenter; 2] = [Presenter::Attempt([200; 16]), Presenter::Attempt([201; 16])];
pub(crate) const OWNERS_CLIENT: Presenter = Presenter::Client([1; 16]);
pub(crate) const THIEFS_CLIENT: Presenter = Presenter::Client([2; 16]);
const FIRST: Record = Record { token: 0, id: 0 };

fn presenter(record: Record, setup: &Setup) -> Presenter {
    if !setup.ids {
        return OWNERS_CLIENT;
    }
    let mut hash = [0; 16];
    (hash[0], hash[1]) = (u8::try_from(record.token).unwrap(), record.id);
    Presenter::Attempt(hash)
}

fn refresh(row: &mut State, generation: i64, presenter: Presenter) -> Option<i64> {
    let presented = Presented { generation, presenter, expires_at: i64::MAX };
    let lineage = match decide(&presented, row, NOW, LEEWAY) {
        Decision::Rotate => row.lineage.rotated(&presented),
        Decision::Supersede => row.lineage.superseded(presenter),
        Decision::Repeat => return Some(row.lineage.generation),
        Decision::Refuse | Decision::ReusedAttempt => return None,
        Decision::Revoke => {
            row.revoked = true;
            return None;
        }
    };
    (row.lineage, row.first_used_at) = (lineage, None);
    Some(lineage.generation)
}

fn access(row: &mut State, generation: i64) -> bool {
    match decide_access(generation, &row.access()) {
        _ if row.revoked => false,
        AccessDecision::Admit => true,
        AccessDecision::FirstUse => {
            row.first_used_at = Some(NOW);
            true
        }
        AccessDecision::Refuse => false,
        AccessDecision::Revoke => {
            row.revoked = true;
            false
        }
    }
}

impl Schedule {
    pub(crate) fn start(setup: &Setup) -> Self {
        let mut row = State { lineage: Lineage::FIRST, first_used_at: None, expires_at: i64::MAX, revoked: false };
        if setup.copied == Copied::RecordInTheMiddle {
            refresh(&mut row, 0, presenter(FIRST, setup));
        }
        Self {
            row,
            owner: FIRST,
            previous: None,
            sent: Vec::new(),
            epoch: 0,
            past: Vec::new(),
            may_regress: setup.regression,
            may_roll_back: setup.copied == Copied::Nothing && setup.ids,
            thief_tokens: u128::from(setup.copied != Copied::Nothing),
            thief_access: 0,
            thief_used: 0,
            stage: 0,
            unseen_rounds: 0,
            is_owner_out: false,
        }
    }

    /// All possible next steps.
    pub(crate) fn steps(&self, setup: &Setup) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.row.revoked || self.is_owner_out {
            return steps;
        }
        steps.extend([Step::Refresh { lost: false }, Step::Refresh { lost: true }, Step::Use]);
        if self.previous.is_some() {
            steps.push(Step::UseOlder);
        }
        if setup.old_server && (self.owner.token == self.row.lineage.generation || self.owner.token == self.row.lineage.parent) {
            steps.push(Step::RefreshAtOldServer);
        }
        // A browser that was killed starts again within the window.
        let is_rolled_back = setup.copied == Copied::Nothing && self.owner.token == self.row.lineage.parent;
        if self.row.first_used_at == Some(NOW) && !is_rolled_back {
            steps.push(Step::Wait);
        }
        steps.extend((0..self.sent.len()).filter(|at| self.may_arrive_again(self.sent[*at], setup)).map(Step::Duplicate));
        if self.may_regress {
            steps.extend((0..self.past.len()).map(Step::Regress));
        }
        // A killed browser loses up to 40 s of writes, in which the client could not exchange the token again.
        let is_recent = self.row.first_used_at.is_none_or(|at| at == NOW);
        if self.may_roll_back && is_recent && self.previous.is_some_and(|previous| previous.token == self.row.lineage.parent) {
            steps.push(Step::RollBack);
        }
        if setup.copied != Copied::Nothing {
            for generation in (0..127).filter(|generation| self.thief_tokens >> generation & 1 == 1) {
                let has_id = generation == 0 && matches!(setup.copied, Copied::Record | Copied::RecordInTheMiddle);
                let copied = has_id.then(|| presenter(FIRST, setup));
                let client = if setup.same_client { OWNERS_CLIENT } else { THIEFS_CLIENT };
                let own = if setup.ids { THIEF.to_vec() } else { vec![client] };
                steps.extend(own.into_iter().chain(copied).map(|presenter| Step::ThiefRefreshes(generation, presenter)));
            }
            let newer = (1..127).filter(|generation| (self.thief_access & !self.thief_used) >> generation & 1 == 1);
            steps.extend(newer.map(Step::ThiefUses));
        }
        steps
    }

    /// Whether a duplicate may arrive. Without a thief, these are the duplicates that the rules answer without ending the session: with ids,
    /// those of the last two exchanges at any time; without, or after an exchange by a server of version 0.1, those of the last one until
    /// the leeway after the first use has passed.
    fn may_arrive_again(&self, sent: Record, setup: &Setup) -> bool {
        let lineage = &self.row.lineage;
        let is_recent = self.row.first_used_at.is_none_or(|at| at == NOW);
        let has_ids_throughout = setup.ids && !setup.old_server;
        if setup.copied != Copied::Nothing || has_ids_throughout || sent.token >= lineage.generation {
            return true;
        }
        if sent.token == lineage.parent {
            return is_recent || (setup.ids && lineage.rotated_by.is_some());
        }
        setup.ids && lineage.grandparent == Some(sent.token) && lineage.parent_rotated_by.is_some()
    }

    /// The schedule after a step, or the rule that the step broke.
    pub(crate) fn apply(&self, step: Step, setup: &Setup, calls: &mut Vec<Call>) -> Result<Self, &'static str> {
        let mut next = self.clone();
        if self.may_regress {
            next.past.push(self.row);
            if next.past.len() > 3 {
                next.past.remove(0);
            }
        }
        let is_honest = setup.copied == Copied::Nothing;
        let by_owner = presenter(self.owner, setup);
        match step {
            Step::Refresh { lost } => {
                let granted = refresh(&mut next.row, self.owner.token, by_owner);
                calls.push(Call::Refresh(self.owner.token, by_owner, granted));
                let Some(granted) = granted else {
                    if is_honest {
                        return Err("the owner's refresh is refused");
                    }
                    next.owner_is_refused(setup, calls);
                    return Ok(next);
                };
                if refresh(&mut next.row.clone(), self.owner.token, by_owner) != Some(granted) {
                    return Err("two tabs get different successors");
                }
                next.exchanged(granted, lost);
            }
            Step::RefreshAtOldServer => {
                calls.push(Call::RefreshAtOldServer(self.owner.token));
                if self.owner.token == self.row.lineage.generation {
                    next.row.lineage = self.row.lineage.continued_to(self.row.lineage.generation + 1);
                    next.row.first_used_at = None;
                } else if self.row.first_used_at.is_some_and(|at| at != NOW) {
                    // That version's rule ends the session here: an old record was read, and the leeway has passed.
                    return Ok(next);
                }
                next.exchanged(next.row.lineage.generation, false);
            }
            Step::Use => {
                let is_admitted = access(&mut next.row, self.owner.token);
                calls.push(Call::Access(self.owner.token, is_admitted));
                if is_honest
                    && !is_admitted
                    && self.owner.token >= self.row.lineage.access_floor
                    && self.owner.token <= self.row.lineage.generation
                {
                    return Err("the owner's access token is refused");
                }
                if is_admitted && self.stage == 2 {
                    (next.stage, next.unseen_rounds) = (0, self.unseen_rounds + 1);
                }
            }
            Step::UseOlder => {
                let older = self.previous.map_or(0, |previous| previous.token);
                calls.push(Call::Access(older, access(&mut next.row, older)));
            }
            Step::Duplicate(at) => {
                let sent = self.sent[at];
                let granted = refresh(&mut next.row, sent.token, presenter(sent, setup));
                calls.push(Call::Refresh(sent.token, presenter(sent, setup), granted));
                let is_recent = self.row.first_used_at.is_none_or(|at| at == NOW);
                if is_honest && is_recent && sent.token == self.row.lineage.parent && granted != Some(self.row.lineage.generation) {
                    return Err("a duplicate is not answered with the same successor");
                }
            }
            Step::Wait => {
                calls.push(Call::Wait);
                // Also in the rows that may be restored.
                for row in next.past.iter_mut().chain([&mut next.row]) {
                    row.first_used_at = row.first_used_at.map(|_| NOW - WAIT);
                }
            }
            Step::Regress(at) => {
                calls.push(Call::Regress(self.past.len() - at));
                next.row = self.past[at];
                (next.past, next.may_regress, next.sent, next.previous) = (Vec::new(), false, Vec::new(), None);
                next.epoch += 1;
            }
            Step::RollBack => {
                next.owner = self.previous.unwrap_or(FIRST);
                (next.previous, next.may_roll_back) = (None, false);
                next.epoch += 1;
            }
            Step::ThiefRefreshes(generation, presenter) => {
                let granted = refresh(&mut next.row, generation, presenter);
                calls.push(Call::Refresh(generation, presenter, granted));
                if let Some(granted) = granted {
                    next.thief_tokens |= 1 << granted;
                    next.thief_access |= 1 << granted;
                }
            }
            Step::ThiefUses(generation) => {
                let is_admitted = access(&mut next.row, generation);
                calls.push(Call::Access(generation, is_admitted));
                next.thief_used |= 1 << generation;
                if is_admitted {
                    next.stage = 1;
                }
            }
        }
        if is_honest && next.row.revoked { Err("the session is ended") } else { Ok(next) }
    }

    fn exchanged(&mut self, granted: i64, lost: bool) {
        if self.sent.last() != Some(&self.owner) {
            self.sent.push(self.owner);
            if self.sent.len() > 2 {
                self.sent.remove(0);
            }
        }
        if !lost {
            self.previous = Some(self.owner);
            self.owner = Record { token: granted, id: self.epoch };
            if self.stage == 1 {
                self.stage = 2;
            }
        }
    }

    fn owner_is_refused(&mut self, setup: &Setup, calls: &mut Vec<Call>) {
        if setup.signs_out_when_refused && !self.row.revoked {
            calls.push(Call::Logout(self.owner.token));
            self.row.revoked = decide_logout(self.owner.token, i64::MAX, &self.row, NOW) != LogoutDecision::Ignore;
        }
        self.is_owner_out = !self.row.revoked;
    }
}

/// The result of all schedules of a setup to a depth.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    paths: u128,
    unseen_rounds: u8,
    is_owner_out: bool,
}

struct Explorer<'a> {
    setup: &'a Setup,
    found: HashMap<(Schedule, u8), Found>,
    distinct: HashSet<Schedule>,
}

impl Explorer<'_> {
    fn explore(&mut self, schedule: &Schedule, depth: u8, history: &mut Vec<Step>) -> Found {
        if let Some(found) = self.found.get(&(schedule.clone(), depth)) {
            return *found;
        }
        let (unseen_rounds, is_owner_out) = (schedule.unseen_rounds, schedule.is_owner_out);
        let mut all = Found { paths: 0, unseen_rounds, is_owner_out };
        let steps = if depth == 0 { Vec::new() } else { schedule.steps(self.setup) };
        for step in &steps {
            history.push(*step);
            let next = schedule.apply(*step, self.setup, &mut Vec::new()).unwrap_or_else(|broken| panic!("{broken}: {history:?}"));
            let found = self.explore(&next, depth - 1, history);
            history.pop();
            all.paths += found.paths;
            all.unseen_rounds = all.unseen_rounds.max(found.unseen_rounds);
            all.is_owner_out |= found.is_owner_out;
        }
        all.paths = all.paths.max(1);
        self.distinct.insert(schedule.clone());
        self.found.insert((schedule.clone(), depth), all);
        all
    }
}

fn is_long() -> bool {
    std::env::var_os("WUGAN_TEST_LONG").is_some()
}

/// Explores all schedules to this depth; two steps deeper in the long form.
fn explore(setup: &Setup, depth: u8) -> Found {
    let depth = if is_long() { depth + 2 } else { depth };
    let mut explorer = Explorer { setup, found: HashMap::new(), distinct: HashSet::new() };
    let found = explorer.explore(&Schedule::start(setup), depth, &mut Vec::new());
    println!("{} steps, {} paths over {} states: {found:?}; {setup:?}", depth, found.paths, explorer.distinct.len());
    found
}

/// Runs long random schedules, a hundred times as many in the long form. Returns the largest number of unseen rounds.
fn random(setup: &Setup, schedules: usize, length: usize) -> u8 {
    let schedules = if is_long() { schedules * 100 } else { schedules };
    let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("WUGAN_TEST_SEED={seed}");
    let (mut rng, mut most) = (SmallRng::seed_from_u64(seed), 0);
    for _ in 0..schedules {
        let (mut schedule, mut history) = (Schedule::start(setup), Vec::new());
        for _ in 0..length {
            let steps = schedule.steps(setup);
            // A generation is a bit of the thief's masks and a byte of an id.
            if steps.is_empty() || schedule.row.lineage.generation > 120 {
                break;
            }
            let step = steps[rng.random_range(0..steps.len())];
            history.push(step);
            schedule = schedule.apply(step, setup, &mut Vec::new()).unwrap_or_else(|broken| panic!("{broken}: {history:?}"));
        }
        most = most.max(schedule.unseen_rounds);
    }
    most
}

#[test]
fn case_30_no_schedule_without_a_thief_ends_a_session_with_attempt_ids() {
    explore(&HONEST, 11);
    random(&HONEST, 500, 200);
}

#[test]
fn case_30_no_schedule_without_a_thief_ends_a_session_without_attempt_ids() {
    let setup = Setup { ids: false, ..HONEST };
    explore(&setup, 11);
    random(&setup, 500, 200);
}

#[test]
fn case_30_no_schedule_without_a_thief_ends_a_session_beside_a_server_of_version_0_1() {
    let setup = Setup { old_server: true, ..HONEST };
    explore(&setup, 9);
    random(&setup, 500, 200);
}

#[test]
fn case_30_a_thief_without_the_attempt_id_uses_no_newer_token_undetected() {
    let setup = Setup { copied: Copied::Token, regression: false, ..HONEST };
    let found = explore(&setup, 8);
    assert_eq!((found.unseen_rounds, found.is_owner_out), (0, false));
    assert_eq!(random(&setup, 2_000, 100), 0);
}

#[test]
fn case_30_a_thief_with_the_attempt_id_has_one_undetected_round() {
    for copied in [Copied::Record, Copied::RecordInTheMiddle] {
        let setup = Setup { copied, regression: false, ..HONEST };
        let found = explore(&setup, 7);
        assert_eq!(found.unseen_rounds, 1, "{copied:?}");
        assert!(found.is_owner_out, "the owner may be refused without the session being ended");
        assert!(random(&setup, 2_000, 100) <= 1);
    }
}

/// With the id, the owner's request cannot be distinguished from a late duplicate. It is refused; a sign-out with the same token ends the
/// session.
#[test]
fn case_30_an_owner_that_signs_out_when_refused_ends_the_thiefs_session() {
    for copied in [Copied::Record, Copied::RecordInTheMiddle] {
        let setup = Setup { copied, regression: false, signs_out_when_refused: true, ..HONEST };
        let found = explore(&setup, 7);
        assert_eq!((found.unseen_rounds, found.is_owner_out), (1, false), "{copied:?}");
    }
}

#[test]
fn case_30_a_thief_elsewhere_uses_no_newer_token_undetected_though_the_client_has_no_ids() {
    let setup = Setup { copied: Copied::Token, ids: false, regression: false, ..HONEST };
    let found = explore(&setup, 9);
    assert_eq!((found.unseen_rounds, found.is_owner_out), (0, false));
    assert_eq!(random(&setup, 2_000, 100), 0);
}

/// A known limit: without ids the presenter is network and `User-Agent`, so a thief with the same ones cannot be distinguished.
#[test]
fn case_30_without_ids_a_thief_with_the_same_network_and_user_agent_may_stay_undetected() {
    let setup = Setup { copied: Copied::Token, ids: false, same_client: true, regression: false, ..HONEST };
    assert!(explore(&setup, 8).unseen_rounds >= 2);
}

/// Lost generations and those after the regression have the same numbers. The bound was measured with a million random schedules; it is not
/// proved.
#[test]
fn case_60_one_regression_of_the_row_gives_a_thief_at_most_two_unseen_rounds() {
    for copied in [Copied::Token, Copied::Record] {
        let setup = Setup { copied, ..HONEST };
        assert!(explore(&setup, 6).unseen_rounds <= 2, "{copied:?}");
        assert!(random(&setup, 5_000, 60) <= 2, "{copied:?}");
    }
}
