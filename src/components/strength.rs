//! Password strength meter. A hint: the server decides which passwords it accepts.

use crate::lang::{self, use_lang};
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Weak,
    Fair,
    Strong,
}

/// Rates length first, then variety; a password that contains a common one is weak.
fn strength(password: &str) -> Strength {
    const COMMON: [&str; 8] = ["password", "12345678", "qwerty", "abc123", "letmein", "iloveyou", "admin", "welcome"];
    let lower = password.to_ascii_lowercase();
    let length = password.chars().count();
    // The first 64 characters decide: a pasted megabyte is not searched.
    let kinds = lower.char_indices().take(64).filter(|(at, letter)| !lower[..*at].contains(*letter)).count();
    let common = COMMON.iter().any(|word| lower.contains(word));
    match (length, kinds) {
        (..8, _) | (_, ..5) => Strength::Weak,
        (..16, _) if common => Strength::Weak,
        (14.., 8..) => Strength::Strong,
        _ => Strength::Fair,
    }
}

#[component]
pub(crate) fn StrengthMeter(password: RwSignal<String>) -> impl IntoView {
    let lang = use_lang();
    let rating = move || {
        let password = password.read();
        (!password.is_empty()).then(|| strength(&password))
    };
    let label = move || {
        let t = lang.get().sign();
        match rating() {
            None => "",
            Some(Strength::Weak) => t.weak,
            Some(Strength::Fair) => t.fair,
            Some(Strength::Strong) => t.strong,
        }
    };
    let value = move || match rating() {
        None => "0",
        Some(Strength::Weak) => "1",
        Some(Strength::Fair) => "2",
        Some(Strength::Strong) => "3",
    };
    // Rendered from the start, so that the layout does not shift at the first character.
    view! {
        <div class="strength" data-testid="strength">
            <meter min="0" max="3" low="1.5" high="2.5" optimum="3" aria-label=lang::text(|t| t.sign().strength) value=value></meter>
            <span role="status">{label}</span>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{Strength, strength};

    #[test]
    fn length_and_variety_make_a_password_strong() {
        let cases = [
            ("", Strength::Weak),
            ("short7!", Strength::Weak),
            ("aaaaaaaaaaaaaaaa", Strength::Weak),
            ("Password123", Strength::Weak),
            ("k7#mQ2px", Strength::Fair),
            ("four words make this", Strength::Strong),
            ("一只安静的猫坐在蓝色的窗边看雨", Strength::Strong),
        ];
        for (password, expected) in cases {
            assert_eq!(strength(password), expected, "{password}");
        }
    }
}
