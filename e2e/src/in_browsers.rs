//! Generates a test for each browser and scenario, such as `firefox::case_10_two_tabs_share_one_refresh`. Tests in Firefox and WebKit are
//! ignored by default, so that a run on a machine without these browsers lists them as ignored.

/// Generates tests from functions that take an [`BrowserEngine`](crate::BrowserEngine): `in_browsers! { [Chromium Firefox] [one_scenario, another] }`.
#[macro_export]
macro_rules! in_browsers {
    ([$($engine:ident)+] $scenarios:tt) => {
        $($crate::in_browsers!(@engine $engine $scenarios);)+
    };
    (@engine Chromium $scenarios:tt) => {
        $crate::in_browsers!(@module chromium, Chromium, [], $scenarios);
    };
    (@engine Firefox $scenarios:tt) => {
        $crate::in_browsers!(@module firefox, Firefox, [#[ignore = "needs Firefox: `cargo xtask test` installs it"]], $scenarios);
    };
    (@engine WebKit $scenarios:tt) => {
        $crate::in_browsers!(@module webkit, WebKit, [#[ignore = "needs WebKitGTK: `cargo xtask test` installs it"]], $scenarios);
    };
    (@module $module:ident, $engine:ident, $ignored:tt, [$($scenario:ident),+ $(,)?]) => {
        mod $module {
            $($crate::in_browsers!(@test $engine, $ignored, $scenario);)+
        }
    };
    (@test $engine:ident, [$($ignored:tt)*], $scenario:ident) => {
        #[tokio::test]
        $($ignored)*
        async fn $scenario() -> $crate::Result {
            super::$scenario($crate::BrowserEngine::$engine).await
        }
    };
}
