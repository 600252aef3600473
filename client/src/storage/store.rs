//! The session in memory, in step with the stored record.
//!
//! The storage is read before every decision, so nothing depends on an event arriving: from another tab, from another client in this
//! page, or after the page came back from the back/forward cache. A changed text is adopted, unless it was written by a tab that had not
//! read the latest sign-in, refresh or sign-out yet. Records have an order: a later session comes after an earlier one, later tokens of a
//! session after earlier ones, and its end after its tokens. A tab that reads a record earlier than its own writes its own again.

use crate::{
    error::SignOutReason,
    platform::{Host, Storage, StoreError},
    rules::{Rule, is_broken},
    storage::record::{ActiveSession, Credential, Record, Unreadable, next_session_id},
    time::timestamp::milliseconds,
    warning::Warning,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

#[derive(Clone, Debug)]
pub(crate) enum Held {
    SignedOut(Option<SignOutReason>),
    SignedIn(Credential),
}

/// What reading the storage changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// Another tab, or another client in this page, signed in.
    SignedIn,
    /// Another tab or client signed out.
    SignedOut(SignOutReason),
    /// This client, which uses DPoP, ended a session whose tokens are not bound to a key.
    EndedUnbound(Credential),
    /// Another tab or client refreshed. The new tokens may name the user differently.
    Adopted {
        changed_user: bool,
    },
    Warning(Warning),
}

pub(crate) struct SessionStore {
    platform: Host,
    storage: Rc<dyn Storage>,
    key: String,
    issuer: String,
    /// Whether this client's tokens are bound to a key.
    is_bound: bool,
    /// The storage has been read.
    is_open: Cell<bool>,
    /// The text that was read or written last.
    last_text: RefCell<Option<String>>,
    held: RefCell<Held>,
    /// The latest session known, active or ended.
    latest_session: RefCell<String>,
    /// When the held record changed, by the monotonic clock.
    changed_at: Cell<f64>,
    /// The storage holds a record of a later version or of another issuer's live session, which is not overwritten: the warning about it.
    foreign: RefCell<Option<Warning>>,
    /// The held session began beside such a record: it was never stored, and no other writer has it.
    is_unstored: Cell<bool>,
}

impl SessionStore {
    pub(crate) fn new(platform: Host, storage: Rc<dyn Storage>, key: String, issuer: String, is_bound: bool) -> SessionStore {
        SessionStore {
            platform,
            storage,
            key,
            issuer,
            is_bound,
            is_open: Cell::new(false),
            last_text: RefCell::new(None),
            held: RefCell::new(Held::SignedOut(None)),
            latest_session: RefCell::default(),
            changed_at: Cell::new(f64::NEG_INFINITY),
            foreign: RefCell::default(),
            is_unstored: Cell::new(false),
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.held.borrow().clone()
    }

    /// Reads the storage and adopts what changed there.
    pub(crate) fn sync(&self) -> Option<Change> {
        let is_opening = !self.is_open.replace(true);
        let text = match self.storage.get(&self.key) {
            Ok(text) => text,
            Err(_) if is_broken(Rule::StorageMayFail) => None,
            Err(_) => return Some(Change::Warning(Warning::StoreDenied)),
        };
        if *self.last_text.borrow() == text {
            return None;
        }
        self.last_text.replace(text.clone());
        self.foreign.take();
        let Some(text) = text else {
            // With the record, the order of sessions is lost: the next record that appears is adopted with any session id.
            self.latest_session.take();
            if is_broken(Rule::StorageMayFail) {
                self.held.replace(Held::SignedOut(None));
            }
            return matches!(self.held(), Held::SignedIn(_)).then_some(Change::Warning(Warning::StoreCleared));
        };
        match Record::read(&text, &self.issuer) {
            Ok(Record::Active(stored)) if stored.is_bound != self.is_bound => self.refuse(stored, is_opening),
            Ok(record) if self.is_stale(&record) => self.restore(),
            Ok(record) => self.adopt(record),
            Err(Unreadable::Damaged) => Some(Change::Warning(Warning::StoreUnreadable)),
            Err(Unreadable::LaterVersion) => Some(self.hand_over(Warning::StoreOfLaterVersion)),
            Err(Unreadable::OtherIssuer) => Some(self.hand_over(Warning::StoreOfOtherBackend)),
            Err(Unreadable::OtherIssuerEnded) => match self.held() {
                Held::SignedIn(_) => self.restore(),
                Held::SignedOut(_) => None,
            },
        }
    }

    /// An id for a new session, later than all that are known.
    pub(crate) fn next_session_id(&self) -> String {
        next_session_id(&self.latest_session.borrow(), self.platform.now(), self.platform.random())
    }

    fn is_stale(&self, record: &Record) -> bool {
        let latest = self.latest_session.borrow();
        let is_older = match (record, &*self.held.borrow()) {
            (Record::Active(_), Held::SignedOut(_)) => true,
            (Record::Active(stored), Held::SignedIn(held)) => stored.rotation < held.rotation,
            (Record::Ended { .. }, _) => false,
        };
        record.session() < &**latest || (record.session() == &**latest && is_older)
    }

    fn restore(&self) -> Option<Change> {
        let session = self.latest_session.borrow().clone();
        let ours = match self.held() {
            // It is the session of clients with the key.
            Held::SignedOut(Some(SignOutReason::KeyLost)) if !self.is_bound => return None,
            Held::SignedIn(held) => Record::Active(held),
            Held::SignedOut(reason) => Record::Ended { session, reason: reason.unwrap_or(SignOutReason::OtherTab) },
        };
        self.put(ours).err().map(Change::Warning)
    }

    /// The key belongs to another writer now, which may have taken over this session: its refresh token must not be exchanged here. A session
    /// that was never stored keeps its refresh token.
    fn hand_over(&self, warning: Warning) -> Change {
        self.foreign.replace(Some(warning.clone()));
        if let Held::SignedIn(held) = self.held()
            && !self.is_unstored.get()
        {
            let mut session = ActiveSession::clone(&held);
            session.tokens.refresh_token = None;
            self.held.replace(Held::SignedIn(Rc::new(session)));
        }
        Change::Warning(warning)
    }

    /// The tokens are bound to a key and this client has none, or the other way round. Clients that can use the session keep it: their
    /// version of the app differs from this one's. A page that has just been opened is the newer version, and ends a session without a key.
    fn refuse(&self, stored: Credential, is_opening: bool) -> Option<Change> {
        self.latest_session.replace(stored.session.clone());
        let reason = SignOutReason::KeyLost;
        let before = self.held.replace(Held::SignedOut(Some(reason)));
        if cfg!(feature = "dpop") && is_opening && self.is_bound {
            return self.restore().or(Some(Change::EndedUnbound(stored)));
        }
        matches!(before, Held::SignedIn(_)).then_some(Change::SignedOut(reason))
    }

    /// Whether a later version of this library owns the record, and the cookie with the refresh token.
    pub(crate) fn is_of_later_version(&self) -> bool {
        *self.foreign.borrow() == Some(Warning::StoreOfLaterVersion) && !self.is_unstored.get()
    }

    /// Whether a session comes after all that are known.
    pub(crate) fn is_latest(&self, session: &str) -> bool {
        session > &**self.latest_session.borrow()
    }

    /// How long the held record has not changed in this tab.
    pub(crate) fn unchanged_for(&self) -> Duration {
        milliseconds(self.platform.monotonic() - self.changed_at.get())
    }

    fn adopt(&self, record: Record) -> Option<Change> {
        self.is_unstored.set(false);
        self.changed_at.set(self.platform.monotonic());
        self.latest_session.replace(record.session().to_owned());
        let (held, change) = match (self.held(), record) {
            (Held::SignedIn(_), Record::Ended { reason, .. }) => {
                let reason = if reason == SignOutReason::ByUser { SignOutReason::OtherTab } else { reason };
                (Held::SignedOut(Some(reason)), Some(Change::SignedOut(reason)))
            }
            (Held::SignedOut(known), Record::Ended { reason, .. }) => (Held::SignedOut(known.or(Some(reason))), None),
            (Held::SignedIn(held), Record::Active(stored)) if held.session == stored.session => {
                let is_newer = held.tokens.access_token != stored.tokens.access_token;
                let changed_user = held.tokens.user != stored.tokens.user;
                (Held::SignedIn(stored), is_newer.then_some(Change::Adopted { changed_user }))
            }
            (_, Record::Active(stored)) => (Held::SignedIn(stored), Some(Change::SignedIn)),
        };
        self.held.replace(match held {
            Held::SignedIn(stored) => Held::SignedIn(self.dated_here(&stored)),
            signed_out => signed_out,
        });
        change
    }

    /// Adds this page's monotonic time to a record that was read. Then its token is at least as old as the time since, even if the device's
    /// clock is set back.
    fn dated_here(&self, stored: &Credential) -> Credential {
        let mut session = ActiveSession::clone(stored);
        session.tokens.issued.monotonic.get_or_insert(self.platform.monotonic());
        Rc::new(session)
    }

    /// Remembers a record, and stores it if possible.
    pub(crate) fn put(&self, record: Record) -> Result<(), Warning> {
        let text = record.write(&self.issuer);
        let (is_foreign, is_new) = (self.foreign.borrow().is_some(), record.session() != &**self.latest_session.borrow());
        self.is_unstored.set(is_foreign && (is_new || self.is_unstored.get()));
        self.changed_at.set(self.platform.monotonic());
        self.latest_session.replace(record.session().to_owned());
        self.held.replace(match record {
            Record::Active(credential) => Held::SignedIn(credential),
            Record::Ended { reason, .. } => Held::SignedOut(Some(reason)),
        });
        if is_foreign {
            // The warning was given when the record was read.
            return Ok(());
        }
        // Writing notifies the other clients of this page before it returns; this one knows the text already.
        let before = self.last_text.replace(Some(text.clone()));
        self.storage.set(&self.key, &text).map_err(|error| {
            self.last_text.replace(before);
            match error {
                StoreError::Denied => Warning::StoreDenied,
                StoreError::Full => Warning::StoreFull,
            }
        })
    }
}
