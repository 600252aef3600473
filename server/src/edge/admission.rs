//! Limits how many requests of a client network are in flight, by class of route.
//!
//! A connection has one request in flight, and connections are limited by network. So a client that connects directly is limited here only
//! where the limit is lower than that of connections. Clients behind a trusted proxy share its connections, and are limited here for each
//! class.

use super::route::Class;
use wugan_axum::Quota;

/// How many requests of a class may be in flight for one network. Not fewer for passwords, although few are hashed at a time: a client that
/// never sends its bodies would keep the others of its network from signing in.
const MAX_PER_NETWORK: usize = 256;

/// The requests in flight, by class.
pub(super) struct Admission([Quota; 3]);

impl Admission {
    /// With at most this many requests of a class in flight for all networks together.
    pub(super) fn new(max: usize) -> Self {
        Self([(); 3].map(|()| Quota::new(max, MAX_PER_NETWORK)))
    }

    /// The quota that a request needs a permit of, if there is one. Other requests of a direct client need none: they cost little, and
    /// their connections are counted.
    pub(super) fn quota(&self, class: Class, is_proxied: bool) -> Option<&Quota> {
        (class != Class::Other || is_proxied).then(|| &self.0[class as usize])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_33_requests_in_flight_are_limited_by_class_and_network() {
        let admission = Admission::new(1000);
        let [a, b] = [1, 2].map(|n| Some([203, 0, 113, n].into()));
        let mut held = Vec::new();
        for class in [Class::Password, Class::Refresh, Class::Other] {
            let quota = admission.quota(class, true).unwrap();
            held.extend((0..MAX_PER_NETWORK).map(|_| quota.take(a).unwrap()));
            assert!(quota.take(a).is_none(), "{class:?}: a network's bound");
            assert!(quota.take(b).is_some(), "{class:?}: another network");
            let direct = admission.quota(class, false).map(|quota| quota.take(a).is_some());
            assert_eq!(direct, (class != Class::Other).then_some(false), "{class:?}: a direct connection");
        }
    }
}
