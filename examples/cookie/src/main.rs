//! The cookie grant without a framework: the server keeps the refresh token in an HttpOnly cookie, and the page holds only access tokens.

use futures::future::join_all;
use std::future::Future;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use wugan::{AuthState, Client, Error, RequestCredentials, SignIn, grant::Cookie};

fn main() -> Result<(), Error> {
    let query = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let grant = Cookie::new("/auth/refresh").revoke("/auth/logout");
    // An API on another origin gets the cookie only if the request includes credentials, and its CORS headers allow them.
    let client = Client::builder(query.trim_start_matches('?')).grant(grant).credentials(RequestCredentials::Include).build()?;
    on_click("sign-in", &client, |client| async move {
        match client.post("/login").sign_in().await {
            Ok(SignIn::Done(response) | SignIn::Refused(response)) => response.status().to_string(),
            Err(error) => error.to_string(),
        }
    });
    on_click("send", &client, |client| send(client, 20, "/notes"));
    on_click("slow", &client, |client| send(client, 1, "/notes/slow"));
    on_click("sign-out", &client, |client| async move {
        client.session().sign_out();
        String::new()
    });
    let session = client.session().clone();
    let show_state = move || show("state", if session.info().state == AuthState::SignedIn { "signed in" } else { "signed out" });
    show_state();
    client.session().on_event(move |_| show_state()).forget();
    Ok(())
}

/// Sends requests at once, and counts those that were answered with 2xx.
async fn send(client: Client, requests: usize, path: &str) -> String {
    let sent = join_all((0..requests).map(|_| client.get(path).send())).await;
    let answered = sent.iter().flatten().filter(|response| response.status().is_success()).count();
    format!("{path}: {answered} answered, {} failed", requests - answered)
}

fn on_click<F: Future<Output = String> + 'static>(id: &str, client: &Client, act: impl Fn(Client) -> F + Copy + 'static) {
    let client = client.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let done = act(client.clone());
        show("answers", "waiting");
        spawn_local(async move { show("answers", &done.await) });
    });
    if let Some(button) = element(id) {
        button.set_onclick(Some(clicked.into_js_value().unchecked_ref()));
    }
}

fn show(id: &str, text: &str) {
    element(id).iter().for_each(|element| element.set_text_content(Some(text)));
}

fn element(id: &str) -> Option<HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}
