//! Every promise by workload and name.

use super::broadcast::{byzantine, causal, delivery, order, set, total};
use super::run::{Faults, Run};
use super::{
    clocks, consensus, convergence, detector, epochs, gossip, leader, link, log, operations,
    register, rounds,
};
use crate::{Budget, Check, Finding};
use schism_history::History;

/// Judges one promise of one run.
type Judge = fn(&Run<'_>) -> Finding;

/// A promise, ready to be judged in a model.
#[derive(Clone, Copy)]
pub struct Property {
    name: &'static str,
    faults: Faults,
    judge: Judge,
}

impl Check for Property {
    fn property(&self) -> &str {
        self.name
    }

    fn check(&self, history: &History, _budget: &Budget) -> Finding {
        (self.judge)(&Run::new(history, self.name, self.faults))
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

/// The promises of every workload.
const TABLE: &[(&str, &[(&str, Judge)])] = &[
    (
        "link",
        &[
            ("stubborn delivery", link::stubborn_delivery),
            ("reliable delivery", link::reliable_delivery),
            ("no duplication", link::no_duplication),
            ("no creation", link::no_creation),
            ("authenticity", link::authenticity),
            ("fifo order", link::fifo_order),
        ],
    ),
    (
        "broadcast",
        &[
            ("validity", delivery::validity),
            ("best-effort validity", delivery::best_effort_validity),
            ("no duplication", delivery::no_duplication),
            ("no creation", delivery::no_creation),
            ("agreement", delivery::agreement),
            ("uniform agreement", delivery::uniform_agreement),
            ("fifo order", order::fifo_order),
            ("causal order", causal::causal_order),
            ("total order", total::total_order),
            ("consistency", byzantine::consistency),
            ("totality", byzantine::totality),
            ("integrity", byzantine::integrity),
            ("termination", byzantine::termination),
            ("round bound", rounds::round_bound),
            ("early stopping", rounds::early_stopping),
            ("probabilistic validity", gossip::probabilistic_validity),
            ("coverage", gossip::coverage),
            ("messages per broadcast", gossip::messages_per_broadcast),
            ("broadcast set", set::broadcast_set),
        ],
    ),
    (
        "consensus",
        &[
            ("termination", consensus::termination),
            ("validity", consensus::validity),
            ("weak validity", consensus::validity),
            ("strong validity", consensus::strong_validity),
            ("integrity", consensus::integrity),
            ("agreement", consensus::agreement),
            ("uniform agreement", consensus::uniform_agreement),
            ("lock-in", epochs::lock_in),
            ("epoch monotonicity", epochs::monotonicity),
            ("epoch consistency", epochs::consistency),
            ("eventual epoch leadership", epochs::eventual_leadership),
            ("round bound", rounds::round_bound),
            ("early stopping", rounds::early_stopping),
        ],
    ),
    (
        "detect",
        &[
            ("strong completeness", detector::strong_completeness),
            ("strong accuracy", detector::strong_accuracy),
            ("eventual strong accuracy", detector::eventual_strong_accuracy),
            ("eventual accuracy", leader::eventual_accuracy),
            ("eventual leadership agreement", leader::eventual_leadership_agreement),
            ("eventual leadership", leader::eventual_leadership_agreement),
            ("leader accuracy", leader::leader_accuracy),
            ("election safety", leader::election_safety),
        ],
    ),
    (
        "register",
        &[
            ("safe", register::safe),
            ("regular", register::regular),
            ("atomic", register::atomic),
            ("convergence", convergence::convergence),
            ("termination", operations::termination),
            ("availability", operations::availability),
        ],
    ),
    (
        "kv",
        &[
            ("election safety", leader::election_safety),
            ("log matching", log::log_matching),
            ("log prefix", log::log_prefix),
            ("leader completeness", log::leader_completeness),
            ("equal outputs", log::equal_outputs),
            ("convergence", convergence::convergence),
            ("read your quorum", register::regular),
            ("availability", operations::availability),
            ("termination", operations::termination),
        ],
    ),
    (
        "events",
        &[
            ("lamport clock", clocks::lamport),
            ("hybrid clock", clocks::lamport),
            ("vector clock", clocks::vector),
        ],
    ),
    ("clock", &[("clock bound", clocks::clock_bound)]),
    ("echo", &[("echo", operations::echo), ("availability", operations::availability)]),
    (
        "unique-ids",
        &[("unique ids", operations::unique_ids), ("availability", operations::availability)],
    ),
];

/// The workloads that have promises of their own.
pub fn workloads() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(workload, _)| *workload)
}

/// The names of the promises of a workload, `enough operations` not among them: [`find`] has that
/// for every workload.
pub fn names(workload: &str) -> Vec<&'static str> {
    promises(workload).iter().map(|(name, _)| *name).collect()
}

fn promises(workload: &str) -> &'static [(&'static str, Judge)] {
    TABLE.iter().find(|(w, _)| *w == workload).map_or(&[], |(_, promises)| promises)
}

/// The check of a promise of a workload. `enough operations`, asking for a single one of each
/// function, is there for every workload; [`EnoughOperations`] asks for more.
pub fn find(workload: &str, property: &str, faults: Faults) -> Option<Box<dyn Check>> {
    if property == ENOUGH {
        return Some(Box::new(EnoughOperations { at_least: 1 }));
    }
    let &(name, judge) = promises(workload).iter().find(|(name, _)| *name == property)?;
    Some(Box::new(Property { name, faults, judge }))
}
