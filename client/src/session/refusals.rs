//! Which routes refused the token that was renewed for them: the next refresh for them waits.

use super::handle::{Comparison, Session};
use crate::{hash::hash, storage::record::Credential, tokens::Freshness};
use std::time::Duration;

/// A token that was refused right after its renewal is not renewed for another 401 before it has this age. The age doubles with each further
/// refresh whose token is refused too.
pub(super) const FIRST_REFUSAL_PAUSE: Duration = Duration::from_secs(5);
const LAST_REFUSAL_PAUSE: Duration = Duration::from_secs(300);

/// A server that refuses renewed tokens on more routes than this refuses them on all: each further route would cost a refresh.
const MAX_REFUSING_ROUTES: usize = 8;
/// A route is an origin and a path: other origins may have the same path.
pub(crate) type Route<'a> = [&'a str; 2];
/// In place of a route: a connection that the client has not opened.
pub(super) const NO_ROUTE: Route = ["", ""];
/// The number of digits of a hash.
const DIGITS: usize = 16;

impl Session {
    /// The replay with a renewed token was refused too: marks the token and the route, for all tabs. The mark has a key of its own, because
    /// only a holder of the lock may write the record: another tab may just have stored newer tokens in it.
    pub(crate) fn note_refused_replay(&self, refused: &Credential, route: Route) {
        // It may have expired on the way.
        if self.freshness(refused) != Freshness::Fresh {
            return;
        }
        let token = hash(&[&refused.tokens.access_token]);
        let mark = self.refused_mark();
        let is_of_token = mark.starts_with(&token);
        // Routes that refused the token before this one are still refusing: polled in turn, each would else cause a refresh.
        let routes = mark.get(DIGITS..).filter(|_| is_of_token || refused.futile_refreshes > 0).unwrap_or_default();
        let route = Some(hash(&route)).filter(|route| !names_route(routes, route)).unwrap_or_default();
        self.0.refused.set(token + routes + &route);
    }

    /// Whether the replay of a request to this route was refused with this token; `None`: to any route.
    pub(super) fn is_marked_refused(&self, credential: &Credential, route: Option<Route>) -> bool {
        let mark = self.refused_mark();
        mark.starts_with(&hash(&[&credential.tokens.access_token])) && route.is_none_or(|route| names_route(&mark[DIGITS..], &hash(&route)))
    }

    /// The hash of the token that was refused last, and those of the routes.
    fn refused_mark(&self) -> String {
        self.0.refused.get().unwrap_or_default()
    }

    /// How long this token is not renewed for a 401 of this route; `None`: a 401 renews it now. There is such a pause if the route refused the
    /// token right after its renewal. A session without a refresh token has one right after its sign-in: a server that refuses all tokens
    /// would cause sign-ins again and again.
    pub(crate) fn refusal_pause(&self, refused: &Credential, route: Route) -> Option<Duration> {
        let Ok(Comparison::Same(held)) = self.compare_access(refused) else { return None };
        let doubled = FIRST_REFUSAL_PAUSE.saturating_mul(1 << held.futile_refreshes.min(16));
        let left = doubled.min(LAST_REFUSAL_PAUSE).saturating_sub(self.0.transport.clock.age(&held.tokens.issued));
        let is_refused = || self.is_marked_refused(&held, Some(route)) || !self.has_refresh_token(&held);
        (!left.is_zero() && self.freshness(&held) == Freshness::Fresh && is_refused()).then_some(left)
    }
}

/// Whether a route is one of those in a mark.
fn names_route(routes: &str, route: &str) -> bool {
    routes.len() > MAX_REFUSING_ROUTES * DIGITS || routes.as_bytes().chunks(DIGITS).any(|named| named == route.as_bytes())
}
