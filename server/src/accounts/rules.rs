//! What a name and a password may be, and when two names are the same.

use crate::error::Error;
use unicode_normalization::UnicodeNormalization;
use wugan_wire::{
    FieldError,
    limits::{NAME, NAME_MARKS, PASSWORD},
};

/// A name as it is compared: without case, and however its accents are composed.
#[must_use]
pub fn name_key(username: &str) -> String {
    // Names that nobody can have need no work, however long they are.
    let name = username.chars().take(NAME.end() + 1).nfkc().collect::<String>().to_lowercase();
    // PostgreSQL takes no NUL in a text, not even to compare with.
    name.nfkc().map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

pub(super) fn keep_the_rules(username: &str, password: &str) -> Result<(), Error> {
    let problems: Vec<_> = [name_problem(username), password_problem("password", password)].into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidInput(problems)) }
}

fn name_problem(username: &str) -> Option<FieldError> {
    let problem =
        |problem: &str, message: &str| Some(FieldError { field: "username".into(), problem: problem.into(), message: message.into() });
    let length = username.chars().take(NAME.end() + 1).count();
    if length < *NAME.start() {
        return problem("too_short", "A username has at least 2 characters.");
    }
    if length > *NAME.end() || name_key(username).chars().count() > *NAME.end() {
        return problem("too_long", "A username has at most 64 characters.");
    }
    if !username.chars().all(|c| c.is_alphanumeric() || NAME_MARKS.contains(c)) {
        return problem("bad_characters", "A username has letters, digits and . _ - @ + only.");
    }
    None
}

pub(super) fn password_problem(field: &str, password: &str) -> Option<FieldError> {
    let problem = |problem: &str, message: &str| Some(FieldError { field: field.into(), problem: problem.into(), message: message.into() });
    let length = password.chars().take(PASSWORD.end() + 1).count();
    if length < *PASSWORD.start() {
        return problem("too_short", "A password has at least 8 characters.");
    }
    if length > *PASSWORD.end() {
        return problem("too_long", "A password has at most 256 characters.");
    }
    None
}

/// Whether it is longer than any password may be. Nothing is counted beyond that.
pub(super) fn is_too_long(password: &str) -> bool {
    password.chars().nth(*PASSWORD.end()).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_composition() {
        assert_eq!(name_key("Zoë"), name_key("ZOE\u{308}"));
        assert_ne!(name_key("zoe"), name_key("zoë"));
        assert_eq!(name_key("ＡＤＡ"), "ada");
    }

    #[test]
    fn names_of_any_script_are_fine_and_blanks_and_controls_are_not() {
        for good in ["ada", "光光", "Zoë", "a.b-c_d@e+f", &"x".repeat(64)] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "too_short"),
            ("a", "too_short"),
            ("a b", "bad_characters"),
            ("a\u{0}b", "bad_characters"),
            ("<script>", "bad_characters"),
        ] {
            assert_eq!(name_problem(bad).unwrap().problem, why, "{bad:?}");
        }
        assert_eq!(name_problem(&"x".repeat(65)).unwrap().problem, "too_long");
        // One character that is eighteen when it is normalised.
        assert_eq!(name_problem(&"ﷺ".repeat(10)).unwrap().problem, "too_long");
    }

    #[test]
    fn case_14_passwords_have_8_to_256_characters_of_any_kind() {
        for good in ["12345678".to_owned(), "🦀".repeat(8), " ".repeat(256)] {
            assert_eq!(password_problem("password", &good), None);
        }
        assert_eq!(password_problem("password", "1234567").unwrap().problem, "too_short");
        assert_eq!(password_problem("password", &"x".repeat(257)).unwrap().problem, "too_long");
    }
}
