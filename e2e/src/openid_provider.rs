//! Starts npm's `oidc-provider` at a free port, and serves the page of `examples/oidc`, its client, on another origin.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use crate::{Result, server::from_env, wait::TIMEOUT};

/// The issuer in the example's `index.html`.
const ISSUER_IN_EXAMPLE: &str = "http://localhost:3100";

/// The setting of DPoP in the example's `index.html`, off and on.
const DPOP_IN_EXAMPLE: [&str; 2] = ["name=\"dpop\" content=\"off\"", "name=\"dpop\" content=\"on\""];

/// The parameter `prompt` in the example's `index.html`.
const PROMPT_IN_EXAMPLE: &str = "name=\"prompt\" content=\"consent\"";

/// The API in the example's `index.html`.
const API_IN_EXAMPLE: &str = "name=\"api\" content=\"\"";

/// A running provider and the server of the example's pages. Dropping it ends both.
pub struct OpenIdProvider {
    process: Child,
    issuer: String,
    options: Value,
    pages: SocketAddr,
    serving: JoinHandle<()>,
    _data: TempDir,
}

/// What the provider has exchanged and refused since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// Exchanged codes.
    pub codes: u64,
    /// Exchanged refresh tokens.
    pub refreshed: u64,
    /// Refused codes and refresh tokens.
    pub refused: u64,
    /// Refresh tokens refused for their reuse, which revokes the grant.
    pub reused: u64,
    /// Proofs refused because they lack the current nonce.
    pub nonces: u64,
    /// Exchanges that succeeded and whose answer was dropped.
    pub lost: u64,
}

#[derive(Clone)]
struct Pages {
    html: Arc<String>,
    issuer: Arc<OnceLock<String>>,
}

impl OpenIdProvider {
    /// Starts both. The options are those of `e2e/provider/provider.mjs`, such as `{ "accessTtl": 600, "rotate": true }`, and `prompt`, which
    /// the page sends, as it does `resource`.
    ///
    /// # Errors
    /// Node.js, the package `oidc-provider` or the built page is missing; `cargo xtask test e2e` installs or builds them.
    pub async fn start(more: Value) -> Result<Self> {
        let folder = from_env("WUGAN_TEST_OIDC_PAGE", "target/example-pages/wugan-example-oidc");
        let html = std::fs::read_to_string(folder.join("index.html"))
            .map_err(|error| format!("{}: {error}; `cargo xtask test e2e` builds it", folder.display()))?;
        let has_dpop = more.get("dpop") == Some(&json!(true));
        let html = if has_dpop { html.replace(DPOP_IN_EXAMPLE[0], DPOP_IN_EXAMPLE[1]) } else { html };
        let html = match more["prompt"].as_str() {
            Some(prompt) => html.replace(PROMPT_IN_EXAMPLE, &format!("name=\"prompt\" content=\"{prompt}\"")),
            None => html,
        };
        let html = match more["resource"].as_str() {
            Some(api) => html.replace(API_IN_EXAMPLE, &format!("name=\"api\" content=\"{api}\"")),
            None => html,
        };
        let pages = Pages { html: Arc::new(html), issuer: Arc::default() };
        let issuer = pages.issuer.clone();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let routes = ["/", "/account", "/callback"].into_iter().fold(Router::new(), |routes, path| routes.route(path, get(page)));
        let routes = routes.with_state(pages).fallback_service(ServeDir::new(folder));
        let serving = tokio::spawn(async move {
            // Returns only when the task is aborted.
            let _ = axum::serve(listener, routes).await;
        });
        let data = tempfile::tempdir()?;
        let mut options = json!({ "port": 0, "pages": format!("http://{address}"), "data": data.path().join("provider.json") });
        options["rotate"] = json!(true);
        options["accessTtl"] = json!(600);
        if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
            options.extend(more.clone());
        }
        let (process, at) = start(&options).await?;
        options["port"] = json!(at.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()));
        let _ = issuer.set(at.clone());
        Ok(Self { process, issuer: at, options, pages: address, serving, _data: data })
    }

    /// The issuer: `http://127.0.0.1:…`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address of the example's pages: `http://127.0.0.1:…`.
    #[must_use]
    pub fn pages(&self) -> String {
        format!("http://{}", self.pages)
    }

    /// Ends the provider. Its stored data stay.
    ///
    /// # Errors
    /// It does not end.
    pub async fn stop(&mut self) -> Result {
        Ok(self.process.kill().await?)
    }

    /// Restarts the provider at the same address.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result {
        (self.process, _) = start(&self.options).await?;
        Ok(())
    }

    /// The numbers since the start.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn grants(&self) -> Result<Grants> {
        let counts: Value = serde_json::from_str(&self.control("counts").await?)?;
        let count = |name: &str| counts[name].as_u64().unwrap_or_default();
        Ok(Grants {
            codes: count("codes"),
            refreshed: count("refreshed"),
            refused: count("refused"),
            reused: count("reused"),
            nonces: count("nonces"),
            lost: count("lost"),
        })
    }

    /// The parameters of each sign-in whose page is open, oldest first.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn open_requests(&self) -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&self.control("requests").await?)?)
    }

    /// How many refresh tokens the provider would exchange.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn refresh_tokens(&self) -> Result<u64> {
        Ok(self.control("refresh-tokens").await?.parse()?)
    }

    /// The parameters of each sign-out that a browser was sent to.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn sign_outs(&self) -> Result<Vec<Value>> {
        Ok(serde_json::from_str(&self.control("sign-outs").await?)?)
    }

    /// Replaces the signing keys, and restarts the provider.
    ///
    /// # Errors
    /// The provider does not answer, or does not start.
    pub async fn replace_keys(&mut self) -> Result {
        self.control("replace-keys").await?;
        self.stop().await?;
        self.restart().await
    }

    /// Invalidates all access tokens before they expire. The refresh tokens stay valid.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn expire_access_tokens(&self) -> Result {
        self.control("expire").await.map(drop)
    }

    /// Carries out the next exchange that succeeds and drops the response.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn lose_next_answer(&self) -> Result {
        self.control("lose").await.map(drop)
    }

    /// Revokes all tokens and grants.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn revoke_grants(&self) -> Result {
        self.control("revoke").await.map(drop)
    }

    async fn control(&self, name: &str) -> Result<String> {
        Ok(reqwest::get(format!("{}/test/{name}", self.issuer)).await?.error_for_status()?.text().await?)
    }
}

impl Drop for OpenIdProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn page(State(Pages { html, issuer }): State<Pages>) -> Html<String> {
    Html(html.replace(ISSUER_IN_EXAMPLE, issuer.get().map_or("", String::as_str)))
}

/// Starts the provider and waits for the line that names its issuer.
async fn start(options: &Value) -> Result<(Child, String)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("provider/provider.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(from_env("WUGAN_TEST_OIDC_PROVIDER", "node_modules")).arg(options.to_string());
    node.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = node.spawn().map_err(|error| format!("node: {error}; `cargo xtask test e2e` installs it"))?;
    let Some(output) = process.stdout.take() else { return Err("node has no output".into()) };
    let mut lines = BufReader::new(output).lines();
    let announced = tokio::time::timeout(TIMEOUT, async {
        while let Some(line) = lines.next_line().await? {
            if let Some(issuer) = line.strip_prefix("issuer ") {
                return Ok::<_, std::io::Error>(Some(issuer.to_owned()));
            }
        }
        Ok(None)
    });
    let issuer = announced.await??.ok_or("the OpenID provider ended without naming its issuer")?;
    // The rest of the output is read too: a full pipe would block the program.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Ok((process, issuer))
}
