//! The authorization request (RFC 6749 §4.1.1; OpenID Connect Core §3.1.2.1), by redirect.

use crate::http::form;
use crate::oidc::{
    Oidc, browser,
    config::set_parameter,
    error::{Error, invalid},
    pending::{Pending, last_parameters, last_return_to},
    pkce,
    return_path::is_path,
};
#[cfg(feature = "dpop")]
use crate::oidc::{config::add, fetch::TIMEOUT, pending::is_popup};

/// The parameters that this library or a setter of [`Config`](super::Config) sets. `response_mode` and `request` would change where the
/// response or its check is.
const RESERVED: [&str; 14] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "dpop_jkt",
    "resource",
    "audience",
];

/// What a sign-in asks of the provider.
#[derive(Clone, Debug, Default)]
pub struct SignInOptions {
    return_to: Option<String>,
    parameters: Vec<(String, String)>,
    /// Whether the provider's page takes the place of this one in the history.
    replaces_page: bool,
    /// Whether the parameters of this tab's last sign-in are sent again.
    repeats_last: bool,
}

impl SignInOptions {
    /// Sets the page to show after the sign-in: a path of this origin. Default: the present page, and on the page of the redirect URI the one
    /// that the last sign-in of this tab was to return to.
    #[must_use]
    pub fn return_to(mut self, path: impl Into<String>) -> SignInOptions {
        self.return_to = Some(path.into());
        self
    }

    /// Sets what the provider shows: `login`, `consent`, `select_account`, or `none`, which fails with
    /// [`LoginRequired`](super::ProviderError::LoginRequired) if the user is not signed in there.
    #[must_use]
    pub fn prompt(self, prompt: &str) -> SignInOptions {
        self.parameter("prompt", prompt)
    }

    /// Sets the user name that the provider fills in.
    #[must_use]
    pub fn login_hint(self, hint: &str) -> SignInOptions {
        self.parameter("login_hint", hint)
    }

    /// Sets the languages of the provider's pages, the preferred one first, such as `zh-CN en`.
    #[must_use]
    pub fn ui_locales(self, locales: &str) -> SignInOptions {
        self.parameter("ui_locales", locales)
    }

    /// Sets how many seconds ago the user may have signed in at the provider. The ID token is checked for it.
    #[must_use]
    pub fn max_age(self, seconds: u32) -> SignInOptions {
        self.parameter("max_age", &seconds.to_string())
    }

    /// Adds a parameter that the provider knows, such as `acr_values` or `kc_idp_hint`.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> SignInOptions {
        set_parameter(&mut self.parameters, name, value);
        self
    }

    /// Lets the provider's page take the place of this one in the history.
    #[cfg(feature = "leptos")]
    pub(crate) fn replace_page(mut self) -> SignInOptions {
        self.replaces_page = true;
        self
    }

    /// What the last sign-in of this tab asked of the provider, to be asked again in place of this page.
    #[cfg(feature = "leptos")]
    pub(crate) fn last() -> SignInOptions {
        SignInOptions { replaces_page: true, repeats_last: true, ..SignInOptions::default() }
    }
}

impl Oidc {
    /// Sends the browser to the provider. The response is handled by [`callback`](Oidc::callback) on the page of the redirect URI.
    ///
    /// # Errors
    /// [`Error::NoWebCrypto`], [`Error::NoStorage`], [`Error::NoBrowser`], [`Error::InvalidRequest`] for a parameter that this
    /// library sets itself, or a page of another origin; [`Error::Unavailable`] and [`Error::Discovery`] if metadata older than an hour
    /// cannot be confirmed.
    pub async fn sign_in(&self, options: SignInOptions) -> Result<(), Error> {
        let url = self.begin_sign_in(&pkce::random()?, &options).await?;
        Ok(browser::go_to(&url, options.replaces_page)?)
    }

    /// Stores what the response is checked against, and returns the provider's address for the sign-in.
    pub(crate) async fn begin_sign_in(&self, state: &str, options: &SignInOptions) -> Result<String, Box<Error>> {
        let config = self.config();
        let return_to = options.return_to.clone().unwrap_or_else(|| present_page(&config.redirect_path));
        if !is_path(&return_to) {
            return Err(invalid("the page to return to must be a path of this origin, such as /notes"));
        }
        check_parameters(&options.parameters)?;
        let mut parameters = config.parameters.clone();
        for (name, value) in &options.parameters {
            set_parameter(&mut parameters, name, value);
        }
        let metadata = self.metadata();
        metadata.confirm(config.assumes_s256).await?;
        // A guard on the signed-out page begins a sign-in while another tab may be on its way to the provider's sign-out.
        let is_still_known = metadata.end_session_endpoint.is_none() || self.is_signed_out_page();
        let has_prompt = parameters.iter().any(|(name, _)| name == "prompt");
        if is_still_known && !has_prompt && self.client().session().is_signed_out_by_user() {
            // The provider would sign the user in again without a question.
            set_parameter(&mut parameters, "prompt", "login");
        }
        let (verifier, nonce) = (pkce::random()?, pkce::random()?);
        let redirect_uri = self.absolute(&config.redirect_path)?;
        let challenge = pkce::challenge(&verifier).await?;
        #[cfg(feature = "dpop")]
        let thumbprint = match &self.client().session().0.transport.dpop {
            Some(dpop) => {
                // The page that opened a window completes the sign-in itself.
                let making = if is_popup(state) { dpop.make_key() } else { dpop.make_stored_key() };
                let made = self.client().session().0.transport.within(Some(TIMEOUT), making).await;
                Some(made.map_err(|error| Error::of_request(*error))?)
            }
            None => None,
        };
        let last = if options.repeats_last { last_parameters() } else { None };
        let parameters = last.unwrap_or_else(|| {
            let pairs: Vec<_> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
            form::encode(&pairs)
        });
        let max_age = form::values(&parameters, "max_age").pop().and_then(|seconds| seconds.parse::<u32>().ok());
        let pending = Pending::new(&metadata.issuer, &verifier, &nonce, &return_to, max_age.map(f64::from), self.now());
        pending.put(state, &parameters)?;
        self.unanswered().take();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &config.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", &config.scope),
            ("state", state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        #[cfg(feature = "dpop")]
        add(&mut pairs, "dpop_jkt", thumbprint.as_deref());
        config.add_resource(&mut pairs);
        let url = with_query(&metadata.authorization_endpoint, &pairs);
        Ok(if parameters.is_empty() { url } else { [&*url, "&", &parameters].concat() })
    }
}

/// Refuses parameters that this library sets.
pub(crate) fn check_parameters(parameters: &[(String, String)]) -> Result<(), Box<Error>> {
    for (name, _) in parameters {
        if RESERVED.contains(&&**name) {
            return Err(invalid(&["the parameter ", name, " is set by this library, or by a setter of Config"].concat()));
        }
    }
    Ok(())
}

/// Path, query and fragment of this page. The page of the redirect URI has nothing to show: there it is the page that the last sign-in of this
/// tab was to return to. `/` if there is none, or it cannot be returned to.
fn present_page(redirect_path: &str) -> String {
    let page = browser::window().and_then(|window| {
        let location = window.location();
        if location.pathname().ok()? == redirect_path {
            return last_return_to();
        }
        // What follows the origin.
        location.href().ok()?.strip_prefix(&location.origin().ok()?).map(str::to_owned)
    });
    page.filter(|page| is_path(page)).unwrap_or_else(|| "/".into())
}

/// Appends pairs to the query that a URL may have (RFC 6749 §3.1), in front of its fragment.
pub(crate) fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let end = url.bytes().position(|byte| byte == b'#').unwrap_or(url.len());
    let url = &url[..end];
    let separator = match url.as_bytes() {
        [.., b'?' | b'&'] => "",
        bytes if bytes.contains(&b'?') => "&",
        _ => "?",
    };
    [url, separator, &form::encode(pairs)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_an_endpoint_is_kept() {
        let pairs = [("a", "1 2"), ("b", "x&y=z#ü")];
        let query = "a=1+2&b=x%26y%3Dz%23%C3%BC";
        assert_eq!(with_query("https://a/b", &pairs), format!("https://a/b?{query}"));
        assert_eq!(with_query("https://a/b?tenant=7", &pairs), format!("https://a/b?tenant=7&{query}"));
        assert_eq!(with_query("https://a/b?tenant=7&", &pairs), format!("https://a/b?tenant=7&{query}"));
        assert_eq!(with_query("https://a/b?#c", &pairs), format!("https://a/b?{query}"));
    }
}
