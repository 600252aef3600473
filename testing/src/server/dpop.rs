//! What a server accepts as a proof (RFC 9449 §4.3), and its nonces (§8).

use crate::{
    keys::{Keys, hash},
    message::Incoming,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

/// The header of a proof.
#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
}

/// The public key of a proof.
#[derive(Deserialize)]
struct Jwk {
    x: String,
    y: String,
}

/// The claims of a proof.
#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Why a proof is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Missing,
    /// It lacks a nonce of the server that is still valid.
    Nonce,
    /// It was made too long ago, or by a wrong clock.
    Time,
    /// No client makes such a proof.
    Wrong(&'static str),
}

pub(crate) struct Proofs {
    is_on: Cell<bool>,
    /// Without nonces: how far `iat` may be from the server's clock, in milliseconds.
    pub(crate) window: Cell<f64>,
    /// How long a nonce is given out, in milliseconds. It is accepted as long again.
    nonce_step: Cell<Option<f64>>,
    /// Thumbprint and `jti` of the proofs that were accepted.
    accepted: RefCell<BTreeSet<(String, String)>>,
}

impl Default for Proofs {
    fn default() -> Proofs {
        let (is_on, nonce_step, accepted) = Default::default();
        Proofs { is_on, window: Cell::new(60_000.0), nonce_step, accepted }
    }
}

impl Proofs {
    pub(crate) fn switch_on(&self, nonce_step: Option<f64>) {
        self.is_on.set(true);
        self.nonce_step.set(nonce_step);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    /// The nonce to give out, if there are nonces. `now` is the server's clock.
    pub(crate) fn nonce(&self, now: f64) -> Option<String> {
        self.nonce_step.get().map(|step| nonce(now / step))
    }

    /// The thumbprint of the key of a proof for this request and, at a resource, this access token. `now` is the server's clock.
    pub(crate) fn verify(&self, keys: &Keys, incoming: &Incoming, token: Option<&str>, now: f64) -> Result<String, Refusal> {
        let proof = incoming.header("dpop").ok_or(Refusal::Missing)?;
        let malformed = Refusal::Wrong("a malformed proof");
        let Some((header, claims, thumbprint)) = read(keys, proof) else { return Err(malformed) };
        if header.typ != "dpop+jwt" || header.alg != "ES256" {
            return Err(malformed);
        }
        if claims.htm != incoming.method || Some(&*claims.htu) != incoming.href.split(['?', '#']).next() {
            return Err(Refusal::Wrong("a proof for another request"));
        }
        if claims.ath != token.map(hash) {
            return Err(Refusal::Wrong("a proof for another access token"));
        }
        match self.nonce_step.get() {
            Some(step) => {
                let accepted = [nonce(now / step), nonce(now / step - 1.0)];
                if !claims.nonce.is_some_and(|nonce| accepted.contains(&nonce)) {
                    return Err(Refusal::Nonce);
                }
            }
            None if (claims.iat * 1_000.0 - now).abs() > self.window.get() => return Err(Refusal::Time),
            None => {}
        }
        match self.accepted.borrow_mut().insert((thumbprint.clone(), claims.jti)) {
            true => Ok(thumbprint),
            false => Err(Refusal::Wrong("a proof that was used before")),
        }
    }
}

/// Whether a proof has a nonce.
pub(crate) fn has_nonce(incoming: &Incoming) -> Option<bool> {
    Some(object::<Claims>(incoming.header("dpop")?.split('.').nth(1)?)?.nonce.is_some())
}

/// Header, claims and key's thumbprint of a proof whose signature is right.
fn read(keys: &Keys, proof: &str) -> Option<(Header, Claims, String)> {
    let (signed, signature) = proof.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let (header, claims): (Header, Claims) = (object(header)?, object(claims)?);
    let thumbprint = keys.verify([&header.jwk.x, &header.jwk.y], signed, signature)?;
    Some((header, claims, thumbprint))
}

fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn nonce(step: f64) -> String {
    format!("nonce-{:.0}", step.floor())
}
