//! A form under way: it is sent once at a time, complaints stand at their fields, and what was typed stays.

use crate::{
    arrival::focus,
    derived::Derived,
    lang::{Pick, use_lang},
    problem::{Complaint, Problem, Say},
};
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local};
use std::future::Future;

/// The state of one form; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) busy: RwSignal<bool>,
    complaints: RwSignal<Vec<Complaint>>,
    /// Those that show what is wrong with them.
    fields: StoredValue<Vec<&'static str>>,
}

impl Form {
    pub(crate) fn new() -> Form {
        Form { busy: RwSignal::new(false), complaints: RwSignal::new(Vec::new()), fields: StoredValue::new(Vec::new()) }
    }

    /// Sends it, unless it is on its way already.
    pub(crate) fn send(self, sending: impl Future<Output = Result<(), Problem>> + 'static) {
        self.run(Box::pin(sending));
    }

    fn run(self, sending: LocalBoxFuture<'static, Result<(), Problem>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.complaints.set(Vec::new());
        spawn_local(async move {
            let result = sending.await;
            // The page may be gone by now.
            self.busy.try_set(false);
            if let Err(problem) = result {
                self.complain(problem.complaints());
            }
        });
    }

    /// Shows what is wrong, and leads to the first field concerned. What concerns a field that this form does not have, concerns the whole.
    pub(crate) fn complain(self, mut complaints: Vec<Complaint>) {
        let fields = self.fields.try_get_value().unwrap_or_default();
        for complaint in &mut complaints {
            complaint.field = complaint.field.filter(|field| fields.contains(field));
        }
        let first = complaints.iter().find_map(|complaint| complaint.field);
        if self.complaints.try_set(complaints).is_none()
            && let Some(field) = first
        {
            focus(field);
        }
    }

    /// For `aria-disabled`, and not `disabled`: the focus stays where it is.
    pub(crate) fn disabled(self) -> Derived<Option<&'static str>> {
        Derived::of(move || self.busy.get().then_some("true"))
    }

    /// What stands on the button that sends it.
    pub(crate) fn label(self, idle: Pick, busy: Pick) -> Derived<&'static str> {
        let lang = use_lang();
        Derived::of(move || if self.busy.get() { busy } else { idle }(lang.get().texts()))
    }

    /// What is wrong with a field, or with the whole.
    pub(crate) fn wrong(self, field: Option<&'static str>) -> Derived<Option<String>> {
        let lang = use_lang();
        self.fields.update_value(|fields| fields.extend(field));
        Derived::of(move || {
            let complaints = self.complaints.read();
            complaints.iter().find(|complaint| complaint.field == field).map(|complaint| complaint.say.words(lang.get()))
        })
    }
}

/// Complaints about the fields, by name, value and words, that were left empty.
pub(crate) fn missing(fields: &[(&'static str, &str, Pick)]) -> Vec<Complaint> {
    let empty = fields.iter().filter(|(_, value, _)| value.is_empty());
    empty.map(|(field, _, say)| Complaint { field: Some(field), say: Say::Just(*say) }).collect()
}
