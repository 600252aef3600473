//! The server goes down and comes back: a banner says so, and the session goes on.

use wugan_e2e::{Context, Fault, PASSWORD, Proxy, Result, scenario, until};

#[tokio::test]
async fn an_outage_is_shown_and_the_session_goes_on_afterwards() -> Result {
    scenario("outage", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.shows("Member since").await?;
        server.stop();
        page.follow("Devices").await?;
        page.shows("Can't reach the server. You're still signed in").await?;
        page.wait_until_signed_in("ada").await?;
        page.screenshot("server-away").await?;
        // Down for longer than the access token lives: a refresh is needed afterwards.
        page.wait_for_token_expiry().await?;

        server.restart().await?;
        page.hides("Can't reach the server").await?;
        page.shows("No other devices").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_form_sent_during_an_outage_keeps_its_input_and_can_be_sent_again() -> Result {
    scenario("outage-form", &[], async |Context { server, page }: &mut Context| {
        page.open("/sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        server.stop();
        page.press("Create account").await?;
        page.shows("Can't reach the server. Try again later.").await?;
        page.shows("We'll keep trying.").await?;
        page.hides("still signed in").await?;
        assert_eq!(page.field_value("Username").await?, "ada");
        assert_eq!(page.field_value("Password").await?, PASSWORD);

        server.restart().await?;
        page.press("Create account").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn an_unavailable_refresh_is_not_reported_as_an_outage() -> Result {
    scenario("unrenewed", &["--access-ttl", "2s", "--reuse-leeway", "0s"], async |Context { server, page }: &mut Context| {
        let proxy = Proxy::start(&server.url()).await?;
        let page = page.at(&proxy.url());
        page.sign_up("ada").await?;
        page.follow("Devices").await?;
        page.shows("No other devices").await?;
        // Records every text of the banner from here on.
        let listen = "const banner = document.querySelector('[data-testid=connection]'); window.said = [];\
            new MutationObserver(() => window.said.push(banner.innerText)).observe(banner, { subtree: true, childList: true, characterData: true })";
        page.script(listen).await?;
        proxy.set_fault("/user/refresh", Fault::Unavailable);
        page.wait_for_token_expiry().await?;
        page.follow("Account").await?;
        page.shows("The server is busy. Try again in").await?;
        // The page repeats the request by itself, more than once.
        let asked = "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/user/refresh')).length";
        until("the third refresh", async || Ok(page.script(asked).await?.as_u64().filter(|asked| *asked >= 3))).await?;
        assert_eq!(page.script("return window.said").await?, serde_json::json!([]), "the server was up all the time");

        proxy.clear_fault("/user/refresh");
        page.shows("Member since").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn the_banner_is_announced_without_its_button_and_returns_the_focus() -> Result {
    scenario("banner", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.shows("Member since").await?;
        server.stop();
        page.follow("Devices").await?;
        page.shows("Can't reach the server. You're still signed in").await?;
        let said = "return document.querySelector('[data-testid=connection][role=status]').innerText";
        assert_eq!(page.script(said).await?, "Can't reach the server. You're still signed in; we'll keep trying.");
        page.tab_to("Try again").await?;
        server.restart().await?;
        page.hides("Can't reach the server").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        assert_eq!(page.script(said).await?, "The server is back.");
        // The Tab key continues from the focused content.
        page.tab_to("Skip to content").await
    })
    .await
}

#[tokio::test]
async fn an_action_that_failed_in_an_outage_promises_no_retry_and_its_notice_goes_with_the_outage() -> Result {
    scenario("outage-action", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.follow("Devices").await?;
        page.shows("curl").await?;
        server.stop();
        page.press("Sign out curl").await?;
        let notice = "return document.querySelector('.section .notice')?.innerText";
        until("the notice", async || Ok((page.script(notice).await? == "Can't reach the server. Try again later.").then_some(()))).await?;
        server.restart().await?;
        page.hides("Can't reach the server").await?;
        page.shows("curl").await
    })
    .await
}

#[tokio::test]
async fn the_focus_goes_to_the_content_when_a_missing_part_is_loaded_after_an_outage() -> Result {
    scenario("outage-part", &[], async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        server.stop();
        page.follow("Inspector").await?;
        page.shows("Part of this app couldn't be loaded").await?;
        page.shows("Can't reach the server. We'll keep trying.").await?;
        page.tab_to("Reload").await?;
        server.restart().await?;
        page.shows("Run the demonstration").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        Ok(())
    })
    .await
}
