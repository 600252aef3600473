//! Makes the page smaller: without comments and indentation. Trunk's `minify` does more, but it writes media queries and scripts that the
//! browsers before 2023 cannot read, whose users must at least get the page's message.

use std::fs;
use std::path::Path;

use crate::compress::read;
use crate::shorten;
use crate::step::{Result, failure};

/// Shortens the page in a file.
pub(crate) fn shorten(file: &Path) -> Result<()> {
    fs::write(file, shortened(&text(file)?)).map_err(|e| failure(format!("{} can't be written: {e}", file.display())))
}

/// Whether `trunk serve` has put its script into the page, which reloads the page after each build.
pub(crate) fn reloads(file: &Path) -> Result<bool> {
    Ok(text(file)?.contains(".well-known/trunk/ws"))
}

fn text(file: &Path) -> Result<String> {
    String::from_utf8(read(file)?).map_err(|_| failure(format!("{} is not UTF-8", file.display())))
}

/// The page must have no element whose line breaks or indentation are shown, such as `pre`.
fn shortened(html: &str) -> String {
    let mut parts = html.split("<!--");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| kept.push_str(part.split_once("-->").map_or("", |(_, after)| after)));
    // Comments in scripts and styles take whole lines, also the first one of a style that trunk has inserted.
    shorten::script(&kept.replace("<style>", "<style>\n"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{reloads, shortened};
    use std::fs;

    #[test]
    fn the_page_of_a_development_server_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("index.html");
        for (script, expected) in [("const url = protocol + '://' + address + base + '.well-known/trunk/ws';", true), ("init();", false)] {
            fs::write(&page, format!("<script>{script}</script>")).unwrap();
            assert_eq!(reloads(&page).unwrap(), expected, "{script}");
        }
    }

    #[test]
    fn comments_and_indentation_are_removed() {
        let html = "<p>\n    <!-- one\n  two -->\n  a <b>b</b> <!-- c --> d\n</p>\n<style>/* e */\n  p {\n  }\n</style><!-- not closed";
        assert_eq!(shortened(html), "<p>\na <b>b</b>  d\n</p>\n<style>\np {\n}\n</style>\n");
    }
}
