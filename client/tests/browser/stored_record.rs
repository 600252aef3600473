//! The stored record: its key, its fields, the issuer, and the migration of version 1.

use crate::fixture::{
    Fixture, REFRESH_PATH, SERVER, local_storage, random_name, register, send, sleep_seconds, token_response, wait_until,
};
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Client, Request, SignOutReason, TokenSet, Warning, grant::OAuth2};

/// Removes a key, with its pause and its mark, at the beginning and at the end of a test.
struct CleanKey(String);

impl CleanKey {
    fn new(key: &str) -> CleanKey {
        let key = CleanKey(key.to_owned());
        key.clean();
        key
    }

    fn clean(&self) {
        for suffix in ["", ".pause", ".refused"] {
            local_storage().remove_item(&format!("{}{suffix}", self.0)).unwrap();
        }
    }

    fn text(&self) -> Option<String> {
        local_storage().get_item(&self.0).unwrap()
    }

    fn record(&self) -> Value {
        serde_json::from_str(&self.text().unwrap_or_default()).unwrap_or_default()
    }
}

impl Drop for CleanKey {
    fn drop(&mut self) {
        self.clean();
    }
}

#[wasm_bindgen_test]
async fn case_38_key_and_record_name_the_token_endpoint() {
    let issuer = format!("{SERVER}{REFRESH_PATH}");
    let key = CleanKey::new(&format!("wugan:{issuer}"));
    let client = Client::builder(SERVER).auto_refresh(false).build().unwrap();
    register(&client).await;
    let record = key.record();
    assert_eq!((record["v"].as_f64(), record["issuer"].as_str()), (Some(2.0), Some(&*issuer)));
    assert_eq!(record["session"].as_str().map(str::len), Some(26));
    let attempt = record["attempt"].as_str().unwrap();
    assert!(attempt.len() == 26 && attempt.bytes().all(|byte| byte.is_ascii_hexdigit()), "{attempt}");
    for field in ["access_token", "refresh_token"] {
        assert!(record[field].is_string(), "{field}");
    }
    assert!(record["lifetime"].is_number() && record["issued"]["device"].is_number());
    assert!(record["user"]["id"].is_string());
    client.session().sign_out();
    let ended = key.record();
    assert_eq!((ended["v"].as_f64(), ended["ended"].as_str(), &ended["session"]), (Some(2.0), Some("ByUser"), &record["session"]));
}

#[wasm_bindgen_test]
fn case_38_clients_of_different_backends_have_different_keys() {
    let keys =
        [CleanKey::new("wugan:https://login.example.com/token#app"), CleanKey::new("wugan:https://login.example.com/token#other-app")];
    let open =
        |id: &str| Client::builder(SERVER).grant(OAuth2::new("https://login.example.com/token", id)).auto_refresh(false).build().unwrap();
    let (first, second) = (open("app"), open("other-app"));
    first.session().sign_in(TokenSet::new("access", "refresh"));
    assert!(keys[0].text().is_some() && keys[1].text().is_none());
    assert_eq!(first.session().info().state, AuthState::SignedIn);
    assert_eq!(second.session().info().state, AuthState::SignedOut { reason: None });
}

#[wasm_bindgen_test]
async fn case_38_a_record_of_another_backend_is_left_alone() {
    let test = Fixture::new();
    let other = json!({ "v": 2, "issuer": "https://other.example.com/token", "session": "0".repeat(26), "access_token": "theirs", "refresh_token": "theirs", "issued": { "device": 1 } });
    test.store_text(&other.to_string());
    assert_eq!(test.state(), AuthState::SignedOut { reason: None });
    assert_eq!(test.client.session().info().warnings, [Warning::StoreOfOtherBackend]);
    register(&test.client).await;
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.stored_text(), Some(other.to_string()));
    assert!(test.page.all_but_sign_outs().iter().all(|sent| sent.authorization() != Some("Bearer theirs")));
}

#[wasm_bindgen_test]
async fn the_attempt_id_changes_with_the_refresh_token_only() {
    let test = Fixture::with_made_up_tokens();
    let first = test.record()["attempt"].clone();
    test.page.respond(REFRESH_PATH, token_response("second-access", "made-up-refresh"));
    test.client.session().refresh().await.unwrap();
    assert_eq!((&test.record()["access_token"], &test.record()["attempt"]), (&json!("second-access"), &first));
    test.page.respond(REFRESH_PATH, token_response("third-access", "third-refresh"));
    test.client.session().refresh().await.unwrap();
    assert_ne!(test.record()["attempt"], first);
}

fn unsigned_jwt(claims: &str) -> String {
    format!("h.{}.s", web_sys::window().unwrap().btoa(claims).unwrap().trim_end_matches('='))
}

#[wasm_bindgen_test]
fn case_58_numeric_subjects_beyond_2_to_the_53_are_exact_and_stored_as_text() {
    let test = Fixture::new();
    let mut ids = Vec::new();
    for sub in ["9007199254740992", "9007199254740993", "18446744073709551615"] {
        test.client.session().sign_in(TokenSet::new(unsigned_jwt(&format!("{{\"sub\":{sub}}}")), "refresh"));
        ids.push(test.client.session().info().user.unwrap().id);
        assert_eq!(test.record()["user"]["id"], sub);
        assert_eq!(test.second_client().session().info().user.unwrap().id, sub);
    }
    assert_eq!(ids, ["9007199254740992", "9007199254740993", "18446744073709551615"]);
}

const OLD_KEY: &str = "wugan.session";

/// A new account's session as version 0.1 of the library stored it.
async fn old_record() -> String {
    let test = Fixture::signed_in().await;
    let record = test.record();
    let issued = json!({ "wall": record["issued"]["device"], "server": record["issued"]["server"] });
    let mut old = json!({ "v": 1, "issued": issued });
    for field in ["session", "access_token", "refresh_token", "lifetime", "user"] {
        old[field] = record[field].clone();
    }
    old.to_string()
}

fn migrating_client(key: &CleanKey) -> Client {
    Client::builder(SERVER).storage_key(&key.0).migrate_from(OLD_KEY).auto_refresh(false).build().unwrap()
}

#[wasm_bindgen_test]
async fn the_session_of_version_1_is_taken_over_once() {
    let (old_key, key) = (CleanKey::new(OLD_KEY), CleanKey::new(&format!("test.{}", random_name())));
    let old = old_record().await;
    local_storage().set_item(OLD_KEY, &old).unwrap();
    let old: Value = serde_json::from_str(&old).unwrap();
    let client = migrating_client(&key);
    wait_until("the session is taken over", || client.session().info().state == AuthState::SignedIn).await;
    let record = key.record();
    assert_eq!((&record["session"], &record["refresh_token"], record["v"].as_f64()), (&old["session"], &old["refresh_token"], Some(2.0)));
    assert_eq!(record["issuer"].as_str(), Some(&*format!("{SERVER}{REFRESH_PATH}")));
    // Version 1 reads this as a sign-out in another tab, and does not spend the refresh token.
    assert_eq!(old_key.record(), json!({ "v": 1, "session": old["session"], "ended": "Elsewhere" }));
    client.session().refresh().await.unwrap();
    assert_eq!(send(&client, Request::get("/bbb")).await, Ok(200));
    // An ended session is not taken over again.
    let other_key = CleanKey::new(&format!("test.{}", random_name()));
    let other = migrating_client(&other_key);
    sleep_seconds(0.5).await;
    assert_eq!((other.session().info().state, other_key.text()), (AuthState::SignedOut { reason: None }, None));
}

#[wasm_bindgen_test]
async fn two_tabs_that_migrate_at_once_take_the_session_over_once() {
    let (_old_key, key) = (CleanKey::new(OLD_KEY), CleanKey::new(&format!("test.{}", random_name())));
    local_storage().set_item(OLD_KEY, &old_record().await).unwrap();
    let clients = [migrating_client(&key), migrating_client(&key)];
    wait_until("both are signed in", || clients.iter().all(|client| client.session().info().state == AuthState::SignedIn)).await;
    let record = key.text();
    sleep_seconds(1.5).await;
    assert_eq!(key.text(), record);
    clients[0].session().sign_out();
    assert_eq!(clients[1].session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::OtherTab) });
}

#[wasm_bindgen_test]
async fn a_present_session_is_not_replaced_by_that_of_version_1() {
    let (old_key, key) = (CleanKey::new(OLD_KEY), CleanKey::new(&format!("test.{}", random_name())));
    let client = Client::builder(SERVER).storage_key(&key.0).auto_refresh(false).build().unwrap();
    let user = register(&client).await;
    let old = old_record().await;
    local_storage().set_item(OLD_KEY, &old).unwrap();
    let client = migrating_client(&key);
    sleep_seconds(0.5).await;
    assert_eq!(client.session().info().user.and_then(|user| user.name), Some(user));
    assert_eq!(old_key.text(), Some(old));
}

#[wasm_bindgen_test]
async fn a_session_in_memory_is_neither_stored_nor_shared() {
    let key = CleanKey::new(&random_name());
    let build = || Client::builder(SERVER).storage_key(&key.0).auto_refresh(false).in_memory().build().unwrap();
    let (client, other) = (build(), build());
    let before = local_storage().length().unwrap();
    register(&client).await;
    client.session().refresh().await.unwrap();
    assert_eq!(send(&client, Request::get("/bbb")).await, Ok(200));
    assert_eq!((local_storage().length().unwrap(), key.text()), (before, None));
    assert_eq!(other.session().info().state, AuthState::SignedOut { reason: None });
    client.session().sign_out();
    assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::ByUser) });
}
