//! Case 57: Leptos renders the bindings natively, as signed out and not ready, without a window and without navigating.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use leptos::prelude::*;
use std::{panic::resume_unwind, thread};
use wugan::{
    AuthState, Client,
    leptos::{
        AuthStatus, Guarded, UseGuardOptions, UseSessionOptions, provide_session, use_guard, use_return_to, use_session,
        use_session_action, use_session_resource, use_session_with_options,
    },
};

fn render<V: IntoView + 'static>(component: impl FnOnce() -> V) -> String {
    let owner = Owner::new();
    owner.with(|| {
        provide_session(Client::new("https://api.example.com").unwrap());
        component().into_view().to_html()
    })
}

#[test]
fn case_57_a_guard_renders_its_fallback_and_does_not_navigate() {
    let html = render(|| {
        let options = UseGuardOptions::default().navigate(|address| panic!("navigates to {address}"));
        let name = || use_session().user.get().and_then(|user| user.name);
        view! { <main><Guarded options fallback=|| view! { <p>"Loading…"</p> }><p>"Hello " {name}</p></Guarded></main> }
    });
    assert_eq!(html.replace("<!>", ""), "<main><p>Loading…</p></main>");
}

#[test]
fn case_57_the_signals_are_signed_out_and_not_ready() {
    render(|| {
        let session = use_session_with_options(UseSessionOptions::default().tick(std::time::Duration::from_secs(1)));
        assert_eq!(session.state.get_untracked(), AuthState::SignedOut { reason: None });
        assert_eq!((session.signed_in.get_untracked(), session.ready.get_untracked()), (false, false));
        assert_eq!(
            (session.user.get_untracked(), session.expires_in.get_untracked(), session.session_id.get_untracked()),
            (None, None, None)
        );
        assert_eq!(use_guard().status.get_untracked(), AuthStatus::Loading);
        assert_eq!(use_return_to().to.get_untracked(), "/");
        assert_eq!(session.client().session().info().state, AuthState::SignedOut { reason: None });
        session.sign_out();
    });
}

#[test]
fn case_57_resources_and_actions_send_nothing() {
    let html = render(|| {
        let resource = use_session_resource(|_| async { panic!("loads") });
        let action = use_session_action(|_, ()| async { panic!("acts") });
        action.dispatch(());
        resource.refetch();
        let shown = move || {
            let _: (Option<()>, Option<Result<(), wugan::Error>>) = (resource.value.get(), action.value.get());
            format!("{} {} {}", resource.pending.get(), action.pending.get(), action.awaiting_sign_in.get())
        };
        view! { <p>{shown}</p> }
    });
    assert!(html.contains("false false false"), "{html}");
}

/// An async server drops a page's signals on whichever thread sent its last byte. Values that are bound to their thread panic then.
#[test]
fn case_57_a_page_may_be_dropped_on_another_thread() {
    let owner = Owner::new();
    owner.with(|| {
        provide_session(Client::new("https://api.example.com").unwrap());
        let _ = (use_guard(), use_return_to());
        let _ = use_session_resource(|client| async move { client.get("/me").send().await?.text().await });
        let _ = use_session_action(|client, ()| async move { client.get("/me").send().await.map(drop) });
    });
    if let Err(panic) = thread::spawn(move || drop(owner)).join() {
        resume_unwind(panic);
    }
}
