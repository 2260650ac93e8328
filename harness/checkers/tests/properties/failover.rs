//! How soon leaders are followed: by hand, and against every gap looked at by itself.

use super::support::{Rng, Tape, broken};
use schism_checkers::Status::{Holds, Vacuous, Violated};
use schism_history::{Entry, History, NodeChange, Phase, Value};

const PROPERTY: &str = "failover time";

/// A leader and its bound in milliseconds. Entries are ten milliseconds apart.
fn lead(tape: &mut Tape, node: u16, bound: i64) {
    tape.numbered(node, "lead", u64::from(node), bound);
}

fn wait(tape: &mut Tape, entries: usize) {
    for _ in 0..entries {
        tape.phase(Phase::Chaos);
    }
}

#[test]
fn a_leader_is_followed_in_time_or_it_is_not() {
    let mut tape = Tape::new(3);
    lead(&mut tape, 0, 50);
    assert_eq!(tape.status("kv", PROPERTY), Vacuous);
    tape.kill(0);
    assert_eq!(tape.status("kv", PROPERTY), Vacuous, "not due yet");
    let mut silent = tape.clone();
    wait(&mut tape, 4);
    lead(&mut tape, 1, 50);
    assert_eq!(tape.status("kv", PROPERTY), Holds);
    wait(&mut silent, 6);
    let finding = silent.judge("kv", PROPERTY);
    assert_eq!(finding.status, Violated);
    let text = "n0 led and crashed at 0.020 s; nobody followed it within 50 ms";
    assert_eq!(finding.explanation, text);
    lead(&mut silent, 1, 50);
    assert_eq!(silent.status("kv", PROPERTY), Violated, "too late");
}

#[test]
fn the_bound_counts_from_the_last_crash() {
    let mut tape = Tape::new(3);
    lead(&mut tape, 0, 50);
    tape.kill(0);
    wait(&mut tape, 3);
    tape.kill(1);
    wait(&mut tape, 3);
    lead(&mut tape, 2, 50);
    assert_eq!(tape.status("kv", PROPERTY), Holds);
}

#[test]
fn nobody_follows_where_nobody_is_left_and_no_bound_binds_nobody() {
    let mut tape = Tape::new(1);
    lead(&mut tape, 0, 50);
    tape.kill(0);
    wait(&mut tape, 10);
    assert_eq!(tape.status("kv", PROPERTY), Vacuous);
    let mut tape = Tape::new(3);
    tape.event(0, "lead", None, Some(1), Value::Nil);
    tape.kill(0);
    wait(&mut tape, 20);
    assert_eq!(tape.status("kv", PROPERTY), Vacuous);
}

/// Looks at every crash of a leader by itself, and then at every moment after it.
fn oracle(history: &History) -> bool {
    let records = &history.records;
    let lead = |i: usize| match &records[i].entry {
        Entry::Event(event) if event.kind == "lead" => Some(event.node),
        _ => None,
    };
    let killed = |i: usize| match &records[i].entry {
        Entry::Node(change) if change.change == NodeChange::Killed => Some(change.node),
        _ => None,
    };
    let bound = 30_000_000;
    (0..records.len()).any(|fall| {
        let Some(node) = killed(fall) else { return false };
        let led = (0..fall).rev().find_map(lead) == Some(node);
        let already_fallen = (0..fall).rev().take_while(|&i| lead(i).is_none());
        if !led || already_fallen.into_iter().any(|i| killed(i) == Some(node)) {
            return false;
        }
        let mut since = records[fall].time;
        for (i, record) in records.iter().enumerate().skip(fall + 1) {
            let dead = (0..i).filter_map(killed).collect::<std::collections::BTreeSet<_>>();
            if dead.len() == usize::from(history.meta.nodes) {
                return false;
            }
            if record.time - since > bound {
                return true;
            }
            if lead(i).is_some() {
                return false;
            }
            if killed(i).is_some() {
                since = record.time;
            }
        }
        false
    })
}

#[test]
fn the_check_agrees_with_the_oracle() {
    let mut seen = [0, 0];
    for seed in 0..4000 {
        let mut rng = Rng(seed);
        let nodes = 2 + rng.node(4);
        let mut tape = Tape::new(nodes);
        let mut up: Vec<u16> = (0..nodes).collect();
        for _ in 0..rng.below(24) {
            let Some(&node) = rng.pick(&up) else { break };
            match rng.below(8) {
                0 | 1 => {
                    tape.kill(node);
                    up.retain(|&it| it != node);
                }
                2 | 3 => lead(&mut tape, node, 30),
                _ => wait(&mut tape, 1),
            }
        }
        let found = broken(tape.status("kv", PROPERTY));
        assert_eq!(found, oracle(&tape.0), "seed {seed}: {:?}", tape.judge("kv", PROPERTY));
        seen[usize::from(found)] += 1;
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}
