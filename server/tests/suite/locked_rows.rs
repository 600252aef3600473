//! A row that another transaction has locked, as a frozen node or an operator's console does: case 24.

use crate::{
    database::{Kind, on_each_server},
    test_server::{MANY, PASSWORD, TestServer, expect_error, sid},
};
use futures::future::join_all;
use reqwest::{StatusCode, header};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use tokio::time::sleep;
use wugan_axum::{
    Device,
    store::{session, user},
};
use wugan_wire::{Code, TokenAnswer};

/// A statement waits half a second for the one before it, and a second for a locked row. The rest is for a busy machine.
const SOON: Duration = Duration::from_millis(2500);

/// Waits until no statement on the server's database waits for a lock.
async fn no_statement_waits(server: &TestServer) {
    let db = server.auth.store().reader();
    let count = match db.get_database_backend() {
        sea_orm::DbBackend::Postgres => {
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()"
        }
    };
    let started = Instant::now();
    loop {
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), count)).await.unwrap().unwrap();
        let waiting: i64 = row.try_get_by_index(0).unwrap();
        if waiting == 0 {
            return;
        }
        assert!(started.elapsed() < SOON, "{waiting} statements wait for a lock that no request waits for");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn soon_accepted(server: &TestServer, tokens: &TokenAnswer) {
    let started = Instant::now();
    assert!(server.accepts(&tokens.access_token).await);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

async fn a_locked_session_holds_up_no_other(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    let mut sessions = Vec::new();
    for n in 0..11 {
        sessions.push(node.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap());
    }
    let (locked, others) = (sessions.remove(0), sessions);
    let lock = other.auth.store().begin().await.unwrap();
    session::Entity::find_by_id(sid(&locked)).lock_exclusive().one(&*lock).await.unwrap().unwrap();

    let use_locked = async || node.get_as(&locked.access_token, "/bbb").await.status();
    let first = use_locked();
    let shared = async {
        // While the statement of the first is in flight, so that these share the next one.
        sleep(Duration::from_millis(100)).await;
        tokio::join!(use_locked(), join_all(others[..5].iter().map(|tokens| soon_accepted(&node, tokens)))).0
    };
    let statuses: [StatusCode; 2] = tokio::join!(first, shared).into();
    assert_eq!(statuses, [StatusCode::SERVICE_UNAVAILABLE; 2]);

    // The client of the locked session tries again all the time.
    let is_done = AtomicBool::new(false);
    let retries = async {
        while !is_done.load(Ordering::SeqCst) {
            assert_eq!(use_locked().await, StatusCode::SERVICE_UNAVAILABLE);
        }
    };
    let later = async {
        for tokens in &others[5..] {
            soon_accepted(&node, tokens).await;
        }
        is_done.store(true, Ordering::SeqCst);
    };
    tokio::join!(retries, later);
    no_statement_waits(&node).await;

    lock.commit().await.unwrap();
    assert_eq!(use_locked().await, StatusCode::OK);
    other.stop().await;
    node.stop().await;
}

/// The locked session is sent first: the other one shares its statement or the next.
async fn a_first_use_does_not_wait_for_a_locked_one(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    let (store, now) = (node.auth.store(), node.clock.now());
    let locked = sid(&node.auth.start_session("test:locked", &Device::default()).await.unwrap());
    let lock = other.auth.store().begin().await.unwrap();
    session::Entity::find_by_id(locked).lock_exclusive().one(&*lock).await.unwrap().unwrap();
    // This one waits for the lock; for the next ten seconds, statements leave locked rows out.
    store.record_first_use(locked, 0, now).await.unwrap_err();
    let mut fastest = Duration::MAX;
    for n in 0..10 {
        let free = sid(&node.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap());
        let started = Instant::now();
        let timed = async {
            assert!(store.record_first_use(free, 0, now).await.unwrap());
            started.elapsed()
        };
        let (refused, took) = tokio::join!(store.record_first_use(locked, 0, now), timed);
        refused.unwrap_err();
        fastest = fastest.min(took);
    }
    println!("{kind:?}: {fastest:?} beside a locked session");
    assert!(fastest < Duration::from_millis(40), "{fastest:?}");
    lock.commit().await.unwrap();
    other.stop().await;
    node.stop().await;
}

/// The session's row was deleted by another node, and this node has cached it.
async fn a_missing_session_is_not_a_locked_one(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    let locked = node.auth.start_session("test:locked", &Device::default()).await.unwrap();
    let missing = node.auth.start_session("test:missing", &Device::default()).await.unwrap();
    let missing = node.refresh(&missing.refresh_token).await;
    let lock = other.auth.store().begin().await.unwrap();
    session::Entity::find_by_id(sid(&locked)).lock_exclusive().one(&*lock).await.unwrap().unwrap();
    // For the next ten seconds, statements leave locked rows out.
    assert_eq!(node.get_as(&locked.access_token, "/bbb").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    session::Entity::delete_by_id(sid(&missing)).exec(other.auth.store().writer()).await.unwrap();
    assert!(!node.accepts(&missing.access_token).await);
    lock.commit().await.unwrap();
    other.stop().await;
    node.stop().await;
}

/// Each node's statement locks the row for the time of its commit, which the other node's must not answer 503.
async fn after_a_locked_row_two_nodes_record_one_first_use(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    let locked = node.auth.start_session("test:locked", &Device::default()).await.unwrap();
    let mut tokens = node.auth.start_session("test:user", &Device::default()).await.unwrap();
    for round in 0..200 {
        if round % 100 == 0 {
            let lock = other.auth.store().begin().await.unwrap();
            session::Entity::find_by_id(sid(&locked)).lock_exclusive().one(&*lock).await.unwrap().unwrap();
            let busy = tokio::join!(node.get_as(&locked.access_token, "/bbb"), other.get_as(&locked.access_token, "/bbb"));
            assert_eq!([busy.0.status(), busy.1.status()], [StatusCode::SERVICE_UNAVAILABLE; 2]);
            drop(lock);
        }
        let statuses = tokio::join!(node.accepts(&tokens.access_token), other.accepts(&tokens.access_token));
        assert_eq!(statuses, (true, true), "round {round}");
        tokens = node.refresh(&tokens.refresh_token).await;
    }
    other.stop().await;
    node.stop().await;
}

/// As when the sign-out of a user with many sessions was interrupted: statements that wait neither take all connections, nor hold up the
/// first uses of others.
async fn locked_sessions_leave_connections_for_others(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    let (mut locked, mut strangers) = (Vec::new(), Vec::new());
    for _ in 0..32 {
        locked.push(node.auth.start_session("test:user", &Device::default()).await.unwrap());
    }
    for _ in 0..2 {
        strangers.push(node.auth.start_session("test:stranger", &Device::default()).await.unwrap());
    }
    let lock = other.auth.store().begin().await.unwrap();
    let of_strangers: Vec<_> = strangers.iter().map(sid).collect();
    session::Entity::find().filter(session::Column::Id.is_not_in(of_strangers)).lock_exclusive().all(&*lock).await.unwrap();
    let is_done = AtomicBool::new(false);
    let retries = join_all(locked.iter().map(async |tokens| {
        while !is_done.load(Ordering::SeqCst) {
            assert_eq!(node.get_as(&tokens.access_token, "/bbb").await.status(), StatusCode::SERVICE_UNAVAILABLE);
            sleep(Duration::from_millis(20)).await;
        }
    }));
    let others = async {
        // This one shares a statement with locked sessions.
        sleep(Duration::from_millis(100)).await;
        soon_accepted(&node, &strangers[0]).await;
        sleep(Duration::from_millis(500)).await;
        let started = Instant::now();
        let next = node.refresh(&strangers[1].refresh_token).await;
        let refreshed = started.elapsed();
        assert!(refreshed < Duration::from_secs(1), "{refreshed:?}");
        soon_accepted(&node, &next).await;
        is_done.store(true, Ordering::SeqCst);
    };
    tokio::join!(retries, others);
    lock.commit().await.unwrap();
    assert!(node.accepts(&locked[0].access_token).await);
    other.stop().await;
    node.stop().await;
}

async fn a_sign_in_does_not_wait_on_in_the_database(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    node.register("ada").await;
    let lock = other.auth.store().begin().await.unwrap();
    user::Entity::find().lock_exclusive().one(&*lock).await.unwrap().unwrap();
    assert_eq!(node.try_login("ada", PASSWORD).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    no_statement_waits(&node).await;
    lock.commit().await.unwrap();
    node.login("ada").await;
    other.stop().await;
    node.stop().await;
}

/// As a proxy does in a switch-over, or an operator with `KILL`.
async fn a_killed_connection_is_a_503(kind: Kind) {
    let node = TestServer::with(kind, MANY).await;
    let other = node.another().await;
    node.register("ada").await;
    let lock = other.auth.store().begin().await.unwrap();
    user::Entity::find().lock_exclusive().one(&*lock).await.unwrap().unwrap();
    let db = other.auth.store().reader();
    let (find, kills): (_, &[&str]) = match db.get_database_backend() {
        sea_orm::DbBackend::Postgres => (
            "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            &["SELECT pg_terminate_backend(?)", "SELECT pg_cancel_backend(?)"],
        ),
        _ => (
            "SELECT CAST(p.id AS SIGNED) FROM information_schema.innodb_trx t JOIN information_schema.processlist p \
             ON p.id = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()",
            &["KILL ?", "KILL QUERY ?"],
        ),
    };
    for kill in kills {
        let kill_it = async {
            let started = Instant::now();
            let waiting: i64 = loop {
                // The password is hashed before.
                assert!(started.elapsed() < Duration::from_secs(20), "no statement waits");
                match db.query_one_raw(Statement::from_string(db.get_database_backend(), find)).await.unwrap() {
                    Some(row) => break row.try_get_by_index(0).unwrap(),
                    None => sleep(Duration::from_millis(150)).await,
                }
            };
            db.execute_unprepared(&kill.replace('?', &waiting.to_string())).await.unwrap();
        };
        let (answer, ()) = tokio::join!(node.try_login("ada", PASSWORD), kill_it);
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{kill}: {}", answer.status());
        expect_error(answer, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    }
    lock.commit().await.unwrap();
    node.login("ada").await;
    other.stop().await;
    node.stop().await;
}

/// A trigger fails as a deadlock or a serialisation failure does, as often as the server retries, and once more.
async fn transactions_that_lost_to_others_are_tried_again(kind: Kind) {
    let server = TestServer::with(kind, MANY).await;
    let mut tokens = server.register("ada").await;
    let db = server.auth.store().writer();
    let fail = |table: &str, when: &str, code: &str, failures: u32| -> Vec<String> {
        if kind == Kind::Postgres {
            return vec![
                "DROP SEQUENCE IF EXISTS tries CASCADE".into(),
                "CREATE SEQUENCE tries".into(),
                format!(
                    "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') <= {failures} THEN \
                     RAISE EXCEPTION 'on purpose' USING ERRCODE = '{code}'; END IF; RETURN NEW; END $$"
                ),
                format!("CREATE OR REPLACE TRIGGER fail {when} ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"),
            ];
        }
        vec![
            "DROP TRIGGER IF EXISTS fail".into(),
            "CREATE OR REPLACE SEQUENCE tries NOCACHE".into(),
            format!(
                "CREATE TRIGGER fail {when} ON {table} FOR EACH ROW IF NEXTVAL(tries) <= {failures} THEN SIGNAL SQLSTATE '40001' \
                 SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'on purpose'; END IF"
            ),
        ]
    };
    let codes = if kind == Kind::Postgres { ["40001", "40P01"] } else { ["1213", "1020"] };
    for code in codes {
        for (failures, expected) in [(8, StatusCode::OK), (9, StatusCode::SERVICE_UNAVAILABLE)] {
            for statement in fail("audit", "BEFORE INSERT", code, failures) {
                db.execute_unprepared(&statement).await.unwrap();
            }
            assert_eq!(server.try_login("ada", PASSWORD).await.status(), expected, "{code}: a transaction");
            for statement in fail("sessions", "BEFORE UPDATE", code, failures) {
                db.execute_unprepared(&statement).await.unwrap();
            }
            if kind == Kind::Postgres {
                db.execute_unprepared("DROP TRIGGER IF EXISTS fail ON audit").await.unwrap();
            }
            let answer = server.try_exchange(&tokens.refresh_token, &format!("the-attempt-{code}-{failures}")).await;
            assert_eq!(answer.status(), expected, "{code}: a refresh");
            if expected == StatusCode::OK {
                tokens = answer.json().await.unwrap();
            }
            if kind == Kind::Postgres {
                db.execute_unprepared("DROP TRIGGER IF EXISTS fail ON sessions").await.unwrap();
            }
        }
    }
    server.stop().await;
}

on_each_server! {
    case_24_transactions_that_lost_to_others_are_tried_again: transactions_that_lost_to_others_are_tried_again;
    case_24_a_missing_session_is_not_a_locked_one: a_missing_session_is_not_a_locked_one;
    case_24_a_killed_connection_is_a_503: a_killed_connection_is_a_503;
    case_24_a_first_use_does_not_wait_for_a_locked_one: a_first_use_does_not_wait_for_a_locked_one;
    case_24_a_locked_session_holds_up_no_other: a_locked_session_holds_up_no_other;
    case_24_locked_sessions_leave_connections_for_others: locked_sessions_leave_connections_for_others;
    case_24_after_a_locked_row_two_nodes_record_one_first_use: after_a_locked_row_two_nodes_record_one_first_use;
    case_24_a_sign_in_does_not_wait_on_in_the_database: a_sign_in_does_not_wait_on_in_the_database;
}
