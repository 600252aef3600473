//! Runs programs to their end.

use std::process::{Command, Stdio};

use crate::step::{Result, failure};

/// Runs a command and shows its output.
///
/// # Errors
/// If it cannot be started, or fails: the message is its command line.
pub fn run(command: &mut Command) -> Result<()> {
    let status =
        command.stdin(Stdio::null()).status().map_err(|e| failure(format!("{} can't be started: {e}", command.get_program().display())))?;
    if status.success() { Ok(()) } else { Err(failed(command)) }
}

/// The failure of a command that has printed why.
#[must_use]
pub fn failed(command: &Command) -> crate::step::Failure {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    failure(format!("`{line}` failed: see its last lines above"))
}

/// Runs a command and returns its standard output, trimmed; `None` if it cannot be started or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_failed_command_is_named_in_the_failure() {
        let failed = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert!(failed.to_string().contains("sh -c exit 3"), "{failed}");
        let missing = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(missing.to_string().contains("no-such-program-here"), "{missing}");
    }
}
