//! Records violations, which no client may cause: two exchanges at once, early refreshes, expired tokens, tokens for other users or origins.

use super::{
    dpop,
    in_flight::InFlight,
    state::{Inner, Server},
};
use crate::message::Incoming;
use std::{
    cell::Cell,
    rc::{Rc, Weak},
};

/// How long a client waits for new tokens at least, in milliseconds.
const MIN_REFRESH_WAIT: f64 = 9_000.0;

/// By how much a client may be wrong about the age of a token, in milliseconds, besides the latency: `Date` has whole seconds.
const DATE_RESOLUTION: f64 = 1_500.0;

/// How long a tab takes to make a proof, in milliseconds.
const MAX_PROOF_TIME: f64 = 10.0;

/// How many messages a request takes whose proof is refused twice.
const MAX_MESSAGES: f64 = 6.0;

/// Lives as long as the tab waits for new tokens.
pub(crate) struct RefreshGuard {
    server: Weak<Inner>,
    refresh: Rc<InFlight>,
}

impl RefreshGuard {
    /// A response or a network error reached the tab.
    pub(crate) fn answered(&self, is_delivered: bool) {
        self.refresh.is_answered.set(true);
        self.refresh.is_delivered.set(is_delivered);
    }
}

impl Drop for RefreshGuard {
    fn drop(&mut self) {
        let refresh = &self.refresh;
        refresh.is_done.set(true);
        let Some(server) = self.server.upgrade().map(Server) else { return };
        server.0.monitor.ended.borrow_mut().insert(refresh.tab, (refresh.clone(), server.now()));
        let waited = server.now() - refresh.started;
        if !refresh.is_answered.get() && !refresh.is_interrupted.get() && waited < MIN_REFRESH_WAIT {
            server.violation("a refresh was abandoned before its timeout");
        }
        if !refresh.is_delivered.get()
            && let Some((session, _)) = refresh.exchange
        {
            server.0.sessions.borrow_mut()[session].duplicate_allowed = true;
        }
    }
}

impl Server {
    /// What clients did that no client may do: two refreshes at once or for one rotation, one that was not due or was abandoned, a
    /// token that expired, belongs to another user or backend or went to another origin, a request that was sent more often than its
    /// one replay or with another body.
    ///
    /// A header `x-name` identifies a request, `x-as` names its user, `x-body` is the body that it must have.
    ///
    /// A simulation that ends with violations that were not read here panics.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let violations = self.0.monitor.violations.borrow().clone();
        self.0.monitor.read.set(violations.len());
        violations
    }

    /// The violations that the test has not read.
    pub(crate) fn unread_violations(&self) -> Vec<String> {
        self.0.monitor.violations.borrow().iter().skip(self.0.monitor.read.get()).cloned().collect()
    }

    /// Returns and clears the users whose session was lost because their refresh token was exchanged twice where no client can prevent it.
    #[must_use]
    pub fn take_lost_sessions(&self) -> Vec<String> {
        self.0.monitor.lost.take().into_iter().collect()
    }

    pub(super) fn violation(&self, what: impl Into<String>) {
        let what = what.into();
        if let Some(env) = self.0.env.upgrade() {
            env.note(|| format!("*** {what}"));
        }
        self.0.monitor.violations.borrow_mut().push(what);
    }

    pub(super) fn lose_session(&self, session: usize) {
        let user = self.user_name(session);
        if let Some(env) = self.0.env.upgrade() {
            env.note(|| format!("the session of {user} is lost by a duplicate exchange"));
        }
        self.0.monitor.lost.borrow_mut().insert(user);
    }

    /// Marks the refresh of a tab that was frozen or closed: the tab may not learn its result.
    pub(crate) fn mark_interrupted(&self, tab: usize) {
        let mut sessions = self.0.sessions.borrow_mut();
        let in_flight = self.0.monitor.in_flight.borrow();
        for refresh in in_flight.iter().filter(|refresh| refresh.tab == tab && !refresh.is_done.get()) {
            refresh.is_interrupted.set(true);
            if let Some((session, _)) = refresh.exchange {
                sessions[session].duplicate_allowed = true;
            }
        }
    }

    /// Allows every session a duplicate exchange: a tab was closed whose last write has not reached the other tabs, and its lock is free before
    /// they can read its tokens.
    pub(crate) fn allow_duplicate(&self) {
        self.0.sessions.borrow_mut().iter_mut().for_each(|session| session.duplicate_allowed = true);
    }

    /// Whether a request for new tokens of this tab is in flight.
    pub(crate) fn is_refreshing(&self, tab: usize) -> bool {
        self.0.monitor.in_flight.borrow().iter().any(|refresh| refresh.tab == tab && !refresh.is_done.get())
    }

    /// Whether a refresh of this session is in flight whose tab was interrupted.
    pub(super) fn has_interrupted_refresh(&self, session: usize) -> bool {
        let in_flight = self.0.monitor.in_flight.borrow();
        in_flight.iter().any(|refresh| {
            refresh.exchange.is_some_and(|exchange| exchange.0 == session) && refresh.is_interrupted.get() && !refresh.is_done.get()
        })
    }

    /// Registers a request for new tokens. Only one for each refresh token may be in flight among the tabs that run.
    pub(crate) fn start_refresh(&self, tab: usize, awake_for: f64, incoming: &mut Incoming) -> Option<RefreshGuard> {
        if !incoming.is_refresh() {
            return None;
        }
        let exchange = incoming.refresh_token().and_then(|token| self.parse_refresh_token(&token));
        incoming.is_allowed_duplicate = exchange.is_some_and(|(session, _)| self.0.sessions.borrow()[session].duplicate_allowed);
        let no = || Cell::new(false);
        let now = self.now();
        let last = self.0.monitor.ended.borrow_mut().remove(&tab);
        let is_repeated = |(ended, at): &(Rc<InFlight>, f64)| ended.exchange == exchange && now - at <= MAX_PROOF_TIME;
        let repeated = last.filter(|last| incoming.header("dpop").is_some() && is_repeated(last));
        // While it was suspended, the tab made a proof and its deadline passed.
        let was_suspended = awake_for <= MAX_PROOF_TIME && incoming.header("dpop").is_some();
        let is_interrupted = was_suspended || repeated.as_ref().is_some_and(|(first, _)| first.is_interrupted.get());
        let refresh = Rc::new(InFlight {
            tab,
            exchange,
            started: repeated.map_or(now, |(first, _)| first.started),
            is_answered: no(),
            is_delivered: no(),
            is_done: no(),
            is_interrupted: Cell::new(is_interrupted),
        });
        let mut in_flight = self.0.monitor.in_flight.borrow_mut();
        in_flight.retain(|refresh| !refresh.is_done.get());
        let other = in_flight.iter().find(|other| !other.is_interrupted.get() && other.exchange == exchange).map(|other| other.tab);
        if let Some(other) = other.filter(|_| !self.0.allows_duplicates.get()) {
            self.violation(format!("tab {tab} refreshes while tab {other} does"));
        }
        in_flight.push(refresh.clone());
        Some(RefreshGuard { server: Rc::downgrade(&self.0), refresh })
    }

    /// Records a violation if a request has a token of which its client must know that it has expired, as far as latency and the resolution of
    /// `Date` allow.
    pub(crate) fn check_token_age(&self, incoming: &Incoming, awake_for: f64) {
        let Some(access) = self.access_token(incoming).and_then(|(_, token)| self.0.access.borrow().get(token).copied()) else { return };
        let is_allowed = self.0.sessions.borrow()[access.session].duplicate_allowed || self.0.allows_early_refreshes.get();
        let late = self.now() - access.expires_at;
        // A request whose proof is refused is repeated with the same token, and so is one whose tab thaws while it makes a proof.
        let (is_allowed, messages) = match incoming.header("dpop") {
            Some(_) => (is_allowed || awake_for < MAX_PROOF_TIME + MAX_MESSAGES * self.0.longest_latency.get(), MAX_MESSAGES),
            None => (is_allowed, 1.0),
        };
        if late > messages * self.0.longest_latency.get() + DATE_RESOLUTION && !is_allowed {
            self.violation(format!("a token was sent that expired {late:.0} ms ago"));
        }
    }

    /// Records a violation if a proof lacks a nonce although its tab has read one of this server.
    pub(crate) fn check_nonce(&self, incoming: &Incoming, has_read_nonce: bool) {
        if has_read_nonce && dpop::has_nonce(incoming) == Some(false) {
            self.violation("a proof lacks the nonce that the tab has read");
        }
    }

    /// Checks a request that arrived at a guarded route.
    pub(super) fn check_arrival(&self, incoming: &Incoming, is_accepted: bool) {
        if incoming.has_token && incoming.is_foreign {
            self.violation("a token was sent to another origin");
        }
        if incoming.header("x-body").is_some_and(|expected| expected.as_bytes() != incoming.body) {
            self.violation("a request or its replay arrived with another body than expected");
        }
        let token = self.access_token(incoming).map(|(_, token)| token);
        if let Some(token) = token
            && token
                .rsplit('.')
                .next()
                .and_then(|tail| tail.split_once('-')?.0.parse().ok())
                .is_some_and(|server: usize| server != self.0.number)
        {
            self.violation("an access token of another backend arrived");
        }
        if let Some(access) = token.and_then(|token| self.0.access.borrow().get(token).copied()) {
            if let Some(user) = incoming.header("x-as").filter(|user| !self.is_user(access.session, user)) {
                self.violation(format!("a request of {user} arrived with a token of {}", self.user_name(access.session)));
            }
            let session = &mut self.0.sessions.borrow_mut()[access.session];
            session.early_refresh_allowed |= !is_accepted && session.lineage.generation == access.generation;
        } else if token.is_some() && !is_accepted {
            // Corrupted by the test, so it may be a token of any session.
            self.0.sessions.borrow_mut().iter_mut().for_each(|session| session.early_refresh_allowed = true);
        }
        self.count_arrival(incoming, is_accepted);
    }

    fn count_arrival(&self, incoming: &Incoming, is_accepted: bool) {
        let Some(name) = incoming.header("x-name") else { return };
        let mut arrivals = self.0.monitor.arrivals.borrow_mut();
        let (before, was_refused) = arrivals.get(name).copied().unwrap_or_default();
        if before > 1 || before == 1 && !was_refused {
            self.violation(format!("request {name} arrived more often than its one replay"));
        }
        arrivals.insert(name.to_owned(), (before + 1, !is_accepted));
    }
}
