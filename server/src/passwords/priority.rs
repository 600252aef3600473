//! A thread that gives way to all others.

/// Lowers this thread's priority to the lowest there is. Says why, where that cannot be done.
///
/// Only where a thread has a priority of its own: elsewhere the whole process would be lowered.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", windows))]
pub(super) fn lower() -> Result<(), String> {
    use thread_priority::{ThreadPriority, set_current_thread_priority};
    set_current_thread_priority(ThreadPriority::Min).map_err(|error| error.to_string())
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
pub(super) fn lower() -> Result<(), String> {
    Err("a thread has no priority of its own here".into())
}
