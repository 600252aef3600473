//! A page for foreign backends. Its query is the backend's name, which selects the grant and the routes: those of the guide's pages.

use futures::future::join_all;
use serde_json::json;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};
use wugan::{
    AuthState, Client, ClientBuilder, Error, SignIn,
    grant::{Json, Query},
};

/// The account that each backend has.
const USERNAME: &str = "ada";

/// How a page reaches a backend.
struct Backend {
    client: ClientBuilder,
    sign_in: &'static str,
    guarded: &'static str,
}

impl Backend {
    fn named(name: &str) -> Backend {
        let client = Client::builder("");
        match name {
            "?django" => {
                let grant = Json::new("/api/token/refresh/").fields("access", "refresh", "expires_in").revoke("/api/token/blacklist/");
                Backend { client: client.grant(grant), sign_in: "/api/token/", guarded: "/api/me/" }
            }
            "?express" => {
                let grant = Json::new("/auth/refresh").fields("accessToken", "refreshToken", "expiresIn").revoke("/auth/logout");
                Backend { client: client.grant(grant), sign_in: "/auth/login", guarded: "/notes" }
            }
            _ => Backend { client: client.grant(Query::default()), sign_in: "/user/login", guarded: "/bbb" },
        }
    }
}

fn main() -> Result<(), Error> {
    let name = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let Backend { client, sign_in, guarded } = Backend::named(&name);
    let client = client.build()?;
    on_click("sign-in", &client, async move |client| {
        let credentials = json!({ "username": USERNAME, "password": password() });
        match client.post(sign_in).json(&credentials).sign_in().await {
            Ok(SignIn::Done(_)) => "done".to_owned(),
            Ok(SignIn::Refused(response)) => format!("refused with {}", response.status().as_u16()),
            Err(error) => error.to_string(),
        }
    });
    on_click("send", &client, async move |client| {
        let sent = join_all((0..20).map(|_| client.get(guarded).send())).await;
        let answered = sent.iter().flatten().filter(|response| response.status().is_success()).count();
        format!("{answered} answered")
    });
    on_click("sign-out", &client, async |client| {
        client.session().sign_out();
        String::new()
    });
    let session = client.session().clone();
    let show_state = move || match session.info().state {
        AuthState::SignedIn => show("state", "signed in"),
        AuthState::SignedOut { reason } => show("state", &format!("signed out: {reason:?}")),
    };
    show_state();
    client.session().on_event(move |_| show_state()).forget();
    Ok(())
}

fn on_click(id: &str, client: &Client, act: impl AsyncFn(Client) -> String + Copy + 'static) {
    let client = client.clone();
    let clicked = Closure::<dyn Fn()>::new(move || {
        let client = client.clone();
        show("result", "waiting");
        spawn_local(async move { show("result", &act(client).await) });
    });
    if let Some(button) = element(id) {
        button.set_onclick(Some(clicked.into_js_value().unchecked_ref()));
    }
}

fn password() -> Option<String> {
    Some(element("password")?.dyn_into::<HtmlInputElement>().ok()?.value())
}

fn show(id: &str, text: &str) {
    element(id).iter().for_each(|element| element.set_text_content(Some(text)));
}

fn element(id: &str) -> Option<HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}
