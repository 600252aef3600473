//! The server renders what it knows: that the page is loading. The tokens are in the browser.

use leptos::prelude::*;
use wugan_example_ssr::App;

#[test]
fn case_57_the_server_renders_neither_the_account_nor_the_form() {
    let page = Owner::new().with(|| view! { <App /> }.to_html());
    assert_eq!(page.replace("<!>", ""), "<main><p>Loading…</p></main>");
}
