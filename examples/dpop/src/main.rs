//! DPoP without a framework: the tokens of wugan-server are bound to a key that cannot leave the browser.

use futures::future::join_all;
use std::future::Future;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use wugan::{AuthState, Client, Error, SignIn};

fn main() -> Result<(), Error> {
    let Some(location) = web_sys::window().map(|window| window.location()) else { return Ok(()) };
    let (server, mode) = (location.search().unwrap_or_default(), location.hash().unwrap_or_default());
    // A server of another origin must be started with `--allow-origin` and the address of this page.
    let client = Client::builder(server.trim_start_matches('?')).dpop(mode != "#bearer").build()?;
    on_click("sign-up", &client, sign_up);
    on_click("send", &client, |client| async move {
        let sent = join_all((0..20).map(|_| client.get("/user/me").send())).await;
        let answered = sent.iter().flatten().filter(|response| response.status().is_success()).count();
        Ok(format!("{answered} answered"))
    });
    on_click("sign-out", &client, |client| async move {
        client.session().sign_out();
        Ok(String::new())
    });
    let session = client.session().clone();
    let show_state = move || show("state", if session.info().state == AuthState::SignedIn { "signed in" } else { "signed out" });
    show_state();
    client.session().on_event(move |_| show_state()).forget();
    Ok(())
}

async fn sign_up(client: Client) -> Result<String, Error> {
    let name = format!("user{:.0}", js_sys::Math::random() * 1e12);
    let account = serde_json::json!({ "username": name, "password": "correct horse battery staple" });
    match client.post("/user/register").json(&account).sign_in().await? {
        SignIn::Done(response) | SignIn::Refused(response) => Ok(format!("the server answered {}", response.status())),
    }
}

fn on_click<F: Future<Output = Result<String, Error>> + 'static>(id: &str, client: &Client, act: impl Fn(Client) -> F + 'static) {
    let client = client.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let done = act(client.clone());
        show("answers", "waiting");
        spawn_local(async move { show("answers", &done.await.unwrap_or_else(|error| error.to_string())) });
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
