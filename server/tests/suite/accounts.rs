//! The caller's own account: password change and deletion.

use crate::{
    database::{Kind, on_each_database},
    test_server::{PASSWORD, TestServer, claims, expect_error, sid},
};
use argon2::{Argon2, Params, PasswordHasher};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::json;
use std::{sync::mpsc, thread, time::Duration};
use wugan_axum::{
    Device, Error,
    store::{NewUser, audit::Entry, session, user},
};
use wugan_wire::{Code, Me, TokenAnswer};

/// Replaces a user's password hash by one with other parameters.
async fn weaken(server: &TestServer, name: &str) {
    let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let user = server.auth.store().user_by_key(name).await.unwrap().unwrap();
    let hash = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    assert!(user::replace_hash(server.auth.store().writer(), &user, &hash).await.unwrap());
}

async fn hash(server: &TestServer, name: &str) -> String {
    server.auth.store().user_by_key(name).await.unwrap().unwrap().password_hash
}

/// Occupies the threads that hash passwords until the result is dropped.
async fn hold_hashing(server: &TestServer) -> Vec<mpsc::Sender<()>> {
    let threads = thread::available_parallelism().unwrap().get();
    let hold = |_| {
        let (release, released) = mpsc::channel::<()>();
        let passwords = server.auth.accounts().passwords().clone();
        tokio::spawn(async move {
            let permit = passwords.permit(None).unwrap();
            let wait = move || {
                let _ = released.recv();
                Err(Error::NotFound)
            };
            passwords.hash(permit, wait).await
        });
        release
    };
    let releases = (0..threads).map(hold).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    releases
}

on_each_database! {
    async fn case_53_a_password_change_ends_all_sessions_and_starts_a_new_one(kind: Kind) {
        let server = TestServer::start(kind).await;
        let (tokens, other) = (server.register("ada").await, server.login("ada").await);
        let change = json!({"current_password": PASSWORD, "new_password": "a newer password"});
        let answer = server.post_as(&tokens.access_token, "/user/password", &change).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let new: TokenAnswer = answer.json().await.unwrap();
        assert_ne!(sid(&new), sid(&tokens));
        for old in [&tokens, &other] {
            assert!(!server.accepts(&old.access_token).await);
            server.refused(&old.refresh_token).await;
        }
        assert!(server.accepts(&new.access_token).await, "a refresh with the old token is no evidence of theft");
        server.refresh(&new.refresh_token).await;
        assert_eq!(server.try_login("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(server.try_login("ada", "a newer password").await.status(), StatusCode::OK);
        server.stop().await;
    }

    /// The client that lost the answer signs in with the new password: neither the old tokens nor the attempt id lead to the new session,
    /// because a thief may have copied them.
    async fn case_53_after_a_lost_answer_the_new_password_signs_in(kind: Kind) {
        const ATTEMPT: &str = "an-attempt-of-the-owner";
        let server = TestServer::start(kind).await;
        let tokens = server.register("ada").await;
        let change = json!({"current_password": PASSWORD, "new_password": "a newer password"});
        drop(server.post_as(&tokens.access_token, "/user/password", &change).await);
        server.exchange_refused(&tokens.refresh_token, ATTEMPT).await;
        let again = server.post_as(&tokens.access_token, "/user/password", &change).await;
        expect_error(again, StatusCode::UNAUTHORIZED, Code::InvalidToken).await;
        let events = server.auth.store().events(0, None, 100).await.unwrap();
        assert!(events.iter().all(|row| row.event != "reuse_detected"));
        assert_eq!(server.try_login("ada", "a newer password").await.status(), StatusCode::OK);
        // So do lost answers to a reset and to a registration.
        let reset = json!({"code": server.auth.make_reset_code("ada").await.unwrap(), "new_password": "the newest password"});
        drop(server.post("/user/reset", &reset).await);
        expect_error(server.post("/user/reset", &reset).await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        assert_eq!(server.try_login("ada", "the newest password").await.status(), StatusCode::OK);
        let bob = json!({"username": "bob", "password": PASSWORD});
        drop(server.post("/user/register", &bob).await);
        expect_error(server.post("/user/register", &bob).await, StatusCode::CONFLICT, Code::UsernameTaken).await;
        assert_eq!(server.try_login("bob", PASSWORD).await.status(), StatusCode::OK);
        server.stop().await;
    }

    /// An application can make a device of any text.
    async fn a_device_of_an_application_may_have_any_user_agent(kind: Kind) {
        let server = TestServer::start(kind).await;
        let device = Device { user_agent: Some("\0a€".repeat(300)), ..Device::default() };
        let tokens = server.auth.start_session("ldap:ada", &device).await.unwrap();
        let next = server.auth.sessions().refresh(&tokens.refresh_token, None, &device).await.unwrap();
        let row = server.row(&next).await;
        let stored: String = "a€".chars().cycle().take(255).collect();
        assert_eq!((row.user_agent.as_ref(), row.last_user_agent.as_ref()), (Some(&stored), Some(&stored)));
        server.stop().await;
    }

    async fn case_52_a_one_time_code_sets_a_new_password_once(kind: Kind) {
        let server = TestServer::start(kind).await;
        let old = server.register("ada").await;
        let reset = async |code: &str, password: &str| server.post("/user/reset", &json!({"code": code, "new_password": password})).await;
        let first = server.auth.accounts().make_reset_code("ada").await.unwrap();
        let code = server.auth.accounts().make_reset_code(" ADA ").await.unwrap();
        for wrong in [first.as_str(), "", "rubbish"] {
            expect_error(reset(wrong, "a newer password").await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        }
        let body = expect_error(reset(&code, "password").await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
        assert_eq!((body.fields[0].field.as_str(), body.fields[0].problem.as_str()), ("new_password", "too_common"));
        let new: TokenAnswer = reset(&code, "a newer password").await.json().await.unwrap();
        assert!(server.accepts(&new.access_token).await);
        server.refused(&old.refresh_token).await;
        expect_error(reset(&code, "another password").await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        assert_eq!(server.try_login("ada", "a newer password").await.status(), StatusCode::OK);
        let late = server.auth.accounts().make_reset_code("ada").await.unwrap();
        server.clock.shift(3_600_000);
        expect_error(reset(&late, "another password").await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        let void = server.auth.accounts().make_reset_code("ada").await.unwrap();
        let change = json!({"current_password": "a newer password", "new_password": "the newest password"});
        let session = server.try_login("ada", "a newer password").await.json::<TokenAnswer>().await.unwrap();
        assert_eq!(server.post_as(&session.access_token, "/user/password", &change).await.status(), StatusCode::OK);
        expect_error(reset(&void, "another password").await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        server.stop().await;
    }

    async fn case_46_a_password_is_the_same_in_nfc_and_nfd_and_old_hashes_match(kind: Kind) {
        let server = TestServer::start(kind).await;
        let (nfc, nfd) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        let made = server.post("/user/register", &json!({"username": "ada", "password": nfd})).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        for form in [nfc, nfd] {
            assert_eq!(server.try_login("ada", form).await.status(), StatusCode::OK);
        }
        // A hash of version 0.1, which did not normalise the password.
        let passwords = server.auth.accounts().passwords();
        let old = passwords.hash(passwords.permit(None).unwrap(), || Ok(nfd.into())).await.unwrap();
        let user = server.auth.store().user_by_key("ada").await.unwrap().unwrap();
        assert!(user::replace_hash(server.auth.store().writer(), &user, &old).await.unwrap());
        assert_eq!(server.try_login("ada", nfc).await.status(), StatusCode::OK);
        assert_ne!(hash(&server, "ada").await, old, "replaced by a hash of the normal form");
        server.stop().await;
    }

    async fn case_47_blanks_around_a_name_are_taken_off(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register(" ada ").await;
        for name in ["ada", "ada ", "\u{a0}ADA"] {
            let tokens = server.login(name).await;
            let me: Me = server.get_as(&tokens.access_token, "/user/me").await.json().await.unwrap();
            assert_eq!(me.username, "ada");
        }
        server.stop().await;
    }

    /// MariaDB ignores trailing blanks in comparisons.
    async fn case_47_subjects_that_differ_in_blanks_are_not_one_account(kind: Kind) {
        let server = TestServer::start(kind).await;
        let start = async |subject: &str| server.auth.start_session(subject, &Device::default()).await;
        start("ldap:ada lovelace").await.unwrap();
        for subject in ["ldap:ada lovelace ", " ldap:ada lovelace", "ldap:ada lovelace\u{a0}", "\tldap:ada", " ", ""] {
            assert!(matches!(start(subject).await, Err(Error::InvalidRequest(problem)) if problem.contains("white space")), "{subject:?}");
        }
        assert_eq!(server.auth.store().users().await.unwrap().len(), 1);
        server.stop().await;
    }

    async fn case_29_an_operator_names_an_external_account_by_its_subject(kind: Kind) {
        let server = TestServer::start(kind).await;
        let accounts = server.auth.accounts();
        let start = async |subject: &str| server.auth.start_session(subject, &Device::default()).await;
        start("ldap:Ada").await.unwrap();
        let listed = server.auth.store().users().await.unwrap()[0].username.clone();
        assert_eq!(accounts.set_disabled(&listed, true).await.unwrap(), 1);
        assert!(matches!(start("ldap:Ada").await, Err(Error::InvalidCredentials)));
        start("ldap:ada").await.unwrap();
        for name in ["ldap:Ada", "ldap:ada", "external:ldap:Ada", "external:ldap:ada"] {
            assert_eq!(accounts.find(name).await.unwrap().username, name.trim_start_matches("external:"));
        }
        for unknown in ["external:Bob", "external:", "ldap:ADA"] {
            assert!(matches!(accounts.find(unknown).await, Err(Error::NotFound)), "{unknown}");
        }
        server.stop().await;
    }

    async fn a_subject_names_its_method(kind: Kind) {
        let server = TestServer::start(kind).await;
        let accounts = server.auth.accounts();
        let start = async |subject: &str| server.auth.start_session(subject, &Device::default()).await;
        let registered = server.register("ada").await;
        for bad in ["ada", "Ada Lovelace", ":ada", "bob"] {
            assert!(matches!(start(bad).await, Err(Error::InvalidRequest(problem)) if problem.contains("ldap:ada")), "{bad}");
        }
        let external = start("ldap:ada").await.unwrap();
        let name = async |tokens: &TokenAnswer| server.auth.username(claims(&tokens.access_token)["userId"].as_i64().unwrap()).await.unwrap();
        assert_eq!((name(&registered).await.as_str(), name(&external).await.as_str()), ("ada", "ldap:ada"));
        // An account that was made before subjects needed a colon.
        let registered = server.register("bob").await;
        let old = NewUser { username: "bob", key: "external:bob", hash: String::new() };
        server.auth.store().create_user(old, Entry::default(), |_| None, 0).await.unwrap().unwrap();
        let external = start("bob").await.unwrap();
        for (name, tokens) in [("bob", &registered), ("external:bob", &external)] {
            assert_eq!(accounts.find(name).await.unwrap().id, claims(&tokens.access_token)["userId"]);
        }
        server.stop().await;
    }

    async fn case_31_an_account_has_at_most_a_hundred_sessions(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        assert!(server.accepts(&first.access_token).await);
        let ada = server.auth.store().user_by_key("ada").await.unwrap().unwrap();
        let mut last = first.clone();
        for _ in 0..100 {
            server.clock.shift(10);
            last = server.auth.sessions().start(&ada, None, &Device::default()).await.unwrap();
        }
        assert!(!server.accepts(&first.access_token).await, "the oldest was ended");
        assert!(server.accepts(&last.access_token).await);
        assert_eq!(server.auth.sessions().list(ada.id).await.unwrap().len(), 100);
        server.stop().await;
    }

    async fn a_password_change_needs_the_current_password(kind: Kind) {
        let server = TestServer::start(kind).await;
        let tokens = server.register("ada").await;
        let wrong = json!({"current_password": "wrong password", "new_password": "a newer password"});
        expect_error(server.post_as(&tokens.access_token, "/user/password", &wrong).await, StatusCode::FORBIDDEN, Code::InvalidCredentials).await;
        let short = json!({"current_password": PASSWORD, "new_password": "short"});
        let body = expect_error(server.post_as(&tokens.access_token, "/user/password", &short).await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
        assert_eq!((body.fields[0].field.as_str(), body.fields[0].problem.as_str()), ("new_password", "too_short"));
        expect_error(server.post("/user/password", &wrong).await, StatusCode::UNAUTHORIZED, Code::InvalidToken).await;
        server.login("ada").await;
        server.stop().await;
    }

    async fn case_14_a_sign_in_replaces_an_old_hash(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register("ada").await;
        weaken(&server, "ada").await;
        server.login("ada").await;
        let renewed = hash(&server, "ada").await;
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        server.login("ada").await;
        assert_eq!(hash(&server, "ada").await, renewed, "once");
        server.stop().await;
    }

    /// The password's check waits in the queue while another sign-in replaces the hash that was read for it.
    async fn case_14_a_right_password_is_accepted_while_its_old_hash_is_replaced(kind: Kind) {
        let server = TestServer::start(kind).await;
        let tokens = server.register("ada").await;
        let current = hash(&server, "ada").await;
        let change = json!({"current_password": PASSWORD, "new_password": "a newer password"});
        let requests: [(&str, &dyn Fn() -> reqwest::RequestBuilder); 2] = [
            ("sign-in", &|| server.http.post(format!("{}/user/login", server.url)).json(&json!({"username": "ada", "password": PASSWORD}))),
            ("change", &|| server.http.post(format!("{}/user/password", server.url)).bearer_auth(&tokens.access_token).json(&change)),
        ];
        for (name, request) in requests {
            weaken(&server, "ada").await;
            let released = hold_hashing(&server).await;
            let waiting = tokio::spawn(request().send());
            // Long enough for the account to be read.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let user = server.auth.store().user_by_key("ada").await.unwrap().unwrap();
            assert!(user::replace_hash(server.auth.store().writer(), &user, &current).await.unwrap());
            drop(released);
            assert_eq!(waiting.await.unwrap().unwrap().status(), StatusCode::OK, "{name}");
        }
        server.stop().await;
    }

    async fn an_account_goes_with_all_its_sessions(kind: Kind) {
        let server = TestServer::start(kind).await;
        let (tokens, other, bob) = (server.register("ada").await, server.login("ada").await, server.register("bob").await);
        let wrong = server.post_as(&tokens.access_token, "/user/delete", &json!({"password": "wrong password"})).await;
        expect_error(wrong, StatusCode::FORBIDDEN, Code::InvalidCredentials).await;
        let right = server.post_as(&tokens.access_token, "/user/delete", &json!({"password": PASSWORD})).await;
        assert_eq!(right.status(), StatusCode::NO_CONTENT);
        for tokens in [tokens, other] {
            assert!(!server.accepts(&tokens.access_token).await);
            server.refused(&tokens.refresh_token).await;
        }
        assert!(server.accepts(&bob.access_token).await);
        assert_eq!(server.try_login("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
        let again = server.register("ada").await;
        assert!(server.accepts(&again.access_token).await, "the name is free again");
        server.stop().await;
    }
}

#[tokio::test]
async fn case_14_a_sign_in_succeeds_if_its_old_hash_cannot_be_replaced() {
    let server = TestServer::start(Kind::Sqlite).await;
    server.register("ada").await;
    weaken(&server, "ada").await;
    let refuse = "CREATE TRIGGER keep BEFORE UPDATE OF password_hash ON users BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    server.auth.store().writer().execute_unprepared(refuse).await.unwrap();
    let tokens = server.login("ada").await;
    assert!(server.accepts(&tokens.access_token).await);
    server.stop().await;
}

/// An account without its first session would block its name.
#[tokio::test]
async fn an_account_whose_first_session_fails_is_not_made() {
    let server = TestServer::start(Kind::Sqlite).await;
    let refuse = "CREATE TRIGGER none BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    server.auth.store().writer().execute_unprepared(refuse).await.unwrap();
    let failed = server.post("/user/register", &json!({"username": "ada", "password": PASSWORD})).await;
    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    server.auth.store().writer().execute_unprepared("DROP TRIGGER none").await.unwrap();
    server.register("ada").await;
    server.stop().await;
}

/// Some storage engines do not enforce foreign keys.
#[tokio::test]
async fn an_account_goes_with_its_sessions_where_no_foreign_key_is_kept() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    server.auth.store().writer().execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
    let deleted = server.post_as(&tokens.access_token, "/user/delete", &json!({"password": PASSWORD})).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(session::Entity::find().count(server.auth.store().reader()).await.unwrap(), 0);
    server.stop().await;
}
