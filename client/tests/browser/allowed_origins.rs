//! Tokens are sent to allowed origins only, and never replace a header that the caller has set.

use crate::{
    fixture::{Fixture, REFRESH_PATH, SERVER, other_origin, register, wait_until},
    page::MockResponse,
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Error, Request, SignOutReason, TokenSet};

const HOST: &str = "127.0.0.1";

fn foreign_urls() -> Vec<String> {
    let other = other_origin();
    let authority = other.trim_start_matches("http:");
    vec![
        format!("{other}/bbb"),
        format!("{authority}/bbb"),
        format!("{}/bbb", authority.replace('/', "\\")),
        format!("ht\ntp:{authority}/bbb"),
        format!("  {other}/bbb"),
        format!("{}/bbb", SERVER.replace(HOST, "127.0.0.1.evil.localhost")),
        format!("{}/bbb", SERVER.replace(HOST, "127.0.0.1@localhost")),
        format!("{}@localhost/bbb", SERVER),
        format!("{}/bbb", web_sys::window().unwrap().location().origin().unwrap()),
    ]
}

#[wasm_bindgen_test]
async fn case_28_no_token_is_sent_to_a_foreign_url() {
    let test = Fixture::signed_in().await;
    let mut reached = 0;
    for url in foreign_urls() {
        let answer = test.get(&url).await;
        // Browsers refuse a URL with credentials. A 401 of another origin is returned.
        assert!(matches!(answer, Ok(401 | 404) | Err(Error::InvalidRequest(_) | Error::Network(_))), "{url}: {answer:?}");
        reached += usize::from(answer == Ok(401));
    }
    assert!(reached >= 4, "the server answered by its other name: {reached}");
    let foreign: Vec<_> = test.page.sent("/bbb");
    assert!(foreign.len() >= reached);
    for sent in foreign {
        assert!(!SERVER.ends_with(&sent.host), "{sent:?}");
        assert_eq!(sent.authorization(), None, "{}", sent.host);
    }
    assert_eq!((test.refresh_requests(), test.sign_out_events()), (0, 0));
}

#[wasm_bindgen_test]
async fn case_28_the_token_is_sent_however_the_url_is_written() {
    let test = Fixture::signed_in().await;
    let short = SERVER.replace("http", "HTTP").replace(HOST, "127.1");
    for url in ["/bbb", "bbb", "/x/../bbb", &format!("{SERVER}/bbb"), &format!("{short}/bbb")] {
        assert_eq!(test.get(url).await, Ok(200), "{url}");
    }
}

#[wasm_bindgen_test]
async fn case_28_the_token_is_sent_to_an_allowed_origin() {
    let test = Fixture::with(|builder| builder.allow_origin(&other_origin()));
    register(&test.client).await;
    test.corrupt("access_token");
    assert_eq!(test.get(&format!("{}/bbb", other_origin())).await, Ok(200));
    assert_eq!(test.refresh_requests(), 1);
}

#[wasm_bindgen_test]
async fn case_28_the_refresh_token_does_not_follow_a_later_base_of_the_page() {
    let document = web_sys::window().unwrap().document().unwrap();
    let base = document.create_element("base").unwrap();
    base.set_attribute("href", SERVER).unwrap();
    document.head().unwrap().append_child(&base).unwrap();
    let test = Fixture::with(|_| Client::builder("").storage_key("test.base").auto_refresh(false));
    base.set_attribute("href", &other_origin()).unwrap();
    test.client.session().sign_in(TokenSet::new("refused", "unknown").with_expires_in(60.0));
    let answer = test.get(&format!("{SERVER}/bbb")).await;
    base.remove();
    assert_eq!(answer, Err(Error::SignedOut(SignOutReason::Rejected)));
    let hosts: Vec<_> = test.page.sent(REFRESH_PATH).into_iter().map(|sent| sent.host).collect();
    assert_eq!(hosts.len(), 1);
    assert!(hosts.iter().all(|host| SERVER.ends_with(host.as_str())), "{hosts:?}");
}

#[wasm_bindgen_test]
async fn case_29_the_callers_own_authorization_is_not_replaced() {
    let test = Fixture::signed_in().await;
    let with_own_header = |value: &str| Request::get("/bbb").header("Authorization", value);
    assert_eq!(test.send(with_own_header("Bearer mine")).await, Ok(401));
    let good = format!("Bearer {}", test.record()["access_token"].as_str().unwrap());
    assert_eq!(test.send(with_own_header(&good)).await, Ok(200));
    let sent: Vec<_> = test.page.sent("/bbb").iter().map(|sent| sent.authorization().unwrap().to_owned()).collect();
    assert_eq!(sent, ["Bearer mine".to_owned(), good]);
    assert_eq!(test.refresh_requests(), 0);
}

#[wasm_bindgen_test]
async fn an_anonymous_request_is_sent_without_a_token() {
    let test = Fixture::signed_in().await;
    assert_eq!(test.send(Request::get("/bbb").anonymous()).await, Ok(401));
    assert_eq!((test.page.sent("/bbb")[0].authorization(), test.refresh_requests()), (None, 0));
}

#[wasm_bindgen_test]
async fn a_refresh_token_does_not_follow_redirects() {
    let test = Fixture::with_refused_access_token().await;
    assert_eq!(test.get("/bbb").await, Ok(200));
    test.client.session().sign_out();
    wait_until("the sign-out request was answered", || test.page.sent("/user/logout").iter().any(|sent| sent.status == 204)).await;
    let redirects = |path: &str| test.page.sent(path).into_iter().map(|sent| sent.redirect).collect::<Vec<_>>();
    assert_eq!((redirects(REFRESH_PATH), redirects("/user/logout")), (vec!["error".to_owned()], vec!["error".to_owned()]));
    assert_eq!(redirects("/bbb"), ["follow", "follow"]);
}

#[wasm_bindgen_test]
fn a_base_url_without_an_origin_is_refused() {
    for (base, advice) in [
        ("data:,x", "the base URL data:,x names no host: write https://data:,x"),
        ("about:blank", "names no host"),
        ("localhost:3000", "write https://localhost:3000"),
        ("api.example.com/", "write https://api.example.com/"),
        ("http://", "“http://” is not a URL"),
        ("file:///x/", "give an http or https URL"),
    ] {
        let refused = Client::builder(base).build();
        assert!(matches!(&refused, Err(Error::InvalidRequest(text)) if text.contains(advice)), "{base}: {refused:?}");
    }
    assert!(Client::builder("blob:null/x").build().is_err());
    for allowed in ["https://", "files.example.com", "localhost:3001", "/files", ""] {
        assert!(matches!(Client::builder(SERVER).allow_origin(allowed).build(), Err(Error::InvalidRequest(_))), "{allowed}");
    }
}

#[wasm_bindgen_test]
async fn case_65_the_token_is_sent_in_the_header_of_the_settings() {
    let test = Fixture::with(|builder| builder.auth_header("X-Session"));
    test.client.session().sign_in(TokenSet::new("first", "refresh").with_expires_in(60.0));
    test.page.respond("/notes", MockResponse::new(200));
    let basic = "Basic c3RhZ2luZzpzdGFnaW5n";
    assert_eq!(test.send(Request::get("/notes").header("authorization", basic)).await, Ok(200));
    assert_eq!(test.send(Request::get("/notes").header("x-session", "own")).await, Ok(200));
    let sent: Vec<_> = test
        .page
        .sent("/notes")
        .iter()
        .map(|sent| (sent.header("x-session").map(str::to_owned), sent.authorization().map(str::to_owned)))
        .collect();
    assert_eq!(sent, [(Some("Bearer first".to_owned()), Some(basic.to_owned())), (Some("own".to_owned()), None)]);
    assert!(matches!(Client::builder(SERVER).auth_header("x session").build(), Err(Error::InvalidRequest(_))));
}
