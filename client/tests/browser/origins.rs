//! Tokens go home only, and not over a header that the caller set.

use crate::world::{REFRESH, SERVER, World, other_origin, register, until};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Client, Error, Request};

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
async fn case_28_no_header_to_a_foreign_url() {
    let world = World::signed_in().await;
    let mut reached = 0;
    for url in foreign_urls() {
        let answer = world.get(&url).await;
        // A URL with a name and password in it is no request in a browser; a 401 from elsewhere is just an answer.
        assert!(matches!(answer, Ok(401 | 404) | Err(Error::Invalid(_) | Error::Network(_))), "{url}: {answer:?}");
        reached += usize::from(answer == Ok(401));
    }
    assert!(reached >= 4, "the other name of our server did answer: {reached}");
    let foreign: Vec<_> = world.page.all().into_iter().filter(|sent| sent.path == "/bbb").collect();
    assert!(foreign.len() >= reached);
    for sent in foreign {
        assert!(!SERVER.ends_with(&sent.host), "{sent:?}");
        assert_eq!(sent.authorization, None, "{}", sent.host);
    }
    assert_eq!((world.refreshes(), world.sign_outs()), (0, 0));
}

#[wasm_bindgen_test]
async fn case_28_the_header_goes_home_however_the_url_is_written() {
    let world = World::signed_in().await;
    let short = SERVER.replace("http", "HTTP").replace(HOST, "127.1");
    for url in ["/bbb", "bbb", "/x/../bbb", &format!("{SERVER}/bbb"), &format!("{short}/bbb")] {
        assert_eq!(world.get(url).await, Ok(200), "{url}");
    }
}

#[wasm_bindgen_test]
async fn case_28_an_allowed_origin_gets_the_header() {
    let world = World::with(|builder| builder.allow_origin(&other_origin()));
    register(&world.client).await;
    world.spoil("access_token");
    assert_eq!(world.get(&format!("{}/bbb", other_origin())).await, Ok(200));
    assert_eq!(world.refreshes(), 1);
}

#[wasm_bindgen_test]
async fn case_29_the_callers_own_authorization_is_left_alone() {
    let world = World::signed_in().await;
    let mine = |value: &str| Request::get("/bbb").header("Authorization", value);
    assert_eq!(world.send(mine("Bearer mine")).await, Ok(401));
    let good = format!("Bearer {}", world.record()["access_token"].as_str().unwrap());
    assert_eq!(world.send(mine(&good)).await, Ok(200));
    let sent: Vec<_> = world.page.sent("/bbb").into_iter().map(|sent| sent.authorization.unwrap()).collect();
    assert_eq!(sent, ["Bearer mine".to_owned(), good]);
    assert_eq!(world.refreshes(), 0);
}

#[wasm_bindgen_test]
async fn an_anonymous_request_goes_without_a_token() {
    let world = World::signed_in().await;
    assert_eq!(world.send(Request::get("/bbb").anonymous()).await, Ok(401));
    assert_eq!((world.page.sent("/bbb")[0].authorization.clone(), world.refreshes()), (None, 0));
}

#[wasm_bindgen_test]
async fn a_refresh_token_follows_no_redirect() {
    let world = World::with_a_dead_access_token().await;
    assert_eq!(world.get("/bbb").await, Ok(200));
    world.client.session().sign_out();
    until("the server is told", || world.page.sent("/user/logout").iter().any(|sent| sent.status == 204)).await;
    let redirects = |path: &str| world.page.sent(path).into_iter().map(|sent| sent.redirect).collect::<Vec<_>>();
    assert_eq!((redirects(REFRESH), redirects("/user/logout")), (vec!["error".to_owned()], vec!["error".to_owned()]));
    assert_eq!(redirects("/bbb"), ["follow", "follow"]);
}

#[wasm_bindgen_test]
fn a_base_without_an_origin_is_refused() {
    for base in ["data:,x", "http://", "blob:null/x", "about:blank"] {
        assert!(matches!(Client::builder(base).build(), Err(Error::Invalid(_))), "{base}");
    }
    assert!(matches!(Client::builder(SERVER).allow_origin("https://").build(), Err(Error::Invalid(_))));
}
