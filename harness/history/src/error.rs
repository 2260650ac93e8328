//! What can be wrong with a history file, in one line a person can act on.
//!
//! Every message begins with where: the file, and for text formats line and column.

use std::fmt;
use std::io;

/// Why a history could not be read, written or accepted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system said no.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin like any format we read.
    #[error("{file}: {found}: expected a schism history, JSON lines, Jepsen EDN or a Jepsen log")]
    Unrecognized {
        /// The file.
        file: String,
        /// How it begins instead.
        found: String,
    },
    /// The file is one of ours, of a version this program does not read.
    #[error("{file}: history format version {found}: this program reads version {expected}")]
    Version {
        /// The file.
        file: String,
        /// The version it claims.
        found: u8,
        /// The version that is read.
        expected: u8,
    },
    /// The file is one of ours, but its header, without which nothing can be judged, is damaged.
    #[error("{file}: no record can be read: {why}, in the header")]
    Header {
        /// The file.
        file: String,
        /// What is wrong with the header.
        why: TornBy,
    },
    /// Text that is not what it should be.
    #[error("{place}: {problem}")]
    Syntax {
        /// Where.
        place: Place,
        /// What was expected and what was found.
        problem: String,
    },
    /// Well-formed records that no run can have produced.
    #[error("{place}: {broken}")]
    Rule {
        /// Where.
        place: Place,
        /// The rule they break.
        broken: Broken,
    },
}

/// A place in a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a text file; lines and columns count from 1, columns in bytes.
    Text {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
    /// At a record, by its index, of a history that has no lines.
    Record {
        /// The file, or what the caller calls the history.
        file: String,
        /// The record's index.
        index: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Place::Record { file, index } => write!(f, "{file}: record {index}"),
        }
    }
}

/// A rule of histories that was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A process has one operation at a time.
    #[error(
        "process {process} invokes {f} while its operation of index {open} is open: \
         a process has one operation at a time"
    )]
    StillOpen {
        /// The process.
        process: u64,
        /// What it invokes.
        f: String,
        /// Index of the invocation that is open.
        open: u64,
    },
    /// Every completion has an invocation.
    #[error("process {process} completes {f} without having invoked anything")]
    NotInvoked {
        /// The process.
        process: u64,
        /// What it claims to complete.
        f: String,
    },
    /// A completion is of the operation that was invoked.
    #[error("process {process} completes {f}, but its operation of index {open} is {invoked}")]
    Mismatch {
        /// The process.
        process: u64,
        /// What it claims to complete.
        f: String,
        /// Index of the invocation that is open.
        open: u64,
        /// What was invoked.
        invoked: String,
    },
    /// After `info`, a process issues nothing more.
    #[error(
        "process {process} invokes {f} after its operation of index {ended} ended info: \
         that one may still take effect, so the process must not go on"
    )]
    Reused {
        /// The process.
        process: u64,
        /// What it invokes.
        f: String,
        /// Index of the completion that was `info`.
        ended: u64,
    },
    /// Indexes increase.
    #[error("index {index} follows index {previous}: indexes must increase")]
    IndexOrder {
        /// The index.
        index: u64,
        /// The one before it.
        previous: u64,
    },
    /// Time does not run backwards.
    #[error("time {time} follows time {previous}: time must not decrease")]
    TimeOrder {
        /// The time.
        time: u64,
        /// The one before it.
        previous: u64,
    },
}

/// The end of a recording that was not finished: what was read before it is sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where reading stopped, in bytes from the start of the file.
    pub offset: u64,
    /// How many records were read before.
    pub records: u64,
    /// What stands there.
    pub why: TornBy,
}

/// What stands where a recording breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TornBy {
    /// Nothing: the recorder did not live to write the end mark.
    #[error("the recording was never finished")]
    NoEndMark,
    /// A block that is not all there.
    #[error("a block is cut short")]
    CutShort,
    /// A block whose checksum does not match.
    #[error("a block's checksum does not match")]
    Checksum,
    /// A block that is intact but makes no sense.
    #[error("a block does not decode")]
    Undecodable,
    /// Bytes beyond the end mark.
    #[error("there are bytes after the end mark")]
    AfterEnd,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "reading stopped at byte {} after {} records: {}",
            self.offset, self.records, self.why
        )
    }
}
