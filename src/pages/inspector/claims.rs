//! What the access token says of itself (RFC 7519 §4), on demand: its claims alone, never the token.

use crate::{
    api::use_api,
    components::live::{Boxed, follow, live},
    derived::Derived,
    lang::{Lang, text, use_lang},
    when,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use js_sys::{Array, JSON, Object};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wugan_timeline::UseTimeline;

/// A name and a value, as JSON writes it.
type Claim = (String, String);

/// The claims that are times (RFC 7519 §4.1), in seconds.
const TIMES: [&str; 3] = ["exp", "iat", "nbf"];

pub(super) fn claims(timeline: UseTimeline) -> AnyView {
    let (api, lang, figures) = (use_api(), use_lang(), timeline.figures());
    let (open, claims) = (RwSignal::new(false), RwSignal::new(Vec::<Claim>::new()));
    follow(move || {
        // A refresh brings another token.
        figures.track();
        if open.get() {
            spawn_local(async move {
                let token = api.client().session().access_token().await.ok().flatten();
                claims.try_set(token.and_then(|token| read(&token)).unwrap_or_default());
            });
        }
    });
    let shown = live(move || match (open.get(), claims.get()) {
        (false, _) => ().into_any(),
        (true, claims) if claims.is_empty() => view! { <p class="hint">{text(|t| t.inspector.claims_none)}</p> }.boxed(),
        (true, claims) => {
            let rows: Vec<_> = claims.into_iter().map(|claim| row(claim, lang.get())).collect();
            view! { <dl class="facts mono" data-testid="claims">{rows}</dl> }.boxed()
        }
    });
    let label = Derived::of(move || {
        let t = &lang.get().texts().inspector;
        if open.get() { t.claims_hide } else { t.claims_show }
    });
    let expanded = Derived::of(move || if open.get() { "true" } else { "false" });
    view! {
        <section class="stack">
            <h2>{text(|t| t.inspector.claims)}</h2>
            <p class="hint">{text(|t| t.inspector.claims_what)}</p>
            <div class="buttons">
                <button type="button" class="small" aria-expanded=expanded on:click=move |_| open.update(|open| *open = !*open)>
                    {label}
                </button>
            </div>
            <div role="status">{shown}</div>
        </section>
    }
    .boxed()
}

fn row((name, value): Claim, lang: Lang) -> AnyView {
    let time = value.parse().ok().filter(|_| TIMES.contains(&&*name)).map(|seconds: u32| when::moment(seconds, lang));
    let time = time.map(|time| format!(" ({time})"));
    view! {
        <dt>{name}</dt>
        <dd>{value}{time}</dd>
    }
    .boxed()
}

/// The claims of a token; None for one that is no JWT. The browser reads the JSON: what it makes of it is only shown.
fn read(token: &str) -> Option<Vec<Claim>> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Object = JSON::parse(&String::from_utf8(payload).ok()?).ok()?.dyn_into().ok()?;
    let claim = |pair: Array| Some((pair.get(0).as_string()?, JSON::stringify(&pair.get(1)).ok()?.into()));
    Some(Object::entries(&claims).iter().filter_map(|pair| claim(pair.unchecked_into())).collect())
}
