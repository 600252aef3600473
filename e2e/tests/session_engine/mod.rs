//! The session engine in a real browser: what the simulator cannot show. A test's name begins with its case, its row in docs/cases.md.
//! The server is strict: a refresh token works once, and a second use ends the session.

mod network;
mod store;
mod tabs;

use wugan_e2e::{Page, Refreshes, Result, Server, Summary, until};

const STRICT: [&str; 2] = ["--reuse-leeway", "0s"];
const STRICT_AND_SHORT: [&str; 4] = ["--reuse-leeway", "0s", "--access-ttl", "2s"];

const REFRESH: &str = "/user/refresh";
const GUARDED: &str = "/bbb";

const ALL_ANSWERED: Summary = Summary { answered: 4, failed: 0, refreshes: 1 };

/// One rotation, whose answer was repeated this number of times, and no refusal.
fn one_rotation(repeated: u64) -> Refreshes {
    Refreshes { rotated: 1, repeated, refused: 0, revoked: 0 }
}

/// Corrupts the stored access token and sends requests with it, which the server refuses.
async fn send_with_a_corrupt_token(page: &Page) -> Result {
    page.store_record(&page.record().await?.with_corrupt_access_token()?).await?;
    page.press("Send").await
}

/// Sends bursts until one is answered completely: after an outage, the pause must end first.
async fn until_answered(page: &Page) -> Result {
    until("a burst that is answered", async || Ok((page.burst(4).await?.answered == 4).then_some(()))).await
}

/// Sends bursts until the server has made this number of rotations. All requests are answered.
async fn outlive_tokens(page: &Page, server: &Server, many: u64) -> Result {
    until("the refreshes", async || {
        let summary = page.burst(4).await?;
        assert_eq!((summary.answered, summary.failed), (4, 0));
        Ok((server.refreshes().await?.rotated >= many).then_some(()))
    })
    .await?;
    let refreshes = server.refreshes().await?;
    assert_eq!(refreshes, Refreshes { rotated: refreshes.rotated, repeated: 0, refused: 0, revoked: 0 });
    Ok(())
}
