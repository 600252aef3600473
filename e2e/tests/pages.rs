//! What each page says of itself, and what it says while it waits, when there is nothing, when something went wrong, and when nobody answers.

use wugan_e2e::{Key, Language, PASSWORD, Page, Result, Stage, scenario, scenario_in, until};

/// A page: its path, the link that leads there, its heading and its title; in English and in Chinese.
type Row = (&'static str, [&'static str; 2], [&'static str; 2], [&'static str; 2]);

const FOR_VISITORS: [Row; 3] = [
    ("/", ["Home", "首页"], ["Sign in once, and never notice it again.", "登录一次，从此无感。"], ["Home · Wugan", "首页 · Wugan"]),
    ("/sign-up", ["Create account", "创建账号"], ["Create an account", "创建账号"], ["Create an account · Wugan", "创建账号 · Wugan"]),
    ("/sign-in", ["Sign in", "登录"], ["Sign in", "登录"], ["Sign in · Wugan", "登录 · Wugan"]),
];

const FOR_MEMBERS: [Row; 4] = [
    ("/", ["Home", "首页"], ["Good to see you, ada.", "ada，欢迎回来。"], ["Home · Wugan", "首页 · Wugan"]),
    ("/inspector", ["Inspector", "观察台"], ["Inspector", "观察台"], ["Inspector · Wugan", "观察台 · Wugan"]),
    ("/account", ["Account", "账号"], ["Account", "账号"], ["Account · Wugan", "账号 · Wugan"]),
    ("/sessions", ["Sessions", "登录设备"], ["Sessions", "登录设备"], ["Sessions · Wugan", "登录设备 · Wugan"]),
];

/// Goes to each page by its link: heading and title are its own, the focus is at its beginning, and a screen reader is told.
async fn tour(page: &Page, rows: &[Row]) -> Result {
    for (nth, language) in [Language::English, Language::Chinese].into_iter().enumerate() {
        page.speak(language).await?;
        // The last one first: it is another than the one that is shown.
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

#[tokio::test]
async fn each_page_has_a_heading_a_title_and_the_focus_in_both_languages() -> Result {
    scenario("tour", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        page.shows("aaa").await?;
        tour(page, &FOR_VISITORS).await?;
        page.speak(Language::English).await?;
        page.sign_up("ada").await?;
        tour(page, &FOR_MEMBERS).await?;

        // The choice is kept.
        page.reload().await?;
        page.shows("登录设备").await?;
        page.open("/nowhere").await?;
        page.shows("没有这个页面").await?;
        page.resize(360).await?;
        page.follow("回到首页").await?;
        page.shows("ada，欢迎回来。").await
    })
    .await
}

#[tokio::test]
async fn a_theme_is_chosen_by_its_button_and_kept() -> Result {
    scenario("theme", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        // The colour that the browser gives its own frame: of the first that holds (HTML, "theme-color").
        let frame = "return [...document.querySelectorAll('meta[name=theme-color]')].find(meta => matchMedia(meta.media).matches).content";
        let light = page.script(frame).await?;
        page.press("Theme: as the system").await?;
        page.press("Theme: light").await?;
        let dark = page.script(frame).await?;
        assert_ne!(dark, light);
        page.reload().await?;
        page.shows("For everyone").await?;
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
async fn a_page_waits_fails_and_recovers_in_words() -> Result {
    scenario("states", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        for (link, there) in [("Account", "Member since"), ("Sessions", "nowhere else"), ("Home", "bbb")] {
            page.follow(if link == "Home" { "Account" } else { "Home" }).await?;
            page.holds_answers().await?;
            page.follow(link).await?;
            page.shows("Loading…").await?;
            page.lets_answers_through().await?;
            page.shows(there).await?;
            page.hides("Loading…").await?;

            let failures = [
                (500, "internal", None, "Something went wrong on our side"),
                (503, "busy", Some(12), "too much to do just now. Please try again in 12 seconds."),
                (429, "rate_limited", Some(300), "Too many tries. Please try again in 5 minutes."),
                (429, "rate_limited", None, "Too many tries. Please try again in a moment."),
            ];
            for (status, code, retry_after, words) in failures {
                page.follow("Inspector").await?;
                page.answers(status, code, retry_after).await?;
                page.follow(link).await?;
                page.shows(words).await?;
            }
            page.lets_answers_through().await?;
            // Nobody has to go away and come back.
            page.holds_answers().await?;
            page.press(if link == "Home" { "Ask again" } else { "Try again" }).await?;
            if link == "Home" {
                let waits =
                    async || Ok((page.script("return document.querySelectorAll('.answer.waits').length").await? == 1).then_some(()));
                until("the answer to be waited for", waits).await?;
            } else {
                page.shows("Trying…").await?;
            }
            page.lets_answers_through().await?;
            page.shows(there).await?;
            page.hides("Try again").await?;
        }

        // The server goes, and comes back: each page says so, and asks again by itself.
        for (link, there) in [("Account", "Member since"), ("Sessions", "nowhere else"), ("Home", "bbb")] {
            page.follow("Inspector").await?;
            server.stop();
            page.follow(link).await?;
            page.shows("The server cannot be reached").await?;
            page.shows("No answer just now").await?;
            server.start_again().await?;
            page.shows(there).await?;
            page.hides("The server cannot be reached").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn too_many_tries_are_told_with_the_time_to_wait_and_what_was_typed_stays() -> Result {
    scenario("too-many-tries", &["--name-limit", "2/1h"], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-in").await?;
        // The two that the name has, and the one that each network has of its own.
        for _ in 0..3 {
            page.sign_in_here("ada", "not this one").await?;
            page.complains_at("Password", "do not go together").await?;
            page.fill("Password", "").await?;
        }
        page.sign_in_here("ada", "nor this one").await?;
        page.shows("Too many tries. Please try again in ").await?;
        page.shows("minutes.").await?;
        assert_eq!((page.typed("Username").await?, page.typed("Password").await?), ("ada".to_owned(), "nor this one".to_owned()));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_nothing_can_be_stored_the_session_lasts_as_long_as_the_page_and_it_says_so() -> Result {
    let full = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }";
    let denied = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError') } })";
    scenario("nothing-stored", &[], async |Stage { page, .. }: &mut Stage| {
        for (store, name) in [(full, "ada"), (denied, "eve")] {
            page.before_each_page(store).await?;
            page.sign_up(name).await?;
            page.shows("This browser stores nothing for us").await?;
            page.shows("bbb").await?;
            page.follow("Account").await?;
            page.shows("Member since").await?;
            page.reload().await?;
            page.arrives_at("/sign-in").await?;
            page.hides("This browser stores nothing for us").await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn passwords_are_judged_shown_and_left_to_the_password_manager() -> Result {
    scenario("passwords", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/sign-up").await?;
        page.shows("8 to 256 characters").await?;
        page.shows("2 to 64 letters").await?;
        for (password, strength) in [("short", "Easy to guess"), ("k7#mQ2px", "Fair"), (PASSWORD, "Strong")] {
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
async fn a_first_visit_is_moved_by_nothing_and_asks_for_nothing_it_does_not_need() -> Result {
    scenario("first-visit", &[], async |Stage { page, .. }: &mut Stage| {
        page.before_each_page(
            "window.shifts = 0; new PerformanceObserver(list => list.getEntries().forEach(({ value }) => window.shifts += value))\
                .observe({ type: 'layout-shift', buffered: true })",
        )
        .await?;
        for width in [1280, 360] {
            page.resize(width).await?;
            for path in ["/", "/sign-in", "/sign-up", "/nowhere"] {
                page.open(path).await?;
                page.shows("Wugan (无感) means").await?;
                if path.starts_with("/sign") {
                    page.field("Password").await?;
                }
                let shifts =
                    page.script("return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(window.shifts))))").await?;
                assert!(shifts.as_f64().is_some_and(|shifts| shifts < 0.01), "{path} at {width}: {shifts}");
            }
            page.open("/").await?;
            page.shows("aaa").await?;
            let asked = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)";
            for path in page.script(asked).await?.as_array().ok_or("no list")?.iter().filter_map(|path| path.as_str()) {
                let needed = [".css", ".js", "_bg.wasm", ".svg", ".webmanifest", "/aaa"].iter().any(|end| path.ends_with(end));
                let of_another_page = ["inspector", "members", "forms", "shared"].iter().any(|part| path.contains(part));
                assert!(needed && !of_another_page, "a visitor's first page asks for {path}");
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_part_that_does_not_come_is_told_and_comes_when_it_can() -> Result {
    scenario("parts", &[], async |Stage { server, page }: &mut Stage| {
        page.sign_up("ada").await?;
        // The server is there, and the file is not.
        page.blocks(&["*/inspector-*.wasm"]).await?;
        page.follow("Inspector").await?;
        page.shows("This page could not be loaded").await?;
        page.screenshot("part-missing").await?;
        assert!(!page.text().await?.contains("The server cannot be reached"), "it is there");
        assert_eq!(page.script("return document.title").await?, "Inspector · Wugan", "the frame is there");
        page.press("Try again").await?;
        assert_eq!(page.script("return document.activeElement.id").await?, "main");
        page.shows("This page could not be loaded").await?;
        // As after a new version: the page itself must come anew.
        page.blocks(&[]).await?;
        page.script("window.old = true").await?;
        page.press("Reload").await?;
        until("the new page", async || Ok((page.script("return !window.old").await? == true).then_some(()))).await?;
        page.burst(2).await?;
        page.hides("This page could not be loaded").await?;

        // It stays, whatever happens to the server.
        page.follow("Home").await?;
        server.stop();
        page.follow("Inspector").await?;
        page.field("Requests").await?;
        // What has not come yet is asked for when the server is back.
        page.follow("Sessions").await?;
        page.shows("This page could not be loaded").await?;
        page.shows("The server cannot be reached").await?;
        server.start_again().await?;
        page.shows("nowhere else").await?;
        page.hides("This page could not be loaded").await
    })
    .await
}

#[tokio::test]
async fn the_first_language_is_the_browsers() -> Result {
    let chinese = [("intl.accept_languages", "zh-TW,zh".into())];
    scenario_in("browsers-language", &[], &chinese, async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        page.shows("任何人都可以访问").await?;
        assert_eq!(page.script("return document.documentElement.lang").await?, "zh");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_first_tab_skips_to_the_content() -> Result {
    scenario("skip", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        page.shows("aaa").await?;
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
async fn back_and_forward_lead_through_the_pages_and_a_link_to_this_one_is_no_step() -> Result {
    scenario("history", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        page.shows("aaa").await?;
        let steps = "return history.length";
        let before = page.script(steps).await?.as_u64();
        page.follow("Home").await?;
        assert_eq!(page.script(steps).await?.as_u64(), before);
        // The form stays as it is, wherever its link leads by now.
        page.follow("Sign in").await?;
        page.fill("Username", "ada").await?;
        page.follow("Inspector").await?;
        page.shows("Sign in first").await?;
        assert_eq!(page.typed("Username").await?, "ada");
        page.driver().back().await?;
        page.shows("Once is enough.").await?;
        page.driver().back().await?;
        page.shows("For everyone").await?;
        page.driver().forward().await?;
        page.shows("Once is enough.").await?;
        page.arrives_at("/sign-in").await
    })
    .await
}

#[tokio::test]
async fn all_that_an_installed_app_needs_is_served() -> Result {
    scenario("installs", &[], async |Stage { page, .. }: &mut Stage| {
        page.open("/").await?;
        page.shows("aaa").await?;
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
