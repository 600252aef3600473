//! Case 27: localStorage is denied or full; the session goes on in the page's memory.

use super::{STRICT_AND_SHORT, outlive_tokens};
use serde_json::json;
use wugan_e2e::{Context, Result, scenario, scenario_with_preferences};

/// The preference of a browser in which sites may store nothing.
const FORBIDDEN: (&str, u8) = ("profile.default_content_setting_values.cookies", 2);

#[tokio::test]
async fn case_27_the_session_works_in_memory_when_storage_is_denied() -> Result {
    let preferences = [(FORBIDDEN.0, json!(FORBIDDEN.1))];
    scenario_with_preferences("storage-denied", &STRICT_AND_SHORT, &preferences, async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        let asked = page.script("try { return localStorage.length } catch (denied) { return denied.name }").await?;
        assert_eq!(asked, "SecurityError", "the browser denies it");
        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.choose_own_session().await?;
        outlive_tokens(page, server, 2).await?;
        page.wait_until_signed_in("ada").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await
    })
    .await
}

/// Each character is written once: rewriting megabytes would keep the browser busy for seconds.
const FILL: &str =
    "for (let size = 1 << 22; size >= 1; size >>= 1) try { localStorage.setItem('filler' + size, 'x'.repeat(size)) } catch {}";

#[tokio::test]
async fn case_27_the_session_works_in_memory_when_storage_is_full() -> Result {
    scenario("storage-full", &STRICT_AND_SHORT, async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        page.script(FILL).await?;
        page.sign_up("ada").await?;
        assert_eq!(
            page.script("return localStorage.getItem(`wugan:${location.origin}/user/refresh`)").await?,
            json!(null),
            "there is no room for it"
        );
        page.follow("Inspector").await?;
        page.choose_own_session().await?;
        outlive_tokens(page, server, 2).await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}
