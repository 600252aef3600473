//! The access token's claims (RFC 7519 §4), on demand, without the token.

use super::inspected_session::InspectedSession;
use crate::{
    lang::{text, use_lang},
    when,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use js_sys::{Array, JSON, Object};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wugan_timeline::UseTimeline;

/// A name, and a value as JSON.
type Claim = (String, String);

/// The claims that are times in seconds (RFC 7519 §4.1).
const TIMES: [&str; 3] = ["exp", "iat", "nbf"];

#[component]
pub(super) fn Claims(inspected: StoredValue<InspectedSession, LocalStorage>, timeline: UseTimeline) -> impl IntoView {
    let (lang, stats) = (use_lang(), timeline.stats());
    let (open, claims) = (RwSignal::new(false), RwSignal::new(Vec::<Claim>::new()));
    Effect::new(move || {
        // A refresh replaces the token.
        stats.track();
        if open.get() {
            let client = inspected.get_value().client().clone();
            spawn_local(async move {
                let token = client.session().token().await.ok().flatten();
                claims.try_set(token.and_then(|token| read(token.as_str())).unwrap_or_default());
            });
        }
    });
    let row = move |(name, value): Claim| {
        let seconds: Option<u32> = value.parse().ok().filter(|_| TIMES.contains(&&*name));
        let time = move || seconds.map(|seconds| format!(" ({})", when::moment(seconds, lang.get())));
        view! {
            <dt>{name}</dt>
            <dd>{value}{time}</dd>
        }
    };
    let content = move || match (open.get(), claims.get()) {
        (false, _) => ().into_any(),
        (true, claims) if claims.is_empty() => view! { <p class="hint">{text(|t| t.inspector().claims_none)}</p> }.into_any(),
        (true, claims) => {
            let rows = claims.into_iter().map(row).collect_view();
            view! { <dl class="facts mono" data-testid="claims">{rows}</dl> }.into_any()
        }
    };
    let label = move || {
        let t = lang.get().inspector();
        if open.get() { t.claims_hide } else { t.claims_show }
    };
    view! {
        <section class="stack">
            <h3>{text(|t| t.inspector().claims)}</h3>
            <p class="hint">{text(|t| t.inspector().claims_what)}</p>
            <div class="buttons">
                <button
                    type="button"
                    class="small"
                    aria-expanded=move || if open.get() { "true" } else { "false" }
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    {label}
                </button>
            </div>
            {content}
        </section>
    }
}

/// The claims of a token; `None` if it is not a JWT. Parsed by the browser, since they are only displayed.
fn read(token: &str) -> Option<Vec<Claim>> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Object = JSON::parse(&String::from_utf8(payload).ok()?).ok()?.dyn_into().ok()?;
    let claim = |pair: Array| Some((pair.get(0).as_string()?, JSON::stringify(&pair.get(1)).ok()?.into()));
    Some(Object::entries(&claims).iter().filter_map(|pair| claim(pair.unchecked_into())).collect())
}
