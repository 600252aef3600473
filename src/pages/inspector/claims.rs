//! The access token's claims (RFC 7519 §4), on demand, without the token.

use crate::{
    api::use_api,
    components::live::{Boxed, effect, live},
    derived::Derived,
    lang::{Lang, text, use_lang},
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

pub(super) fn claims(timeline: UseTimeline) -> AnyView {
    let (api, lang, stats) = (use_api(), use_lang(), timeline.stats());
    let (open, claims) = (RwSignal::new(false), RwSignal::new(Vec::<Claim>::new()));
    effect(move || {
        // A refresh replaces the token.
        stats.track();
        if open.get() {
            spawn_local(async move {
                let token = api.client().session().token().await.ok().flatten();
                claims.try_set(token.and_then(|token| read(token.as_str())).unwrap_or_default());
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
    let label = Derived::new(move || {
        let t = &lang.get().texts().inspector;
        if open.get() { t.claims_hide } else { t.claims_show }
    });
    let expanded = Derived::new(move || if open.get() { "true" } else { "false" });
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

/// The claims of a token; `None` if it is not a JWT. Parsed by the browser, since they are only displayed.
fn read(token: &str) -> Option<Vec<Claim>> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Object = JSON::parse(&String::from_utf8(payload).ok()?).ok()?.dyn_into().ok()?;
    let claim = |pair: Array| Some((pair.get(0).as_string()?, JSON::stringify(&pair.get(1)).ok()?.into()));
    Some(Object::entries(&claims).iter().filter_map(|pair| claim(pair.unchecked_into())).collect())
}
