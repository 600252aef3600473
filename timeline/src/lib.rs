//! What a [`wugan`] session did, as a picture: a devtool for Leptos apps.
//!
//! A lane per request, coloured by phase; each refresh as a bar across all lanes; other tabs' doings as marks.
//!
//! ```no_run
//! use leptos::prelude::*;
//! use wugan_timeline::{EventList, Timeline, Words, use_timeline};
//!
//! #[component]
//! fn Devtool(client: wugan::Client) -> impl IntoView {
//!     let timeline = use_timeline(client.session());
//!     view! { <Timeline timeline words=Words::EN /> <EventList timeline words=Words::EN /> }
//! }
//! ```
//!
//! The look is in `timeline.css`; its colours are custom properties (`--wt-…`).

mod axis;
mod event_list;
mod json;
mod lane;
mod picture;
mod record;
mod shape;
mod time;
mod use_timeline;
mod words;

pub use event_list::*;
pub use lane::{Lane, Mark, Phase, Refresh, Span, What};
pub use picture::*;
pub use record::{Figures, Record};
pub use use_timeline::{UseTimeline, use_timeline};
pub use words::Words;
