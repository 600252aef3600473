//! Every page in every state, on a phone and on a wide screen, in both languages, in light and in dark: axe-core finds no violation (WCAG 2.2
//! AA), and no element is wider than the screen.

use wugan_e2e::{Appearance, Context, Key, PASSWORD, Page, Result, scenario};

/// Checks the page's present state in every combination of width, language and theme.
async fn check_accessibility(page: &Page, state: &str) -> Result {
    let appearances = Appearance::all();
    for appearance in appearances {
        page.set_appearance(appearance).await?;
        page.screenshot(&format!(
            "look-{state}-{}-{:?}-{}",
            appearance.width,
            appearance.language,
            if appearance.dark { "dark" } else { "light" }
        ))
        .await?;
        let found = async { page.check_accessible().await.and(page.check_fits_width().await) };
        found.await.map_err(|found| format!("{state}, {appearance:?}:\n{found:?}"))?;
    }
    // The scenarios read English texts.
    page.set_appearance(appearances[0]).await
}

/// Waits until the page shows these words, checks it as [`check_accessibility`] does while its requests are held, and sends them.
async fn check_while_requests_are_held(page: &Page, words: &str, state: &str) -> Result {
    page.shows(words).await?;
    check_accessibility(page, state).await?;
    page.release_requests().await
}

#[tokio::test]
async fn pages_of_visitors_are_accessible() -> Result {
    scenario("accessible-visitors", &[], async |Context { page, .. }: &mut Context| {
        // The app is never started, and the notice's timer never fires.
        let stalled = "WebAssembly.instantiateStreaming = WebAssembly.instantiate = () => new Promise(() => {});\
            const timer = setTimeout; setTimeout = (call, after, ...rest) => after === 4500 ? 0 : timer(call, after, ...rest)";
        let stalled = page.add_preload_script(stalled).await?;
        page.open("/").await?;
        page.shows("Sign in once").await?;
        check_accessibility(page, "first-paint").await?;
        page.open("/inspector").await?;
        page.hides("Sign in once").await?;
        check_accessibility(page, "first-paint-elsewhere").await?;
        page.script("document.documentElement.setAttribute('data-start', 'slow')").await?;
        check_accessibility(page, "start-slow").await?;
        page.script("document.documentElement.setAttribute('data-start', 'unsupported')").await?;
        check_accessibility(page, "start-unsupported").await?;
        page.script("document.documentElement.setAttribute('data-start', 'failed')").await?;
        check_accessibility(page, "start-failed").await?;
        page.remove_preload_script(&stalled).await?;

        page.open("/no-such-page").await?;
        page.shows("Page not found").await?;
        check_accessibility(page, "missing").await?;
        page.script("document.documentElement.setAttribute('data-start', 'stopped')").await?;
        check_accessibility(page, "stopped").await?;
        page.script("document.documentElement.removeAttribute('data-start')").await?;
        page.follow("Go to the home page").await?;
        page.shows("For developers").await?;
        check_accessibility(page, "welcome").await?;
        page.tab_to("Skip to content").await?;
        check_accessibility(page, "skip-link").await?;
        page.press("Theme: system").await?;
        check_accessibility(page, "chosen-light").await?;
        page.press("Theme: light").await?;
        check_accessibility(page, "chosen-dark").await?;
        page.press("Theme: dark").await?;
        page.open("/reset").await?;
        page.shows("This link is incomplete").await?;
        check_accessibility(page, "reset-incomplete").await?;
        page.open("/reset#code=abc").await?;
        page.reload().await?;
        page.open("/reset#code=abc").await?;
        page.field("New password").await?;
        check_accessibility(page, "reset").await?;
        page.answer_requests(401, "invalid_grant", None).await?;
        page.fill("New password", PASSWORD).await?;
        page.press("Set password").await?;
        page.shows("This link has been used or has expired").await?;
        check_accessibility(page, "reset-refused").await
    })
    .await
}

#[tokio::test]
async fn forms_are_accessible() -> Result {
    scenario("accessible-forms", &["--name-limit", "2/1h"], async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        page.hold_requests().await?;
        page.follow("Sign in").await?;
        check_while_requests_are_held(page, "Loading…", "form-loading").await?;
        page.field("Username").await?;
        check_accessibility(page, "sign-in").await?;

        page.open("/sign-in?next=/account").await?;
        page.press("Sign in").await?;
        page.shows_field_error("Username", "Enter a").await?;
        check_accessibility(page, "sign-in-incomplete").await?;
        page.hold_requests().await?;
        page.sign_in_here("eve", "not this one").await?;
        check_while_requests_are_held(page, "Signing in…", "signing-in").await?;
        page.shows_field_error("Password", "Wrong username or password").await?;
        check_accessibility(page, "sign-in-refused").await?;
        for _ in 0..3 {
            page.shows_field_error("Password", "Wrong username or password").await?;
            page.press("Sign in").await?;
        }
        page.shows("Too many attempts").await?;
        check_accessibility(page, "too-many-tries").await?;

        page.open("/sign-up").await?;
        page.shows("8 to 256 characters").await?;
        check_accessibility(page, "sign-up").await?;
        for (password, strength) in [("short", "Weak"), ("k7#mQ2px", "Fair"), (PASSWORD, "Strong")] {
            page.fill("Password", password).await?;
            page.shows(strength).await?;
            check_accessibility(page, &format!("sign-up-{strength}")).await?;
        }
        page.fill("Username", "no spaces").await?;
        page.press("Show").await?;
        page.press("Create account").await?;
        page.shows_field_error("Username", "only").await?;
        check_accessibility(page, "sign-up-refused").await?;
        page.hold_requests().await?;
        page.press("Create account").await?;
        check_while_requests_are_held(page, "Creating account…", "signing-up").await?;
        page.shows_field_error("Username", "only").await?;
        server.stop();
        page.press("Create account").await?;
        page.shows("Try again later").await?;
        check_accessibility(page, "sign-up-offline").await
    })
    .await
}

#[tokio::test]
async fn devices_are_accessible() -> Result {
    scenario("accessible-sessions", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.shows("Welcome back").await?;
        check_accessibility(page, "home").await?;

        page.follow("Devices").await?;
        page.shows("No other devices").await?;
        check_accessibility(page, "sessions-one").await?;
        for device in ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1", "toaster/1.0"] {
            server.sign_in_from(device, "ada", PASSWORD).await?;
        }
        page.reload().await?;
        page.shows("Sign out all other devices").await?;
        check_accessibility(page, "sessions").await?;
        page.press("Sign out all other devices").await?;
        page.shows("Sign out 2 other devices?").await?;
        check_accessibility(page, "sessions-sure").await?;
        page.hold_requests().await?;
        page.press("Sign out all").await?;
        check_while_requests_are_held(page, "Signing out…", "sessions-ending").await?;
        page.shows("All other devices are signed out").await?;
        check_accessibility(page, "sessions-ended").await?;

        server.sign_in_from("toaster/1.0", "ada", PASSWORD).await?;
        page.reload().await?;
        page.shows("Unknown device").await?;
        page.answer_requests(500, "internal", None).await?;
        page.press("Sign out Unknown device").await?;
        page.shows("Try again").await?;
        check_accessibility(page, "sessions-not-ended").await?;
        page.hold_requests().await?;
        page.press("Try again").await?;
        check_while_requests_are_held(page, "Trying…", "sessions-trying").await?;
        page.hides("Trying…").await?;
        page.follow("Home").await?;
        page.answer_requests(500, "internal", None).await?;
        page.follow("Devices").await?;
        page.shows("Something went wrong on our side").await?;
        check_accessibility(page, "sessions-error").await?;
        // A success with an unexpected body.
        page.answer_requests(200, "", None).await?;
        page.press("Try again").await?;
        page.shows("Unexpected response").await?;
        check_accessibility(page, "sessions-odd").await
    })
    .await
}

#[tokio::test]
async fn the_account_page_is_accessible() -> Result {
    scenario("accessible-account", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.shows("Member since").await?;
        check_accessibility(page, "account").await?;
        page.press("Change password").await?;
        page.shows_field_error("Current password", "Enter a").await?;
        check_accessibility(page, "password-incomplete").await?;
        page.fill("Current password", PASSWORD).await?;
        page.fill("New password", "four other words here").await?;
        page.hold_requests().await?;
        page.press("Change password").await?;
        check_while_requests_are_held(page, "Changing…", "password-changing").await?;
        page.shows("Password changed").await?;
        check_accessibility(page, "password-changed").await?;

        page.press("Delete account…").await?;
        page.shows("Enter your password to confirm").await?;
        check_accessibility(page, "account-delete").await?;
        page.fill("Password", "not this one").await?;
        page.press("Delete permanently").await?;
        page.shows_field_error("Password", "Wrong password.").await?;
        check_accessibility(page, "account-delete-refused").await?;
        page.fill("Password", "four other words here").await?;
        page.hold_requests().await?;
        page.press("Delete permanently").await?;
        check_while_requests_are_held(page, "Deleting…", "account-deleting").await?;
        page.shows("Your account has been deleted.").await?;
        check_accessibility(page, "account-deleted").await?;

        page.sign_up("eve").await?;
        page.press("Sign out").await?;
        page.shows("You're signed out").await?;
        check_accessibility(page, "signed-out").await?;
        page.follow("Sign in").await?;
        page.sign_in_here("eve", PASSWORD).await?;
        page.wait_until_signed_in("eve").await?;
        let first = page.tab().await?;
        page.open_tab("/").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        page.go_to(&first).await?;
        page.shows("You signed out in another tab").await?;
        check_accessibility(page, "ended-elsewhere").await
    })
    .await
}

#[tokio::test]
async fn the_inspector_is_accessible() -> Result {
    scenario("accessible-inspector", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.hold_requests().await?;
        page.follow("Inspector").await?;
        check_while_requests_are_held(page, "Loading…", "inspector-loading").await?;
        page.shows("Run the demonstration").await?;
        check_accessibility(page, "inspector-empty").await?;
        page.hold_requests().await?;
        page.press("Run the demonstration").await?;
        check_while_requests_are_held(page, "Running…", "inspector-running").await?;
        page.hides("Running…").await?;
        check_accessibility(page, "inspector-demonstrated").await?;
        page.simulate_failures().await?;
        page.fill("Requests", "0").await?;
        page.press("Send").await?;
        page.shows_field_error("Requests", "1 to 1000").await?;
        check_accessibility(page, "inspector-complaint").await?;
        page.fill("Requests", "5").await?;
        page.hold_requests().await?;
        page.press("Send").await?;
        check_while_requests_are_held(page, "Sending…", "inspector-sending").await?;
        page.hides("Sending…").await?;

        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        page.press("Show claims").await?;
        page.shows("No readable claims").await?;
        check_accessibility(page, "inspector-invalidated").await?;
        page.burst(12).await?;
        page.shows("userId").await?;
        page.tab_to("Timeline of requests").await?;
        page.keys(Key::Down).await?;
        page.shows("GET /bbb · sent at ").await?;
        check_accessibility(page, "inspector-lane").await?;
        page.press("Go offline").await?;
        page.press("Set clock 2 h ahead").await?;
        page.burst(2).await?;
        page.shows("Can't reach the server").await?;
        check_accessibility(page, "inspector-offline").await?;
        page.press("Go offline").await?;
        page.press("Set clock 2 h ahead").await?;
        page.hides("Can't reach the server").await?;
        page.follow("Home").await?;
        page.follow("Inspector").await?;
        page.answer_requests(429, "rate_limited", Some(300)).await?;
        page.press("Run the demonstration").await?;
        page.shows("Too many attempts").await?;
        check_accessibility(page, "inspector-refused").await?;
        page.release_requests().await?;

        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.choose_own_session().await?;
        page.shows("You may be signed out.").await?;
        check_accessibility(page, "inspector-own").await?;
        page.press("Revoke session on server").await?;
        page.shows("Session revoked on the server").await?;
        page.press("Send").await?;
        page.shows("Your session has ended").await?;
        check_accessibility(page, "session-ended").await
    })
    .await
}

#[tokio::test]
async fn outages_and_missing_files_are_accessible() -> Result {
    scenario("accessible-trouble", &[], async |Context { server, page }: &mut Context| {
        page.add_preload_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }").await?;
        page.sign_up("ada").await?;
        page.shows("storage is blocked or full").await?;
        check_accessibility(page, "memory-only").await?;

        page.block_urls(&["*/inspector-*.wasm"]).await?;
        page.follow("Inspector").await?;
        page.shows("Part of this app couldn't be loaded").await?;
        check_accessibility(page, "part-missing").await?;
        page.block_urls(&[]).await?;

        page.follow("Account").await?;
        page.shows("Member since").await?;
        page.follow("Home").await?;
        page.hold_requests().await?;
        page.follow("Account").await?;
        page.shows("Loading…").await?;
        check_accessibility(page, "account-loading").await?;
        page.follow("Devices").await?;
        check_while_requests_are_held(page, "Loading…", "sessions-loading").await?;
        page.shows("No other devices").await?;
        page.answer_requests(500, "internal", None).await?;
        page.follow("Account").await?;
        page.shows("Something went wrong on our side").await?;
        check_accessibility(page, "account-error").await?;
        page.release_requests().await?;

        server.stop();
        for (link, words, state) in [
            ("Devices", "Not available right now", "sessions-offline"),
            ("Account", "Not available right now", "account-offline"),
            ("Inspector", "Part of this app couldn't be loaded", "inspector-missing-offline"),
        ] {
            page.follow(link).await?;
            page.shows("Can't reach the server. You're still signed in").await?;
            page.shows(words).await?;
            check_accessibility(page, state).await?;
        }
        page.hold_requests().await?;
        page.press("Try again").await?;
        check_while_requests_are_held(page, "Trying…", "offline-trying").await
    })
    .await
}
