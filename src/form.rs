//! The state of a form: one submission at a time, errors at their fields, input kept after an error.

use crate::{
    arrival::focus,
    derived::Derived,
    lang::{Pick, use_lang},
    problem::{FormError, Message, Problem},
};
use futures::future::LocalBoxFuture;
use leptos::{prelude::*, task::spawn_local};
use std::future::Future;

/// A form; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) busy: RwSignal<bool>,
    errors: RwSignal<Vec<FormError>>,
    /// The fields that show errors of their own.
    fields: StoredValue<Vec<&'static str>>,
}

impl Form {
    pub(crate) fn new() -> Form {
        Form { busy: RwSignal::new(false), errors: RwSignal::new(Vec::new()), fields: StoredValue::new(Vec::new()) }
    }

    /// Runs a submission, unless one is running.
    pub(crate) fn send(self, sending: impl Future<Output = Result<(), Problem>> + 'static) {
        self.run(Box::pin(sending));
    }

    fn run(self, sending: LocalBoxFuture<'static, Result<(), Problem>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.errors.set(Vec::new());
        spawn_local(async move {
            let result = sending.await;
            // The page may have been closed.
            self.busy.try_set(false);
            if let Err(problem) = result {
                self.show_errors(problem.form_errors());
            }
        });
    }

    /// Shows errors and focuses the first field with one. An error of a field that this form lacks is shown for the form as a whole.
    pub(crate) fn show_errors(self, mut errors: Vec<FormError>) {
        let fields = self.fields.try_get_value().unwrap_or_default();
        for error in &mut errors {
            error.field = error.field.filter(|field| fields.contains(field));
        }
        let first = errors.iter().find_map(|error| error.field);
        if self.errors.try_set(errors).is_none()
            && let Some(field) = first
        {
            focus(field);
        }
    }

    /// For `aria-disabled`: a `disabled` button would lose the focus.
    pub(crate) fn disabled(self) -> Derived<Option<&'static str>> {
        Derived::new(move || self.busy.get().then_some("true"))
    }

    /// The label of the submit button.
    pub(crate) fn label(self, idle: Pick, busy: Pick) -> Derived<&'static str> {
        let lang = use_lang();
        Derived::new(move || if self.busy.get() { busy } else { idle }(lang.get().texts()))
    }

    /// The error of a field, or of the form as a whole.
    pub(crate) fn error(self, field: Option<&'static str>) -> Derived<Option<String>> {
        let lang = use_lang();
        self.fields.update_value(|fields| fields.extend(field));
        Derived::new(move || {
            let errors = self.errors.read();
            errors.iter().find(|error| error.field == field).map(|error| error.message.text(lang.get()))
        })
    }
}

/// Errors for the empty ones of these fields, each given by name, value and message.
pub(crate) fn missing(fields: &[(&'static str, &str, Pick)]) -> Vec<FormError> {
    let empty = fields.iter().filter(|(_, value, _)| value.is_empty());
    empty.map(|(field, _, text)| FormError { field: Some(field), message: Message::Plain(*text) }).collect()
}
