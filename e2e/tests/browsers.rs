//! The session in Chromium, Firefox and WebKit, against a strict server: a refresh token works once, and its reuse ends the session.
//!
//! What needs Chromium's DevTools protocol (frozen tabs, a network that is cut) is in `session_engine`.

use wugan_e2e::{BrowserEngine, Context, Page, Refreshes, Result, in_browsers, scenario_in_browser, until};

const STRICT: [&str; 2] = ["--reuse-leeway", "0s"];
const STRICT_AND_SHORT: [&str; 4] = ["--reuse-leeway", "0s", "--access-ttl", "4s"];

const GUARDED: &str = "/bbb";

/// Makes a message on a channel press "Send" in this tab.
const SEND_ON_MESSAGE: &str = "new BroadcastChannel('e2e').onmessage = () => \
    [...document.querySelectorAll('button')].find(button => button.textContent.trim() === 'Send').click()";
const MESSAGE: &str = "new BroadcastChannel('e2e').postMessage('send')";

in_browsers! { [Chromium Firefox WebKit] [
    case_01_a_burst_with_a_corrupted_access_token_makes_one_refresh,
    case_02_a_burst_whose_token_expires_on_the_way_is_answered,
    case_10_two_tabs_share_one_refresh,
    case_17_a_sign_out_reaches_all_tabs,
] }

async fn case_01_a_burst_with_a_corrupted_access_token_makes_one_refresh(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "corrupted-token", &STRICT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.field("Requests").await?;
        page.store_record(&page.record().await?.with_corrupt_access_token()?).await?;
        let before = server.answered(GUARDED, 200).await?;
        let summary = page.burst(50).await?;
        assert_eq!((summary.answered, summary.failed, summary.refreshes), (50, 0, 1));
        assert_eq!(server.refreshes().await?, rotated(1));
        assert_eq!(server.answered(GUARDED, 200).await? - before, 50, "each request is answered once");
        page.wait_until_signed_in("ada").await
    })
    .await
}

async fn case_02_a_burst_whose_token_expires_on_the_way_is_answered(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "expiry", &STRICT_AND_SHORT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.fill("Requests", "50").await?;
        // The requests leave with a valid token, and the server reads them when it has expired.
        server.suspend()?;
        page.press("Send").await?;
        page.wait_for_token_expiry().await?;
        server.resume()?;
        let summary = page.summary(50).await?;
        assert_eq!((summary.answered, summary.failed), (50, 0));
        assert!(server.answered(GUARDED, 401).await? > 0, "no token expired on the way");

        // The next one expires before anything is sent with it.
        page.wait_for_token_expiry().await?;
        let summary = page.burst(50).await?;
        assert_eq!((summary.answered, summary.failed), (50, 0));
        let refreshes = server.refreshes().await?;
        assert_eq!(refreshes, rotated(refreshes.rotated));
        assert!(refreshes.rotated >= 2, "two tokens have expired: {refreshes:?}");
        page.wait_until_signed_in("ada").await
    })
    .await
}

async fn case_10_two_tabs_share_one_refresh(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "two-tabs", &STRICT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        let first = page.tab().await?;
        let second = page.open_tab("/inspector?session=own").await?;
        // The third tab sends nothing of its own.
        let third = page.open_tab("/healthz").await?;
        for round in 1..=5 {
            page.store_record(&page.record().await?.with_corrupt_access_token()?).await?;
            for tab in [&first, &second] {
                page.go_to(tab).await?;
                page.reload().await?;
                page.fill("Requests", "10").await?;
                page.script(SEND_ON_MESSAGE).await?;
            }
            page.go_to(&third).await?;
            page.script(MESSAGE).await?;
            for tab in [&first, &second] {
                page.go_to(tab).await?;
                let summary = page.summary(10).await?;
                assert_eq!((summary.answered, summary.failed), (10, 0), "round {round}");
            }
            assert_eq!(server.refreshes().await?, rotated(round));
            page.go_to(&third).await?;
        }
        for tab in [&first, &second] {
            page.go_to(tab).await?;
            page.wait_until_signed_in("ada").await?;
        }
        Ok(())
    })
    .await
}

async fn case_17_a_sign_out_reaches_all_tabs(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "sign-out", &STRICT, async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        let mut others = vec![page.tab().await?];
        for path in ["/inspector?session=own", "/account"] {
            others.push(page.open_tab(path).await?);
            page.wait_until_signed_in("ada").await?;
        }
        page.open_tab("/").await?;
        page.wait_until_signed_in("ada").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        until("the tokens to be gone from the store", async || Ok((!page.record().await?.has_tokens()).then_some(()))).await?;
        for tab in &others {
            page.go_to(tab).await?;
            wait_until_signed_out(page).await?;
        }
        Ok(())
    })
    .await
}

async fn wait_until_signed_out(page: &Page) -> Result {
    page.hides("Sign out").await?;
    page.shows("in another tab").await
}

/// This number of rotations; no token was repeated, refused or reused.
fn rotated(rotated: u64) -> Refreshes {
    Refreshes { rotated, repeated: 0, refused: 0, revoked: 0 }
}
