//! Wugan without a framework: four buttons, and what came of them.

use serde_json::json;
use std::future::Future;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, HtmlElement, HtmlInputElement};
use wugan::{Client, Error, Request, SignIn};

fn main() {
    // The backend is where this page comes from; `Client::new("https://api.example.com")` is one somewhere else.
    let client = match Client::new("") {
        Ok(client) => client,
        Err(error) => return show(error.to_string()),
    };
    on_click("register", &client, |client| enter(client, "/user/register"));
    on_click("login", &client, |client| enter(client, "/user/login"));
    // However long ago the token ran out, and however many of these are sent at once: one refresh, unnoticed.
    on_click("ask", &client, |client| async move { client.get("/user/me").await?.text().await });
    on_click("logout", &client, |client| async move {
        client.session().sign_out();
        Ok("signed out".to_owned())
    });
    // Other tabs' doings are told too.
    client.session().on_event(|noted| show(format!("{:?}", noted.event))).forever();
}

async fn enter(client: Client, route: &'static str) -> Result<String, Error> {
    let credentials = json!({ "username": typed("username"), "password": typed("password") });
    match client.sign_in(Request::post(route).json(&credentials)).await? {
        SignIn::Done => Ok("signed in".to_owned()),
        SignIn::Refused(answer) => answer.text().await,
    }
}

fn on_click<F: Future<Output = Result<String, Error>>>(id: &str, client: &Client, act: impl Fn(Client) -> F + Copy + 'static) {
    let client = client.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let client = client.clone();
        spawn_local(async move { show(act(client).await.unwrap_or_else(|error| error.to_string())) });
    });
    if let Some(button) = document().and_then(|document| document.get_element_by_id(id)?.dyn_into::<HtmlElement>().ok()) {
        button.set_onclick(Some(clicked.into_js_value().unchecked_ref()));
    }
}

fn typed(id: &str) -> Option<String> {
    Some(document()?.get_element_by_id(id)?.dyn_into::<HtmlInputElement>().ok()?.value())
}

fn show(what: String) {
    if let Some(list) = document().and_then(|document| document.get_element_by_id("log")) {
        list.set_text_content(Some(&format!("{what}\n{}", list.text_content().unwrap_or_default())));
    }
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}
