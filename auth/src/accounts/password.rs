//! Which passwords are accepted, and the forms in which a typed password is compared.

use unicode_normalization::UnicodeNormalization;
use wugan_wire::{FieldError, limits::PASSWORD};

/// Passwords that are guessed within this number of tries are refused (ASVS 6.2.4).
const MIN_GUESSES: u64 = 10_000;
/// How many characters are estimated: one more than the longest word has that zxcvbn guesses within [`MIN_GUESSES`]. The time grows with
/// the square of the length and with the number of ways to replace symbols by letters: at most the time of two hashes for this length, and
/// of fifty for 100 characters.
const ESTIMATED: usize = 20;
/// The most characters of a password as it is typed: one composed character has at most four (UAX #15).
const MAX_TYPED: usize = 4 * *PASSWORD.end();

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

/// The rule that a new password breaks, if any. `username` is added to the common passwords. Takes as long as a hash.
pub(super) fn problem(field: &str, password: &str, username: &str) -> Option<FieldError> {
    let problem = |problem: &str, message: &str| Some(FieldError { field: field.into(), problem: problem.into(), message: message.into() });
    // In the form that is hashed.
    let length = password.chars().take(MAX_TYPED + 1).nfc().take(PASSWORD.end() + 1).count();
    if length < *PASSWORD.start() {
        return problem("too_short", "A password has at least 8 characters.");
    }
    if length > *PASSWORD.end() {
        return problem("too_long", "A password has at most 256 characters.");
    }
    if zxcvbn::zxcvbn(estimated(password), &[username]).guesses() < MIN_GUESSES {
        return problem("too_common", "This password is among the first that attackers try. Choose a longer one.");
    }
    None
}

/// The part of a password by which its strength is estimated. The rest does not make it weaker.
fn estimated(password: &str) -> &str {
    password.char_indices().nth(ESTIMATED).map_or(password, |(end, _)| &password[..end])
}

/// Whether it is longer than any accepted password, as it was typed and in NFC. Counts no further than that.
pub(super) fn is_too_long(password: &str) -> bool {
    let is_longer = |max: usize| password.chars().nth(max).is_some();
    is_longer(MAX_TYPED) || (is_longer(*PASSWORD.end()) && password.nfc().nth(*PASSWORD.end()).is_some())
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

    /// The longest of those that zxcvbn expects early, each begun by a longer password.
    #[test]
    fn case_52_a_long_password_that_begins_with_a_word_is_accepted() {
        for word in ["passeriformesfamily", "telecommunications", "123456789987654321"] {
            assert_eq!(problem("password", word, "ada").unwrap().problem, "too_common", "{word}");
            assert_eq!(problem("password", &format!("{word} by the lake"), "ada"), None, "{word}");
        }
        assert_eq!(problem("password", &"a".repeat(200), "ada").unwrap().problem, "too_common");
    }

    #[test]
    fn case_16_the_length_that_is_estimated_is_bounded() {
        let crafted: String = "4@8({[<369|!17|0$5+7%2".chars().cycle().take(256).collect();
        assert_eq!(estimated(&crafted), &crafted[..20]);
        assert_eq!(estimated(&"é".repeat(30)), "é".repeat(20));
        assert_eq!(estimated("password"), "password");
    }

    #[test]
    fn case_46_the_length_does_not_depend_on_how_a_keyboard_composes() {
        for (letters, expected) in [(7, Some("too_short")), (8, None), (256, None), (257, Some("too_long"))] {
            for letter in ["\u{e9}", "e\u{301}", "\u{1f82}", "\u{3b1}\u{313}\u{300}\u{345}"] {
                let password = "lake x".chars().cycle().take(letters - 5).collect::<String>() + &letter.repeat(5);
                let broken = problem("password", &password, "ada").map(|problem| problem.problem);
                assert_eq!(broken.as_deref(), expected, "{password}");
                assert_eq!(is_too_long(&password), letters > 256, "{password}");
            }
        }
        assert!(!is_too_long(&"\u{3b1}\u{313}\u{300}\u{345}".repeat(256)));
        assert!(is_too_long(&"x".repeat(257)) && is_too_long(&"e\u{301}".repeat(257)));
        assert!(!is_too_long(&"\u{958}".repeat(256)), "version 0.1 accepted it, and it has 512 characters in NFC");
    }

    #[test]
    fn case_46_a_password_is_compared_in_nfc_and_as_it_was_typed() {
        assert_eq!(candidates("plain ascii"), ["plain ascii"]);
        let (nfc, nfd) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        assert_eq!(candidates(nfc), [nfc, nfd]);
        assert_eq!(candidates(nfd), [nfc, nfd]);
    }
}
