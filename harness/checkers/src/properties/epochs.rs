//! Epochs: leaders that succeed each other, and what a decision binds them to.
//!
//! Events: `start-epoch` {number: timestamp, peer: leader}; `decide` {instance, number: timestamp of
//! the epoch, value}.
//! Within an epoch of consensus: `ep-abort`, `ep-aborted` and `ep-decide` {instance, number: timestamp}.
//!
//! * **epoch monotonicity**: the epochs a life of an honest process starts have rising timestamps.
//!   Antecedent: a start that follows another. Stress: one under another leader than that.
//! * **epoch consistency**: whoever starts an epoch names the same leader. Antecedent: a start of an
//!   epoch that another process has started. Stress: there had been several leaders by then.
//! * **eventual epoch leadership**: from some time on (throughout the final window) no correct
//!   process starts an epoch, all are in the same one, and its leader is correct. Antecedent: a
//!   correct process, once any epoch was started. Stress: one that started several.
//! * **lock-in**: if an honest process decided a value in an epoch, nobody honest decides another in
//!   a later epoch. Antecedent: a decision in a later epoch than another of its instance. Stress:
//!   different values were proposed to the instance.
//! * **abort behaviour**: a life of an honest process is done with an epoch of consensus only when it
//!   was told to abort it, and then once; afterwards it decides nothing in it, and a correct process
//!   that was told to abort is done with it in the end. Antecedent: an epoch that was aborted. Stress:
//!   somebody honest decided in the same epoch, so that the abort could have come too late.

use super::payloads::Payloads;
use super::run::{Breaches, Moment, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::Nanos;

/// Timestamp and leader of an epoch that an honest process starts.
fn started(run: &Run<'_>, told: &Told<'_>) -> Option<(u64, usize)> {
    let event = told.event;
    let starts = event.kind == "start-epoch" && run.honest(told.node);
    starts.then_some(())?;
    Some((event.number?, usize::from(event.peer?.0)))
}

/// Judges epoch monotonicity.
pub(super) fn monotonicity(run: &Run<'_>) -> Finding {
    let mut latest: FxHashMap<(usize, Option<u64>), (u64, usize, u64)> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((epoch, leader)) = started(run, &told) else { continue };
        let here = (told.life, told.event.instance);
        let Some((before, former, index)) = latest.insert(here, (epoch, leader, told.index)) else {
            continue;
        };
        antecedents += 1;
        stress += u64::from(former != leader);
        if epoch <= before {
            breaches.add(|| {
                let text = format!(
                    "{} started epoch {epoch} at {} after epoch {before} (at {})",
                    name(told.node),
                    run.at(told.index),
                    run.at(index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "with a change of leader")
}

/// Judges epoch consistency.
pub(super) fn consistency(run: &Run<'_>) -> Finding {
    let mut leaders: FxHashMap<(Option<u64>, u64), (usize, usize, u64)> = FxHashMap::default();
    let (mut first, mut several) = (None, false);
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((epoch, leader)) = started(run, &told) else { continue };
        several |= *first.get_or_insert(leader) != leader;
        let (by, named, index) =
            *leaders.entry((told.event.instance, epoch)).or_insert((told.node, leader, told.index));
        if by == told.node && named == leader {
            continue;
        }
        antecedents += 1;
        stress += u64::from(several);
        if named != leader {
            breaches.add(|| {
                let text = format!(
                    "{} started epoch {epoch} under {} at {}, {} under {} at {}",
                    name(by),
                    name(named),
                    run.at(index),
                    name(told.node),
                    name(leader),
                    run.at(told.index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "with several leaders so far")
}

/// The epoch a process is in.
#[derive(Clone, Copy)]
struct Current {
    life: usize,
    epoch: u64,
    leader: usize,
    index: u64,
    time: Nanos,
    earlier: bool,
}

/// Judges eventual epoch leadership.
pub(super) fn eventual_leadership(run: &Run<'_>) -> Finding {
    let mut current: Vec<Option<Current>> = vec![None; run.nodes()];
    for told in run.events().take_while(|t| run.in_time(t.index)) {
        let Some((epoch, leader)) = started(run, &told) else { continue };
        let Told { life, index, time, .. } = told;
        let earlier = current[told.node].is_some();
        current[told.node] = Some(Current { life, epoch, leader, index, time, earlier });
    }
    let anyone = current.iter().any(Option::is_some);
    let in_force = |n: usize| current[n].filter(|c| c.life == run.last_life(n));
    let first = run.correct_nodes().find_map(|n| Some((n, in_force(n)?)));
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut settled = None;
    for node in run.correct_nodes().filter(|_| anyone) {
        antecedents += 1;
        stress += u64::from(current[node].is_some_and(|c| c.earlier));
        let (Some(here), Some((other, first))) = (in_force(node), first) else {
            breaches.add(|| {
                let by = Moment(run.deadline());
                (format!("correct {} was in no epoch at {by}", name(node)), Vec::new())
            });
            continue;
        };
        settled = settled.max(Some(here.time));
        let wrong = if here.time > run.window() {
            format!("still started epoch {} in the final window", here.epoch)
        } else if !run.correct(here.leader) {
            format!("ended in epoch {} under faulty {}", here.epoch, name(here.leader))
        } else if (here.epoch, here.leader) != (first.epoch, first.leader) {
            format!(
                "ended in epoch {} under {}, {} in epoch {} under {}",
                here.epoch,
                name(here.leader),
                name(other),
                first.epoch,
                name(first.leader),
            )
        } else {
            continue;
        };
        breaches.add(|| (format!("correct {} {wrong}", name(node)), vec![first.index, here.index]));
    }
    let kept = breaches.is_empty();
    let stressor = "with several epochs";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// Judges lock-in.
pub(super) fn lock_in(run: &Run<'_>) -> Finding {
    struct Decision<'h> {
        instance: u64,
        epoch: u64,
        value: usize,
        told: Told<'h>,
    }
    let mut payloads = Payloads::default();
    let mut proposed: FxHashMap<u64, (usize, bool)> = FxHashMap::default();
    let mut decisions: Vec<Decision<'_>> = Vec::new();
    for told in run.events() {
        let decides = match told.event.kind.as_str() {
            "decide" => true,
            "propose" => false,
            _ => continue,
        };
        let instance = payloads.instance(told.event.instance);
        let value = payloads.number(0, &told.event.value);
        if !decides {
            let (first, contested) = proposed.entry(instance).or_insert((value, false));
            *contested |= *first != value;
        } else if let (true, Some(epoch)) = (run.honest(told.node), told.event.number) {
            decisions.push(Decision { instance, epoch, value, told });
        }
    }
    decisions.sort_unstable_by_key(|d| (d.instance, d.epoch, d.told.index));
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for instance in decisions.chunk_by(|a, b| a.instance == b.instance) {
        let contested = proposed.get(&instance[0].instance).is_some_and(|p| p.1);
        // Two different values from earlier epochs are enough to contradict any decision.
        let mut bound: Vec<&Decision<'_>> = Vec::new();
        for epoch in instance.chunk_by(|a, b| a.epoch == b.epoch) {
            for decision in epoch {
                antecedents += u64::from(!bound.is_empty());
                stress += u64::from(!bound.is_empty() && contested);
                if let Some(lock) = bound.iter().find(|b| b.value != decision.value) {
                    breaches.add(|| {
                        broke_lock(run, lock.epoch, &lock.told, decision.epoch, &decision.told)
                    });
                }
            }
            for decision in epoch {
                if bound.len() < 2 && bound.iter().all(|b| b.value != decision.value) {
                    bound.push(decision);
                }
            }
        }
    }
    let stressor = "in instances with different proposals";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

fn broke_lock(
    run: &Run<'_>,
    earlier: u64,
    lock: &Told<'_>,
    later: u64,
    told: &Told<'_>,
) -> (String, Vec<u64>) {
    let text = format!(
        "{} decided {} in epoch {later} at {}, though {} had decided {} in epoch {earlier} at {}",
        name(told.node),
        told.event.value,
        run.at(told.index),
        name(lock.node),
        lock.event.value,
        run.at(lock.index),
    );
    (text, vec![lock.index, told.index])
}

/// What a life did with an epoch of consensus.
#[derive(Default)]
struct Abort {
    asked: Option<u64>,
    done: Option<u64>,
}

/// Judges abort behaviour.
pub(super) fn abort_behaviour(run: &Run<'_>) -> Finding {
    type Epoch = (Option<u64>, u64);
    let mut aborts: FxHashMap<(usize, Epoch), Abort> = FxHashMap::default();
    let mut decided: FxHashSet<Epoch> = FxHashSet::default();
    let mut breaches = Breaches::default();
    for told in run.events().filter(|t| run.honest(t.node)) {
        let Some(number) = told.event.number else { continue };
        let epoch = (told.event.instance, number);
        let here = (told.life, epoch);
        let mut breach = |what: String, before: Option<u64>| {
            breaches.add(|| {
                let (who, at) = (name(told.node), run.at(told.index));
                let text = format!("{who} {what} epoch {number} of {} at {at}", instance(&told));
                (text, before.into_iter().chain([told.index]).collect())
            });
        };
        match told.event.kind.as_str() {
            "ep-abort" => {
                aborts.entry(here).or_default().asked.get_or_insert(told.index);
            }
            "ep-aborted" => {
                let abort = aborts.entry(here).or_default();
                if abort.asked.is_none() {
                    breach("was done, unasked, with".into(), None);
                } else if let Some(done) = abort.done {
                    breach(format!("was done again (as at {}) with", run.at(done)), Some(done));
                }
                abort.done.get_or_insert(told.index);
            }
            "ep-decide" => {
                decided.insert(epoch);
                if let Some(done) = aborts.get(&here).and_then(|abort| abort.done) {
                    breach(
                        format!("aborted (at {}) and then decided in", run.at(done)),
                        Some(done),
                    );
                }
            }
            _ => {}
        }
    }
    let mut owed: Vec<(u64, usize, u64)> = Vec::new();
    let (mut antecedents, mut stress) = (0, 0);
    for ((life, epoch), abort) in &aborts {
        let Some(asked) = abort.asked else { continue };
        antecedents += 1;
        stress += u64::from(decided.contains(epoch));
        let node = run.correct_nodes().find(|&n| run.last_life(n) == *life);
        if let (None, Some(node), true) = (abort.done, node, run.in_time(asked)) {
            owed.push((asked, node, epoch.1));
        }
    }
    owed.sort_unstable();
    let mut late = Breaches::default();
    for (asked, node, number) in owed {
        late.add(|| {
            let (who, at, by) = (name(node), run.at(asked), Moment(run.deadline()));
            let text = format!(
                "correct {who} was told to abort epoch {number} at {at}, and was not done by {by}"
            );
            (text, vec![asked])
        });
    }
    let (status, breaches) = if breaches.is_empty() {
        (Status::NotByDeadline, late)
    } else {
        (Status::Violated, breaches)
    };
    let stressor = "in an epoch in which somebody decided";
    run.verdict(status, breaches, antecedents, stress, stressor)
}

fn instance(told: &Told<'_>) -> String {
    told.event.instance.map_or("its only instance".into(), |i| format!("instance {i}"))
}
