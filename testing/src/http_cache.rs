//! The HTTP cache of the browser. It answers GET and HEAD with what the server sent, its old `Date` included and without an `Age`
//! (RFC 9111 §4 requires `Age` of every cache; browsers do not add it).

use crate::message::Reply;
use std::{cell::RefCell, collections::BTreeMap};

#[derive(Default)]
pub(crate) struct HttpCache(RefCell<BTreeMap<String, CacheEntry>>);

struct CacheEntry {
    reply: Reply,
    fresh_until: f64,
}

impl HttpCache {
    pub(crate) fn get(&self, method: &str, href: &str, now: f64) -> Option<Reply> {
        if method != "GET" && method != "HEAD" {
            return None;
        }
        let entries = self.0.borrow();
        let entry = entries.get(href).filter(|entry| entry.fresh_until > now)?;
        let mut reply = entry.reply.clone();
        if method == "HEAD" {
            reply.body.clear();
        }
        Some(reply)
    }

    /// Stores a successful response to a GET that names a `max-age`.
    pub(crate) fn store(&self, method: &str, href: &str, reply: &Reply, now: f64) {
        let max_age = reply.header("cache-control").and_then(|value| value.strip_prefix("max-age=")?.parse::<f64>().ok());
        if let Some(max_age) = max_age.filter(|_| method == "GET" && reply.status == 200) {
            let entry = CacheEntry { reply: reply.clone(), fresh_until: now + max_age * 1_000.0 };
            self.0.borrow_mut().insert(href.to_owned(), entry);
        }
    }
}
