//! Whether broadcast messages arrive: everywhere, once, and only if somebody sent them.
//!
//! * **validity**: a correct process eventually delivers what it broadcasts. Antecedent: a
//!   broadcast by a correct process. Stress: a fault was in force before its last delivery.
//! * **best-effort validity**: every correct process does. Same counts.
//! * **no duplication**: no life of an honest process delivers a message twice. Antecedent: a
//!   delivery. Stress: a link to the process duplicated or lost copies.
//! * **no creation**: what is delivered from an honest process was broadcast by it before.
//!   Antecedent and stress: a delivery; in a run with liars, one after the first of them turned.
//! * **agreement**: what some correct process delivers, every correct process eventually delivers.
//!   Antecedent: a message delivered by a correct process. Stress: its sender is not correct, or a
//!   fault was in force while it spread.
//! * **uniform agreement**: what any honest process delivers, crashed or not, every correct process
//!   eventually delivers. Antecedent: a message delivered by an honest process. Stress: one of them
//!   crashed afterwards.

use super::super::crashes::silenced;
use super::super::link::delivered_again;
use super::super::payloads::{Bits, Payloads};
use super::super::run::{Breaches, Moment, Run, Told, name};
use super::{rough, seen};
use crate::{Finding, Status};
use schism_history::{Entry, Nanos};

/// How far one message got. Records are given by index, `u64::MAX` if there is none.
struct Spread {
    broadcast: u64,
    by_correct: u64,
    by_honest: u64,
    begin: Nanos,
    end: Nanos,
    origin: u32,
    by_doomed: bool,
}

impl Spread {
    fn origin(&self) -> usize {
        self.origin as usize
    }
}

/// How far every message got before the deadline.
fn spreads(run: &Run<'_>) -> (Vec<Spread>, Bits) {
    let mut payloads = Payloads::default();
    let mut spreads: Vec<Spread> = Vec::new();
    let mut delivered = Bits::new(run.nodes());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told) else { continue };
        let Told { index, time, node, .. } = told;
        if !run.in_time(index) {
            break;
        }
        if seen.number == spreads.len() {
            spreads.push(Spread {
                broadcast: u64::MAX,
                by_correct: u64::MAX,
                by_honest: u64::MAX,
                begin: time,
                end: time,
                origin: seen.origin as u32,
                by_doomed: false,
            });
        }
        let spread = &mut spreads[seen.number];
        if seen.broadcast {
            spread.broadcast = spread.broadcast.min(index);
            continue;
        }
        delivered.set(seen.number, node);
        spread.end = time;
        if run.correct(node) {
            spread.by_correct = spread.by_correct.min(index);
        }
        if run.honest(node) {
            spread.by_honest = spread.by_honest.min(index);
            spread.by_doomed |= run.crashes_after(node, index);
        }
    }
    (spreads, delivered)
}

/// The verdict on a promise that obliges correct processes to deliver. `owed` says for a message
/// since which record, if at all; `stressed` whether that was hard; `to` restricts the obligation.
fn owed_deliveries(
    run: &Run<'_>,
    owed: impl Fn(&Spread) -> u64,
    stressed: impl Fn(&Spread) -> bool,
    only_origin: bool,
    stressor: &str,
) -> Finding {
    let (spreads, delivered) = spreads(run);
    let everyone = delivered.mask(run.correct_nodes());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut settled = None;
    for (number, spread) in spreads.iter().enumerate() {
        let since = owed(spread);
        if since == u64::MAX {
            continue;
        }
        antecedents += 1;
        stress += u64::from(stressed(spread));
        settled = settled.max(Some(spread.end));
        let missing = if only_origin {
            Some(spread.origin()).filter(|&o| !delivered.get(number, o))
        } else if delivered.covers(number, &everyone) {
            None
        } else {
            delivered.missing(number, run.correct_nodes())
        };
        if let Some(missing) = missing {
            breaches.add(|| never_delivered(run, spread, since, missing));
        }
    }
    let kept = breaches.is_empty();
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

fn never_delivered(
    run: &Run<'_>,
    spread: &Spread,
    since: u64,
    missing: usize,
) -> (String, Vec<u64>) {
    let origin = name(spread.origin());
    let Some(Entry::Event(event)) = run.record(since).map(|r| &r.entry) else {
        return ("a message was not delivered".into(), vec![since]);
    };
    let value = &event.value;
    let missing = name(missing);
    let deadline = Moment(run.deadline());
    let mut text = if since == spread.broadcast {
        let whom = if missing == origin { "itself".into() } else { format!("{missing}") };
        format!(
            "correct {origin} broadcast {value} at {}, but {whom} had not delivered it by {deadline}",
            run.at(since),
        )
    } else {
        format!(
            "{} delivered {value} from {origin} at {}, but correct {missing} had not by {deadline}",
            event.node,
            run.at(since),
        )
    };
    let mut witness = vec![spread.broadcast, since];
    let mut tellers = vec![(spread.origin(), spread.broadcast)];
    if spread.origin() != usize::from(event.node.0) {
        tellers.push((usize::from(event.node.0), since));
    }
    for (teller, since) in tellers {
        if let Some((reason, records)) = silenced(run, teller, since, missing) {
            text += &format!("; {reason}");
            witness.extend(records);
        }
    }
    (text, witness)
}

/// A broadcast by a correct process obliges.
fn valid(run: &Run<'_>, only_origin: bool) -> Finding {
    owed_deliveries(
        run,
        |s| if run.correct(s.origin()) { s.broadcast } else { u64::MAX },
        |s| run.spells.meet(s.begin, s.end),
        only_origin,
        "with a fault in force before the last delivery",
    )
}

/// Judges validity.
pub(in super::super) fn validity(run: &Run<'_>) -> Finding {
    valid(run, true)
}

/// Judges best-effort validity.
pub(in super::super) fn best_effort_validity(run: &Run<'_>) -> Finding {
    valid(run, false)
}

/// Judges agreement.
pub(in super::super) fn agreement(run: &Run<'_>) -> Finding {
    owed_deliveries(
        run,
        |s| s.by_correct,
        |s| !run.correct(s.origin()) || run.spells.meet(s.begin, s.end),
        false,
        "from a faulty sender or with a fault in force while they spread",
    )
}

/// Judges uniform agreement.
pub(in super::super) fn uniform_agreement(run: &Run<'_>) -> Finding {
    let stressor = "delivered by a process that then crashed";
    owed_deliveries(run, |s| s.by_honest, |s| s.by_doomed, false, stressor)
}

/// How far one broadcast by a correct process got.
pub(in super::super) struct Reach {
    /// The record of the broadcast.
    pub(in super::super) index: u64,
    /// How many correct processes delivered it in time.
    pub(in super::super) reached: u64,
    /// How many correct processes there are.
    pub(in super::super) correct: u64,
    /// Whether messages were lost in the run, or a fault was in force while it spread.
    pub(in super::super) stressed: bool,
}

/// How far each broadcast by a correct process got.
pub(in super::super) fn reaches(run: &Run<'_>) -> Vec<Reach> {
    let (spreads, delivered) = spreads(run);
    let correct: Vec<usize> = run.correct_nodes().collect();
    let lossy = correct.iter().any(|&n| run.network.reorders_into(n));
    let reach = |(number, spread): (usize, &Spread)| {
        let reached = correct.iter().filter(|&&n| delivered.get(number, n)).count() as u64;
        (spread.broadcast != u64::MAX && run.correct(spread.origin())).then(|| Reach {
            index: spread.broadcast,
            reached,
            correct: correct.len() as u64,
            stressed: lossy || run.spells.meet(spread.begin, spread.end),
        })
    };
    spreads.iter().enumerate().filter_map(reach).collect()
}

/// Judges no duplication.
pub(in super::super) fn no_duplication(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut delivered = Bits::new(run.lives());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told).filter(|s| !s.broadcast) else { continue };
        if !run.honest(told.node) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(rough(run, run.network.repeats_into(told.node)));
        if delivered.set(seen.number, told.life) {
            breaches.add(|| delivered_again(run, &told));
        }
    }
    let stressor = "at a node whose links duplicated or lost copies";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Judges no creation.
pub(in super::super) fn no_creation(run: &Run<'_>) -> Finding {
    let mut payloads = Payloads::default();
    let mut sent: Vec<bool> = Vec::new();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some(seen) = seen(&mut payloads, &told) else { continue };
        if seen.number == sent.len() {
            sent.push(false);
        }
        if seen.broadcast {
            sent[seen.number] = true;
            continue;
        }
        if !run.honest(told.node) || !run.honest(seen.origin) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(!run.has_liars() || run.spells.begun_by(told.time));
        if !sent[seen.number] {
            breaches.add(|| {
                let text = format!(
                    "{} delivered {} from {} at {}, which had not broadcast it",
                    name(told.node),
                    told.event.value,
                    name(seen.origin),
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "that could have been made up")
}
