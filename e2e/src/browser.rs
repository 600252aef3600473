//! Starts Chromium, Firefox or WebKitGTK without a screen, in a new profile, with its WebDriver program. The language is English, because
//! scenarios find fields and buttons by their English labels.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use thirtyfour::{Capabilities, WebDriver, WindowHandle};

use crate::{Result, wait::until};

/// A tab of the browser.
pub type Tab = WindowHandle;

/// `--no-sandbox` is for machines on which tests run as root; `--disable-dev-shm-usage` is for containers, whose shared memory is small;
/// the others keep the browser from sending requests of its own.
const CHROMIUM: [&str; 9] = [
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

const FIREFOX: [&str; 3] = ["-headless", "--width=1280", "--height=900"];

/// Where distributions install WebKitGTK's MiniBrowser: Debian below a folder named by the machine, Fedora and Arch in these.
const MINI_BROWSER: [&str; 3] = ["/usr/lib", "/usr/libexec", "/usr/lib64"];

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrowserEngine {
    /// Chromium. Only it has the DevTools protocol, which freezes tabs, cuts the network, and emulates screens.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser: the engine of Safari.
    WebKit,
}

impl fmt::Display for BrowserEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        })
    }
}

/// A browser with its driver.
pub(crate) struct Browser {
    driver: WebDriver,
    // Dropped after the session is closed, in this order.
    processes: Processes,
    temporary: TempDir,
}

impl Browser {
    /// Starts a browser and its driver. `preferences` are added to the default ones.
    pub(crate) async fn start(engine: BrowserEngine, preferences: &[(&str, Value)]) -> Result<Self> {
        // The browsers leave files in the folder for temporary files, each run some more.
        let temporary = TempDir::with_prefix("wugan-browser-")?;
        let (processes, port) = match engine {
            BrowserEngine::Chromium => Processes::chromedriver(temporary.path()).await?,
            BrowserEngine::Firefox => Processes::geckodriver(temporary.path()).await?,
            BrowserEngine::WebKit => Processes::webkit_driver(temporary.path()).await?,
        };
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(engine, preferences)?).await?;
        Ok(Self { driver, processes, temporary })
    }

    pub(crate) fn driver(&self) -> WebDriver {
        self.driver.clone()
    }

    /// Closes all tabs, ends the browser, and removes its files.
    pub(crate) async fn end(self) -> Result {
        self.driver.quit().await?;
        drop(self.processes);
        let folder = self.temporary.path();
        // A process of the browser that is still ending may create files meanwhile.
        until("the browser's files to be removed", async || Ok((fs::remove_dir_all(folder).is_ok() || !folder.exists()).then_some(())))
            .await
    }
}

fn capabilities(engine: BrowserEngine, preferences: &[(&str, Value)]) -> Result<Capabilities> {
    let mut all = Map::new();
    all.insert("intl.accept_languages".to_owned(), json!("en-US,en"));
    all.extend(preferences.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let wanted = match engine {
        BrowserEngine::Chromium => json!({ "browserName": "chrome", "goog:chromeOptions": { "args": CHROMIUM, "prefs": all } }),
        BrowserEngine::Firefox => json!({ "browserName": "firefox", "moz:firefoxOptions": { "args": FIREFOX, "prefs": all } }),
        BrowserEngine::WebKit => {
            json!({ "browserName": "MiniBrowser", "webkitgtk:browserOptions": { "binary": mini_browser()?, "args": ["--automation"] } })
        }
    };
    match wanted {
        Value::Object(wanted) => Ok(wanted.into()),
        _ => Err("capabilities are an object".into()),
    }
}

/// WebKitGTK's MiniBrowser. It is not on `PATH`, but in a folder such as `webkit2gtk-4.1`.
fn mini_browser() -> Result<PathBuf> {
    let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let near = MINI_BROWSER.iter().flat_map(|folder| below(Path::new(folder))).collect::<Vec<_>>();
    let deeper =
        near.iter().filter(|folder| folder.to_string_lossy().ends_with("-linux-gnu")).flat_map(|folder| below(folder)).collect::<Vec<_>>();
    let of_webkit = |folder: &&PathBuf| folder.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with("webkit"));
    let found = near.iter().chain(&deeper).filter(of_webkit).map(|folder| folder.join("MiniBrowser")).find(|program| program.is_file());
    found.ok_or_else(|| "WebKitGTK's MiniBrowser is missing; Debian's package webkit2gtk-driver installs it".into())
}

/// A driver and the X server that it may need. Dropping them ends them, the driver first.
struct Processes(Vec<Child>);

impl Processes {
    async fn chromedriver(temporary: &Path) -> Result<(Self, u16)> {
        let mut driver = Command::new(program("CHROMEDRIVER", "chromedriver"));
        driver.arg("--port=0").env("TMPDIR", temporary);
        // It ends if the free port that it chose for IPv4 is taken for IPv6.
        match Self(Vec::new()).start_and_find(&mut driver, port_in).await {
            Err(_) => Self(Vec::new()).start_and_find(&mut driver, port_in).await,
            started => started,
        }
    }

    async fn geckodriver(temporary: &Path) -> Result<(Self, u16)> {
        let mut driver = Command::new(program("GECKODRIVER", "geckodriver"));
        // The default port for the BiDi protocol is a fixed one, which a second driver could not open.
        driver.args(["--port=0", "--websocket-port=0"]).env("TMPDIR", temporary);
        Self(Vec::new()).start_and_find(&mut driver, port_in).await
    }

    /// WebKitGTK runs on an X server only. The driver does not print its port, so it is given one that was free.
    async fn webkit_driver(temporary: &Path) -> Result<(Self, u16)> {
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
        let (mut processes, display) = Self(Vec::new()).start_and_find(&mut screen, |line| line.trim().parse::<u32>().ok()).await?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut driver = Command::new(program("WEBKITDRIVER", "WebKitWebDriver"));
        driver.arg(format!("--port={port}")).env("DISPLAY", format!(":{display}")).env("LC_ALL", "C").env("TMPDIR", temporary);
        processes.start(driver.stdout(Stdio::null()))?;
        let listens = async || Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop));
        until("WebKitWebDriver to listen", listens).await?;
        Ok((processes, port))
    }

    fn start(&mut self, command: &mut Command) -> Result {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        self.0.push(child.map_err(|e| format!("{name}: {e}; `cargo xtask test e2e` installs it"))?);
        Ok(())
    }

    /// Starts a program and waits until `find` returns a value for a line of its output.
    async fn start_and_find<T: Send + 'static>(mut self, command: &mut Command, find: fn(String) -> Option<T>) -> Result<(Self, T)> {
        let name = command.get_program().to_string_lossy().into_owned();
        self.start(command.stdout(Stdio::piped()))?;
        let Some(output) = self.0.last_mut().and_then(|child| child.stdout.take()) else {
            return Err(format!("{name} has no output").into());
        };
        let found = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
            let found = lines.by_ref().find_map(find);
            // The rest of the output is read too: a full pipe would block the program.
            std::thread::spawn(move || lines.for_each(drop));
            found
        });
        match found.await? {
            Some(found) => Ok((self, found)),
            None => Err(format!("{name} ended without printing its port").into()),
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in self.0.iter_mut().rev() {
            // Fails if the process has already ended.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn program(variable: &str, default: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| default.into(), PathBuf::from)
}

/// The port in `ChromeDriver was started successfully on port 4711.` and in `geckodriver INFO Listening on 127.0.0.1:4711`.
fn port_in(line: String) -> Option<u16> {
    let (_, port) = line.split_once("successfully on port ").or_else(|| line.split_once("Listening on 127.0.0.1:"))?;
    port.trim().trim_end_matches('.').parse().ok()
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
    fn the_port_is_parsed_from_the_drivers_output() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 4711.".into()), Some(4711));
        assert_eq!(port_in("1764096000000\tgeckodriver\tINFO\tListening on 127.0.0.1:4712".into()), Some(4712));
        assert_eq!(port_in("Starting ChromeDriver 156.0 on port 0".into()), None);
    }
}
