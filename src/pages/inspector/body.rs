//! The content of `/inspector`: the demonstration, and below it the laboratory with the other controls.

use super::{OWN_SESSION, demonstration::Demonstration, jobs::Jobs, lab::Lab, subject::Subject};
use crate::{
    connection::use_connection,
    lang::{Lang, use_lang},
    route::use_router,
};
use leptos::prelude::*;
use wugan::leptos::use_session;
use wugan_timeline::Strings;

pub(super) fn body() -> AnyView {
    let (lang, connection) = (use_lang(), use_connection());
    let guest = match Subject::guest(connection) {
        Ok(guest) => StoredValue::new_local(guest),
        // Only a page without an origin has no client, and no inspector either.
        Err(error) => return error.to_string().into_any(),
    };
    let hidden = window_event_listener_untyped("pagehide", move |_| guest.with_value(Subject::delete_while_unloading));
    let shown = window_event_listener_untyped("pageshow", move |_| guest.with_value(Subject::end_if_deleted));
    on_cleanup(move || {
        hidden.remove();
        shown.remove();
        guest.with_value(Subject::delete);
    });
    let is_own = use_router().query() == OWN_SESSION;
    let subject = if is_own { StoredValue::new_local(Subject::own(use_session().client(), connection)) } else { guest };
    let strings = Signal::derive(move || match lang.get() {
        Lang::En => Strings::EN,
        Lang::Zh => Strings::ZH,
    });
    let jobs = Jobs::new();
    view! {
        <Demonstration guest jobs strings />
        <Lab subject is_own jobs strings />
    }
    .into_any()
}
