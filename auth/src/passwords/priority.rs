//! Lowers the priority of a thread.

/// Lowers this thread's priority to the minimum. The error says why it was not possible: on some systems priority belongs to the process.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", windows))]
pub(super) fn lower() -> Result<(), String> {
    use thread_priority::{ThreadPriority, set_current_thread_priority};
    set_current_thread_priority(ThreadPriority::Min).map_err(|error| error.to_string())
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
pub(super) fn lower() -> Result<(), String> {
    Err("a thread has no priority of its own here".into())
}
