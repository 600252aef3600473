//! How hard a password is to guess, while it is typed. A hint and no verdict: the server alone decides what it takes.

use super::live::Boxed;
use crate::{
    derived::Derived,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Weak,
    Fair,
    Strong,
}

/// Length counts most, and variety; what everybody tries first counts nothing.
fn strength(password: &str) -> Strength {
    const TRIED_FIRST: [&str; 8] = ["password", "12345678", "qwerty", "abc123", "letmein", "iloveyou", "admin", "welcome"];
    let lower = password.to_ascii_lowercase();
    let length = password.chars().count();
    // A pasted megabyte need not be looked through.
    let kinds = lower.char_indices().take(64).filter(|(at, letter)| !lower[..*at].contains(*letter)).count();
    let tried = TRIED_FIRST.iter().any(|word| lower.contains(word));
    match (length, kinds) {
        (..8, _) | (_, ..5) => Strength::Weak,
        (..16, _) if tried => Strength::Weak,
        (14.., 8..) => Strength::Strong,
        _ => Strength::Fair,
    }
}

pub(crate) fn strength_meter(password: RwSignal<String>) -> AnyView {
    let lang = use_lang();
    let judged = move || {
        let password = password.read();
        (!password.is_empty()).then(|| strength(&password))
    };
    let words = Derived::of(move || {
        let say: Pick = match judged() {
            None => return "",
            Some(Strength::Weak) => |t| t.sign.weak,
            Some(Strength::Fair) => |t| t.sign.fair,
            Some(Strength::Strong) => |t| t.sign.strong,
        };
        say(lang.get().texts())
    });
    let value = Derived::of(move || match judged() {
        None => "0",
        Some(Strength::Weak) => "1",
        Some(Strength::Fair) => "2",
        Some(Strength::Strong) => "3",
    });
    // The room is kept from the start: nothing moves when the first letter is typed.
    view! {
        <div class="strength" data-testid="strength">
            <meter min="0" max="3" low="1.5" high="2.5" optimum="3" aria-label=text(|t| t.sign.strength) value=value></meter>
            <span role="status">{words}</span>
        </div>
    }
    .boxed()
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
