//! Backends of other projects, as the guide's pages describe them, in Chromium: NestJS as in the tutorial, Express, Django SimpleJWT.
//! Access tokens live for 2 s.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use wugan_e2e::{Context, Foreign, ForeignBackend, Page, Result, scenario, until};

/// Longer than an access token lives.
const EXPIRY: Duration = Duration::from_millis(2_500);
const ALL_ANSWERED: &str = "20 answered";

/// Makes a message on a channel press "Send 20 requests" in this tab.
const SEND_ON_MESSAGE: &str = "new BroadcastChannel('e2e').onmessage = () => document.getElementById('send').click()";
const MESSAGE: &str = "new BroadcastChannel('e2e').postMessage('send')";

async fn opened(page: &Page, backend: &ForeignBackend) -> Result<Page> {
    let page = page.at(&backend.url());
    page.open(backend.path()).await?;
    page.shows("signed out").await?;
    Ok(page)
}

async fn sign_in(page: &Page, backend: &ForeignBackend) -> Result {
    page.fill("Password", backend.password()).await?;
    page.press("Sign in").await?;
    page.shows("signed in").await
}

async fn burst(page: &Page) -> Result {
    page.press("Send 20 requests").await?;
    page.shows(ALL_ANSWERED).await
}

/// A token lives for 2 s and is renewed at most 0.2 s early. More refreshes since then than this would mean two for one token.
fn assert_one_refresh_each(backend: &ForeignBackend, began: Instant) {
    let most = began.elapsed().as_millis() / 1_700 + 1;
    assert!(backend.refreshes() as u128 <= most, "{} refreshes, and at most {most} tokens can have expired", backend.refreshes());
}

/// A wrong password is refused; a burst after expiry makes one refresh; two tabs share one; a sign-out reaches both tabs and the backend.
async fn one_session(page: &Page, kind: Foreign) -> Result {
    let backend = ForeignBackend::start(kind).await?;
    let page = opened(page, &backend).await?;
    page.fill("Password", "wrong").await?;
    page.press("Sign in").await?;
    page.shows("refused with 401").await?;
    page.shows("signed out").await?;
    sign_in(&page, &backend).await?;
    burst(&page).await?;
    let began = Instant::now();
    for round in 1..=2 {
        sleep(EXPIRY).await;
        burst(&page).await?;
        assert!(backend.refreshes() >= round);
    }
    assert_one_refresh_each(&backend, began);
    sleep(EXPIRY).await;
    page.reload().await?;
    page.shows("signed in").await?;
    burst(&page).await?;

    let tabs = [page.tab().await?, page.open_tab(backend.path()).await?];
    for tab in &tabs {
        page.go_to(tab).await?;
        page.script(SEND_ON_MESSAGE).await?;
    }
    // It opens no page of the client, so it renews nothing.
    page.open_tab("/wugan-e2e-foreign-page.js").await?;
    for _ in 0..3 {
        sleep(EXPIRY).await;
        page.script(MESSAGE).await?;
        let sender = page.tab().await?;
        for tab in &tabs {
            page.go_to(tab).await?;
            page.shows(ALL_ANSWERED).await?;
            page.script("document.getElementById('result').textContent = ''").await?;
        }
        page.go_to(&sender).await?;
    }
    assert_one_refresh_each(&backend, began);
    // A strict backend ends the session at the second use of a refresh token.
    assert_eq!(backend.answered(backend.refresh_route(), 401), 0);

    page.go_to(&tabs[0]).await?;
    page.press("Sign out").await?;
    page.shows("signed out: Some(ByUser)").await?;
    page.go_to(&tabs[1]).await?;
    page.shows("signed out: Some(OtherTab)").await?;
    if let Some(route) = backend.revocation_route() {
        // A refresh may be on its way at the sign-out: then the backend no longer knows the revoked token.
        let is_answered = || (200..500).any(|status| backend.answered(route, status) > 0);
        until("the revocation request", async || Ok(is_answered().then_some(()))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nestjs_a_session_is_renewed_shared_and_ended() -> Result {
    scenario("foreign-nest", &[], async |Context { page, .. }: &mut Context| one_session(page, Foreign::Nest).await).await
}

#[tokio::test]
async fn express_a_session_is_renewed_shared_and_ended() -> Result {
    scenario("foreign-express", &[], async |Context { page, .. }: &mut Context| one_session(page, Foreign::Express).await).await
}

#[tokio::test]
async fn django_a_session_is_renewed_shared_and_ended() -> Result {
    scenario("foreign-django", &[], async |Context { page, .. }: &mut Context| one_session(page, Foreign::Django).await).await
}

/// While the backend is down, the session is kept; it goes on when the backend is back.
async fn outage(page: &Page, kind: Foreign) -> Result {
    let mut backend = ForeignBackend::start(kind).await?;
    let page = opened(page, &backend).await?;
    sign_in(&page, &backend).await?;
    backend.stop().await?;
    sleep(EXPIRY).await;
    page.press("Send 20 requests").await?;
    page.shows("\n0 answered").await?;
    page.shows("signed in").await?;
    backend.restart().await?;
    until("the requests to be answered", async || {
        page.press("Send 20 requests").await?;
        page.hides("waiting").await?;
        Ok(page.text().await?.contains(ALL_ANSWERED).then_some(()))
    })
    .await?;
    assert!(backend.refreshes() >= 1);
    page.shows("signed in").await
}

#[tokio::test]
async fn nestjs_an_outage_does_not_end_the_session() -> Result {
    scenario("foreign-nest-outage", &[], async |Context { page, .. }: &mut Context| outage(page, Foreign::Nest).await).await
}

#[tokio::test]
async fn django_an_outage_does_not_end_the_session() -> Result {
    scenario("foreign-django-outage", &[], async |Context { page, .. }: &mut Context| outage(page, Foreign::Django).await).await
}

#[tokio::test]
async fn express_sessions_lost_by_the_backend_end_with_its_verdict() -> Result {
    scenario("foreign-express-lost", &[], async |Context { page, .. }: &mut Context| {
        let mut backend = ForeignBackend::start(Foreign::Express).await?;
        let page = opened(page, &backend).await?;
        sign_in(&page, &backend).await?;
        backend.stop().await?;
        backend.restart().await?;
        sleep(EXPIRY).await;
        page.press("Send 20 requests").await?;
        page.shows("signed out: Some(Rejected)").await?;
        assert_eq!(backend.answered(backend.refresh_route(), 401), 1);
        Ok(())
    })
    .await
}

/// The backend carries an exchange out, and its response is lost.
async fn lost_response(page: &Page, kind: Foreign, state: &str) -> Result {
    let backend = ForeignBackend::start(kind).await?;
    let page = opened(page, &backend).await?;
    sign_in(&page, &backend).await?;
    backend.lose_next_refresh();
    sleep(EXPIRY).await;
    until("a verdict after the lost response", async || {
        page.press("Send 20 requests").await?;
        page.hides("waiting").await?;
        let refused = backend.answered(backend.refresh_route(), 401);
        Ok((refused == 1 || backend.refreshes() >= 2).then_some(()))
    })
    .await?;
    page.shows(state).await
}

#[tokio::test]
async fn nestjs_a_lost_response_does_not_end_the_session() -> Result {
    let run = async |Context { page, .. }: &mut Context| lost_response(page, Foreign::Nest, "signed in").await;
    scenario("foreign-nest-lost-response", &[], run).await
}

/// It takes the repeated exchange for theft, and the guide says so.
#[tokio::test]
async fn a_lost_response_ends_the_session_of_a_strict_backend_that_compares_no_attempt_ids() -> Result {
    scenario("foreign-lost-response", &[], async |Context { page, .. }: &mut Context| {
        lost_response(page, Foreign::Express, "signed out: Some(Rejected)").await?;
        lost_response(page, Foreign::Django, "signed out: Some(Rejected)").await
    })
    .await
}
