//! What went wrong with a request, and how to say it to a person, at the field it belongs to.

use crate::{
    answers,
    lang::{Lang, Pick},
    texts::Texts,
    when,
};
use wugan::{Error, Response};
use wugan_wire::{Code, FieldError};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Problem {
    /// The server is away; the banner says so too.
    Unreachable,
    /// The session cannot be renewed just now, and it may be tried again in so many seconds; the server may well be there.
    Unrenewed(u32),
    /// The answer took too long, from a server that may well be there.
    Slow,
    /// Nobody is signed in any more; the guard leads to the sign-in page.
    SignedOut,
    /// Somebody else is signed in by now.
    Changed,
    /// The server said what is wrong.
    Said(Code, Vec<FieldError>),
    /// Too many tries, or too much to do; and after how many seconds to try again, if the server says so (`Retry-After`, RFC 9110 §10.2.3).
    Later(Code, Option<u32>),
    /// The password typed into this field is not the account's.
    NotYours(&'static str),
    /// Something that is not of this wire.
    Odd,
}

/// A sentence in any language.
#[derive(Clone, Copy)]
pub(crate) enum Say {
    Just(Pick),
    /// One with a time in it, which is that many seconds away.
    In(fn(&'static Texts) -> fn(&str) -> String, Option<u32>),
}

impl Say {
    pub(crate) fn words(self, lang: Lang) -> String {
        let t = lang.texts();
        match self {
            Say::Just(pick) => pick(t).to_owned(),
            Say::In(pick, Some(seconds)) => pick(t)(&when::ahead(seconds, lang)),
            Say::In(pick, None) => pick(t)(t.problem.soon),
        }
    }
}

/// A sentence, and the field of the form it belongs to, by its name on the wire; none: it belongs to the whole.
#[derive(Clone, Copy)]
pub(crate) struct Complaint {
    pub(crate) field: Option<&'static str>,
    pub(crate) say: Say,
}

impl Problem {
    /// Reads an answer that is no success.
    pub(crate) async fn read(response: Response) -> Problem {
        // A proxy says so if the server behind it is away.
        let behind_a_proxy = matches!(response.status(), 502 | 504);
        let wait = response.header("retry-after");
        match response.text().await.ok().and_then(|body| answers::error(&body)) {
            Some((code, fields)) => Problem::said(code, fields, wait),
            None if behind_a_proxy => Problem::Unreachable,
            None => Problem::Odd,
        }
    }

    /// What an error body says, and the `Retry-After` beside it.
    pub(crate) fn said(code: Code, fields: Vec<FieldError>, wait: Option<String>) -> Problem {
        match code {
            // Its other form is a date: what we ask does not send that.
            code @ (Code::RateLimited | Code::Busy) => Problem::Later(code, wait.and_then(|seconds| seconds.parse().ok())),
            code => Problem::Said(code, fields),
        }
    }

    /// The same problem, where a person had to type his own password once more: it is told at that field, in fitting words.
    pub(crate) fn about_own_password(self, field: &'static str) -> Problem {
        match self {
            Problem::Said(Code::InvalidCredentials, _) => Problem::NotYours(field),
            other => other,
        }
    }

    /// What to say where there is no form.
    pub(crate) fn say(&self) -> Say {
        match self {
            Problem::Unreachable => Say::Just(|t| t.problem.later),
            _ => self.complaints().first().map_or(Say::Just(|t| t.problem.odd), |first| first.say),
        }
    }

    /// What to say in a form: one sentence per field that is wrong, or one for the whole.
    pub(crate) fn complaints(&self) -> Vec<Complaint> {
        let whole = |say: Pick| vec![Complaint { field: None, say: Say::Just(say) }];
        let at = |field, say: Pick| vec![Complaint { field: Some(field), say: Say::Just(say) }];
        match self {
            Problem::Unreachable => whole(|t| t.problem.unreachable),
            Problem::Unrenewed(seconds) => vec![Complaint { field: None, say: Say::In(|t| t.problem.busy, Some(*seconds)) }],
            Problem::Slow => whole(|t| t.problem.slow),
            Problem::SignedOut => whole(|t| t.problem.signed_out),
            Problem::Changed => whole(|t| t.problem.changed),
            Problem::NotYours(field) => at(field, |t| t.problem.wrong_password),
            Problem::Later(Code::RateLimited, wait) => vec![Complaint { field: None, say: Say::In(|t| t.problem.rate_limited, *wait) }],
            Problem::Later(_, wait) => vec![Complaint { field: None, say: Say::In(|t| t.problem.busy, *wait) }],
            Problem::Odd => whole(|t| t.problem.odd),
            Problem::Said(Code::InvalidInput, fields) if !fields.is_empty() => fields.iter().map(about).collect(),
            Problem::Said(Code::UsernameTaken, _) => at("username", |t| t.problem.username_taken),
            Problem::Said(Code::InvalidCredentials, _) => at("password", |t| t.problem.invalid_credentials),
            Problem::Said(Code::PayloadTooLarge, _) => at("password", |t| t.problem.password_long),
            Problem::Said(Code::RequestTimeout, _) => whole(|t| t.problem.slow),
            Problem::Said(Code::NotFound, _) => whole(|t| t.problem.gone),
            Problem::Said(Code::InvalidToken | Code::InvalidGrant, _) => whole(|t| t.problem.signed_out),
            Problem::Said(Code::Internal, _) => whole(|t| t.problem.internal),
            Problem::Said(..) => whole(|t| t.problem.odd),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::SignedOut(_) => Problem::SignedOut,
            Error::SessionChanged => Problem::Changed,
            Error::Unavailable { retry_after } => Problem::Unrenewed(u32::try_from(retry_after.as_secs() + 1).unwrap_or(u32::MAX)),
            Error::Network(_) => Problem::Unreachable,
            Error::Timeout => Problem::Slow,
            _ => Problem::Odd,
        }
    }
}

/// A field's problem in words. Fields are named as on the wire; a problem of a later server's gets the general sentence.
fn about(wrong: &FieldError) -> Complaint {
    let (field, say): (&'static str, Pick) = match (wrong.field.as_str(), wrong.problem.as_str()) {
        ("username", "missing") => ("username", |t| t.problem.username_missing),
        ("username", "too_short") => ("username", |t| t.problem.username_short),
        ("username", "too_long") => ("username", |t| t.problem.username_long),
        ("username", "bad_characters") => ("username", |t| t.problem.username_characters),
        (name, "missing") if is_password(name) => (known(name), |t| t.problem.password_missing),
        (name, "too_short") if is_password(name) => (known(name), |t| t.problem.password_short),
        (name, "too_long") if is_password(name) => (known(name), |t| t.problem.password_long),
        (name, "bad_characters") if is_password(name) => (known(name), |t| t.problem.password_characters),
        _ => return Complaint { field: None, say: Say::Just(|t| t.problem.odd) },
    };
    Complaint { field: Some(field), say: Say::Just(say) }
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

    fn said(problem: &Problem) -> Vec<(Option<&'static str>, String)> {
        problem.complaints().iter().map(|complaint| (complaint.field, complaint.say.words(Lang::En))).collect()
    }

    fn words(pick: Pick) -> String {
        pick(Lang::En.texts()).to_owned()
    }

    #[test]
    fn each_wrong_field_gets_its_own_sentence() {
        let wrong = |field: &str, problem: &str| FieldError { field: field.into(), problem: problem.into(), message: String::new() };
        let problem = Problem::Said(Code::InvalidInput, vec![wrong("username", "bad_characters"), wrong("password", "too_short")]);
        let expected =
            [(Some("username"), words(|t| t.problem.username_characters)), (Some("password"), words(|t| t.problem.password_short))];
        assert_eq!(said(&problem), expected);
    }

    #[test]
    fn a_taken_name_is_said_at_the_name() {
        assert_eq!(said(&Problem::Said(Code::UsernameTaken, vec![])), [(Some("username"), words(|t| t.problem.username_taken))]);
    }

    #[test]
    fn what_a_later_server_says_is_still_a_sentence() {
        let later = FieldError { field: "shoe_size".into(), problem: "odd".into(), message: String::new() };
        assert_eq!(said(&Problem::Said(Code::InvalidInput, vec![later])), [(None, words(|t| t.problem.odd))]);
        assert_eq!(said(&Problem::Said(Code::Other, vec![])), [(None, words(|t| t.problem.odd))]);
    }

    #[test]
    fn a_time_to_wait_that_is_not_named_is_a_moment() {
        assert_eq!(said(&Problem::Later(Code::RateLimited, None)), [(None, "Too many tries. Please try again in a moment.".to_owned())]);
    }
}
