//! Information about the user, on demand (OpenID Connect Core §5.3).

use crate::{
    http::Request,
    json::Object,
    oidc::{Oidc, error::Error},
};

impl Oidc {
    /// Asks the provider for information about the signed-in user: `email`, `picture` and others, as the scope allows.
    ///
    /// # Errors
    /// [`Error::NotOffered`], [`Error::Unavailable`] with the request's error, [`Error::OtherUser`].
    pub async fn user_info(&self) -> Result<Object, Error> {
        let endpoint = self.metadata().userinfo_endpoint.as_ref().ok_or(Error::NotOffered("userinfo endpoint"))?;
        let asking = async {
            let response = self.client().send(Request::get(endpoint)).await?.error_for_status()?;
            let no_object = response.decode_error("it is no JSON object");
            Object::read(&response.bytes().await?).ok_or(no_object)
        };
        let info = asking.await.map_err(Error::Unavailable)?;
        let of_session = || self.client().session().info().user.map(|user| user.id);
        let subject = self.claims().and_then(|claims| claims.text("sub")).or_else(of_session);
        if subject.is_none() || info.text("sub") != subject { Err(Error::OtherUser) } else { Ok(info) }
    }
}
