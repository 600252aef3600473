//! DPoP at wugan-server: the page of `examples/dpop` on another origin, a strict server, and an attacker with a copy of localStorage.

use std::time::Duration;

use serde_json::{Value, json};
use wugan_e2e::{BrowserEngine, Context, Page, Pages, Refreshes, Result, Server, in_browsers, scenario_in_browser};

/// The lifetime of access tokens.
const TTL: Duration = Duration::from_secs(2);

const REFRESH: &str = "/user/refresh";
const GUARDED: &str = "/user/me";

in_browsers! { [Chromium Firefox] [
    dpop_server_a_copy_of_the_store_is_worthless_and_the_owner_goes_on,
    dpop_server_where_it_is_required_a_bearer_session_cannot_begin,
    dpop_server_a_nonce_is_asked_for_once,
] }

/// Runs a scenario with the example's page and a strict server with these flags.
async fn play(engine: BrowserEngine, name: &str, flags: &[&str], play: impl AsyncFnOnce(&Server, &Page) -> Result) -> Result {
    let pages = Pages::of_dpop_example().await?;
    let (origin, ttl) = (pages.url(), format!("{}s", TTL.as_secs()));
    let all = ["--allow-origin", &origin, "--reuse-leeway", "0s", "--access-ttl", &ttl].iter().chain(flags).copied().collect::<Vec<_>>();
    scenario_in_browser(engine, name, &all, async |Context { server, page }: &mut Context| play(server, &page.at(&origin)).await).await
}

/// Opens the page for this server and signs a new user up. `mode` is empty, or `#bearer`.
async fn sign_up(server: &Server, page: &Page, mode: &str) -> Result {
    page.open(&format!("/?{}{mode}", server.url())).await?;
    page.shows("signed out").await?;
    page.press("Sign up").await
}

async fn send(page: &Page) -> Result {
    page.press("Send 20 requests").await?;
    page.shows("20 answered").await?;
    page.script("document.getElementById('answers').textContent = ''").await.map(drop)
}

/// Sends several bursts: the access token has expired before, or expires on the way to the server. The session goes on.
async fn outlive_tokens(server: &Server, page: &Page) -> Result {
    page.shows("signed in").await?;
    for _ in 0..3 {
        send(page).await?;
        tokio::time::sleep(TTL + Duration::from_millis(200)).await;
    }
    send(page).await?;
    let refreshes = server.refreshes().await?;
    assert!(refreshes.rotated >= 2, "{refreshes:?}");
    assert_eq!(refreshes, Refreshes { rotated: refreshes.rotated, ..Refreshes::default() });
    Ok(())
}

/// The stored session.
async fn copy(page: &Page) -> Result<Value> {
    let script = "return Object.entries(localStorage).filter(([key]) => key.endsWith('/user/refresh')).map(([, text]) => text)[0]";
    Ok(serde_json::from_str(page.script(script).await?.as_str().ok_or("no session is stored")?)?)
}

/// What an attacker gets with a copy: the statuses of a guarded request by Bearer and by DPoP, of a refresh, and of a sign-out.
async fn attack(server: &Server, copy: &Value) -> Result<[u16; 4]> {
    let client = reqwest::Client::new();
    let access = copy["access_token"].as_str().ok_or("no access token")?;
    let mut statuses = [0; 4];
    for (status, scheme) in statuses.iter_mut().zip(["Bearer", "DPoP"]) {
        let request = client.get(format!("{}{GUARDED}", server.url())).header("authorization", format!("{scheme} {access}"));
        *status = request.send().await?.status().as_u16();
    }
    let body = json!({ "refresh_token": copy["refresh_token"], "attempt": copy["attempt"] }).to_string();
    for (status, path) in statuses[2..].iter_mut().zip([REFRESH, "/user/logout"]) {
        let request = client.post(format!("{}{path}", server.url())).header("content-type", "application/json");
        *status = request.body(body.clone()).send().await?.status().as_u16();
    }
    Ok(statuses)
}

/// What the attacker gets with a proof of another key: the statuses of a guarded request, of a refresh, and of a sign-out.
async fn attack_with_key(server: &Server, page: &Page, copy: &Value) -> Result<[u16; 3]> {
    let client = reqwest::Client::new();
    let access = copy["access_token"].as_str().ok_or("no access token")?;
    let [guarded, refresh, sign_out] = [GUARDED, REFRESH, "/user/logout"].map(|path| format!("{}{path}", server.url()));
    let proof = page.foreign_proof("GET", &guarded, Some(access)).await?;
    let request = client.get(&guarded).header("authorization", format!("DPoP {access}")).header("dpop", proof);
    let mut statuses = [request.send().await?.status().as_u16(), 0, 0];
    let body = json!({ "refresh_token": copy["refresh_token"], "attempt": copy["attempt"] }).to_string();
    for (status, url) in statuses[1..].iter_mut().zip([refresh, sign_out]) {
        let proof = page.foreign_proof("POST", &url, None).await?;
        let request = client.post(&url).header("content-type", "application/json").header("dpop", proof);
        *status = request.body(body.clone()).send().await?.status().as_u16();
    }
    Ok(statuses)
}

async fn dpop_server_a_copy_of_the_store_is_worthless_and_the_owner_goes_on(engine: BrowserEngine) -> Result {
    play(engine, "dpop-server", &[], async |server, page| {
        sign_up(server, page, "").await?;
        page.shows("signed in").await?;
        send(page).await?;
        let copy = copy(page).await?;
        assert_eq!(attack(server, &copy).await?, [401, 401, 400, 400]);
        assert_eq!(attack_with_key(server, page, &copy).await?, [401, 401, 401]);
        let refused = server.refreshes().await?.refused;
        assert_eq!(refused, 2, "the attacker's");
        tokio::time::sleep(TTL).await;
        send(page).await?;
        // The token that the owner has replaced meanwhile is no sign of theft without the key.
        assert_eq!(attack(server, &copy).await?, [401, 401, 400, 400]);
        assert_eq!(attack_with_key(server, page, &copy).await?, [401, 401, 401]);
        page.reload().await?;
        page.shows("signed in").await?;
        send(page).await?;
        assert_eq!(server.refreshes().await?.revoked, 0);
        Ok(())
    })
    .await
}

async fn dpop_server_where_it_is_required_a_bearer_session_cannot_begin(engine: BrowserEngine) -> Result {
    play(engine, "dpop-required", &["--require-dpop"], async |server, page| {
        sign_up(server, page, "#bearer").await?;
        page.shows("the server answered 400").await?;
        page.shows("signed out").await?;
        page.open("/index.html").await?;
        sign_up(server, page, "").await?;
        outlive_tokens(server, page).await
    })
    .await?;
    // Without the flag, a session without a key is accepted too, and a copy of its tokens opens the account.
    play(engine, "dpop-bearer", &[], async |server, page| {
        sign_up(server, page, "#bearer").await?;
        outlive_tokens(server, page).await?;
        assert_eq!(attack(server, &copy(page).await?).await?, [200, 401, 200, 204]);
        Ok(())
    })
    .await
}

async fn dpop_server_a_nonce_is_asked_for_once(engine: BrowserEngine) -> Result {
    play(engine, "dpop-nonce", &["--dpop-nonce"], async |server, page| {
        sign_up(server, page, "").await?;
        outlive_tokens(server, page).await?;
        let asked = server.answered("/user/register", 400).await?;
        assert_eq!((asked, server.answered(REFRESH, 400).await?), (1, 0), "the sign-in asks for the nonce");
        assert_eq!(attack(server, &copy(page).await?).await?[..3], [401, 401, 400]);
        send(page).await
    })
    .await
}
