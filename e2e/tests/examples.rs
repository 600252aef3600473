//! `examples/bare` and `examples/leptos` in Chromium, against a server that serves their pages. Access tokens live for 2 s.

use std::env;
use std::time::Duration;

use wugan_e2e::{Context, PASSWORD, Result, scenario};

/// Flags that serve the page in the folder that a variable names.
fn flags(variable: &str) -> Result<Vec<String>> {
    let page = env::var(variable).map_err(|_| format!("{variable} is not set: `cargo xtask test e2e` builds the page"))?;
    Ok(["--web-root", &page, "--access-ttl", "2s"].map(str::to_owned).to_vec())
}

#[tokio::test]
async fn the_page_without_a_framework_registers_renews_and_signs_out() -> Result {
    let flags = flags("WUGAN_BARE_PAGE")?;
    scenario("bare", &flags.iter().map(String::as_str).collect::<Vec<_>>(), async |Context { page, server }: &mut Context| {
        page.open("/").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Register").await?;
        page.shows("signed in").await?;
        // The access token expires meanwhile.
        tokio::time::sleep(Duration::from_secs(3)).await;
        page.press("My account").await?;
        page.shows("\"username\":\"ada\"").await?;
        assert!(server.refreshes().await?.rotated >= 1);
        page.press("Sign out").await?;
        page.shows("ByUser").await
    })
    .await
}

#[tokio::test]
async fn the_leptos_page_asks_for_a_sign_in_renews_and_signs_out() -> Result {
    let mut flags = flags("WUGAN_LEPTOS_PAGE")?;
    flags.extend(["--demo-user".to_owned(), format!("ada:{PASSWORD}")]);
    scenario("leptos", &flags.iter().map(String::as_str).collect::<Vec<_>>(), async |Context { page, server }: &mut Context| {
        page.open("/").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Sign in").await?;
        page.shows("\"username\":\"ada\"").await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        page.reload().await?;
        page.shows("\"username\":\"ada\"").await?;
        assert!(server.refreshes().await?.rotated >= 1);
        page.press("Sign out").await?;
        page.fill("Password", "wrong").await?;
        page.press("Sign in").await?;
        page.shows("\"code\":\"invalid_credentials\"").await
    })
    .await
}
