//! What can go wrong outside of verdicts, and the exit code it deserves.

use std::fmt::Display;
use std::path::Path;

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user asked for something that cannot be: exit code 64.
    #[error("{0}")]
    Usage(String),
    /// The harness itself failed: exit code 70.
    #[error("{0}")]
    Harness(String),
    /// Interrupted twice: exit code 130.
    #[error("aborted: every node was killed and the run was not finished")]
    Aborted,
}

impl Error {
    /// Bad arguments or configuration.
    pub fn usage(message: impl Display) -> Error {
        Error::Usage(message.to_string())
    }

    /// The harness failed.
    pub fn harness(message: impl Display) -> Error {
        Error::Harness(message.to_string())
    }

    /// A file or directory that cannot be written is the user's to choose.
    pub fn writing(path: &Path, error: impl Display) -> Error {
        Error::Usage(format!("cannot write {}: {error}", path.display()))
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) => 64,
            Error::Harness(_) => 70,
            Error::Aborted => 130,
        }
    }
}
