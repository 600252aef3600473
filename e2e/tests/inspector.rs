//! The inspector: the demonstration, which needs no account, and the controls under "Simulate failures".

use thirtyfour::By;
use wugan_e2e::{Context, PASSWORD, Page, Result, Summary, scenario, scenario_with_preferences, until};

/// Opens the inspector as a signed-out visitor, with the controls.
async fn at_the_controls(page: &Page) -> Result {
    page.open("/inspector").await?;
    page.simulate_failures().await?;
    page.field("Requests").await.map(drop)
}

/// A figure of the last burst, by its name.
async fn number(page: &Page, name: &str) -> Result<Option<u64>> {
    let script = format!(
        "const term = [...document.querySelectorAll('.numbers dt')].find(dt => dt.textContent === '{name}');\
         return Number(term?.nextElementSibling.textContent)"
    );
    Ok(page.script(&script).await?.as_u64())
}

/// The figures of the demonstration: requests, 401s and refreshes of each way, once both have ended.
async fn demonstrated(page: &Page) -> Result<[[u64; 3]; 2]> {
    until("both ways to end", async || {
        let cells = "return [...document.querySelectorAll('[data-testid=figures] tbody tr')].map(row => \
            [...row.querySelectorAll('td')].slice(0, 3).map(cell => Number(cell.innerText)))";
        let said = page.text_of("demonstrated").await?;
        let figures: Option<[[u64; 3]; 2]> = serde_json::from_value(page.script(cells).await?).ok();
        Ok(figures.filter(|_| !said.is_empty()))
    })
    .await
}

#[tokio::test]
async fn a_visitor_presses_one_button_and_sees_twenty_requests_share_one_refresh_beside_the_naive_way() -> Result {
    scenario("demonstration", &[], async |Context { server, page }: &mut Context| {
        page.open("/inspector").await?;
        page.press("Run the demonstration").await?;
        let [ours, naive] = demonstrated(page).await?;
        assert_eq!((ours[0], ours[2]), (20, 1), "requests and refreshes with the library");
        assert_eq!(naive[0], 20);
        assert_eq!(naive, [20, 20, 20], "each request refreshes by itself, as the page says");
        assert!(ours[1] > 1, "several requests were sent with the expired token: {ours:?}");
        // Each refresh has a bar of its own in the picture.
        let bars = "return [...document.querySelectorAll('.run .wt-refreshes svg')].map(svg => \
            [...svg.querySelectorAll('.wt-refresh')].map(path => path.getAttribute('d').split('M').length - 1).reduce((a, b) => a + b))";
        assert_eq!(page.script(bars).await?, serde_json::json!([1, naive[2]]));
        // One axis: both pictures have the same scale, and its labels are there once.
        assert_eq!(page.script("return document.querySelectorAll('.comparison .wt-axis').length").await?, 1);
        page.screenshot("demonstration").await?;
        assert!(!page.text().await?.contains("Sign out"), "the visitor is not signed in");
        let sessions = "return Object.keys(localStorage).filter(key => key.startsWith('wugan:'))";
        assert_eq!(page.script(sessions).await?, serde_json::json!([]), "the guest's session is not stored");
        assert_eq!(server.answered("/user/register", 201).await?, 1, "one guest serves both ways");

        page.press("Run the demonstration").await?;
        until("a second run", async || Ok((server.answered("/user/login", 200).await? == 2).then_some(()))).await?;
        assert_eq!(server.answered("/user/register", 201).await?, 1, "the guest is used again");
        demonstrated(page).await?;

        page.follow("Home").await?;
        until("the guest to be deleted", async || Ok((server.answered("/user/delete", 204).await? == 1).then_some(()))).await
    })
    .await
}

#[tokio::test]
async fn the_demonstration_does_not_measure_a_session_that_was_revoked_or_a_page_that_is_offline() -> Result {
    scenario("demonstration-revoked", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        for (failure, said) in [("Revoke session on server", "Session revoked"), ("Invalidate refresh token", "Refresh token invalidated")]
        {
            page.press(failure).await?;
            page.shows(said).await?;
            page.press("Run the demonstration").await?;
            let [ours, _] = demonstrated(page).await?;
            assert_eq!((ours[0], ours[2]), (20, 1), "requests and refreshes with the library after “{failure}”");
        }
        page.press("Go offline").await?;
        page.press("Run the demonstration").await?;
        page.shows("Can't reach the server. Try again later.").await?;
        let figures = "return [...document.querySelectorAll('[data-testid=figures] td')].every(cell => cell.innerText === '–')";
        assert_eq!(page.script(figures).await?, true, "nothing is compared");
        page.press("Go offline").await?;
        page.hides("Can't reach the server").await
    })
    .await
}

#[tokio::test]
async fn in_forced_colours_the_current_link_and_a_pressed_button_can_be_told() -> Result {
    scenario("forced-colours", &[], async |Context { page, .. }: &mut Context| {
        page.force_colours().await?;
        at_the_controls(page).await?;
        page.press("Go offline").await?;
        let current = "return [...document.querySelectorAll('.top nav a')].map(link => \
            (getComputedStyle(link).borderBottomWidth === '2px') === (link.ariaCurrent === 'page'))";
        assert_eq!(page.script(current).await?, serde_json::json!([true, true]));
        let pressed = "return [...document.querySelectorAll('[aria-pressed]')].map(button => \
            (getComputedStyle(button).outlineStyle === 'solid') === (button.ariaPressed === 'true'))";
        assert_eq!(page.script(pressed).await?, serde_json::json!([true, true]));
        let bar = "const colour = of => getComputedStyle(document.querySelector(of)).backgroundColor; return colour('.band') !== colour('.band-left')";
        assert_eq!(page.script(bar).await?, true);
        page.screenshot("forced-colours").await
    })
    .await
}

#[tokio::test]
async fn a_guest_is_deleted_when_the_document_is_left() -> Result {
    scenario("guest-unloaded", &[], async |Context { server, page }: &mut Context| {
        at_the_controls(page).await?;
        page.burst(1).await?;
        page.open("/healthz").await?;
        until("the guest to be deleted", async || Ok((server.answered("/user/delete", 204).await? == 1).then_some(()))).await?;
        let sessions = "return Object.keys(localStorage).filter(key => key.startsWith('wugan:'))";
        assert_eq!(page.script(sessions).await?, serde_json::json!([]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_guest_that_its_page_could_not_delete_is_deleted_by_the_next_inspector() -> Result {
    scenario("guest-left", &[], async |Context { server, page }: &mut Context| {
        let is_forgotten = async |page: &Page| {
            let forgotten = "return Object.keys(localStorage).length === 0";
            until("the guest to be forgotten", async || Ok((page.script(forgotten).await? == true).then_some(()))).await
        };
        // The first document's last request is refused, the second's is not sent.
        for (nth, failure) in (1..).zip(["Invalidate access token", "Go offline"]) {
            page.open("/inspector").await?;
            page.burst(1).await?;
            page.press(failure).await?;
            page.shows(if nth == 1 { "Access token invalidated" } else { "This page is offline" }).await?;
            page.reload().await?;
            until("the guest to be deleted", async || Ok((server.answered("/user/delete", 204).await? == nth).then_some(()))).await?;
            is_forgotten(page).await?;
        }
        // A killed tab gets no such event.
        page.add_preload_script("addEventListener('pagehide', event => event.stopImmediatePropagation())").await?;
        page.open("/inspector").await?;
        page.burst(2).await?;
        // A second tab leaves the first one's guest alone, and deletes it when that tab is gone.
        let first = page.tab().await?;
        let second = page.open_tab("/inspector").await?;
        page.shows("Run the demonstration").await?;
        page.go_to(&first).await?;
        assert_eq!(page.burst(2).await?, Summary { answered: 2, failed: 0, refreshes: 0 });
        assert_eq!(server.answered("/user/delete", 204).await?, 2);
        page.close_tab().await?;
        page.go_to(&second).await?;
        page.reload().await?;
        until("the guest to be deleted", async || Ok((server.answered("/user/delete", 204).await? == 3).then_some(()))).await?;
        is_forgotten(page).await?;
        assert_eq!(page.burst(2).await?.answered, 2);
        assert_eq!(server.answered("/user/register", 201).await?, 4, "a new guest");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_from_the_back_forward_cache_has_a_new_guest() -> Result {
    scenario("guest-bfcache", &[], async |Context { server, page }: &mut Context| {
        at_the_controls(page).await?;
        page.burst(1).await?;
        page.script("addEventListener('pageshow', event => window.wasKept = event.persisted)").await?;
        page.open("/healthz").await?;
        until("the guest to be deleted", async || Ok((server.answered("/user/delete", 204).await? == 1).then_some(()))).await?;
        page.driver().back().await?;
        until("the page to be shown again", async || Ok(page.script("return window.wasKept ?? null").await?.as_bool())).await?;
        assert_eq!(page.burst(2).await?, Summary { answered: 2, failed: 0, refreshes: 0 });
        assert_eq!(server.answered("/user/register", 201).await?, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_demonstration_and_the_guests_failures_leave_a_signed_in_users_session_alone() -> Result {
    scenario("guest-apart", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        let before = page.record().await?;
        page.follow("Inspector").await?;
        page.press("Run the demonstration").await?;
        demonstrated(page).await?;
        page.simulate_failures().await?;
        page.press("Invalidate refresh token").await?;
        page.shows("Refresh token invalidated").await?;
        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        assert_eq!(page.burst(4).await?.failed, 4, "the guest's session has ended");
        assert_eq!(page.record().await?, before);
        page.wait_until_signed_in("ada").await?;
        page.arrives_at("/inspector").await?;
        // The guest signs in again.
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 });
        assert_eq!(server.answered("/user/register", 201).await?, 2, "Ada's and the guest's");
        page.follow("Account").await?;
        page.shows("Member since").await
    })
    .await
}

#[tokio::test]
async fn a_users_own_session_is_used_only_if_chosen() -> Result {
    scenario("own-session", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.choose_own_session().await?;
        page.shows("You may be signed out.").await?;
        page.press("Revoke session on server").await?;
        page.shows("Session revoked on the server").await?;
        page.press("Send").await?;
        page.arrives_at("/sign-in").await?;
        page.shows("Your session has ended").await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.arrives_at("/inspector").await?;
        page.shows("You may be signed out.").await?;
        page.follow("Guest session").await?;
        page.shows("a temporary guest session only").await
    })
    .await
}

#[tokio::test]
async fn a_count_of_0_of_1001_and_of_text_is_refused_at_the_field() -> Result {
    scenario("count", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        for count in ["0", "1001", "1 001", "many", ""] {
            page.fill("Requests", count).await?;
            page.press("Send").await?;
            page.shows_field_error("Requests", "Enter a number from 1 to 1000.").await?;
            assert_eq!(page.focused().await?, "Requests");
            page.fill("Requests", "1").await?;
            page.press("Send").await?;
            page.hides("Enter a number").await?;
            page.summary(1).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_thousand_requests_are_answered_after_one_refresh_and_the_server_is_not_reported_as_down() -> Result {
    scenario("thousand", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        page.fill("Requests", "1000").await?;
        page.press("Send").await?;
        // Two thousand responses of a debug build over six connections may take longer than the timeout: waits as long as more arrive.
        let (mut come, mut ended) = (0, 0);
        while ended < 1000 {
            let more = async || {
                let mut figures = [0; 3];
                for (figure, name) in figures.iter_mut().zip(["401s", "Succeeded", "Failed"]) {
                    *figure = number(page, name).await?.unwrap_or(0);
                }
                let [refused, answered, failed] = figures;
                Ok((refused + answered + failed > come).then_some((refused + answered + failed, answered + failed)))
            };
            (come, ended) = until("more responses", more).await?;
        }
        assert_eq!(page.summary(1000).await?, Summary { answered: 1000, failed: 0, refreshes: 1 });
        assert!(!page.text().await?.contains("Can't reach the server"), "the server was up all the time");
        page.shows("earlier").await?;
        page.screenshot("inspector-thousand").await
    })
    .await
}

#[tokio::test]
async fn the_public_and_the_guarded_route_are_both_there() -> Result {
    scenario("routes", &[], async |Context { server, page }: &mut Context| {
        at_the_controls(page).await?;
        page.burst(2).await?;
        page.script("const route = document.getElementById('route'); route.value = '/aaa'; route.dispatchEvent(new Event('change', { bubbles: true }))")
            .await?;
        page.burst(3).await?;
        assert_eq!((server.answered("/bbb", 200).await?, server.answered("/aaa", 200).await?), (2, 3));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn claims_are_shown_on_request_and_a_token_never_is() -> Result {
    scenario("claims", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.choose_own_session().await?;
        page.burst(4).await?;
        assert!(!page.text().await?.contains("userId"), "the claims are hidden");
        page.press("Show claims").await?;
        until("the claims", async || Ok(page.text_of("claims").await?.contains("\"ada\"").then_some(()))).await?;
        let html = page.script("return document.documentElement.outerHTML").await?;
        let record = page.record().await?;
        for part in record.access_token()?.split('.') {
            assert!(!html.as_str().is_some_and(|html| html.contains(part)), "a part of the token is in the page");
        }
        page.press("Hide claims").await?;
        page.hides("userId").await?;

        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        page.press("Show claims").await?;
        page.shows("No readable claims").await?;
        // The next request renews the token, and the claims follow.
        page.burst(1).await?;
        until("the new token's claims", async || Ok(page.text_of("claims").await?.contains("\"ada\"").then_some(()))).await
    })
    .await
}

#[tokio::test]
async fn failures_are_simulated_and_taken_back() -> Result {
    scenario("failures", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        page.shows("No requests yet.").await?;
        page.burst(1).await?;
        page.press("Set clock 2 h ahead").await?;
        // Two hours that pass at once look like a sleep: one refresh may check that the token is still valid.
        let summary = page.burst(4).await?;
        assert!(summary.answered == 4 && summary.refreshes <= 1, "{summary:?}");
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 }, "a wrong clock costs nothing more");
        page.press("Set clock 2 h ahead").await?;
        page.shows("clock is correct again").await?;

        page.press("Go offline").await?;
        assert_eq!(page.burst(4).await?, Summary { answered: 0, failed: 4, refreshes: 0 });
        page.shows("Can't reach the server").await?;
        page.press("Revoke session on server").await?;
        page.shows("Can't reach the server. Try again later.").await?;
        page.press("Go offline").await?;
        page.hides("Can't reach the server").await?;
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 });
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_timeline_is_saved_as_json_without_a_secret() -> Result {
    let downloads = tempfile::tempdir()?;
    let into = [("download.default_directory", downloads.path().to_string_lossy().into())];
    scenario_with_preferences("export", &[], &into, async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.open("/inspector?session=own").await?;
        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        page.burst(3).await?;
        page.press("Save as JSON").await?;
        let file = downloads.path().join("wugan-timeline.json");
        let saved = until("the file", async || Ok(std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty()))).await?;
        let events: serde_json::Value = serde_json::from_str(&saved)?;
        let named = |name: &str| events.as_array().map_or(0, |events| events.iter().filter(|event| event["event"] == name).count());
        assert_eq!((named("settled"), named("refresh_started"), named("refresh_ended")), (3, 1, 1), "{saved}");
        assert!(!saved.contains(page.record().await?.access_token()?), "the token is in the file");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pointing_at_the_picture_describes_the_request() -> Result {
    scenario("pointing", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        page.press("Invalidate access token").await?;
        page.shows("Access token invalidated").await?;
        page.burst(3).await?;
        page.shows("Point at a request").await?;
        let plot = page.driver().find(By::Css(".simulation .wt-lanes")).await?;
        plot.scroll_into_view().await?;
        // The middle of the second of three lanes.
        page.driver().action_chain().move_to_element_center(&plot).perform().await?;
        page.shows(": GET /bbb · sent at ").await
    })
    .await
}

#[tokio::test]
async fn while_requests_are_in_flight_the_other_buttons_do_nothing() -> Result {
    scenario("one-at-a-time", &[], async |Context { page, .. }: &mut Context| {
        at_the_controls(page).await?;
        page.burst(1).await?;
        page.fill("Requests", "2").await?;
        page.hold_requests().await?;
        page.press("Send").await?;
        page.shows("Sending…").await?;
        let refused = "return document.querySelectorAll('main button[aria-disabled=true]').length";
        assert_eq!(page.script(refused).await?, 5, "the demonstration, the burst and three failures");
        page.press("Run the demonstration").await?;
        page.press("Revoke session on server").await?;
        let held = "return window.e2eHeld.length";
        until("the requests", async || Ok((page.script(held).await? == 2).then_some(()))).await?;
        page.hides("Running…").await?;
        page.release_requests().await?;
        page.summary(2).await?;
        page.hides("Sending…").await?;
        // Announced once, when all requests have ended.
        until("the summary", async || Ok(page.text_of("summary").await?.starts_with("2 succeeded").then_some(()))).await
    })
    .await
}

#[tokio::test]
async fn a_guest_that_cannot_be_registered_is_reported() -> Result {
    scenario("guest-refused", &["--address-limit", "1/1h"], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Inspector").await?;
        page.press("Run the demonstration").await?;
        page.shows("Too many attempts. Try again in ").await
    })
    .await
}

#[tokio::test]
async fn on_a_phone_the_picture_comes_before_the_controls() -> Result {
    scenario("inspector-phone", &[], async |Context { page, .. }: &mut Context| {
        page.resize(360).await?;
        at_the_controls(page).await?;
        page.press("Run the demonstration").await?;
        demonstrated(page).await?;
        let order = "const top = selector => document.querySelector(selector).getBoundingClientRect().top; \
            return [top('.comparison'), top('.simulation summary'), top('.simulation .wt-lanes'), top('.simulation input')]";
        let tops: Vec<f64> = serde_json::from_value(page.script(order).await?)?;
        assert!(tops.is_sorted(), "{tops:?}");
        Ok(())
    })
    .await
}
