//! The inspector: every control does what it says, and what happened is told in pictures, numbers and words.

use thirtyfour::By;
use wugan_e2e::{Page, Result, Stage, Summary, scenario, until};

/// Opens the inspector as somebody who has just signed up.
async fn at_the_inspector(page: &Page) -> Result {
    page.sign_up("ada").await?;
    // What the home page still asked for would be told here.
    until("the guarded answer", async || Ok((page.text_of("/bbb").await? == "bbb").then_some(()))).await?;
    page.follow("Inspector").await?;
    page.field("Requests").await.map(drop)
}

/// The numbers below a picture, by their names: the first table is ours, the second the naive way's.
async fn number(page: &Page, table: usize, name: &str) -> Result<Option<u64>> {
    let script = format!(
        "const term = [...document.querySelectorAll('.numbers')[{table}]?.querySelectorAll('dt') ?? []].find(dt => dt.innerText === '{name}');\
         return Number(term?.nextElementSibling.innerText)"
    );
    Ok(page.script(&script).await?.as_u64())
}

#[tokio::test]
async fn a_thousand_requests_are_answered_after_one_refresh_and_nobody_blames_the_server() -> Result {
    scenario("thousand", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.press("Spoil access token").await?;
        page.fill("Requests", "1000").await?;
        page.press("Send").await?;
        // Two thousand answers of a server built for debugging, by six connections, take their time: as long as more come, all is well.
        let (mut come, mut ended) = (0, 0);
        while ended < 1000 {
            let more = async || {
                let mut figures = [0; 3];
                for (figure, name) in figures.iter_mut().zip(["Refused (401)", "Answered", "Failed"]) {
                    *figure = number(page, 0, name).await?.unwrap_or(0);
                }
                let [refused, answered, failed] = figures;
                Ok((refused + answered + failed > come).then_some((refused + answered + failed, answered + failed)))
            };
            (come, ended) = until("more answers", more).await?;
        }
        assert_eq!(page.summary(1000).await?, Summary { answered: 1000, failed: 0, refreshes: 1 });
        assert!(!page.text().await?.contains("The server cannot be reached"), "it was there all the time");
        page.shows("earlier").await?;
        page.screenshot("inspector-thousand").await
    })
    .await
}

#[tokio::test]
async fn the_naive_way_refreshes_for_each_request_and_leaves_nothing_behind() -> Result {
    scenario("compare", &[], async |Stage { server, page }: &mut Stage| {
        at_the_inspector(page).await?;
        page.fill("Requests", "6").await?;
        page.press("Compare with the naive way").await?;
        page.shows("The naive way").await?;
        until("both to end", async || {
            let ended = [number(page, 0, "Requests").await?, number(page, 1, "Requests").await?];
            Ok((ended == [Some(6), Some(6)]).then_some(()))
        })
        .await?;
        until("the second account to be deleted", async || Ok((server.answered("/user/delete", 204).await? == 1).then_some(()))).await?;
        assert_eq!(number(page, 0, "Refreshes").await?, Some(1));
        let theirs = number(page, 1, "Refreshes").await?.unwrap_or(0);
        assert!(theirs > 1, "the naive way refreshed {theirs} times");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn claims_are_shown_when_asked_for_and_a_token_never_is() -> Result {
    scenario("claims", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.burst(4).await?;
        assert!(!page.text().await?.contains("userId"), "nobody has asked for the claims");
        page.press("Show claims").await?;
        until("the claims", async || Ok(page.text_of("claims").await?.contains("\"ada\"").then_some(()))).await?;
        let html = page.script("return document.documentElement.outerHTML").await?;
        let record = page.record().await?;
        for part in record.access_token()?.split('.') {
            assert!(!html.as_str().is_some_and(|html| html.contains(part)), "a part of the token is in the page");
        }
        page.press("Hide claims").await?;
        page.hides("userId").await?;

        page.press("Spoil access token").await?;
        page.press("Show claims").await?;
        page.shows("this token is spoiled").await?;
        // The next request mends it, and what is shown follows.
        page.burst(1).await?;
        until("the new token's claims", async || Ok(page.text_of("claims").await?.contains("\"ada\"").then_some(()))).await
    })
    .await
}

#[tokio::test]
async fn trouble_is_made_and_mended() -> Result {
    scenario("make-trouble", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.shows("Nothing has happened yet.").await?;
        page.press("Clock wrong").await?;
        // Two hours that pass at once look like a sleep: it may be seen to that the token is still good, once.
        let summary = page.burst(4).await?;
        assert!(summary.answered == 4 && summary.refreshes <= 1, "{summary:?}");
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 }, "a wrong clock costs nothing more");
        page.press("Clock wrong").await?;
        page.shows("clock is right again").await?;

        page.press("Go offline").await?;
        assert_eq!(page.burst(4).await?, Summary { answered: 0, failed: 4, refreshes: 0 });
        page.shows("The server cannot be reached").await?;
        page.press("Go offline").await?;
        page.hides("The server cannot be reached").await?;
        assert_eq!(page.burst(4).await?, Summary { answered: 4, failed: 0, refreshes: 0 });

        page.press("End session on server").await?;
        page.shows("this page does not know it yet").await?;
        page.press("Send").await?;
        page.arrives_at("/sign-in").await?;
        page.shows("Your session was ended").await
    })
    .await
}

#[tokio::test]
async fn what_happened_is_saved_as_json_without_a_secret() -> Result {
    scenario("export", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.press("Spoil access token").await?;
        page.burst(3).await?;
        // The file is caught on its way to the disk.
        page.script("window.saved = null; URL.createObjectURL = blob => { blob.text().then(text => window.saved = text); return '#' }")
            .await?;
        page.press("Save as JSON").await?;
        let saved = until("the file", async || Ok(page.script("return window.saved").await?.as_str().map(str::to_owned))).await?;
        let events: serde_json::Value = serde_json::from_str(&saved)?;
        let named = |name: &str| events.as_array().map_or(0, |events| events.iter().filter(|event| event["event"] == name).count());
        assert_eq!((named("settled"), named("refresh_started"), named("refresh_ended")), (3, 1, 1), "{saved}");
        assert!(!saved.contains(page.record().await?.access_token()?), "the token is in the file");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn pointing_at_the_picture_tells_of_the_lane_and_of_what_crosses_it() -> Result {
    scenario("pointing", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.press("Spoil access token").await?;
        page.burst(3).await?;
        page.shows("Point at a lane").await?;
        let plot = page.driver().find(By::Css(".wt-plot")).await?;
        plot.scroll_into_view().await?;
        // In the middle of the second of three lanes; wherever that is in time.
        page.driver().action_chain().move_to_element_center(&plot).perform().await?;
        page.shows(": GET /bbb · sent at ").await
    })
    .await
}

#[tokio::test]
async fn one_burst_at_a_time_and_a_name_for_what_is_under_way() -> Result {
    scenario("one-at-a-time", &[], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.fill("Requests", "2").await?;
        page.holds_answers().await?;
        page.press("Send").await?;
        page.shows("Sending…").await?;
        page.press("Compare with the naive way").await?;
        page.press("End session on server").await?;
        page.press("End session on server").await?;
        // Two of the burst's, and one that asks for the sessions.
        let held = "return window.e2eHeld.length";
        until("three requests", async || Ok((page.script(held).await? == 3).then_some(()))).await?;
        page.hides("Setting up a second account").await?;
        page.lets_answers_through().await?;
        // Those, and the one that ended the session, once: the comparison was never begun.
        page.summary(4).await?;
        page.hides("Sending…").await?;
        // It is said once, when all is over.
        until("the summary", async || Ok(page.text_of("summary").await?.starts_with("4 answered").then_some(()))).await
    })
    .await
}

#[tokio::test]
async fn why_the_second_account_cannot_be_made_is_told() -> Result {
    scenario("compare-refused", &["--address-limit", "1/1h"], async |Stage { page, .. }: &mut Stage| {
        at_the_inspector(page).await?;
        page.press("Compare with the naive way").await?;
        page.shows("Too many tries. Please try again in ").await
    })
    .await
}
