//! The platform that a client runs on.

#[cfg(not(target_arch = "wasm32"))]
use super::interface::Platform;
use super::storage::Storage;
use std::rc::Rc;

/// A client's platform: on wasm32 the browser, known to the compiler, so that a program contains only the functions that it calls.
#[cfg(target_arch = "wasm32")]
pub type Host = super::browser::page::Browser;
/// A client's platform: natively any, such as the simulator.
#[cfg(not(target_arch = "wasm32"))]
pub type Host = Rc<dyn Platform>;

/// The platform of this target: the browser on wasm32, else that for server-side rendering.
pub(crate) fn default_platform() -> Host {
    #[cfg(target_arch = "wasm32")]
    return super::browser::page::Browser;
    #[cfg(not(target_arch = "wasm32"))]
    Rc::new(super::inert::Inert)
}

/// The storage that all tabs share.
pub(crate) fn storage_of(platform: &Host) -> Rc<dyn Storage> {
    #[cfg(target_arch = "wasm32")]
    return Rc::new(platform.clone());
    #[cfg(not(target_arch = "wasm32"))]
    Rc::<dyn Platform>::clone(platform)
}
