//! Replicated logs: one command per slot, for everybody and for ever.
//!
//! Events: `commit` {number: slot, value: command} tells that a slot is decided, `apply` {number,
//! value} that the state machine executed it, `output` {number, value} with what result or state
//! digest, `lead` {number: term} and `step-down` who leads. Slots belong to an instance.
//!
//! * **log matching**: no slot has two commands, over all honest processes and all their lives;
//!   by `commit`, or by `apply` where nothing tells of commits.
//! * **log prefix**: log matching, and each process goes through the slots one by one: the log of
//!   each is a prefix of the longest. A restarted process may begin again at any slot it had reached,
//!   or with the next.
//! * **equal outputs**: no slot has two outputs; by `output`, or by `apply` where nothing tells of
//!   outputs.
//!
//! Antecedent of these: a report of a slot another process has reported. Stress: a report after a
//! process crashed or a second leader arose.
//!
//! * **leader completeness**: a leader has every entry that was committed before its term: before it
//!   commits anything of its own, it has committed all of that, with the same commands. Antecedent: a
//!   commit by a leader after earlier commits by others. Stress: its term was not the first.

use super::payloads::Payloads;
use super::run::{Breaches, Run, Told, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::Entry;

/// The event kind to judge by: the better one where it occurs, else the other.
fn source(run: &Run<'_>, better: &'static str, other: &'static str) -> &'static str {
    if run.events().any(|t| t.event.kind == better) { better } else { other }
}

/// What was first reported of a slot.
struct Report {
    value: usize,
    node: usize,
    index: u64,
}

/// One value per slot, among reports of one kind.
fn matching(run: &Run<'_>, kind: &str, breaches: &mut Breaches, verb: &str) -> (u64, u64) {
    let mut payloads = Payloads::default();
    let mut slots: FxHashMap<(u64, u64), Report> = FxHashMap::default();
    let mut shaken = Shaken::new(run);
    let (mut antecedents, mut stress) = (0, 0);
    for told in run.events() {
        shaken.observe(&told);
        let (true, Some(slot)) = (told.event.kind == kind, told.event.number) else { continue };
        if !run.honest(told.node) {
            continue;
        }
        let instance = payloads.instance(told.event.instance);
        // Commands are compared as values, whatever their slot.
        let value = payloads.number(0, &told.event.value);
        let report = slots.entry((instance, slot)).or_insert(Report {
            value,
            node: told.node,
            index: told.index,
        });
        if report.index == told.index {
            continue;
        }
        if report.node != told.node {
            antecedents += 1;
            stress += u64::from(shaken.by(told.index));
        }
        if report.value != value {
            let (node, first) = (report.node, report.index);
            breaches.add(|| {
                let text = format!(
                    "{} {verb} {} in slot {slot} at {}, {} {verb} {} at {}",
                    name(node),
                    value_of(run, first),
                    run.at(first),
                    name(told.node),
                    told.event.value,
                    run.at(told.index),
                );
                (text, vec![first, told.index])
            });
        }
    }
    (antecedents, stress)
}

/// The value in the event with an index, in words.
fn value_of(run: &Run<'_>, index: u64) -> String {
    match run.record(index).map(|r| &r.entry) {
        Some(Entry::Event(e)) => e.value.to_string(),
        _ => "something else".into(),
    }
}

/// Whether anything has happened yet that endangers a log: a crash, or a second leader.
struct Shaken {
    first_crash: u64,
    leader: Option<usize>,
    second: bool,
}

impl Shaken {
    fn new(run: &Run<'_>) -> Shaken {
        let crashes = (0..run.nodes()).filter_map(|n| run.crashes(n).first());
        let first_crash = crashes.map(|c| c.0).min().unwrap_or(u64::MAX);
        Shaken { first_crash, leader: None, second: false }
    }

    fn observe(&mut self, told: &Told<'_>) {
        if told.event.kind == "lead" {
            self.second |= *self.leader.get_or_insert(told.node) != told.node;
        }
    }

    fn by(&self, index: u64) -> bool {
        self.second || self.first_crash < index
    }
}

const STRESSOR: &str = "after a crash or a change of leader";

/// Judges log matching.
pub(super) fn log_matching(run: &Run<'_>) -> Finding {
    let mut breaches = Breaches::default();
    let kind = source(run, "commit", "apply");
    let verb = if kind == "commit" { "committed" } else { "applied" };
    let (antecedents, stress) = matching(run, kind, &mut breaches, verb);
    run.verdict(Status::Violated, breaches, antecedents, stress, STRESSOR)
}

/// Judges equal outputs.
pub(super) fn equal_outputs(run: &Run<'_>) -> Finding {
    let mut breaches = Breaches::default();
    let kind = source(run, "output", "apply");
    let verb = if kind == "output" { "put out" } else { "applied" };
    let (antecedents, stress) = matching(run, kind, &mut breaches, verb);
    run.verdict(Status::Violated, breaches, antecedents, stress, STRESSOR)
}

/// Judges log prefix.
pub(super) fn log_prefix(run: &Run<'_>) -> Finding {
    /// How far a process has come: the life it is in, its latest slot and its highest.
    struct Progress {
        life: usize,
        latest: u64,
        highest: u64,
        index: u64,
    }
    let mut breaches = Breaches::default();
    let kind = source(run, "commit", "apply");
    let verb = if kind == "commit" { "committed" } else { "applied" };
    let (antecedents, stress) = matching(run, kind, &mut breaches, verb);
    let mut progress: FxHashMap<(usize, Option<u64>), Progress> = FxHashMap::default();
    let mut lowest: FxHashMap<Option<u64>, u64> = FxHashMap::default();
    let reports = || {
        run.events().filter(|t| t.event.kind == kind && run.honest(t.node)).filter_map(|t| {
            let (slot, instance) = (t.event.number?, t.event.instance);
            Some((t, instance, slot))
        })
    };
    for (_, instance, slot) in reports() {
        let lowest = lowest.entry(instance).or_insert(slot);
        *lowest = slot.min(*lowest);
    }
    for (told, instance, slot) in reports() {
        let first = lowest[&instance];
        let fresh = !progress.contains_key(&(told.node, instance));
        let at = progress.entry((told.node, instance)).or_insert(Progress {
            life: told.life,
            latest: first,
            highest: first,
            index: told.index,
        });
        let restarted = at.life != told.life;
        let follows = match (fresh, restarted) {
            (true, _) => slot == first,
            (_, true) => slot <= at.highest.saturating_add(1),
            (_, false) => at.latest.checked_add(1) == Some(slot),
        };
        if !follows {
            let (latest, index) = (at.latest, at.index);
            breaches.add(|| {
                let before = if fresh {
                    format!("though the log begins with {first}")
                } else {
                    format!("right after slot {latest} (at {})", run.at(index))
                };
                let text = format!(
                    "{} {verb} slot {slot} at {}, {before}",
                    name(told.node),
                    run.at(told.index)
                );
                (text, vec![index, told.index])
            });
        }
        *at = Progress {
            life: told.life,
            latest: slot,
            highest: at.highest.max(slot),
            index: told.index,
        };
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, STRESSOR)
}

/// What a leader must have before it commits anything of its own.
struct Reign {
    life: usize,
    term: u64,
    since: u64,
    /// The highest slot committed by anybody before.
    floor: Option<u64>,
}

/// Judges leader completeness.
pub(super) fn leader_completeness(run: &Run<'_>) -> Finding {
    let kind = source(run, "commit", "apply");
    let mut payloads = Payloads::default();
    let mut slots: FxHashMap<(u64, u64), Report> = FxHashMap::default();
    let mut highest: FxHashMap<u64, u64> = FxHashMap::default();
    let mut own: FxHashMap<(usize, u64), u64> = FxHashMap::default();
    let mut reigns: FxHashMap<(usize, u64), Reign> = FxHashMap::default();
    let mut first_term = None;
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    for told in run.events() {
        let (Some(number), true) = (told.event.number, run.honest(told.node)) else { continue };
        let instance = payloads.instance(told.event.instance);
        let here = (told.node, instance);
        match told.event.kind.as_str() {
            "lead" => {
                first_term.get_or_insert(number);
                let floor = highest.get(&instance).copied();
                let (life, since) = (told.life, told.index);
                reigns.insert(here, Reign { life, term: number, since, floor });
            }
            "step-down" => {
                reigns.remove(&here);
            }
            k if k == kind => {
                let value = payloads.number(0, &told.event.value);
                let reign = reigns.get(&here).filter(|r| r.life == told.life);
                if let Some((reign, floor)) = reign.and_then(|r| Some((r, r.floor?))) {
                    antecedents += 1;
                    stress += u64::from(Some(reign.term) != first_term);
                    let before = slots.get(&(instance, number)).filter(|r| r.index < reign.since);
                    let lost = before.filter(|r| r.value != value);
                    let reached =
                        own.get(&here).map_or(number.min(floor), |&o| o.saturating_add(1));
                    if let Some(lost) = lost {
                        breaches.add(|| {
                            let text = format!(
                                "{}, leader of term {} since {}, committed {} in slot {number}, where {} \
                                 had committed {} at {}",
                                name(told.node),
                                reign.term,
                                run.at(reign.since),
                                told.event.value,
                                name(lost.node),
                                value_of(run, lost.index),
                                run.at(lost.index),
                            );
                            (text, vec![lost.index, reign.since, told.index])
                        });
                    } else if number > floor && reached <= floor {
                        let missing = slots.get(&(instance, reached)).map_or(u64::MAX, |r| r.index);
                        breaches.add(|| {
                            let text = format!(
                                "{}, leader of term {} since {}, committed slot {number} without slot \
                                 {reached}, which was committed before its term",
                                name(told.node),
                                reign.term,
                                run.at(reign.since),
                            );
                            (text, vec![missing, reign.since, told.index])
                        });
                    }
                }
                slots.entry((instance, number)).or_insert(Report {
                    value,
                    node: told.node,
                    index: told.index,
                });
                let top = highest.entry(instance).or_insert(number);
                *top = number.max(*top);
                let own = own.entry(here).or_insert(number);
                *own = number.max(*own);
            }
            _ => {}
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, stress, "in a later term than the first")
}
