//! Sends a request with a proof, and once more if the server asks for its nonce (RFC 9449 §8, §9). That is no refused token.

use crate::{
    dpop::{Dpop, Proof, key},
    error::{Error, SignOutReason},
    grant::TokenResponse,
    http::{Body, Request, Response},
    platform::Address,
    session::transport::Transport,
};
use futures::future::LocalBoxFuture;

impl Dpop {
    /// Sends a request once, or twice for a nonce. `token` is the access token, at a resource. Boxed, so that its code exists once.
    pub(crate) fn send<'a>(
        &'a self,
        transport: &'a Transport,
        request: &'a Request,
        body: Body,
        address: &'a Address,
        token: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<Response, Box<Error>>> {
        Box::pin(self.send_proven(transport, request, body, address, token))
    }

    async fn send_proven(
        &self,
        transport: &Transport,
        request: &Request,
        body: Body,
        address: &Address,
        token: Option<&str>,
    ) -> Result<Response, Box<Error>> {
        let key = self.key().await?.ok_or(Error::SignedOut(SignOutReason::KeyLost))?;
        let token_hash = match token {
            Some(token) => Some(key::hash(token).await?),
            None => None,
        };
        let mut may_repeat = body.is_replayable();
        loop {
            let nonce = self.nonces.of(&address.origin);
            let proof = Proof {
                method: request.method().as_str(),
                url: &address.href,
                issued: transport.clock.server_now() / 1_000.0,
                id: &key::random_id()?,
                token_hash: token_hash.as_deref(),
                nonce: nonce.as_deref(),
            };
            let proven = request.clone().header("dpop", key.sign(proof.signed_part(key.jwk())).await?);
            let mut response = transport.send_authorized(&proven, body.clone(), address, token.map(|token| ("DPoP", token))).await?;
            // A redirect may have led to another server, whose nonce this is not.
            let new_nonce = response.header("dpop-nonce").filter(|_| response.redirected_to().is_none());
            if let Some(new) = new_nonce.clone() {
                self.nonces.set(&address.origin, new);
            }
            if !may_repeat || new_nonce.is_none() || new_nonce == nonce || !asks_for_nonce(&mut response, token.is_some()).await? {
                return Ok(response);
            }
            may_repeat = false;
        }
    }
}

/// Whether the error is `use_dpop_nonce`: in a header of a resource, in the body of a token endpoint's answer.
async fn asks_for_nonce(response: &mut Response, is_resource: bool) -> Result<bool, Box<Error>> {
    const CODE: &str = "use_dpop_nonce";
    match response.status().as_u16() {
        401 if is_resource => Ok(response.header("www-authenticate").is_none_or(|challenge| challenge.contains(CODE))),
        400 | 401 if !is_resource => {
            response.buffer().await?;
            Ok(TokenResponse::new(response).object().and_then(|answer| answer.text("error")).as_deref() == Some(CODE))
        }
        _ => Ok(false),
    }
}
