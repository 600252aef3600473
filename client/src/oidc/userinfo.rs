//! Information about the user, on demand (OpenID Connect Core §5.3).

use crate::{
    error::Error as RequestError,
    http::Request,
    json::Object,
    oidc::{Oidc, error::Error},
};
use http::StatusCode;

impl Oidc {
    /// Asks the provider for information about the signed-in user: `email`, `picture` and others, as the scope allows.
    ///
    /// # Errors
    /// [`Error::NotOffered`], also if the provider refuses a token for another [`resource`](super::Config::resource);
    /// [`Error::Unavailable`] with the request's error, [`Error::OtherUser`].
    pub async fn user_info(&self) -> Result<Object, Error> {
        let endpoint = self.metadata().userinfo_endpoint.as_ref().ok_or(Error::NotOffered("userinfo endpoint"))?;
        let is_for_resource = self.config().resource.is_some();
        let asking = async {
            let request = Request::get(endpoint);
            // A token for an API is refused, and so would be its successor.
            let request = if is_for_resource { request.no_refresh() } else { request };
            let response = self.client().send(request).await?.error_for_status()?;
            let no_object = response.decode_error("it is no JSON object");
            Object::read(&response.bytes().await?).ok_or(no_object)
        };
        let info = match asking.await {
            Err(RequestError::Status { status: StatusCode::UNAUTHORIZED, .. }) if is_for_resource => {
                return Err(Error::NotOffered("user information for a token with a resource"));
            }
            info => info.map_err(Error::Unavailable)?,
        };
        let of_session = || self.client().session().info().user.map(|user| user.id);
        let subject = self.claims().and_then(|claims| claims.text("sub")).or_else(of_session);
        if subject.is_none() || info.text("sub") != subject { Err(Error::OtherUser) } else { Ok(info) }
    }
}
