//! Runs Lighthouse, which loads a page in a Chromium of its own, as a phone with a slow network.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::Result;

/// On a loaded machine the recording of a page load may begin too late, and gives no scores.
const ATTEMPTS: usize = 3;

/// The scores of a page, of 100 points.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Times of loading, simulated from what was measured on this machine.
    pub performance: u64,
    /// What can be checked by a program.
    pub accessibility: u64,
    /// Errors in the console, security, old interfaces.
    pub best_practices: u64,
    /// What search engines need.
    pub seo: u64,
    /// How fast the machine computed meanwhile: a phone has up to 800, an idle desktop computer more than 1000.
    pub machine: u64,
    /// The checks that failed, with their values.
    pub faults: Vec<String>,
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { performance, accessibility, best_practices, seo, machine, .. } = self;
        write!(
            f,
            "performance {performance} (benchmark index {machine}), accessibility {accessibility}, best practices {best_practices}, SEO {seo}"
        )
    }
}

/// Rates the page at this URL.
///
/// # Errors
/// `WUGAN_TEST_LIGHTHOUSE` names no folder with the npm package, or the page cannot be loaded.
pub async fn lighthouse(url: &str) -> Result<Scores> {
    let modules = env::var_os("WUGAN_TEST_LIGHTHOUSE").map(PathBuf::from);
    let modules = modules.ok_or("WUGAN_TEST_LIGHTHOUSE names no node_modules with lighthouse; `cargo xtask test e2e` fetches it")?;
    let mut problem = String::new();
    for _ in 0..ATTEMPTS {
        match report(&modules, url).await {
            Ok(report) => match scores(&report) {
                Some(scores) => return Ok(scores),
                None => problem = report["runtimeError"]["message"].to_string(),
            },
            Err(error) => problem = format!("{error:?}"),
        }
    }
    Err(format!("lighthouse gave no scores of {url}: {problem}").into())
}

async fn report(modules: &Path, url: &str) -> Result<Value> {
    let temporary = TempDir::with_prefix("wugan-browser-")?;
    // A file: after an error Lighthouse ends before a pipe has taken the whole report.
    let report = temporary.path().join("report.json");
    let mut lighthouse = Command::new("node");
    lighthouse
        .arg(modules.join("lighthouse/cli/index.js"))
        .args([url, "--quiet", "--output=json", "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage"])
        .arg("--output-path")
        .arg(&report)
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = lighthouse.output().await.map_err(|e| format!("node: {e}; `cargo xtask test e2e` installs it"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = fs::read(report).map_err(|e| format!("lighthouse wrote no report: {e}\n{errors}"))?;
    Ok(serde_json::from_slice(&report).map_err(|e| format!("lighthouse: {e}\n{errors}"))?)
}

fn scores(report: &Value) -> Option<Scores> {
    let points = |score: &Value| Some((score.as_f64()? * 100.0).round() as u64);
    let category = |name: &str| points(&report["categories"][name]["score"]);
    let audits = report["audits"].as_object()?.values();
    let failed = audits.filter(|audit| audit["score"].as_f64().is_some_and(|score| score < 0.9));
    let text = |audit: &Value, name: &str| audit[name].as_str().unwrap_or_default().to_owned();
    Some(Scores {
        performance: category("performance")?,
        accessibility: category("accessibility")?,
        best_practices: category("best-practices")?,
        seo: category("seo")?,
        machine: report["environment"]["benchmarkIndex"].as_f64()?.round() as u64,
        faults: failed.map(|audit| format!("{}: {}", text(audit, "title"), text(audit, "displayValue"))).collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::scores;
    use serde_json::json;

    #[test]
    fn scores_and_faults_are_read_from_the_report() {
        let category = |score: f64| json!({ "score": score });
        let report = json!({
            "categories": { "performance": category(0.87), "accessibility": category(1.0), "best-practices": category(0.96), "seo": category(0.29) },
            "environment": { "benchmarkIndex": 812.5 },
            "audits": {
                "a": { "title": "Slow", "displayValue": "3 s", "score": 0.5 },
                "b": { "title": "Good", "score": 1 },
                "c": { "title": "Not applicable", "score": null },
            },
        });
        let scores = scores(&report).unwrap();
        assert_eq!(scores.to_string(), "performance 87 (benchmark index 813), accessibility 100, best practices 96, SEO 29");
        assert_eq!(scores.faults, ["Slow: 3 s"]);
        assert!(super::scores(&json!({ "categories": {} })).is_none(), "a page that could not be loaded");
    }
}
