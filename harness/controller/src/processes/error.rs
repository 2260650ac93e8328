//! Why a run cannot go on.

use super::program::ProgramError;
use schism_history::NodeId;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a run of processes had to be given up. What a node does wrong while it runs is not in
/// here: it is told to the script.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The program to run is not one.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A process could not be started.
    #[error("cannot start {program} for {node}: {source}{hint}")]
    Spawn {
        /// What was to run.
        program: String,
        /// For whom.
        node: NodeId,
        /// What the system said.
        source: io::Error,
        /// What to look at.
        hint: &'static str,
    },
    /// A node did not answer its first `init`.
    #[error(
        "{node} did not answer init within {} s: a node must read lines from standard input and \
         answer {{\"type\":\"init\",…}} with {{\"type\":\"init_ok\",\"in_reply_to\":1}}, flushing \
         its output{}", wait.as_secs_f64(), said(standard_error)
    )]
    NeverReady {
        /// Which.
        node: NodeId,
        /// How long it was waited for.
        wait: Duration,
        /// The end of what it said on standard error.
        standard_error: String,
    },
    /// A node leaves what it is sent unread.
    #[error(
        "{bytes} bytes wait for {node}, which does not read them as fast as they are sent: lower \
         the load, shorten pauses, or make the nodes send less"
    )]
    Flooded {
        /// Which.
        node: NodeId,
        /// How much waits.
        bytes: usize,
    },
    /// Too much is held back by link rules.
    #[error("{bytes} bytes are on their way between the nodes: lower the load or the delays")]
    TooMuchInFlight {
        /// How much.
        bytes: usize,
    },
    /// A file or folder of the run does not work.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was to be done.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused something a run cannot do without.
    #[error("cannot {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// Interrupted a second time: everything was killed where it stood.
    #[error("aborted: every node was killed and the run was not finished")]
    Aborted,
}

impl HostError {
    pub(super) fn system(what: &'static str) -> impl FnOnce(nix::Error) -> HostError {
        move |source| HostError::System { what, source: source.into() }
    }

    /// The exit code it calls for: 130 after an interrupt, 64 where the user can change something
    /// about how it was called, 70 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            HostError::Aborted => 130,
            HostError::Program(_) | HostError::Spawn { .. } | HostError::NeverReady { .. } => 64,
            HostError::File { .. } => 64,
            HostError::Flooded { .. }
            | HostError::TooMuchInFlight { .. }
            | HostError::System { .. } => 70,
        }
    }
}

/// The end of a node's standard error, as the end of a sentence.
pub(super) fn said(standard_error: &str) -> String {
    match standard_error {
        "" => ". It said nothing on standard error".into(),
        text => format!(". The end of its standard error:\n{text}"),
    }
}
