//! `/`: what the app is, and the responses of a public and a guarded route.

use crate::{
    arrival::Page,
    components::{
        live::{Boxed, button, either, head, link, live, notice, when},
        notice,
    },
    derived::Derived,
    lang::{Pick, text, use_lang},
    loaded::Loaded,
    problem::Message,
};
use leptos::prelude::*;
use wugan::{AuthState, SignOutReason, leptos::use_session};
use wugan_wire::routes;

#[component]
pub(crate) fn Home() -> impl IntoView {
    let session = use_session();
    let signed_in = Derived::new(move || session.signed_in.get());
    // Shown if the session ended while the page was open, or ended without the user's doing before.
    let seen = StoredValue::new(false);
    let ended = notice(move || match session.state.get() {
        AuthState::SignedIn => {
            seen.set_value(true);
            None
        }
        AuthState::SignedOut { reason: Some(reason) } if reason != SignOutReason::ByUser || seen.get_value() => {
            Some(("notice", Message::Plain(notice::ended(reason))))
        }
        _ => None,
    });
    view! {
        <Page title=|t| t.home.title>
            {ended} {either(signed_in, hello, welcome)}
            <div class="cards">
                {probe(routes::PUBLIC, false, |t| t.home.public, |t| t.home.public_what)}
                {probe(routes::GUARDED, true, |t| t.home.guarded, |t| t.home.guarded_what)}
                <section class="card">
                    <h2>{text(|t| t.home.watch)}</h2>
                    <p>{text(|t| t.home.watch_what)}</p>
                    <p>{link("", "/inspector", |t| t.home.watch_go)}</p>
                </section>
            </div>
        </Page>
    }
}

/// The head for a signed-out visitor.
fn welcome() -> AnyView {
    view! {
        <div class="welcome">
            {head(|t| t.home.lead, |t| t.home.what)}
            <div class="buttons">
                {link("button primary", "/sign-up", |t| t.shell.sign_up)} {link("button", "/sign-in", |t| t.shell.sign_in)}
            </div>
        </div>
    }
    .boxed()
}

/// The head for a signed-in user.
fn hello() -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let hello = Derived::new(move || {
        let name = session.user.get().and_then(|user| user.name).unwrap_or_default();
        (lang.get().texts().home.hello)(&name)
    });
    view! {
        <div class="head">
            <h1>{hello}</h1>
            <p>{text(|t| t.home.hello_what)}</p>
        </div>
    }
    .boxed()
}

/// A route's response: requested when the page opens, on the button, after a sign-in or sign-out, and when the server is back.
fn probe(path: &'static str, guarded: bool, title: Pick, what: Pick) -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let locked = Derived::new(move || guarded && !session.signed_in.get());
    let open = Derived::new(move || !locked.get());
    let answer = Loaded::new(path, open);
    let shown = live(move || {
        let t = lang.get().texts();
        match answer.get() {
            _ if locked.get() => view! { <a href="/sign-in">{t.home.locked}</a> }.boxed(),
            None => t.shell.loading.into_any(),
            Some(Ok(body)) => view! { <code>{body}</code> }.boxed(),
            Some(Err(problem)) => view! { <span class="wrong">{problem.message().text(lang.get())}</span> }.boxed(),
        }
    });
    let again = move || button("small", |t| t.home.ask_again, move || answer.reload());
    let waits = Derived::new(move || answer.is_pending());
    let busy = Derived::new(move || if waits.get() { "true" } else { "false" });
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{text(title)}</h2>
                <code>{path}</code>
            </div>
            <p>{text(what)}</p>
            <div class="answer" class:waits=waits role="status" data-testid=path aria-busy=busy>{shown}</div>
            <div class="buttons">{when(open, again)}</div>
        </section>
    }
    .boxed()
}
