//! Everything by keyboard alone: on a wide screen in English, on a phone in Chinese.

use wugan_e2e::{Key, Language, PASSWORD, Result, Stage, scenario};

/// The names of what is walked to, in one language.
struct Names {
    sign_up: &'static str,
    username: &'static str,
    password: &'static str,
    create: &'static str,
    hello: &'static str,
    inspector: &'static str,
    requests: &'static str,
    spoil: &'static str,
    send: &'static str,
    picture: &'static str,
    first_lane: &'static str,
    refresh: &'static str,
    sessions: &'static str,
    end_others: &'static str,
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
    hello: "Good to see you",
    inspector: "Inspector",
    requests: "Requests",
    spoil: "Spoil access token",
    send: "Send",
    picture: "Timeline of requests",
    first_lane: "GET /bbb",
    refresh: "Refresh ended: new tokens",
    sessions: "Sessions",
    end_others: "End all others",
    ended: "The other sessions listed here have ended.",
    account: "Account",
    delete: "Delete account…",
    sure: "Really delete “ada”?",
    for_good: "Delete for good",
    gone: "Your account and everything that belonged to it are gone.",
};

const CHINESE: Names = Names {
    sign_up: "创建账号",
    username: "用户名",
    password: "密码",
    create: "创建账号",
    hello: "欢迎回来",
    inspector: "观察台",
    requests: "请求数",
    spoil: "破坏访问令牌",
    send: "发送",
    picture: "请求时间线",
    first_lane: "GET /bbb",
    refresh: "续期结束：得到新令牌",
    sessions: "登录设备",
    end_others: "结束其他全部",
    ended: "列出的其他会话已结束。",
    account: "账号",
    delete: "删除账号…",
    sure: "确定删除“ada”？",
    for_good: "永久删除",
    gone: "您的账号及其全部内容已删除。",
};

#[tokio::test]
async fn an_account_from_beginning_to_end_in_english_on_a_wide_screen() -> Result {
    life(1280, Language::English, &ENGLISH).await
}

#[tokio::test]
async fn an_account_from_beginning_to_end_in_chinese_on_a_phone() -> Result {
    life(360, Language::Chinese, &CHINESE).await
}

/// Signs up, watches a refresh, ends other sessions, deletes the account.
async fn life(width: u32, language: Language, names: &Names) -> Result {
    scenario(&format!("keyboard-{width}"), &[], async |Stage { server, page }: &mut Stage| {
        page.resize(width).await?;
        page.open("/").await?;
        page.shows("aaa").await?;
        page.speak(language).await?;

        page.keys_at(names.sign_up, Key::Enter).await?;
        page.arrives_at("/sign-up").await?;
        page.keys_at(names.username, "ada").await?;
        page.keys_at(names.password, PASSWORD).await?;
        page.keys_at(names.create, Key::Space).await?;
        page.shows(names.hello).await?;

        page.keys_at(names.inspector, Key::Enter).await?;
        page.arrives_at("/inspector").await?;
        page.keys_at(names.requests, Key::Control + "a").await?;
        page.keys("3").await?;
        page.keys_at(names.spoil, Key::Space).await?;
        page.back_to(names.send).await?;
        page.keys(Key::Enter).await?;
        assert_eq!(page.summary(3).await?.refreshes, 1);
        // Arriving tells of the first lane; three lanes further down is the refresh. Upwards the value grows, as a slider's does.
        page.tab_to(names.picture).await?;
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
        page.back_to(names.sessions).await?;
        page.keys(Key::Enter).await?;
        page.keys_at(names.end_others, Key::Enter).await?;
        page.shows(names.ended).await?;

        page.back_to(names.account).await?;
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
async fn an_account_is_come_back_to_changed_and_left_by_keyboard() -> Result {
    scenario("keyboard-return", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        page.keys_at("Sign out", Key::Enter).await?;
        page.shows("You are signed out").await?;
        page.keys_at("Theme: as the system", Key::Enter).await?;
        assert_eq!(page.focused().await?, "Theme: light", "the focus stays on the switch");
        page.back_to("中文").await?;
        page.keys(Key::Enter).await?;
        page.shows("您已退出登录").await?;
        assert_eq!(page.focused().await?, "English", "the focus stays on the switch");
        page.keys(Key::Enter).await?;
        page.shows("You are signed out").await?;

        page.keys_at("Sign in", Key::Enter).await?;
        page.arrives_at("/sign-in").await?;
        page.keys_at("Username", "ada").await?;
        page.keys_at("Password", "not this one").await?;
        page.keys_at("Show", Key::Space).await?;
        page.keys_at("Sign in", Key::Enter).await?;
        page.complains_at("Password", "do not go together").await?;
        page.keys(Key::Control + "a").await?;
        page.keys(PASSWORD).await?;
        page.keys(Key::Enter).await?;
        page.is_signed_in("ada").await?;

        server.sign_in_from("curl/8", "ada", PASSWORD).await?;
        page.keys_at("Sessions", Key::Enter).await?;
        page.shows("curl").await?;
        page.keys_at("End", Key::Enter).await?;
        page.shows("That session has ended.").await?;

        page.back_to("Account").await?;
        page.keys(Key::Enter).await?;
        page.keys_at("Current password", PASSWORD).await?;
        page.keys_at("New password", "four other words here").await?;
        page.keys(Key::Enter).await?;
        page.shows("Your password is changed").await?;
        page.keys_at("Delete account…", Key::Enter).await?;
        page.keys_at("Keep it", Key::Enter).await?;
        page.hides("Really delete").await?;
        page.tab_to("Delete account…").await
    })
    .await
}
