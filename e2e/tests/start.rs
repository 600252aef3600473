//! Case 64: the app does not start, cannot start, or stops. The page says so within five seconds, in the reader's language, without wasm.

use serde_json::json;
use thirtyfour::By;
use wugan_e2e::{
    AppFiles, BrowserEngine, Context, Page, Result, in_browsers, scenario, scenario_in_browser, scenario_with_preferences, until,
};

/// Makes WebAssembly programs load and never start.
const STALLED: &str = "WebAssembly.instantiateStreaming = WebAssembly.instantiate = () => new Promise(() => {})";

/// Notes when the page tells its reader that the app did not start.
const NOTE_NOTICE: &str = "new MutationObserver(() => { window.told ??= performance.now() })\
    .observe(document, { subtree: true, attributeFilter: ['data-start'] })";

/// Opens the page and checks that it shows these words within five seconds.
async fn says(page: &Page, path: &str, words: &str) -> Result {
    let note = page.add_preload_script(NOTE_NOTICE).await?;
    page.open(path).await?;
    page.shows(words).await?;
    page.remove_preload_script(&note).await?;
    let told = page.script("return window.told").await?;
    assert!(told.as_f64().is_some_and(|told| told < 5_000.0), "after {told} ms");
    Ok(())
}

/// Presses the button of the notice. It has its name in both languages, of which one is shown.
async fn press_reload(page: &Page, name: &str) -> Result {
    for button in page.driver().find_all(By::Css(".reload")).await? {
        if button.is_displayed().await? {
            assert_eq!(button.text().await?, name);
            return Ok(button.click().await?);
        }
    }
    Err("no notice is shown".into())
}

/// Presses "Reload", after which the app starts.
async fn reload_starts(page: &Page) -> Result {
    press_reload(page, "Reload").await?;
    page.shows("For developers").await?;
    page.hides("Reload").await
}

in_browsers! { [Chromium Firefox WebKit] [case_64_a_missing_file_is_reported_and_a_reload_starts_the_new_version] }

/// The page is of one version of the app, and the server has the files of another.
async fn case_64_a_missing_file_is_reported_and_a_reload_starts_the_new_version(engine: BrowserEngine) -> Result {
    let files = AppFiles::without("_bg.wasm")?;
    scenario_in_browser(engine, "start-missing", &["--web-root", files.path()], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        // WebKit reports no error of a module that waits for one.
        let is_told = engine != BrowserEngine::WebKit;
        page.shows(if is_told { "Wugan couldn't start: a file didn't load." } else { "This is taking longer than usual." }).await?;
        files.complete()?;
        reload_starts(page).await
    })
    .await
}

#[tokio::test]
async fn case_64_a_blocked_program_is_reported_and_a_reload_starts_it() -> Result {
    scenario("start-blocked", &[], async |Context { page, .. }: &mut Context| {
        for file in ["*_bg.wasm", "*/wugan-app-*.js"] {
            page.block_urls(&[file]).await?;
            says(page, "/", "Wugan couldn't start: a file didn't load.").await?;
            assert_eq!(page.script("return document.querySelector('.bones').offsetParent").await?, json!(null), "nothing pulses");
            page.block_urls(&[]).await?;
            reload_starts(page).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn case_64_the_readers_language_is_used_without_the_program() -> Result {
    let chinese = [("intl.accept_languages", "zh-CN,zh".into())];
    scenario_with_preferences("start-chinese", &[], &chinese, async |Context { page, .. }: &mut Context| {
        page.block_urls(&["*_bg.wasm"]).await?;
        says(page, "/inspector", "Wugan 未能启动").await?;
        assert!(!page.text().await?.contains("couldn't start"));
        page.block_urls(&[]).await?;
        press_reload(page, "重新加载").await?;
        page.shows("开始演示").await
    })
    .await
}

#[tokio::test]
async fn case_64_a_browser_without_webassembly_gets_a_message() -> Result {
    scenario("start-unsupported", &[], async |Context { page, .. }: &mut Context| {
        let removed = page.add_preload_script("delete window.WebAssembly").await?;
        says(page, "/", "Wugan can't run in this browser.").await?;
        page.remove_preload_script(&removed).await?;
        // A browser that does not know an instruction.
        let old = "WebAssembly.instantiateStreaming = WebAssembly.instantiate = () => Promise.reject(new WebAssembly.CompileError('invalid opcode'))";
        let old = page.add_preload_script(old).await?;
        says(page, "/", "Wugan can't run in this browser.").await?;
        page.remove_preload_script(&old).await?;
        reload_starts(page).await
    })
    .await
}

#[tokio::test]
async fn case_64_a_start_that_takes_long_is_reported() -> Result {
    scenario("start-slow", &[], async |Context { page, .. }: &mut Context| {
        let stalled = page.add_preload_script(STALLED).await?;
        says(page, "/", "This is taking longer than usual.").await?;
        page.remove_preload_script(&stalled).await?;
        reload_starts(page).await
    })
    .await
}

#[tokio::test]
async fn case_64_a_panic_is_reported_and_a_reload_goes_on() -> Result {
    scenario("stopped", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        // An error of another script does not stop the app.
        page.script("dispatchEvent(new ErrorEvent('error', { error: new Error('an extension') }))").await?;
        page.hides("this page has stopped").await?;
        // What a trapped program throws, from an event listener or a task.
        for event in ["new ErrorEvent('error', { error: trap })", "Object.assign(new Event('unhandledrejection'), { reason: trap })"] {
            page.script(&format!("const trap = new WebAssembly.RuntimeError('unreachable'); dispatchEvent({event})")).await?;
            page.shows("Something went wrong, and this page has stopped.").await?;
            page.script("window.old = true").await?;
            press_reload(page, "Reload").await?;
            until("the new page", async || Ok((page.script("return !window.old").await? == true).then_some(()))).await?;
            page.shows("For developers").await?;
            page.hides("this page has stopped").await?;
        }
        Ok(())
    })
    .await
}

/// In Firefox the driver's scripts get an instance of their own of the program's module.
mod trapped {
    use super::case_64_a_trap_of_the_program_is_reported;
    wugan_e2e::in_browsers! { [Chromium WebKit] [case_64_a_trap_of_the_program_is_reported] }
}

async fn case_64_a_trap_of_the_program_is_reported(engine: BrowserEngine) -> Result {
    scenario_in_browser(engine, "trapped", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        let break_memory = "const files = performance.getEntriesByType('resource').map(entry => entry.name); \
            import(files.find(name => /wugan-app-.*js$/.test(name))).then(module => module.default()).then(program => { \
            new Uint8Array(program.memory.buffer).fill(255); document.querySelector('button[lang=zh]').click() })";
        page.script(break_memory).await?;
        page.shows("Something went wrong, and this page has stopped.").await?;
        reload_starts(page).await
    })
    .await
}

#[tokio::test]
async fn case_64_a_browser_without_javascript_gets_one_sentence() -> Result {
    scenario("start-without-scripts", &[], async |Context { page, .. }: &mut Context| {
        page.disable_scripts().await?;
        page.open("/").await?;
        page.shows("Wugan needs JavaScript and WebAssembly.").await?;
        assert_eq!(page.script("return document.querySelector('.bones').offsetParent").await?, json!(null), "nothing pulses");
        page.screenshot("start-without-scripts").await
    })
    .await
}

/// Browsers before 2021 ignore a whole rule with `:is`, and they are the ones that get these messages.
#[tokio::test]
async fn the_messages_before_the_start_do_not_depend_on_is() -> Result {
    scenario("start-old-styles", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        let dependent = "return [...document.styleSheets].flatMap(sheet => [...sheet.cssRules].map(rule => rule.selectorText ?? ''))\
            .filter(text => text.includes(':is(') && /in-en|in-zh|bones|elsewhere|start|on-home|on-inspector/.test(text))";
        assert_eq!(page.script(dependent).await?, json!([]));
        Ok(())
    })
    .await
}
