//! Broadcast by a sender who may lie, and broadcast that always ends.
//!
//! Here a broadcast is named by its sender together with instance and number, not by its payload:
//! events `broadcast` {instance, number, value} and `deliver` {peer: sender, instance, number, value}.
//! Events that name neither instance nor number are about the only broadcast of their sender.
//!
//! * **consistency**: no two correct processes deliver different payloads for one broadcast.
//!   Antecedent: a delivery by a correct process of a broadcast another delivered before. Stress: its
//!   sender lied.
//! * **totality**: if some correct process delivers a broadcast, every correct one does. Antecedent:
//!   a broadcast some correct process delivered. Stress: its sender is not correct.
//! * **termination**: every correct process delivers something for every broadcast anybody correct
//!   knows of; nil stands for the word that the sender is faulty. Same counts, per broadcast that a
//!   correct process began or delivered.
//! * **integrity**: no life of an honest process delivers twice for one broadcast, and what it
//!   delivers from an honest sender is what that sender broadcast before, or nil. Antecedent: a
//!   delivery. Stress: a fault had begun.

use super::super::payloads::{Bits, Payloads};
use super::super::run::{Breaches, Moment, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;

/// What names a broadcast.
type Name = (usize, Option<u64>, Option<u64>);

/// The broadcast an event is about, and whether it delivers.
fn about(told: &Told<'_>) -> Option<(bool, Name)> {
    let event = told.event;
    let (delivers, sender) = match event.kind.as_str() {
        "broadcast" => (false, told.node),
        "deliver" => (true, event.peer.map_or(told.node, |p| usize::from(p.0))),
        _ => return None,
    };
    Some((delivers, (sender, event.instance, event.number)))
}

/// Judges consistency.
pub(in super::super) fn consistency(run: &Run<'_>) -> Finding {
    let mut first: FxHashMap<Name, Told<'_>> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events().filter(|t| run.correct(t.node)) {
        let Some((true, broadcast)) = about(&told) else { continue };
        let Some(before) = first.get(&broadcast) else {
            first.insert(broadcast, told);
            continue;
        };
        antecedents += 1;
        stress += u64::from(!run.honest(broadcast.0));
        if before.event.value != told.event.value {
            breaches.add(|| {
                let text = format!(
                    "from {}, correct {} delivered {} at {} and correct {} {} at {}",
                    name(broadcast.0),
                    name(before.node),
                    before.event.value,
                    run.at(before.index),
                    name(told.node),
                    told.event.value,
                    run.at(told.index),
                );
                (text, vec![before.index, told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "from a sender who lied")
}

/// Judges totality.
pub(in super::super) fn totality(run: &Run<'_>) -> Finding {
    everyone_delivers(run, false)
}

/// Judges the termination of a broadcast that always ends.
pub(in super::super) fn termination(run: &Run<'_>) -> Finding {
    everyone_delivers(run, true)
}

fn everyone_delivers(run: &Run<'_>, once_begun: bool) -> Finding {
    let mut numbers: FxHashMap<Name, usize> = FxHashMap::default();
    let mut known: Vec<(Name, Told<'_>)> = Vec::new();
    let mut delivered = Bits::new(run.nodes());
    let mut settled = None;
    for told in run.events().filter(|t| run.correct(t.node)) {
        if !run.in_time(told.index) {
            break;
        }
        let Some((delivers, broadcast)) = about(&told) else { continue };
        if !delivers && !once_begun {
            continue;
        }
        let next = known.len();
        let number = *numbers.entry(broadcast).or_insert(next);
        if delivers {
            settled = Some(told.time);
            delivered.set(number, told.node);
        }
        if number == next {
            known.push((broadcast, told));
        }
    }
    let everyone = delivered.mask(run.correct_nodes());
    let (mut stress, mut breaches) = (0, Breaches::default());
    for (number, (broadcast, told)) in known.iter().enumerate() {
        stress += u64::from(!run.correct(broadcast.0));
        if delivered.covers(number, &everyone) {
            continue;
        }
        breaches.add(|| {
            let missing = delivered.missing(number, run.correct_nodes()).unwrap_or_default();
            let text = format!(
                "correct {} {} {} at {}, but correct {} had delivered nothing for it by {}",
                name(told.node),
                if told.event.kind == "deliver" { "delivered" } else { "broadcast" },
                told.event.value,
                run.at(told.index),
                name(missing),
                Moment(run.deadline()),
            );
            (text, vec![told.index])
        });
    }
    let kept = breaches.is_empty();
    let antecedents = known.len() as u64;
    let stressor = "from a sender that was not correct";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// Judges integrity.
pub(in super::super) fn integrity(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut sent: FxHashMap<(Name, usize), ()> = FxHashMap::default();
    let mut first: FxHashMap<(usize, Name), u64> = FxHashMap::default();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events().filter(|t| run.honest(t.node)) {
        let Some((delivers, broadcast)) = about(&told) else { continue };
        let value = payloads.number(0, &told.event.value);
        if !delivers {
            sent.insert((broadcast, value), ());
            continue;
        }
        antecedents += 1;
        stress += u64::from(run.spells.begun_by(told.time));
        let index = *first.entry((told.life, broadcast)).or_insert(told.index);
        let made_up = run.honest(broadcast.0)
            && !told.event.value.is_nil()
            && !sent.contains_key(&(broadcast, value));
        if made_up || index != told.index {
            breaches.add(|| {
                let what = if made_up {
                    format!("which {} had not broadcast", name(broadcast.0))
                } else {
                    format!("having delivered for the same broadcast at {}", run.at(index))
                };
                let text = format!(
                    "{} delivered {} from {} at {}, {what}",
                    name(told.node),
                    told.event.value,
                    name(broadcast.0),
                    run.at(told.index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "after a fault had begun")
}
