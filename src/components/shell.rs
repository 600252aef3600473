//! The frame of each page: header, banners, footer.

use super::{
    banner::{Away, MemoryOnly},
    live::{Boxed, button, either, link, when},
};
use crate::{
    arrival::{Announcer, focus_content},
    derived::Derived,
    lang::{self, Pick, text, use_lang},
    route::{Route, use_router},
    theme::{self, Theme, use_theme},
};
use leptos::prelude::*;
use wugan::leptos::use_session;

#[component]
pub(crate) fn Shell(children: Children) -> impl IntoView {
    view! {
        <a class="skip" href="#main">{text(|t| t.shell.skip)}</a>
        <Top />
        <Away />
        <MemoryOnly />
        <Announcer />
        {children()}
        <footer class="foot">
            <p>{text(|t| t.shell.foot)}</p>
        </footer>
    }
}

#[component]
fn Top() -> impl IntoView {
    let session = use_session();
    let signed_in = Derived::new(move || session.signed_in.get());
    view! {
        <header class="top">
            <a href="/" class="brand">
                <Ring />
                <span>"Wugan " <small lang="zh">"无感"</small></span>
            </a>
            <nav aria-label=text(|t| t.shell.main_menu)>
                <ul>
                    {entry(Route::Home, |t| t.shell.home)} {entry(Route::Inspector, |t| t.shell.inspector)}
                    {when(signed_in, || entry(Route::Account, |t| t.shell.account))}
                    {when(signed_in, || entry(Route::Sessions, |t| t.shell.sessions))}
                </ul>
            </nav>
            <div class="top-end">
                <LangSwitch />
                <ThemeSwitch />
                {either(signed_in, account_menu, || link("button small", "/sign-in", |t| t.shell.sign_in))}
            </div>
        </header>
    }
}

/// A menu entry.
fn entry(route: Route, name: Pick) -> AnyView {
    let router = use_router();
    let current = Derived::new(move || (router.route() == route).then_some("page"));
    view! { <li><a href=route.path() aria-current=current>{text(name)}</a></li> }.boxed()
}

/// The logo.
#[component]
fn Ring() -> impl IntoView {
    view! {
        <svg class="ring" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <circle
                cx="16"
                cy="16"
                r="11"
                fill="none"
                stroke="currentColor"
                stroke-width="3.5"
                stroke-linecap="round"
                stroke-dasharray="58 11.1"
                transform="rotate(-17 16 16)"
            />
            <circle class="ring-dot" cx="23.8" cy="8.2" r="2.6" />
        </svg>
    }
}

fn account_menu() -> AnyView {
    let session = use_session();
    let sign_out = move || {
        focus_content();
        session.client().session().sign_out();
    };
    let name = Derived::new(move || session.user.get().and_then(|user| user.name).unwrap_or_default());
    view! {
        <span class="who">{name}</span>
        {button("small", |t| t.shell.sign_out, sign_out)}
    }
    .boxed()
}

/// Offers the other language, named in that language.
#[component]
fn LangSwitch() -> impl IntoView {
    let lang = use_lang();
    // One button for both languages, so that it keeps the focus.
    let tag = Derived::new(move || lang.get().other().tag());
    let name = Derived::new(move || lang.get().other().name());
    view! {
        <button type="button" class="plain" lang=tag on:click=move |_| lang::choose(lang, lang.get_untracked().other())>
            {name}
        </button>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let (theme, lang) = (use_theme(), use_lang());
    let name = Derived::new(move || (theme.get().label())(lang.get().texts()));
    let sign = Derived::new(move || match theme.get() {
        Theme::Auto => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 0 1 0 14z",
        Theme::Light => "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4z",
        Theme::Dark => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    });
    view! {
        <button type="button" class="plain" aria-label=name title=name on:click=move |_| theme::choose(theme, theme.get_untracked().next())>
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="currentColor" fill-rule="evenodd">
                <path d=sign />
            </svg>
        </button>
    }
}
