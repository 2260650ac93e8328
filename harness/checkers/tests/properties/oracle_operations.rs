//! The promises about operations once more, slowly.

use crate::oracle::World;
use schism_checkers::Status;
use schism_history::{Entry, History, Operation, Outcome, Phase, Value};

fn node(op: &Operation) -> usize {
    op.node.map_or(usize::MAX, |n| usize::from(n.0))
}

fn ended(op: &Operation) -> Option<u64> {
    op.completed.filter(|_| op.outcome != Outcome::Info)
}

fn finale(history: &History) -> Option<u64> {
    let finale = Entry::Phase(Phase::Final);
    history.records.iter().find(|r| r.entry == finale).map(|r| r.index)
}

/// The status a broadcast workload deserves, if it is a bad one.
pub fn broadcast_set(w: &World, history: &History) -> Option<Status> {
    let ops = history.operations();
    let tries: Vec<&Operation> = ops.iter().filter(|o| o.f == "broadcast").collect();
    let reads: Vec<&Operation> =
        ops.iter().filter(|o| o.f == "read" && o.outcome == Outcome::Ok).collect();
    let shows = |r: &Operation, v: &Value| r.output.as_list().unwrap_or_default().contains(v);
    let finale = finale(history);
    let last = |n: usize| {
        reads
            .iter()
            .filter(|r| node(r) == n && finale.is_none_or(|f| r.invoked >= f))
            .max_by_key(|r| r.completed)
    };
    let (mut worst, mut known_any) = (None::<Status>, false);
    let mut found = |status: Status| worst = Some(worst.map_or(status, |w| w.min(status)));
    for read in &reads {
        for value in read.output.as_list().unwrap_or_default() {
            if !tries.iter().any(|t| t.input == *value && Some(t.invoked) < read.completed) {
                found(Status::Violated);
            }
        }
    }
    for element in &tries {
        let acknowledged = element.completed.filter(|_| element.outcome == Outcome::Ok);
        let seen = reads.iter().filter(|r| shows(r, &element.input));
        let seen = seen.filter_map(|r| r.completed).filter(|&end| end > element.invoked).min();
        let Some(known) = [acknowledged, seen].into_iter().flatten().min() else { continue };
        known_any = true;
        for n in w.correct_nodes() {
            let Some(read) = last(n) else { continue };
            let due = match finale {
                Some(finale) => element.invoked < finale,
                None => known < read.invoked,
            };
            if !due || shows(read, &element.input) {
                continue;
            }
            let before = reads.iter().any(|r| node(r) == n && shows(r, &element.input));
            found(if before { Status::Violated } else { Status::NotByDeadline });
        }
    }
    let silent = w.correct_nodes().iter().any(|&n| last(n).is_none());
    worst.or((silent && known_any).then_some(Status::Unknown))
}

/// The reads that show how it ended.
fn last_reads<'o>(w: &World, history: &History, ops: &'o [Operation]) -> Vec<&'o Operation> {
    let changes = ops.iter().filter(|o| o.f != "read");
    let quiet = changes.map(|o| ended(o).unwrap_or(o.invoked)).max();
    let from = finale(history).or(quiet).unwrap_or(0);
    let shows = |o: &&Operation| {
        o.f == "read" && o.outcome == Outcome::Ok && o.invoked >= from && w.correct(node(o))
    };
    ops.iter().filter(shows).collect()
}

/// Whether some promise about operations is broken.
pub fn operations(w: &World, history: &History, property: &str) -> bool {
    let ops = history.operations();
    match property {
        "termination" => ops.iter().filter(|o| w.correct(node(o))).any(|o| {
            let obliged = o.invoked >= w.heal || o.completed.is_none();
            obliged && ended(o).is_none()
        }),
        "availability" => {
            let calm: Vec<_> = ops.iter().filter(|o| o.invoked >= w.heal).collect();
            let ok = calm.iter().filter(|o| o.outcome == Outcome::Ok).count();
            ok * 2 < calm.len()
        }
        "unique ids" => {
            let ok = || ops.iter().filter(|o| o.outcome == Outcome::Ok);
            ok().any(|a| ok().any(|b| a.invoked != b.invoked && a.output == b.output))
        }
        "convergence" => {
            let reads = last_reads(w, history, &ops);
            reads.iter().any(|a| reads.iter().any(|b| a.output != b.output))
        }
        "no lost write" | "no stale sibling" => {
            let list = |value: &Value| match value {
                Value::List(list) => list.clone(),
                other => panic!("{other} is no list"),
            };
            let reads = last_reads(w, history, &ops);
            let has = |read: &Operation, value: &Value| list(&read.output).contains(value);
            let writes = || ops.iter().filter(|o| o.f == "write" && o.outcome != Outcome::Fail);
            let acknowledged = |o: &Operation| o.outcome == Outcome::Ok;
            let replaces = |o: &Operation, value: &Value| list(&o.input)[1..].contains(value);
            !reads.is_empty()
                && writes().any(|o| {
                    let written = list(&o.input);
                    let value = &written[0];
                    if property == "no lost write" {
                        acknowledged(o)
                            && !writes().any(|by| replaces(by, value))
                            && !reads.iter().any(|read| has(read, value))
                    } else {
                        writes().any(|by| acknowledged(by) && replaces(by, value))
                            && reads.iter().all(|read| has(read, value))
                    }
                })
        }
        other => panic!("no oracle for {other}"),
    }
}
