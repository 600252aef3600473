//! The session. Its engine is a part of its own, which a visitor without a session does not load.

use crate::components::{
    part::{Load, Make, part},
    storage_banner::StorageBanner,
};
use leptos::prelude::*;
use wugan::{
    Client,
    leptos::{SessionEngine, UseSessionReturn, provide_session_lazy},
};

/// The engine, and the banner about what it warns of.
type Part = fn() -> Option<(SessionEngine, Make)>;

/// Provides the session. Also returns the banner of its warnings, once that is loaded.
pub(crate) fn provide_session() -> (UseSessionReturn, RwSignal<Option<Make>>) {
    let banner = RwSignal::new(None);
    let load: Load<Part> = part!(session, engine_and_banner, Part);
    let session = provide_session_lazy(&storage_key(), move || async move {
        let (engine, make) = load().await.map_err(drop)?().ok_or(())?;
        banner.try_set(Some(make));
        Ok::<_, ()>(engine)
    });
    (session, banner)
}

/// `None` only in a page without an origin, such as a file opened from the disk.
fn engine_and_banner() -> Option<(SessionEngine, Make)> {
    let client = Client::new("").ok()?;
    Some((SessionEngine::new(client), || StorageBanner().into_any()))
}

/// The client's default key in localStorage. `index.html` loads the engine early if there is a session under it.
fn storage_key() -> String {
    format!("wugan:{}/user/refresh", window().location().origin().unwrap_or_default())
}
