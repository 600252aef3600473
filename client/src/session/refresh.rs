//! The shared refresh: one exchange of tokens, a futures `Shared` that all waiters clone. It is spawned, so it completes even if every
//! waiter is dropped.

use crate::{
    error::Error,
    grant::{Exchange, RefreshOutcome, TokenResponse},
    http::header::is_header_value,
    platform::within,
    rules::{Rule, is_broken},
    session::{
        event::{Fact, RefreshResult, RefreshTrigger},
        handle::{Comparison, Session},
        in_flight::{InFlight, SharedRefresh},
    },
    storage::{
        lock::{self, Lock, STORE_LAG},
        record::{ActiveSession, Credential},
    },
    time::{date::parse_retry_after, timestamp::Timestamp},
    tokens::{Freshness, TokenSet, stored::names_another_user},
    transport::send_once::{UNSENDABLE_TOKEN, issued_at, without_redirects},
    warning::Warning,
};
use futures::{
    FutureExt,
    future::{Either, ready, select},
};
use std::{cell::Cell, rc::Rc, time::Duration};

/// How often a waiter reads the storage, in case no event announced a change.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// When a page is closed or reloaded, its requests fail as if the server could not be reached. Such a page is gone before this time has
/// passed, so it stores no pause for which the next page would have to wait.
const UNLOAD_TIME: Duration = Duration::from_millis(100);

/// How often a waiter starts over because the token that it waited for has expired too: it was suspended meanwhile, or the server
/// issues tokens that have expired already.
const MAX_ROUNDS: usize = 4;

/// After an access token that cannot be sent: the server has to be repaired, and each exchange is a rotation.
const UNSENDABLE_PAUSE: Duration = Duration::from_secs(60);

/// What an answer of the token endpoint, or its absence, means; when it was sent; and how long the server asks to wait.
type Answer = (RefreshOutcome, Timestamp, Option<Duration>);

/// What the waiters of a refresh receive, and what an event tells.
type Ended = (Result<Credential, Box<Error>>, RefreshResult);

impl Session {
    /// A credential newer than `stale` that has not expired: one that is stored already, or the result of the shared refresh.
    pub(crate) async fn newer_than(&self, stale: &Credential, trigger: RefreshTrigger) -> Result<Credential, Box<Error>> {
        let newer = self.renewed(stale, trigger).await;
        self.0.events.deliver();
        newer
    }

    /// As [`newer_than`](Self::newer_than), but calls no listeners: a task of its own does.
    pub(crate) async fn renewed(&self, stale: &Credential, trigger: RefreshTrigger) -> Result<Credential, Box<Error>> {
        let mut newer = self.join_or_start(stale, trigger).await;
        for _ in 0..MAX_ROUNDS {
            match &newer {
                // Another tab keeps the access token if its successor cannot be sent, and stores a pause. Without one, the server has
                // granted the same access token again.
                Ok(next)
                    if self.freshness(next) == Freshness::Expired
                        || next.tokens.access_token == stale.tokens.access_token && self.failures(next) > 0 =>
                {
                    newer = self.join_or_start(next, RefreshTrigger::Due).await;
                }
                _ => break,
            }
        }
        newer
    }

    fn join_or_start(&self, stale: &Credential, trigger: RefreshTrigger) -> SharedRefresh {
        let finished = |result| ready(result).boxed_local().shared();
        let current = match self.compare_access(stale) {
            Ok(Comparison::Same(current)) => current,
            Ok(Comparison::Newer(newer)) if is_broken(Rule::CompareBeforeRefresh) => newer,
            Ok(Comparison::Newer(newer)) => return finished(Ok(newer)),
            Err(error) => return finished(Err(error)),
        };
        if let Some(in_flight) = &*self.0.in_flight.borrow()
            && in_flight.stale.is_same_exchange(&current)
            && !is_broken(Rule::SingleFlight)
            && let Some(shared) = in_flight.shared.upgrade()
        {
            if trigger == RefreshTrigger::Unauthorized {
                in_flight.trigger.set(trigger);
            }
            return shared;
        }
        self.start(current, trigger)
    }

    fn start(&self, stale: Credential, trigger: RefreshTrigger) -> SharedRefresh {
        let trigger = Rc::new(Cell::new(trigger));
        let (session, from, why) = (self.clone(), stale.clone(), trigger.clone());
        let refresh = async move {
            let result = session.run(&from, &why).await;
            session.0.in_flight.borrow_mut().take_if(|in_flight| Rc::ptr_eq(&in_flight.trigger, &why));
            result
        };
        let shared = self.shared(refresh.boxed_local());
        if let Some(shared) = shared.downgrade() {
            self.0.in_flight.replace(Some(InFlight { stale, trigger, shared }));
        }
        if !is_broken(Rule::IndependentWaiters) {
            self.0.transport.platform.spawn(shared.clone().map(drop).boxed_local());
        }
        shared
    }

    /// One refresh, from the lock to the storage.
    async fn run(&self, stale: &Credential, trigger: &Cell<RefreshTrigger>) -> Result<Credential, Box<Error>> {
        if !self.is_renewable(stale) {
            return Err(self.reject(stale, trigger.get()).into());
        }
        if let Some(retry_after) = self.0.backoff.remaining(&stale.exchange_id()) {
            return Err(Error::Unavailable { retry_after }.into());
        }
        self.emit(&Fact::RefreshStarted(trigger.get()));
        if self.0.stored_late.get() {
            // Another tab that was suspended too may have stored the same successor with another attempt id.
            self.wait_for_store_lag().await;
        }
        let failures = self.failures(stale);
        let lock = self.acquire_lock(stale).await;
        // Compared again under the lock: another tab may have made the exchange, or failed to.
        let (result, event) = match self.compare_refresh(stale) {
            Ok(Comparison::Newer(newer)) if !is_broken(Rule::SingleFlight) => (Ok(newer), RefreshResult::Adopted),
            Ok(Comparison::Same(_)) if self.failures(stale) > failures => {
                let retry_after = self.0.backoff.remaining(&stale.exchange_id()).unwrap_or_default();
                unavailable(retry_after, "another tab could not renew the session".to_owned())
            }
            Ok(Comparison::Same(current) | Comparison::Newer(current)) => {
                let answer = self.exchange(&current).await;
                let committed = self.commit(&current, trigger, answer, &lock).await;
                self.release(lock);
                committed
            }
            Err(error) => (Err(error), RefreshResult::Discarded),
        };
        self.emit(&Fact::RefreshEnded(&event));
        result
    }

    /// Waits for the lock while the exchange is still to be made. `None`: it no longer is, or there are no locks.
    async fn acquire_lock(&self, stale: &Credential) -> Option<Rc<Lock>> {
        if is_broken(Rule::CrossTabLock) {
            return None;
        }
        let mut name = self.0.settings.storage_key.clone();
        if self.0.grant.needs_refresh_token() {
            name = name + ":" + &stale.exchange_id();
        }
        let lock = lock::acquire(&self.0.transport.platform, name, self.0.settings.lock_timeout);
        match select(lock, self.superseded(stale).boxed_local()).await {
            Either::Left((Some(lock), _)) => Some(lock),
            Either::Left((None, _)) => {
                self.wait_for_store_lag().await;
                None
            }
            Either::Right(_) => None,
        }
    }

    /// Without locks, two tabs may have received the same tokens and stored them with different attempt ids. When the later write is
    /// visible in every tab, all send the same id.
    async fn wait_for_store_lag(&self) {
        loop {
            self.sync();
            // Since the record changed here, not since the tokens were issued: a suspended tab stores them late.
            let left = STORE_LAG.saturating_sub(self.0.store.unchanged_for());
            if left.is_zero() {
                return;
            }
            self.0.transport.platform.sleep(left).await;
        }
    }

    fn failures(&self, stale: &Credential) -> u32 {
        self.0.backoff.failures(&stale.exchange_id())
    }

    /// Completes when another tab, or another client in this page, has stored something newer or failed to make the exchange.
    async fn superseded(&self, stale: &Credential) {
        let failures = self.failures(stale);
        while matches!(self.compare_refresh(stale), Ok(Comparison::Same(_))) && self.failures(stale) <= failures {
            self.change_or_poll().await;
        }
    }

    /// Completes at the next change of the record, or when it is time to read the storage.
    pub(crate) async fn change_or_poll(&self) {
        let _ = within(&self.0.transport.platform, POLL_INTERVAL, Box::pin(self.changed())).await;
    }

    /// Sends the exchange once. Any result but a verdict of the token endpoint is `Unavailable`.
    async fn exchange(&self, current: &Credential) -> Box<Answer> {
        let (transport, grant) = (&self.0.transport, &self.0.grant);
        let exchange =
            Exchange { refresh_token: current.tokens.refresh_token.as_deref().unwrap_or_default(), attempt: &current.tokens.attempt };
        let request = transport.with_defaults(without_redirects(grant.refresh(&exchange)));
        let begun = transport.clock.now();
        let asking = async {
            let address = transport.token_address(&request)?;
            let mut response = transport.fetch_once(&request, &address, Some(&|| self.is_needed(current, &begun))).await?;
            let retry_after = response.header("retry-after").and_then(|value| parse_retry_after(&value, response.sent_at()));
            response.buffer().await?;
            let outcome = self.parse(&TokenResponse::new(&response));
            Ok(Box::new((outcome, issued_at(&response, request.may_be_cached()), retry_after)))
        };
        match transport.within(Some(self.0.settings.refresh_timeout), Box::pin(asking)).await {
            Ok(answer) => {
                match &answer.0 {
                    RefreshOutcome::Granted(_) => {
                        transport.clock.set_server_time(answer.1);
                        self.end_warnings(Warning::ends_with_a_recognized_response);
                    }
                    RefreshOutcome::Rejected => {}
                    RefreshOutcome::Unavailable(reason) => self.warn(Warning::UnrecognizedResponse(reason.clone())),
                }
                answer
            }
            Err(_) if is_broken(Rule::RejectedIsNotUnreachable) => Box::new((RefreshOutcome::Rejected, begun, None)),
            Err(error) => {
                #[cfg(feature = "dpop")]
                self.note_failed_exchange(current, &error);
                transport.platform.sleep(UNLOAD_TIME).await;
                Box::new((RefreshOutcome::Unavailable(error.to_string()), begun, None))
            }
        }
    }

    /// Reads the answer to a sign-in. No session begins with a token that cannot be sent.
    pub(crate) fn parse_sign_in(&self, answer: &TokenResponse<'_>) -> RefreshOutcome {
        match self.parse(answer) {
            RefreshOutcome::Granted(tokens) if !is_header_value(&tokens.access_token) => {
                RefreshOutcome::Unavailable(UNSENDABLE_TOKEN.into())
            }
            outcome => outcome,
        }
    }

    /// Keeps the refresh token of an answer whose access token cannot be sent: the former one has been exchanged. Returns the pause.
    fn keep_refresh_token(&self, stale: &Credential, granted: TokenSet) -> Duration {
        let mut session = ActiveSession::clone(stale);
        session.rotation = session.rotation.saturating_add(1);
        if granted.refresh_token.is_some() && granted.refresh_token != session.tokens.refresh_token {
            session.tokens.refresh_token = granted.refresh_token;
            session.tokens.attempt = self.random_id();
        }
        self.warn(Warning::UnrecognizedResponse(UNSENDABLE_TOKEN.into()));
        // Stored before the record: a tab that reads the record must find the pause.
        let retry_after = self.0.backoff.start(&session.exchange_id(), Some(UNSENDABLE_PAUSE));
        self.put_active(session);
        retry_after
    }

    /// Reads the answer to a refresh or a sign-in. With DPoP, tokens that are not bound to the key are not accepted (RFC 9449 §5).
    pub(crate) fn parse(&self, answer: &TokenResponse<'_>) -> RefreshOutcome {
        let outcome = self.0.grant.parse(answer);
        #[cfg(feature = "dpop")]
        if matches!(outcome, RefreshOutcome::Granted(_)) && self.0.transport.has_dpop() && !answer.is_of_type("DPoP") {
            return RefreshOutcome::Unavailable(
                "the token type is not DPoP: the server ignores proofs, or a proxy removes them".to_owned(),
            );
        }
        outcome
    }

    /// Revokes the tokens in an answer to a sign-in that starts no session.
    #[cfg(any(feature = "dpop", feature = "oidc"))]
    pub(crate) fn revoke_unused(&self, answer: &TokenResponse<'_>, lock: &Option<Rc<Lock>>) {
        if let RefreshOutcome::Granted(tokens) = self.0.grant.parse(answer) {
            let (lock, is_bound) = (Box::new(lock.clone()), answer.is_of_type("DPoP"));
            self.revoke(tokens.refresh_token.as_deref(), &self.random_id(), Some(lock), is_bound);
        }
    }

    /// Whether an exchange that was begun then is still to be sent: its deadline has not passed, and no other tab has made it.
    fn is_needed(&self, current: &Credential, begun: &Timestamp) -> bool {
        let is_in_time = self.0.transport.clock.age(begun) < self.0.settings.refresh_timeout;
        is_in_time && matches!(self.compare_refresh(current), Ok(Comparison::Same(_)))
    }

    /// Acts on the result of an exchange, if its session is still there and no other tab has exchanged the refresh token.
    async fn commit(&self, stale: &Credential, trigger: &Cell<RefreshTrigger>, answer: Box<Answer>, lock: &Option<Rc<Lock>>) -> Ended {
        if matches!(answer.0, RefreshOutcome::Rejected) {
            // Another tab's new tokens may still be on their way to this tab: a rejection counts only if none have arrived by then.
            let _ = within(&self.0.transport.platform, STORE_LAG, Box::pin(self.superseded(stale))).await;
        }
        let comparison =
            if is_broken(Rule::RefreshBelongsToSession) { Ok(Comparison::Same(stale.clone())) } else { self.compare_refresh(stale) };
        let (outcome, sent_at, retry_after) = *answer;
        if matches!(outcome, RefreshOutcome::Granted(_)) {
            self.note_storing(&sent_at);
        }
        let stale = match comparison {
            Err(error) => {
                if let RefreshOutcome::Granted(tokens) = outcome {
                    self.revoke_discarded(Some(&stale.tokens), &tokens, &sent_at, lock);
                }
                return (Err(error), RefreshResult::Discarded);
            }
            Ok(Comparison::Newer(newer)) => return (Ok(newer), RefreshResult::Adopted),
            Ok(Comparison::Same(current)) => current,
        };
        match outcome {
            RefreshOutcome::Granted(tokens) if !is_header_value(&tokens.access_token) => {
                unavailable(self.keep_refresh_token(&stale, tokens), UNSENDABLE_TOKEN.into())
            }
            RefreshOutcome::Granted(tokens) => {
                if !self.0.grant.needs_refresh_token() && names_another_user(&tokens.access_token, &stale.tokens) {
                    // Another user signed in where this client could not see it, and the cookie is that user's.
                    self.begin(None, tokens, sent_at);
                    return (Err(Error::SessionChanged.into()), RefreshResult::Discarded);
                }
                let renewed_for_401 = trigger.get() == RefreshTrigger::Unauthorized;
                (Ok(self.replace_tokens(&stale, tokens, sent_at, renewed_for_401)), RefreshResult::Granted)
            }
            RefreshOutcome::Rejected => (Err(self.reject(&stale, trigger.get()).into()), RefreshResult::Rejected),
            RefreshOutcome::Unavailable(reason) => unavailable(self.0.backoff.start(&stale.exchange_id(), retry_after), reason),
        }
    }
}

fn unavailable(retry_after: Duration, reason: String) -> Ended {
    (Err(Error::Unavailable { retry_after }.into()), RefreshResult::Unavailable { retry_after, reason })
}
