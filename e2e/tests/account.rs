//! Accounts: registration, sign-in, password change and reset, devices, deletion; and wrong input.

use wugan_e2e::{Context, Key, PASSWORD, Result, scenario, until};

#[tokio::test]
async fn a_sign_up_opens_the_home_page_and_a_sign_out_ends_the_session_on_the_server() -> Result {
    scenario("sign-up", &[], async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        page.follow("Create account").await?;
        page.arrives_at("/sign-up").await?;
        page.screenshot("sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.arrives_at("/").await?;
        page.wait_until_signed_in("ada").await?;
        page.screenshot("home").await?;

        page.reload().await?;
        page.wait_until_signed_in("ada").await?;

        let stolen = page.record().await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        assert!(!page.record().await?.has_tokens(), "tokens are left behind after the sign-out");
        until("the server to be told", async || Ok((server.answered("/user/logout", 204).await? == 1).then_some(()))).await?;

        // A copy of the tokens is useless. It is stored while no app runs.
        page.open("/healthz").await?;
        page.store_record(&stolen).await?;
        page.open("/account").await?;
        page.arrives_at("/sign-in").await?;
        assert_eq!(server.refreshes().await?.refused, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_sign_in_returns_to_the_requested_page() -> Result {
    scenario("wanted-to-go", &["--demo-user", "demo:demo"], async |Context { page, .. }: &mut Context| {
        page.open("/account").await?;
        page.arrives_at("/sign-in").await?;
        page.screenshot("sign-in").await?;
        page.sign_in_here("demo", "demo").await?;
        page.arrives_at("/account").await?;
        page.wait_until_signed_in("demo").await?;
        page.shows("Member since").await
    })
    .await
}

#[tokio::test]
async fn a_taken_username_is_reported_at_its_field_and_the_input_is_kept() -> Result {
    scenario("taken-name", &["--demo-user", "demo:demo"], async |Context { page, .. }: &mut Context| {
        page.open("/sign-up").await?;
        page.fill("Username", "demo").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.shows_field_error("Username", "This username is taken").await?;
        assert_eq!(page.field_value("Username").await?, "demo");
        assert_eq!(page.field_value("Password").await?, PASSWORD);
        page.screenshot("taken-name").await?;

        page.fill("Username", "demo2").await?;
        page.press("Create account").await?;
        page.wait_until_signed_in("demo2").await
    })
    .await
}

#[tokio::test]
async fn a_password_too_short_too_long_or_too_common_is_reported_at_its_field() -> Result {
    scenario("bad-password", &[], async |Context { page, .. }: &mut Context| {
        page.open("/sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", "password1").await?;
        page.press("Create account").await?;
        page.shows_field_error("Password", "This password is too easy to guess. Choose a longer one.").await?;
        page.fill("Password", "short").await?;
        page.press("Create account").await?;
        page.shows_field_error("Password", "at least 8").await?;
        assert_eq!(page.field_value("Username").await?, "ada");
        assert_eq!(page.field_value("Password").await?, "short");

        // A megabyte, pasted.
        page.script("const field = document.activeElement; field.value = 'x'.repeat(1 << 20); field.dispatchEvent(new Event('input', { bubbles: true }))")
            .await?;
        page.press("Create account").await?;
        page.shows_field_error("Password", "at most 256").await?;
        assert_eq!(page.field_value("Password").await?.len(), 1 << 20);

        page.fill("Password", PASSWORD).await?;
        page.press("Create account").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_wrong_password_is_reported_and_the_input_is_kept() -> Result {
    scenario("wrong-password", &["--demo-user", "demo:demo"], async |Context { page, .. }: &mut Context| {
        page.open("/sign-in").await?;
        page.sign_in_here("demo", "not this one").await?;
        page.shows_field_error("Password", "Wrong username or password").await?;
        page.arrives_at("/sign-in").await?;
        assert_eq!(page.field_value("Username").await?, "demo");
        assert_eq!(page.field_value("Password").await?, "not this one");

        page.fill("Password", "demo").await?;
        page.press("Sign in").await?;
        page.wait_until_signed_in("demo").await
    })
    .await
}

#[tokio::test]
async fn an_error_at_the_focused_field_is_announced() -> Result {
    scenario("alert", &[], async |Context { page, .. }: &mut Context| {
        page.open("/sign-in").await?;
        page.keys_at("Username", Key::Enter).await?;
        page.shows_field_error("Username", "Enter a username.").await?;
        assert_eq!(page.focused().await?, "Username");
        let alerts = "return [...document.querySelectorAll('[role=alert]')].filter(alert => alert.offsetParent).map(alert => alert.innerText).filter(text => text)";
        assert_eq!(page.script(alerts).await?, serde_json::json!(["Enter a username.", "Enter a password."]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_password_change_ends_the_other_sessions() -> Result {
    scenario("change-password", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.follow("Account").await?;
        page.fill("Current password", "not this one").await?;
        page.fill("New password", "four other words here").await?;
        page.press("Change password").await?;
        page.shows_field_error("Current password", "Wrong password.").await?;
        assert_eq!(page.field_value("New password").await?, "four other words here");

        // More than the server reads. This form has no field `password`, so the error concerns the form as a whole.
        page.script("const field = document.getElementById('new_password'); field.value = 'x'.repeat(1 << 20); field.dispatchEvent(new Event('input', { bubbles: true }))")
            .await?;
        page.press("Change password").await?;
        page.shows("at most 256").await?;

        page.fill("Current password", PASSWORD).await?;
        page.fill("New password", "four other words here").await?;
        page.hold_requests().await?;
        page.press("Change password").await?;
        page.shows("Changing…").await?;
        page.release_requests().await?;
        page.shows("Password changed. All other devices are signed out.").await?;
        page.hides("Changing…").await?;
        assert_eq!((page.field_value("Current password").await?, page.field_value("New password").await?), (String::new(), String::new()));
        page.follow("Devices").await?;
        page.shows("No other devices").await?;

        page.press("Sign out").await?;
        page.shows("You're signed out.").await?;
        page.open("/sign-in").await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.shows_field_error("Password", "Wrong username or password").await?;
        page.fill("Password", "four other words here").await?;
        page.press("Sign in").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn an_account_is_deleted_with_its_password_only() -> Result {
    scenario("delete", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.press("Delete account…").await?;
        page.shows("Delete “ada”?").await?;
        page.press("Cancel").await?;
        page.hides("Enter your password to confirm").await?;
        assert_eq!(page.focused().await?, "Delete account", "the focus goes to the heading");

        page.press("Delete account…").await?;
        page.fill("Password", "not this one").await?;
        page.press("Delete permanently").await?;
        page.shows_field_error("Password", "Wrong password.").await?;
        page.fill("Password", PASSWORD).await?;
        page.press("Delete permanently").await?;
        page.shows("Your account has been deleted.").await?;

        // The next user, in another tab, gets the ordinary notice at the sign-out.
        page.follow("Home").await?;
        page.shows("For developers").await?;
        let first = page.tab().await?;
        page.open_tab("/").await?;
        page.sign_up("eve").await?;
        page.go_to(&first).await?;
        page.wait_until_signed_in("eve").await?;
        page.press("Sign out").await?;
        page.shows("You're signed out.").await
    })
    .await
}

#[tokio::test]
async fn one_device_is_signed_out_and_the_others_stay() -> Result {
    scenario("end-one", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        server.sign_in_from("toaster/1.0", "ada", PASSWORD).await?;
        page.follow("Devices").await?;
        page.shows("Sign out all other devices").await?;
        let named = "return [...document.querySelectorAll('main li button')].map(button => button.ariaLabel).sort()";
        assert_eq!(page.script(named).await?, serde_json::json!(["Sign out Unknown device", "Sign out curl"]));

        page.hold_requests().await?;
        page.press("Sign out curl").await?;
        page.shows("Signing out…").await?;
        page.release_requests().await?;
        page.shows("The device is signed out.").await?;
        page.hides("Signing out…").await?;
        page.hides("Sign out all other devices").await?;
        assert_eq!(page.script("return document.querySelectorAll('main li').length").await?, 2);

        // The first failure is shown, and no success.
        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.reload().await?;
        page.shows("Sign out all other devices").await?;
        page.answer_requests(500, "internal", None).await?;
        page.press("Sign out all other devices").await?;
        page.shows("Sign out 2 other devices?").await?;
        page.press("Sign out all").await?;
        page.shows("Something went wrong on our side").await?;
        page.hides("All other devices are signed out").await?;
        page.release_requests().await?;
        page.press("Try again").await?;
        page.shows("Sign out all other devices").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_form_that_the_browser_filled_without_events_is_read_and_blanks_around_the_name_are_removed() -> Result {
    scenario("autofill", &[], async |Context { page, .. }: &mut Context| {
        let fill = "const [name, password] = ['username', 'password'].map(id => document.getElementById(id)); name.value = '  ada\\u3000';";
        page.open("/sign-up").await?;
        page.field("Password").await?;
        page.script(&format!("{fill} password.value = '{PASSWORD}'")).await?;
        page.press("Create account").await?;
        page.shows("Welcome back, ada.").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;

        page.open("/sign-in").await?;
        page.field("Password").await?;
        page.script(&format!("{fill} password.value = 'not this one'")).await?;
        page.press("Sign in").await?;
        page.shows_field_error("Password", "Wrong username or password").await?;
        assert_eq!(
            (page.field_value("Username").await?, page.field_value("Password").await?),
            ("ada".to_owned(), "not this one".to_owned())
        );
        page.script(&format!("{fill} password.value = '{PASSWORD}'")).await?;
        page.press("Sign in").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn the_username_is_visible_on_a_phone() -> Result {
    scenario("phone-name", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Devices").await?;
        page.shows("No other devices").await?;
        page.resize(360).await?;
        page.shows("ada").await?;
        page.check_fits_width().await
    })
    .await
}

#[tokio::test]
async fn all_other_devices_are_signed_out_after_one_question() -> Result {
    scenario("end-others", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        for device in ["curl/8", "toaster/1.0"] {
            server.sign_in_from(device, "ada", PASSWORD).await?;
        }
        page.follow("Devices").await?;
        page.press("Sign out all other devices").await?;
        page.shows("Sign out 2 other devices?").await?;
        assert_eq!(page.focused().await?, "Sign out 2 other devices?");
        page.press("Cancel").await?;
        page.hides("Sign out 2 other devices?").await?;
        assert_eq!(page.focused().await?, "Sign out all other devices");
        assert_eq!(page.script("return document.querySelectorAll('main li').length").await?, 3);

        page.press("Sign out all other devices").await?;
        // Not in the list that the question is about.
        server.sign_in_from("kettle/1.0", "ada", PASSWORD).await?;
        page.press("Sign out all").await?;
        page.shows("All other devices are signed out.").await?;
        page.shows("No other devices are signed in.").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_password_change_answered_with_tokens_goes_on_with_them() -> Result {
    scenario("change-password-tokens", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        page.follow("Account").await?;
        page.shows("Member since").await?;
        let before = page.record().await?;
        page.fill("Current password", PASSWORD).await?;
        page.fill("New password", "four other words here").await?;
        page.press("Change password").await?;
        page.shows("Password changed. All other devices are signed out.").await?;
        assert_eq!((page.field_value("Current password").await?, page.field_value("New password").await?), (String::new(), String::new()));
        let after = page.record().await?;
        assert_ne!(before.access_token()?, after.access_token()?, "the new pair is stored");
        page.arrives_at("/account").await?;
        page.wait_until_signed_in("ada").await?;
        page.reload().await?;
        page.shows("Member since").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn an_operators_reset_link_sets_a_password_once() -> Result {
    scenario("reset", &[], async |Context { page, server }: &mut Context| {
        page.sign_up("ada").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        let link = server.command(&["user", "reset", "ada"])?;
        let code = link.trim().split_once("/reset#").ok_or("no link")?.1.to_owned();
        page.open(&format!("/reset#{code}")).await?;
        page.field("New password").await?;
        assert_eq!(page.script("return location.href.includes('code')").await?, false, "the code is not left in the address");
        page.press("Set password").await?;
        page.shows_field_error("New password", "Enter a password.").await?;
        page.fill("New password", "four other words here").await?;
        page.press("Set password").await?;
        page.shows("Welcome back, ada.").await?;
        page.arrives_at("/").await?;
        page.press("Sign out").await?;
        page.hides("Sign out").await?;
        page.open(&format!("/reset#{code}")).await?;
        page.fill("New password", "four newer words here").await?;
        page.press("Set password").await?;
        page.shows("This link has been used or has expired. Ask your administrator for a new one.").await
    })
    .await
}

#[tokio::test]
async fn a_reset_link_that_has_expired_says_what_to_do() -> Result {
    scenario("reset-expired", &[], async |Context { page, server }: &mut Context| {
        page.sign_up("ada").await?;
        let link = server.command(&["user", "reset", "ada"])?;
        server.expire_reset_links()?;
        page.open(link.trim().split_once("/reset#").map(|(_, code)| format!("/reset#{code}")).ok_or("no link")?.as_str()).await?;
        page.fill("New password", "four other words here").await?;
        page.press("Set password").await?;
        page.shows("This link has been used or has expired. Ask your administrator for a new one.").await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn a_reset_link_that_was_used_or_is_incomplete_says_what_to_do() -> Result {
    scenario("reset-refused", &[], async |Context { page, .. }: &mut Context| {
        page.open("/reset").await?;
        page.shows("This link is incomplete. Open the full link again").await?;
        // The right link, opened in the same tab.
        page.script("location.hash = '#code=used'").await?;
        page.fill("New password", PASSWORD).await?;
        page.answer_requests(401, "invalid_grant", None).await?;
        page.press("Set password").await?;
        page.shows("This link has been used or has expired. Ask your administrator for a new one.").await?;
        assert_eq!(page.field_value("New password").await?, PASSWORD);
        page.answer_requests(429, "rate_limited", Some(300)).await?;
        page.press("Set password").await?;
        page.shows("Too many attempts. Try again in 5 minutes.").await
    })
    .await
}
