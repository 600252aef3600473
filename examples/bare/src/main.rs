//! Wugan without a framework: four buttons and a log.

use serde_json::json;
use std::future::Future;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, HtmlElement, HtmlInputElement};
use wugan::{Client, Error, SignIn};

fn main() {
    // The backend is the page's origin. For another one: `Client::new("https://api.example.com")`.
    let client = match Client::new("") {
        Ok(client) => client,
        Err(error) => return log(error.to_string()),
    };
    on_click("register", &client, |client| sign_in(client, "/user/register"));
    on_click("login", &client, |client| sign_in(client, "/user/login"));
    // If the access token has expired, it is refreshed once for all pending requests, and they are replayed.
    on_click("ask", &client, |client| async move { client.get("/user/me").send().await?.text().await });
    on_click("logout", &client, |client| async move {
        client.session().sign_out();
        Ok("signed out".to_owned())
    });
    // Sign-ins, sign-outs and refreshes, also those of other tabs.
    client.session().on_event(|timed| log(format!("{:?}", timed.event))).forget();
}

async fn sign_in(client: Client, route: &'static str) -> Result<String, Error> {
    let credentials = json!({ "username": input("username"), "password": input("password") });
    match client.post(route).json(&credentials).sign_in().await? {
        SignIn::Done(_) => Ok("signed in".to_owned()),
        SignIn::Refused(response) => response.text().await,
    }
}

fn on_click<F: Future<Output = Result<String, Error>>>(id: &str, client: &Client, action: impl Fn(Client) -> F + Copy + 'static) {
    let client = client.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let client = client.clone();
        spawn_local(async move { log(action(client).await.unwrap_or_else(|error| error.to_string())) });
    });
    if let Some(button) = document().and_then(|document| document.get_element_by_id(id)?.dyn_into::<HtmlElement>().ok()) {
        button.set_onclick(Some(clicked.into_js_value().unchecked_ref()));
    }
}

fn input(id: &str) -> Option<String> {
    Some(document()?.get_element_by_id(id)?.dyn_into::<HtmlInputElement>().ok()?.value())
}

fn log(line: String) {
    if let Some(list) = document().and_then(|document| document.get_element_by_id("log")) {
        list.set_text_content(Some(&format!("{line}\n{}", list.text_content().unwrap_or_default())));
    }
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}
