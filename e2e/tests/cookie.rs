//! Case 54: the refresh token is in an HttpOnly cookie, on the page's own origin or on that of an API at another port. Rotation is strict.

use wugan_e2e::{Context, CookieBackend, Page, Refreshes, Result, scenario, until};

/// Makes a message on a channel press "Send 20 requests" in this tab.
const SEND_ON_MESSAGE: &str = "new BroadcastChannel('e2e').onmessage = () => document.getElementById('send').click()";
const MESSAGE: &str = "new BroadcastChannel('e2e').postMessage('send')";

const ALL_ANSWERED: &str = "/notes: 20 answered, 0 failed";

/// The backend, and the page of `examples/cookie` with no user signed in.
struct Site {
    backend: CookieBackend,
    page: Page,
    path: String,
    // Serves the page where that is of another origin than the backend.
    _pages: Option<CookieBackend>,
}

impl Site {
    async fn same_origin(page: &Page) -> Result<Self> {
        let backend = CookieBackend::start(None).await?;
        let page = page.at(&backend.url());
        Self { backend, page, path: "/".to_owned(), _pages: None }.opened().await
    }

    async fn cross_origin(page: &Page) -> Result<Self> {
        let pages = CookieBackend::start(None).await?;
        let backend = CookieBackend::start(Some(&pages.url())).await?;
        let path = format!("/?{}", backend.url());
        let page = page.at(&pages.url());
        Self { backend, page, path, _pages: Some(pages) }.opened().await
    }

    async fn opened(self) -> Result<Self> {
        self.page.open(&self.path).await?;
        self.page.shows("signed out").await?;
        Ok(self)
    }

    async fn sign_in(&self) -> Result {
        self.page.press("Sign in").await?;
        self.page.shows("signed in").await
    }

    async fn burst(&self) -> Result {
        self.page.press("Send 20 requests").await?;
        self.page.shows(ALL_ANSWERED).await
    }
}

#[tokio::test]
async fn case_54_a_burst_makes_one_refresh_on_the_same_origin() -> Result {
    scenario("cookie-burst", &[], async |Context { page, .. }: &mut Context| bursts(&Site::same_origin(page).await?).await).await
}

#[tokio::test]
async fn case_54_a_burst_makes_one_refresh_on_another_origin() -> Result {
    scenario("cookie-burst-cors", &[], async |Context { page, .. }: &mut Context| bursts(&Site::cross_origin(page).await?).await).await
}

async fn bursts(site: &Site) -> Result {
    site.sign_in().await?;
    site.burst().await?;
    assert_eq!(site.backend.refreshes(), rotated(0));
    let cookies = site.page.script("return document.cookie").await?;
    assert_eq!(cookies, "", "no script can read the refresh token");
    let stored = site.page.script("return JSON.stringify({ ...localStorage })").await?.to_string();
    assert!(stored.contains("access-1") && !stored.contains("refresh-1"), "only the access token is stored: {stored}");
    for round in 1..=3 {
        site.backend.expire_access_token();
        site.burst().await?;
        assert_eq!(site.backend.refreshes(), rotated(round));
    }
    // The session outlives the page.
    site.backend.expire_access_token();
    site.page.reload().await?;
    site.page.shows("signed in").await?;
    site.burst().await?;
    assert_eq!(site.backend.refreshes(), rotated(4));
    Ok(())
}

#[tokio::test]
async fn case_54_a_late_401_makes_no_second_refresh_on_the_same_origin() -> Result {
    scenario("cookie-late", &[], async |Context { page, .. }: &mut Context| late(&Site::same_origin(page).await?).await).await
}

#[tokio::test]
async fn case_54_a_late_401_makes_no_second_refresh_on_another_origin() -> Result {
    scenario("cookie-late-cors", &[], async |Context { page, .. }: &mut Context| late(&Site::cross_origin(page).await?).await).await
}

async fn late(site: &Site) -> Result {
    site.sign_in().await?;
    site.backend.expire_access_token();
    site.backend.hold(true);
    site.page.press("Send a slow request").await?;
    until("the slow request to arrive", async || Ok((site.backend.slow_requests() == 1).then_some(()))).await?;
    site.burst().await?;
    assert_eq!(site.backend.refreshes(), rotated(1));
    site.backend.hold(false);
    site.page.shows("/notes/slow: 1 answered, 0 failed").await?;
    assert_eq!(site.backend.slow_requests(), 2, "it was replayed once");
    assert_eq!(site.backend.refreshes(), rotated(1), "its 401 was for the token before");
    Ok(())
}

#[tokio::test]
async fn case_54_two_tabs_share_one_refresh_and_one_sign_out_on_the_same_origin() -> Result {
    scenario("cookie-tabs", &[], async |Context { page, .. }: &mut Context| two_tabs(&Site::same_origin(page).await?).await).await
}

#[tokio::test]
async fn case_54_two_tabs_share_one_refresh_and_one_sign_out_on_another_origin() -> Result {
    scenario("cookie-tabs-cors", &[], async |Context { page, .. }: &mut Context| two_tabs(&Site::cross_origin(page).await?).await).await
}

async fn two_tabs(Site { backend, page, path, .. }: &Site) -> Result {
    page.press("Sign in").await?;
    page.shows("signed in").await?;
    let tabs = [page.tab().await?, page.open_tab(path).await?];
    for tab in &tabs {
        page.go_to(tab).await?;
        page.shows("signed in").await?;
        page.script(SEND_ON_MESSAGE).await?;
    }
    let third = page.open_tab("/index.html").await?;
    for round in 1..=5 {
        page.go_to(&third).await?;
        backend.expire_access_token();
        page.script(MESSAGE).await?;
        for tab in &tabs {
            page.go_to(tab).await?;
            page.shows(ALL_ANSWERED).await?;
            page.script("document.getElementById('answers').textContent = ''").await?;
        }
        assert_eq!(backend.refreshes(), rotated(round));
    }
    page.press("Sign out").await?;
    for tab in &tabs {
        page.go_to(tab).await?;
        page.shows("signed out").await?;
    }
    until("the session to be ended", async || Ok((!backend.has_session()).then_some(()))).await?;
    assert_eq!(backend.refreshes(), rotated(5));
    // Without a session, nothing is renewed.
    page.press("Send 20 requests").await?;
    page.shows("/notes: 0 answered, 20 failed").await?;
    assert_eq!(backend.refreshes(), rotated(5));
    Ok(())
}

/// This number of rotations; no refresh token was repeated, refused or reused.
fn rotated(rotated: u64) -> Refreshes {
    Refreshes { rotated, ..Refreshes::default() }
}
