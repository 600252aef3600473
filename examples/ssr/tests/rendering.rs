//! The server renders the page of a signed-out user: the fallback, and nothing of the account.

#[test]
fn case_57_the_server_renders_the_fallback() {
    let page = wugan_example_ssr::page();
    assert!(page.contains("<main><p>Loading…</p></main>"), "{page}");
    assert!(!page.contains("Hello"), "{page}");
}
