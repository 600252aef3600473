//! Sign-in with npm's `oidc-provider` in Chromium and Firefox, by `examples/oidc`. Rotation is strict: a refresh token that is used twice revokes
//! its grant.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use thirtyfour::By;
use wugan_e2e::{BrowserEngine, Context, Grants, OpenIdProvider, Page, Result, Tab, in_browsers, scenario, scenario_in_browser, until};

/// Presses "Send 20 requests" in each tab that shows the account, when a message arrives on a channel.
const SEND_ON_MESSAGE: &str = "new BroadcastChannel('e2e').onmessage = () => \
    [...document.querySelectorAll('button')].find(button => button.textContent === 'Send 20 requests').click()";
const MESSAGE: &str = "new BroadcastChannel('e2e').postMessage('send')";

in_browsers! { [Chromium Firefox] [
    openid_a_guard_sends_to_the_provider_and_the_visitor_comes_back,
    openid_other_signatures_are_verified,
    openid_bursts_in_four_tabs_make_one_refresh,
    openid_bursts_in_four_tabs_make_one_refresh_without_rotation,
    openid_tokens_that_expire_in_four_tabs_are_renewed_once,
    openid_tokens_that_live_for_seconds_are_renewed_ahead_of_their_expiry,
    openid_a_sign_out_ends_the_session_in_all_tabs_and_at_the_provider,
    openid_a_sign_out_revokes_the_refresh_token,
    openid_a_revoked_grant_ends_the_session_with_its_reason,
    openid_a_restart_of_the_provider_keeps_the_session,
    openid_a_replaced_key_of_the_provider_is_known_at_the_next_sign_in,
    dpop_a_copy_of_the_tokens_is_worthless_and_the_owner_goes_on,
    dpop_bursts_in_four_tabs_share_the_key_and_make_one_refresh,
    dpop_bursts_in_four_tabs_ask_for_a_nonce_in_the_first_burst_only,
    dpop_a_nonce_is_asked_for_once,
    dpop_a_lost_key_ends_the_session_with_its_reason,
    dpop_with_cleared_site_data_the_next_page_is_signed_out_and_signs_in_again,
] }

#[test]
fn openid_the_example_has_fewer_than_sixty_lines() {
    assert!(include_str!("../../examples/oidc/src/main.rs").lines().count() < 60);
}

struct Site {
    provider: OpenIdProvider,
    page: Page,
}

impl Site {
    async fn start(page: &Page, options: Value) -> Result<Self> {
        let provider = OpenIdProvider::start(options).await?;
        let page = page.at(&provider.pages());
        Ok(Self { provider, page })
    }

    /// The guarded page, some time after a sign-in at the provider.
    async fn signed_in(page: &Page, options: Value) -> Result<Self> {
        let site = Self::start(page, options).await?;
        site.page.open("/account").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        // Within some seconds, a guard would take the end of the session for a sign-in that failed.
        site.page.script("Object.keys(sessionStorage).filter(key => key.startsWith('wugan:oidc:completed')).forEach(key => sessionStorage.removeItem(key))").await?;
        Ok(site)
    }

    /// Fills in the provider's sign-in page.
    async fn log_in(&self) -> Result {
        self.page.shows("Sign-in").await?;
        let driver = self.page.driver();
        driver.find(By::Name("login")).await?.send_keys("ada").await?;
        driver.find(By::Name("password")).await?.send_keys("any").await?;
        self.page.press("Sign-in").await
    }

    async fn consent(&self) -> Result {
        self.page.press("Continue").await
    }

    async fn send(&self) -> Result {
        self.page.press("Send 20 requests").await?;
        self.page.shows("20 answered").await
    }

    /// Sends 20 requests again and again, until all of them are answered.
    async fn send_until_answered(&self) -> Result {
        until("the requests to be answered", async || {
            self.page.press("Send 20 requests").await?;
            self.page.hides("Sending…").await?;
            Ok(self.page.text().await?.contains("20 answered").then_some(()))
        })
        .await
    }

    /// How the stored session ended.
    async fn ended(&self) -> Result<Value> {
        Ok(stored(&self.page).await?["ended"].take())
    }

    async fn query(&self) -> Result<Value> {
        self.page.script("return location.search + location.hash").await
    }
}

fn grants(codes: u64, refreshed: u64) -> Grants {
    Grants { codes, refreshed, ..Grants::default() }
}

async fn openid_a_guard_sends_to_the_provider_and_the_visitor_comes_back(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-sign-in", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({})).await?;
        site.page.arrives_at("/account").await?;
        assert_eq!(site.query().await?, "", "the response is not in the address");
        let stored = site.page.script("return JSON.stringify([{ ...sessionStorage }, history.state])").await?.to_string();
        assert!(!stored.contains("verifier") && !stored.contains("code="), "nothing of the sign-in is left: {stored}");
        site.send().await?;
        site.page.reload().await?;
        site.page.shows("The account of ada").await?;
        site.send().await?;
        assert_eq!(site.provider.grants().await?, grants(1, 0));
        Ok(())
    })
    .await
}

async fn openid_other_signatures_are_verified(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-es256", &[], async |Context { page, .. }: &mut Context| {
        for algorithm in ["ES256", "PS256", "EdDSA"] {
            Site::signed_in(page, json!({ "algorithm": algorithm })).await?;
        }
        Ok(())
    })
    .await
}

async fn openid_bursts_in_four_tabs_make_one_refresh(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-tabs", &[], async |Context { page, .. }: &mut Context| {
        four_tabs(&Site::signed_in(page, json!({})).await?).await
    })
    .await
}

async fn openid_bursts_in_four_tabs_make_one_refresh_without_rotation(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-tabs-kept", &[], async |Context { page, .. }: &mut Context| {
        four_tabs(&Site::signed_in(page, json!({ "rotate": false })).await?).await
    })
    .await
}

async fn four_tabs(site: &Site) -> Result {
    let Site { provider, page } = site;
    let tabs = open_four(site).await?;
    let sender = page.open_tab("/").await?;
    for round in 1..=4 {
        page.go_to(&sender).await?;
        provider.expire_access_tokens().await?;
        send_in_all(site, &tabs).await?;
        assert_eq!(Grants { nonces: 0, ..provider.grants().await? }, grants(1, round));
    }
    Ok(())
}

/// Three more tabs with the account, which send when a message arrives.
async fn open_four(Site { page, .. }: &Site) -> Result<Vec<Tab>> {
    let mut tabs = vec![page.tab().await?];
    for _ in 0..3 {
        tabs.push(page.open_tab("/account").await?);
        page.shows("The account of ada").await?;
    }
    for tab in &tabs {
        page.go_to(tab).await?;
        page.script(SEND_ON_MESSAGE).await?;
    }
    Ok(tabs)
}

/// Posts the message in the present tab, and waits until all requests of the four are answered.
async fn send_in_all(Site { page, .. }: &Site, tabs: &[Tab]) -> Result {
    page.script(MESSAGE).await?;
    for tab in tabs {
        page.go_to(tab).await?;
        page.shows("20 answered").await?;
        page.script("document.getElementById('answers').firstChild.nodeValue = ''").await?;
    }
    Ok(())
}

/// Nothing but the time makes the tokens invalid. The rotation is strict: a second exchange of a refresh token would end the session.
async fn openid_tokens_that_expire_in_four_tabs_are_renewed_once(engine: BrowserEngine) -> Result {
    const TTL: Duration = Duration::from_secs(4);
    scenario_in_browser(engine, "openid-tabs-expiry", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "accessTtl": TTL.as_secs() })).await?;
        let begun = Instant::now();
        let tabs = open_four(&site).await?;
        // A file of the same origin, which renews nothing.
        let sender = site.page.open_tab("/wugan-example-oidc.js").await?;
        for _ in 0..4 {
            site.page.go_to(&sender).await?;
            tokio::time::sleep(TTL).await;
            send_in_all(&site, &tabs).await?;
        }
        let granted = site.provider.grants().await?;
        let lifetimes = begun.elapsed().as_secs() / TTL.as_secs() + 1;
        assert!((4..=lifetimes).contains(&granted.refreshed), "{granted:?} in {lifetimes} lifetimes");
        assert_eq!(granted, grants(1, granted.refreshed));
        Ok(())
    })
    .await
}

async fn openid_tokens_that_live_for_seconds_are_renewed_ahead_of_their_expiry(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-expiry", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "accessTtl": 3 })).await?;
        until("three refreshes", async || Ok((site.provider.grants().await?.refreshed >= 3).then_some(()))).await?;
        site.send().await?;
        assert_eq!(site.provider.grants().await?.refused, 0);
        Ok(())
    })
    .await
}

async fn openid_a_sign_out_ends_the_session_in_all_tabs_and_at_the_provider(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-sign-out", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({})).await?;
        let first = site.page.tab().await?;
        let second = site.page.open_tab("/account").await?;
        site.page.shows("The account of ada").await?;
        site.page.go_to(&first).await?;
        let tokens = stolen(&site.page).await?;
        site.page.press("Sign out").await?;
        site.page.press("Yes, sign me out").await?;
        site.page.shows("signed out").await?;
        site.page.arrives_at("/").await?;
        site.page.go_to(&second).await?;
        site.page.shows("signed out").await?;
        assert_eq!(site.ended().await?, "ByUser");
        let sent = site.provider.sign_outs().await?.into_iter().next().ok_or("no sign-out")?;
        let text = |name: &str| sent[name].as_str().unwrap_or_default();
        assert_eq!((text("client_id"), text("post_logout_redirect_uri")), ("wugan-example", &*format!("{}/", site.provider.pages())));
        assert!(text("id_token_hint").starts_with("eyJ"), "{sent}");
        let left = site.page.script("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }])").await?.to_string();
        for token in tokens {
            assert!(token.len() > 20 && !left.contains(&token), "no token is left: {left}");
        }
        // The provider asks for the password again.
        site.page.follow("Account").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await
    })
    .await
}

/// The provider's own sign-out is not confirmed yet.
async fn openid_a_sign_out_revokes_the_refresh_token(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-revocation", &[], async |Context { page, .. }: &mut Context| {
        for dpop in [false, true] {
            let site = Site::signed_in(page, json!({ "dpop": dpop })).await?;
            assert_eq!(site.provider.refresh_tokens().await?, 1);
            site.page.press("Sign out").await?;
            site.page.shows("Yes, sign me out").await?;
            until("the revocation", async || Ok((site.provider.refresh_tokens().await? == 0).then_some(()))).await?;
        }
        Ok(())
    })
    .await
}

async fn openid_a_revoked_grant_ends_the_session_with_its_reason(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-revoked", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({})).await?;
        site.provider.revoke_grants().await?;
        site.page.press("Send 20 requests").await?;
        // The guard sends the browser to the provider, which still knows the user and asks for consent again.
        site.page.shows("Authorize").await?;
        site.page.open("/").await?;
        site.page.shows("signed out").await?;
        assert_eq!(site.ended().await?, "Rejected");
        assert_eq!(site.provider.grants().await?, Grants { codes: 1, refused: 1, ..Grants::default() });
        Ok(())
    })
    .await
}

async fn openid_a_restart_of_the_provider_keeps_the_session(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-restart", &[], async |Context { page, .. }: &mut Context| {
        let mut site = Site::signed_in(page, json!({})).await?;
        site.provider.expire_access_tokens().await?;
        site.provider.stop().await?;
        site.page.press("Send 20 requests").await?;
        site.page.shows("\n0 answered").await?;
        // The metadata is stored, so that neither a reload nor a new tab needs the provider, also when it is old.
        site.page.reload().await?;
        site.page.shows("The account of ada").await?;
        let make_old = "for (const key of Object.keys(localStorage).filter(key => key.startsWith('wugan:oidc:metadata:'))) \
            localStorage[key] = localStorage[key].replace(/\"fetched_at\":[0-9]+/, '\"fetched_at\":1000');";
        site.page.script(make_old).await?;
        site.page.open_tab("/account").await?;
        site.page.shows("The account of ada").await?;
        site.provider.restart().await?;
        site.send_until_answered().await?;
        assert_eq!(site.provider.grants().await?, grants(0, 1));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn openid_a_lost_answer_ends_the_session_without_a_grace_time_and_not_with_one() -> Result {
    scenario("openid-lost", &[], async |Context { page, .. }: &mut Context| {
        let strict = Site::signed_in(page, json!({})).await?;
        strict.provider.expire_access_tokens().await?;
        strict.provider.lose_next_answer().await?;
        // Chromium itself repeats a request whose connection was reset, if that was used before; else the engine does, after a pause.
        until("the guard to leave for the provider", async || {
            const SEND: &str =
                "[...document.querySelectorAll('button')].find(button => button.textContent === 'Send 20 requests')?.click()";
            strict.page.script(SEND).await?;
            Ok(strict.page.text().await?.contains("Authorize").then_some(()))
        })
        .await?;
        assert_eq!(strict.provider.grants().await?.reused, 1);
        strict.page.open("/").await?;
        assert_eq!(strict.ended().await?, "Rejected");

        let graceful = Site::signed_in(page, json!({ "grace": 60 })).await?;
        graceful.provider.expire_access_tokens().await?;
        graceful.provider.lose_next_answer().await?;
        graceful.send_until_answered().await?;
        assert_eq!(graceful.provider.grants().await?, Grants { lost: 1, ..grants(1, 2) });
        Ok(())
    })
    .await
}

/// Chromium repeats the request with the same proof, which the provider refuses with the code of a refused refresh token.
#[tokio::test]
async fn dpop_a_lost_answer_ends_no_session_that_would_go_on_without_dpop() -> Result {
    scenario("dpop-lost-answer", &[], async |Context { page, .. }: &mut Context| {
        for options in [json!({ "dpop": true, "grace": 60 }), json!({ "dpop": true, "rotate": false })] {
            let site = Site::signed_in(page, options).await?;
            // The connection is in use, so that its reset makes the browser repeat the request.
            site.send().await?;
            site.provider.expire_access_tokens().await?;
            site.provider.lose_next_answer().await?;
            site.send_until_answered().await?;
            assert_eq!(site.provider.grants().await?.refreshed, 2);
        }
        Ok(())
    })
    .await
}

/// The page has no nonce yet, so the request that asks for one opens the connection on which Chromium repeats the exchange.
#[tokio::test]
async fn dpop_a_lost_answer_after_a_nonce_ends_no_session() -> Result {
    scenario("dpop-lost-answer-nonce", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true, "nonces": true, "grace": 60, "accessTtl": 3 })).await?;
        site.page.open("/no-page-of-the-app").await?;
        tokio::time::sleep(std::time::Duration::from_secs(4)).await;
        site.provider.lose_next_answer().await?;
        site.page.open("/account").await?;
        site.send_until_answered().await?;
        let granted = site.provider.grants().await?;
        assert!(granted.lost == 1 && granted.refreshed >= 2, "{granted:?}");
        assert!(!stolen(&site.page).await?[0].is_empty(), "the session goes on");
        Ok(())
    })
    .await
}

async fn openid_a_replaced_key_of_the_provider_is_known_at_the_next_sign_in(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "openid-keys", &[], async |Context { page, .. }: &mut Context| {
        let mut site = Site::signed_in(page, json!({ "keysMaxAge": 86_400 })).await?;
        site.provider.replace_keys().await?;
        // The session is as old as its ID token, whose key the provider no longer has.
        site.page.script(MAKE_ID_TOKEN_OLD).await?;
        site.page.press("Sign out").await?;
        site.page.press("Yes, sign me out").await?;
        site.page.shows("signed out").await?;
        assert_eq!(site.provider.sign_outs().await?[0]["id_token_hint"], Value::Null);
        site.page.follow("Account").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await
    })
    .await
}

/// Sets the ID token's time of issue to two days ago.
const MAKE_ID_TOKEN_OLD: &str = "for (const key of Object.keys(localStorage).filter(key => key.endsWith('.id_token'))) { \
    const stored = JSON.parse(localStorage[key]); \
    const [header, claims, signature] = stored.id_token.split('.'); \
    const read = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))); \
    const old = btoa(JSON.stringify({ ...read, iat: read.iat - 172800 })).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''); \
    localStorage[key] = JSON.stringify({ ...stored, id_token: `${header}.${old}.${signature}` }); }";

/// As if other scripts of the origin had filled localStorage. sessionStorage has a quota of its own.
const FILL_STORAGE: &str = "const set = Storage.prototype.setItem; Storage.prototype.setItem = function(...pair) { \
    if (this === window.localStorage) throw new DOMException('full', 'QuotaExceededError'); \
    return set.apply(this, pair); }";

#[tokio::test]
async fn openid_a_session_that_is_lost_at_once_starts_no_second_sign_in() -> Result {
    scenario("openid-lost-at-once", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.add_preload_script(FILL_STORAGE).await?;
        site.page.open("/account").await?;
        site.log_in().await?;
        site.consent().await?;
        // In memory.
        site.page.shows("The account of ada").await?;
        site.page.reload().await?;
        site.page.shows("the session was lost right after the sign-in").await?;
        site.page.arrives_at("/account").await?;
        assert_eq!(site.provider.grants().await?, grants(1, 0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn openid_without_a_consent_a_provider_as_shipped_grants_no_refresh_token() -> Result {
    scenario("openid-no-refresh-token", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "prompt": "" })).await?;
        assert_eq!(stored(&site.page).await?["refresh_token"], Value::Null);
        site.send().await
    })
    .await
}

/// The claim `aud` of the stored access token.
const AUDIENCE: &str = "const token = Object.values(localStorage).filter(text => text.includes('\"access_token\"')) \
    .map(text => JSON.parse(text).access_token)[0]; \
    return JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).aud";

#[tokio::test]
async fn openid_tokens_are_for_the_configured_api_before_and_after_refreshes() -> Result {
    scenario("openid-resource", &[], async |Context { page, .. }: &mut Context| {
        const API: &str = "https://api.example.com/notes";
        let site = Site::signed_in(page, json!({ "resource": API, "accessTtl": 3 })).await?;
        assert_eq!(site.page.script(AUDIENCE).await?, API);
        let first = stored(&site.page).await?["access_token"].take();
        until("two refreshes", async || Ok((site.provider.grants().await?.refreshed >= 2).then_some(()))).await?;
        until("the new token", async || Ok((stored(&site.page).await?["access_token"] != first).then_some(()))).await?;
        assert_eq!(site.page.script(AUDIENCE).await?, API);
        // Such a token is refused for user information, which says nothing about the session.
        site.page.press("Send 20 requests").await?;
        site.page.shows("\n0 answered").await?;
        site.page.shows("The account of ada").await?;
        assert_eq!(site.provider.grants().await?.refused, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn openid_an_unknown_api_is_reported() -> Result {
    scenario("openid-other-resource", &[], async |Context { page, .. }: &mut Context| {
        let site =
            Site::start(page, json!({ "resource": "https://api.example.com", "knownResource": "https://other.example.com" })).await?;
        site.page.open("/account").await?;
        site.page.shows("the sign-in failed: invalid_target").await
    })
    .await
}

#[tokio::test]
async fn openid_without_a_sign_out_page_the_next_sign_in_asks_for_the_password() -> Result {
    scenario("openid-no-sign-out-page", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "prompt": "", "signOutPage": false })).await?;
        site.page.press("Sign out").await?;
        site.page.shows("signed out").await?;
        site.page.arrives_at("/").await?;
        assert_eq!((site.ended().await?, site.provider.sign_outs().await?.len()), (json!("ByUser"), 0));
        // The provider still knows the user.
        site.page.follow("Account").await?;
        site.log_in().await?;
        site.page.shows("The account of ada").await
    })
    .await
}

#[tokio::test]
async fn openid_a_guarded_page_with_any_address_is_returned_to() -> Result {
    scenario("openid-address", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open(r"/account?q=C:\temp#a\b").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        assert_eq!(site.query().await?, r"?q=C:\temp#a\b");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn openid_with_prompt_none_a_visitor_without_a_session_is_reported() -> Result {
    scenario("openid-none", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({ "prompt": "none" })).await?;
        site.page.open("/account").await?;
        site.page.shows("the sign-in failed: login_required").await?;
        site.page.arrives_at("/callback").await
    })
    .await
}

/// ada is signed in and begins another sign-in, for instance to confirm it, or to switch accounts.
#[tokio::test]
async fn openid_a_failed_sign_in_is_shown_to_a_signed_in_user() -> Result {
    scenario("openid-failed-again", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({})).await?;
        let issuer = site.provider.issuer();
        let pending = json!({ "issuer": issuer, "verifier": "v", "nonce": "n", "return_to": "/account", "begun": 0 });
        let begin = format!(
            "sessionStorage['wugan:oidc:state:s'] = JSON.stringify({{ ...{pending}, begun: Date.now() }}); \
            sessionStorage['wugan:oidc:return_to'] = '/account'; \
            sessionStorage['wugan:oidc:parameters'] = 'prompt=consent&max_age=0&login_hint=ada+%26+co'"
        );
        let responses = [
            (format!("error=access_denied&iss={issuer}"), "access_denied"),
            ("code=c&iss=https://evil.example".to_owned(), "https://evil.example responded"),
            (format!("code=c&iss={issuer}"), "invalid_grant"),
        ];
        for (response, shown) in responses {
            site.page.script(&begin).await?;
            site.page.open(&format!("/callback?state=s&{response}")).await?;
            site.page.shows(shown).await?;
        }
        site.page.press("Try again").await?;
        // The same request: the user must enter the password again.
        site.page.shows("Sign-in").await?;
        let requests = site.provider.open_requests().await?;
        let sent = requests.last().ok_or("no sign-in is open")?;
        // This provider takes `max_age=0` for `prompt=login`.
        assert_eq!((&sent["login_hint"], &sent["prompt"]), (&json!("ada & co"), &json!("consent login")), "{sent}");
        site.page.driver().find(By::Name("login")).await?.clear().await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        site.page.arrives_at("/account").await
    })
    .await
}

/// The stored session, or what is stored of its end.
async fn stored(page: &Page) -> Result<Value> {
    let script = "return Object.values(localStorage).filter(text => /\"(access_token|ended)\":/.test(text)) \
        .map(text => JSON.parse(text))[0]";
    page.script(script).await
}

#[tokio::test]
async fn openid_a_page_without_web_crypto_is_told_what_to_change() -> Result {
    scenario("openid-no-crypto", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        // As on a page that was loaded over plain HTTP from another machine.
        site.page.add_preload_script("Object.defineProperty(crypto, 'subtle', { value: undefined })").await?;
        site.page.open("/account").await?;
        site.page.shows("this page has no WebCrypto: serve it over https, or at http://localhost").await
    })
    .await
}

#[tokio::test]
async fn openid_a_refusal_by_the_user_is_reported() -> Result {
    scenario("openid-denied", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/account").await?;
        site.page.follow("[ Cancel ]").await?;
        site.page.shows("the sign-in failed: access_denied (End-User aborted interaction)").await?;
        site.page.arrives_at("/callback").await?;
        assert_eq!(site.query().await?, "");
        site.page.reload().await?;
        site.page.shows("there is no sign-in to complete here").await?;
        site.page.press("Try again").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await
    })
    .await
}

/// Fetching the provider's keys fails, until the script is undone.
const NO_KEYS: &str = "window.originalFetch = window.fetch; \
    window.fetch = request => request.url?.endsWith('/jwks') ? Promise.reject(new TypeError('unreachable')) : window.originalFetch(request)";

#[tokio::test]
async fn openid_a_code_that_was_not_exchanged_is_exchanged_at_the_second_try() -> Result {
    scenario("openid-callback-again", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/account").await?;
        site.log_in().await?;
        site.page.add_preload_script(NO_KEYS).await?;
        site.consent().await?;
        site.page.shows("the sign-in service is not available").await?;
        site.page.arrives_at("/callback").await?;
        site.page.script("window.fetch = window.originalFetch").await?;
        site.page.press("Try again").await?;
        site.page.shows("The account of ada").await?;
        site.page.arrives_at("/account").await?;
        assert_eq!(site.provider.grants().await?, grants(1, 0));
        Ok(())
    })
    .await
}

/// The token endpoint does not answer, until `answers` is set.
const NO_ANSWER: &str = "window.originalFetch = window.fetch; \
    window.fetch = request => request.url?.endsWith('/token') && !sessionStorage.answers \
        ? new Promise(() => {}) : window.originalFetch(request)";

#[tokio::test]
async fn openid_a_reload_in_the_middle_of_the_exchange_does_not_repeat_it() -> Result {
    scenario("openid-reload", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/account").await?;
        site.log_in().await?;
        site.page.add_preload_script(NO_ANSWER).await?;
        site.consent().await?;
        site.page.shows("Signing in…").await?;
        until("a clean address", async || Ok((site.page.path().await? == "/callback" && site.query().await? == "").then_some(()))).await?;
        site.page.reload().await?;
        site.page.shows("there is no sign-in to complete here").await?;
        site.page.script("sessionStorage.answers = 'yes'").await?;
        site.page.press("Try again").await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        site.page.arrives_at("/account").await?;
        assert_eq!(site.provider.grants().await?, grants(1, 0));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn openid_a_response_in_another_tab_and_a_forged_one_are_refused() -> Result {
    scenario("openid-other-tab", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/account").await?;
        site.page.shows("Sign-in").await?;
        let first = site.page.tab().await?;
        // Two tabs sign in at once.
        let second = site.page.open_tab("/account").await?;
        site.log_in().await?;
        site.page.shows("Authorize").await?;
        site.page.go_to(&first).await?;
        site.log_in().await?;
        site.page.shows("Authorize").await?;
        // A response for the first tab arrives in a third one.
        let requests = site.provider.open_requests().await?;
        let state = requests.first().and_then(|sent| sent["state"].as_str()).ok_or("no sign-in is open")?;
        let third = site.page.open_tab(&format!("/callback?code=c&state={state}&iss={}", site.provider.issuer())).await?;
        site.page.shows("started in another tab").await?;
        for forged in
            ["code=c", "code=c&code=d&state=s", "error=access_denied&error_description=call&state=s", "state=s", "code=c&state=.x"]
        {
            site.page.open(&format!("/callback?{forged}")).await?;
            let error = until("an error", async || {
                Ok(Some(site.page.text().await?).filter(|text| text.contains("start") || text.contains("malformed")))
            })
            .await?;
            assert!(!error.contains("call"), "an unknown response is not shown: {error}");
        }
        for tab in [&second, &first] {
            site.page.go_to(tab).await?;
            site.consent().await?;
            site.page.shows("The account of ada").await?;
        }
        site.page.go_to(&third).await?;
        // With a session, a stale response changes nothing, and the home page is shown.
        site.page.open("/callback?code=c&state=s").await?;
        site.page.shows("signed in as ada").await?;
        assert_eq!(site.provider.grants().await?, grants(2, 0));
        Ok(())
    })
    .await
}

/// Records whether the page returned from the back/forward cache, where the pages of the app find it later.
const RECORD_RETURN: &str = "addEventListener('pageshow', event => sessionStorage.wasKept = event.persisted)";

#[tokio::test]
async fn openid_the_back_button_leaves_the_provider_for_the_page_before_the_guarded_one() -> Result {
    scenario("openid-back", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/").await?;
        site.page.shows("signed out").await?;
        for _ in 0..2 {
            site.page.follow("Account").await?;
            site.page.shows("Sign-in").await?;
            site.page.driver().back().await?;
            site.page.shows("signed out").await?;
            site.page.arrives_at("/").await?;
        }
        site.page.follow("Account").await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.shows("The account of ada").await
    })
    .await
}

#[tokio::test]
async fn openid_a_page_from_the_back_forward_cache_goes_to_the_signed_out_page_after_a_sign_out() -> Result {
    scenario("openid-sign-out-back", &[], async |Context { page, .. }: &mut Context| {
        // A browser may drop a page that it could keep.
        for _ in 0..3 {
            // It does not keep one whose revocation request is under way.
            let site = Site::signed_in(page, json!({ "revocation": false })).await?;
            site.page.script(RECORD_RETURN).await?;
            site.page.press("Sign out").await?;
            site.page.shows("Yes, sign me out").await?;
            site.page.driver().back().await?;
            let is_signed_out_page = until("the signed-out page, or the provider's", async || {
                let text = site.page.text().await?;
                Ok(if text.contains("signed out") { Some(true) } else { text.contains("Authorize").then_some(false) })
            });
            let is_signed_out_page = is_signed_out_page.await?;
            site.page.open("/").await?;
            if site.page.script("return sessionStorage.wasKept").await? == "true" {
                assert!(is_signed_out_page, "the page goes to the provider, which still knows the user");
                return Ok(());
            }
        }
        Err("the browser has kept no page".into())
    })
    .await
}

#[tokio::test]
async fn openid_a_window_that_was_closed_is_opened_again_and_signs_the_page_in() -> Result {
    scenario("openid-window", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::start(page, json!({})).await?;
        site.page.open("/").await?;
        site.page.shows("signed out").await?;
        let main = site.page.tab().await?;
        let open = async |button| -> Result<_> {
            let before = site.page.driver().windows().await?;
            site.page.press(button).await?;
            until("the window", async || Ok(site.page.driver().windows().await?.into_iter().find(|tab| !before.contains(tab)))).await
        };
        let window = open("Sign in with a window").await?;
        site.page.go_to(&window).await?;
        site.page.close_tab().await?;
        site.page.go_to(&main).await?;
        site.page.shows("the window was closed").await?;
        let window = open("Try again").await?;
        site.page.go_to(&window).await?;
        site.log_in().await?;
        site.consent().await?;
        site.page.go_to(&main).await?;
        site.page.shows("signed in as ada").await?;
        until("the window to close", async || Ok((site.page.driver().windows().await?.len() == 1).then_some(()))).await?;
        assert_eq!(site.provider.grants().await?, grants(1, 0));
        Ok(())
    })
    .await
}

/// The access, refresh and ID token in a copy of localStorage.
async fn stolen(page: &Page) -> Result<[String; 3]> {
    let stored = stored(page).await?;
    let script = "return Object.entries(localStorage).filter(([key]) => key.endsWith('.id_token')).map(([, text]) => JSON.parse(text))[0]";
    let id_token = page.script(script).await?;
    let text = |object: &Value, name: &str| object[name].as_str().unwrap_or_default().to_owned();
    Ok([text(&stored, "access_token"), text(&stored, "refresh_token"), text(&id_token, "id_token")])
}

/// What an attacker gets with a copy of localStorage: the statuses of user information by Bearer, by DPoP without a proof and with one of another
/// key, and of a refresh without a proof and with one.
async fn attack(site: &Site, [access, refresh, _]: &[String; 3]) -> Result<[u16; 5]> {
    let client = reqwest::Client::new();
    let me = format!("{}/me", site.provider.issuer());
    let proof = site.page.foreign_proof("GET", &me, Some(access)).await?;
    let mut statuses = [0; 5];
    for (status, (scheme, proof)) in statuses.iter_mut().zip([("Bearer", None), ("DPoP", None), ("DPoP", Some(proof))]) {
        let request = client.get(&me).header("authorization", format!("{scheme} {access}"));
        let request = proof.into_iter().fold(request, |request, proof| request.header("dpop", proof));
        *status = request.send().await?.status().as_u16();
    }
    let form = format!("grant_type=refresh_token&client_id=wugan-example&refresh_token={refresh}");
    for (status, has_proof) in statuses[3..].iter_mut().zip([false, true]) {
        *status = post(site, "token", &form, has_proof).await?;
    }
    Ok(statuses)
}

/// The status of a form that is posted to the provider, with a proof of another key or without one.
async fn post(site: &Site, path: &str, form: &str, has_proof: bool) -> Result<u16> {
    let url = format!("{}/{path}", site.provider.issuer());
    let mut request = reqwest::Client::new().post(&url).header("content-type", "application/x-www-form-urlencoded");
    if has_proof {
        request = request.header("dpop", site.page.foreign_proof("POST", &url, None).await?);
    }
    Ok(request.body(form.to_owned()).send().await?.status().as_u16())
}

/// The statuses of the provider's sign-out page with the stolen ID token, and of a revocation of the stolen refresh token.
async fn attack_sign_out(site: &Site, [_, refresh, id_token]: &[String; 3]) -> Result<[u16; 2]> {
    let end = format!("{}/session/end?client_id=wugan-example&id_token_hint={id_token}", site.provider.issuer());
    let end = reqwest::get(end).await?.status().as_u16();
    site.page.reload().await?;
    site.page.shows("The account of ada").await?;
    site.send().await?;
    let revocation = format!("client_id=wugan-example&token_type_hint=refresh_token&token={refresh}");
    Ok([end, post(site, "token/revocation", &revocation, false).await?])
}

async fn dpop_a_copy_of_the_tokens_is_worthless_and_the_owner_goes_on(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-stolen", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true })).await?;
        site.send().await?;
        assert_eq!(attack(&site, &stolen(&site.page).await?).await?, [401, 400, 401, 400, 400]);
        site.provider.expire_access_tokens().await?;
        site.send().await?;
        assert_eq!(site.provider.grants().await?, Grants { codes: 1, refreshed: 1, refused: 2, ..Grants::default() });
        // RFC 7009 and RFC 9449 ask for no proof there. Nothing is gained by it, but the session ends.
        assert_eq!(attack_sign_out(&site, &stolen(&site.page).await?).await?, [200, 200]);
        site.provider.expire_access_tokens().await?;
        site.page.press("Send 20 requests").await?;
        site.page.shows("Authorize").await?;
        // The same copy without DPoP opens the account.
        let bearer = Site::signed_in(page, json!({})).await?;
        let copy = stolen(&bearer.page).await?;
        assert_eq!(attack(&bearer, &copy).await?, [200, 400, 400, 200, 400]);
        // The attacker has exchanged the refresh token, so the owner's exchange is taken for theft.
        bearer.provider.expire_access_tokens().await?;
        bearer.page.press("Send 20 requests").await?;
        bearer.page.shows("Authorize").await
    })
    .await
}

async fn dpop_bursts_in_four_tabs_share_the_key_and_make_one_refresh(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-tabs", &[], async |Context { page, .. }: &mut Context| {
        four_tabs(&Site::signed_in(page, json!({ "dpop": true })).await?).await
    })
    .await
}

async fn dpop_bursts_in_four_tabs_ask_for_a_nonce_in_the_first_burst_only(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-tabs-nonces", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true, "nonces": true })).await?;
        four_tabs(&site).await?;
        let nonces = site.provider.grants().await?.nonces;
        // At most six requests of a tab are in flight before one is answered with the nonce. No later one asks.
        assert!((4..=24).contains(&nonces), "{nonces}");
        Ok(())
    })
    .await
}

async fn dpop_a_nonce_is_asked_for_once(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-nonce", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true, "nonces": true })).await?;
        assert_eq!(site.provider.grants().await?, Grants { codes: 1, nonces: 1, ..Grants::default() });
        for round in 1..=3 {
            site.provider.expire_access_tokens().await?;
            site.send().await?;
            assert_eq!(site.provider.grants().await?, Grants { codes: 1, refreshed: round, nonces: 1, ..Grants::default() });
        }
        Ok(())
    })
    .await
}

async fn dpop_a_lost_key_ends_the_session_with_its_reason(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-lost", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true })).await?;
        let key = site.page.script("return indexedDB.databases().then(all => all.map(one => one.name).join())").await?;
        assert_eq!(key, "wugan");
        let remove = "return new Promise((resolve, reject) => { const request = indexedDB.deleteDatabase('wugan'); \
            request.onsuccess = () => resolve('removed'); request.onblocked = request.onerror = reject; })";
        assert_eq!(site.page.script(remove).await?, "removed");
        site.page.open("/").await?;
        site.page.shows("signed out").await?;
        assert_eq!(site.ended().await?, "KeyLost");
        site.page.follow("Account").await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        site.send().await
    })
    .await
}

/// As a browser's "clear site data" does: no record says that there was a session, so the next page takes the visitor for a new one.
async fn dpop_with_cleared_site_data_the_next_page_is_signed_out_and_signs_in_again(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "dpop-cleared", &[], async |Context { page, .. }: &mut Context| {
        let site = Site::signed_in(page, json!({ "dpop": true })).await?;
        let clear = "localStorage.clear(); return new Promise((resolve, reject) => { const request = indexedDB.deleteDatabase('wugan'); \
            request.onsuccess = () => resolve('removed'); request.onblocked = request.onerror = reject; })";
        assert_eq!(site.page.script(clear).await?, "removed");
        site.page.open("/").await?;
        site.page.shows("signed out").await?;
        assert_eq!(stored(&site.page).await?, Value::Null);
        site.page.follow("Account").await?;
        site.consent().await?;
        site.page.shows("The account of ada").await?;
        site.send().await?;
        assert_eq!(site.provider.grants().await?, grants(2, 0));
        Ok(())
    })
    .await
}
