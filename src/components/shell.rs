//! The frame of every page: top, banner, foot.

use crate::{
    arrival::Announcer,
    connection::use_connection,
    lang::{self, Lang, text, use_lang},
    theme::{self, Theme, use_theme},
};
use leptos::prelude::*;
use leptos_router::components::A;
use wugan::leptos::use_session;

#[component]
pub(crate) fn Shell(children: Children) -> impl IntoView {
    view! {
        <a class="skip" href="#main">{text(|t| t.shell.skip)}</a>
        <Top />
        <Away />
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
    view! {
        <header class="top">
            <A href="/" attr:class="brand">
                <Ring />
                <span>"Wugan " <small lang="zh">"无感"</small></span>
            </A>
            <nav aria-label=text(|t| t.shell.main_menu)>
                <ul>
                    <li><A href="/" exact=true>{text(|t| t.shell.home)}</A></li>
                    <li><A href="/inspector">{text(|t| t.shell.inspector)}</A></li>
                    <Show when=move || session.signed_in.get()>
                        <li><A href="/account">{text(|t| t.shell.account)}</A></li>
                        <li><A href="/sessions">{text(|t| t.shell.sessions)}</A></li>
                    </Show>
                </ul>
            </nav>
            <div class="top-end">
                <LangSwitch />
                <ThemeSwitch />
                <Who />
            </div>
        </header>
    }
}

/// The sign: a ring that is never quite closed, and always closes again.
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

#[component]
fn Who() -> impl IntoView {
    let session = use_session();
    let sign_out = move |_| session.client().session().sign_out();
    view! {
        <Show
            when=move || session.signed_in.get()
            fallback=|| view! { <A href="/sign-in" attr:class="button small">{text(|t| t.shell.sign_in)}</A> }
        >
            <span class="who">{move || session.user.get().and_then(|user| user.name)}</span>
            <button type="button" class="small" on:click=sign_out>{text(|t| t.shell.sign_out)}</button>
        </Show>
    }
}

/// Offers the other language, in its own words.
#[component]
fn LangSwitch() -> impl IntoView {
    let lang = use_lang();
    let other = move || if lang.get() == Lang::En { Lang::Zh } else { Lang::En };
    view! {
        <button type="button" class="plain" lang=move || other().tag() on:click=move |_| lang::choose(lang, other())>
            {move || if other() == Lang::Zh { "中文" } else { "English" }}
        </button>
    }
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let (theme, lang) = (use_theme(), use_lang());
    let name = move || (theme.get().say())(lang.get().texts());
    let sign = move || match theme.get() {
        Theme::Auto => "M12 3a9 9 0 1 0 0 18zM12 4.5a7.5 7.5 0 0 1 0 15z",
        Theme::Light => "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM11 1h2v4h-2zM11 19h2v4h-2zM1 11h4v2H1zM19 11h4v2h-4z",
        Theme::Dark => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
    };
    view! {
        <button type="button" class="plain" aria-label=name title=name on:click=move |_| theme::choose(theme, theme.get_untracked().next())>
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="currentColor" fill-rule="evenodd">
                <path d=sign />
            </svg>
        </button>
    }
}

/// The server is away: said to everybody, and to screen readers when it begins and when it ends.
#[component]
fn Away() -> impl IntoView {
    let connection = use_connection();
    let (away, back) = (text(|t| t.shell.away), text(|t| t.shell.back));
    let (again, trying) = (text(|t| t.shell.try_again), text(|t| t.shell.trying));
    view! {
        <div role="status" data-testid="connection">
            <Show
                when=move || connection.is_lost()
                fallback=move || view! { <p class="unseen">{move || (connection.returns() > 0).then(|| back.get())}</p> }
            >
                <div class="banner">
                    <p>{away}</p>
                    <button type="button" class="small" on:click=move |_| connection.check_again()>
                        {move || if connection.is_checking() { trying.get() } else { again.get() }}
                    </button>
                </div>
            </Show>
        </div>
    }
}
