//! Leaders: who is trusted, and who leads a term.
//!
//! Events: `trust` {peer: the leader} tells whom a process now takes for its leader; `lead`
//! {number: term} that the process itself leads a term, `step-down` that it no longer does.
//!
//! * **eventual accuracy**: from some time on, every correct process trusts a correct one.
//! * **eventual leadership agreement**: from some time on, all correct processes trust the same
//!   correct one. For both, it must be so throughout the final window. A process that never told
//!   whom it trusts in its present life trusts nobody. Antecedent: a correct process that ever
//!   trusted somebody, or should have. Stress: one that changed its mind.
//! * **eventual leadership**: the name of the same promise for a perfect leader election.
//! * **leader accuracy**: when a process elects a leader that has not crashed, every other process
//!   elected before, by anybody, has crashed. Antecedent: an election. Stress: one of somebody else
//!   than the first leader.
//! * **election safety**: a term (of one instance) has at most one leader among the honest.
//!   Antecedent: a `lead`. Stress: one of a new term while the former leader was up, still or again.

use super::run::{Breaches, Moment, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Entry, Nanos, NodeChange, Record};

/// Whom a process trusts at the deadline.
#[derive(Clone, Copy, Default)]
struct Trust {
    life: usize,
    leader: Option<usize>,
    index: u64,
    since: Nanos,
    changes: u32,
}

fn trusts(run: &Run<'_>) -> Vec<Trust> {
    let mut trusts: Vec<Trust> =
        (0..run.nodes()).map(|life| Trust { life, ..Trust::default() }).collect();
    for told in run.events() {
        if !run.in_time(told.index) {
            break;
        }
        let trust = &mut trusts[told.node];
        if trust.life != told.life {
            let changes = trust.changes + u32::from(trust.leader.is_some());
            *trust = Trust { life: told.life, changes, ..Trust::default() };
        }
        if told.event.kind != "trust" {
            continue;
        }
        let leader = told.event.peer.map(|p| usize::from(p.0));
        if leader != trust.leader {
            trust.changes += u32::from(trust.index != 0 || trust.leader.is_some());
            (trust.leader, trust.index, trust.since) = (leader, told.index, told.time);
        }
    }
    for (node, trust) in trusts.iter_mut().enumerate() {
        if trust.life != run.last_life(node) && trust.leader.take().is_some() {
            trust.changes += 1;
        }
    }
    trusts
}

/// The common verdict of the promises about trust: `wrong` says what is wrong with the leader of a
/// process.
fn settled_trust(
    run: &Run<'_>,
    trusts: &[Trust],
    wrong: impl Fn(usize, usize) -> Option<(String, Vec<u64>)>,
) -> Finding {
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut settled = None;
    let anyone = trusts.iter().any(|t| t.leader.is_some() || t.changes > 0);
    for node in run.correct_nodes().filter(|_| anyone) {
        let trust = trusts[node];
        antecedents += 1;
        stress += u64::from(trust.changes > 0);
        let Some(leader) = trust.leader else {
            breaches.add(|| {
                let by = Moment(run.deadline());
                (format!("correct {} trusted nobody at {by}", name(node)), Vec::new())
            });
            continue;
        };
        settled = settled.max(Some(trust.since));
        if let Some((text, mut witness)) = wrong(node, leader) {
            witness.push(trust.index);
            breaches.add(|| (text, witness));
        } else if trust.since > run.window() {
            breaches.add(|| {
                let text = format!(
                    "correct {} still changed its leader at {} (to {}), in the final window (from {})",
                    name(node),
                    Moment(trust.since),
                    name(leader),
                    Moment(run.window()),
                );
                (text, vec![trust.index])
            });
        }
    }
    let kept = breaches.is_empty();
    let stressor = "with a change of leader";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// Says that the leader of a process is not correct, if so.
fn faulty(run: &Run<'_>, node: usize, leader: usize) -> Option<(String, Vec<u64>)> {
    if run.correct(leader) {
        return None;
    }
    let crash = run.crashes(leader).last();
    let what = match crash {
        Some((_, time)) => format!("which crashed at {}", Moment(*time)),
        None => "which is faulty".into(),
    };
    let by = Moment(run.deadline());
    let text = format!("correct {} trusted {} at {by}, {what}", name(node), name(leader));
    Some((text, crash.map(|c| c.0).into_iter().collect()))
}

/// Judges eventual accuracy.
pub(super) fn eventual_accuracy(run: &Run<'_>) -> Finding {
    settled_trust(run, &trusts(run), |node, leader| faulty(run, node, leader))
}

/// Judges eventual agreement on a correct leader.
pub(super) fn eventual_leadership_agreement(run: &Run<'_>) -> Finding {
    let trusts = trusts(run);
    let first = run.correct_nodes().find(|&n| trusts[n].leader.is_some());
    settled_trust(run, &trusts, |node, leader| {
        let first = first.filter(|&f| trusts[f].leader != Some(leader));
        let Some((first, other)) = first.and_then(|f| Some((f, trusts[f].leader?))) else {
            return faulty(run, node, leader);
        };
        let text = format!(
            "at {}, correct {} trusted {} and correct {} trusted {}",
            Moment(run.deadline()),
            name(first),
            name(other),
            name(node),
            name(leader),
        );
        Some((text, vec![trusts[first].index]))
    })
}

/// Judges the accuracy of a perfect leader election.
pub(super) fn leader_accuracy(run: &Run<'_>) -> Finding {
    let crash = |node: usize| run.crashes(node).first().map_or(u64::MAX, |&(index, _)| index);
    let crashes: Vec<u64> = (0..run.nodes()).map(crash).collect();
    // Elected leaders that have not crashed, with the record of their first election.
    let mut standing: Vec<(usize, u64)> = Vec::new();
    let mut elected = vec![false; run.nodes()];
    let mut first = None;
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        if told.event.kind != "trust" || !run.honest(told.node) {
            continue;
        }
        let Some(leader) = told.event.peer.map(|p| usize::from(p.0)) else { continue };
        antecedents += 1;
        stress += u64::from(*first.get_or_insert(leader) != leader);
        if crashes[leader] <= told.index {
            continue;
        }
        standing.retain(|&(node, _)| crashes[node] > told.index);
        if let Some(&(other, index)) = standing.iter().find(|&&(node, _)| node != leader) {
            breaches.add(|| {
                let text = format!(
                    "{} elected {} at {}, though {}, elected at {}, had not crashed",
                    name(told.node),
                    name(leader),
                    run.at(told.index),
                    name(other),
                    run.at(index),
                );
                (text, vec![index, told.index])
            });
        }
        if !std::mem::replace(&mut elected[leader], true) {
            standing.push((leader, told.index));
        }
    }
    let stressor = "of another leader than the first";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Every start of a node: which, and the record.
fn starts(run: &Run<'_>) -> Vec<(usize, u64)> {
    let started = |record: &Record| match &record.entry {
        Entry::Node(event) if matches!(event.change, NodeChange::Started { .. }) => {
            Some((usize::from(event.node.0), record.index))
        }
        _ => None,
    };
    run.history.records.iter().filter_map(started).collect()
}

/// Judges election safety.
pub(super) fn election_safety(run: &Run<'_>) -> Finding {
    let starts = starts(run);
    let mut leaders: FxHashMap<(Option<u64>, u64), (usize, u64)> = FxHashMap::default();
    let mut latest: FxHashMap<Option<u64>, (usize, u64, u64)> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let event = told.event;
        let (true, Some(term)) = (event.kind == "lead" && run.honest(told.node), event.number)
        else {
            continue;
        };
        antecedents += 1;
        let instance = event.instance;
        let former = latest.insert(instance, (told.node, term, told.index));
        if let Some((former, old, since)) = former {
            let crash = run.crashes(former).iter().rev().find(|&&(at, _)| at < told.index);
            let down = crash.is_some_and(|&(at, _)| {
                at > since && !starts.iter().any(|&(n, s)| n == former && s > at && s < told.index)
            });
            stress += u64::from(former != told.node && old != term && !down);
        }
        let (leader, index) = *leaders.entry((instance, term)).or_insert((told.node, told.index));
        if leader != told.node {
            breaches.add(|| {
                let text = format!(
                    "{} led term {term} from {} and {} from {}",
                    name(leader),
                    run.at(index),
                    name(told.node),
                    run.at(told.index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    let stressor = "of a new term while the former leader was up";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}
