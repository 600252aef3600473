//! The pages: headings, titles, focus and languages; loading, errors, outages and missing files; first visit, theme, history.

use std::path::Path;
use wugan_e2e::{Appearance, Context, Key, Language, PASSWORD, Page, Result, scenario, scenario_with_preferences, until};

/// A page: its path, the link that leads there, its heading and its title; in English and in Chinese.
type Row = (&'static str, [&'static str; 2], [&'static str; 2], [&'static str; 2]);

const FOR_VISITORS: [Row; 4] = [
    ("/inspector", ["Inspector", "检查器"], ["Inspector", "检查器"], ["Inspector · Wugan", "检查器 · Wugan"]),
    ("/", ["Home", "首页"], ["Sign in once. Stay signed in.", "登录一次，从此无感。"], ["Home · Wugan", "首页 · Wugan"]),
    ("/sign-up", ["Create account", "注册"], ["Create account", "注册账号"], ["Create account · Wugan", "注册账号 · Wugan"]),
    ("/sign-in", ["Sign in", "登录"], ["Sign in", "登录"], ["Sign in · Wugan", "登录 · Wugan"]),
];

const FOR_MEMBERS: [Row; 4] = [
    ("/", ["Home", "首页"], ["Welcome back, ada.", "ada，欢迎回来。"], ["Home · Wugan", "首页 · Wugan"]),
    ("/inspector", ["Inspector", "检查器"], ["Inspector", "检查器"], ["Inspector · Wugan", "检查器 · Wugan"]),
    ("/account", ["Account", "账号"], ["Account", "账号"], ["Account · Wugan", "账号 · Wugan"]),
    ("/sessions", ["Devices", "登录设备"], ["Devices", "登录设备"], ["Devices · Wugan", "登录设备 · Wugan"]),
];

/// Opens each page by its link, and checks heading, title, focus and the announcement for screen readers.
async fn tour(page: &Page, rows: &[Row]) -> Result {
    for (nth, language) in [Language::English, Language::Chinese].into_iter().enumerate() {
        page.set_language(language).await?;
        // Begins with the last row: the page of the first one is shown already.
        for (path, link, heading, title) in rows.iter().rev().chain(rows) {
            if page.path().await? == *path {
                continue;
            }
            page.follow(link[nth]).await?;
            page.arrives_at(path).await?;
            let arrived = async || {
                let seen =
                    page.script("return [document.querySelector('h1')?.innerText, document.title, document.activeElement.id]").await?;
                Ok((seen == serde_json::json!([heading[nth], title[nth], "main"])).then_some(()))
            };
            until(&format!("heading, title and focus of {path}"), arrived).await?;
            assert_eq!(Some(page.text_of("route").await?.as_str()), title[nth].strip_suffix(" · Wugan"), "{path} is announced");
        }
        let tag = page.script("return document.documentElement.lang").await?;
        assert_eq!(tag, if nth == 0 { "en" } else { "zh" });
    }
    Ok(())
}

/// Holds the start of the program until `start()` is called.
const HELD: &str = "const compile = WebAssembly.instantiateStreaming; WebAssembly.instantiateStreaming = async (...program) => { \
    await new Promise(start => window.start = start); return compile(...program) }";

/// A script that lets the page's next fetches of a file fail. `missing` is the number of those that are left.
fn missing(file: &str, fetches: u32) -> String {
    format!(
        "window.missing = {fetches}; const send = window.fetch; window.fetch = (url, ...rest) => \
         String(url).includes('{file}') && missing > 0 ? (missing--, Promise.reject(new TypeError('missing'))) : send(url, ...rest)"
    )
}

#[tokio::test]
async fn each_page_has_a_heading_a_title_and_the_focus_in_both_languages() -> Result {
    scenario("tour", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        tour(page, &FOR_VISITORS).await?;
        page.set_language(Language::English).await?;
        page.sign_up("ada").await?;
        tour(page, &FOR_MEMBERS).await?;

        // The choice is stored.
        page.reload().await?;
        page.shows("登录设备").await?;
        page.open("/nowhere").await?;
        page.shows("页面不存在").await?;
        page.resize(360).await?;
        page.follow("返回首页").await?;
        page.shows("ada，欢迎回来。").await
    })
    .await
}

#[tokio::test]
async fn a_theme_is_chosen_by_its_button_and_kept() -> Result {
    scenario("theme", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        // The colour of the browser's frame is that of the first matching element (HTML, "theme-color").
        let frame = "return [...document.querySelectorAll('meta[name=theme-color]')].find(meta => matchMedia(meta.media).matches).content";
        let light = page.script(frame).await?;
        page.press("Theme: system").await?;
        page.press("Theme: light").await?;
        let dark = page.script(frame).await?;
        assert_ne!(dark, light);
        page.reload().await?;
        page.shows("For developers").await?;
        assert_eq!(page.script("return getComputedStyle(document.body).colorScheme").await?, "dark");
        assert_eq!(page.script(frame).await?, dark);
        page.press("Theme: dark").await?;
        assert_eq!(page.script(frame).await?, light);
        let follows = "return document.documentElement.hasAttribute('data-theme')";
        assert_eq!(page.script(follows).await?, false, "the system's choice is followed again");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_shows_loading_errors_and_outages_and_recovers() -> Result {
    scenario("states", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        for (link, there) in [("Account", "Member since"), ("Devices", "No other devices")] {
            page.follow("Home").await?;
            page.hold_requests().await?;
            page.follow(link).await?;
            page.shows("Loading…").await?;
            page.release_requests().await?;
            page.shows(there).await?;
            page.hides("Loading…").await?;

            let failures = [
                (500, "internal", None, "Something went wrong on our side"),
                (503, "busy", Some(12), "The server is busy. Try again in 12 seconds."),
                (429, "rate_limited", Some(300), "Too many attempts. Try again in 5 minutes."),
                (429, "rate_limited", None, "Too many attempts. Try again in a moment."),
            ];
            for (status, code, retry_after, words) in failures {
                page.follow("Inspector").await?;
                page.answer_requests(status, code, retry_after).await?;
                page.follow(link).await?;
                page.shows(words).await?;
            }
            page.release_requests().await?;
            page.hold_requests().await?;
            page.press("Try again").await?;
            page.shows("Trying…").await?;
            page.release_requests().await?;
            page.shows(there).await?;
            page.hides("Try again").await?;
        }

        // The server goes down and comes back: each page says so, and loads again without a press.
        for (link, there) in [("Account", "Member since"), ("Devices", "No other devices")] {
            page.follow("Inspector").await?;
            server.stop();
            page.follow(link).await?;
            page.shows("Can't reach the server. You're still signed in").await?;
            page.shows("Not available right now").await?;
            server.restart().await?;
            page.shows(there).await?;
            page.hides("Can't reach the server").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_rate_limit_is_shown_with_the_time_to_wait_and_the_input_is_kept() -> Result {
    scenario("too-many-tries", &["--name-limit", "2/1h"], async |Context { page, .. }: &mut Context| {
        page.open("/sign-in").await?;
        // Two attempts of the name, and one of each network.
        for _ in 0..3 {
            page.sign_in_here("ada", "not this one").await?;
            page.shows_field_error("Password", "Wrong username or password").await?;
            page.fill("Password", "").await?;
        }
        page.sign_in_here("ada", "nor this one").await?;
        page.shows("Too many attempts. Try again in ").await?;
        page.shows("minutes.").await?;
        assert_eq!(
            (page.field_value("Username").await?, page.field_value("Password").await?),
            ("ada".to_owned(), "nor this one".to_owned())
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn case_27_a_session_that_cannot_be_stored_lasts_as_long_as_the_page_and_a_banner_says_so() -> Result {
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    let denied = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError') } })";
    scenario("nothing-stored", &[], async |Context { page, .. }: &mut Context| {
        for (store, name) in [(full, "ada"), (denied, "eve")] {
            page.add_preload_script(store).await?;
            page.sign_up(name).await?;
            page.shows("storage is blocked or full").await?;
            page.follow("Account").await?;
            page.shows("Member since").await?;
            page.reload().await?;
            page.arrives_at("/sign-in").await?;
            page.hides("storage is blocked or full").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn passwords_are_rated_shown_and_offered_to_the_password_manager() -> Result {
    scenario("passwords", &[], async |Context { page, .. }: &mut Context| {
        page.open("/sign-up").await?;
        page.shows("8 to 256 characters").await?;
        page.shows("2 to 64 letters").await?;
        for (password, strength) in [("short", "Weak"), ("k7#mQ2px", "Fair"), (PASSWORD, "Strong")] {
            page.fill("Password", password).await?;
            until(strength, async || Ok((page.text_of("strength").await? == strength).then_some(()))).await?;
        }
        let field = page.field("Password").await?;
        assert_eq!(
            (field.attr("type").await?.as_deref(), field.attr("autocomplete").await?.as_deref()),
            (Some("password"), Some("new-password"))
        );
        page.press("Show").await?;
        page.press("Hide").await?;
        page.press("Show").await?;
        assert_eq!(field.attr("type").await?.as_deref(), Some("text"));

        page.follow("Sign in").await?;
        let hints = "return [...document.querySelectorAll('main input')].map(field => field.autocomplete)";
        assert_eq!(page.script(hints).await?, serde_json::json!(["username", "current-password"]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_first_visit_shifts_no_layout_is_within_the_policy_and_loads_no_part_of_another_page() -> Result {
    scenario("first-visit", &[], async |Context { page, .. }: &mut Context| {
        page.add_preload_script(
            "window.violations = []; document.addEventListener('securitypolicyviolation', event =>\
                violations.push(`${event.violatedDirective} ${event.blockedURI}`));\
            window.shifts = []; new PerformanceObserver(list => list.getEntries().forEach(({ value, sources }) =>\
                window.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 80))])))\
                .observe({ type: 'layout-shift', buffered: true })",
        )
        .await?;
        for width in [1280, 360] {
            page.resize(width).await?;
            // So slowly that the browser could paint parts of the document, and that the notice of a slow start is shown.
            page.limit_downloads(14_000).await?;
            let held = page.add_preload_script(HELD).await?;
            page.open("/").await?;
            let start = "return document.documentElement.dataset.start";
            until("the notice", async || Ok((page.script(start).await? == "slow").then_some(()))).await?;
            page.limit_downloads(-1).await?;
            page.remove_preload_script(&held).await?;
            until("the program", async || Ok((page.script("return !!window.start").await? == true).then_some(()))).await?;
            page.script("start()").await?;
            page.shows("For developers").await?;
            assert_eq!(page.script("return shifts").await?, serde_json::json!([]), "a slow start at {width}");
            for path in ["/", "/sign-in", "/sign-up", "/inspector", "/nowhere"] {
                page.open(path).await?;
                page.shows("means “unnoticed”").await?;
                match path {
                    "/sign-in" | "/sign-up" => drop(page.field("Password").await?),
                    "/inspector" => page.shows("Run the demonstration").await?,
                    _ => {}
                }
                page.script("return new Promise(done => requestAnimationFrame(() => setTimeout(done)))").await?;
                assert_eq!(page.script("return shifts").await?, serde_json::json!([]), "{path} at {width}");
                assert_eq!(page.script("return violations").await?, serde_json::json!([]), "{path}");
            }
            page.open("/").await?;
            page.shows("For developers").await?;
            let asked = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)";
            for path in page.script(asked).await?.as_array().ok_or("no list")?.iter().filter_map(|path| path.as_str()) {
                let needed = [".css", ".js", "_bg.wasm", ".svg", ".webmanifest"].iter().any(|end| path.ends_with(end));
                let of_another_page = ["inspector", "members", "forms", "session", "shared"].iter().any(|part| path.contains(part));
                assert!(needed && !of_another_page, "a visitor's first page asks for {path}");
            }
        }
        Ok(())
    })
    .await
}

/// Whether the session's engine was requested, and by what (<https://www.w3.org/TR/resource-timing/#dfn-initiatortype>).
async fn engine_requested_by(page: &Page) -> Result<Option<String>> {
    let first = "return performance.getEntriesByType('resource').find(({ name }) => name.includes('/session-'))?.initiatorType";
    Ok(page.script(first).await?.as_str().map(str::to_owned))
}

#[tokio::test]
async fn the_session_engine_is_loaded_by_a_form_by_another_tab_and_early_for_a_stored_session() -> Result {
    scenario("engine", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        let first = page.tab().await?;
        page.open_tab("/account").await?;
        page.arrives_at("/sign-in").await?;
        until("the form's engine", async || engine_requested_by(page).await).await?;
        page.sign_up("ada").await?;
        page.go_to(&first).await?;
        page.shows("Welcome back, ada.").await?;
        assert_eq!(engine_requested_by(page).await?.as_deref(), Some("fetch"), "loaded when the other tab had signed in");
        page.reload().await?;
        page.shows("Welcome back, ada.").await?;
        assert_eq!(engine_requested_by(page).await?.as_deref(), Some("link"), "loaded beside the program");

        // While it is loaded, the page is not that of a visitor.
        let held = "const send = window.fetch; window.fetch = async (...request) => { \
            if (String(request[0]).includes('/session-')) await new Promise(load => window.load = load); return send(...request) }";
        let held = page.add_preload_script(held).await?;
        page.reload().await?;
        until("the engine's request", async || Ok((page.script("return !!window.load").await? == true).then_some(()))).await?;
        page.shows("Loading…").await?;
        page.screenshot("session-loading").await?;
        let text = page.text().await?;
        assert!(!text.contains("Sign in") && !text.contains("Create account"), "{text}");
        page.remove_preload_script(&held).await?;
        page.script("load()").await?;
        page.shows("Welcome back, ada.").await?;
        page.press("Sign out").await?;
        page.shows("You're signed out.").await?;
        // Counts requests when they begin: the browser lists them when they have ended.
        let count = "const send = window.fetch; window.asked = []; window.fetch = (...request) => { asked.push(String(request[0])); return send(...request) }";
        page.add_preload_script(count).await?;
        page.reload().await?;
        page.shows("For developers").await?;
        let asked = "return [...asked, ...[...document.querySelectorAll('link')].map(link => link.href)].filter(url => url.includes('/session-'))";
        assert_eq!(page.script(asked).await?, serde_json::json!([]), "not loaded after a sign-out");
        Ok(())
    })
    .await
}

/// The parts that the page's script preloaded beside the program, and the number of parts that were loaded in another way or twice.
async fn preloaded(page: &Page) -> Result<(Vec<String>, u64)> {
    let parts = "const parts = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm') && !name.includes('_bg'));\
        const names = parts.filter(part => part.initiatorType === 'link').map(({ name }) => name.replace(/.*\\/|-[^-]*$/g, ''));\
        return [names.sort(), parts.length - new Set(names).size]";
    let found = page.script(parts).await?;
    let names = found[0].as_array().ok_or("no list")?.iter().filter_map(|name| name.as_str().map(str::to_owned));
    Ok((names.collect(), found[1].as_u64().ok_or("no number")?))
}

#[tokio::test]
async fn the_parts_of_the_opened_page_are_loaded_beside_the_program_and_once() -> Result {
    scenario("preloaded", &[], async |Context { page, .. }: &mut Context| {
        for (path, shown, needed) in [("/inspector", "Run the demonstration", "inspector"), ("/sign-in", "New here?", "forms")] {
            page.open(path).await?;
            page.shows(shown).await?;
            let (names, others) = preloaded(page).await?;
            assert!(names.iter().any(|name| name == needed), "{path}: {names:?}");
            assert_eq!(others, 0, "{path}: {names:?}");
        }
        let styles = "return performance.getEntriesByType('resource').filter(({ name }) => /(inspector|timeline).css/.test(name)).length";
        page.open("/inspector").await?;
        page.shows("Run the demonstration").await?;
        assert_eq!(page.script(styles).await?, 2);
        page.sign_up("ada").await?;
        page.open("/sessions").await?;
        page.shows("No other devices").await?;
        let (names, others) = preloaded(page).await?;
        assert!(["members", "session"].iter().all(|part| names.iter().any(|name| name == part)), "{names:?}");
        assert_eq!(others, 0, "{names:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn case_64_a_session_engine_that_cannot_be_loaded_is_reported_with_retry_and_reload() -> Result {
    scenario("engine-missing", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        page.block_urls(&["*/session-*.wasm"]).await?;
        page.open("/account").await?;
        page.shows("Your session couldn't be loaded").await?;
        page.screenshot("session-missing").await?;
        page.arrives_at("/account").await?;
        page.block_urls(&[]).await?;
        // Loading it is tried twice.
        page.script(&missing("/session-", 2)).await?;
        page.press("Try again").await?;
        until("the second failure", async || Ok((page.script("return missing").await? == 0).then_some(()))).await?;
        page.shows("Your session couldn't be loaded").await?;
        page.press("Try again").await?;
        page.shows("Member since").await?;
        page.hides("Your session couldn't be loaded").await?;

        // A form says so too, and keeps what was typed.
        page.press("Sign out").await?;
        page.block_urls(&["*/session-*.wasm"]).await?;
        page.script("localStorage.clear()").await?;
        page.open("/sign-in").await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.shows("couldn't be loaded").await?;
        page.block_urls(&[]).await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.wait_until_signed_in("ada").await?;

        // The file is missing for a moment.
        let script = page.add_preload_script(&missing("/session-", 1)).await?;
        page.reload().await?;
        page.wait_until_signed_in("ada").await?;
        assert_eq!(page.script("return missing").await?, 0);
        page.remove_preload_script(&script).await?;

        // The server goes down after the program was loaded.
        page.block_urls(&["*/session-*.wasm"]).await?;
        page.reload().await?;
        page.shows("Your session couldn't be loaded").await?;
        server.stop();
        page.block_urls(&[]).await?;
        page.press("Try again").await?;
        page.shows("Can't reach the server").await?;
        server.restart().await?;
        page.wait_until_signed_in("ada").await?;
        page.hides("Your session couldn't be loaded").await
    })
    .await
}

#[tokio::test]
async fn case_64_a_part_that_cannot_be_loaded_is_reported_with_retry_and_reload() -> Result {
    scenario("parts", &[], async |Context { server, page }: &mut Context| {
        page.sign_up("ada").await?;
        // The server is up, and the file is missing.
        page.block_urls(&["*/inspector-*.wasm"]).await?;
        page.follow("Inspector").await?;
        page.shows("Part of this app couldn't be loaded").await?;
        page.screenshot("part-missing").await?;
        assert!(!page.text().await?.contains("Can't reach the server"), "the server is up");
        assert_eq!(page.script("return document.title").await?, "Inspector · Wugan", "the frame is there");
        page.press("Try again").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        page.shows("Part of this app couldn't be loaded").await?;
        // As after a new version: the document must be loaded again.
        page.block_urls(&[]).await?;
        page.script("window.old = true").await?;
        page.press("Reload").await?;
        until("the new page", async || Ok((page.script("return !window.old").await? == true).then_some(()))).await?;
        page.burst(2).await?;
        page.hides("Part of this app couldn't be loaded").await?;

        // A loaded part needs no server.
        page.follow("Home").await?;
        server.stop();
        page.follow("Inspector").await?;
        page.simulate_failures().await?;
        page.field("Requests").await?;
        // Another part is loaded when the server is back.
        page.follow("Devices").await?;
        page.shows("Part of this app couldn't be loaded").await?;
        page.shows("Can't reach the server. You're still signed in").await?;
        server.restart().await?;
        page.shows("No other devices").await?;
        page.hides("Part of this app couldn't be loaded").await
    })
    .await
}

#[tokio::test]
async fn case_64_a_part_that_is_missing_for_a_moment_is_loaded_by_itself() -> Result {
    scenario("part-retried", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        page.script(&missing("/inspector-", 1)).await?;
        page.follow("Inspector").await?;
        page.shows("Run the demonstration").await?;
        assert_eq!(page.script("return missing").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn case_64_a_part_that_loads_slowly_is_reported_and_shown_when_it_comes() -> Result {
    scenario("part-slow", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        page.hold_requests().await?;
        page.follow("Inspector").await?;
        page.shows("Loading…").await?;
        assert!(!page.text().await?.contains("longer than usual"), "not yet");
        page.shows("This is taking longer than usual.").await?;
        page.shows("Reload").await?;
        page.release_requests().await?;
        page.shows("Run the demonstration").await?;
        page.hides("This is taking longer than usual.").await
    })
    .await
}

#[tokio::test]
async fn case_64_a_session_engine_that_loads_slowly_is_reported_and_a_form_can_be_sent_again() -> Result {
    scenario("engine-slow", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up("ada").await?;
        let stalled =
            "const send = window.fetch; window.fetch = (url, ...rest) => String(url).includes('/session-') ? new Promise(() => {}) : send(url, ...rest)";
        let stalled = page.add_preload_script(stalled).await?;
        page.open("/account").await?;
        page.shows("Your session couldn't be loaded").await?;
        page.shows("Reload").await?;
        page.script("localStorage.clear()").await?;
        page.open("/sign-in").await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.shows("Signing in…").await?;
        page.shows("couldn't be loaded").await?;
        page.hides("Signing in…").await?;
        page.remove_preload_script(&stalled).await?;
        page.reload().await?;
        page.sign_in_here("ada", PASSWORD).await?;
        page.wait_until_signed_in("ada").await
    })
    .await
}

#[tokio::test]
async fn case_27_a_damaged_record_shows_the_signed_out_page_with_one_warning() -> Result {
    scenario("damaged-record", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.script("localStorage.setItem(`wugan:${location.origin}/user/refresh`, 'rubbish')").await?;
        page.reload().await?;
        page.shows("Your saved session couldn't be read. Sign in again.").await?;
        page.shows("For developers").await?;
        assert_eq!(page.script("return document.querySelectorAll('.banner[role=alert]:not([data-cause])').length").await?, 1);
        page.check_accessible().await?;
        page.sign_up("ada").await?;
        page.hides("couldn't be read").await?;
        page.press("Sign out").await?;
        page.shows("You're signed out.").await?;
        page.hides("couldn't be read").await
    })
    .await
}

#[tokio::test]
async fn the_page_after_a_sign_in_is_shown_from_its_top() -> Result {
    scenario("scrolled", &[], async |Context { page, .. }: &mut Context| {
        page.open("/sign-up").await?;
        page.fill("Username", "ada").await?;
        page.fill("Password", PASSWORD).await?;
        // Taller than the screen, as with larger letters or on a phone.
        page.script("document.body.style.minHeight = '300vh'; scrollTo(0, 300); document.querySelector('form').requestSubmit()").await?;
        page.shows("Welcome back, ada.").await?;
        assert_eq!(page.script("return scrollY").await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_longest_username_fits_a_narrow_screen() -> Result {
    scenario("long-name", &[], async |Context { page, .. }: &mut Context| {
        page.sign_up(&"lovelace".repeat(8)).await?;
        page.resize(320).await?;
        page.check_fits_width().await?;
        page.screenshot("long-name-home").await?;
        page.follow("Account").await?;
        page.press("Delete account…").await?;
        page.shows("Enter your password to confirm").await?;
        page.check_fits_width().await?;
        page.screenshot("long-name-account").await?;
        page.follow("Devices").await?;
        page.shows("No other devices").await?;
        page.check_fits_width().await
    })
    .await
}

#[tokio::test]
async fn colours_do_not_depend_on_light_dark() -> Result {
    scenario("colours", &[], async |Context { page, .. }: &mut Context| {
        let dependent = "const rules = list => [...list].flatMap(rule => rule instanceof CSSSupportsRule ? [] : rule.cssRules?.length ? rules(rule.cssRules) : [rule.cssText]);\
            return [...document.styleSheets].flatMap(sheet => rules(sheet.cssRules)).filter(text => text.includes('light-dark'))";
        for path in ["/", "/inspector"] {
            page.open(path).await?;
            page.shows("means “unnoticed”").await?;
            assert_eq!(page.script(dependent).await?, serde_json::json!([]), "{path}");
        }
        // As in a browser that does not have it.
        page.set_appearance(Appearance { width: 1280, language: Language::English, dark: true }).await?;
        page.press("Run the demonstration").await?;
        until("both ways to end", async || Ok((!page.text_of("demonstrated").await?.is_empty()).then_some(()))).await?;
        page.simulate_failures().await?;
        let removed = "let removed = 0; for (const sheet of document.styleSheets) for (let n = sheet.cssRules.length; n--;) \
            if (sheet.cssRules[n] instanceof CSSSupportsRule) { sheet.deleteRule(n); removed++ } return removed";
        assert!(page.script(removed).await?.as_u64() > Some(0));
        page.screenshot("without-light-dark").await?;
        page.check_accessible().await
    })
    .await
}

#[tokio::test]
async fn the_first_language_is_the_browsers() -> Result {
    let chinese = [("intl.accept_languages", "zh-TW,zh".into())];
    scenario_with_preferences("browsers-language", &[], &chinese, async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("面向用户").await?;
        assert_eq!(page.script("return document.documentElement.lang").await?, "zh");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_first_tab_skips_to_the_content() -> Result {
    scenario("skip", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        page.keys(Key::Tab + "").await?;
        assert_eq!(page.focused().await?, "Skip to content");
        page.keys(Key::Enter + "").await?;
        until("the content to have the focus", async || {
            Ok((page.script("return document.activeElement.id").await? == "main").then_some(()))
        })
        .await?;
        page.arrives_at("/").await
    })
    .await
}

#[tokio::test]
async fn back_and_forward_work_and_a_link_to_the_present_page_adds_no_history_entry() -> Result {
    scenario("history", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        let steps = "return history.length";
        let before = page.script(steps).await?.as_u64();
        page.follow("Home").await?;
        assert_eq!(page.script(steps).await?.as_u64(), before);
        page.follow("Sign in").await?;
        page.shows("Welcome back.").await?;
        page.open("/account").await?;
        page.arrives_at("/sign-in").await?;
        page.shows("Sign in to continue.").await?;
        // The link to the other form keeps the page to return to.
        page.follow("Create account").await?;
        page.arrives_at("/sign-up").await?;
        assert_eq!(page.script("return location.search").await?, "?next=%2Faccount");
        page.driver().back().await?;
        page.shows("Sign in to continue.").await?;
        page.driver().back().await?;
        page.shows("Welcome back.").await?;
        page.driver().back().await?;
        page.shows("For developers").await?;
        page.driver().forward().await?;
        page.shows("Welcome back.").await?;
        page.arrives_at("/sign-in").await
    })
    .await
}

#[tokio::test]
async fn icons_and_manifest_are_served() -> Result {
    scenario("installs", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        page.shows("For developers").await?;
        let all = "return (async () => {\
            const manifest = await (await fetch(document.querySelector('link[rel=manifest]').href)).json();\
            const links = [...document.querySelectorAll('link[rel*=icon]')].map(link => link.href);\
            const files = await Promise.all([...links, ...manifest.icons.map(icon => icon.src)].map(file => fetch(file)));\
            return [manifest.name, ...new Set(files.map(file => file.status + ' ' + file.headers.get('content-type').split('/')[0]))];\
        })()";
        assert_eq!(page.script(all).await?.as_array().map(|all| all[1..].to_vec()), Some(vec!["200 image".into()]));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_browsers_files_are_removed_at_the_end() -> Result {
    let folder = std::cell::OnceCell::new();
    scenario("temporary-files", &[], async |Context { page, .. }: &mut Context| {
        page.open("/").await?;
        let started = page.driver().cdp().send_raw("Browser.getBrowserCommandLine", serde_json::json!({})).await?;
        let arguments = started["arguments"].as_array().ok_or("no arguments")?;
        let profile = arguments.iter().find_map(|argument| argument.as_str()?.strip_prefix("--user-data-dir="));
        let parent = Path::new(profile.ok_or("no profile")?).parent().ok_or("no folder")?.to_owned();
        assert!(parent.file_name().is_some_and(|name| name.to_string_lossy().starts_with("wugan-browser-")), "{}", parent.display());
        assert!(parent.is_dir());
        let _ = folder.set(parent);
        Ok(())
    })
    .await?;
    assert!(folder.get().is_some_and(|folder| !folder.exists()));
    Ok(())
}
