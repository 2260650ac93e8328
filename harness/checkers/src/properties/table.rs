//! Every promise by workload and name.

use super::broadcast::{byzantine, causal, delivery, order, set, total};
use super::run::{Faults, Run};
use super::{
    clocks, consensus, convergence, detector, epochs, failover, gossip, jobs, leader, link, log,
    operations, register, rounds, siblings, vote,
};
use crate::{Budget, Check, Finding, Status};
use schism_history::History;

/// Judges one promise of one run.
type Judge = fn(&Run<'_>) -> Finding;

/// A promise, ready to be judged in a model.
#[derive(Clone, Copy)]
pub struct Property {
    name: &'static str,
    faults: Faults,
    judge: Judge,
    /// What did not happen if it is vacuous, after "no".
    absent: &'static str,
}

impl Check for Property {
    fn property(&self) -> &str {
        self.name
    }

    fn check(&self, history: &History, _budget: &Budget) -> Finding {
        let mut finding = (self.judge)(&Run::new(history, self.name, self.faults));
        if finding.status == Status::Vacuous {
            finding.explanation = format!("no {}", self.absent);
        }
        finding
    }
}

/// The demand that a run acknowledged enough operations to mean anything.
#[derive(Clone, Copy, Debug)]
pub struct EnoughOperations {
    /// How many, over all functions.
    pub at_least: u64,
}

impl Check for EnoughOperations {
    fn property(&self) -> &str {
        ENOUGH
    }

    fn check(&self, history: &History, _budget: &Budget) -> Finding {
        let run = Run::new(history, ENOUGH, Faults::CrashRecovery);
        operations::enough_operations(&run, self.at_least)
    }
}

const ENOUGH: &str = "enough operations";

/// A promise: its name, who judges it, and what (after "no") did not happen if it is vacuous.
type Row = (&'static str, Judge, &'static str);

/// The promises of every workload.
const TABLE: &[(&str, &[Row])] = &[
    (
        "link",
        &[
            (
                "stubborn delivery",
                link::stubborn_delivery,
                "correct process sent anything to a correct one",
            ),
            (
                "reliable delivery",
                link::reliable_delivery,
                "correct process sent anything to a correct one",
            ),
            ("no duplication", link::no_duplication, "message was delivered"),
            ("no creation", link::no_creation, "message was delivered"),
            ("authenticity", link::authenticity, "message was delivered"),
            ("fifo order", link::fifo_order, "message with a predecessor was delivered"),
        ],
    ),
    (
        "broadcast",
        &[
            ("validity", delivery::validity, "correct process broadcast anything"),
            (
                "best-effort validity",
                delivery::best_effort_validity,
                "correct process broadcast anything",
            ),
            ("no duplication", delivery::no_duplication, "message was delivered"),
            ("no creation", delivery::no_creation, "message was delivered"),
            ("agreement", delivery::agreement, "correct process delivered anything"),
            ("uniform agreement", delivery::uniform_agreement, "honest process delivered anything"),
            ("fifo order", order::fifo_order, "message with a predecessor was delivered"),
            (
                "causal order",
                causal::causal_order,
                "message that depends on another sender's was delivered",
            ),
            ("total order", total::total_order, "two processes delivered anything"),
            (
                "consistency",
                byzantine::consistency,
                "broadcast was delivered by two correct processes",
            ),
            ("totality", byzantine::totality, "correct process delivered anything"),
            ("integrity", byzantine::integrity, "message was delivered"),
            (
                "termination",
                byzantine::termination,
                "correct process broadcast or delivered anything",
            ),
            ("round bound", rounds::round_bound, "decision told its round"),
            ("early stopping", rounds::early_stopping, "decision told its round"),
            ("message bound", rounds::message_bound, "message of a round was recorded"),
            (
                "probabilistic validity",
                gossip::probabilistic_validity,
                "correct process broadcast anything",
            ),
            ("coverage", gossip::coverage, "correct process broadcast anything"),
            (
                "messages per broadcast",
                gossip::messages_per_broadcast,
                "message of a broadcast was recorded",
            ),
            ("broadcast set", set::broadcast_set, "element was known to be broadcast"),
        ],
    ),
    (
        "consensus",
        &[
            (
                "termination",
                consensus::termination,
                "instance had a proposal from every correct process",
            ),
            ("validity", consensus::validity, "process decided, or some process lied"),
            ("weak validity", consensus::validity, "process decided, or some process lied"),
            ("strong validity", consensus::strong_validity, "correct process decided"),
            ("integrity", consensus::integrity, "process decided"),
            ("agreement", consensus::agreement, "two correct processes decided one instance"),
            (
                "uniform agreement",
                consensus::uniform_agreement,
                "two honest processes decided one instance",
            ),
            ("lock-in", epochs::lock_in, "decision followed one of an earlier epoch"),
            ("abort behaviour", epochs::abort_behaviour, "epoch was aborted"),
            ("epoch monotonicity", epochs::monotonicity, "process started a second epoch"),
            ("epoch consistency", epochs::consistency, "epoch was started by two processes"),
            ("eventual epoch leadership", epochs::eventual_leadership, "epoch was started"),
            ("round bound", rounds::round_bound, "decision told its round"),
            ("early stopping", rounds::early_stopping, "decision told its round"),
            ("message bound", rounds::message_bound, "message of a round was recorded"),
        ],
    ),
    (
        "detect",
        &[
            (
                "strong completeness",
                detector::strong_completeness,
                "process crashed while another stayed correct",
            ),
            ("strong accuracy", detector::strong_accuracy, "two honest processes took part"),
            (
                "eventual strong accuracy",
                detector::eventual_strong_accuracy,
                "two correct processes took part",
            ),
            ("eventual accuracy", leader::eventual_accuracy, "process ever trusted anybody"),
            (
                "eventual leadership agreement",
                leader::eventual_leadership_agreement,
                "process ever trusted anybody",
            ),
            (
                "eventual leadership",
                leader::eventual_leadership_agreement,
                "process ever trusted anybody",
            ),
            ("leader accuracy", leader::leader_accuracy, "leader was elected"),
            ("election safety", leader::election_safety, "process led a term"),
            ("epoch monotonicity", epochs::monotonicity, "process started a second epoch"),
            ("epoch consistency", epochs::consistency, "epoch was started by two processes"),
            ("eventual epoch leadership", epochs::eventual_leadership, "epoch was started"),
        ],
    ),
    (
        "register",
        &[
            ("safe", register::safe, "read ended that overlapped no write"),
            ("regular", register::regular, "read ended"),
            ("atomic", register::atomic, "read ended"),
            ("read your quorum", register::regular, "read ended"),
            (
                "convergence",
                convergence::convergence,
                "key was read at two correct nodes in the end",
            ),
            ("termination", operations::termination, "operation at a correct node was due"),
            (
                "availability",
                operations::availability,
                "operation was invoked after the faults were undone",
            ),
        ],
    ),
    (
        "siblings",
        &[
            (
                "no lost write",
                siblings::no_lost_write,
                "acknowledged write that was not replaced was looked for in the end",
            ),
            (
                "no stale sibling",
                siblings::no_stale_sibling,
                "value that was replaced was looked for in the end",
            ),
            (
                "convergence",
                convergence::convergence,
                "key was read at two correct nodes in the end",
            ),
            ("termination", operations::termination, "operation at a correct node was due"),
            (
                "availability",
                operations::availability,
                "operation was invoked after the faults were undone",
            ),
        ],
    ),
    (
        "kv",
        &[
            ("election safety", leader::election_safety, "process led a term"),
            ("single vote", vote::single_vote, "process voted"),
            ("failover time", failover::failover_time, "leader crashed"),
            ("log matching", log::log_matching, "slot was reported by two processes"),
            ("log prefix", log::log_prefix, "slot was reported by two processes"),
            (
                "leader completeness",
                log::leader_completeness,
                "leader committed anything after earlier commits",
            ),
            ("equal outputs", log::equal_outputs, "slot was reported by two processes"),
            (
                "convergence",
                convergence::convergence,
                "key was read at two correct nodes in the end",
            ),
            ("read your quorum", register::regular, "read ended"),
            (
                "availability",
                operations::availability,
                "operation was invoked after the faults were undone",
            ),
            ("termination", operations::termination, "operation at a correct node was due"),
        ],
    ),
    (
        "events",
        &[
            ("lamport clock", clocks::lamport, "event came before another"),
            ("hybrid clock", clocks::lamport, "event came before another"),
            (
                "wall clock distance",
                clocks::wall_clock_distance,
                "event told its stamp and its reading of a clock",
            ),
            ("vector clock", clocks::vector, "event was stamped"),
        ],
    ),
    ("clock", &[("clock bound", clocks::clock_bound, "clock was read")]),
    (
        "jobs",
        &[
            ("guaranteed response", operations::termination, "job was submitted to a correct node"),
            ("no lost job", jobs::no_lost_job, "correct node confirmed a job"),
            ("refused is not done", jobs::refused_is_not_done, "job was refused"),
            ("no made-up job", jobs::no_made_up_job, "job was done"),
        ],
    ),
    (
        "echo",
        &[
            ("echo", operations::echo, "echo was answered"),
            (
                "availability",
                operations::availability,
                "operation was invoked after the faults were undone",
            ),
        ],
    ),
    (
        "unique-ids",
        &[
            ("unique ids", operations::unique_ids, "id was generated"),
            (
                "availability",
                operations::availability,
                "operation was invoked after the faults were undone",
            ),
        ],
    ),
];

/// The workloads that have promises of their own.
pub fn workloads() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(workload, _)| *workload)
}

/// The names of the promises of a workload, `enough operations` not among them: [`find`] has that
/// for every workload.
pub fn names(workload: &str) -> Vec<&'static str> {
    promises(workload).iter().map(|(name, ..)| *name).collect()
}

fn promises(workload: &str) -> &'static [Row] {
    TABLE.iter().find(|(w, _)| *w == workload).map_or(&[], |(_, promises)| promises)
}

/// The check of a promise of a workload. `enough operations`, asking for a single one of each
/// function, is there for every workload; [`EnoughOperations`] asks for more.
pub fn find(workload: &str, property: &str, faults: Faults) -> Option<Box<dyn Check>> {
    if property == ENOUGH {
        return Some(Box::new(EnoughOperations { at_least: 1 }));
    }
    let &(name, judge, absent) = promises(workload).iter().find(|(name, ..)| *name == property)?;
    Some(Box::new(Property { name, faults, judge, absent }))
}
