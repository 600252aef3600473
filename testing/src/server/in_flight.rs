//! What a server has recorded about its clients: requests for new tokens in flight, arrivals, violations.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

#[derive(Default)]
pub(super) struct Monitor {
    pub(super) in_flight: RefCell<Vec<Rc<InFlight>>>,
    /// For each tab, the refresh that ended last, and when.
    pub(super) ended: RefCell<BTreeMap<usize, (Rc<InFlight>, f64)>>,
    /// For each request with a name: how often it arrived, and whether it was answered with 401.
    pub(super) arrivals: RefCell<BTreeMap<String, (u32, bool)>>,
    pub(super) violations: RefCell<Vec<String>>,
    /// How many of them the test has read.
    pub(super) read: Cell<usize>,
    pub(super) lost: RefCell<BTreeSet<String>>,
}

/// A request for new tokens between its departure and its response.
pub(crate) struct InFlight {
    pub(super) tab: usize,
    /// The session and generation of the refresh token.
    pub(super) exchange: Option<(usize, u64)>,
    /// When the request was first sent: a repetition with another proof keeps this time.
    pub(super) started: f64,
    pub(super) is_answered: Cell<bool>,
    pub(super) is_delivered: Cell<bool>,
    pub(super) is_done: Cell<bool>,
    /// Its tab was frozen or closed.
    pub(super) is_interrupted: Cell<bool>,
}
