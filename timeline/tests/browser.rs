//! The timeline in a real browser, with a client whose responses are made up in the page.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use futures::future::join_all;
use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*};
use std::any::Any;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement, KeyboardEvent, KeyboardEventInit, PointerEvent, PointerEventInit};
use wugan::{Client, TokenSet};
use wugan_timeline::{EventList, Strings, Timeline, use_timeline};

wasm_bindgen_test_configure!(run_in_browser);

/// Refuses the access token "old", renews it to "new", and answers everything else 200.
const BACKEND: &str = r#"window.fetch = async (request) => {
    if (request.url.endsWith("/user/refresh")) {
        return Response.json({ access_token: "new", refresh_token: "next", token_type: "Bearer", expires_in: 60 });
    }
    return new Response(null, { status: request.headers.get("authorization") === "Bearer old" ? 401 : 200 });
}"#;

/// A timeline and an event list in the page, removed when dropped.
struct Mounted {
    root: HtmlElement,
    client: Client,
    language: ArcRwSignal<&'static Strings>,
    _view: Box<dyn Any>,
}

impl Mounted {
    /// With a session whose access token the backend refuses.
    fn new(key: &str) -> Mounted {
        js_sys::Function::new_no_args(BACKEND).call0(&JsValue::NULL).unwrap();
        let client = Client::builder("http://localhost:1").storage_key(key).auto_refresh(false).build().unwrap();
        client.session().sign_in(TokenSet::new("old", "first").with_expires_in(60.0));
        let root: HtmlElement = document().create_element("div").unwrap().dyn_into().unwrap();
        document().body().unwrap().append_child(&root).unwrap();
        let language = ArcRwSignal::new(Strings::EN);
        let (shown, strings) = (client.clone(), language.clone());
        let view = mount_to(root.clone(), move || {
            let timeline = use_timeline(shown.session());
            let strings = Signal::derive(move || strings.get());
            view! { <Timeline timeline strings /> <EventList timeline strings /> }
        });
        Mounted { root, client, language, _view: Box::new(view) }
    }

    async fn burst(&self, requests: usize) {
        let statuses = join_all((0..requests).map(async |_| self.client.get("/bbb").send().await.unwrap().status().as_u16())).await;
        assert_eq!(statuses, vec![200; requests]);
        // Longer than the least time between two updates of the view.
        TimeoutFuture::new(150).await;
    }

    fn find(&self, selector: &str) -> Element {
        self.root.query_selector(selector).unwrap().unwrap()
    }

    fn text(&self) -> String {
        self.root.inner_text()
    }

    /// How many bars a path draws.
    fn bars(&self, selector: &str) -> usize {
        self.find(selector).get_attribute("d").unwrap().matches('M').count()
    }

    /// Presses a key on the timeline; returns what a screen reader says then.
    async fn press(&self, key: &str) -> String {
        let init = KeyboardEventInit::new();
        init.set_key(key);
        init.set_bubbles(true);
        let plot = self.find(".wt-plot");
        plot.dispatch_event(&KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap()).unwrap();
        TimeoutFuture::new(0).await;
        plot.get_attribute("aria-valuetext").unwrap()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.client.session().sign_out();
        self.root.remove();
    }
}

#[wasm_bindgen_test]
async fn a_burst_with_a_refused_token_is_drawn_with_one_refresh() {
    let page = Mounted::new("timeline.burst");
    page.burst(4).await;
    assert_eq!([".wt-lanes .wt-answered", ".wt-refreshes .wt-refresh"].map(|path| page.bars(path)), [4, 1]);
    assert!(page.bars(".wt-lanes .wt-sent") >= 4 && page.bars(".wt-lanes .wt-refused") >= 1);
    assert_eq!(page.find(".wt-plot").get_attribute("aria-valuemax").as_deref(), Some("5"), "four requests and a refresh can be selected");
    assert!(page.text().contains("Refreshes: 1"), "{}", page.text());
}

#[wasm_bindgen_test]
async fn keys_select_each_request_and_the_refresh_and_describe_them() {
    let page = Mounted::new("timeline.keys");
    page.burst(2).await;
    let plot: HtmlElement = page.find(".wt-plot").dyn_into().unwrap();
    plot.focus().unwrap();
    TimeoutFuture::new(0).await;
    let first = page.press("End").await;
    assert!(first.contains("/bbb") && first.contains("401"), "{first}");
    let second = page.press("ArrowDown").await;
    assert_ne!(first, second);
    let refresh = page.press("Home").await;
    assert!(!refresh.contains("/bbb"), "{refresh}");
    assert_eq!(page.press("ArrowDown").await, refresh, "the last one stays selected");
    assert_eq!(page.press("End").await, first);
}

#[wasm_bindgen_test]
async fn pointing_at_a_lane_describes_its_request() {
    let page = Mounted::new("timeline.pointer");
    page.burst(1).await;
    let lanes = page.find(".wt-lanes").get_bounding_client_rect();
    let init = PointerEventInit::new();
    init.set_client_x((lanes.left() + 2.0) as i32);
    init.set_client_y((lanes.top() + lanes.height() / 2.0) as i32);
    init.set_bubbles(true);
    page.find(".wt-plot").dispatch_event(&PointerEvent::new_with_event_init_dict("pointermove", &init).unwrap()).unwrap();
    TimeoutFuture::new(0).await;
    let description = page.find(".wt-description").text_content().unwrap();
    assert!(description.contains("/bbb"), "{description}");
}

#[wasm_bindgen_test]
async fn the_language_changes_in_place_and_no_token_is_shown() {
    let page = Mounted::new("timeline.language");
    page.burst(1).await;
    page.language.set(Strings::ZH);
    TimeoutFuture::new(0).await;
    assert!(page.text().contains("刷新"), "{}", page.text());
    assert!(page.find(".wt-events").child_element_count() >= 4);
    let html = page.root.inner_html();
    assert!(!html.contains("first") && !html.contains("next"), "{html}");
}
