//! The page of the axum example: sign up, and keep notes.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};
use wugan::{Client, SignIn, leptos::*};

fn main() {
    mount_to_body(|| {
        Client::new("").map(|client| {
            let session = provide_session(client);
            view! { <Show when=move || session.signed_in.get() fallback=SignUp><Notes /></Show> }
        })
    });
}

#[component]
fn SignUp() -> impl IntoView {
    let session = use_session();
    let [username, password, message] = [(); 3].map(|()| RwSignal::new(String::new()));
    let sign_up = move |event: SubmitEvent| {
        event.prevent_default();
        let form = serde_json::json!({ "username": username.get(), "password": password.get() });
        spawn_local(async move {
            match session.client().post("/user/register").json(&form).sign_in().await {
                Ok(SignIn::Done(_)) => {}
                Ok(SignIn::Refused(response)) => message.set(response.text().await.unwrap_or_default()),
                Err(error) => message.set(error.to_string()),
            }
        });
    };
    view! {
        <p>{message}</p> <form on:submit=sign_up>
            <label for="username">"Username"</label> <input id="username" bind:value=username />
            <label for="password">"Password"</label> <input id="password" bind:value=password type="password" />
            <button>"Sign up"</button>
        </form>
    }
}

#[component]
fn Notes() -> impl IntoView {
    let session = use_session();
    let notes = use_session_resource(|client| async move { client.get("/notes").send().await?.json::<Vec<String>>().await });
    let [note, message] = [(); 2].map(|()| RwSignal::new(String::new()));
    let add = move |event: SubmitEvent| {
        event.prevent_default();
        spawn_local(async move {
            let sent = session.client().post("/notes").body(note.get_untracked()).send().await;
            let added = sent.and_then(|response| response.error_for_status());
            added.map_or_else(|error| message.set(error.to_string()), |_| notes.refetch());
        });
    };
    let listed = move || notes.value.get().map(|notes| notes.map_or_else(|error| error.to_string(), |notes| notes.join(", ")));
    view! {
        <p>"Notes: " {listed}</p> <p>{message}</p>
        <form on:submit=add><label for="note">"Note"</label> <input id="note" bind:value=note /> <button>"Add"</button></form>
        <button on:click=move |_| session.sign_out()>"Sign out"</button>
    }
}
