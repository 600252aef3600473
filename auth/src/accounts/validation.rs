//! Which user names are accepted, and when two names are the same.

use super::password;
use crate::error::Error;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use unicode_ident::{is_xid_continue, is_xid_start};
use unicode_normalization::UnicodeNormalization;
use wugan_wire::{
    FieldError,
    limits::{NAME, NAME_MARKS},
};

/// The most characters of a name as it is typed: one composed character has at most four (UAX #15).
const MAX_TYPED: usize = 4 * *NAME.end();

/// A name in the form in which names are compared: without case, surrounding blanks and differences of composition. A name that is too
/// long to be registered is not normalised: its key is its digest.
#[must_use]
pub fn name_key(username: &str) -> String {
    let name = username.trim();
    if name.chars().nth(MAX_TYPED).is_some() {
        return format!("sha256:{}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(name)));
    }
    let name = name.nfkc().collect::<String>().to_lowercase();
    // PostgreSQL accepts no NUL in a text, not even in a comparison.
    name.nfkc().map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A name in the form in which it is stored and shown.
pub(super) fn display_name(username: &str) -> String {
    username.trim().nfc().collect()
}

pub(super) fn validate_credentials(username: &str, password: &str) -> Result<(), Error> {
    let problems: Vec<_> = [name_problem(username), password::problem("password", password, username)].into_iter().flatten().collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::InvalidInput(problems)) }
}

fn name_problem(username: &str) -> Option<FieldError> {
    let problem =
        |problem: &str, message: &str| Some(FieldError { field: "username".into(), problem: problem.into(), message: message.into() });
    let name: Vec<char> = username.trim().chars().take(MAX_TYPED + 1).nfc().take(NAME.end() + 1).collect();
    if name.len() < *NAME.start() {
        return problem("too_short", "A username has at least 2 characters.");
    }
    if name.len() > *NAME.end() || name_key(username).chars().count() > *NAME.end() {
        return problem("too_long", "A username has at most 64 characters.");
    }
    // UAX #31: combining marks continue a name and don't begin one.
    let begins = |c: char| is_xid_start(c) || c.is_alphanumeric() || NAME_MARKS.contains(c);
    let continues = |c: char| is_xid_continue(c) || begins(c);
    if !begins(name[0]) || name.iter().copied().any(is_invisible) || !name.iter().all(|c| continues(*c)) {
        return problem("bad_characters", "A username has letters, digits and . _ - @ + only.");
    }
    None
}

/// The Default_Ignorable_Code_Points within XID_Continue (UAX #31 §2.3): names that differ in them look the same.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180d}'
            | '\u{180f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}'
    )
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
    fn case_47_blanks_around_a_name_are_taken_off() {
        assert_eq!(name_key(" ada\u{a0}"), "ada");
        assert_eq!(display_name("\tZoe\u{308} "), "Zo\u{eb}");
        assert_eq!(name_problem("ada "), None);
    }

    #[test]
    fn case_48_names_of_any_script_are_accepted_composed_or_not() {
        for good in ["ada", "光光", "Zoë", "Zoe\u{308}", "प्रिया", "น้องแนน", "a.b-c_d@e+f", &"x".repeat(64), &"e\u{301}".repeat(64)]
        {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "too_short"),
            (" a ", "too_short"),
            ("a b", "bad_characters"),
            ("a\u{0}b", "bad_characters"),
            ("<script>", "bad_characters"),
            ("\u{301}ada", "bad_characters"),
            ("external:ada", "bad_characters"),
        ] {
            assert_eq!(name_problem(bad).unwrap().problem, why, "{bad:?}");
        }
        assert_eq!(name_problem(&"x".repeat(65)).unwrap().problem, "too_long");
        // One character that becomes eighteen in NFKC.
        assert_eq!(name_problem(&"ﷺ".repeat(10)).unwrap().problem, "too_long");
        // The longest decomposition of 64 characters, and more.
        let longest = "\u{3b1}\u{313}\u{300}\u{345}".repeat(64);
        assert_eq!(name_problem(&longest), None);
        assert_eq!(name_problem(&format!("{longest}<script>")).unwrap().problem, "too_long");
    }

    #[test]
    fn case_48_invisible_characters_are_refused() {
        let hidden = ["admin\u{fe0f}", "ad\u{34f}min", "admin\u{180b}", "admin\u{180f}", "admin\u{e0100}", "admin\u{17b4}"];
        for bad in hidden.into_iter().chain(["\u{3164}\u{3164}", "\u{115f}\u{1160}", "\u{ffa0}\u{ffa0}"]) {
            assert_eq!(name_problem(bad).unwrap().problem, "bad_characters", "{bad:?}");
        }
    }

    #[test]
    fn case_48_a_long_name_has_one_key_composed_and_decomposed() {
        let (composed, decomposed) = ("\u{e9}".repeat(64), "e\u{301}".repeat(64));
        assert_eq!((name_problem(&composed), name_problem(&decomposed)), (None, None));
        assert_eq!(display_name(&composed), display_name(&decomposed));
        assert_eq!(name_key(&composed), name_key(&decomposed));
    }

    #[test]
    fn case_48_two_long_names_have_two_keys() {
        for length in [40, 1000] {
            let [one, other] = ["a", "b"].map(|end| "e\u{301}".repeat(length) + end);
            assert_ne!(name_key(&one), name_key(&other), "{length}");
        }
        assert!(name_key(&"ﷺ".repeat(5000)).len() < 64, "the key of a name that is too long is short");
    }
}
