//! Connects to an OpenID provider and shows the app.

// `#[component]` makes a second public item of the function, which is not exported.
#![allow(unreachable_pub)]

use super::{lifetime::outliving, provide_oidc};
use crate::{
    ClientBuilder,
    oidc::{Config, Error, Metadata, Oidc},
};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

/// How long to wait until a provider that was not available is asked again.
const RETRY_MS: u32 = 5_000;

/// Connects to a provider, [provides](provide_oidc) it and its session to its children, and shows them. Meanwhile, and on a server, it
/// shows the fallback. If the configuration is wrong it shows the reason; a provider that is not available is asked again.
///
/// ```no_run
/// use leptos::prelude::*;
/// use wugan::{Client, leptos::{Guarded, OidcCallback, OidcSession, use_oidc, use_session}, oidc::Config};
///
/// #[component]
/// fn App() -> impl IntoView {
///     let config = Config::new("https://login.example.com", "my-app");
///     let error = move || use_oidc().error.get().map(|error| error.to_string());
///     view! { <OidcSession config client=Client::builder("https://api.example.com")>{error} <Page /></OidcSession> }
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
pub fn OidcSession<C>(
    /// The provider and this client at it.
    config: Config,
    /// The client of the app's API.
    client: ClientBuilder,
    /// The app.
    children: TypedChildrenFn<C>,
    /// What is shown until the provider has answered. Default: nothing.
    #[prop(optional, into)]
    fallback: ViewFn,
) -> impl IntoView
where
    C: IntoView + 'static,
{
    let connected = outliving(|| RwSignal::new_local(None::<Result<Oidc, Error>>));
    let settings = StoredValue::new_local(Some((config, client)));
    Effect::new(move || {
        let Some((config, client)) = settings.try_update_value(Option::take).flatten() else { return };
        spawn_local(async move {
            let metadata = loop {
                match Metadata::fetch(&config.issuer, config.assumes_s256).await {
                    Err(error) if matches!(*error, Error::Unavailable(_)) => {
                        if connected.try_set(Some(Err(*error))).is_some() {
                            // The component is gone.
                            return;
                        }
                        TimeoutFuture::new(RETRY_MS).await;
                    }
                    result => break result,
                }
            };
            let oidc = metadata.and_then(|metadata| config.connect_fetched(metadata, client));
            connected.try_set(Some(oidc.map_err(|error| *error)));
        });
    });
    let children = children.into_inner();
    move || match connected.get() {
        None => fallback.run(),
        Some(Ok(oidc)) => {
            provide_oidc(oidc);
            children().into_any()
        }
        Some(Err(error)) => describe(error.to_string()),
    }
}

/// Shows an error where the app has no view for it.
pub(super) fn describe(reason: String) -> AnyView {
    view! { <p role="alert">{reason}</p> }.into_any()
}
