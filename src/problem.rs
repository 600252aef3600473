//! Failed requests: what went wrong, and the message for the user, at the field it concerns.

use crate::{
    lang::{Lang, Pick},
    responses, when,
};
use std::{fmt, time::Duration};
use wugan::{Error, Response, StatusCode, leptos::LoadError};
use wugan_wire::{Code, FieldError};

/// Why a request failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    /// The server is down; the banner says so too.
    Unreachable,
    /// The session could not be renewed; the next attempt is possible after this many seconds.
    Unrenewed(u32),
    /// The request timed out; the server may be up.
    Slow,
    /// The session ended; the guard opens the sign-in page.
    SignedOut,
    /// Another user has signed in since the request started.
    Changed,
    /// The session cannot be renewed; it ends in this many seconds, if that is known.
    NotRenewable(Option<u32>),
    /// The request was aborted.
    Aborted,
    /// The server refused the request and said why.
    Refused(Code, Vec<FieldError>),
    /// A rate limit or an overloaded server; and the seconds to wait, if the server names them (`Retry-After`, RFC 9110 §10.2.3).
    RetryLater(Code, Option<u32>),
    /// The password in this field is not the account's.
    WrongPassword(&'static str),
    /// The one-time code of a reset link was used, has expired, or was never valid.
    ResetCodeRefused,
    /// The server registers no accounts.
    RegistrationClosed,
    /// The response is not one of this API.
    Unexpected,
    /// A part of the app could not be loaded.
    NotLoaded,
}

/// A message in each language.
#[derive(Clone, Copy)]
pub(crate) enum Message {
    Plain(Pick),
    /// Contains a time, this many seconds from now.
    WithTime(fn(Lang) -> fn(&str) -> String, Option<u32>),
}

impl Message {
    pub(crate) fn text(self, lang: Lang) -> String {
        match self {
            Message::Plain(pick) => pick(lang).to_owned(),
            Message::WithTime(pick, Some(seconds)) => pick(lang)(&when::ahead(seconds, lang)),
            Message::WithTime(pick, None) => pick(lang)(lang.problem().soon),
        }
    }
}

/// A message and the field it concerns, by its name in the API. `None`: it concerns the form as a whole.
#[derive(Clone, Copy)]
pub(crate) struct FormError {
    pub(crate) field: Option<&'static str>,
    pub(crate) message: Message,
}

impl Problem {
    /// Reads a response whose status is not 2xx.
    pub(crate) async fn read(response: Response) -> Problem {
        // A proxy's answer when the server behind it is down.
        let from_proxy = matches!(response.status(), StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
        let wait = response.header("retry-after");
        match response.text().await.ok().and_then(|body| responses::error(&body)) {
            Some((code, fields)) => Problem::refused(code, fields, wait),
            None if from_proxy => Problem::Unreachable,
            None => Problem::Unexpected,
        }
    }

    /// The problem that an error body and its `Retry-After` describe.
    pub(crate) fn refused(code: Code, fields: Vec<FieldError>, wait: Option<String>) -> Problem {
        match code {
            // Retry-After may also be a date, which our server does not send.
            code @ (Code::RateLimited | Code::Busy) => Problem::RetryLater(code, wait.and_then(|seconds| seconds.parse().ok())),
            code => Problem::Refused(code, fields),
        }
    }

    /// The problem as a form shows it that asks for the account's own password: the message belongs to that field.
    pub(crate) fn about_own_password(self, field: &'static str) -> Problem {
        match self {
            Problem::Refused(Code::InvalidCredentials, _) => Problem::WrongPassword(field),
            other => other,
        }
    }

    /// The problem as the page of a reset link shows it.
    pub(crate) fn about_reset_code(self) -> Problem {
        match self {
            Problem::Refused(Code::InvalidGrant, _) => Problem::ResetCodeRefused,
            other => other,
        }
    }

    /// The problem of a registration: a server that registers no accounts does not have the route.
    pub(crate) fn about_registration(self) -> Problem {
        match self {
            Problem::Refused(Code::NotFound, _) => Problem::RegistrationClosed,
            other => other,
        }
    }

    /// The message outside of a form.
    pub(crate) fn message(&self) -> Message {
        self.form_errors().first().map_or(Message::Plain(|t| t.problem().unexpected), |first| first.message)
    }

    /// The messages in a form: one per field with an error, or one for the form as a whole.
    pub(crate) fn form_errors(&self) -> Vec<FormError> {
        let whole = |text: Pick| vec![FormError { field: None, message: Message::Plain(text) }];
        let at = |field, text: Pick| vec![FormError { field: Some(field), message: Message::Plain(text) }];
        match self {
            Problem::Unreachable => whole(|t| t.problem().unreachable),
            Problem::Unrenewed(seconds) => {
                vec![FormError { field: None, message: Message::WithTime(|t| t.problem().busy, Some(*seconds)) }]
            }
            Problem::Slow => whole(|t| t.problem().slow),
            Problem::SignedOut => whole(|t| t.problem().signed_out),
            Problem::Changed => whole(|t| t.problem().changed),
            Problem::NotRenewable(Some(seconds)) => {
                vec![FormError { field: None, message: Message::WithTime(|t| t.problem().ends_in, Some(*seconds)) }]
            }
            Problem::NotRenewable(None) => whole(|t| t.problem().not_renewable),
            Problem::Aborted => whole(|t| t.problem().aborted),
            Problem::WrongPassword(field) => at(field, |t| t.problem().wrong_password),
            Problem::ResetCodeRefused => whole(|t| t.reset().code_refused),
            Problem::RegistrationClosed => whole(|t| t.problem().registration_closed),
            Problem::RetryLater(Code::RateLimited, wait) => {
                vec![FormError { field: None, message: Message::WithTime(|t| t.problem().rate_limited, *wait) }]
            }
            Problem::RetryLater(_, wait) => vec![FormError { field: None, message: Message::WithTime(|t| t.problem().busy, *wait) }],
            Problem::Unexpected => whole(|t| t.problem().unexpected),
            Problem::NotLoaded => whole(|t| t.shell().not_loaded),
            Problem::Refused(Code::InvalidInput, fields) if !fields.is_empty() => fields.iter().map(about).collect(),
            Problem::Refused(Code::UsernameTaken, _) => at("username", |t| t.problem().username_taken),
            Problem::Refused(Code::InvalidCredentials, _) => at("password", |t| t.problem().invalid_credentials),
            Problem::Refused(Code::PayloadTooLarge, _) => at("password", |t| t.problem().password_long),
            Problem::Refused(Code::RequestTimeout, _) => whole(|t| t.problem().slow),
            Problem::Refused(Code::NotFound, _) => whole(|t| t.problem().gone),
            Problem::Refused(Code::InvalidToken | Code::InvalidGrant, _) => whole(|t| t.problem().signed_out),
            Problem::Refused(Code::Internal, _) => whole(|t| t.problem().internal),
            Problem::Refused(..) => whole(|t| t.problem().unexpected),
        }
    }
}

/// For logs; users read [`Problem::message`].
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().text(Lang::En).as_str())
    }
}

impl std::error::Error for Problem {}

impl From<LoadError> for Problem {
    fn from(_: LoadError) -> Problem {
        Problem::NotLoaded
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::SignedOut(_) => Problem::SignedOut,
            Error::SessionChanged => Problem::Changed,
            Error::Unavailable { retry_after } => Problem::Unrenewed(seconds(retry_after)),
            Error::Network(_) => Problem::Unreachable,
            Error::Timeout => Problem::Slow,
            Error::NotRenewable { valid_for } => Problem::NotRenewable(valid_for.map(seconds)),
            Error::Aborted => Problem::Aborted,
            // Only a sign-in reports a 5xx status this way, without its body.
            Error::Status { status: StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, .. } => Problem::Unreachable,
            Error::Status { status: StatusCode::SERVICE_UNAVAILABLE, retry_after, .. } => {
                Problem::RetryLater(Code::Busy, retry_after.map(seconds))
            }
            Error::Status { status, .. } if status.is_server_error() => Problem::Refused(Code::Internal, Vec::new()),
            _ => Problem::Unexpected,
        }
    }
}

/// Whole seconds, rounded up so that a retry is not early.
fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs() + 1).unwrap_or(u32::MAX)
}

/// The message for a field's error. An error that this version does not know gets the general message.
fn about(wrong: &FieldError) -> FormError {
    let (field, text): (&'static str, Pick) = match (wrong.field.as_str(), wrong.problem.as_str()) {
        ("username", "missing") => ("username", |t| t.problem().username_missing),
        ("username", "too_short") => ("username", |t| t.problem().username_short),
        ("username", "too_long") => ("username", |t| t.problem().username_long),
        ("username", "bad_characters") => ("username", |t| t.problem().username_characters),
        (name, "missing") if is_password(name) => (known(name), |t| t.problem().password_missing),
        (name, "too_short") if is_password(name) => (known(name), |t| t.problem().password_short),
        (name, "too_common") if is_password(name) => (known(name), |t| t.problem().password_common),
        (name, "too_long") if is_password(name) => (known(name), |t| t.problem().password_long),
        _ => return FormError { field: None, message: Message::Plain(|t| t.problem().unexpected) },
    };
    FormError { field: Some(field), message: Message::Plain(text) }
}

fn is_password(field: &str) -> bool {
    matches!(field, "password" | "new_password" | "current_password")
}

fn known(field: &str) -> &'static str {
    match field {
        "new_password" => "new_password",
        "current_password" => "current_password",
        _ => "password",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn messages(problem: &Problem) -> Vec<(Option<&'static str>, String)> {
        problem.form_errors().iter().map(|error| (error.field, error.message.text(Lang::En))).collect()
    }

    fn text(pick: Pick) -> String {
        pick(Lang::En).to_owned()
    }

    #[test]
    fn each_field_with_an_error_gets_its_own_message() {
        let wrong = |field: &str, problem: &str| FieldError { field: field.into(), problem: problem.into(), message: String::new() };
        let problem = Problem::Refused(Code::InvalidInput, vec![wrong("username", "bad_characters"), wrong("password", "too_short")]);
        let expected =
            [(Some("username"), text(|t| t.problem().username_characters)), (Some("password"), text(|t| t.problem().password_short))];
        assert_eq!(messages(&problem), expected);
    }

    #[test]
    fn a_taken_username_is_reported_at_the_username() {
        assert_eq!(messages(&Problem::Refused(Code::UsernameTaken, vec![])), [(Some("username"), text(|t| t.problem().username_taken))]);
    }

    #[test]
    fn a_server_without_registration_accepts_no_new_accounts() {
        let problem = Problem::Refused(Code::NotFound, vec![]).about_registration();
        assert_eq!(messages(&problem), [(None, text(|t| t.problem().registration_closed))]);
        assert_eq!(Problem::Unexpected.about_registration(), Problem::Unexpected);
    }

    #[test]
    fn a_sign_in_answered_5xx_has_a_message_by_its_status() {
        let problem = |status| Problem::from(Error::Status { status, url: "/user/login".into(), retry_after: None });
        assert_eq!(problem(StatusCode::BAD_GATEWAY), Problem::Unreachable);
        assert_eq!(problem(StatusCode::SERVICE_UNAVAILABLE), Problem::RetryLater(Code::Busy, None));
        assert_eq!(messages(&problem(StatusCode::INTERNAL_SERVER_ERROR)), [(None, text(|t| t.problem().internal))]);
    }

    #[test]
    fn errors_of_a_later_server_get_the_general_message() {
        let later = FieldError { field: "shoe_size".into(), problem: "odd".into(), message: String::new() };
        assert_eq!(messages(&Problem::Refused(Code::InvalidInput, vec![later])), [(None, text(|t| t.problem().unexpected))]);
        assert_eq!(messages(&Problem::Refused(Code::Other, vec![])), [(None, text(|t| t.problem().unexpected))]);
    }

    #[test]
    fn a_missing_retry_after_reads_in_a_moment() {
        assert_eq!(
            messages(&Problem::RetryLater(Code::RateLimited, None)),
            [(None, "Too many attempts. Try again in a moment.".to_owned())]
        );
    }
}
