//! Compares the WHERE clauses of the store's UPDATEs with the rules in Rust, by random rows and requests: both must change the same rows.
//! `WUGAN_TEST_SEED` repeats a run.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    limiter::Rate,
    rotation::{AccessDecision, DUPLICATE_WINDOW, Presenter, decide_access},
    store::{NewUser, Store, session, user},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, EntityTrait, IntoActiveModel};
use std::{collections::BTreeMap, env, time::Duration};
use url::Url;

const DAY: Millis = 24 * 3_600_000;
const POLICY: Policy = Policy {
    refresh_ttl: Duration::from_hours(7 * 24),
    session_ttl: Duration::from_hours(30 * 24),
    reuse_leeway: Duration::from_secs(10),
    refresh_limit: Rate { burst: 1, period: Duration::from_secs(1) },
};
const LEEWAY: Millis = 10_000;
/// At a limit, one step before and after it, and a second before and after it.
const AROUND: [Millis; 5] = [-1000, -1, 0, 1, 1000];
/// The last two are of one network.
const ADDRESSES: [Option<&str>; 5] = [None, Some("192.0.2.1"), Some("192.0.2.2"), Some("2001:db8::1"), Some("2001:db8::2")];
/// The second differs from the first by case alone, and the third by a blank, which some databases ignore.
const THUMBPRINTS: [Option<&str>; 5] = [None, Some("thumbprint"), Some("Thumbprint"), Some("thumbprint "), Some("another")];
const PRESENTERS: [Presenter; 4] =
    [Presenter::Attempt([1; 16]), Presenter::Attempt([2; 16]), Presenter::Client([1; 16]), Presenter::Client([2; 16])];

/// A row, and a request with a refresh token of its session.
#[derive(Clone)]
struct Case {
    row: Model,
    is_disabled: bool,
    request: Exchange,
    now: Millis,
}

/// The accounts' ids.
#[derive(Clone, Copy)]
struct Accounts {
    enabled: i64,
    disabled: i64,
}

fn pick<T: Copy>(rng: &mut SmallRng, from: &[T]) -> T {
    *from.choose(rng).unwrap()
}

fn text(chosen: Option<&str>) -> Option<String> {
    chosen.map(str::to_owned)
}

/// A presenter as the row has it; unknown after a rotation by version 0.1.
fn written(rng: &mut SmallRng) -> Option<String> {
    rng.random_ratio(5, 6).then(|| session::write_presenter(pick(rng, &PRESENTERS)))
}

impl Case {
    /// A live session's row in the usual state, with its current token.
    fn usual(rng: &mut SmallRng, user_id: i64) -> Self {
        let now = 1_800_000_000_000 + rng.random_range(0..10_000);
        let generation = rng.random_range(0..70);
        let rotated_at = now - rng.random_range(1000..7 * DAY);
        let created_at = rotated_at - rng.random_range(0..15 * DAY);
        let is_used = rng.random();
        let address = pick(rng, &ADDRESSES);
        let row = Model {
            id: Uuid::from_u128(rng.random()),
            user_id,
            generation,
            last_used_generation: if is_used { generation } else { (generation - rng.random_range(1..=3)).max(-1) },
            rotated_at,
            created_at,
            last_used_at: if is_used { rng.random_range(rotated_at..=now) } else { rotated_at },
            expires_at: POLICY.expiry(created_at, rotated_at),
            revoked_at: None,
            user_agent: text(pick(rng, &[None, Some("a browser")])),
            ip: text(pick(rng, &ADDRESSES)),
            last_user_agent: None,
            last_ip: text(address),
            lineage_generation: generation,
            parent: generation - 1,
            rotated_by: if generation > 0 { written(rng) } else { None },
            grandparent: (generation > 1).then_some(generation - 2),
            parent_rotated_by: if generation > 1 { written(rng) } else { None },
            superseded: 0,
            access_floor: 0,
            jkt: text(pick(rng, &THUMBPRINTS)),
        };
        let device = Device {
            user_agent: text(pick(rng, &[None, Some("a browser"), Some("another browser")])),
            ip: row.last_ip.as_ref().or(row.ip.as_ref()).map(|ip| ip.parse().unwrap()),
            ..Device::default()
        };
        let presented = Presented { generation, expires_at: row.expires_at, presenter: pick(rng, &PRESENTERS) };
        let network_changes = Arc::new(Limiter::new(Rate { burst: 1000, period: Duration::from_hours(1) }));
        let request = Exchange { user_id, presented, jkt: row.jkt.clone(), device, network_changes, policy: POLICY };
        Self { row, is_disabled: false, request, now }
    }

    /// Changes one thing on which the decision depends.
    fn change(&mut self, rng: &mut SmallRng, accounts: Accounts) {
        let Self { row, is_disabled, request, now } = self;
        let (generation, now) = (row.generation, *now);
        match rng.random_range(0..20) {
            0..3 => request.presented.generation = generation + pick(rng, &[-3, -2, -1, -1, -1, 1, 2]),
            3 => request.presented.generation = pick(rng, &[-1, 0, row.parent, i64::MAX - 1, i64::MAX]),
            4 => request.presented.presenter = pick(rng, &PRESENTERS),
            5 => request.presented.expires_at = now + pick(rng, &AROUND),
            6 => request.user_id = pick(rng, &[accounts.disabled, 0]),
            7 => request.jkt = text(pick(rng, &THUMBPRINTS)),
            8 => row.jkt = text(pick(rng, &THUMBPRINTS)),
            9 => request.device.ip = pick(rng, &ADDRESSES).map(|ip| ip.parse().unwrap()),
            10 => (row.ip, row.last_ip) = (text(pick(rng, &ADDRESSES)), text(pick(rng, &ADDRESSES))),
            11 => row.revoked_at = Some(now + pick(rng, &AROUND)),
            12 => row.expires_at = now + pick(rng, &AROUND),
            // The idle time ends with the session.
            13 => row.created_at = now + 7 * DAY - 30 * DAY + pick(rng, &AROUND),
            14 => {
                let some = rng.random();
                row.superseded = pick(rng, &[1, 2, i64::MIN, -1, some]);
            }
            15 => row.access_floor = pick(rng, &[1, generation, generation + 1]),
            16 => {
                row.lineage_generation = generation + pick(rng, &[-64, -2, -1, 1]);
                request.presented.generation = pick(rng, &[generation, row.lineage_generation]);
            }
            17 => {
                row.parent = generation - rng.random_range(1..=10);
                request.presented.generation = row.parent;
            }
            18 => {
                row.last_used_generation = generation - rng.random_range(0..=1);
                let ago = pick(rng, &[0, LEEWAY, DUPLICATE_WINDOW, -LEEWAY]);
                row.last_used_at = now - ago + pick(rng, &AROUND);
                request.presented.generation = row.parent;
            }
            _ => {
                (*is_disabled, row.user_id) = (true, accounts.disabled);
                request.user_id = accounts.disabled;
            }
        }
        if rng.random_ratio(1, 4) {
            // Of this exchange, or of the one before.
            row.rotated_by = Some(session::write_presenter(request.presented.presenter));
            row.parent_rotated_by = row.rotated_by.clone();
        }
    }

    fn decide(&self, row: &Model) -> (Outcome, Option<Advance>) {
        let account = Account { username: String::new(), is_disabled: self.is_disabled };
        self.request.decide(row, &account, self.now)
    }

    /// Whether the rotation of a row in the usual state is the one of this row.
    fn is_usual(&self) -> bool {
        let Self { row, now, request, .. } = self;
        let address = request.device.address();
        row.lineage_generation == row.generation
            && row.superseded == 0
            && row.access_floor == 0
            && row.created_at + 30 * DAY >= now + 7 * DAY
            && (address.is_none() || address == row.last_ip.clone().or_else(|| row.ip.clone()))
    }

    fn describe(&self) -> String {
        let Self { row, is_disabled, request, now } = self;
        let Exchange { user_id, presented, jkt, device, .. } = request;
        format!("now {now}, disabled {is_disabled}, {row:?}; request: user {user_id}, {presented:?}, jkt {jkt:?}, {device:?}")
    }
}

/// What another request may write between the reading of a row and the writing of a decision.
fn change_meanwhile(row: &Model, rng: &mut SmallRng, now: Millis) -> Model {
    let mut row = row.clone();
    match rng.random_range(0..6) {
        0 => row.revoked_at = Some(now),
        1 | 2 if row.last_used_generation < row.generation => (row.last_used_generation, row.last_used_at) = (row.generation, now),
        3 => {
            let presented = Presented { generation: row.generation, expires_at: now, presenter: pick(rng, &PRESENTERS) };
            row = row.clone().with_lineage(&row.state().lineage.rotated(&presented));
        }
        4 => row = row.clone().with_lineage(&row.state().lineage.superseded(pick(rng, &PRESENTERS))),
        // A failover lost the exchange.
        5 => (row.generation, row.lineage_generation, row.parent) = (row.generation - 1, row.lineage_generation - 1, row.parent - 1),
        _ => {}
    }
    row
}

struct Comparison {
    store: Store,
    /// How often each outcome and each result of a statement occurred.
    seen: BTreeMap<&'static str, u32>,
}

impl Comparison {
    async fn row(&self, id: Uuid) -> Model {
        self.store.session(id).await.unwrap().unwrap()
    }

    async fn set(&self, row: &Model) {
        session::Entity::update(row.clone().into_active_model().reset_all()).exec(self.store.writer()).await.unwrap();
    }

    fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// The statement of a rotation changes the row exactly when the rules rotate a row in the usual state, and to the same next row.
    async fn rotate(&mut self, case: &Case, described: &str) {
        let (outcome, advance) = case.decide(&case.row);
        let advance = advance.filter(|advance| advance.record.is_none() && outcome == Outcome::Rotated && case.is_usual());
        let rotation = case.request.expected(case.row.id, case.now);
        let changed = match &rotation {
            Some(rotation) => self.store.rotate(rotation).await.unwrap(),
            None => false,
        };
        assert_eq!(changed, advance.is_some(), "the statement of a rotation changed the row; the rules: {outcome:?}; {described}");
        self.count(if changed { "rotated by the statement alone" } else { "not rotated by the statement alone" });
        let after = self.row(case.row.id).await;
        assert_eq!(&after, advance.as_ref().map_or(&case.row, |advance| &advance.next), "{described}");
        if changed {
            let (current, by_row) = (rotation.unwrap().current(), after.current());
            assert_eq!((current.access, current.expires_at, current.jkt), (by_row.access, by_row.expires_at, by_row.jkt), "{described}");
            self.set(&case.row).await;
        }
    }

    /// An exchange has the outcome of the rules, and writes the row of the rules.
    async fn exchange(&mut self, case: &Case, described: &str) {
        let (outcome, advance) = case.decide(&case.row);
        let expected = case.request.expected(case.row.id, case.now).map(|rotation| (rotation, Outcome::Rotated));
        let (request, now) = (case.request.clone(), case.now);
        let exchanged = self.store.exchange(case.row.id, expected, move |row, account| request.decide(row, account, now)).await;
        let exchanged = exchanged.unwrap().unwrap();
        assert_eq!(exchanged.decision, outcome, "{described}");
        let after = self.row(case.row.id).await;
        assert_eq!(after, advance.map_or_else(|| case.row.clone(), |advance| advance.next), "{described}");
        assert_eq!(exchanged.session.generation, after.generation, "{described}");
        self.count(match outcome {
            Outcome::Rotated => "rotated",
            Outcome::RotatedAhead(_) => "rotated ahead",
            Outcome::Repeated => "repeated",
            Outcome::Superseded => "superseded",
            Outcome::Revoked(_) => "revoked",
            Outcome::Refused => "refused",
            Outcome::ReusedAttempt => "reused attempt",
            Outcome::RevocationLost => "not of these rules",
        });
        self.set(&case.row).await;
    }

    /// A decision is written exactly when it is also the decision by the row as it is meanwhile.
    async fn advance(&mut self, case: &Case, meanwhile: &Model, described: &str) {
        let (_, Some(advance)) = case.decide(&case.row) else { return };
        self.set(meanwhile).await;
        let is_current = meanwhile.generation == case.row.generation;
        let now_decided = case.decide(meanwhile).1.filter(|now| is_current && now.next.generation == advance.next.generation);
        let changed = self.store.advance(&advance).await.unwrap();
        assert_eq!(changed, now_decided.is_some(), "the statement changed a row that was meanwhile {meanwhile:?}; {described}");
        self.count(if changed { "written" } else { "not written" });
        assert_eq!(&self.row(case.row.id).await, now_decided.as_ref().map_or(meanwhile, |now| &now.next), "{described}");
    }

    /// The first use of a generation is recorded exactly when the rules say that it is the first use.
    async fn use_access(&mut self, case: &Case, described: &str) {
        self.set(&case.row).await;
        let (row, generation) = (&case.row, case.request.presented.generation);
        let is_first = row.revoked_at.is_none() && decide_access(generation, &row.state().access()) == AccessDecision::FirstUse;
        assert_eq!(self.store.record_first_use(row.id, generation, case.now).await.unwrap(), is_first, "{described}");
        let used = Model { last_used_generation: generation, last_used_at: case.now, ..row.clone() };
        assert_eq!(&self.row(row.id).await, if is_first { &used } else { row }, "{described}");
        self.count(if is_first { "first use" } else { "no first use" });
    }
}

async fn compare(url: &str) {
    let is_long = env::var_os("WUGAN_TEST_LONG").is_some();
    let steps = if is_long { 50_000 } else { 3_000 };
    let seed = env::var("WUGAN_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("WUGAN_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let store = Store::open(url, 4).await.unwrap();
    let mut ids = Vec::new();
    for name in ["ada", "bob"] {
        let new = NewUser { username: name, key: name, hash: String::new() };
        ids.push(store.create_user(new, Entry::default(), |_| None, 0).await.unwrap().unwrap().0.id);
    }
    let accounts = Accounts { enabled: ids[0], disabled: ids[1] };
    user::set_disabled(store.writer(), accounts.disabled, Some(0)).await.unwrap();
    let mut comparison = Comparison { store, seen: BTreeMap::new() };
    for step in 0..steps {
        let mut case = Case::usual(&mut rng, accounts.enabled);
        for _ in 0..rng.random_range(0..=3) {
            case.change(&mut rng, accounts);
        }
        let described = format!("WUGAN_TEST_SEED={seed}, step {step}: {}", case.describe());
        session::insert(comparison.store.writer(), case.row.clone()).await.unwrap();
        comparison.rotate(&case, &described).await;
        comparison.exchange(&case, &described).await;
        let meanwhile = change_meanwhile(&case.row, &mut rng, case.now);
        comparison.advance(&case, &meanwhile, &described).await;
        comparison.use_access(&case, &described).await;
    }
    println!("{:?}", comparison.seen);
    assert_eq!(comparison.seen.len(), 13, "each outcome occurred: {:?}", comparison.seen);
    assert!(comparison.seen.values().all(|times| *times > steps / 150), "often enough: {:?}", comparison.seen);
    comparison.store.close().await;
}

/// In a new database of the server that a variable names.
async fn compare_on_server(variable: &str) {
    let mut url = Url::parse(&env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: `cargo xtask test` sets it"))).unwrap();
    let admin = Database::connect(url.as_str()).await.unwrap();
    let name = format!("wugan_{}", Uuid::new_v4().simple());
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    url.set_path(&name);
    compare(url.as_str()).await;
    admin.execute_unprepared(&format!("DROP DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
}

mod the_statements_change_a_row_exactly_when_the_rules_do {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        let folder = tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new()).unwrap();
        compare(&format!("sqlite://{}", folder.path().join("wugan.db").display())).await;
    }

    #[tokio::test]
    #[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
    async fn postgres() {
        compare_on_server("WUGAN_TEST_POSTGRES").await;
    }

    #[tokio::test]
    #[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
    async fn mysql() {
        compare_on_server("WUGAN_TEST_MYSQL").await;
    }
}
