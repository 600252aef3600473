//! The app by keyboard alone: on a wide screen in English, on a phone in Chinese.

use wugan_e2e::{Context, Key, Language, PASSWORD, Result, scenario};

/// The accessible names of the steps, in one language.
struct Names {
    sign_up: &'static str,
    username: &'static str,
    password: &'static str,
    create: &'static str,
    hello: &'static str,
    inspector: &'static str,
    failures: &'static str,
    requests: &'static str,
    invalidate: &'static str,
    invalidated: &'static str,
    send: &'static str,
    picture: &'static str,
    first_lane: &'static str,
    refresh: &'static str,
    sessions: &'static str,
    end_others: &'static str,
    end_all: &'static str,
    ended: &'static str,
    account: &'static str,
    delete: &'static str,
    sure: &'static str,
    for_good: &'static str,
    gone: &'static str,
}

const ENGLISH: Names = Names {
    sign_up: "Create account",
    username: "Username",
    password: "Password",
    create: "Create account",
    hello: "Welcome back",
    inspector: "Inspector",
    failures: "Simulate failures",
    requests: "Requests",
    invalidate: "Invalidate access token",
    invalidated: "Access token invalidated.",
    send: "Send",
    picture: "Timeline of requests",
    first_lane: "GET /bbb",
    refresh: "Refresh ended: new tokens",
    sessions: "Devices",
    end_others: "Sign out all other devices",
    end_all: "Sign out all",
    ended: "All other devices are signed out.",
    account: "Account",
    delete: "Delete account…",
    sure: "Delete “ada”?",
    for_good: "Delete permanently",
    gone: "Your account has been deleted.",
};

const CHINESE: Names = Names {
    sign_up: "注册",
    username: "用户名",
    password: "密码",
    create: "注册",
    hello: "欢迎回来",
    inspector: "检查器",
    failures: "模拟故障",
    requests: "请求数",
    invalidate: "使访问令牌失效",
    invalidated: "访问令牌已失效，",
    send: "发送",
    picture: "请求时间线",
    first_lane: "GET /bbb",
    refresh: "刷新结束：取得新令牌",
    sessions: "登录设备",
    end_others: "退出所有其他设备",
    end_all: "全部退出",
    ended: "其他设备均已退出登录。",
    account: "账号",
    delete: "注销账号…",
    sure: "确定注销“ada”？",
    for_good: "永久注销",
    gone: "账号已注销。",
};

#[tokio::test]
async fn the_life_of_an_account_in_english_on_a_wide_screen() -> Result {
    life(1280, Language::English, &ENGLISH).await
}

#[tokio::test]
async fn the_life_of_an_account_in_chinese_on_a_phone() -> Result {
    life(360, Language::Chinese, &CHINESE).await
}

/// Signs up, watches a refresh, ends other sessions, deletes the account.
async fn life(width: u32, language: Language, names: &Names) -> Result {
    scenario(&format!("keyboard-{width}"), &[], async |Context { server, page }: &mut Context| {
        page.resize(width).await?;
        page.open("/").await?;
        page.shows("Wugan").await?;
        page.set_language(language).await?;

        page.keys_at(names.sign_up, Key::Enter).await?;
        page.arrives_at("/sign-up").await?;
        page.keys_at(names.username, "ada").await?;
        page.keys_at(names.password, PASSWORD).await?;
        page.keys_at(names.create, Key::Space).await?;
        page.shows(names.hello).await?;

        page.keys_at(names.inspector, Key::Enter).await?;
        page.arrives_at("/inspector").await?;
        page.keys_at(names.failures, Key::Enter).await?;
        page.keys_at(names.requests, Key::Control + "a").await?;
        page.keys("3").await?;
        page.keys_at(names.invalidate, Key::Space).await?;
        page.shows(names.invalidated).await?;
        page.shift_tab_to(names.send).await?;
        page.keys(Key::Enter).await?;
        assert_eq!(page.summary(3).await?.refreshes, 1);
        // Focus selects the first lane; the refresh is three targets further down. A slider's value grows upwards.
        page.shift_tab_to(names.picture).await?;
        page.shows(names.first_lane).await?;
        page.keys(Key::Down + Key::Down + Key::Down).await?;
        page.shows(names.refresh).await?;
        let value = "return Number(document.activeElement.getAttribute('aria-valuenow'))";
        let below = page.script(value).await?.as_u64();
        page.keys(Key::Up).await?;
        assert_eq!(page.script(value).await?.as_u64(), below.map(|below| below + 1));

        for device in ["curl/8", "toaster/1.0"] {
            server.sign_in_from(device, "ada", PASSWORD).await?;
        }
        page.shift_tab_to(names.sessions).await?;
        page.keys(Key::Enter).await?;
        page.keys_at(names.end_others, Key::Enter).await?;
        page.keys_at(names.end_all, Key::Enter).await?;
        page.shows(names.ended).await?;

        page.shift_tab_to(names.account).await?;
        page.keys(Key::Enter).await?;
        page.keys_at(names.delete, Key::Enter).await?;
        page.shows(names.sure).await?;
        page.keys_at(names.password, PASSWORD).await?;
        page.keys_at(names.for_good, Key::Enter).await?;
        page.shows(names.gone).await
    })
    .await
}

#[tokio::test]
async fn sign_in_password_change_and_a_cancelled_deletion_by_keyboard() -> Result {
    scenario("keyboard-return", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.keys_at("Sign out", Key::Enter).await?;
        page.shows("You're signed out").await?;
        page.keys_at("Theme: system", Key::Enter).await?;
        assert_eq!(page.focused().await?, "Theme: light", "the focus stays on the switch");
        page.shift_tab_to("中文").await?;
        page.keys(Key::Enter).await?;
        page.shows("您已退出登录").await?;
        assert_eq!(page.focused().await?, "English", "the focus stays on the switch");
        page.keys(Key::Enter).await?;
        page.shows("You're signed out").await?;

        page.keys_at("Sign in", Key::Enter).await?;
        page.arrives_at("/sign-in").await?;
        page.keys_at("Username", "ada").await?;
        page.keys_at("Password", "not this one").await?;
        page.keys_at("Show", Key::Space).await?;
        page.keys_at("Sign in", Key::Enter).await?;
        page.shows_field_error("Password", "Wrong username or password").await?;
        page.keys(Key::Control + "a").await?;
        page.keys(PASSWORD).await?;
        page.keys(Key::Enter).await?;
        page.wait_until_signed_in("ada").await?;

        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.keys_at("Devices", Key::Enter).await?;
        page.shows("curl").await?;
        page.keys_at("Sign out curl", Key::Enter).await?;
        page.shows("The device is signed out.").await?;

        page.shift_tab_to("Account").await?;
        page.keys(Key::Enter).await?;
        page.keys_at("Current password", PASSWORD).await?;
        page.keys_at("New password", "four other words here").await?;
        page.keys(Key::Enter).await?;
        page.shows("Password changed").await?;
        page.keys_at("Delete account…", Key::Enter).await?;
        page.keys_at("Cancel", Key::Enter).await?;
        page.hides("Enter your password to confirm").await?;
        page.tab_to("Delete account…").await
    })
    .await
}
