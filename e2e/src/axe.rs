//! Checks the current page with axe-core: all rules, including the target size (WCAG 2.2 AA, 2.5.8), which is off by default.

use std::env;
use std::path::PathBuf;

use serde_json::Value;

use crate::{Page, Result};

/// Returns a text for each violation: the rule and the elements that break it.
const RUN: &str = "const done = arguments[arguments.length - 1];\
    axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } }).then(\
        ({ violations }) => done(violations.map(({ id, help, nodes }) =>\
            `${id}: ${help}` + nodes.map(({ html, failureSummary }) => `\\n    ${html}\\n      ${failureSummary}`).join(''))),\
        (error) => done([String(error)]))";

impl Page {
    /// Checks that axe-core finds no violation on the page.
    ///
    /// # Errors
    /// The violations with their elements; or `WUGAN_TEST_AXE` names no script.
    pub async fn check_accessible(&self) -> Result {
        if !self.script("return typeof axe === 'object'").await?.as_bool().unwrap_or(false) {
            let script = env::var_os("WUGAN_TEST_AXE")
                .map(PathBuf::from)
                .ok_or("WUGAN_TEST_AXE names no axe.min.js; `cargo xtask test e2e` fetches it")?;
            self.script(&std::fs::read_to_string(&script).map_err(|e| format!("{}: {e}", script.display()))?).await?;
        }
        let violations = self.driver().execute_async(RUN, Vec::<Value>::new()).await?;
        let violations: Vec<&str> = violations.json().as_array().ok_or("axe returned no list")?.iter().filter_map(Value::as_str).collect();
        if violations.is_empty() { Ok(()) } else { Err(violations.join("\n").into()) }
    }
}
