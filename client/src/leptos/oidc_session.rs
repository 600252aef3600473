//! Connects to an OpenID provider and shows the app.

// `#[component]` makes a second public item of the function, which is not exported.
#![allow(unreachable_pub)]

use super::{
    UseOidcReturn,
    lifetime::{after_hydration, is_on_server, outliving},
    provide_oidc,
};
use crate::{
    ClientBuilder, Error as RequestError,
    oidc::{Config, Error, Metadata, Oidc},
};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

/// A part of the page that follows signals. A closure of its own type would be one more kind of view in the download.
pub(super) type ReactiveView = Box<dyn Fn() -> AnyView + Send>;

/// The pauses before a provider that was not available is asked again. They double from the first to the last. Up to half of each is random, so
/// that tabs do not ask together. None is shorter than `Retry-After`.
const FIRST_RETRY_MS: f64 = 5_000.0;
const LAST_RETRY_MS: f64 = 60_000.0;
/// A longer `Retry-After` is cut to this.
const LONGEST_RETRY_AFTER_MS: f64 = 3_600_000.0;

/// Connects to a provider, [provides](provide_oidc) it and its session to its children, and shows them. Meanwhile, and on a server, it
/// shows the fallback. If the configuration is wrong it shows the reason; a provider that is not available is asked again.
///
/// While [`use_oidc().error`](UseOidcReturn::error) is set, by a guard too, `failed` is shown in front of the children.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::{Client, leptos::{Guarded, OidcCallback, OidcSession, use_oidc, use_session}, oidc::Config};
///
/// #[component]
/// fn App() -> impl IntoView {
///     let config = Config::new("https://login.example.com", "my-app");
///     view! { <OidcSession config client=Client::builder("https://api.example.com")><Page /></OidcSession> }
/// }
///
/// #[component]
/// fn Page() -> impl IntoView {
///     if location().pathname().is_ok_and(|path| path == "/callback") {
///         return view! { <OidcCallback>"Signing in…"</OidcCallback> }.into_any();
///     }
///     let user = use_session().user;
///     view! { <Guarded options=use_oidc().guard()>{move || user.get().map(|user| user.id)}</Guarded> }.into_any()
/// }
/// ```
#[component]
pub fn OidcSession(
    /// The provider and this client at it.
    config: Config,
    /// The client of the app's API.
    client: ClientBuilder,
    /// The app.
    children: ChildrenFn,
    /// What is shown until the provider has answered. Default: nothing.
    #[prop(optional, into)]
    fallback: ViewFn,
    /// What is shown if a sign-in or a sign-out failed. Default: the reason, and a button that [tries again](UseOidcReturn::try_again).
    #[prop(optional, into)]
    failed: Option<ViewFn>,
) -> impl IntoView {
    // A signal for the state itself would be one more kind of signal in the download.
    let (changed, state) = outliving(|| (RwSignal::new(()), StoredValue::new_local(None::<Result<Oidc, Error>>)));
    if !is_on_server() {
        after_hydration(move || {
            spawn_local(async move {
                // Once the component is gone, there is nothing to set.
                let set = |result: Result<Oidc, Box<Error>>| {
                    state.try_set_value(Some(result.map_err(Error::from)));
                    changed.try_set(()).is_none()
                };
                let mut pause = FIRST_RETRY_MS;
                let metadata = loop {
                    let error = match Metadata::fetch(&config.issuer, config.assumes_s256).await {
                        Err(error) if matches!(*error, Error::Unavailable(_)) => error,
                        result => break result,
                    };
                    let asked_for = match &*error {
                        Error::Unavailable(RequestError::Status { retry_after: Some(time), .. }) => time.as_secs() as f64 * 1_000.0,
                        _ => 0.0,
                    };
                    if !set(Err(error)) {
                        return;
                    }
                    let own = pause * (0.5 + js_sys::Math::random() / 2.0);
                    TimeoutFuture::new(own.max(asked_for).min(LONGEST_RETRY_AFTER_MS) as u32).await;
                    pause = LAST_RETRY_MS.min(pause * 2.0);
                };
                set(metadata.and_then(|metadata| config.connect_fetched(metadata, client)));
            });
        });
    }
    let view: ReactiveView = Box::new(move || {
        changed.track();
        match state.try_get_value().flatten() {
            None => fallback.run(),
            Some(Ok(oidc)) => {
                let (provided, failed) = (provide_oidc(oidc), failed.clone());
                let alert: ReactiveView = Box::new(move || match provided.error.with(|error| error.as_ref().map(Error::to_string)) {
                    Some(reason) => failed.as_ref().map_or_else(|| describe(reason, Some(provided)), ViewFn::run),
                    None => ().into_any(),
                });
                view! { {alert} {children()} }.into_any()
            }
            Some(Err(error)) => describe(error.to_string(), None),
        }
    });
    view
}

/// Shows an error, and a button that tries again what failed. Discovery is retried without one.
fn describe(reason: String, retried: Option<UseOidcReturn>) -> AnyView {
    // Of one type in both cases: another kind of view takes more code.
    let button = match retried {
        Some(oidc) => view! { " " <button on:click=move |_| oidc.try_again()>"Try again"</button> }.into_any(),
        None => ().into_any(),
    };
    view! { <p role="alert">{reason} {button}</p> }.into_any()
}
