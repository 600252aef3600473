//! `examples/bare` and `examples/leptos` in Chromium, against a server that serves their pages, and `examples/ssr`, which renders its own.
//! Access tokens live for 2 s.

use std::env;
use std::time::Duration;

use serde_json::json;
use wugan_e2e::{Context, ExampleProgram, PASSWORD, Result, scenario, until};

/// Leptos panics, or writes to the console, if the elements that it hydrates are not those that the server rendered.
const RECORD_ERRORS: &str = "window.recordedErrors = [];\
    for (const event of ['error', 'unhandledrejection']) addEventListener(event, e => recordedErrors.push(String(e.reason ?? e.message)));\
    for (const method of ['error', 'warn']) console[method] = (...words) => recordedErrors.push(words.join(' '))";

/// Flags that serve the page in the folder that a variable names.
fn flags(variable: &str) -> Result<Vec<String>> {
    let page = env::var(variable).map_err(|_| format!("{variable} is not set: `cargo xtask test e2e` builds the page"))?;
    Ok(["--web-root", &page, "--access-ttl", "2s"].map(str::to_owned).to_vec())
}

#[tokio::test]
async fn the_page_without_a_framework_registers_renews_and_signs_out() -> Result {
    let flags = flags("WUGAN_TEST_BARE_PAGE")?;
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
    let mut flags = flags("WUGAN_TEST_LEPTOS_PAGE")?;
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

#[tokio::test]
async fn a_link_to_a_guarded_page_leads_there_after_the_sign_in() -> Result {
    let mut flags = flags("WUGAN_TEST_LEPTOS_PAGE")?;
    flags.extend(["--demo-user".to_owned(), format!("ada:{PASSWORD}")]);
    scenario("leptos-link", &flags.iter().map(String::as_str).collect::<Vec<_>>(), async |Context { page, .. }: &mut Context| {
        page.open("/sign-in").await?;
        page.field("Username").await?;
        // leptos_router handles the clicks on all links of the page.
        let link =
            "const link = document.createElement('a'); link.href = '/?tab=2'; link.textContent = 'Tab 2'; document.body.append(link)";
        page.script(link).await?;
        page.follow("Tab 2").await?;
        let next = "return new URLSearchParams(location.search).get('next')";
        let next = until("the guard to navigate", async || Ok(page.script(next).await?.as_str().map(str::to_owned))).await?;
        assert_eq!(next, "/?tab=2");
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Sign in").await?;
        page.shows("\"username\":\"ada\"").await?;
        assert_eq!(page.script("return location.pathname + location.search").await?, "/?tab=2");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_page_rendered_on_a_server_hydrates_renews_and_signs_out() -> Result {
    let user = format!("ada:{PASSWORD}");
    scenario("ssr", &["--access-ttl", "2s", "--demo-user", &user], async |Context { page, server }: &mut Context| {
        let example = ExampleProgram::ssr(&server.url()).await?;
        let page = page.at(example.url());
        page.add_preload_script(RECORD_ERRORS).await?;
        page.open("/").await?;
        let rendered = page.script("return fetch('/').then(response => response.text())").await?;
        assert!(rendered.as_str().is_some_and(|page| page.contains("Loading…") && !page.contains("Username")), "{rendered}");
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Sign in").await?;
        page.shows("\"username\":\"ada\"").await?;
        // The access token expires meanwhile.
        tokio::time::sleep(Duration::from_secs(3)).await;
        page.reload().await?;
        page.shows("\"username\":\"ada\"").await?;
        assert!(server.refreshes().await?.rotated >= 1);
        page.press("Sign out").await?;
        page.shows("Username").await?;
        assert_eq!(page.script("return recordedErrors").await?, json!([]));
        Ok(())
    })
    .await
}
