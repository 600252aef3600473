//! The frame of each page: header, banners, footer.

use super::{
    banner::{OutageBanner, SessionBanner},
    page::{Announcer, focus_content},
};
use crate::{
    lang::{self, Pick, text, use_lang},
    route::{Route, use_router},
    session::session_views,
    theme::{self, Theme, use_theme},
};
use leptos::prelude::*;
use wugan::leptos::use_session;

#[component]
pub(crate) fn Shell(children: Children) -> impl IntoView {
    let session = use_session();
    let warnings = move || {
        // These change when the engine has been loaded.
        session.ready.track();
        session.signed_in.track();
        session_views().map_or_else(|| ().into_any(), |views| (views.warnings)())
    };
    view! {
        <a class="skip" href="#main">{text(|t| t.shell().skip)}</a>
        <Header />
        <OutageBanner />
        <SessionBanner />
        {warnings}
        <Announcer />
        {children()}
        <footer class="foot">
            <p>{text(|t| t.shell().foot)}</p>
        </footer>
    }
}

#[component]
fn Header() -> impl IntoView {
    let session = use_session();
    let account = move || match (session.ready.get(), session.signed_in.get()) {
        (_, true) => AccountMenu().into_any(),
        (true, false) => SignInLink().into_any(),
        // A stored session is being loaded.
        (false, false) => ().into_any(),
    };
    let members = move || {
        session.signed_in.get().then(|| {
            view! {
                <MenuEntry route=Route::Account name=|t| t.shell().account />
                <MenuEntry route=Route::Sessions name=|t| t.shell().sessions />
            }
        })
    };
    view! {
        <header class="top">
            <a href="/" class="brand">
                <Ring />
                <span>"Wugan " <small lang="zh">"无感"</small></span>
            </a>
            <nav aria-label=text(|t| t.shell().main_menu)>
                <ul>
                    <MenuEntry route=Route::Home name=|t| t.shell().home />
                    <MenuEntry route=Route::Inspector name=|t| t.shell().inspector />
                    {members}
                </ul>
            </nav>
            <div class="preferences">
                <LangSwitch />
                <ThemeSwitch />
            </div>
            {account}
        </header>
    }
}

#[component]
fn MenuEntry(route: Route, name: Pick) -> impl IntoView {
    let router = use_router();
    let current = move || (router.route() == route).then_some("page");
    view! { <li><a href=route.path() aria-current=current>{text(name)}</a></li> }
}

#[component]
fn SignInLink() -> impl IntoView {
    view! { <a class="button small" href="/sign-in">{text(|t| t.shell().sign_in)}</a> }
}

/// The user's name, and sign-out.
#[component]
fn AccountMenu() -> impl IntoView {
    let session = use_session();
    let sign_out = move |_| {
        focus_content();
        session.sign_out();
    };
    view! {
        <div class="account">
            <span class="user">{move || session.user.get().and_then(|user| user.name)}</span>
            <button type="button" class="small" on:click=sign_out>{text(|t| t.shell().sign_out)}</button>
        </div>
    }
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

/// Offers the other language, named in that language.
#[component]
fn LangSwitch() -> impl IntoView {
    let lang = use_lang();
    // One button for both languages, so that it keeps the focus.
    view! {
        <button
            type="button"
            class="plain"
            lang=move || lang.get().other().tag()
            on:click=move |_| lang::choose(lang, lang.get_untracked().other())
        >
            {move || lang.get().other().name()}
        </button>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let (theme, lang) = (use_theme(), use_lang());
    let name = move || (theme.get().label())(lang.get());
    let icon = move || match theme.get() {
        Theme::Auto => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2a7 7 0 0 1 0 14z",
        Theme::Light => "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4z",
        Theme::Dark => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    };
    view! {
        <button type="button" class="plain" aria-label=name title=name on:click=move |_| theme::choose(theme, theme.get_untracked().next())>
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="currentColor" fill-rule="evenodd">
                <path d=icon />
            </svg>
        </button>
    }
}
