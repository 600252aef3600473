//! `/`: what this is, and two answers of the server: one for everybody, one for who is signed in.

use crate::{
    arrival::Page,
    components::{
        live::{Boxed, button, either, head, link, live, notice, when},
        notice,
    },
    derived::Derived,
    lang::{Pick, text, use_lang},
    loaded::Loaded,
    problem::Say,
};
use leptos::prelude::*;
use wugan::{Reason, State, leptos::use_session};
use wugan_wire::routes;

#[component]
pub(crate) fn Home() -> impl IntoView {
    let session = use_session();
    let signed_in = Derived::of(move || session.signed_in.get());
    // A session that ended while its person was looking; or, if he has only just come, without his having asked for it.
    let seen = StoredValue::new(false);
    let ended = notice(move || match session.state.get() {
        State::SignedIn => {
            seen.set_value(true);
            None
        }
        State::SignedOut { reason: Some(reason) } if reason != Reason::ByUser || seen.get_value() => {
            Some(("notice", Say::Just(notice::ended(reason))))
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

/// For who is not signed in.
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

/// For who is.
fn hello() -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let hello = Derived::of(move || {
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

/// What the server answers on a route: asked on arrival, when the button is pressed, when somebody signs in or out, and when the
/// server is back.
fn probe(path: &'static str, guarded: bool, title: Pick, what: Pick) -> AnyView {
    let (session, lang) = (use_session(), use_lang());
    let locked = Derived::of(move || guarded && !session.signed_in.get());
    let open = Derived::of(move || !locked.get());
    let answer = Loaded::of(path, open);
    let shown = live(move || {
        let t = lang.get().texts();
        match answer.get() {
            _ if locked.get() => view! { <a href="/sign-in">{t.home.locked}</a> }.boxed(),
            None => t.shell.loading.into_any(),
            Some(Ok(body)) => view! { <code>{body}</code> }.boxed(),
            Some(Err(problem)) => view! { <span class="wrong">{problem.say().words(lang.get())}</span> }.boxed(),
        }
    });
    let again = move || button("small", |t| t.home.ask_again, move || answer.again());
    let waits = Derived::of(move || answer.is_asking());
    let busy = Derived::of(move || if waits.get() { "true" } else { "false" });
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
