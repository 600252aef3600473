//! Compares the store and the rules with a reference model by random steps: all outcomes must be equal.
//!
//! The model implements the guarantees of `docs/security.md` in another way than `decide`: for each session it has the list of issued
//! pairs, each with the pair and the client that it was exchanged for, and the first use of the newest pair. It has no lineage and no
//! mask. `WUGAN_TEST_SEED` repeats a run.

use crate::{
    database::{Kind, on_each_database},
    schedules::{Call, Copied, OWNERS_CLIENT, Schedule, Setup, WAIT},
    test_server::{TestServer, long},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{collections::HashMap, sync::Arc};
use wugan_axum::{
    Attempt, Device, Error, Scheme,
    rotation::{AccessDecision, Decision, Lineage, Presented, Presenter, State, decide, decide_access},
    store::{session, user},
};
use wugan_wire::{LogoutScope, TokenAnswer};

const LEEWAY: i64 = 10_000;
const DUPLICATE_WINDOW: i64 = 300_000;
const IDLE: i64 = 7 * 24 * 3_600_000;
const LIFETIME: i64 = 30 * 24 * 3_600_000;

/// The sender of a refresh: a client with an attempt id of its own for each pair, or one without, by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    WithId(u8),
    Without(u8),
}

impl Sender {
    fn any(rng: &mut SmallRng) -> Self {
        // Mostly the same one, so that exchanges are repeated.
        let n = if rng.random_ratio(3, 4) { 0 } else { rng.random_range(1..=2) };
        if rng.random() { Self::WithId(n) } else { Self::Without(n) }
    }

    fn attempt(self, pair: usize) -> Option<Attempt> {
        match self {
            Self::WithId(n) => Some(Attempt::parse(&format!("attempt-number-{n}-{pair}")).unwrap()),
            Self::Without(_) => None,
        }
    }

    fn device(self) -> Device {
        let (Self::WithId(n) | Self::Without(n)) = self;
        Device { user_agent: Some("a browser".into()), ip: Some([192, 0, 2, n].into()), ..Device::default() }
    }

    fn presenter(self, pair: usize) -> Presenter {
        match self {
            Self::WithId(n) => Presenter::Attempt((u128::from(n) << 64 | pair as u128).to_be_bytes()),
            Self::Without(n) => Presenter::Client([n; 16]),
        }
    }

    /// How long an exchange is repeated to the same sender after the first use of its pair.
    fn window(self) -> i64 {
        if matches!(self, Self::WithId(_)) { DUPLICATE_WINDOW } else { LEEWAY }
    }
}

/// An issued pair. If it was repeated, it has the newest access token.
struct Pair {
    tokens: TokenAnswer,
    /// The number of the pair that was exchanged for it, and by which sender. None for a sign-in's.
    origin: Option<(usize, Sender)>,
    /// Another sender's exchange of the same token made a newer pair before this one was used.
    superseded: bool,
}

impl Pair {
    fn of_sign_in(tokens: TokenAnswer) -> Self {
        Self { tokens, origin: None, superseded: false }
    }
}

/// The model of one session.
struct SessionModel {
    created_at: i64,
    /// All issued pairs, oldest first.
    pairs: Vec<Pair>,
    /// When the newest pair was issued.
    newest_at: i64,
    /// When an access token of the newest pair was first used.
    newest_used_at: Option<i64>,
    ended: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Next,
    Same,
    Refused,
}

impl SessionModel {
    fn is_live(&self, now: i64) -> bool {
        // Tokens count in whole seconds.
        !self.ended && now / 1000 < self.newest_at.saturating_add(IDLE).min(self.created_at + LIFETIME) / 1000
    }

    fn newest(&self) -> usize {
        self.pairs.len() - 1
    }

    /// The outcome of a refresh with the token of pair number `which`. The caller adds the next pair.
    fn present(&mut self, which: usize, sender: Sender, now: i64) -> Expected {
        if !self.is_live(now) {
            return Expected::Refused;
        }
        let newest = self.newest();
        if which == newest {
            return Expected::Next;
        }
        let (parent, by) = self.pairs[newest].origin.unwrap();
        if which == parent {
            let is_same = by == sender;
            let Some(used_at) = self.newest_used_at else {
                let siblings = self.pairs.iter().filter(|pair| pair.origin.is_some_and(|(origin, _)| origin == parent)).count();
                let lately = self.pairs.iter().rev().skip(1).take(64).filter(|pair| pair.superseded).count();
                if is_same {
                    return Expected::Same;
                }
                if siblings <= 8 && lately < 32 {
                    self.pairs[newest].superseded = true;
                    return Expected::Next;
                }
                self.ended = true;
                return Expected::Refused;
            };
            if is_same && (now - used_at).abs() < sender.window() {
                return Expected::Same;
            }
            self.ended = !(is_same && matches!(sender, Sender::WithId(_)));
            return Expected::Refused;
        }
        let is_late_duplicate = matches!(sender, Sender::WithId(_)) && self.pairs[parent].origin == Some((which, sender));
        self.ended = !is_late_duplicate;
        Expected::Refused
    }

    fn add_pair(&mut self, tokens: TokenAnswer, which: usize, sender: Sender, made_at: i64) {
        self.pairs.push(Pair { tokens, origin: Some((which, sender)), superseded: false });
        (self.newest_at, self.newest_used_at) = (made_at, None);
    }

    /// Whether an access token that has not expired is accepted. Records a first use or a reuse.
    fn admits(&mut self, which: usize, now: i64) -> bool {
        let age = self.newest() - which;
        if self.ended || age > 64 {
            return false;
        }
        if self.pairs[which].superseded {
            self.ended = true;
            return false;
        }
        if age == 0 {
            self.newest_used_at = self.newest_used_at.or(Some(now));
        }
        true
    }
}

on_each_database! {
    async fn the_store_agrees_with_the_model(kind: Kind) {
        let steps = if long() { 300_000 } else { 30_000 };
        let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
        println!("WUGAN_TEST_SEED={seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut server = TestServer::with(kind, &["--access-ttl", "20h", "--name-limit", "1000000/1h"]).await;
        server.register("ada").await;
        let ada = server.auth.store().user_by_key("ada").await.unwrap().unwrap();
        server.auth.sessions().logout(&server.login("ada").await.refresh_token, LogoutScope::All, &Device::default()).await.unwrap();
        let mut models: Vec<SessionModel> = Vec::new();
        let mut at = 0;
        for step in 0..steps {
            let now = server.clock.now();
            if models.len() < 4 || rng.random_ratio(1, 60) {
                let answer = server.auth.sessions().start(&ada, None, &Device::default()).await.unwrap();
                // The rules read the clock after this test; the row has the exact time.
                let row = server.row(&answer).await;
                models.push(SessionModel { created_at: row.created_at, pairs: vec![Pair::of_sign_in(answer)], newest_at: row.rotated_at, newest_used_at: None, ended: false });
                if models.len() > 12 {
                    models.remove(0);
                }
                continue;
            }
            // Mostly the same session, so that several steps fall into the same few seconds.
            if rng.random_ratio(1, 5) || at >= models.len() {
                at = rng.random_range(0..models.len());
            }
            let newest = models[at].newest();
            // Mostly the newest few pairs, which the rules distinguish.
            let which = if rng.random_ratio(9, 10) { newest - rng.random_range(0..=2).min(newest) } else { rng.random_range(0..=newest) };
            match rng.random_range(0..100) {
                0..45 => refresh(&server, &mut models[at], which, Sender::any(&mut rng), step).await,
                45..75 => guard(&server, &mut models[at], which, step).await,
                75..77 => {
                    server.auth.sessions().logout(&models[at].pairs[newest].tokens.refresh_token, LogoutScope::This, &Device::default()).await.unwrap();
                    models[at].ended = true;
                }
                77 => {
                    if models[at].is_live(now) {
                        server.auth.sessions().logout(&models[at].pairs[newest].tokens.refresh_token, LogoutScope::Others, &Device::default()).await.unwrap();
                        models.iter_mut().enumerate().filter(|(other, _)| *other != at).for_each(|(_, model)| model.ended = true);
                    }
                }
                78 => {
                    let row = server.row(&models[at].pairs[0].tokens).await;
                    let ended = server.auth.sessions().end_own(row.user_id, row.id, &Device::default()).await;
                    assert!(matches!(ended, Ok(()) | Err(Error::NotFound)), "{ended:?}");
                    models[at].ended = true;
                }
                79 => {
                    let restarted = server.another().await;
                    std::mem::replace(&mut server, restarted).stop().await;
                }
                80..90 => server.clock.shift(rng.random_range(-3_000..15_000)),
                90..97 => server.clock.shift(rng.random_range(0..10 * 3_600_000)),
                97 => server.clock.shift(rng.random_range(-3_600_000..0)),
                _ => server.clock.shift(rng.random_range(0..3 * 24 * 3_600_000)),
            }
        }
        server.stop().await;
    }
}

/// Whether a boundary is so near that the time between the model's and the rules' reading of the clock matters.
fn is_near_boundary(model: &SessionModel, now: i64) -> bool {
    let near = |moment: i64| (now - moment).abs() < 1_500;
    let windows =
        model.newest_used_at.is_some_and(|at| [LEEWAY, -LEEWAY, DUPLICATE_WINDOW, -DUPLICATE_WINDOW].iter().any(|by| near(at + by)));
    near(model.newest_at + IDLE) || near(model.created_at + LIFETIME) || windows
}

async fn refresh(server: &TestServer, model: &mut SessionModel, which: usize, sender: Sender, step: usize) {
    if is_near_boundary(model, server.clock.now()) {
        server.clock.shift(4_000);
    }
    let now = server.clock.now();
    let token = model.pairs[which].tokens.refresh_token.clone();
    let newest = model.newest();
    // The model has no expiry of the refresh token itself: the session's expiry counts.
    let expected = model.present(which, sender, now);
    let answer = server.auth.sessions().refresh(&token, sender.attempt(which), &sender.device()).await;
    let seen = match &answer {
        Ok(answer) if answer.refresh_token == model.pairs[newest].tokens.refresh_token => Expected::Same,
        Ok(_) => Expected::Next,
        Err(Error::InvalidGrant) => Expected::Refused,
        Err(other) => panic!("step {step}: {other:?}"),
    };
    assert_eq!(seen, expected, "step {step}");
    let Ok(answer) = answer else { return };
    if seen == Expected::Next {
        let made_at = server.row(&answer).await.rotated_at;
        model.add_pair(answer, which, sender, made_at);
    } else {
        model.pairs[newest].tokens = answer;
    }
}

async fn guard(server: &TestServer, model: &mut SessionModel, which: usize, step: usize) {
    let now = server.clock.now();
    let token = model.pairs[which].tokens.access_token.clone();
    let expires_at = crate::test_server::claims(&token)["exp"].as_i64().unwrap();
    if (expires_at - now / 1000).abs() <= 2 {
        return;
    }
    let is_first_use = model.newest_used_at.is_none();
    let expected = now / 1000 < expires_at && model.admits(which, now);
    let admitted = match server.auth.sessions().authenticate((Scheme::Bearer, &token), &Device::default()).await {
        Ok(_) => true,
        Err(Error::InvalidToken) => false,
        Err(other) => panic!("step {step}: {other:?}"),
    };
    assert_eq!(admitted, expected, "step {step}");
    if is_first_use && model.newest_used_at.is_some() {
        // The rules read the clock after this test; the row has the exact time.
        model.newest_used_at = Some(server.row(&model.pairs[which].tokens).await.last_used_at);
    }
}

/// A session in memory that is changed by the decisions of `decide` alone, like the store's row.
struct InMemory {
    state: State,
    created_at: i64,
}

impl InMemory {
    fn present(&mut self, generation: usize, sender: Sender, now: i64) -> Expected {
        let presented =
            Presented { generation: i64::try_from(generation).unwrap(), expires_at: i64::MAX, presenter: sender.presenter(generation) };
        let lineage = match decide(&presented, &self.state, now, LEEWAY) {
            Decision::Rotate => self.state.lineage.rotated(&presented),
            Decision::Supersede => self.state.lineage.superseded(presented.presenter),
            Decision::Repeat => return Expected::Same,
            Decision::Revoke => {
                self.state.revoked = true;
                return Expected::Refused;
            }
            Decision::Refuse | Decision::ReusedAttempt => return Expected::Refused,
        };
        let expires_at = now.saturating_add(IDLE).min(self.created_at + LIFETIME);
        self.state = State { lineage, first_used_at: None, expires_at, ..self.state };
        Expected::Next
    }

    fn admits(&mut self, generation: usize, now: i64) -> bool {
        if self.state.revoked {
            return false;
        }
        let decision = decide_access(i64::try_from(generation).unwrap(), &self.state.access());
        match decision {
            AccessDecision::FirstUse => self.state.first_used_at = Some(now),
            AccessDecision::Revoke => self.state.revoked = true,
            AccessDecision::Admit | AccessDecision::Refuse => {}
        }
        matches!(decision, AccessDecision::Admit | AccessDecision::FirstUse)
    }
}

/// Compares the model with the pure rules, without a database and with many more steps: lost answers, replays of any age by any sender,
/// uses of access tokens, clock jumps in both directions, ends.
#[test]
fn the_rules_agree_with_the_model_for_a_million_steps() {
    let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("WUGAN_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let (mut now, mut seen) = (1_000_000_000_000_i64, [0_u32; 5]);
    let empty = || TokenAnswer {
        access_token: String::new(),
        refresh_token: String::new(),
        token_type: String::new(),
        expires_in: 0,
        refresh_expires_in: 0,
    };
    let created_at = |now: i64| {
        let state = State { lineage: Lineage::FIRST, first_used_at: None, expires_at: now + IDLE, revoked: false };
        let model =
            SessionModel { created_at: now, pairs: vec![Pair::of_sign_in(empty())], newest_at: now, newest_used_at: None, ended: false };
        (InMemory { state, created_at: now }, model)
    };
    let (mut session, mut model) = created_at(now);
    for step in 0..1_000_000 {
        let newest = model.newest();
        let which = newest - if rng.random_ratio(1, 50) { newest.min(70) } else { rng.random_range(0..=3).min(newest) };
        match rng.random_range(0..100) {
            0..40 => {
                // The model counts whole seconds, as tokens do, and so does this clock.
                let sender = Sender::any(&mut rng);
                let (expected, done) = (model.present(which, sender, now), session.present(which, sender, now));
                assert_eq!(done, expected, "step {step}");
                match done {
                    Expected::Next => {
                        seen[if which == newest { 0 } else { 4 }] += 1;
                        model.add_pair(empty(), which, sender, now);
                    }
                    Expected::Same => seen[1] += 1,
                    Expected::Refused => seen[2] += 1,
                }
            }
            40..60 if model.is_live(now) => {
                assert_eq!(session.admits(which, now), model.admits(which, now), "step {step}");
            }
            40..60 => {}
            60..94 => now += rng.random_range(0..15) * 1000,
            94 => now += rng.random_range(0..400) * 1000,
            95 => now -= rng.random_range(0..4000) * 1000,
            96 => now += rng.random_range(0..4) * 24 * 3_600_000,
            97 => {
                model.ended = true;
                session.state.revoked = true;
            }
            _ => {
                if !model.is_live(now) {
                    seen[3] += 1;
                    (session, model) = created_at(now);
                }
            }
        }
        assert_eq!(session.state.revoked, model.ended, "step {step}");
    }
    assert!(seen.iter().all(|times| *times > 1000), "each outcome occurred: {seen:?}");
}

fn device_of(presenter: Presenter) -> Device {
    Device { user_agent: None, ip: Some([192, 0, 2, if presenter == OWNERS_CLIENT { 1 } else { 2 }].into()), ..Device::default() }
}

fn attempt_of(presenter: Presenter) -> Option<Attempt> {
    let Presenter::Attempt(hash) = presenter else { return None };
    Some(Attempt::parse(&format!("attempt-id-{:03}-{:03}", hash[0], hash[1])).unwrap())
}

/// Refreshes as a server of version 0.1 does: it writes no lineage.
async fn refresh_as_version_0_1(server: &TestServer, first: &TokenAnswer, generation: i64) -> TokenAnswer {
    let (mut row, now) = (server.row(first).await, server.clock.now());
    if generation == row.generation {
        row = session::Model { generation: generation + 1, rotated_at: now, last_used_at: now, ..row };
        server.restore(&row).await;
    }
    server.auth.tokens().issue(&row.current(), "ada", now).unwrap()
}

/// Runs a random schedule, with each request sent to the real server, too.
async fn on_the_server(server: &TestServer, user: &user::Model, setup: &Setup, rng: &mut SmallRng) {
    let first = server.auth.sessions().start(user, None, &device_of(OWNERS_CLIENT)).await.unwrap();
    let mut tokens = HashMap::from([(0, first.clone())]);
    let mut schedule = Schedule::start(setup);
    if setup.copied == Copied::RecordInTheMiddle {
        let made = schedule.row.lineage.rotated_by.unwrap();
        tokens.insert(1, server.auth.sessions().refresh(&first.refresh_token, attempt_of(made), &device_of(made)).await.unwrap());
    }
    let (mut rows, mut history) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let steps = schedule.steps(setup);
        if steps.is_empty() {
            break;
        }
        let step = steps[rng.random_range(0..steps.len())];
        history.push(step);
        let mut calls = Vec::new();
        let next = schedule.apply(step, setup, &mut calls).unwrap_or_else(|broken| panic!("{broken}: {history:?}"));
        rows.push(server.row(&first).await);
        for call in calls {
            match call {
                Call::Refresh(generation, presenter, granted) => {
                    let token = &tokens[&generation].refresh_token;
                    let answer = server.auth.sessions().refresh(token, attempt_of(presenter), &device_of(presenter)).await;
                    match (answer, granted) {
                        (Ok(answer), Some(granted)) => {
                            assert_eq!(crate::test_server::claims(&answer.refresh_token)["gen"], granted, "{history:?}");
                            tokens.insert(granted, answer);
                        }
                        (Err(Error::InvalidGrant | Error::InvalidRequest(_)), None) => {}
                        (answer, granted) => panic!("{answer:?} instead of {granted:?}: {history:?}"),
                    }
                }
                Call::Access(generation, admitted) => {
                    let answer =
                        server.auth.sessions().authenticate((Scheme::Bearer, &tokens[&generation].access_token), &Device::default()).await;
                    assert_eq!(answer.is_ok(), admitted, "{history:?}");
                }
                Call::Logout(generation) => {
                    server.auth.sessions().logout(&tokens[&generation].refresh_token, LogoutScope::This, &Device::default()).await.unwrap();
                }
                Call::Wait => server.clock.shift(WAIT),
                Call::Regress(back) => server.restore(&rows[rows.len() - 1 - back]).await,
                Call::RefreshAtOldServer(generation) => {
                    let answer = refresh_as_version_0_1(server, &first, generation).await;
                    tokens.insert(crate::test_server::claims(&answer.refresh_token)["gen"].as_i64().unwrap(), answer);
                }
            }
        }
        let (row, expected) = (server.row(&first).await.state(), next.row);
        assert_eq!((row.revoked, row.first_used_at.is_some()), (expected.revoked, expected.first_used_at.is_some()), "{history:?}");
        assert_eq!(
            (row.lineage.generation, row.lineage.parent, row.lineage.grandparent, row.lineage.superseded, row.lineage.access_floor),
            (
                expected.lineage.generation,
                expected.lineage.parent,
                expected.lineage.grandparent,
                expected.lineage.superseded,
                expected.lineage.access_floor
            ),
            "{history:?}"
        );
        schedule = next;
    }
}

on_each_database! {
    /// In random schedules of an owner and a thief, each response and each row of the server is that of the rules.
    async fn case_30_the_server_answers_random_schedules_as_the_rules_do(kind: Kind) {
        let schedules = if long() { 2_000 } else { 60 };
        let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
        println!("WUGAN_TEST_SEED={seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        // The leeway has no effect here: between two steps passes either no time or an hour.
        let server = Arc::new(TestServer::with(kind, &["--access-ttl", "6d", "--reuse-leeway", "1m"]).await);
        server.register("ada").await;
        let ada = server.auth.store().user_by_key("ada").await.unwrap().unwrap();
        for copied in [Copied::Nothing, Copied::Token, Copied::Record, Copied::RecordInTheMiddle] {
            for (ids, old_server) in [(true, false), (false, false), (true, true)] {
                let setup = Setup { copied, ids, same_client: false, regression: true, old_server, signs_out_when_refused: ids };
                for _ in 0..schedules {
                    on_the_server(&server, &ada, &setup, &mut rng).await;
                }
            }
        }
        Arc::into_inner(server).unwrap().stop().await;
    }
}
