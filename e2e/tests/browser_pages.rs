//! Each page once in Firefox and WebKitGTK, in both languages, with the inspector's demonstration. `pages` has more of it in Chromium.

use serde_json::json;
use wugan_e2e::{BrowserEngine, Context, Language, Page, Result, scenario_in_browser, until};

/// A page: its path, and its title in English and in Chinese.
type Titled = (&'static str, [&'static str; 2]);

const FOR_VISITORS: [Titled; 6] = [
    ("/", ["Home · Wugan", "首页 · Wugan"]),
    ("/inspector", ["Inspector · Wugan", "检查器 · Wugan"]),
    ("/sign-up", ["Create account · Wugan", "注册账号 · Wugan"]),
    ("/sign-in", ["Sign in · Wugan", "登录 · Wugan"]),
    ("/reset", ["Reset password · Wugan", "重置密码 · Wugan"]),
    ("/nowhere", ["Page not found · Wugan", "页面不存在 · Wugan"]),
];

const FOR_MEMBERS: [Titled; 4] = [
    ("/", ["Home · Wugan", "首页 · Wugan"]),
    ("/inspector", ["Inspector · Wugan", "检查器 · Wugan"]),
    ("/account", ["Account · Wugan", "账号 · Wugan"]),
    ("/sessions", ["Devices · Wugan", "登录设备 · Wugan"]),
];

/// Opens each page, and checks its title, that it has one heading, and that it shows no error.
async fn open_each(page: &Page, pages: &[Titled], engine: BrowserEngine) -> Result {
    for (path, titles) in pages {
        page.open(path).await?;
        for (language, title) in [Language::English, Language::Chinese].into_iter().zip(titles) {
            until(&format!("the app at {path}"), async || {
                Ok((page.script("return !document.getElementById('first-paint')").await? == true).then_some(()))
            })
            .await?;
            page.set_language(language).await?;
            let state = "return [document.title, document.querySelectorAll('h1').length]";
            until(&format!("{title} at {path}"), async || {
                Ok((page.script(state).await?.as_array().is_some_and(|state| *state == [json!(title), json!(1)])).then_some(()))
            })
            .await?;
            assert_eq!(page.script("return document.documentElement.hasAttribute('data-start')").await?, false, "{path} stopped");
            page.screenshot(&format!("{engine}-{}-{language:?}", path.trim_matches('/'))).await?;
        }
        page.set_language(Language::English).await?;
    }
    Ok(())
}

async fn each_page_is_shown_and_the_demonstration_runs(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "pages", &[], async |Context { server, page }: &mut Context| {
        page.open("/").await?;
        open_each(page, &FOR_VISITORS, engine).await?;
        page.open("/inspector").await?;
        page.press("Run the demonstration").await?;
        // Announced to screen readers only, so that a browser may count it as not displayed.
        let ended = "return !!document.querySelector('[data-testid=demonstrated]')?.textContent";
        until("the demonstration to end", async || Ok((page.script(ended).await? == true).then_some(()))).await?;
        page.screenshot(&format!("{engine}-demonstration")).await?;
        assert_eq!(server.answered("/user/register", 201).await?, 1, "one guest serves both ways");
        page.sign_up("ada").await?;
        open_each(page, &FOR_MEMBERS, engine).await
    })
    .await
}

#[tokio::test]
#[ignore = "needs Firefox: `cargo xtask test` installs it"]
async fn firefox_each_page_is_shown_and_the_demonstration_runs() -> Result {
    each_page_is_shown_and_the_demonstration_runs(BrowserEngine::Firefox).await
}

#[tokio::test]
#[ignore = "needs WebKitGTK: `cargo xtask test` installs it"]
async fn webkit_each_page_is_shown_and_the_demonstration_runs() -> Result {
    each_page_is_shown_and_the_demonstration_runs(BrowserEngine::WebKit).await
}
