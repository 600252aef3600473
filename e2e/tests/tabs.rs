//! Several tabs are one session, also against a server that takes each refresh token exactly once.

use std::time::{Duration, Instant};

use wugan_e2e::{Context, Page, Refreshes, Result, scenario, until};

#[tokio::test]
async fn case_16_nothing_of_one_user_is_shown_to_the_next() -> Result {
    scenario("other-user", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        let adas = page.record().await?;
        // Ada's session is removed from the storage without a sign-out, so that it can be restored below.
        page.open("/healthz").await?;
        page.script("localStorage.removeItem(`wugan:${location.origin}/user/refresh`)").await?;
        page.sign_up("bob").await?;
        let bobs = page.record().await?;
        page.open("/healthz").await?;
        page.store_record(&adas).await?;

        page.open("/account").await?;
        until("Ada's details", async || Ok(page.text_of("me").await?.contains("ada").then_some(()))).await?;
        page.fill("New password", "a password of Ada").await?;
        let adas_tab = page.tab().await?;
        // As in a tab that was suspended while Ada signed out and Bob signed in.
        page.open_tab("/healthz").await?;
        page.store_record(&bobs).await?;
        page.go_to(&adas_tab).await?;
        page.wait_until_signed_in("bob").await?;
        until("Bob's details", async || Ok(page.text_of("me").await?.contains("bob").then_some(()))).await?;
        page.hides("ada").await?;
        assert_eq!(page.field_value("New password").await?, "", "the input of another user is gone");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_tabs_outlive_many_tokens_with_one_refresh_each() -> Result {
    scenario("two-tabs-expiries", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Context { server, page }: &mut Context| {
        let began = Instant::now();
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        let first = page.tab().await?;
        let second = page.open_tab("/inspector?session=own").await?;
        for _ in 0..5 {
            page.wait_for_token_expiry().await?;
            for tab in [&first, &second] {
                page.go_to(tab).await?;
                let summary = page.burst(4).await?;
                assert_eq!((summary.answered, summary.failed), (4, 0));
            }
        }
        let refreshes = server.refreshes().await?;
        assert_eq!(refreshes, Refreshes { rotated: refreshes.rotated, repeated: 0, refused: 0, revoked: 0 });
        assert!(refreshes.rotated >= 5, "five tokens have expired: {refreshes:?}");
        // A token lives for 2 s and is renewed at most 0.2 s early. More refreshes than this would mean two for one token.
        let most = began.elapsed().as_millis() / Duration::from_millis(1_700).as_millis() + 1;
        assert!(u128::from(refreshes.rotated) <= most, "{refreshes:?}, and at most {most} tokens can have expired");
        wait_until_both_are_signed_in(page, &first, &second).await
    })
    .await
}

async fn wait_until_both_are_signed_in(page: &Page, first: &wugan_e2e::Tab, second: &wugan_e2e::Tab) -> Result {
    for tab in [first, second] {
        page.go_to(tab).await?;
        page.wait_until_signed_in("ada").await?;
    }
    Ok(())
}
