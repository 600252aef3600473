//! The state of a form: one submission at a time, errors at their fields, input kept after an error.

use crate::{
    components::page::focus,
    lang::{Pick, use_lang},
    problem::{FormError, Message, Problem},
};
use leptos::prelude::*;

/// A form; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// Whether a submission is running.
    pub(crate) pending: Signal<bool>,
    errors: RwSignal<Vec<FormError>>,
    /// The fields that show errors of their own.
    fields: StoredValue<Vec<&'static str>>,
}

impl Form {
    pub(crate) fn new(pending: impl Into<Signal<bool>>) -> Form {
        Form { pending: pending.into(), errors: RwSignal::new(Vec::new()), fields: StoredValue::new(Vec::new()) }
    }

    /// Shows a message at each of these required fields that is empty; a field is its name, value and message. Returns whether a submission
    /// may start. While one is running, it returns false and changes nothing.
    pub(crate) fn validate(self, required: &[(&'static str, &str, Pick)]) -> bool {
        if self.pending.get_untracked() {
            return false;
        }
        let empty = required.iter().filter(|(_, value, _)| value.is_empty());
        let errors: Vec<_> = empty.map(|(field, _, text)| FormError { field: Some(field), message: Message::Plain(*text) }).collect();
        let is_complete = errors.is_empty();
        self.show_errors(errors);
        is_complete
    }

    /// Shows why a submission failed.
    pub(crate) fn show_result<T>(self, result: &Result<T, Problem>) {
        self.show_errors(result.as_ref().err().map(Problem::form_errors).unwrap_or_default());
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

    /// The error of a field, or of the form as a whole.
    pub(crate) fn error(self, field: Option<&'static str>) -> Signal<Option<String>> {
        let lang = use_lang();
        self.fields.update_value(|fields| fields.extend(field));
        Signal::derive(move || {
            let errors = self.errors.read();
            errors.iter().find(|error| error.field == field).map(|error| error.message.text(lang.get()))
        })
    }
}
