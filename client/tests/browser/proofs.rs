//! The time that a DPoP proof adds to a request.

use crate::{
    fixture::{local_storage, random_name},
    page::{MockResponse, Page},
};
use serde_json::json;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};
use wugan::{Client, Error, SignIn};

const REQUESTS: usize = 1_000;

/// The median time of a request to a mock server, in milliseconds.
async fn median(page: &Page, has_dpop: bool) -> f64 {
    let body =
        json!({ "access_token": "a".repeat(500), "refresh_token": "r".repeat(500), "expires_in": 600, "token_type": "DPoP" }).to_string();
    page.respond("/login", MockResponse::new(200).header("content-type", "application/json").chunk(body));
    page.respond("/notes", MockResponse::new(200));
    let key = format!("test.{}", random_name());
    let client = Client::builder("").storage_key(&key).auto_refresh(false).dpop(has_dpop).build().unwrap();
    assert!(matches!(client.post("/login").sign_in().await, Ok(SignIn::Done(_))));
    let performance = web_sys::window().unwrap().performance().unwrap();
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let begun = performance.now();
        client.get("/notes").send().await.unwrap();
        times.push(performance.now() - begun);
    }
    local_storage().remove_item(&key).unwrap();
    let proofs = page.sent("/notes").iter().filter(|sent| sent.header("dpop").is_some()).count();
    assert_eq!(proofs, if has_dpop { REQUESTS } else { 0 });
    times.sort_by(f64::total_cmp);
    times[REQUESTS / 2]
}

#[wasm_bindgen_test]
async fn a_proof_adds_little_to_a_request() {
    let mut medians = [0.0; 2];
    for (median_time, has_dpop) in medians.iter_mut().zip([false, true]) {
        *median_time = median(&Page::new(), has_dpop).await;
    }
    let [bearer, dpop] = medians;
    console_log!("median of {REQUESTS} requests: {bearer:.3} ms by Bearer, {dpop:.3} ms by DPoP, {:.3} ms more", dpop - bearer);
    // Far more than it takes, for a busy machine.
    assert!(dpop - bearer < 20.0, "{bearer} ms by Bearer, {dpop} ms by DPoP");
}

/// A server of another origin asks for a nonce that the page cannot read.
#[wasm_bindgen_test]
async fn a_nonce_that_is_not_exposed_is_a_typed_error() {
    let page = Page::new();
    let asks = MockResponse::new(400).header("content-type", "application/json").chunk("{\"error\":\"use_dpop_nonce\"}");
    page.respond("/login", asks);
    let client = Client::builder("").storage_key(&format!("test.{}", random_name())).auto_refresh(false).dpop(true).build().unwrap();
    let signed_in = client.post("/login").sign_in().await;
    assert!(matches!(&signed_in, Err(Error::InvalidRequest(advice)) if advice.contains("expose the header DPoP-Nonce")), "{signed_in:?}");
    assert_eq!(page.sent("/login").len(), 1);
}
