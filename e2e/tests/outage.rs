//! The server goes away and comes back: the page says so, and nobody has to sign in again.

use wugan_e2e::{PASSWORD, Result, Stage, scenario, until};

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
