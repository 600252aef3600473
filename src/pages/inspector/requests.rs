//! The form that sends requests.

use super::{
    burst::burst,
    inspected_session::InspectedSession,
    jobs::{Job, Jobs},
};
use crate::{
    components::field::Input,
    form::Form,
    lang::{text, use_lang},
    problem::{FormError, Message},
};
use leptos::{ev::SubmitEvent, prelude::*};
use wugan_timeline::UseTimeline;
use wugan_wire::routes;

/// The most requests per burst.
const MAX_REQUESTS: usize = 1_000;

/// The field's name, which is its id.
const COUNT: &str = "requests";

#[component]
pub(super) fn RequestsForm(
    inspected: StoredValue<InspectedSession, LocalStorage>,
    timeline: UseTimeline,
    jobs: Jobs,
    status: RwSignal<Option<Message>>,
) -> impl IntoView {
    let lang = use_lang();
    let form = Form::new(Signal::derive(move || jobs.is_running(Job::Burst)));
    let (count, route) = (Input::new(), RwSignal::new(routes::GUARDED.to_owned()));
    count.set("4".to_owned());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(count) = parse_count(&count.read()) else {
            return form.show_errors(vec![FormError { field: Some(COUNT), message: Message::Plain(|t| t.inspector().count_wrong) }]);
        };
        form.show_errors(Vec::new());
        let (inspected, route) = (inspected.get_value(), route.get_untracked());
        jobs.start(Job::Burst, async move {
            status.set(None);
            timeline.clear();
            if let Err(problem) = inspected.sign_in().await {
                status.try_set(Some(problem.message()));
                return;
            }
            // Without the guest's registration.
            timeline.clear();
            let _ = burst(&inspected, &route, count).await;
        });
    };
    let label = move || {
        let t = lang.get().inspector();
        if form.pending.get() { t.sending } else { t.send }
    };
    let error = form.error(Some(COUNT));
    view! {
        <form class="controls" novalidate on:submit=submit>
            <div class="field">
                <label for=COUNT>{text(|t| t.inspector().requests)}</label>
                <input
                    id=COUNT
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    aria-describedby="requests-wrong"
                    aria-invalid=move || error.get().map(|_| "true")
                    node_ref=count.element
                    bind:value=count.value
                />
            </div>
            <div class="field">
                <label for="route">{text(|t| t.inspector().route)}</label>
                <select id="route" bind:value=route>
                    <option value=routes::GUARDED>{text(|t| t.inspector().route_guarded)}</option>
                    <option value=routes::PUBLIC>{text(|t| t.inspector().route_public)}</option>
                </select>
            </div>
            <p class="wrong" id="requests-wrong" role="alert">{error}</p>
            <button type="submit" aria-disabled=move || jobs.disabled()>{label}</button>
        </form>
    }
}

/// A whole number from 1 to [`MAX_REQUESTS`].
fn parse_count(text: &str) -> Option<usize> {
    text.trim().parse().ok().filter(|count| (1..=MAX_REQUESTS).contains(count))
}

#[cfg(test)]
mod tests {
    use super::parse_count;

    #[test]
    fn the_count_is_a_number_from_1_to_1000() {
        assert_eq!([parse_count("1"), parse_count(" 1000 ")], [Some(1), Some(1_000)]);
        for text in ["0", "1001", "1 001", "-1", "2.5", "many", ""] {
            assert_eq!(parse_count(text), None, "{text}");
        }
    }
}
