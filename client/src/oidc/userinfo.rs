//! Information about the user, on demand (OpenID Connect Core §5.3).

use crate::{
    error::Error as RequestError,
    http::Request,
    json::Object,
    oidc::{Oidc, error::Error},
};
use http::StatusCode;
use web_sys::RequestCredentials;

/// If a renewed token is refused too, the tokens are for an API, and for this time a 401 of the user info endpoint causes no refresh.
const REFUSAL_PAUSE_MS: f64 = 300_000.0;

impl Oidc {
    /// Asks the provider for information about the signed-in user: `email`, `picture` and others, as the scope allows.
    ///
    /// # Errors
    /// [`Error::NotOffered`], also if the provider refuses the token, because it is for an API;
    /// [`Error::Unavailable`] with the request's error, [`Error::OtherUser`].
    pub async fn user_info(&self) -> Result<Object, Error> {
        let endpoint = self.metadata().userinfo_endpoint.as_ref().ok_or(Error::NotOffered("userinfo endpoint"))?;
        let (refused_at, now) = (self.user_info_refused_at(), self.platform().monotonic());
        let asking = async {
            let mut request = Request::get(endpoint).credentials(RequestCredentials::SameOrigin);
            // The refusal says nothing about the API.
            request.parts.is_refreshable = now - refused_at.get() > REFUSAL_PAUSE_MS;
            request.parts.is_for_provider = true;
            let response = self.client().send(request).await?.error_for_status()?;
            let no_object = response.decode_error("it is no JSON object");
            Object::read(&response.bytes().await?).ok_or(no_object)
        };
        let info = match asking.await {
            Err(RequestError::Status { status: StatusCode::UNAUTHORIZED, .. }) => {
                refused_at.set(now.max(refused_at.get()));
                return Err(Error::NotOffered("user information for this access token"));
            }
            info => info.map_err(Error::Unavailable)?,
        };
        refused_at.set(f64::NEG_INFINITY);
        let of_session = || self.client().session().info().user.map(|user| user.id);
        let subject = self.claims().and_then(|claims| claims.text("sub")).or_else(of_session);
        if subject.is_none() || info.text("sub") != subject { Err(Error::OtherUser) } else { Ok(info) }
    }
}
