//! Which passwords are accepted, and the forms in which a typed password is compared.

use unicode_normalization::UnicodeNormalization;
use wugan_wire::{FieldError, limits::PASSWORD};

/// Passwords that are guessed within this number of tries are refused (ASVS 6.2.4).
const MIN_GUESSES: u64 = 10_000;

/// The password in the form that is hashed: NFC, so that it does not depend on how a keyboard composes characters
/// (NIST SP 800-63B-4 §3.1.1.2).
pub(super) fn normalized(password: &str) -> String {
    password.nfc().collect()
}

/// The forms in which a typed password is compared, the usual one first. Hashes of version 0.1 were made of the password as it was typed.
pub(super) fn candidates(password: &str) -> Vec<String> {
    let mut candidates = vec![normalized(password)];
    for form in [password.to_owned(), password.nfd().collect()] {
        if !candidates.contains(&form) {
            candidates.push(form);
        }
    }
    candidates
}

/// The rule that a new password breaks, if any. `username` is added to the common passwords.
pub(super) fn problem(field: &str, password: &str, username: &str) -> Option<FieldError> {
    let problem = |problem: &str, message: &str| Some(FieldError { field: field.into(), problem: problem.into(), message: message.into() });
    let length = password.chars().take(PASSWORD.end() + 1).count();
    if length < *PASSWORD.start() {
        return problem("too_short", "A password has at least 8 characters.");
    }
    if length > *PASSWORD.end() {
        return problem("too_long", "A password has at most 256 characters.");
    }
    if zxcvbn::zxcvbn(password, &[username]).guesses() < MIN_GUESSES {
        return problem("too_common", "This password is among the first that attackers try. Choose a longer one.");
    }
    None
}

/// Whether it is longer than any accepted password. Counts no further than that.
pub(super) fn is_too_long(password: &str) -> bool {
    password.chars().nth(*PASSWORD.end()).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_14_passwords_have_8_to_256_characters_of_any_kind() {
        for good in
            ["correct horse battery".to_owned(), "🦀🐙🦑🦐🦞🐚🐠🐡".to_owned(), "Hedgehogs juggle seventeen quiet lanterns. ".repeat(5)]
        {
            assert_eq!(problem("password", &good, "ada"), None, "{good}");
        }
        assert_eq!(problem("password", "1234567", "ada").unwrap().problem, "too_short");
        assert_eq!(problem("password", &"x".repeat(257), "ada").unwrap().problem, "too_long");
    }

    #[test]
    fn case_52_common_passwords_and_the_user_name_are_refused() {
        for common in ["password", "12345678", "qwertyui", "iloveyou", "aaaaaaaa", "Password1", "lovelace"] {
            assert_eq!(problem("password", common, "lovelace").unwrap().problem, "too_common", "{common}");
        }
    }

    #[test]
    fn case_46_a_password_is_compared_in_nfc_and_as_it_was_typed() {
        assert_eq!(candidates("plain ascii"), ["plain ascii"]);
        let (nfc, nfd) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        assert_eq!(candidates(nfc), [nfc, nfd]);
        assert_eq!(candidates(nfd), [nfc, nfd]);
    }
}
