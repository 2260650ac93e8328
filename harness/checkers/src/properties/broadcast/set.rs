//! Broadcast judged from outside: what was acknowledged must be in every node's final read.
//!
//! Operations: `broadcast` (value: the element) and `read` (result: all elements the node knows).
//! For programs that tell no events. An element is *known* once its broadcast was acknowledged or
//! any read has shown it. Every correct node's last read that was invoked in the final phase (in a
//! history without phases, its last read) must show every known element. Elements whose broadcast
//! failed or is in doubt and which no read shows are nobody's duty.
//!
//! * An element that nobody broadcast, or that a node had shown and no longer shows in its final
//!   read, is a violation: sets only grow.
//! * A known element that a final read lacks is missed by the deadline.
//! * A correct node without a final read leaves the promise unknown.
//!
//! Antecedent: a known element. Stress: a fault was in force between its broadcast and the final
//! reads began. Details: how many elements were stale (known, then missing from a later read of some
//! node) and how many were never read.

use super::super::operations::{Op, operations};
use super::super::run::{Breaches, Moment, Run, name};
use crate::{Finding, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::{Entry, Outcome, Phase, Value};

/// One element that somebody tried to broadcast.
struct Element<'h> {
    value: &'h Value,
    invoked: u64,
    begin: u64,
    /// When it became known, as a record index.
    known: u64,
    acknowledged: Option<u64>,
    stale: bool,
    read: bool,
}

/// Judges the final reads of a broadcast workload.
pub(in super::super) fn broadcast_set(run: &Run<'_>) -> Finding {
    let operations = operations(run.history);
    let mut elements: Vec<Element<'_>> = Vec::new();
    let mut numbers: FxHashMap<&Value, usize> = FxHashMap::default();
    for op in operations.iter().filter(|o| o.f == "broadcast") {
        let known = if op.outcome == Outcome::Ok { op.end } else { u64::MAX };
        let number = *numbers.entry(op.input).or_insert(elements.len());
        if number == elements.len() {
            elements.push(Element {
                value: op.input,
                invoked: op.invoked,
                begin: op.begin,
                known: u64::MAX,
                acknowledged: None,
                stale: false,
                read: false,
            });
        }
        let element = &mut elements[number];
        if known < element.known {
            element.known = known;
            element.acknowledged = Some(op.end);
        }
    }
    let mut breaches = Breaches::default();
    let mut reads: Vec<&Op<'_>> = operations
        .iter()
        .filter(|o| o.f == "read" && o.outcome == Outcome::Ok && o.output.as_list().is_some())
        .collect();
    reads.sort_unstable_by_key(|o| o.end);
    let finale = Entry::Phase(Phase::Final);
    let finale = run.history.records.iter().find(|r| r.entry == finale).map_or(0, |r| r.index);
    // Per node: what its reads have shown so far (with the read that did), and its final read.
    let mut shown: Vec<FxHashMap<usize, u64>> = vec![FxHashMap::default(); run.nodes()];
    let mut last: Vec<Option<&Op<'_>>> = vec![None; run.nodes()];
    for &read in &reads {
        let Some(node) = read.node.filter(|&n| n < run.nodes()) else { continue };
        for value in read.output.as_list().unwrap_or_default() {
            match numbers.get(value) {
                Some(&number) if elements[number].invoked < read.end => {
                    elements[number].read = true;
                    elements[number].known = elements[number].known.min(read.end);
                    shown[node].entry(number).or_insert(read.end);
                }
                _ => breaches.add(|| {
                    let text = format!(
                        "{} showed {value} at {}, which nobody had broadcast",
                        name(node),
                        run.at(read.end)
                    );
                    (text, vec![read.end])
                }),
            }
        }
        if read.invoked >= finale {
            last[node] = Some(read);
        }
    }
    let mut present: FxHashSet<usize> = FxHashSet::default();
    // Staleness: a read that began after an element was known and lacks it.
    let mut by_known: Vec<usize> = (0..elements.len()).collect();
    by_known.sort_unstable_by_key(|&n| elements[n].known);
    for &read in &reads {
        let until = by_known.partition_point(|&n| elements[n].known < read.invoked);
        collect(&mut present, read, &numbers);
        for &n in &by_known[..until] {
            elements[n].stale |= !present.contains(&n);
        }
    }
    let mut missed = Breaches::default();
    let mut silent = None;
    for node in run.correct_nodes() {
        let Some(read) = last[node] else {
            silent.get_or_insert(node);
            continue;
        };
        collect(&mut present, read, &numbers);
        for (number, element) in elements.iter().enumerate() {
            let due = match finale {
                0 => element.known < read.invoked,
                _ => element.known != u64::MAX && element.invoked < finale,
            };
            if !due || present.contains(&number) {
                continue;
            }
            let (value, end) = (element.value, read.end);
            if let Some(&once) = shown[node].get(&number) {
                breaches.add(|| {
                    let text = format!(
                        "{} showed {value} at {} and no longer at {}",
                        name(node),
                        run.at(once),
                        run.at(end)
                    );
                    (text, vec![element.invoked, once, end])
                });
            } else {
                missed.add(|| absent(run, element, node, read));
            }
        }
    }
    conclude(run, &elements, breaches, missed, silent, finale)
}

/// The numbers of the elements a read shows.
fn collect(present: &mut FxHashSet<usize>, read: &Op<'_>, numbers: &FxHashMap<&Value, usize>) {
    present.clear();
    let shown = read.output.as_list().unwrap_or_default();
    present.extend(shown.iter().filter_map(|v| numbers.get(v).copied()));
}

fn absent(run: &Run<'_>, element: &Element<'_>, node: usize, read: &Op<'_>) -> (String, Vec<u64>) {
    let how = match element.acknowledged {
        Some(at) => format!("was acknowledged at {}", run.at(at)),
        None => format!("was read at {}", run.at(element.known)),
    };
    let text = format!(
        "{} {how}, but the final read of {} at {} lacks it",
        element.value,
        name(node),
        run.at(read.end)
    );
    (text, vec![element.invoked, element.known, read.end])
}

fn conclude(
    run: &Run<'_>,
    elements: &[Element<'_>],
    breaches: Breaches,
    missed: Breaches,
    silent: Option<usize>,
    finale: u64,
) -> Finding {
    let known = || elements.iter().filter(|e| e.known != u64::MAX);
    let antecedents = known().count() as u64;
    let end = run.record(finale).map_or(run.deadline(), |r| r.time);
    let end = if finale == 0 { run.deadline() } else { end };
    let stress = known().filter(|e| run.spells.meet(e.begin, end)).count() as u64;
    let stale = elements.iter().filter(|e| e.stale).count();
    let never_read = known().filter(|e| !e.read).count();
    let (status, breaches) = if breaches.is_empty() {
        (Status::NotByDeadline, missed)
    } else {
        (Status::Violated, breaches)
    };
    let unread = silent.filter(|_| breaches.is_empty() && antecedents > 0);
    let mut finding = if let Some(node) = unread {
        let by = Moment(run.deadline());
        run.unknown(format!("{} is correct but has no final read (after {by})", name(node)))
            .counted(antecedents, stress)
    } else {
        run.verdict(
            status,
            breaches,
            antecedents,
            stress,
            "with a fault in force while they spread",
        )
    };
    let breaches = finding.details.get("breaches").and_then(|b| b.as_u64()).unwrap_or(0);
    finding.details = serde_json::json!({
        "breaches": breaches, "stale": stale, "never_read": never_read,
    });
    finding
}
