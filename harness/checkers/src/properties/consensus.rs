//! Consensus: all decide one of the proposed values.
//!
//! Events: `propose` {instance, value} and `decide` {instance, value}. Without an instance there is
//! only one.
//!
//! * **termination**: if every correct process proposes, every correct process eventually decides.
//!   Antecedent: an instance to which every correct process proposed. Stress: a fault was in force
//!   between the first proposal and the last decision.
//! * **validity**: what an honest process decides was proposed before. A client that asked for a
//!   proposal (`propose` of an instance as key) shows it as well: its process may have stored the
//!   proposal and crashed before it could tell. Judged only among the honest: in a run with liars it
//!   is left to the weak and strong variants. Antecedent: a decision. Stress:
//!   its instance had different proposals.
//! * **weak validity**: the same, obliging only runs without a single liar.
//! * **strong validity**: if all correct processes propose the same value, no other is decided by a
//!   correct one; otherwise what is decided was proposed by a correct process, or is nil (blank). In
//!   a run without liars, what crashed processes propose counts as well. Antecedent: a decision of a
//!   correct process. Stress: a unanimous instance in a run with liars, or after a fault had begun.
//! * **integrity**: no life of an honest process decides an instance twice. Antecedent: a decision.
//!   Stress: a fault had begun.
//! * **agreement**: no two correct processes decide differently. Antecedent: a decision of a correct
//!   process in an instance where another came first. Stress: different values were proposed, and a
//!   fault was in force before the decision.
//! * **uniform agreement**: no two honest processes do, crashed or not. Same counts among the honest.

use super::crashes::chain;
use super::payloads::{Bits, Dense};
use super::run::{Breaches, Moment, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashSet;
use schism_history::{Entry, Nanos, OpKind, Value};
use smallvec::SmallVec;

/// Whether an event is a decision, and the dense number of the instance it concerns.
#[inline]
fn seen(instances: &mut Dense, told: &Told<'_>) -> Option<(bool, usize)> {
    let decides = match told.event.kind.as_str() {
        "propose" => false,
        "decide" => true,
        _ => return None,
    };
    Some((decides, instances.number(told.event.instance) as usize))
}

/// The different values proposed to an instance. There are seldom more than a few, which are
/// compared one by one; the others are hashed.
#[derive(Default)]
struct Proposals<'h> {
    few: SmallVec<[&'h Value; 4]>,
    many: FxHashSet<&'h Value>,
}

impl<'h> Proposals<'h> {
    fn contain(&self, value: &Value) -> bool {
        self.few.contains(&value) || self.many.contains(value)
    }

    fn add(&mut self, value: &'h Value) {
        if self.contain(value) {
        } else if self.few.len() < 16 {
            self.few.push(value);
        } else {
            self.many.insert(value);
        }
    }
}

/// The entry of a growing table.
fn slot<T: Default>(table: &mut Vec<T>, index: usize) -> &mut T {
    if index >= table.len() {
        table.resize_with(index + 1, T::default);
    }
    &mut table[index]
}

/// In which instance, in words; nothing if there is only one.
fn of(told: &Told<'_>) -> String {
    told.event.instance.map_or(String::new(), |i| format!(" in instance {i}"))
}

/// Judges termination.
pub(super) fn termination(run: &Run<'_>) -> Finding {
    #[derive(Default)]
    struct Instance {
        named: Option<u64>,
        first: Option<(u64, Nanos)>,
        last: Nanos,
    }
    let mut numbers = Dense::default();
    let mut instances: Vec<Instance> = Vec::new();
    let (mut proposed, mut decided) = (Bits::new(run.nodes()), Bits::new(run.nodes()));
    for told in run.events() {
        let Some((decides, instance)) = seen(&mut numbers, &told) else { continue };
        if !run.in_time(told.index) {
            break;
        }
        let state = slot(&mut instances, instance);
        state.named = told.event.instance;
        state.first.get_or_insert((told.index, told.time));
        if decides {
            decided.set(instance, told.node);
            state.last = told.time;
        } else {
            proposed.set(instance, told.node);
        }
    }
    let all = proposed.mask(run.correct_nodes());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let mut settled = None;
    for (i, instance) in instances.iter().enumerate() {
        let Some((index, time)) = instance.first else { continue };
        if !proposed.covers(i, &all) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(run.spells.meet(time, instance.last.max(time)));
        settled = settled.max(Some(instance.last));
        if let Some(node) = decided.missing(i, run.correct_nodes()) {
            breaches.add(|| {
                let text = format!(
                    "correct {} had not decided{} by {}, though every correct process had proposed",
                    name(node),
                    instance.named.map_or(String::new(), |i| format!(" instance {i}")),
                    Moment(run.deadline()),
                );
                (text, vec![index])
            });
        }
    }
    let kept = breaches.is_empty();
    let stressor = "with a fault in force before the last decision";
    let mut finding = run.verdict(Status::NotByDeadline, breaches, antecedents, stress, stressor);
    finding.settled_at = settled.filter(|_| kept);
    finding
}

/// What clients asked to be proposed: the record, the instance, the value.
fn asked<'h>(run: &Run<'h>) -> Vec<(u64, u64, &'h Value)> {
    let asked = run.history.records.iter().filter_map(|record| match &record.entry {
        Entry::Op(op) if op.kind == OpKind::Invoke && op.f == "propose" => {
            let instance = op.key.as_ref()?.as_int()?;
            Some((record.index, u64::try_from(instance).ok()?, &op.value))
        }
        _ => None,
    });
    asked.collect()
}

/// Judges validity among processes that crash.
pub(super) fn validity(run: &Run<'_>) -> Finding {
    let mut numbers = Dense::default();
    let mut proposals: Vec<Proposals<'_>> = Vec::new();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let judged = !run.has_liars();
    let mut asked = asked(run).into_iter().peekable();
    for told in run.events().filter(|_| judged) {
        let Some((decides, instance)) = seen(&mut numbers, &told) else { continue };
        if !decides {
            slot(&mut proposals, instance).add(&told.event.value);
            continue;
        }
        while let Some((_, instance, value)) = asked.next_if(|&(index, ..)| index < told.index) {
            slot(&mut proposals, numbers.number(Some(instance)) as usize).add(value);
        }
        let proposals = slot(&mut proposals, instance);
        antecedents += 1;
        stress += u64::from(proposals.few.len() > 1);
        if !proposals.contain(&told.event.value) {
            breaches.add(|| {
                let text = format!(
                    "{} decided {}{} at {}, which nobody had proposed",
                    name(told.node),
                    told.event.value,
                    of(&told),
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "with different proposals")
}

/// Judges strong validity.
pub(super) fn strong_validity(run: &Run<'_>) -> Finding {
    let mut numbers = Dense::default();
    let mut proposals: Vec<Proposals<'_>> = Vec::new();
    let mut proposers = Bits::new(run.nodes());
    let mut decisions = Vec::new();
    for told in run.events() {
        let Some((decides, instance)) = seen(&mut numbers, &told) else { continue };
        let counts = run.correct(told.node) || (!run.has_liars() && !decides);
        if !counts {
            continue;
        }
        if decides {
            decisions.push((told, instance));
        } else {
            slot(&mut proposals, instance).add(&told.event.value);
            proposers.set(instance, told.node);
        }
    }
    let all = proposers.mask(run.correct_nodes());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for (told, instance) in decisions {
        antecedents += 1;
        let value = &told.event.value;
        let proposed = slot(&mut proposals, instance);
        let common = match proposed.few[..] {
            [common] if proposers.covers(instance, &all) => Some(common),
            _ => None,
        };
        let faulty = run.has_liars() || run.spells.begun_by(told.time);
        stress += u64::from(common.is_some() && faulty);
        let blank = common.is_none() && value.is_nil();
        if !blank && !proposed.contain(value) {
            breaches.add(|| {
                let but = match common {
                    Some(common) => format!("though every correct process proposed {common}"),
                    None => "which no correct process had proposed".into(),
                };
                let text = format!(
                    "correct {} decided {value}{} at {}, {but}",
                    name(told.node),
                    of(&told),
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    let stressor = "unanimous, after a fault had begun or while others lied";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

/// Judges integrity.
pub(super) fn integrity(run: &Run<'_>) -> Finding {
    let mut numbers = Dense::default();
    let mut decided = Bits::new(run.lives());
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((true, instance)) = seen(&mut numbers, &told) else { continue };
        if !run.honest(told.node) {
            continue;
        }
        antecedents += 1;
        stress += u64::from(run.spells.begun_by(told.time));
        if decided.set(instance, told.life) {
            breaches.add(|| {
                let first = run.events().find(|t| {
                    t.life == told.life
                        && t.event.kind == "decide"
                        && t.event.instance == told.event.instance
                });
                let (value, index) =
                    first.map_or((&told.event.value, u64::MAX), |t| (&t.event.value, t.index));
                let text = format!(
                    "{} decided {value}{} at {} and then {} at {}",
                    name(told.node),
                    of(&told),
                    run.at(index),
                    told.event.value,
                    run.at(told.index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "after a fault had begun")
}

/// Judges agreement among correct processes.
pub(super) fn agreement(run: &Run<'_>) -> Finding {
    agree(run, |node| run.correct(node))
}

/// Judges agreement among honest processes.
pub(super) fn uniform_agreement(run: &Run<'_>) -> Finding {
    agree(run, |node| run.honest(node))
}

fn agree(run: &Run<'_>, among: impl Fn(usize) -> bool) -> Finding {
    #[derive(Default)]
    struct Instance<'h> {
        proposal: Option<&'h Value>,
        contested: bool,
        begin: Option<Nanos>,
        decision: Option<(&'h Value, u64)>,
    }
    let mut numbers = Dense::default();
    let mut instances: Vec<Instance<'_>> = Vec::new();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let Some((decides, instance)) = seen(&mut numbers, &told) else { continue };
        let value = &told.event.value;
        let state = slot(&mut instances, instance);
        let begin = *state.begin.get_or_insert(told.time);
        if !decides {
            state.contested |= *state.proposal.get_or_insert(value) != value;
            continue;
        }
        if !among(told.node) {
            continue;
        }
        let Some((first, index)) = state.decision else {
            state.decision = Some((value, told.index));
            continue;
        };
        antecedents += 1;
        stress += u64::from(state.contested && run.spells.meet(begin, told.time));
        if first != value {
            breaches.add(|| disagreed(run, index, &told));
        }
    }
    let stressor = "with different proposals and a fault in force before the decision";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}

fn disagreed(run: &Run<'_>, first: u64, told: &Told<'_>) -> (String, Vec<u64>) {
    let earlier = match run.record(first).map(|r| &r.entry) {
        Some(Entry::Event(e)) => format!("{} decided {}", e.node, e.value),
        _ => "another process decided otherwise".into(),
    };
    let mut text = format!(
        "{earlier}{} at {}, but {} decided {} at {}",
        of(told),
        run.at(first),
        name(told.node),
        told.event.value,
        run.at(told.index),
    );
    let mut witness = vec![first, told.index];
    let begun = run.events().find(|t| t.event.instance == told.event.instance);
    for link in chain(run, begun.map_or(first, |t| t.index), told.index) {
        text += &format!("; {}", link.0);
        witness.extend(link.1);
    }
    (text, witness)
}
