//! Provides the session. Its engine is a part, a separately loaded wasm module, together with the views that need it. A visitor without a
//! session does not load it.

use crate::{
    components::{
        part::{Load, Make, part},
        storage_banner::StorageBanner,
    },
    pages::overview::Overview,
};
use leptos::prelude::*;
use std::cell::Cell;
use wugan::{
    Client,
    leptos::{SessionEngine, UseSessionReturn, provide_session_lazy},
};

type Part = fn() -> Option<(SessionEngine, SessionViews)>;

/// Views in the engine's part.
#[derive(Clone, Copy)]
pub(crate) struct SessionViews {
    /// The banner of the engine's warnings.
    pub(crate) warnings: Make,
    /// The home page of a signed-in user.
    pub(crate) overview: Make,
}

thread_local! {
    /// Code, which is loaded once for the program.
    static VIEWS: Cell<Option<SessionViews>> = const { Cell::new(None) };
}

/// Present as soon as a user is signed in, or the engine warns.
pub(crate) fn session_views() -> Option<SessionViews> {
    VIEWS.get()
}

pub(crate) fn provide_session() -> UseSessionReturn {
    let load: Load<Part> = part!(session, engine_and_views, Part);
    provide_session_lazy(&storage_key(), move || async move {
        let (engine, views) = load().await.map_err(drop)?().ok_or(())?;
        VIEWS.set(Some(views));
        Ok::<_, ()>(engine)
    })
}

/// `None` only in a page without an origin, such as a file opened from the disk.
fn engine_and_views() -> Option<(SessionEngine, SessionViews)> {
    let client = Client::new("").ok()?;
    let views = SessionViews { warnings: || StorageBanner().into_any(), overview: || Overview().into_any() };
    Some((SessionEngine::new(client), views))
}

/// The client's default key in localStorage. `index.html` loads the engine early if there is a session under it.
fn storage_key() -> String {
    format!("wugan:{}/user/refresh", window().location().origin().unwrap_or_default())
}
