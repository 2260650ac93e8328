//! Promises about operations, compared with their oracles on random histories.

use crate::compared::{ALL, CASES, compare, listing};
use crate::oracle::World;
use crate::support::{Rng, broken};
use crate::{draw_operations, oracle_operations};
use schism_checkers::Status;
use schism_checkers::properties::Faults;
use std::collections::BTreeMap;

#[test]
fn broadcast_set() {
    let mut seen: BTreeMap<Option<Status>, u64> = BTreeMap::new();
    for seed in 0..CASES {
        let tape = draw_operations::set(&mut Rng(seed), ALL);
        let faults = if seed % 2 == 0 { Faults::CrashStop } else { Faults::CrashRecovery };
        let expected = oracle_operations::broadcast_set(&World::new(&tape.0, faults), &tape.0);
        let status = tape.judge_as("broadcast", "broadcast set", faults).status;
        let bad = broken(status) || status == Status::Unknown;
        assert_eq!(bad.then_some(status), expected, "seed {seed}\n{}", listing(&tape));
        *seen.entry(expected).or_default() += 1;
    }
    assert!(seen.len() == 4 && seen.values().all(|&n| n > 50), "a poor comparison: {seen:?}");
}

#[test]
fn service_promises() {
    for property in ["termination", "availability", "convergence"] {
        compare(
            "kv",
            property,
            ALL,
            draw_operations::kv,
            |_| true,
            |w, t| oracle_operations::operations(w, &t.0, property),
        );
    }
    for property in ["no lost write", "no stale sibling"] {
        compare(
            "siblings",
            property,
            ALL,
            draw_operations::siblings,
            |_| true,
            |w, t| oracle_operations::operations(w, &t.0, property),
        );
    }
    compare(
        "unique-ids",
        "unique ids",
        ALL,
        draw_operations::ids,
        |_| true,
        |w, t| oracle_operations::operations(w, &t.0, "unique ids"),
    );
}
