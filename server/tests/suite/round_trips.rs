//! Counts the round trips to a database server: case 55.

use crate::{
    database::{Kind, on_each_database, on_each_server},
    proxy::Proxy,
    test_server::{MANY, PASSWORD, TestServer, sid},
};
use futures::future::join_all;
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Statement};
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;
use wugan_axum::{
    Attempt, Device,
    rotation::Presented,
    store::session::{self, SessionSelector},
};
use wugan_wire::TokenAnswer;

struct Counted {
    proxy: Proxy,
    server: TestServer,
    direct: TestServer,
}

impl Counted {
    async fn start(kind: Kind) -> Self {
        let direct = TestServer::with(kind, MANY).await;
        let (proxy, server) = direct.through_proxy().await;
        Self { proxy, server, direct }
    }

    async fn count<T>(&self, request: impl Future<Output = T>) -> (u64, T) {
        let before = self.proxy.round_trips().await;
        let answer = request.await;
        (self.proxy.round_trips().await - before, answer)
    }

    /// The smallest count of eight requests: some open connections, prepare statements, or ping a connection that was idle for a second.
    async fn fewest(&self, request: impl AsyncFn(usize)) -> u64 {
        let mut fewest = u64::MAX;
        for n in 0..8 {
            fewest = fewest.min(self.count(request(n)).await.0);
        }
        fewest
    }

    async fn stop(self) {
        self.server.stop().await;
        self.direct.stop().await;
    }
}

/// Forty sign-ins, refreshes and guarded requests at once.
async fn a_server_opens_as_many_connections_as_it_may(kind: Kind) {
    let direct = TestServer::with(kind, &[MANY, &["--database-connections", "5"]].concat()).await;
    let (proxy, server) = direct.through_proxy().await;
    let all = (0..40).map(|n| {
        let (server, proxy) = (&server, &proxy);
        async move {
            let tokens = server.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap();
            let tokens = server.refresh(&tokens.refresh_token).await;
            assert_eq!(server.get_as(&tokens.access_token, "/user/me").await.status(), StatusCode::OK);
            assert!(proxy.open() <= 5, "{} connections", proxy.open());
        }
    });
    join_all(all).await;
    assert_eq!(proxy.open(), 5, "two for refreshes and guarded requests, three for the rest");
    server.stop().await;
    direct.stop().await;
}

async fn frequent_requests_take_one_round_trip(kind: Kind) {
    let counted = Counted::start(kind).await;
    let server = &counted.server;
    let mut tokens = server.register("ada").await;
    // The first requests open the connection and prepare its statements.
    for n in 0..3 {
        let attempt = format!("attempt-number-{n}");
        server.exchange(&tokens.refresh_token, &attempt).await;
        tokens = server.exchange(&tokens.refresh_token, &attempt).await;
        assert_eq!(server.get("/readyz").await.status(), StatusCode::OK);
        assert!(server.accepts(&tokens.access_token).await);
        server.auth.sessions().invalidate(SessionSelector::One(sid(&tokens)));
        assert!(server.accepts(&tokens.access_token).await);
    }
    let (refresh, next) = counted.count(server.exchange(&tokens.refresh_token, "attempt-of-a-tab")).await;
    assert_eq!(refresh, 1, "a refresh");
    let (repeated, same) = counted.count(server.exchange(&tokens.refresh_token, "attempt-of-a-tab")).await;
    assert_eq!((repeated, &same.refresh_token), (2, &next.refresh_token), "a refresh again after a lost answer");
    let (first_use, admitted) = counted.count(server.accepts(&next.access_token)).await;
    assert_eq!((first_use, admitted), (1, true), "the first use of an access token");
    let (cached, admitted) = counted.count(server.accepts(&next.access_token)).await;
    assert_eq!((cached, admitted), (0, true), "a guarded request");
    server.auth.sessions().invalidate(SessionSelector::One(sid(&next)));
    let (uncached, admitted) = counted.count(server.accepts(&next.access_token)).await;
    assert_eq!((uncached, admitted), (1, true), "a guarded request of a session that was not seen for a while");
    sleep(Duration::from_secs(1)).await;
    let (ready, answer) = counted.count(server.get("/readyz")).await;
    assert_eq!((ready, answer.status()), (1, StatusCode::OK), "readiness");
    server.logout(&next.refresh_token, "").await;
    let (ended, admitted) = counted.count(server.accepts(&next.access_token)).await;
    assert_eq!((ended, admitted), (0, false), "a guarded request of a session that is known to be ended");
    counted.stop().await;
}

/// Requests for which the row is read, or that record an event.
async fn other_refreshes_and_first_uses_are_counted(kind: Kind) {
    let counted = Counted::start(kind).await;
    let (server, sessions) = (&counted.server, counted.server.auth.sessions());
    let device = |ip: &str| Device { ip: Some(ip.parse().unwrap()), ..Device::default() };
    let attempt = |name: &str| Some(Attempt::parse(name).unwrap());
    let here = device("2001:db8::1");
    let mut counts = Vec::new();
    // The statements are prepared in the first round.
    for round in 0..2 {
        let first = server.auth.start_session(&format!("test:{round}"), &here).await.unwrap();
        let refresh = async |token: &TokenAnswer, name: &str, device: &Device| {
            let (count, next) = counted.count(sessions.refresh(&token.refresh_token, attempt(name), device)).await;
            (count, next.unwrap())
        };
        let (_, next) = refresh(&first, "the-first-attempt", &here).await;
        sessions.invalidate(SessionSelector::One(sid(&next)));
        let (first_use, accepted) = counted.count(server.accepts(&next.access_token)).await;
        assert!(accepted);
        let before = server.row(&next).await;
        let (_, lost) = refresh(&next, "the-second-attempt", &here).await;
        let (superseding, next) = refresh(&next, "of-another-presenter", &here).await;
        let (other_address, next) = refresh(&next, "of-another-address", &device("2001:db8::2")).await;
        let (other_network, next) = refresh(&next, "of-another-network", &device("203.0.113.9")).await;
        server.restore(&before).await;
        let (ahead, _) = refresh(&next, "of-a-later-token", &here).await;
        assert_ne!(lost.refresh_token, next.refresh_token);
        counts = vec![first_use, superseding, other_address, other_network, ahead];
    }
    assert_eq!(counts, [2, 3, 3, 6, 6]);
    counted.stop().await;
}

/// For ten seconds after a locked row.
async fn first_uses_beside_a_locked_row_are_counted(kind: Kind) {
    let counted = Counted::start(kind).await;
    let (server, other) = (&counted.server, counted.direct.auth.store());
    let mut sessions = Vec::new();
    for n in 0..4 {
        sessions.push(server.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap());
    }
    let lock = other.begin().await.unwrap();
    session::Entity::find_by_id(sid(&sessions[0])).lock_exclusive().one(&*lock).await.unwrap().unwrap();
    let record = async |n: usize| {
        let recorded = server.auth.store().record_first_use(sid(&sessions[n]), 0, server.clock.now());
        let (count, recorded) = counted.count(recorded).await;
        (count, recorded.ok())
    };
    // This one waits for the row; the next ones prepare the statements.
    for n in 0..2 {
        record(0).await;
        record(n + 1).await;
    }
    assert_eq!(record(3).await, (2, Some(true)), "of another row");
    assert_eq!(record(0).await, (3, None), "of the locked row");
    lock.commit().await.unwrap();
    counted.stop().await;
}

async fn rare_requests_are_counted(kind: Kind) {
    let counted = Counted::start(kind).await;
    let server = &counted.server;
    let name = |n: usize, kind: &str| format!("{kind}{n}");
    let register = counted.fewest(async |n| drop(server.register(&name(n, "new")).await)).await;
    let login = counted.fewest(async |n| drop(server.login(&name(n, "new")).await)).await;
    let logout = counted.fewest(async |n| server.logout(&server.login(&name(n, "new")).await.refresh_token, "").await).await;
    let change = async |n| {
        let tokens: TokenAnswer = server.login(&name(n, "new")).await;
        let body = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
        let answer = server.post_as(&tokens.access_token, "/user/password", &body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    };
    let change = counted.fewest(change).await;
    let expected = if kind == Kind::Postgres { [12, 12, 8, 18] } else { [12, 11, 7, 17] };
    let counts = [register, login, logout - login, change - login];
    // A ping may be missed.
    let is_near = counts.iter().zip(expected).all(|(count, expected)| (expected - 1..=expected).contains(count));
    assert!(is_near, "{kind:?}: {counts:?} for registration, sign-in, sign-out and a new password, {expected:?} are documented");
    counted.stop().await;
}

/// First uses that arrive while one is written share a statement. One that is refused does not affect the others.
async fn concurrent_first_uses_share_statements(kind: Kind) {
    const SESSIONS: usize = 40;
    let counted = Counted::start(kind).await;
    let (server, other) = (&counted.server, &counted.direct);
    let mut sessions = Vec::new();
    for n in 0..SESSIONS {
        sessions.push(server.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap());
    }
    let mut counts = Vec::new();
    for round in 0..4 {
        for tokens in &mut sessions {
            *tokens = server.refresh(&tokens.refresh_token).await;
        }
        let is_last = round == 3;
        if is_last {
            other.logout(&sessions[0].refresh_token, "").await;
        }
        let uses = join_all(sessions.iter().map(|tokens| server.accepts(&tokens.access_token)));
        let (count, accepted) = counted.count(uses).await;
        assert_eq!(accepted[0], !is_last, "the session was ended by another node");
        assert!(accepted[1..].iter().all(|accepted| *accepted), "{accepted:?}");
        counts.push(count);
        for tokens in &sessions[1..] {
            let row = server.row(tokens).await;
            assert_eq!(row.last_used_generation, row.generation);
        }
    }
    println!("{kind:?}: {counts:?} round trips for {SESSIONS} first uses");
    assert!(counts[..3].iter().min() < Some(&20), "{counts:?}");
    counted.stop().await;
}

on_each_server! {
    case_55_a_server_opens_as_many_connections_as_it_may: a_server_opens_as_many_connections_as_it_may;
    case_55_frequent_requests_take_one_round_trip: frequent_requests_take_one_round_trip;
    case_55_concurrent_first_uses_share_statements: concurrent_first_uses_share_statements;
    case_55_rare_requests_are_counted: rare_requests_are_counted;
    case_55_other_refreshes_and_first_uses_are_counted: other_refreshes_and_first_uses_are_counted;
    case_55_first_uses_beside_a_locked_row_are_counted: first_uses_beside_a_locked_row_are_counted;
}

on_each_database! {
    /// On a database server, the usual rotation is written without reading the row first.
    async fn a_rotation_writes_the_row_of_the_rules(kind: Kind) {
        let server = TestServer::start(kind).await;
        let mut tokens = server.register("ada").await;
        for round in 0..6 {
            let before = server.row(&tokens).await;
            let next = server.exchange(&tokens.refresh_token, &format!("attempt-number-{round}")).await;
            let after = server.row(&next).await;
            let lineage = after.state().lineage;
            let presenter = lineage.rotated_by.unwrap();
            assert_ne!(Some(presenter), before.state().lineage.rotated_by);
            let presented = Presented { generation: before.generation, expires_at: before.expires_at, presenter };
            assert_eq!(lineage, before.state().lineage.rotated(&presented));
            assert_eq!((after.created_at, &after.ip, &after.user_agent), (before.created_at, &before.ip, &before.user_agent));
            assert_eq!((after.last_ip.as_deref(), after.rotated_at), (Some("127.0.0.1"), after.last_used_at));
            assert!(after.expires_at >= before.expires_at && after.last_used_generation == before.last_used_generation);
            if round % 2 == 0 {
                assert!(server.accepts(&next.access_token).await);
            }
            if round == 3 {
                // Another presenter supersedes: the row is not in the usual state any more.
                server.exchange(&tokens.refresh_token, "attempt-of-another").await;
                tokens = server.exchange(&tokens.refresh_token, "attempt-of-another").await;
            } else {
                tokens = next;
            }
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
async fn case_55_rotations_are_heap_only_updates_on_postgres() {
    const REFRESHES: i64 = 160;
    let server = TestServer::start(Kind::Postgres).await;
    let mut tokens = server.register("ada").await;
    for _ in 0..REFRESHES {
        tokens = server.refresh(&tokens.refresh_token).await;
        assert!(server.accepts(&tokens.access_token).await);
    }
    let count =
        Statement::from_string(DbBackend::Postgres, "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'sessions'");
    // A connection reports its counts when it has been idle for ten seconds.
    let (updates, heap_only) = loop {
        let row = server.auth.store().reader().query_one_raw(count.clone()).await.unwrap().unwrap();
        let counts: (i64, i64) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        if counts.0 >= 2 * REFRESHES {
            break counts;
        }
        sleep(Duration::from_millis(200)).await;
    };
    println!("{heap_only} of {updates} updates are heap-only");
    assert!(heap_only * 10 >= updates * 9, "{heap_only} of {updates}");
    server.stop().await;
}
