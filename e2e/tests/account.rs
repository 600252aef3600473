//! Having an account: making one, coming back to it, leaving it, and every way to type something wrong.

use wugan_e2e::{Key, PASSWORD, Result, Stage, scenario, until};

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

#[tokio::test]
async fn a_complaint_at_the_field_that_has_the_focus_is_read_out_too() -> Result {
    scenario("alert", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-in").await?;
        page.keys_at("Username", Key::Enter).await?;
        page.complains_at("Username", "Please enter a username.").await?;
        assert_eq!(page.focused().await?, "Username");
        let alerts = "return [...document.querySelectorAll('[role=alert]')].map(alert => alert.innerText).filter(text => text)";
        assert_eq!(page.script(alerts).await?, serde_json::json!(["Please enter a username.", "Please enter a password."]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_is_the_one_that_works() -> Result {
    scenario("change-password", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.follow("Account").await?;
        page.fill("Current password", "not this one").await?;
        page.fill("New password", "four other words here").await?;
        page.press("Change password").await?;
        page.complains_at("Current password", "This is not your password.").await?;
        assert_eq!(page.typed("New password").await?, "four other words here");

        // More than the server reads: this form has no field “Password”, and says it as a whole.
        page.script("const field = document.getElementById('new_password'); field.value = 'x'.repeat(1 << 20); field.dispatchEvent(new Event('input', { bubbles: true }))")
            .await?;
        page.press("Change password").await?;
        page.shows("This password is too long").await?;

        page.fill("Current password", PASSWORD).await?;
        page.fill("New password", "four other words here").await?;
        page.holds_answers().await?;
        page.press("Change password").await?;
        page.shows("Changing…").await?;
        page.lets_answers_through().await?;
        page.shows("Your password is changed, and your other sessions have ended.").await?;
        page.hides("Changing…").await?;
        assert_eq!((page.typed("Current password").await?, page.typed("New password").await?), (String::new(), String::new()));
        page.follow("Sessions").await?;
        page.shows("nowhere else").await?;

        page.press("Sign out").await?;
        page.shows("You are signed out. See you.").await?;
        page.open("/sign-in").await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.complains_at("Password", "do not go together").await?;
        page.fill("Password", "four other words here").await?;
        page.press("Sign in").await?;
        page.is_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn an_account_is_kept_after_all_and_deleted_only_with_its_password() -> Result {
    scenario("delete", &[], async |Stage { page, .. }: &mut Stage| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.press("Delete account…").await?;
        page.shows("Really delete “ada”?").await?;
        page.press("Keep it").await?;
        page.hides("Really delete").await?;
        assert_eq!(page.focused().await?, "Delete account", "the focus goes to what the button was about");

        page.press("Delete account…").await?;
        page.fill("Password", "not this one").await?;
        page.press("Delete for good").await?;
        page.complains_at("Password", "This is not your password.").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Delete for good").await?;
        page.shows("Take care.").await?;

        // Whoever signs in next, in whichever tab, is told nothing of it when he leaves.
        page.follow("Home").await?;
        page.shows("For everyone").await?;
        let first = page.tab().await?;
        page.open_tab("/").await?;
        page.sign_up("eve").await?;
        page.go_to(&first).await?;
        page.is_signed_in("eve").await?;
        page.press("Sign out").await?;
        page.shows("You are signed out. See you.").await
    })
    .await
}

#[tokio::test]
async fn one_session_is_ended_and_the_rest_stays() -> Result {
    scenario("end-one", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        server.sign_in_from("toaster/1.0", "ada", PASSWORD).await?;
        page.follow("Sessions").await?;
        page.shows("End all others").await?;
        let described = "return [...document.querySelectorAll('main li button')].map(button => \
            button.innerText + ': ' + document.getElementById(button.getAttribute('aria-describedby')).innerText).sort()";
        assert_eq!(page.script(described).await?, serde_json::json!(["End: Unknown device", "End: curl"]));

        page.holds_answers().await?;
        page.press("End").await?;
        page.shows("Ending…").await?;
        page.lets_answers_through().await?;
        page.shows("That session has ended.").await?;
        page.hides("Ending…").await?;
        page.hides("End all others").await?;
        assert_eq!(page.script("return document.querySelectorAll('main li').length").await?, 2);

        // The first that does not end is told, and nothing is claimed of the others.
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.reload().await?;
        page.shows("End all others").await?;
        page.answers(500, "internal", None).await?;
        page.press("End all others").await?;
        page.shows("Something went wrong on our side").await?;
        page.hides("listed here have ended").await?;
        page.lets_answers_through().await?;
        page.press("Try again").await?;
        page.shows("End all others").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        Ok(())
    })
    .await
}
