//! What happens outside of a client.

/// Something changed outside of this client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformEvent {
    /// The shared storage may hold a new value under the subscribed key.
    Stored,
    /// The network is back.
    Online,
    /// The page became visible, was resumed, or came back from the back/forward cache.
    Awake,
}
