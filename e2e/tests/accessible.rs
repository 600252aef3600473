//! Every page in every state, on a phone and on a wide screen, in both languages, in light and in dark: nothing keeps anybody out, nothing
//! sticks out.

use wugan_e2e::{Key, Look, PASSWORD, Page, Result, Stage, scenario};

/// Looks at the page as it stands in every way.
async fn holds(page: &Page, state: &str) -> Result {
    let looks = Look::all();
    for look in looks {
        page.look(look).await?;
        page.screenshot(&format!("look-{state}-{}-{:?}-{}", look.width, look.language, if look.dark { "dark" } else { "light" })).await?;
        let found = async { page.is_accessible().await.and(page.fits().await) };
        found.await.map_err(|found| format!("{state}, {look:?}:\n{found:?}"))?;
    }
    // As it was: what follows is written in English.
    page.look(looks[0]).await
}

/// The same while what has been asked for is on its way, by which time the page shows these words.
async fn holds_meanwhile(page: &Page, words: &str, state: &str) -> Result {
    page.shows(words).await?;
    holds(page, state).await?;
    page.lets_answers_through().await
}

#[tokio::test]
async fn for_visitors() -> Result {
    scenario("accessible-visitors", &[], async |Stage { page, .. }: &mut Stage| {
        page.blocks(&["*.wasm"]).await?;
        page.open("/").await?;
        page.shows("Sign in once").await?;
        holds(page, "first-paint").await?;
        page.open("/inspector").await?;
        page.hides("Sign in once").await?;
        holds(page, "first-paint-elsewhere").await?;
        page.blocks(&[]).await?;

        page.open("/no-such-page").await?;
        page.shows("There is no such page").await?;
        holds(page, "missing").await?;
        page.holds_answers().await?;
        page.follow("Go to the home page").await?;
        holds_meanwhile(page, "Loading…", "welcome-loading").await?;
        page.hides("Loading…").await?;
        holds(page, "welcome").await?;
        page.tab_to("Skip to content").await?;
        holds(page, "skip-link").await?;
        page.press("Theme: as the system").await?;
        holds(page, "chosen-light").await?;
        page.press("Theme: light").await?;
        holds(page, "chosen-dark").await?;
        page.press("Theme: dark").await?;
        page.holds_answers().await?;
        page.press("Ask again").await?;
        holds_meanwhile(page, "aaa", "welcome-asking").await?;
        page.answers(429, "rate_limited", Some(300)).await?;
        page.press("Ask again").await?;
        page.shows("Too many tries").await?;
        holds(page, "welcome-error").await
    })
    .await
}

#[tokio::test]
async fn for_visitors_at_a_form() -> Result {
    scenario("accessible-forms", &["--name-limit", "2/1h"], async |Stage { server, page }: &mut Stage| {
        page.open("/").await?;
        page.shows("aaa").await?;
        page.holds_answers().await?;
        page.follow("Sign in").await?;
        holds_meanwhile(page, "Loading…", "form-loading").await?;
        page.field("Username").await?;
        holds(page, "sign-in").await?;

        page.open("/sign-in?next=/inspector").await?;
        page.press("Sign in").await?;
        page.complains_at("Username", "Please enter").await?;
        holds(page, "sign-in-incomplete").await?;
        page.holds_answers().await?;
        page.sign_in_here("nobody", "not this one").await?;
        holds_meanwhile(page, "Signing in…", "signing-in").await?;
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
        for (password, strength) in [("short", "Easy to guess"), ("k7#mQ2px", "Fair"), (PASSWORD, "Strong")] {
            page.fill("Password", password).await?;
            page.shows(strength).await?;
            holds(page, &format!("sign-up-{strength}")).await?;
        }
        page.fill("Username", "no spaces").await?;
        page.press("Show").await?;
        page.press("Create account").await?;
        page.complains_at("Username", "only").await?;
        holds(page, "sign-up-refused").await?;
        page.holds_answers().await?;
        page.press("Create account").await?;
        holds_meanwhile(page, "Creating the account…", "signing-up").await?;
        page.complains_at("Username", "only").await?;
        server.stop();
        page.press("Create account").await?;
        page.shows("What you typed stays here").await?;
        holds(page, "sign-up-offline").await
    })
    .await
}

#[tokio::test]
async fn for_somebody_with_sessions() -> Result {
    scenario("accessible-sessions", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        page.shows("Good to see you").await?;
        page.hides("Loading…").await?;
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
        page.holds_answers().await?;
        page.press("End all others").await?;
        holds_meanwhile(page, "Ending…", "sessions-ending").await?;
        page.shows("have ended").await?;
        holds(page, "sessions-ended").await?;

        server.sign_in_from("toaster/1.0", "ada", PASSWORD).await?;
        page.reload().await?;
        page.shows("Unknown device").await?;
        page.answers(500, "internal", None).await?;
        page.press("End").await?;
        page.shows("Try again").await?;
        holds(page, "sessions-not-ended").await?;
        page.holds_answers().await?;
        page.press("Try again").await?;
        holds_meanwhile(page, "Trying…", "sessions-trying").await?;
        page.hides("Trying…").await?;
        page.follow("Home").await?;
        page.answers(500, "internal", None).await?;
        page.follow("Sessions").await?;
        page.shows("Something went wrong on our side").await?;
        holds(page, "sessions-error").await?;
        // A success, and not what was asked for.
        page.answers(200, "", None).await?;
        page.press("Try again").await?;
        page.shows("makes no sense here").await?;
        holds(page, "sessions-odd").await
    })
    .await
}

#[tokio::test]
async fn for_somebody_with_an_account() -> Result {
    scenario("accessible-account", &[], async |Stage { page, .. }: &mut Stage| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.shows("Member since").await?;
        holds(page, "account").await?;
        page.press("Change password").await?;
        page.complains_at("Current password", "Please enter").await?;
        holds(page, "password-incomplete").await?;
        page.fill("Current password", PASSWORD).await?;
        page.fill("New password", "four other words here").await?;
        page.holds_answers().await?;
        page.press("Change password").await?;
        holds_meanwhile(page, "Changing…", "password-changing").await?;
        page.shows("Your password is changed").await?;
        holds(page, "password-changed").await?;

        page.press("Delete account…").await?;
        page.shows("Really delete").await?;
        holds(page, "account-delete").await?;
        page.fill("Password", "not this one").await?;
        page.press("Delete for good").await?;
        page.complains_at("Password", "This is not your password.").await?;
        holds(page, "account-delete-refused").await?;
        page.fill("Password", "four other words here").await?;
        page.holds_answers().await?;
        page.press("Delete for good").await?;
        holds_meanwhile(page, "Deleting…", "account-deleting").await?;
        page.shows("Take care.").await?;
        holds(page, "account-deleted").await?;

        page.sign_up("eve").await?;
        page.press("Sign out").await?;
        page.shows("You are signed out").await?;
        holds(page, "signed-out").await?;
        page.follow("Sign in").await?;
        page.sign_in_here("eve", PASSWORD).await?;
        page.is_signed_in("eve").await?;
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
        page.holds_answers().await?;
        page.follow("Inspector").await?;
        holds_meanwhile(page, "Loading…", "inspector-loading").await?;
        page.field("Requests").await?;
        holds(page, "inspector-empty").await?;
        page.fill("Requests", "0").await?;
        page.press("Send").await?;
        page.complains_at("Requests", "1 to 1000").await?;
        holds(page, "inspector-complaint").await?;
        page.fill("Requests", "5").await?;
        page.holds_answers().await?;
        page.press("Send").await?;
        holds_meanwhile(page, "Sending…", "inspector-sending").await?;
        page.hides("Sending…").await?;

        page.press("Spoil access token").await?;
        page.press("Show claims").await?;
        page.shows("There are none to read").await?;
        holds(page, "inspector-spoiled").await?;
        page.burst(12).await?;
        page.shows("userId").await?;
        page.tab_to("Timeline of requests").await?;
        page.keys(Key::Down).await?;
        page.shows("GET /bbb · sent at ").await?;
        holds(page, "inspector-lane").await?;
        page.fill("Requests", "5").await?;
        page.holds_answers().await?;
        page.press("Compare with the naive way").await?;
        holds_meanwhile(page, "Setting up a second account…", "inspector-comparing").await?;
        page.shows("Compare with the naive way").await?;
        page.press("Go offline").await?;
        page.press("Clock wrong").await?;
        holds(page, "inspector").await?;
        page.burst(2).await?;
        page.shows("The server cannot be reached").await?;
        holds(page, "inspector-offline").await?;
        page.press("Go offline").await?;
        page.press("Clock wrong").await?;
        page.hides("The server cannot be reached").await?;
        page.answers(429, "rate_limited", Some(300)).await?;
        page.press("Compare with the naive way").await?;
        page.shows("Too many tries").await?;
        holds(page, "inspector-not-compared").await?;
        page.lets_answers_through().await?;

        page.press("End session on server").await?;
        page.shows("this page does not know it yet").await?;
        page.press("Spoil access token").await?;
        page.press("Send").await?;
        page.shows("Your session was ended").await?;
        holds(page, "session-ended").await
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

        page.follow("Account").await?;
        page.shows("Member since").await?;
        page.follow("Home").await?;
        page.holds_answers().await?;
        page.follow("Account").await?;
        page.shows("Loading…").await?;
        holds(page, "account-loading").await?;
        page.follow("Sessions").await?;
        holds_meanwhile(page, "Loading…", "sessions-loading").await?;
        page.shows("nowhere else").await?;
        page.answers(500, "internal", None).await?;
        page.follow("Account").await?;
        page.shows("Something went wrong on our side").await?;
        holds(page, "account-error").await?;
        page.lets_answers_through().await?;

        server.stop();
        for (link, words, state) in [
            ("Sessions", "No answer just now", "sessions-offline"),
            ("Account", "No answer just now", "account-offline"),
            ("Inspector", "This page could not be loaded", "inspector-missing-offline"),
            ("Home", "No answer just now", "home-offline"),
        ] {
            page.follow(link).await?;
            page.shows("The server cannot be reached").await?;
            page.shows(words).await?;
            holds(page, state).await?;
        }
        page.holds_answers().await?;
        page.press("Try again").await?;
        holds_meanwhile(page, "Trying…", "home-offline-trying").await
    })
    .await
}
