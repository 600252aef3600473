//! Network faults: lost responses, a page that is reloaded, an offline browser, refused connections, and redirects to another origin.

use super::{ALL_ANSWERED, GUARDED, REFRESH, STRICT, one_rotation, send_with_a_corrupt_token, until_answered};
use wugan_e2e::{Context, Fault, ForeignSite, Proxy, Refreshes, Result, scenario};

#[tokio::test]
async fn case_26_a_lost_answer_is_repeated_without_another_rotation() -> Result {
    scenario("lost-answer", &STRICT, async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        proxy.set_fault(REFRESH, Fault::DropResponses);
        send_with_a_corrupt_token(&page).await?;
        let lost = page.summary(4).await?;
        assert_eq!((lost.answered, lost.failed), (0, 4), "the requests fail while the refresh has no response");
        page.wait_until_signed_in("ada").await?;

        proxy.clear_fault(REFRESH);
        until_answered(&page).await?;
        let refreshes = server.refreshes().await?;
        assert_eq!(refreshes, one_rotation(refreshes.repeated), "the answer was repeated, without another rotation or a refusal");
        assert!(refreshes.repeated >= 1);
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_26_a_page_reloaded_during_a_refresh_gets_the_answer_again() -> Result {
    scenario("reloaded", &STRICT, async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        proxy.set_fault(REFRESH, Fault::HoldResponses);
        send_with_a_corrupt_token(&page).await?;
        proxy.server_answered(REFRESH, 1).await?;
        page.reload().await?;
        proxy.clear_fault(REFRESH);
        assert_eq!(page.burst(4).await?, ALL_ANSWERED);
        assert_eq!(server.refreshes().await?, one_rotation(1));
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_18_the_session_continues_after_an_offline_time() -> Result {
    // Access tokens live long enough that no refresh is in flight when the page goes offline.
    scenario("offline", &["--reuse-leeway", "0s", "--access-ttl", "8s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.field("Requests").await?;
        page.set_offline(true).await?;
        page.wait_for_token_expiry().await?;
        let before = server.refreshes().await?;
        let away = page.burst(4).await?;
        assert_eq!((away.answered, away.failed), (0, 4));
        page.wait_until_signed_in("ada").await?;
        assert_eq!(server.refreshes().await?, before, "nothing reached the server");

        page.set_offline(false).await?;
        until_answered(page).await?;
        let after = server.refreshes().await?;
        assert!(after.rotated > before.rotated);
        assert_eq!((after.refused, after.revoked), (0, 0));
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_17_a_sign_out_offline_takes_effect() -> Result {
    scenario("sign-out-offline", &STRICT, async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.set_offline(true).await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        assert!(!page.record().await?.has_tokens(), "no token is left behind");
        page.set_offline(false).await?;
        page.open("/inspector?session=own").await?;
        page.arrives_at("/sign-in").await?;
        assert_eq!(server.refreshes().await?, Refreshes { rotated: 0, repeated: 0, refused: 0, revoked: 0 });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn case_18_refused_connections_are_no_rejection() -> Result {
    scenario("refused-connections", &STRICT, async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        proxy.set_fault(REFRESH, Fault::Refuse);
        send_with_a_corrupt_token(&page).await?;
        let refused = page.summary(4).await?;
        assert_eq!((refused.answered, refused.failed), (0, 4));
        page.wait_until_signed_in("ada").await?;

        proxy.clear_fault(REFRESH);
        until_answered(&page).await?;
        assert_eq!(server.refreshes().await?, one_rotation(0));
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_28_a_redirect_to_another_origin_carries_no_token() -> Result {
    scenario("redirect", &STRICT, async |Context { server, page }: &mut Context| {
        let (proxy, foreign_site) = (Proxy::start(&server.url()).await?, ForeignSite::start().await?);
        let page = page.at(&proxy.url());
        page.bypass_csp().await?;
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        for status in [302, 307] {
            proxy.set_fault(GUARDED, Fault::Redirect(status, format!("{}/{status}", foreign_site.url())));
            let summary = page.burst(2).await?;
            assert_eq!((summary.answered + summary.failed, summary.refreshes), (2, 0), "a 401 of another origin starts no refresh");
        }
        let requests = foreign_site.requests();
        for status in [302, 307] {
            let arrived = requests.iter().filter(|head| head.starts_with(&format!("get /{status} "))).count();
            assert_eq!(arrived, 2, "the redirect by {status} was followed: {requests:?}");
        }
        assert!(!requests.iter().any(|head| head.contains("\nauthorization:") || head.contains("bearer")), "a token was redirected");

        proxy.clear_fault(GUARDED);
        assert_eq!(page.burst(2).await?.answered, 2);
        assert_eq!(server.refreshes().await?.rotated, 0);
        page.wait_until_signed_in("ada").await
    })
    .await
}
