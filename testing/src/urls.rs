//! URLs as `fetch` resolves them.

use std::{cell::RefCell, collections::HashMap};
use url::Url;
use wugan::platform::Address;

/// The URL of the page that all tabs show.
const PAGE: &str = "https://app.example.com/";

thread_local! {
    static RESOLVED: RefCell<HashMap<String, Option<Address>>> = RefCell::default();
}

/// How many resolved URLs a thread keeps.
const MAX_RESOLVED: usize = 1_000;

/// Resolves a URL as `fetch` does; a relative base belongs to the page. `None`: it is not a URL.
///
/// Results are cached, because parsing takes a large part of the time of a simulated request.
pub(crate) fn resolve(base: &str, url: &str) -> Option<Address> {
    let key = [base, url].join(" ");
    if let Some(known) = RESOLVED.with_borrow(|resolved| resolved.get(&key).cloned()) {
        return known;
    }
    let address = parse(base, url);
    RESOLVED.with_borrow_mut(|resolved| {
        if resolved.len() >= MAX_RESOLVED {
            resolved.clear();
        }
        resolved.insert(key, address.clone());
    });
    address
}

fn parse(base: &str, url: &str) -> Option<Address> {
    let base = if base.contains("://") { base.parse() } else { Url::parse(PAGE).and_then(|page| page.join(base)) };
    let url = base.ok()?.join(url).ok()?;
    Some(Address { origin: url.origin().ascii_serialization(), path: url.path().to_owned(), href: url.into() })
}
