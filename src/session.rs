//! The session. Its engine is a part of its own, which a visitor without a session does not load.

use crate::components::part::{Load, part};
use leptos::prelude::window;
use wugan::{
    Client,
    leptos::{SessionEngine, UseSessionReturn, provide_session_lazy},
};

pub(crate) fn provide_session() -> UseSessionReturn {
    let load: Load<fn() -> Option<SessionEngine>> = part!(session, engine, fn() -> Option<SessionEngine>);
    provide_session_lazy(&storage_key(), move || async move { load().await.map_err(drop)?().ok_or(()) })
}

/// `None` only in a page without an origin, such as a file opened from the disk.
fn engine() -> Option<SessionEngine> {
    Client::new("").ok().map(SessionEngine::new)
}

/// The client's default key in localStorage. `index.html` loads the engine early if there is a record under it.
fn storage_key() -> String {
    format!("wugan:{}/user/refresh", window().location().origin().unwrap_or_default())
}
