//! How many messages an operation costs, by the books.
//!
//! Counted are the messages of the protocol between different processes when nothing goes wrong:
//! what a process sends to itself costs nothing, and what links and detectors say to keep going is
//! not the protocol's. In the formulas N is the number of processes, and of all operations a share
//! changes something while the others only read.

use super::Card;

/// What an operation costs.
#[derive(Clone, Copy)]
pub struct Messages {
    /// As the source puts it.
    pub text: &'static str,
    /// For so many processes, and this share of operations that change something: how many messages
    /// an operation costs.
    pub of: fn(f64, f64) -> f64,
    /// Why something else is measured, if it is.
    pub why: &'static str,
}

impl Card {
    /// What an operation costs by the books; nothing where they give no figure.
    pub fn messages(&self) -> Option<Messages> {
        let known = TABLE.iter().find(|(name, ..)| *name == self.name);
        known.map(|&(_, text, of, why)| Messages { text, of, why })
    }
}

type Row = (&'static str, &'static str, fn(f64, f64) -> f64, &'static str);

/// What a relay of everything by everybody costs that begins with a broadcast of its own.
const RELAYED: (&str, fn(f64, f64) -> f64) = ("N² + N", |n, _| (n + 1.0) * (n - 1.0));
/// The same where the sender's broadcast is its relay.
const RELAYED_ONCE: (&str, fn(f64, f64) -> f64) = ("N²", |n, _| n * (n - 1.0));
/// The share of questions that are not asked where they are answered.
const fn elsewhere(n: f64) -> f64 {
    (n - 1.0) / n
}

/// A command on its way through a log with a leader.
const TO_A_LEADER: (&str, fn(f64, f64) -> f64) =
    ("2N, and one to the leader", |n, _| 2.0 * (n - 1.0) + elsewhere(n));
const TOLD_AT_ONCE: &str = "followers are told what is decided when nothing else is under way";

const TABLE: &[Row] = &[
    ("echo", "0", |_, _| 0.0, ""),
    ("unique-ids", "0", |_, _| 0.0, ""),
    ("perfect-links", "1", |_, _| 1.0, ""),
    ("fifo-links", "1", |_, _| 1.0, ""),
    ("rowa-register", "2N a write, 0 a read", |n, w| w * 2.0 * (n - 1.0), ""),
    ("majority-register", "2N", |n, _| 2.0 * (n - 1.0), ""),
    ("atomic-register", "2N a write, 4N a read", |n, w| (4.0 - 2.0 * w) * (n - 1.0), ""),
    ("atomic-nn", "4N", |n, _| 4.0 * (n - 1.0), ""),
    ("atomic-logged", "4N", |n, _| 4.0 * (n - 1.0), ""),
    ("best-effort-broadcast", "N", |n, _| n - 1.0, ""),
    ("lazy-reliable-broadcast", "N", |n, _| n - 1.0, ""),
    ("eager-reliable-broadcast", RELAYED.0, RELAYED.1, ""),
    ("all-ack-uniform-broadcast", RELAYED_ONCE.0, RELAYED_ONCE.1, ""),
    ("majority-uniform-broadcast", RELAYED_ONCE.0, RELAYED_ONCE.1, ""),
    ("fifo-broadcast", RELAYED.0, RELAYED.1, ""),
    ("waiting-causal-broadcast", RELAYED.0, RELAYED.1, ""),
    ("flooding-consensus", "2N² for N proposals", |n, _| 2.0 * (n - 1.0), ""),
    ("flooding-uniform-consensus", "N³ for N proposals", |n, _| n * (n - 1.0), ""),
    ("hierarchical-consensus", "N² for N proposals", |n, _| n - 1.0, ""),
    ("paxos", "6N for N proposals", |n, _| 6.0 * elsewhere(n), ""),
    ("multi-paxos", TO_A_LEADER.0, TO_A_LEADER.1, TOLD_AT_ONCE),
    ("viewstamped-replication", TO_A_LEADER.0, TO_A_LEADER.1, TOLD_AT_ONCE),
    ("raft", TO_A_LEADER.0, TO_A_LEADER.1, "one message carries all the commands that wait for it"),
    (
        "primary-backup-active",
        "3N, and one to the primary",
        |n, _| 3.0 * (n - 1.0) + elsewhere(n),
        "",
    ),
    (
        "primary-backup-lossy",
        "3N, and one to the primary",
        |n, _| 3.0 * (n - 1.0) + elsewhere(n),
        "",
    ),
    (
        "primary-backup-passive",
        "2N a change, and two to the primary and back",
        |n, w| w * 2.0 * (n - 1.0) + 2.0 * elsewhere(n),
        "",
    ),
    (
        "chain-replication",
        "2N a change, and two to the chain and back",
        |n, w| w * 2.0 * (n - 1.0) + 2.0 * elsewhere(n),
        "",
    ),
];
