//! Who is signed in, as memory and the store agree.
//!
//! The store is read before every decision, which is cheap: its text is compared with the text seen last. So nothing depends on
//! an event arriving, be it from another tab, another `Client` in this page, or after a page came back from the cache. A text
//! that changed is a later act than anything in memory; a store that is gone leaves the memory as it is.
//!
//! One text is no later act: that of a tab which did not know yet. A write needs some milliseconds to the other tabs, and one of
//! them may just then store the new tokens of a session in which somebody has signed out. So sessions have an order: a later
//! session's record beats an earlier one's, and of one session its end beats all else. Whoever knows better puts the store right.

use crate::{
    event::{Reason, Warning},
    platform::{Platform, StoreError},
    record::{Credential, Record, Unreadable, next_name},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Who is signed in.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Nobody(Option<Reason>),
    Somebody(Credential),
}

/// What a look at the store showed.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    /// Another tab, or another client in this page, signed in.
    SignedIn,
    /// …signed out.
    SignedOut(Reason),
    /// …refreshed.
    Adopted,
    /// The store is not as it should be.
    Warning(Warning),
}

pub(crate) struct Kept {
    platform: Rc<dyn Platform>,
    key: String,
    /// The store's text when it was looked at last.
    seen: RefCell<Option<String>>,
    held: RefCell<Held>,
    /// The latest session there was, be it live or over.
    latest: RefCell<String>,
    /// The store holds a later version's record.
    hands_off: Cell<bool>,
}

impl Kept {
    pub(crate) fn new(platform: Rc<dyn Platform>, key: String) -> Kept {
        Kept {
            platform,
            key,
            seen: RefCell::new(None),
            held: RefCell::new(Held::Nobody(None)),
            latest: RefCell::default(),
            hands_off: Cell::new(false),
        }
    }

    pub(crate) fn held(&self) -> Held {
        self.held.borrow().clone()
    }

    /// Looks at the store, and takes over what changed there.
    pub(crate) fn look(&self) -> Option<Change> {
        let text = match self.platform.load(&self.key) {
            Ok(text) => text,
            Err(_) => return Some(Change::Warning(Warning::StoreDenied)),
        };
        if *self.seen.borrow() == text {
            return None;
        }
        self.seen.replace(text.clone());
        self.hands_off.set(false);
        let Some(text) = text else {
            return matches!(self.held(), Held::Somebody(_)).then_some(Change::Warning(Warning::StoreCleared));
        };
        match Record::read(&text) {
            Ok(record) if self.knows_better(&record) => self.put_right(),
            Ok(record) => self.take(record),
            Err(Unreadable::Rubbish) => Some(Change::Warning(Warning::StoreUnreadable)),
            Err(Unreadable::Later) => {
                self.hands_off.set(true);
                Some(Change::Warning(Warning::StoreOfLaterVersion))
            }
        }
    }

    /// A name for a new session, later than every one that is known here.
    pub(crate) fn next_session(&self) -> String {
        next_name(&self.latest.borrow(), self.platform.wall(), self.platform.random())
    }

    fn knows_better(&self, record: &Record) -> bool {
        let latest = self.latest.borrow();
        let is_over = matches!(record, Record::Live(_)) && matches!(&*self.held.borrow(), Held::Nobody(_));
        record.session() < &**latest || (record.session() == &**latest && is_over)
    }

    fn put_right(&self) -> Option<Change> {
        let ours = match self.held() {
            Held::Somebody(held) => Record::Live(held),
            Held::Nobody(reason) => Record::Ended { session: self.latest.borrow().clone(), reason: reason.unwrap_or(Reason::Elsewhere) },
        };
        self.put(ours).err().map(Change::Warning)
    }

    fn take(&self, record: Record) -> Option<Change> {
        self.latest.replace(record.session().to_owned());
        let (held, change) = match (self.held(), record) {
            (Held::Somebody(_), Record::Ended { reason, .. }) => {
                let reason = if reason == Reason::ByUser { Reason::Elsewhere } else { reason };
                (Held::Nobody(Some(reason)), Some(Change::SignedOut(reason)))
            }
            (Held::Nobody(known), Record::Ended { reason, .. }) => (Held::Nobody(known.or(Some(reason))), None),
            (Held::Somebody(held), Record::Live(stored)) if held.session == stored.session => {
                let change = (held.tokens.access_token != stored.tokens.access_token).then_some(Change::Adopted);
                (Held::Somebody(stored), change)
            }
            (_, Record::Live(stored)) => (Held::Somebody(stored), Some(Change::SignedIn)),
        };
        self.held.replace(held);
        change
    }

    /// Remembers a record, and stores it if the store lets us.
    pub(crate) fn put(&self, record: Record) -> Result<(), Warning> {
        let text = record.write();
        self.latest.replace(record.session().to_owned());
        self.held.replace(match record {
            Record::Live(credential) => Held::Somebody(credential),
            Record::Ended { reason, .. } => Held::Nobody(Some(reason)),
        });
        if self.hands_off.get() {
            return Err(Warning::StoreOfLaterVersion);
        }
        // Saving tells this page's own listeners before it returns: what they find is no news to us.
        let before = self.seen.replace(Some(text.clone()));
        self.platform.save(&self.key, &text).map_err(|error| {
            self.seen.replace(before);
            match error {
                StoreError::Denied => Warning::StoreDenied,
                StoreError::Full => Warning::StoreFull,
            }
        })
    }
}
