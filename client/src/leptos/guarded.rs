//! A page for those who are signed in.

// What `#[component]` makes of the function is public twice, and one of the two goes nowhere.
#![allow(unreachable_pub)]

use super::{Admission, UseGuardOptions, use_guard_with_options};
use leptos::{either::Either, prelude::*};

/// Shows its children to those who are signed in, and sends everybody else to the sign-in page, from which
/// [`use_way_back`](super::use_way_back) brings them here again.
///
/// While it is not known whether a stored session still stands, it waits. Once shown, the children stay as long as the session does:
/// no refresh disturbs them.
///
/// ```no_run
/// # fn go_instead(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{Guarded, UseGuardOptions};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     let options = UseGuardOptions::default().navigate(go_instead);
///     view! { <Guarded options fallback=|| "One moment…">"Your account"</Guarded> }
/// }
/// ```
///
/// With leptos_router, `navigate` is what its `use_navigate` gives, as the example `leptos` of this project shows.
///
/// # Panics
/// As [`use_session`](super::use_session).
#[component]
pub fn Guarded<C>(
    /// The page.
    children: TypedChildrenFn<C>,
    /// What is shown while it is not known whether anybody is signed in, and on the way to the sign-in page. Default: nothing.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// Where the sign-in page is, and how to get there.
    #[prop(optional)]
    options: UseGuardOptions,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let admission = use_guard_with_options(options).admission;
    let children = children.into_inner();
    move || match admission.get() {
        Admission::Granted => Either::Left(children()),
        Admission::Unknown | Admission::Refused => Either::Right(fallback.run()),
    }
}
