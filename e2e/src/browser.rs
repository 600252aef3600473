//! Chromium, headless, in a profile of its own, and the driver that steers it. English, so that labels read as they are written in the scenarios.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, WindowHandle};

use crate::{Result, wait::until};

/// One of the browser's tabs.
pub type Tab = WindowHandle;

/// `--no-sandbox` is for machines on which tests run as root; `--disable-dev-shm-usage` for containers, whose shared memory is small;
/// the rest keeps the browser from talking to its maker.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-US",
    "--window-size=1280,900",
];

/// A browser with its driver.
pub(crate) struct Browser {
    driver: WebDriver,
    // Ends after the browser: its process is what ends the browser's.
    _process: DriverProcess,
}

impl Browser {
    /// Starts both, with these preferences beside its own.
    pub(crate) async fn start(preferences: &[(&str, Value)]) -> Result<Self> {
        let (process, port) = DriverProcess::start().await?;
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            capabilities.add_arg(argument)?;
        }
        let mut all = json!({ "intl.accept_languages": "en-US,en" });
        for (name, value) in preferences {
            all[name] = value.clone();
        }
        capabilities.add_experimental_option("prefs", all)?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        Ok(Self { driver, _process: process })
    }

    pub(crate) fn driver(&self) -> WebDriver {
        self.driver.clone()
    }

    /// Closes all tabs and ends the browser.
    pub(crate) async fn end(self) -> Result {
        Ok(self.driver.quit().await?)
    }
}

/// The process of chromedriver; dropped, it ends.
struct DriverProcess(Child);

impl DriverProcess {
    /// Starts it at a free port of its own choice.
    async fn start() -> Result<(Self, u16)> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut command = Command::new(&program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| format!("{}: {e}; install chromedriver, or set CHROMEDRIVER", program.display()))?;
        let mut process = Self(child);
        let Some(output) = process.0.stdout.take() else { return Err("chromedriver has no output".into()) };
        let port = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
            let port = lines.by_ref().find_map(port_in);
            // Its output is read on to the end, lest it stop at a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            port
        });
        match port.await? {
            Some(port) => Ok((process, port)),
            None => Err("chromedriver ended without saying its port".into()),
        }
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The port in `ChromeDriver was started successfully on port 4711.`
fn port_in(line: String) -> Option<u16> {
    let (_, port) = line.split_once("successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
}

/// Waits until a tab is open that was not there before.
pub(crate) async fn new_tab(driver: &WebDriver) -> Result<Tab> {
    let before = driver.windows().await?;
    driver.new_tab().await?;
    until("a new tab", async || Ok(driver.windows().await?.into_iter().find(|tab| !before.contains(tab)))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_port_is_read_from_what_it_says() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 4711.".into()), Some(4711));
        assert_eq!(port_in("Starting ChromeDriver 156.0 on port 0".into()), None);
    }
}
