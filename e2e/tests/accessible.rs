//! Every page in every state, on a phone and on a wide screen, in both languages, in light and in dark: nothing keeps anybody out, nothing
//! sticks out.

use wugan_e2e::{Look, PASSWORD, Page, Result, Stage, scenario};

/// Looks at the page as it stands in every way.
async fn holds(page: &Page, state: &str) -> Result {
    for look in Look::ALL {
        page.look(look).await?;
        page.screenshot(&format!("look-{state}-{}-{:?}-{}", look.width, look.language, if look.dark { "dark" } else { "light" })).await?;
        let found = async { page.is_accessible().await.and(page.fits().await) };
        found.await.map_err(|found| format!("{state}, {look:?}:\n{found:?}"))?;
    }
    // As it was: what follows is written in English.
    page.look(Look::ALL[0]).await
}

#[tokio::test]
async fn for_visitors() -> Result {
    scenario("accessible-visitors", &["--name-limit", "2/1h"], async |Stage { page, .. }: &mut Stage| {
        page.blocks(&["*.wasm"]).await?;
        page.open("/").await?;
        page.shows("Sign in once").await?;
        holds(page, "first-paint").await?;
        page.blocks(&[]).await?;

        page.open("/").await?;
        page.shows("For everyone").await?;
        holds(page, "welcome").await?;
        page.open("/no-such-page").await?;
        page.shows("There is no such page").await?;
        holds(page, "missing").await?;

        page.open("/sign-in?next=/inspector").await?;
        page.press("Sign in").await?;
        page.complains_at("Username", "Please enter").await?;
        holds(page, "sign-in-incomplete").await?;
        page.sign_in_here("nobody", "not this one").await?;
        page.complains_at("Password", "do not go together").await?;
        holds(page, "sign-in-refused").await?;
        for _ in 0..3 {
            page.complains_at("Password", "do not go together").await?;
            page.press("Sign in").await?;
        }
        page.shows("Too many tries").await?;
        holds(page, "too-many-tries").await?;

        page.open("/sign-up").await?;
        page.shows("8 to 256 characters").await?;
        holds(page, "sign-up").await?;
        page.fill("Password", "short").await?;
        page.shows("Easy to guess").await?;
        holds(page, "sign-up-weak").await?;
        page.fill("Username", "no spaces").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Show").await?;
        page.press("Create account").await?;
        page.complains_at("Username", "only").await?;
        holds(page, "sign-up-refused").await
    })
    .await
}

#[tokio::test]
async fn for_somebody_who_is_signed_in() -> Result {
    scenario("accessible-signed-in", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        page.shows("bbb").await?;
        holds(page, "home").await?;

        page.follow("Sessions").await?;
        page.shows("nowhere else").await?;
        holds(page, "sessions-one").await?;
        for device in ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1", "toaster/1.0"] {
            server.sign_in_from(device, "ada", PASSWORD).await?;
        }
        page.reload().await?;
        page.shows("End all others").await?;
        holds(page, "sessions").await?;
        page.press("End all others").await?;
        page.shows("have ended").await?;
        holds(page, "sessions-ended").await?;
        page.follow("Home").await?;
        page.answers(500, "internal", None).await?;
        page.follow("Sessions").await?;
        page.shows("Something went wrong on our side").await?;
        holds(page, "sessions-error").await?;
        page.lets_answers_through().await?;

        page.follow("Account").await?;
        page.shows("Member since").await?;
        holds(page, "account").await?;
        page.press("Change password").await?;
        page.complains_at("Current password", "Please enter").await?;
        page.press("Delete account…").await?;
        page.shows("Really delete").await?;
        holds(page, "account-delete").await?;
        page.fill("Password", "not this one").await?;
        page.press("Delete for good").await?;
        page.complains_at("Password", "This is not your password.").await?;
        holds(page, "account-delete-refused").await?;

        page.press("Sign out").await?;
        page.shows("You are signed out").await?;
        holds(page, "signed-out").await?;

        page.sign_in_here("ada", PASSWORD).await?;
        page.is_signed_in("ada").await?;
        page.open("/").await?;
        page.shows("bbb").await?;
        let first = page.tab().await?;
        page.open_tab("/").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        page.go_to(&first).await?;
        page.shows("You signed out in another tab").await?;
        holds(page, "ended-elsewhere").await
    })
    .await
}

#[tokio::test]
async fn for_somebody_at_the_inspector() -> Result {
    scenario("accessible-inspector", &[], async |Stage { page, .. }: &mut Stage| {
        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.field("Requests").await?;
        holds(page, "inspector-empty").await?;
        page.fill("Requests", "0").await?;
        page.press("Send").await?;
        page.complains_at("Requests", "1 to 1000").await?;
        holds(page, "inspector-complaint").await?;
        page.press("Show claims").await?;
        page.shows("userId").await?;
        page.press("Spoil access token").await?;
        page.burst(12).await?;
        page.fill("Requests", "5").await?;
        page.press("Compare with the naive way").await?;
        page.shows("The naive way").await?;
        page.shows("Compare with the naive way").await?;
        page.press("Go offline").await?;
        page.press("Clock wrong").await?;
        holds(page, "inspector").await?;
        page.burst(2).await?;
        page.shows("The server cannot be reached").await?;
        holds(page, "inspector-offline").await
    })
    .await
}

#[tokio::test]
async fn for_somebody_in_trouble() -> Result {
    scenario("accessible-trouble", &[], async |Stage { server, page }: &mut Stage| {
        page.before_each_page("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }").await?;
        page.sign_up("ada").await?;
        page.shows("This browser stores nothing for us").await?;
        holds(page, "memory-only").await?;

        page.blocks(&["*/inspector-*.wasm"]).await?;
        page.follow("Inspector").await?;
        page.shows("This page could not be loaded").await?;
        holds(page, "part-missing").await?;
        page.blocks(&[]).await?;

        page.holds_answers().await?;
        page.follow("Account").await?;
        page.shows("Loading…").await?;
        holds(page, "account-loading").await?;
        page.follow("Sessions").await?;
        page.shows("Loading…").await?;
        holds(page, "sessions-loading").await?;
        page.lets_answers_through().await?;
        page.shows("nowhere else").await?;

        page.answers(500, "internal", None).await?;
        page.follow("Account").await?;
        page.shows("Something went wrong on our side").await?;
        holds(page, "account-error").await?;
        page.lets_answers_through().await?;

        server.stop();
        page.follow("Sessions").await?;
        page.shows("The server cannot be reached").await?;
        holds(page, "sessions-offline").await?;
        page.follow("Home").await?;
        page.shows("No answer just now").await?;
        holds(page, "home-offline").await
    })
    .await
}
