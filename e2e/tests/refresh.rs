//! The silent refresh in the app, and the notice when it is rejected.

use wugan_e2e::{Context, PASSWORD, Refreshes, Result, Summary, scenario};

#[tokio::test]
async fn case_01_four_requests_with_a_corrupt_token_share_one_refresh() -> Result {
    scenario("tutorial", &["--reuse-leeway", "0s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.store_record(&page.record().await?.with_corrupt_access_token()?).await?;
        page.reload().await?;
        let before = (server.refreshes().await?, server.answered("/bbb", 200).await?, server.answered("/bbb", 401).await?);
        assert_eq!(before.0.rotated, 0, "the token was renewed before anything was sent with it");

        let summary = page.burst(4).await?;

        page.screenshot("inspector").await?;
        assert_eq!(summary, Summary { answered: 4, failed: 0, refreshes: 1 });
        assert_eq!(server.refreshes().await?, Refreshes { rotated: 1, repeated: 0, refused: 0, revoked: 0 });
        assert_eq!(server.answered("/bbb", 200).await? - before.1, 4, "each request is answered once");
        let refused = server.answered("/bbb", 401).await? - before.2;
        assert!((1..=4).contains(&refused), "the corrupt token was sent, and by each request at most once: {refused} refused");
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_rejected_refresh_ends_the_session_with_a_notice_and_a_sign_in_returns_to_the_page() -> Result {
    scenario("refused", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.press("Invalidate refresh token").await?;
        page.press("Invalidate access token").await?;
        page.press("Send").await?;

        page.arrives_at("/sign-in").await?;
        page.shows("Your session has ended").await?;
        page.screenshot("session-ended").await?;
        assert!(!page.record().await?.has_tokens(), "tokens of the ended session are left behind");
        assert_eq!(server.refreshes().await?, Refreshes { rotated: 0, repeated: 0, refused: 1, revoked: 0 });

        page.sign_in_here("ada", PASSWORD).await?;
        page.arrives_at("/inspector").await?;
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn expired_access_tokens_are_renewed_without_a_notice() -> Result {
    scenario("expiry", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        for _ in 0..3 {
            page.wait_for_token_expiry().await?;
            let summary = page.burst(4).await?;
            assert_eq!((summary.answered, summary.failed), (4, 0));
            page.arrives_at("/inspector").await?;
        }
        let refreshes = server.refreshes().await?;
        assert!(refreshes.rotated >= 3, "three tokens have run out: {refreshes:?}");
        assert_eq!(refreshes, Refreshes { rotated: refreshes.rotated, repeated: 0, refused: 0, revoked: 0 });
        page.wait_until_signed_in("ada").await
    })
    .await
}
