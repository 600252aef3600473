//! The server goes away and comes back: the page says so, and nobody has to sign in again.

use wugan_e2e::{Key, PASSWORD, Proxy, Result, Stage, Trouble, scenario, until};

#[tokio::test]
async fn the_page_says_so_and_is_still_signed_in_when_the_server_is_back() -> Result {
    scenario("outage", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        page.arrives_at("/").await?;
        server.stop();
        page.press("Ask again").await?;
        page.shows("The server cannot be reached").await?;
        page.is_signed_in("ada").await?;
        page.screenshot("server-away").await?;
        // Away for longer than the access token lives: coming back takes a refresh.
        page.outlive_token().await?;

        server.start_again().await?;
        page.hides("The server cannot be reached").await?;
        until("the guarded answer", async || Ok((page.text_of("/bbb").await? == "bbb").then_some(()))).await?;
        page.is_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_form_sent_into_nothing_keeps_what_was_typed_and_works_when_sent_again() -> Result {
    scenario("outage-form", &[], async |Stage { server, page }: &mut Stage| {
        page.open("/sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        server.stop();
        page.press("Create account").await?;
        page.shows("What you typed stays here").await?;
        assert_eq!(page.typed("Username").await?, "ada");
        assert_eq!(page.typed("Password").await?, PASSWORD);

        server.start_again().await?;
        page.press("Create account").await?;
        page.is_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_refresh_that_is_refused_for_now_is_no_server_that_is_away() -> Result {
    scenario("unrenewed", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Stage { server, page }: &mut Stage| {
        let proxy = Proxy::before(&server.url()).await?;
        let page = page.at(&proxy.url());
        page.sign_up("ada").await?;
        page.shows("bbb").await?;
        // Every word that the banner says from here on.
        let listen = "const banner = document.querySelector('[data-testid=connection]'); window.said = [];\
            new MutationObserver(() => window.said.push(banner.innerText)).observe(banner, { subtree: true, childList: true, characterData: true })";
        page.script(listen).await?;
        proxy.trouble("/user/refresh", Trouble::Busy);
        page.outlive_token().await?;
        page.follow("Account").await?;
        page.shows("too much to do just now. Please try again in").await?;
        // Asked again by itself, more than once.
        let asked = "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/user/refresh')).length";
        until("the third refresh", async || Ok(page.script(asked).await?.as_u64().filter(|asked| *asked >= 3))).await?;
        assert_eq!(page.script("return window.said").await?, serde_json::json!([]), "the server was there all the time");

        proxy.mend("/user/refresh");
        page.shows("Member since").await?;
        page.is_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn the_banner_is_said_without_its_button_and_gives_the_focus_back() -> Result {
    scenario("banner", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        page.shows("bbb").await?;
        server.stop();
        page.press("Ask again").await?;
        page.shows("The server cannot be reached").await?;
        let said = "return document.querySelector('[data-testid=connection][role=status]').innerText";
        assert_eq!(page.script(said).await?, "The server cannot be reached. You stay signed in, and we keep trying.");
        page.tab_to("Try again").await?;
        server.start_again().await?;
        page.hides("The server cannot be reached").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        assert_eq!(page.script(said).await?, "The server is back.");
        // The keys lead on from there.
        page.keys_at("Ask again", Key::Enter).await
    })
    .await
}
