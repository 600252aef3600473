//! The store and the rules against a reference model: random steps, the same on both, no answer may differ.
//!
//! The model says what `docs/security.md` promises in other words than `decide` does: it keeps for each session the list of tokens
//! handed out, who has used which, and when, and knows nothing of generations. `WUGAN_TEST_SEED` repeats one run.

use crate::{
    database::{Kind, on_each_database},
    world::{World, long},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use wugan_server::{
    error::Error,
    rotation::{Decision, Standing, decide},
    sessions::Device,
    store::{
        session::{Which, by_id},
        user,
    },
};
use wugan_wire::{LogoutScope, TokenAnswer};

const LEEWAY: i64 = 10_000;
const IDLE: i64 = 7 * 24 * 3_600_000;
const WHOLE: i64 = 30 * 24 * 3_600_000;

/// What is promised of one session.
struct Promise {
    born: i64,
    /// Every pair handed out, oldest first; of a repeated one the newest access token.
    handed_out: Vec<TokenAnswer>,
    /// When the newest pair was made.
    newest_at: i64,
    /// Whether anybody used the newest pair.
    newest_used: bool,
    ended: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Promised {
    Next,
    Same,
    Refused,
}

impl Promise {
    fn alive(&self, now: i64) -> bool {
        // Tokens count in whole seconds.
        !self.ended && now / 1000 < self.newest_at.saturating_add(IDLE).min(self.born + WHOLE) / 1000
    }

    /// What presenting the token handed out as number `which` gives, and what it does.
    fn present(&mut self, which: usize, now: i64) -> Promised {
        let age = self.handed_out.len() - 1 - which;
        if !self.alive(now) {
            return Promised::Refused;
        }
        match age {
            0 => Promised::Next,
            1 if !self.newest_used || (now - self.newest_at).abs() < LEEWAY => Promised::Same,
            _ => {
                self.ended = true;
                Promised::Refused
            }
        }
    }
}

on_each_database! {
    async fn the_store_keeps_what_the_model_promises(kind: Kind) {
        let steps = if long() { 300_000 } else { 100_000 };
        let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
        println!("WUGAN_TEST_SEED={seed}");
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut world = World::with(kind, &["--access-ttl", "20h", "--name-limit", "1000000/1h"]).await;
        world.register("ada").await;
        let ada = user::by_key(world.app.store.reader(), "ada").await.unwrap().unwrap();
        world.app.logout(&world.login("ada").await.refresh_token, LogoutScope::All, Device::default()).await.unwrap();
        let mut promises: Vec<Promise> = Vec::new();
        let mut at = 0;
        for step in 0..steps {
            let now = world.clock.now();
            if promises.len() < 4 || rng.random_ratio(1, 60) {
                let answer = world.app.start_session(&ada, Device::default()).await.unwrap();
                // The rules asked the clock after this test did; the row says when exactly.
                let row = by_id(world.app.store.reader(), sid(&answer)).await.unwrap().unwrap();
                promises.push(Promise { born: row.created_at, handed_out: vec![answer], newest_at: row.rotated_at, newest_used: false, ended: false });
                if promises.len() > 12 {
                    promises.remove(0);
                }
                continue;
            }
            // Mostly the same session again, so that things happen to it in the same few seconds.
            if rng.random_ratio(1, 5) || at >= promises.len() {
                at = rng.random_range(0..promises.len());
            }
            let newest = promises[at].handed_out.len() - 1;
            // Mostly the newest few: that is where the rules are.
            let which = if rng.random_ratio(9, 10) { newest - rng.random_range(0..=2).min(newest) } else { rng.random_range(0..=newest) };
            match rng.random_range(0..100) {
                0..45 => refresh(&world, &mut promises[at], which, step).await,
                45..75 => guard(&world, &mut promises[at], which, step).await,
                75..77 => {
                    world.app.logout(&promises[at].handed_out[newest].refresh_token, LogoutScope::This, Device::default()).await.unwrap();
                    promises[at].ended = true;
                }
                77 => {
                    if promises[at].alive(now) {
                        world.app.logout(&promises[at].handed_out[newest].refresh_token, LogoutScope::Others, Device::default()).await.unwrap();
                        promises.iter_mut().enumerate().filter(|(other, _)| *other != at).for_each(|(_, promise)| promise.ended = true);
                    }
                }
                78 => {
                    let row = by_id(world.app.store.reader(), sid(&promises[at].handed_out[0])).await.unwrap().unwrap();
                    world.app.end_sessions(Which::One(row.id), &row, Device::default()).await.unwrap();
                    promises[at].ended = true;
                }
                79 => {
                    let restarted = world.another().await;
                    std::mem::replace(&mut world, restarted).stop().await;
                }
                80..90 => world.clock.shift(rng.random_range(-3_000..15_000)),
                90..97 => world.clock.shift(rng.random_range(0..10 * 3_600_000)),
                97 => world.clock.shift(rng.random_range(-3_600_000..0)),
                _ => world.clock.shift(rng.random_range(0..3 * 24 * 3_600_000)),
            }
        }
        world.stop().await;
    }
}

fn sid(answer: &TokenAnswer) -> uuid::Uuid {
    crate::world::claims(&answer.refresh_token)["sid"].as_str().unwrap().parse().unwrap()
}

/// Whether a boundary is so near that the time between the model's look at the clock and the rules' decides.
fn on_the_edge(promise: &Promise, now: i64) -> bool {
    let near = |moment: i64| (now - moment).abs() < 1_500;
    near(promise.newest_at + IDLE) || near(promise.born + WHOLE) || near(promise.newest_at + LEEWAY) || near(promise.newest_at - LEEWAY)
}

async fn refresh(world: &World, promise: &mut Promise, which: usize, step: usize) {
    if on_the_edge(promise, world.clock.now()) {
        world.clock.shift(4_000);
    }
    let now = world.clock.now();
    let token = promise.handed_out[which].refresh_token.clone();
    // Whether the token itself has run out meanwhile is nothing to the promise: what counts is the session.
    let promised = promise.present(which, now);
    let answer = world.app.refresh(&token, Device::default()).await;
    let seen = match &answer {
        Ok(answer) if answer.refresh_token == promise.handed_out[promise.handed_out.len() - 1].refresh_token => Promised::Same,
        Ok(_) => Promised::Next,
        Err(Error::InvalidGrant) => Promised::Refused,
        Err(other) => panic!("step {step}: {other:?}"),
    };
    assert_eq!(seen, promised, "step {step}");
    let Ok(answer) = answer else { return };
    if seen == Promised::Next {
        promise.newest_at = by_id(world.app.store.reader(), sid(&answer)).await.unwrap().unwrap().rotated_at;
        promise.newest_used = false;
        promise.handed_out.push(answer);
    } else {
        *promise.handed_out.last_mut().unwrap() = answer;
    }
}

async fn guard(world: &World, promise: &mut Promise, which: usize, step: usize) {
    let now = world.clock.now();
    let token = &promise.handed_out[which].access_token;
    let run_out = crate::world::claims(token)["exp"].as_i64().unwrap();
    if (run_out - now / 1000).abs() <= 2 {
        return;
    }
    let promised = !promise.ended && now / 1000 < run_out;
    let admitted = match world.app.admit(token).await {
        Ok(_) => true,
        Err(Error::InvalidToken) => false,
        Err(other) => panic!("step {step}: {other:?}"),
    };
    assert_eq!(admitted, promised, "step {step}");
    if admitted && which == promise.handed_out.len() - 1 {
        promise.newest_used = true;
    }
}

/// A session in memory, kept as the store keeps its row: what `decide` says is done, and nothing else.
struct InMemory {
    standing: Standing,
    born: i64,
}

impl InMemory {
    fn present(&mut self, generation: usize, now: i64) -> Promised {
        match decide(i64::try_from(generation).unwrap(), &self.standing, now, LEEWAY) {
            Decision::Rotate => {
                let expires_at = now.saturating_add(IDLE).min(self.born + WHOLE);
                self.standing = Standing { generation: self.standing.generation + 1, rotated_at: now, expires_at, ..self.standing };
                Promised::Next
            }
            Decision::Repeat => Promised::Same,
            Decision::Revoke => {
                self.standing.revoked = true;
                Promised::Refused
            }
            Decision::Refuse => Promised::Refused,
        }
    }
}

/// The same model against the pure rules alone, which takes no database and so many more steps: lost answers, replays of any age,
/// thieves at every offset, uses of access tokens, clock jumps either way, ends.
#[test]
fn the_rules_keep_what_the_model_promises_for_a_million_steps() {
    let seed = std::env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("WUGAN_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let (mut now, mut seen) = (1_000_000_000_000_i64, [0_u32; 4]);
    let empty = || TokenAnswer {
        access_token: String::new(),
        refresh_token: String::new(),
        token_type: String::new(),
        expires_in: 0,
        refresh_expires_in: 0,
    };
    let born = |now: i64| {
        let standing = Standing { generation: 0, confirmed: -1, rotated_at: now, expires_at: now + IDLE, revoked: false };
        let promise = Promise { born: now, handed_out: vec![empty()], newest_at: now, newest_used: false, ended: false };
        (InMemory { standing, born: now }, promise)
    };
    let (mut session, mut promise) = born(now);
    for step in 0..1_000_000 {
        let newest = promise.handed_out.len() - 1;
        let which = newest - rng.random_range(0..=3).min(newest);
        match rng.random_range(0..100) {
            0..40 => {
                // The promise counts in whole seconds, as tokens do; so do the steps of this clock.
                let (promised, done) = (promise.present(which, now), session.present(which, now));
                assert_eq!(done, promised, "step {step}");
                match done {
                    Promised::Next => {
                        promise.newest_at = now;
                        promise.newest_used = false;
                        promise.handed_out.push(empty());
                        seen[0] += 1;
                    }
                    Promised::Same => seen[1] += 1,
                    Promised::Refused => seen[2] += 1,
                }
            }
            40..60 => {
                if promise.alive(now) && which == newest {
                    promise.newest_used = true;
                }
                if promise.alive(now) {
                    session.standing.confirmed = session.standing.confirmed.max(i64::try_from(which).unwrap());
                }
            }
            60..95 => now += rng.random_range(0..15) * 1000,
            95 => now -= rng.random_range(0..4000) * 1000,
            96 => now += rng.random_range(0..4) * 24 * 3_600_000,
            97 => {
                promise.ended = true;
                session.standing.revoked = true;
            }
            _ => {
                if !promise.alive(now) {
                    seen[3] += 1;
                    (session, promise) = born(now);
                }
            }
        }
    }
    assert!(seen.iter().all(|times| *times > 1000), "every kind of answer was met: {seen:?}");
}
