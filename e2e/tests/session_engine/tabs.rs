//! Several tabs share one session, also if one of them is closed, frozen, or restored from the back/forward cache.

use super::{ALL_ANSWERED, GUARDED, REFRESH, STRICT, one_rotation, send_with_a_corrupt_token};
use wugan_e2e::{Context, Fault, Page, Proxy, Refreshes, Result, Tab, TabGroup, scenario, until};

#[tokio::test]
async fn case_10_four_tabs_twenty_expiries_bursts_of_fifty_one_rotation_each() -> Result {
    scenario("four-tabs", &STRICT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        // The current tab shows no page of the app, which would send requests of its own.
        page.open("/healthz").await?;
        let mut group = TabGroup::open(page, 4, 50).await?;
        let others = server.answered(GUARDED, 200).await?;
        for expiry in 1..=20 {
            let before = group.send_with_corrupt_token().await?;
            assert!(expiry == 1 || before == [(50, 0); 4], "expiry {}: of each tab, answered and failed: {before:?}", expiry - 1);
            let answered = async || Ok((server.answered(GUARDED, 200).await? >= others + expiry * 200).then_some(()));
            until("200 requests to be answered", answered).await?;
            assert_eq!(server.refreshes().await?, Refreshes { rotated: expiry, repeated: 0, refused: 0, revoked: 0 });
        }
        assert_eq!(group.outcomes().await?, [(50, 0); 4]);
        wait_until_all_are_signed_in(page, &group).await
    })
    .await
}

#[tokio::test]
async fn case_10_four_tabs_twenty_tokens_expire_under_bursts_of_fifty_one_rotation_each() -> Result {
    // In a hidden tab, timers fire once a second. A replay may be that late, and its token must still be valid.
    scenario("four-tabs-expiries", &["--reuse-leeway", "0s", "--access-ttl", "4s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/healthz").await?;
        // The visible tab has no session, and hidden tabs do not refresh in the background: each token is used until it expires.
        let mut group = TabGroup::open(page, 4, 50).await?;
        let others = server.answered(GUARDED, 200).await?;
        let (mut bursts, mut expiries, mut answered) = (0, 0, 0);
        while expiries < 20 {
            bursts += 1;
            assert!(bursts <= 60, "this machine is too slow: only {expiries} bursts ended before their token expired");
            let before = server.refreshes().await?;
            if expiries % 2 == 0 {
                // The token has expired before anything is sent.
                page.wait_for_token_expiry().await?;
                assert_eq!(server.refreshes().await?, before, "no tab refreshed ahead of the expiry");
                group.send().await?;
            } else {
                // The token is valid when the requests are sent, and has expired when the server reads them.
                server.suspend()?;
                group.send().await?;
                page.wait_for_token_expiry().await?;
                server.resume()?;
            }
            let outcomes = group.outcomes().await?;
            // If the renewed token expired too, a refresh may still be in flight.
            let refreshes = until("each rotation's token to be stored", async || {
                let (tokens, refreshes) = (group.tokens().await?, server.refreshes().await?);
                Ok((refreshes.rotated + 1 == tokens).then_some(refreshes))
            })
            .await?;
            let rotated = refreshes.rotated;
            assert_eq!(refreshes, Refreshes { rotated, repeated: 0, refused: 0, revoked: 0 }, "burst {bursts}");
            answered += outcomes.iter().map(|(answered, _)| answered).sum::<u64>();
            // If the renewed token expired during the burst too, the machine was slow and some requests got a second 401: not counted.
            if rotated == before.rotated + 1 && !page.token_has_expired().await? {
                expiries += 1;
                assert_eq!(outcomes, [(50, 0); 4], "burst {bursts}: of each tab, answered and failed");
            }
        }
        assert_eq!(server.answered(GUARDED, 200).await? - others, answered);
        assert!(server.answered(GUARDED, 401).await? > 0, "some tokens expired on their way to the server");
        wait_until_all_are_signed_in(page, &group).await
    })
    .await
}

async fn wait_until_all_are_signed_in(page: &Page, group: &TabGroup) -> Result {
    for tab in group.tabs() {
        page.go_to(tab).await?;
        page.wait_until_signed_in("ada").await?;
    }
    Ok(())
}

/// Opens two tabs with the inspector behind a proxy. The server has answered the first tab's refresh, and the proxy holds the response.
async fn first_of_two_is_refreshing(page: &Page, proxy: &Proxy) -> Result<(Tab, Tab)> {
    page.sign_up("ada").await?;
    page.open("/inspector?session=own").await?;
    let first = page.tab().await?;
    let second = page.open_tab("/inspector?session=own").await?;
    page.field("Requests").await?;
    page.go_to(&first).await?;
    proxy.set_fault(REFRESH, Fault::HoldResponses);
    send_with_a_corrupt_token(page).await?;
    proxy.server_answered(REFRESH, 1).await?;
    Ok((first, second))
}

#[tokio::test]
async fn case_26_after_a_tab_is_closed_during_a_refresh_the_next_gets_the_answer() -> Result {
    scenario("closed-tab", &STRICT, async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        let (_, second) = first_of_two_is_refreshing(&page, &proxy).await?;
        page.close_tab().await?;
        proxy.clear_fault(REFRESH);
        page.go_to(&second).await?;
        assert_eq!(page.burst(4).await?, ALL_ANSWERED);
        assert_eq!(server.refreshes().await?, one_rotation(1), "the server repeated the lost answer");
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_12_tabs_that_wait_for_a_frozen_tab_go_on_without_another_rotation() -> Result {
    scenario("frozen-tab", &STRICT, async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        let (first, second) = first_of_two_is_refreshing(&page, &proxy).await?;
        page.freeze().await?;
        proxy.clear_fault(REFRESH);
        let third = page.open_tab("/inspector?session=own").await?;
        page.field("Requests").await?;
        for waiting in [&second, &third] {
            page.go_to(waiting).await?;
            page.press("Send").await?;
        }
        for waiting in [&second, &third] {
            page.go_to(waiting).await?;
            all_four_are_answered(&page).await?;
        }
        assert_eq!(server.refreshes().await?, one_rotation(1), "one of the two tabs got the lock, and the server repeated the answer");

        page.go_to(&first).await?;
        page.thaw().await?;
        all_four_are_answered(&page).await?;
        page.wait_until_signed_in("ada").await?;
        assert_eq!(page.burst(4).await?.answered, 4);
        assert_eq!(server.refreshes().await?, one_rotation(1), "the tab that was frozen adopts the tokens of the other tab");
        Ok(())
    })
    .await
}

async fn all_four_are_answered(page: &Page) -> Result {
    let summary = page.summary(4).await?;
    assert_eq!((summary.answered, summary.failed), (4, 0));
    Ok(())
}

#[tokio::test]
async fn case_13_a_tab_that_was_frozen_beyond_its_tokens_expiry_renews_it_first() -> Result {
    // Token times are whole seconds: of a lifetime of 2 s, half may have passed when the token arrives, so this test uses 8 s.
    scenario("overslept-tab", &["--reuse-leeway", "0s", "--access-ttl", "8s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.field("Requests").await?;
        let asleep = page.tab().await?;
        page.freeze().await?;
        page.open_tab("/healthz").await?;
        page.wait_for_token_expiry().await?;
        page.go_to(&asleep).await?;
        page.thaw().await?;

        let summary = page.burst(4).await?;
        assert_eq!((summary.answered, summary.failed), (4, 0));
        assert_eq!(server.answered(GUARDED, 401).await?, 0, "case 24: the token that expired while the tab was frozen is not sent");
        let refreshes = server.refreshes().await?;
        assert_eq!(refreshes, Refreshes { rotated: refreshes.rotated, repeated: 0, refused: 0, revoked: 0 });
        assert!(refreshes.rotated >= 1);
        page.wait_until_signed_in("ada").await
    })
    .await
}

/// Run in the next page, which has no client: refreshes with `fetch` and stores the new pair while the first page is in the back/forward cache.
const REFRESH_BY_HAND: &str = r"
    const record = JSON.parse(localStorage.getItem(`wugan:${location.origin}/user/refresh`));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch('/user/refresh', { method: 'POST', headers, body: JSON.stringify({ refresh_token: record.refresh_token }) });
    const { access_token, refresh_token } = await answer.json();
    localStorage.setItem(`wugan:${location.origin}/user/refresh`, JSON.stringify({ ...record, access_token, refresh_token, attempt: crypto.randomUUID() }));
    // The new access token is used, so the server takes a second exchange of the old refresh token for theft.
    return (await fetch('/bbb', { headers: { authorization: `Bearer ${access_token}` } })).status;
";

#[tokio::test]
async fn case_33_a_page_from_the_back_forward_cache_reads_the_store_again() -> Result {
    scenario("bfcache", &STRICT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.field("Requests").await?;
        page.script("addEventListener('pageshow', event => window.wasKept = event.persisted)").await?;
        page.bypass_csp().await?;
        page.open("/healthz").await?;
        assert_eq!(page.script(&format!("return (async () => {{ {REFRESH_BY_HAND} }})()")).await?, 200);
        page.driver().back().await?;
        page.arrives_at("/inspector").await?;
        until("the page to be shown again", async || Ok(page.script("return window.wasKept ?? null").await?.as_bool())).await?;
        assert_eq!(page.script("return window.wasKept").await?, true, "the page was restored from the back/forward cache");

        let summary = page.burst(4).await?;
        assert_eq!((summary.answered, summary.failed, summary.refreshes), (4, 0, 0));
        assert_eq!(server.answered(GUARDED, 401).await?, 0, "the old token was not sent");
        assert_eq!(server.refreshes().await?, one_rotation(0));
        Ok(())
    })
    .await
}
