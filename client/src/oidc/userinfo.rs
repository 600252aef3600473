//! Information about the user, on demand (OpenID Connect Core §5.3).

use crate::{
    error::Error as RequestError,
    http::Request,
    json::Object,
    oidc::{Oidc, error::Error},
};
use http::StatusCode;
use web_sys::RequestCredentials;

impl Oidc {
    /// Asks the provider for information about the signed-in user: `email`, `picture` and others, as the scope allows.
    ///
    /// # Errors
    /// [`Error::NotOffered`], also if the provider refuses the token, because it is for an API;
    /// [`Error::Unavailable`] with the request's error, [`Error::OtherUser`].
    pub async fn user_info(&self) -> Result<Object, Error> {
        let endpoint = self.metadata().userinfo_endpoint.as_ref().ok_or(Error::NotOffered("userinfo endpoint"))?;
        let asking = async {
            let mut request = Request::get(endpoint).credentials(RequestCredentials::SameOrigin);
            // A token for an API is refused, and so would be its successor. That says nothing about the API.
            request.parts.is_refreshable = !self.refuses_user_info().get();
            request.parts.is_for_provider = true;
            let response = self.client().send(request).await?.error_for_status()?;
            let no_object = response.decode_error("it is no JSON object");
            Object::read(&response.bytes().await?).ok_or(no_object)
        };
        let info = match asking.await {
            Err(RequestError::Status { status: StatusCode::UNAUTHORIZED, .. }) => {
                self.refuses_user_info().set(true);
                return Err(Error::NotOffered("user information for this access token"));
            }
            info => info.map_err(Error::Unavailable)?,
        };
        self.refuses_user_info().set(false);
        let of_session = || self.client().session().info().user.map(|user| user.id);
        let subject = self.claims().and_then(|claims| claims.text("sub")).or_else(of_session);
        if subject.is_none() || info.text("sub") != subject { Err(Error::OtherUser) } else { Ok(info) }
    }
}
