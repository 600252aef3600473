//! Lighthouse on the pages that a visitor sees first: accessibility, best practices and SEO have at least 95 of 100 points. The performance
//! is printed: it depends on the machine and on what else runs on it.

use wugan_e2e::{Result, Server, lighthouse};

async fn check_scores(path: &str) -> Result {
    let server = Server::start(&[]).await?;
    let scores = lighthouse(&format!("{}{path}", server.url())).await?;
    println!("Lighthouse, {path}: {scores}");
    let rated = [scores.accessibility, scores.best_practices, scores.seo];
    if rated.iter().all(|score| *score >= 95) { Ok(()) } else { Err(format!("{path}: {scores}\n{}", scores.faults.join("\n")).into()) }
}

#[tokio::test]
async fn the_home_page_has_good_scores() -> Result {
    check_scores("/").await
}

#[tokio::test]
async fn the_inspector_has_good_scores() -> Result {
    check_scores("/inspector").await
}

/// Its report, larger than a pipe takes at once, is read to the end.
#[tokio::test]
async fn a_page_that_does_not_load_fails_with_the_reason() -> Result {
    let error = lighthouse("http://127.0.0.1:9/").await.err().ok_or("a page was loaded from a port without a server")?;
    if format!("{error:?}").contains("Chrome prevented page load") { Ok(()) } else { Err(error) }
}
