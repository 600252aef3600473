//! The size budget: what visitors download may exceed the figures in `sizes.toml` by 2 %, and no more.

use std::fs;

use crate::bench::{size, visit};
use crate::project;
use crate::step::{Result, failure};
use crate::tally::Count;

/// How much more than the recorded figure is accepted, in hundredths.
const TOLERANCE: usize = 2;

/// Measures, and counts each figure as a test.
pub(crate) fn run() -> Result<Count> {
    let Some(mut measured) = size::added()? else {
        println!("    Sizes depend on switches that this toolchain does not take: the budget is not checked.");
        return Ok(Count { ignored: 1, ..Count::default() });
    };
    measured.push(("first visit".to_owned(), visit::bytes()?));
    let file = project::root().join("sizes.toml");
    let text = fs::read_to_string(&file).map_err(|e| failure(format!("{} can't be read: {e}", file.display())))?;
    let mut count = Count::default();
    for (name, bytes) in measured {
        let verdict = recorded(&text, &name).ok_or_else(|| format!("sizes.toml has no figure for “{name}”, which is {bytes} bytes"));
        match verdict.and_then(|recorded| check(&name, bytes, recorded)) {
            Ok(line) => {
                count.passed += 1;
                println!("    {line}");
            }
            Err(line) => {
                count.failed += 1;
                println!("    FAILED: {line}");
            }
        }
    }
    Ok(count)
}

/// The figure in a line such as `"first visit" = 136600`.
fn recorded(text: &str, name: &str) -> Option<usize> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(&format!("\"{name}\""))?.trim_start().strip_prefix('='))?;
    value.trim().replace('_', "").parse().ok()
}

fn check(name: &str, bytes: usize, recorded: usize) -> std::result::Result<String, String> {
    let limit = recorded + recorded * TOLERANCE / 100;
    if bytes > limit {
        return Err(format!(
            "{name}: {bytes} bytes are {} more than the budget of {limit} ({recorded} in sizes.toml and {TOLERANCE} %). \
             `cargo xtask bench size` and `bench visit` show the parts. To accept the growth, write {bytes} into sizes.toml and say why in the commit.",
            bytes - limit
        ));
    }
    let lower = recorded - recorded * TOLERANCE / 100;
    let hint = if bytes < lower { "; lower the figure in sizes.toml, so that the gain is kept" } else { "" };
    Ok(format!("{name}: {bytes} bytes, at most {limit}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_beyond_the_tolerance_fails_and_says_what_to_do() {
        assert!(check("one GET", 10_200, 10_000).is_ok_and(|line| !line.contains("lower")));
        let failed = check("one GET", 10_201, 10_000).err().unwrap_or_default();
        assert!(["one GET", "10201", "1 more", "10200", "sizes.toml"].iter().all(|part| failed.contains(part)), "{failed}");
        assert!(check("one GET", 9_799, 10_000).is_ok_and(|line| line.contains("lower the figure")));
    }

    #[test]
    fn figures_are_read_by_name() {
        let text = "# one\n\"one GET\" = 40_005\n\"first visit\"=7\n";
        assert_eq!((recorded(text, "one GET"), recorded(text, "first visit"), recorded(text, "visit")), (Some(40_005), Some(7), None));
    }

    #[test]
    fn the_file_has_a_figure_for_each_pair_and_the_app() {
        let text = fs::read_to_string(project::root().join("sizes.toml")).unwrap_or_default();
        for name in size::names().chain(["first visit"]) {
            assert!(recorded(&text, name).is_some(), "{name}");
        }
    }
}
