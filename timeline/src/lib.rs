//! Devtool for Leptos apps: a timeline of a [`wugan`] session.
//!
//! One lane per request, coloured by phase; the refreshes in rows of their own below; sign-ins, sign-outs and other tabs' tokens as markers.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use wugan_timeline::{EventList, Strings, Timeline, use_timeline};
//!
//! #[component]
//! fn Devtool(client: wugan::Client) -> impl IntoView {
//!     let timeline = use_timeline(client.session());
//!     view! { <Timeline timeline strings=Strings::EN /> <EventList timeline strings=Strings::EN /> }
//! }
//! ```
//!
//! The styles are in `timeline.css`; its colours are custom properties (`--wt-…`).

mod axis;
mod event_list;
mod json;
mod lane;
mod picture;
mod record;
mod shape;
mod strings;
mod time;
mod use_timeline;

pub use event_list::*;
pub use lane::{Lane, Marker, MarkerKind, Phase, Refresh, Span};
pub use picture::*;
pub use record::{Record, Stats};
pub use strings::Strings;
pub use use_timeline::{UseTimeline, use_timeline};
