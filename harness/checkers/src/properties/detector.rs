//! Failure detectors: who is thought to have crashed.
//!
//! Events: `suspect` {peer} and `restore` {peer}. A detector starts without suspicions, and starts
//! so again in every life of its process.
//!
//! * **strong completeness**: every process that crashed is, from some time on, suspected by every
//!   correct process. Antecedent and stress: such a pair.
//! * **strong accuracy**: no honest process suspects another before that one crashes. Antecedent: an
//!   ordered pair of nodes. Stress: the pair, if a fault landed that could mislead the detector.
//! * **eventual strong accuracy**: from some time on, no correct process suspects a correct one: none
//!   does in the final window. Antecedent: an ordered pair of correct processes. Stress: a pair that
//!   had such a suspicion before, so that there was something to take back.

use super::run::{Breaches, Moment, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Nanos, ProtocolEvent};

/// Whether an event raises or withdraws a suspicion, and whose.
#[inline]
fn suspicion(event: &ProtocolEvent) -> Option<(bool, usize)> {
    let suspects = match event.kind.as_str() {
        "suspect" => true,
        "restore" => false,
        _ => return None,
    };
    Some((suspects, usize::from(event.peer?.0)))
}

/// The suspicions of one process about another.
#[derive(Clone, Copy, Default)]
struct Opinion {
    life: usize,
    /// The record that raised the standing suspicion, if there is one, and its time.
    since: Option<(u64, Nanos)>,
    /// When the last suspicion was withdrawn, with the record that had raised it.
    withdrawn: Option<(u64, Nanos)>,
}

/// What every process thinks of every other at the deadline.
fn opinions(run: &Run<'_>) -> FxHashMap<(u32, u32), Opinion> {
    let mut opinions: FxHashMap<(u32, u32), Opinion> = FxHashMap::default();
    // A suspicion dies with the life that had it.
    let lapse = |node: u32, opinion: &mut Opinion| {
        if let Some((raised, since)) = opinion.since.take() {
            let crash = run.crashes(node as usize).iter().find(|&&(_, time)| time >= since);
            opinion.withdrawn = Some((raised, crash.map_or(since, |&(_, time)| time)));
        }
    };
    for told in run.events() {
        if !run.in_time(told.index) {
            break;
        }
        let Some((suspects, peer)) = suspicion(told.event) else { continue };
        let opinion = opinions
            .entry((told.node as u32, peer as u32))
            .or_insert(Opinion { life: told.life, ..Opinion::default() });
        if opinion.life != told.life {
            lapse(told.node as u32, opinion);
            opinion.life = told.life;
        }
        if suspects {
            opinion.since.get_or_insert((told.index, told.time));
        } else if let Some((raised, _)) = opinion.since.take() {
            opinion.withdrawn = Some((raised, told.time));
        }
    }
    for (&(node, _), opinion) in &mut opinions {
        if opinion.life != run.last_life(node as usize) {
            lapse(node, opinion);
        }
    }
    opinions
}

/// Judges strong completeness.
pub(super) fn strong_completeness(run: &Run<'_>) -> Finding {
    let opinions = opinions(run);
    let (mut antecedents, mut breaches, mut settled) = (0, Breaches::default(), None);
    for crashed in (0..run.nodes()).filter(|&n| !run.correct(n) && run.honest(n)) {
        let Some(&(crash, _)) = run.crashes(crashed).last() else { continue };
        for node in run.correct_nodes() {
            antecedents += 1;
            let opinion = opinions.get(&(node as u32, crashed as u32)).copied();
            match opinion.and_then(|o| o.since) {
                Some((_, time)) => settled = settled.max(Some(time)),
                None => breaches.add(|| {
                    let text = format!(
                        "{} crashed at {}, but correct {} did not suspect it at {}",
                        name(crashed),
                        run.at(crash),
                        name(node),
                        Moment(run.deadline()),
                    );
                    let raised = opinion.and_then(|o| o.withdrawn).map_or(u64::MAX, |(r, _)| r);
                    (text, vec![crash, raised])
                }),
            }
        }
    }
    let kept = breaches.is_empty();
    let stressor = "of a crashed process and a correct one";
    let mut finding =
        run.verdict(Status::NotByDeadline, breaches, antecedents, antecedents, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// Judges strong accuracy.
pub(super) fn strong_accuracy(run: &Run<'_>) -> Finding {
    let crash = |node: usize| run.crashes(node).first().map_or(u64::MAX, |&(index, _)| index);
    let crashes: Vec<u64> = (0..run.nodes()).map(crash).collect();
    let mut breaches = Breaches::default();
    for told in run.events() {
        let Some((true, peer)) = suspicion(told.event) else { continue };
        if !run.honest(told.node) || !run.honest(peer) || told.index > crashes[peer] {
            continue;
        }
        breaches.add(|| {
            let later = match crashes[peer] {
                u64::MAX => "which never crashed".to_string(),
                index => format!("which crashed only at {}", run.at(index)),
            };
            let text = format!(
                "{} suspected {} at {}, {later}",
                name(told.node),
                name(peer),
                run.at(told.index)
            );
            (text, vec![told.index, crashes[peer]])
        });
    }
    let honest = (0..run.nodes()).filter(|&n| run.honest(n)).count() as u64;
    let pairs = honest * honest.saturating_sub(1);
    let stress = if run.spells.any() { pairs } else { 0 };
    let stressor = "in a run where a fault landed";
    run.verdict(Status::Violated, breaches, pairs, stress, stressor)
}

/// Judges eventual strong accuracy.
pub(super) fn eventual_strong_accuracy(run: &Run<'_>) -> Finding {
    let opinions = opinions(run);
    let correct = run.correct_nodes().count() as u64;
    let (mut stress, mut breaches, mut settled) = (0, Breaches::default(), None);
    let mut wrong: Vec<_> = opinions
        .iter()
        .map(|(&(node, peer), &opinion)| (node as usize, peer as usize, opinion))
        .filter(|&(node, peer, _)| node != peer && run.correct(node) && run.correct(peer))
        .collect();
    wrong.sort_unstable_by_key(|&(node, peer, _)| (node, peer));
    for (node, peer, opinion) in wrong {
        if opinion.since.is_none() && opinion.withdrawn.is_none() {
            continue;
        }
        stress += 1;
        let withdrawn = opinion.withdrawn.filter(|&(_, time)| time >= run.window());
        settled = settled.max(opinion.withdrawn.map(|(_, time)| time));
        let Some((raised, _)) = opinion.since.or(withdrawn) else { continue };
        breaches.add(|| {
            let until = match opinion.since {
                Some(_) => format!("and still did at {}", Moment(run.deadline())),
                None => format!("until {}", Moment(withdrawn.map_or(0, |(_, time)| time))),
            };
            let text = format!(
                "correct {} suspected correct {} from {} {until}, in the final window (from {})",
                name(node),
                name(peer),
                run.at(raised),
                Moment(run.window()),
            );
            (text, vec![raised])
        });
    }
    let kept = breaches.is_empty();
    let pairs = correct * correct.saturating_sub(1);
    let stressor = "with a suspicion to take back";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, pairs, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}
