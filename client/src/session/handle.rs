//! The session: signing in and out, a valid access token, and events.

use crate::{
    error::{Error, SignOutReason},
    grant::{Exchange, RefreshGrant},
    http::header::is_header_value,
    platform::{Guard, PlatformEvent, Storage, random_id::random_id},
    rules::{Rule, is_broken},
    session::{
        backoff::Backoff,
        event::{Event, Fact, RefreshTrigger, TimedEvent},
        events::{EventEmitter, Subscription},
        in_flight::{InFlight, InFlightSlot},
        info::{AuthState, SessionInfo},
        listener::Listener,
    },
    storage::{
        record::{ActiveSession, Credential, Record},
        store::{Change, Held, SessionStore},
        stored_text::StoredText,
    },
    text::contains,
    time::timestamp::{Timestamp, milliseconds},
    tokens::{Freshness, TokenSet, Tokens, User},
    transport::{Transport, without_redirects},
    warning::Warning,
};
use futures::{
    FutureExt,
    channel::oneshot,
    future::{LocalBoxFuture, Shared, poll_fn},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};

/// The storage key of version 0.1.
const OLD_KEY: &str = "wugan.session";

/// While its token is valid, a request waits no longer than this for a newer one.
const MAX_WAIT_WITH_VALID_TOKEN: Duration = Duration::from_secs(3);

/// The session of a [`Client`](crate::Client). Cheap to clone; all clones are the same session.
#[derive(Clone)]
pub struct Session(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) transport: Transport,
    /// Shared by all tabs, or this client's memory.
    pub(crate) storage: Rc<dyn Storage>,
    pub(crate) grant: Box<dyn RefreshGrant>,
    pub(crate) settings: Settings,
    /// The origin of the token endpoint, whose clock counts.
    pub(crate) issuer_origin: String,
    pub(super) backoff: Backoff,
    pub(super) in_flight: InFlightSlot,
    /// The present tokens were stored later than an exchange may take, by a tab that was suspended: another tab may be repeating it.
    pub(super) stored_late: Cell<bool>,
    /// Dropping it cancels the timer of the next background refresh.
    pub(super) timer: RefCell<Option<oneshot::Sender<()>>>,
    /// The session of an earlier version of the library is being taken over.
    pub(super) is_migrating: Cell<bool>,
    pub(super) store: SessionStore,
    pub(crate) events: Rc<EventEmitter>,
    pub(crate) warnings: RefCell<Vec<Warning>>,
    /// The mark of a token that was refused right after its renewal, and of the routes that did.
    pub(super) refused: StoredText,
    /// Woken by the next change of the stored record.
    change_waiters: RefCell<Vec<oneshot::Sender<()>>>,
    _subscription: Guard,
}

/// The builder's settings for a session.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) storage_key: String,
    /// Limits waiting for the session and for a response head.
    pub(crate) timeout: Duration,
    /// Limits one exchange with the token endpoint.
    pub(crate) refresh_timeout: Duration,
    /// How long another tab may hold the lock before it is taken for suspended.
    pub(crate) lock_timeout: Duration,
    /// Whether a visible page renews its token without being asked.
    pub(crate) auto_refresh: bool,
    /// Whether no other tab sees the tokens.
    pub(crate) is_in_memory: bool,
    pub(crate) migration: Option<Migration>,
}

/// The key under which version 0.1 of the library stored this backend's session, and the function that takes it over. A pointer, so that
/// an app that does not migrate does not download that function.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) key: String,
    pub(crate) start: fn(&Session, &str),
}

/// The held tokens compared with those of an earlier moment, in the same session.
pub(crate) enum Comparison {
    Same(Credential),
    Newer(Credential),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.0.store.held()).finish()
    }
}

impl Session {
    pub(crate) fn open(
        transport: Transport,
        storage: Rc<dyn Storage>,
        grant: Box<dyn RefreshGrant>,
        settings: Settings,
        issuer: String,
        issuer_origin: String,
    ) -> Session {
        let platform = transport.platform.clone();
        let inner = Rc::new_cyclic(|weak: &Weak<Inner>| {
            let weak = weak.clone();
            let notify = move |event| {
                if let Some(inner) = weak.upgrade() {
                    Session(inner).on_platform_event(event);
                }
            };
            Inner {
                backoff: Backoff::new(platform.clone(), storage.clone(), &settings.storage_key),
                in_flight: InFlightSlot::default(),
                stored_late: Cell::new(false),
                timer: RefCell::default(),
                is_migrating: Cell::new(false),
                store: SessionStore::new(platform.clone(), storage.clone(), settings.storage_key.clone(), issuer, transport.has_dpop()),
                events: Rc::default(),
                warnings: RefCell::default(),
                refused: StoredText::new(storage.clone(), format!("{}.refused", settings.storage_key)),
                change_waiters: RefCell::default(),
                _subscription: platform.subscribe(&settings.storage_key, Rc::new(notify)),
                issuer_origin,
                transport,
                storage,
                grant,
                settings,
            }
        });
        let session = Session(inner);
        session.sync();
        match &session.0.settings.migration {
            Some(migration) => (migration.start)(&session, &migration.key),
            None if session.held().is_none() && session.sign_out_reason().is_none() && session.has_old_record() => {
                session.warn(Warning::NotMigrated)
            }
            None => {}
        }
        session.schedule_refresh();
        session
    }

    /// Whether version 0.1 of this library has left a session. Not parsed, because this is all that an app without migration downloads.
    fn has_old_record(&self) -> bool {
        let record = self.0.storage.get(OLD_KEY).ok().flatten();
        self.0.settings.storage_key != OLD_KEY && record.is_some_and(|text| contains(&text, "refresh_token"))
    }

    /// Starts a session with tokens that a server has just granted; it replaces any present one, whose refresh token stays valid at its
    /// server until it expires: [`sign_out`](Self::sign_out) first, if it is to be revoked.
    ///
    /// [`RequestBuilder::sign_in`](crate::RequestBuilder::sign_in) does this with the response to a request.
    pub fn sign_in(&self, tokens: TokenSet) {
        self.begin(None, tokens, self.0.transport.clock.now());
    }

    /// Starts a session of this user with tokens that were issued at a known time; `None`: of the user that the access token names.
    pub(crate) fn begin(&self, user: Option<User>, tokens: TokenSet, issued: Timestamp) {
        self.sync();
        self.0.transport.clock.set_server_time(issued);
        let session = self.0.store.next_session_id();
        let mut tokens = Tokens::read(tokens, issued, None, self.random_id());
        tokens.user = user.or(tokens.user);
        let is_bound = self.0.transport.has_dpop();
        self.begin_as(ActiveSession { session, tokens, is_rejected: false, futile_refreshes: 0, rotation: 0, is_bound });
    }

    pub(super) fn begin_as(&self, session: ActiveSession) {
        let session = self.put_active(session);
        self.set_sign_out_mark(false);
        #[cfg(feature = "dpop")]
        self.check_key();
        // Before the listeners are called, because one may panic.
        self.schedule_refresh();
        self.emit(&Fact::SignedIn { user: &session.tokens.user, other_tab: false });
    }

    /// Ends the session, in this and all other tabs, at once. A revocation request is sent in the background. Without a session it does
    /// so only if a cookie could still [start one](crate::Client::resume), or while a session is [taken over](crate::ClientBuilder::migrate_from).
    pub fn sign_out(&self) {
        match self.current() {
            Some(held) => {
                self.end(&held.session, SignOutReason::ByUser);
                self.revoke(held.tokens.refresh_token.as_deref(), &held.tokens.attempt, self.queue_for_cookie_lock(), true);
            }
            None if self.may_resume() || self.0.is_migrating.get() => {
                self.end(&self.0.store.next_session_id(), SignOutReason::ByUser);
                self.revoke(None, "", self.queue_for_cookie_lock(), true);
            }
            None => {}
        }
    }

    /// Tells the server in the background that the session of this refresh token has ended: with a proof, if the token is bound to a key. The
    /// lock is kept until the server has answered.
    pub(crate) fn revoke(&self, refresh_token: Option<&str>, attempt: &str, lock: Option<Guard>, is_bound: bool) {
        let exchange = Exchange { refresh_token: refresh_token.unwrap_or_default(), attempt };
        let has_token = refresh_token.is_some() || self.has_cookie();
        let revoke = if has_token { self.0.grant.revoke(&exchange) } else { None };
        if let Some(request) = revoke.map(|request| self.0.transport.with_defaults(without_redirects(request.keepalive()))) {
            let inner = self.0.clone();
            self.0.transport.platform.spawn(Box::pin(async move {
                if let Ok(address) = inner.transport.token_address(&request) {
                    let sending: LocalBoxFuture<'_, _> = if cfg!(feature = "dpop") && is_bound {
                        Box::pin(inner.transport.fetch_once(&request, &address, None))
                    } else {
                        inner.transport.send_authorized(&request, request.parts.body.build(), &address, None, None)
                    };
                    // If it fails, the session expires on the server.
                    let _ = inner.transport.within(Some(inner.settings.refresh_timeout), sending).await;
                }
                drop(lock);
            }));
        }
    }

    /// Renews the tokens now, or joins the refresh in flight. A refresh goes on if the caller stops waiting.
    ///
    /// # Errors
    /// As [`token`](Self::token); [`Error::SignedOut`] with [`SignOutReason::NeverSignedIn`] if there is no session.
    pub async fn refresh(&self) -> Result<(), Error> {
        let held = self.current().ok_or_else(|| Error::SignedOut(self.sign_out_reason().unwrap_or(SignOutReason::NeverSignedIn)))?;
        self.within_timeout(self.newer_than(&held, RefreshTrigger::Manual)).await?;
        Ok(())
    }

    /// A snapshot of the session. Reads the storage and asks no server.
    #[must_use]
    pub fn info(&self) -> SessionInfo {
        let held = self.current();
        let tokens = held.as_ref().map(|held| &held.tokens);
        let lifetime = tokens.and_then(|tokens| Some(milliseconds(tokens.lifetime? * 1_000.0)));
        SessionInfo {
            state: self.state(held.as_ref()),
            user: tokens.and_then(|tokens| tokens.user.clone()),
            expires_in: tokens.and_then(|tokens| tokens.remaining(&self.0.transport.clock)),
            lifetime,
            refresh_margin: tokens.filter(|_| lifetime.is_some()).map(Tokens::refresh_margin),
            warnings: self.0.warnings.borrow().clone(),
        }
    }

    pub(crate) fn state(&self, held: Option<&Credential>) -> AuthState {
        held.map_or_else(|| AuthState::SignedOut { reason: self.sign_out_reason() }, |_| AuthState::SignedIn)
    }

    /// As in [`info`](Self::info), for code that needs no more of it.
    #[cfg(feature = "leptos")]
    pub(crate) fn expires_in(&self) -> Option<Duration> {
        self.current()?.tokens.remaining(&self.0.transport.clock)
    }

    /// As in [`info`](Self::info), for code that needs no more of it.
    #[cfg(feature = "leptos")]
    pub(crate) fn present_warnings(&self) -> Vec<Warning> {
        self.sync();
        self.0.warnings.borrow().clone()
    }

    /// Calls a listener for each event from now on, and at once for each present warning. It may call anything, also what causes
    /// further events, which are delivered after the current one.
    pub fn on_event(&self, listener: impl Fn(&TimedEvent) + 'static) -> Subscription {
        let at = self.0.transport.platform.monotonic();
        let warnings = self.0.warnings.borrow().iter().map(|warning| TimedEvent { at, event: Event::Warning(warning.clone()) }).collect();
        Listener::subscribe(&self.0.events, Box::new(listener), warnings)
    }

    pub(crate) async fn within_timeout<T>(&self, future: impl Future<Output = Result<T, Box<Error>>>) -> Result<T, Box<Error>> {
        self.0.transport.within(Some(self.0.settings.timeout), Box::pin(future)).await
    }

    /// The held credential, renewed ahead of its expiry.
    pub(crate) async fn valid_token(&self, held: Credential) -> Result<Credential, Box<Error>> {
        match self.freshness(&held) {
            Freshness::Fresh if self.is_being_replaced(&held) => self.renew(held, Some(Duration::MAX)).await,
            Freshness::Fresh => Ok(held),
            _ if is_broken(Rule::RefreshAhead) => Ok(held),
            Freshness::ExpiringSoon(remaining) => self.renew(held, Some(remaining)).await,
            Freshness::Expired => self.renew(held, None).await,
        }
    }

    /// Whether a server has refused the token, and it is being renewed for that reason.
    pub(crate) fn is_being_replaced(&self, held: &Credential) -> bool {
        let is_refused = |in_flight: &InFlight| in_flight.trigger.get() == RefreshTrigger::Unauthorized;
        let in_flight = self.0.in_flight.borrow();
        in_flight.as_ref().is_some_and(|in_flight| is_refused(in_flight) && in_flight.stale.is_same_exchange(held))
    }

    /// Renews a credential that is valid for this long, or has expired. Boxed, because it is rare: a smaller future for each request.
    fn renew(&self, held: Credential, remaining: Option<Duration>) -> LocalBoxFuture<'_, Result<Credential, Box<Error>>> {
        Box::pin(async move {
            if let Some(remaining) = remaining {
                // The token is still valid, so a slow or failing refresh must not stop the request.
                let wait = MAX_WAIT_WITH_VALID_TOKEN.min(remaining / 2);
                let _ = self.0.transport.within(Some(wait), Box::pin(self.newer_than(&held, RefreshTrigger::Due))).await;
            }
            let best = self.latest_of(&held)?;
            if self.freshness(&best) == Freshness::Expired { self.newer_than(&best, RefreshTrigger::Due).await } else { Ok(best) }
        })
    }

    /// Whether a token should be renewed. One that is younger than an exchange may take is not renewed ahead of its expiry: the
    /// request of another tab that exchanged its predecessor may still be on its way to the server.
    pub(crate) fn freshness(&self, held: &Credential) -> Freshness {
        match held.tokens.freshness(&self.0.transport.clock) {
            // No header can carry it.
            _ if !is_header_value(&held.tokens.access_token) && self.is_renewable(held) => Freshness::Expired,
            Freshness::ExpiringSoon(_) if self.0.transport.clock.age(&held.tokens.issued) < self.min_age_for_early_refresh() => {
                Freshness::Fresh
            }
            freshness => freshness,
        }
    }

    /// The age from which a token may be renewed ahead of its expiry.
    pub(super) fn min_age_for_early_refresh(&self) -> Duration {
        self.0.settings.refresh_timeout.saturating_add(Duration::from_secs(1))
    }

    /// Whether there is something to renew the session with.
    pub(crate) fn is_renewable(&self, held: &Credential) -> bool {
        !held.is_rejected && self.has_refresh_token(held)
    }

    pub(super) fn has_refresh_token(&self, held: &Credential) -> bool {
        held.tokens.refresh_token.is_some() || self.has_cookie()
    }

    /// Whether the refresh token is in a cookie that this client may use.
    pub(crate) fn has_cookie(&self) -> bool {
        !self.0.grant.needs_refresh_token() && !self.0.store.is_of_later_version()
    }

    /// The present credential of the same session.
    pub(crate) fn latest_of(&self, held: &Credential) -> Result<Credential, Box<Error>> {
        let (Comparison::Same(latest) | Comparison::Newer(latest)) = self.compare_access(held)?;
        Ok(latest)
    }

    /// Compares access tokens: which token should a request be sent with?
    pub(crate) fn compare_access(&self, old: &Credential) -> Result<Comparison, Box<Error>> {
        self.compare(old, |held, old| held.tokens.access_token == old.tokens.access_token)
    }

    /// Compares exchanges: is this one still to be made?
    pub(super) fn compare_refresh(&self, old: &Credential) -> Result<Comparison, Box<Error>> {
        self.compare(old, ActiveSession::is_same_exchange)
    }

    fn compare(&self, old: &Credential, is_same: fn(&ActiveSession, &ActiveSession) -> bool) -> Result<Comparison, Box<Error>> {
        self.sync();
        match self.0.store.held() {
            Held::SignedOut(reason) => Err(Error::SignedOut(reason.unwrap_or(SignOutReason::OtherTab)).into()),
            Held::SignedIn(held) if held.session != old.session => Err(Error::SessionChanged.into()),
            Held::SignedIn(held) if is_same(&held, old) => Ok(Comparison::Same(held)),
            Held::SignedIn(held) => Ok(Comparison::Newer(held)),
        }
    }

    /// Stores the tokens of a refresh.
    pub(super) fn replace_tokens(&self, old: &Credential, tokens: TokenSet, issued: Timestamp, renewed_for_401: bool) -> Credential {
        // Random, not derived from the id of this exchange: a thief that copied that one must not know the next.
        let tokens = Tokens::read(tokens, issued, Some(&old.tokens), self.random_id());
        let changed_user = tokens.user != old.tokens.user;
        let futile_refreshes =
            if renewed_for_401 { old.futile_refreshes.saturating_add(u32::from(self.is_marked_refused(old, None))) } else { 0 };
        let (session, rotation, is_bound) = (old.session.clone(), old.rotation.saturating_add(1), old.is_bound);
        let new = self.put_active(ActiveSession { session, tokens, is_rejected: false, futile_refreshes, rotation, is_bound });
        if changed_user {
            self.emit(&Fact::UserChanged(&new.tokens.user));
        }
        self.schedule_refresh();
        new
    }

    /// The session cannot be renewed. It ends now if its access token was refused or has expired, else when that expires. When it ends, a
    /// revocation request with the rejected token is sent: a server that recognises the token ends the session of a thief that exchanged it.
    /// A cookie is not revoked: it may be that of a later session.
    pub(super) fn reject(&self, held: &Credential, trigger: RefreshTrigger) -> Error {
        let reason = if self.has_refresh_token(held) { SignOutReason::Rejected } else { SignOutReason::Expired };
        let remaining = held.tokens.remaining(&self.0.transport.clock);
        if trigger == RefreshTrigger::Unauthorized || remaining == Some(Duration::ZERO) {
            self.end(&held.session, reason);
            if self.0.grant.needs_refresh_token() {
                self.revoke(held.tokens.refresh_token.as_deref(), &held.tokens.attempt, None, true);
            }
            return Error::SignedOut(reason);
        }
        if self.is_renewable(held) {
            let mut session = ActiveSession::clone(held);
            session.is_rejected = true;
            self.put_active(session);
            self.schedule_refresh();
        }
        Error::NotRenewable { valid_for: remaining }
    }

    pub(crate) fn end(&self, session: &str, reason: SignOutReason) {
        self.put(Record::Ended { session: session.to_owned(), reason });
        if reason == SignOutReason::ByUser {
            self.set_sign_out_mark(true);
        }
        #[cfg(feature = "dpop")]
        if reason == SignOutReason::KeyLost {
            self.drop_cached_key();
        }
        self.schedule_refresh();
        self.emit(&Fact::SignedOut(reason));
    }

    /// The held credential after reading the storage.
    pub(crate) fn current(&self) -> Option<Credential> {
        self.sync();
        self.held()
    }

    /// The held credential without reading the storage.
    pub(crate) fn held(&self) -> Option<Credential> {
        match self.0.store.held() {
            Held::SignedIn(held) => Some(held),
            Held::SignedOut(_) => None,
        }
    }

    pub(crate) fn sign_out_reason(&self) -> Option<SignOutReason> {
        if let Held::SignedOut(reason) = self.0.store.held() { reason } else { None }
    }

    /// Reads the storage, and adopts and reports what changed there.
    pub(crate) fn sync(&self) {
        let Some(change) = self.0.store.sync() else { return };
        if let Change::Warning(warning) = change {
            return self.warn(warning);
        }
        // Before the listeners are called, because one may panic.
        self.wake_change_waiters();
        self.schedule_refresh();
        match change {
            Change::SignedIn => {
                #[cfg(feature = "dpop")]
                {
                    self.drop_cached_key();
                    self.check_key();
                }
                if let Some(held) = self.held() {
                    self.emit(&Fact::SignedIn { user: &held.tokens.user, other_tab: true });
                }
            }
            Change::SignedOut(reason) => {
                #[cfg(feature = "dpop")]
                self.drop_cached_key();
                self.emit(&Fact::SignedOut(reason));
            }
            Change::EndedUnbound(unbound) => self.revoke(unbound.tokens.refresh_token.as_deref(), &unbound.tokens.attempt, None, false),
            Change::Adopted { changed_user } => {
                let held = self.held();
                if let Some(held) = &held {
                    self.note_storing(&held.tokens.issued);
                }
                self.emit(&Fact::Adopted);
                if let Some(held) = held.filter(|_| changed_user) {
                    self.emit(&Fact::UserChanged(&held.tokens.user));
                }
            }
            Change::Warning(_) => {}
        }
    }

    pub(super) fn note_storing(&self, issued: &Timestamp) {
        self.0.stored_late.set(self.is_late(issued));
    }

    /// Whether the response that was sent at this time arrives after the timeout of a refresh. If so, this tab was suspended, and another tab may
    /// have repeated the exchange.
    pub(crate) fn is_late(&self, sent_at: &Timestamp) -> bool {
        self.0.transport.clock.age(sent_at) > self.0.settings.refresh_timeout
    }

    pub(super) fn put_active(&self, session: ActiveSession) -> Credential {
        let credential = Rc::new(session);
        self.put(Record::Active(credential.clone()));
        credential
    }

    pub(super) fn put(&self, record: Record) {
        match self.0.store.put(record) {
            Ok(()) => self.end_warnings(Warning::ends_with_a_write),
            Err(warning) => self.warn(warning),
        }
        self.wake_change_waiters();
    }

    /// Completes at the next change of the record.
    pub(super) async fn changed(&self) {
        let (sender, changed) = oneshot::channel();
        self.0.change_waiters.borrow_mut().push(sender);
        let _ = changed.await;
    }

    fn wake_change_waiters(&self) {
        for waiter in self.0.change_waiters.take() {
            let _ = waiter.send(());
        }
    }

    pub(crate) fn random_id(&self) -> String {
        random_id(&self.0.transport.platform)
    }

    fn on_platform_event(&self, event: PlatformEvent) {
        self.sync();
        if event == PlatformEvent::Stored {
            return;
        }
        if let Some(held) = self.held() {
            self.0.backoff.skip(&held.exchange_id());
        }
        self.schedule_refresh();
    }

    /// Reports a warning once.
    pub(crate) fn warn(&self, warning: Warning) {
        if !self.0.warnings.borrow().contains(&warning) {
            if warning.ends_with_a_recognized_response() {
                // Only the latest reason is of interest.
                self.end_warnings(Warning::ends_with_a_recognized_response);
            }
            self.0.warnings.borrow_mut().push(warning.clone());
            self.emit(&Fact::Warning(&warning));
        }
    }

    pub(super) fn end_warnings(&self, ends: fn(&Warning) -> bool) {
        self.0.warnings.borrow_mut().retain(|warning| !ends(warning));
    }

    /// A future to be shared. Its events are delivered when it is not being polled.
    pub(crate) fn shared<T: Clone + 'static>(&self, mut future: LocalBoxFuture<'static, T>) -> Shared<LocalBoxFuture<'static, T>> {
        let events = self.0.events.clone();
        let polling = poll_fn(move |context| events.defer(|| future.as_mut().poll(context)));
        polling.boxed_local().shared()
    }

    pub(crate) fn emit(&self, fact: &Fact<'_>) {
        let platform = &self.0.transport.platform;
        if self.0.events.emit(platform.monotonic(), fact) {
            let events = self.0.events.clone();
            platform.spawn(Box::pin(async move { events.deliver_deferred() }));
        }
    }
}
