//! `examples/axum`: an application of its own with accounts by wugan-axum, and the Leptos page for it.

use std::time::Duration;

use wugan_e2e::{Context, ExampleProgram, PASSWORD, Result, scenario};

#[tokio::test]
async fn an_axum_application_has_accounts_and_guarded_notes() -> Result {
    scenario("axum", &[], async |Context { page, .. }: &mut Context| {
        let example = ExampleProgram::axum(2).await?;
        let page = page.at(example.url());
        page.open("/").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Sign up").await?;
        page.shows("Notes:").await?;
        page.fill("Note", "buy milk").await?;
        page.press("Add").await?;
        page.shows("Notes: buy milk").await?;
        // The access token expires meanwhile.
        tokio::time::sleep(Duration::from_secs(3)).await;
        page.fill("Note", "water the plants").await?;
        page.press("Add").await?;
        page.shows("Notes: buy milk, water the plants").await?;
        page.reload().await?;
        page.shows("Notes: buy milk, water the plants").await?;
        page.press("Sign out").await?;
        page.shows("Sign up").await
    })
    .await
}
