//! Sends a request with a proof, and again if the server asks for its nonce (RFC 9449 §8, §9) or refuses the proof's time. Neither is a
//! refused token.

use crate::{
    dpop::{
        key::{Dpop, key_lost},
        proof::Proof,
        servers::Server,
    },
    error::Error,
    grant::TokenResponse,
    http::{Request, Response},
    platform::{Address, body::Body, random_id::random_id},
    rules::{Rule, is_broken},
    text::contains,
    transport::send_once::Transport,
};
use futures::future::LocalBoxFuture;

/// A nonce may change between two sendings, but not each time.
const MAX_SENDINGS: u32 = 3;

/// A refused proof is sent again with the server's time only if its time differs by more than this.
const TOLERATED_MS: f64 = 10_000.0;

impl Dpop {
    /// Sends a request until the server accepts its proof. `token` is the access token, at a resource. `is_needed` is that of a refresh, and
    /// is called before each sending: while a proof is made, the tab may be suspended, and another tab may make the same exchange. Boxed,
    /// so that its code exists once.
    pub(crate) fn send<'a>(
        &'a self,
        transport: &'a Transport,
        request: &'a Request,
        body: Body,
        address: &'a Address,
        token: Option<&'a str>,
        is_needed: Option<&'a dyn Fn() -> bool>,
    ) -> LocalBoxFuture<'a, Result<Response, Box<Error>>> {
        Box::pin(async move {
            let key = self.key().await?.ok_or_else(key_lost)?;
            let token_hash = match token.filter(|_| !is_broken(Rule::ProofNamesToken)) {
                Some(token) => Some(self.platform.sha256(token).await?),
                None => None,
            };
            let mut first_body = Some(body);
            let mut sendings = 0;
            let mut is_repeated = false;
            loop {
                let known = self.servers.of(&address.origin);
                let is_forgotten = sendings == 0 && is_broken(Rule::NonceIsKept);
                let nonce = known.nonce.filter(|_| !is_forgotten);
                let proof = Proof {
                    method: request.method().as_str(),
                    url: &address.href,
                    issued: transport.clock.server_time(known.time).unwrap_or_else(|| self.platform.now()) / 1_000.0,
                    id: &random_id(&self.platform),
                    token_hash: token_hash.as_deref(),
                    nonce: nonce.as_deref(),
                };
                let signed = proof.signed_part(&*key);
                let signature = key.sign(&signed).await?;
                if is_needed.is_some_and(|is_needed| !is_needed()) {
                    return Err(Error::Timeout.into());
                }
                let body = match first_body.take() {
                    Some(body) => body,
                    None => transport.check_body(request.parts.body.build())?,
                };
                let (token, header) = (token.map(|token| ("DPoP", token)), [&*signed, ".", &signature].concat());
                let mut response = transport.send_authorized(request, body, address, token, Some(header)).await?;
                sendings += 1;
                // After a redirect, another server may have answered: its nonce and its refusal are ignored.
                if response.redirected_to().is_some() {
                    return Ok(response);
                }
                let new_nonce = response.header("dpop-nonce");
                if let Some(new) = &new_nonce {
                    self.servers.set(Server { nonce: Some(new.clone()), ..self.servers.of(&address.origin) });
                }
                let refusal = Refusal::of(request, &mut response, token.is_some()).await?;
                let is_other_nonce = new_nonce.is_some() && new_nonce != nonce;
                let sent_at = response.sent_at();
                // A slow upload makes the answer's time later than the proof's.
                let tolerated = TOLERATED_MS + sent_at.uncertainty;
                let is_other_time = sent_at.server.is_some_and(|time| (time - proof.issued * 1_000.0).abs() > tolerated);
                match refusal {
                    _ if is_broken(Rule::NonceIsNoRefusal) => return Ok(response),
                    Refusal::Nonce if !is_other_nonce || sendings == MAX_SENDINGS => return Err(nonce_needed()),
                    Refusal::Nonce => {}
                    Refusal::InvalidProof | Refusal::Unknown if is_other_time && sendings < MAX_SENDINGS => {
                        self.servers.set(Server { time: Some(sent_at), ..self.servers.of(&address.origin) });
                    }
                    // Not counted: a sending that only asks for a nonce may come before it.
                    Refusal::Grant | Refusal::InvalidProof if is_needed.is_some() && !is_repeated => {
                        is_repeated = true;
                        sendings -= 1;
                    }
                    Refusal::Unknown if is_other_nonce && sendings == 1 => {}
                    _ => return Ok(response),
                }
                if !request.parts.body.is_replayable() {
                    return Err(Error::NotReplayable.into());
                }
            }
        })
    }
}

/// Whether a response refuses the proof, and why.
enum Refusal {
    /// The proof is accepted, or is refused for a reason that a new proof would not change.
    None,
    /// The refresh token is refused, or the proof as one that was used before: a browser repeats a request whose connection was reset.
    /// oidc-provider answers both alike.
    Grant,
    /// The nonce is missing or too old.
    Nonce,
    /// The proof is invalid, perhaps because of its time, or because it was used before.
    InvalidProof,
    /// The response may refuse the proof: the page cannot read the reason.
    Unknown,
}

impl Refusal {
    /// The reason is in a header of a resource, and in the body of a token endpoint's answer.
    async fn of(request: &Request, response: &mut Response, is_resource: bool) -> Result<Refusal, Box<Error>> {
        let status = response.status().as_u16();
        if !matches!(status, 400 | 401) {
            return Ok(Refusal::None);
        }
        // Without a reason, a 400 is the application's answer, and so is a 401 to a request with `no_refresh`.
        let may_be_unknown = is_resource && status == 401 && request.parts.is_refreshable;
        let reason = if is_resource {
            response.header("www-authenticate")
        } else {
            response.buffer().await?;
            TokenResponse::new(response).object().and_then(|answer| answer.text("error"))
        };
        Ok(match reason {
            Some(reason) if contains(&reason, "use_dpop_nonce") => Refusal::Nonce,
            Some(reason) if contains(&reason, "invalid_dpop_proof") => Refusal::InvalidProof,
            Some(reason) if reason == "invalid_grant" => Refusal::Grant,
            None if may_be_unknown => Refusal::Unknown,
            _ => Refusal::None,
        })
    }
}

fn nonce_needed() -> Box<Error> {
    Error::InvalidRequest("the server asks for another DPoP nonce: it must expose the header DPoP-Nonce to this page".into()).into()
}
