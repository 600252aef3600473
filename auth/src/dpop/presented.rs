//! The proof of a request as it was sent.

use std::fmt;

/// The `DPoP` header of a request, not yet verified, and the request that a proof must name. The default is a request without a proof.
#[derive(Clone, Default)]
pub struct PresentedProof {
    /// The header; empty if several were sent.
    pub(crate) text: Option<String>,
    pub(crate) method: String,
    /// The request's URL, normalised. Empty if it is not known; two if a proxy may have removed a part of the path.
    pub(crate) urls: Vec<String>,
}

impl fmt::Debug for PresentedProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedProof").field("is_present", &self.text.is_some()).finish_non_exhaustive()
    }
}
