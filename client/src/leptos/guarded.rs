//! A page for signed-in users only.

// `#[component]` makes a second public item of the function, which is not exported.
#![allow(unreachable_pub)]

use super::{AuthStatus, UseGuardOptions, lifetime::outliving, use_guard_with_options, use_session};
use leptos::{
    either::Either,
    prelude::*,
    reactive::owner::{Owner, WeakOwner},
    tachys::reactive_graph::OwnedView,
};

/// Shows its children to signed-in users. Other users are sent to the sign-in page, from which
/// [`use_return_to`](super::use_return_to) brings them back.
///
/// The fallback is shown while a stored session is checked. The children stay as long as the session does: a refresh does not
/// re-render them, another session renders new ones.
///
/// ```no_run
/// # fn replace(_address: &str) {}
/// use leptos::prelude::*;
/// use wugan::leptos::{Guarded, UseGuardOptions};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     let options = UseGuardOptions::default().navigate(replace);
///     view! { <Guarded options fallback=|| "Loading…">"Your account"</Guarded> }
/// }
/// ```
///
/// With leptos_router, pass the function that its `use_navigate` returns, as the example `leptos` of this project shows.
///
/// # Panics
/// If no component above [provides](super::provide_session) a session.
#[component]
pub fn Guarded<C>(
    /// The page.
    children: TypedChildrenFn<C>,
    /// What is shown while the session is checked, and on the way to the sign-in page. Default: nothing.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// The sign-in page's address, and how to navigate.
    #[prop(optional)]
    options: UseGuardOptions,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let session_id = use_session().session_id;
    let status = use_guard_with_options(options).status;
    let shown = outliving(|| Memo::new(move |_| session_id.get().filter(|_| status.get() == AuthStatus::Authenticated)));
    let children = children.into_inner();
    let component = Owner::current().map(|owner| owner.downgrade());
    let mut page = None::<Owner>;
    move || {
        // Effects below a `Suspense` end a tick after their signals are disposed of, and panic if they run in between (case 68; see
        // `outliving`). Pausing the page keeps all of its effects from running, also those that read signals of the page itself.
        if let Some(page) = page.take() {
            page.pause();
        }
        if shown.get().is_none() {
            return Either::Right(fallback.run());
        }
        let owner = component.as_ref().and_then(WeakOwner::upgrade).map_or_else(Owner::new, |component| component.child());
        page = Some(owner.clone());
        Either::Left(OwnedView::new_with_owner(owner.with(|| children()), owner))
    }
}
