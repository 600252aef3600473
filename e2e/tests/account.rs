//! Having an account: making one, coming back to it, leaving it, and every way to type something wrong.

use wugan_e2e::{PASSWORD, Result, Stage, scenario, until};

#[tokio::test]
async fn sign_up_leads_home_and_sign_out_ends_it_for_good() -> Result {
    scenario("sign-up", &[], async |Stage { server, page }: &mut Stage| {
        page.open("/").await?;
        page.follow("Create account").await?;
        page.arrives_at("/sign-up").await?;
        page.screenshot("sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.arrives_at("/").await?;
        page.is_signed_in("ada").await?;
        until("the guarded answer", async || Ok(page.text_of("/bbb").await?.contains("bbb").then_some(()))).await?;
        page.screenshot("home").await?;

        page.reload().await?;
        page.is_signed_in("ada").await?;

        let stolen = page.record().await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        assert!(!page.record().await?.has_tokens(), "tokens are left behind after the sign-out");
        until("the server to be told", async || Ok((server.answered("/user/logout", 204).await? == 1).then_some(()))).await?;

        // Whoever kept a copy has nothing: neither of its tokens works any more. Put back where no app runs that knows of the end.
        page.open("/healthz").await?;
        page.store(&stolen).await?;
        page.open("/").await?;
        until("the refusal", async || Ok((server.refreshes().await?.refused == 1).then_some(()))).await?;
        page.hides("Sign out").await?;
        assert!(!page.text_of("/bbb").await?.contains("bbb"), "the guarded answer was given to a signed-out session");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn after_a_sign_in_the_visitor_is_where_he_wanted_to_go() -> Result {
    scenario("wanted-to-go", &["--demo-user", "demo:demo"], async |Stage { page, .. }: &mut Stage| {
        page.open("/inspector").await?;
        page.arrives_at("/sign-in").await?;
        page.screenshot("sign-in").await?;
        page.sign_in_here("demo", "demo").await?;
        page.arrives_at("/inspector").await?;
        page.is_signed_in("demo").await?;
        page.field("Requests").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_taken_name_is_said_at_the_name_and_what_was_typed_stays() -> Result {
    scenario("taken-name", &["--demo-user", "demo:demo"], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-up").await?;
        page.fill("Username", "demo").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.complains_at("Username", "This name is taken").await?;
        assert_eq!(page.typed("Username").await?, "demo");
        assert_eq!(page.typed("Password").await?, PASSWORD);
        page.screenshot("taken-name").await?;

        page.fill("Username", "demo2").await?;
        page.press("Create account").await?;
        page.is_signed_in("demo2").await
    })
    .await
}

#[tokio::test]
async fn a_short_and_an_endless_password_are_said_at_the_password() -> Result {
    scenario("bad-password", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", "short").await?;
        page.press("Create account").await?;
        page.complains_at("Password", "too short").await?;
        assert_eq!(page.typed("Username").await?, "ada");
        assert_eq!(page.typed("Password").await?, "short");

        // A megabyte, pasted.
        page.script("const field = document.activeElement; field.value = 'x'.repeat(1 << 20); field.dispatchEvent(new Event('input', { bubbles: true }))")
            .await?;
        page.press("Create account").await?;
        page.complains_at("Password", "too long").await?;
        assert_eq!(page.typed("Password").await?.len(), 1 << 20);

        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.is_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_wrong_password_is_said_and_what_was_typed_stays() -> Result {
    scenario("wrong-password", &["--demo-user", "demo:demo"], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-in").await?;
        page.sign_in_here("demo", "not this one").await?;
        page.complains_at("Password", "do not go together").await?;
        page.arrives_at("/sign-in").await?;
        assert_eq!(page.typed("Username").await?, "demo");
        assert_eq!(page.typed("Password").await?, "not this one");

        page.fill("Password", "demo").await?;
        page.press("Sign in").await?;
        page.is_signed_in("demo").await
    })
    .await
}
