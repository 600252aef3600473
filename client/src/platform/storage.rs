//! A store of texts by key.

/// A store of texts by key, such as `localStorage`.
pub trait Storage: 'static {
    /// Reads a key.
    ///
    /// # Errors
    /// [`StoreError`] if the storage cannot be used.
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Writes a key in one step and notifies the other tabs that share the storage.
    ///
    /// # Errors
    /// [`StoreError`] if the storage cannot be used or is full.
    fn set(&self, key: &str, text: &str) -> Result<(), StoreError>;
}

/// The storage cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Access is denied: privacy settings, a sandboxed frame.
    Denied,
    /// The quota is used up.
    Full,
}
