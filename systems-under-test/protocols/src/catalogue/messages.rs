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
    /// For so many processes, and this share of operations that change something or send: how many
    /// messages an operation costs, if that can be told from these.
    pub of: Option<Formula>,
    /// Why something else is measured, if it is, or why nothing can be told.
    pub why: &'static str,
}

/// How many messages an operation costs.
pub type Formula = fn(f64, f64) -> f64;

impl Card {
    /// What an operation costs by the books; nothing where they give no figure.
    pub fn messages(&self) -> Option<Messages> {
        let known = TABLE.iter().find(|(name, ..)| *name == self.name);
        known.map(|&(_, text, of, why)| Messages { text, of, why })
    }
}

type Row = (&'static str, &'static str, Option<Formula>, &'static str);

/// The share of questions that are not asked where they are answered.
const fn elsewhere(n: f64) -> f64 {
    (n - 1.0) / n
}

/// What a relay of everything by everybody costs that begins with a broadcast of its own.
const RELAYED: (&str, Option<Formula>) = ("N² + N", Some(|n, _| (n + 1.0) * (n - 1.0)));
/// The same where the sender's broadcast is its relay.
const RELAYED_ONCE: (&str, Option<Formula>) = ("N²", Some(|n, _| n * (n - 1.0)));
/// A relay of everything by everybody, and a consensus about its place.
const IN_TOTAL_ORDER: (&str, Option<Formula>) =
    ("N² + 6N", Some(|n, _| n * (n - 1.0) + 6.0 * (n - 1.0)));
/// A command on its way through a log with a leader, who tells when it is decided.
const TO_A_LEADER: (&str, Option<Formula>) =
    ("3N, and one to the leader", Some(|n, _| 3.0 * (n - 1.0) + elsewhere(n)));
/// A command that a chain or a primary carries out.
const TO_A_PRIMARY: (&str, Option<Formula>) =
    ("2N a change, and two there and back", Some(|n, w| w * 2.0 * (n - 1.0) + 2.0 * elsewhere(n)));
const IN_ROUNDS: (&str, Option<Formula>) = ("N² a round", None);
const ALL_IN_ONE: &str =
    "rounds go on all the time, and one message carries what all instances have to say";
const SENDS: (&str, Option<Formula>) = ("1 a send", Some(|_, w| w));

const TABLE: &[Row] = &[
    ("echo", "0", Some(|_, _| 0.0), ""),
    ("unique-ids", "0", Some(|_, _| 0.0), ""),
    ("job-handler-sync", "0", Some(|_, _| 0.0), ""),
    ("job-handler-async", "0", Some(|_, _| 0.0), ""),
    ("job-handler-buffered", "0", Some(|_, _| 0.0), ""),
    ("stubborn-links", "∞", None, "the longer the run, the more"),
    ("perfect-links", "1", Some(|_, _| 1.0), ""),
    ("fifo-links", "1", Some(|_, _| 1.0), ""),
    ("authenticated-links", "1", Some(|_, _| 1.0), ""),
    ("lamport-clock", SENDS.0, SENDS.1, ""),
    ("vector-clock", SENDS.0, SENDS.1, ""),
    ("hybrid-clock", SENDS.0, SENDS.1, ""),
    ("clock-sync", "0", Some(|_, _| 0.0), "clocks are kept right all the time, at 2N a turn"),
    ("safe-register-from-bits", "2N a bit that is changed", None, "values differ in some bits"),
    ("rowa-register", "2N a write, 0 a read", Some(|n, w| w * 2.0 * (n - 1.0)), ""),
    ("majority-register", "2N", Some(|n, _| 2.0 * (n - 1.0)), ""),
    ("atomic-register", "2N a write, 4N a read", Some(|n, w| (4.0 - 2.0 * w) * (n - 1.0)), ""),
    (
        "atomic-from-11",
        "2N² a write, 4N² + 2N a read",
        Some(|n, w| (n - 1.0) * (w * 2.0 * n + (1.0 - w) * (4.0 * n + 2.0))),
        "",
    ),
    ("atomic-nn", "4N", Some(|n, _| 4.0 * (n - 1.0)), ""),
    ("atomic-logged", "4N", Some(|n, _| 4.0 * (n - 1.0)), ""),
    ("quorum-kv-siblings", "2N", Some(|n, _| 2.0 * (n - 1.0)), ""),
    ("quorum-kv", "2N", Some(|n, _| 2.0 * (n - 1.0)), ""),
    ("best-effort-broadcast", "N", Some(|n, _| n - 1.0), ""),
    ("lazy-reliable-broadcast", "N", Some(|n, _| n - 1.0), ""),
    ("eager-reliable-broadcast", RELAYED.0, RELAYED.1, ""),
    ("all-ack-uniform-broadcast", RELAYED_ONCE.0, RELAYED_ONCE.1, ""),
    ("majority-uniform-broadcast", RELAYED_ONCE.0, RELAYED_ONCE.1, ""),
    ("fifo-broadcast", RELAYED.0, RELAYED.1, ""),
    ("causal-broadcast", RELAYED.0, RELAYED.1, ""),
    ("waiting-causal-broadcast", RELAYED.0, RELAYED.1, ""),
    ("terminating-broadcast", "N + 2N²", Some(|n, _| (n - 1.0) * (1.0 + 2.0 * n)), ""),
    ("total-order-broadcast", IN_TOTAL_ORDER.0, IN_TOTAL_ORDER.1, ""),
    ("early-stopping-broadcast", IN_ROUNDS.0, IN_ROUNDS.1, ALL_IN_ONE),
    ("gossip-push", "kN, with k = 4", Some(|n, _| n * f64::min(4.0, n - 1.0)), ""),
    (
        "gossip-push-pull",
        "k + k², with k = 3",
        Some(|n, _| f64::min(3.0, n - 1.0) * (1.0 + f64::min(3.0, n - 1.0))),
        "",
    ),
    ("one-round-consensus", IN_ROUNDS.0, IN_ROUNDS.1, ALL_IN_ONE),
    ("floodset-consensus", IN_ROUNDS.0, IN_ROUNDS.1, ALL_IN_ONE),
    ("early-stopping-consensus", IN_ROUNDS.0, IN_ROUNDS.1, ALL_IN_ONE),
    ("flooding-consensus", "2N² for N proposals", Some(|n, _| 2.0 * (n - 1.0)), ""),
    ("flooding-uniform-consensus", "N³ for N proposals", Some(|n, _| n * (n - 1.0)), ""),
    ("hierarchical-consensus", "N² for N proposals", Some(|n, _| n - 1.0), ""),
    ("epoch-consensus", "5N an epoch", None, "epochs are aborted on purpose, now and then"),
    (
        "leader-driven-consensus",
        "N² + 5N for N proposals",
        Some(|n, _| n - 1.0 + 5.0 * elsewhere(n)),
        "",
    ),
    ("ben-or-consensus", "2N² a round, for N proposals", None, "coins decide how many rounds"),
    ("paxos", "5N for N proposals", Some(|n, _| 5.0 * elsewhere(n)), "the leader proposes first"),
    (
        "consensus-from-total-order",
        "N² + 6N for N proposals",
        Some(|n, _| n - 1.0 + 6.0 * elsewhere(n)),
        "",
    ),
    ("replicated-state-machine", IN_TOTAL_ORDER.0, IN_TOTAL_ORDER.1, ""),
    ("multi-paxos", TO_A_LEADER.0, TO_A_LEADER.1, ""),
    ("viewstamped-replication", TO_A_LEADER.0, TO_A_LEADER.1, ""),
    ("raft", TO_A_LEADER.0, TO_A_LEADER.1, ""),
    ("primary-backup-active", TO_A_LEADER.0, TO_A_LEADER.1, ""),
    ("primary-backup-lossy", TO_A_LEADER.0, TO_A_LEADER.1, ""),
    ("primary-backup-passive", TO_A_PRIMARY.0, TO_A_PRIMARY.1, ""),
    ("chain-replication", TO_A_PRIMARY.0, TO_A_PRIMARY.1, ""),
    (
        "voted-state-machine",
        "4N, and one to the leader",
        Some(|n, _| 4.0 * (n - 1.0) + elsewhere(n)),
        "",
    ),
];
