//! Job handlers: good and bad histories, and edits of valid ones.

use crate::compared::compare;
use crate::draw::{self, Weather};
use crate::edited::{edits, event, event_mut, of_kind};
use crate::oracle::World;
use crate::support::{Rng, Tape};
use schism_checkers::Status::{Holds, NotByDeadline, Unstressed, Vacuous, Violated};
use schism_checkers::properties::Faults::CrashRecovery;
use schism_history::{Entry, History, OpKind, Phase, Value};

#[test]
fn a_confirmed_job_survives_a_crash() {
    let mut t = Tape::new(2);
    let status = |t: &Tape| t.judge_as("jobs", "no lost job", CrashRecovery).status;
    assert_eq!(status(&t), Vacuous);
    t.whole(1, 0, "submit", 7, 7);
    let mut calm = t.clone();
    calm.numbered(0, "process", 0, 7);
    assert_eq!(status(&calm), Unstressed);
    t.kill(0);
    // Down for good: nothing is asked of it.
    assert_eq!(status(&t), Vacuous);
    t.restart(0, 1);
    let finding = t.judge_as("jobs", "no lost job", CrashRecovery);
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "n0 confirmed job 7 at 0.020 s, crashed at 0.030 s, came back and never did it"
    );
    let mut elsewhere = t.clone();
    elsewhere.numbered(1, "process", 0, 7);
    assert_eq!(status(&elsewhere), NotByDeadline);
    t.numbered(0, "process", 0, 7);
    assert_eq!(status(&t), Holds);
}

#[test]
fn a_refused_job_is_not_done_and_nothing_is_made_up() {
    let mut t = Tape::new(1);
    assert_eq!(t.status("jobs", "refused is not done"), Vacuous);
    t.op(1, 0, OpKind::Invoke, "submit", 3);
    t.op(1, 0, OpKind::Fail, "submit", 3);
    assert_eq!(t.status("jobs", "refused is not done"), Holds);
    assert_eq!(t.status("jobs", "no made-up job"), Vacuous);
    t.numbered(0, "process", 0, 3);
    assert_eq!(
        t.judge("jobs", "refused is not done").explanation,
        "n0 refused job 3 at 0.020 s, but did it at 0.030 s"
    );
    assert_eq!(t.status("jobs", "no made-up job"), Holds);
    t.numbered(0, "process", 0, 4);
    assert_eq!(t.status("jobs", "no made-up job"), Violated);
}

fn submissions(rng: &mut Rng, weather: Weather) -> Tape {
    let (mut next, mut open) = (0, Vec::<(u64, u16, i64)>::new());
    draw::lawless(rng, weather, 20, |rng, tape, node| {
        if rng.chance(45) {
            next += 1;
            tape.op(next, node, OpKind::Invoke, "submit", next as i64);
            open.push((next, node, next as i64));
        } else if let Some(&(process, to, job)) = rng.pick(&open)
            && rng.chance(60)
        {
            let kind = [OpKind::Ok, OpKind::Ok, OpKind::Ok, OpKind::Fail][rng.below(4)];
            tape.op(process, to, kind, "submit", job);
            open.retain(|&(p, ..)| p != process);
        } else {
            tape.numbered(node, "process", 0, 1 + rng.below(next as usize + 1) as i64);
        }
    })
}

/// The three promises once more, slowly.
fn broken(world: &World, tape: &Tape, property: &str) -> bool {
    let ops: Vec<_> = tape
        .0
        .records
        .iter()
        .filter_map(|r| match &r.entry {
            Entry::Op(op) => Some((r.index, op.kind, usize::from(op.node?.0), op.value.clone())),
            _ => None,
        })
        .collect();
    let did = |node: usize, job: &Value, before: u64| {
        world.of("process").any(|e| e.node == node && e.value == *job && e.index < before)
    };
    match property {
        "no lost job" => ops.iter().any(|(index, kind, node, job)| {
            *kind == OpKind::Ok
                && *index < world.deadline
                && world.correct(*node)
                && !did(*node, job, world.deadline)
        }),
        "refused is not done" => ops
            .iter()
            .any(|(_, kind, node, job)| *kind == OpKind::Fail && did(*node, job, u64::MAX)),
        _ => world.of("process").any(|e| {
            !ops.iter().any(|(index, kind, node, job)| {
                *kind == OpKind::Invoke && *index < e.index && *node == e.node && *job == e.value
            })
        }),
    }
}

#[test]
fn job_promises_agree_with_their_definitions() {
    let weather = Weather { restarts: true, liars: false, instances: false };
    for property in ["no lost job", "refused is not done", "no made-up job"] {
        let oracle = |w: &World, t: &Tape| broken(w, t, property);
        compare("jobs", property, weather, submissions, |_| true, oracle);
    }
}

/// A handler that confirms most jobs, refuses some, and does what it confirmed, crash or not.
fn handled(rng: &mut Rng) -> History {
    let mut tape = Tape::new(2);
    let mut buffer = Vec::new();
    for job in 0..12 {
        let refused = rng.chance(25);
        tape.op(job, 0, OpKind::Invoke, "submit", job as i64);
        let kind = if refused { OpKind::Fail } else { OpKind::Ok };
        tape.op(job, 0, kind, "submit", job as i64);
        if !refused {
            buffer.push(job as i64);
        }
        if rng.chance(40) {
            buffer.drain(..).for_each(|job| {
                tape.numbered(0, "process", 0, job);
            });
        }
    }
    buffer.drain(..).for_each(|job| {
        tape.numbered(0, "process", 0, job);
    });
    tape.phase(Phase::Final);
    tape.0
}

#[test]
fn job_logs() {
    edits(
        "jobs",
        handled,
        &["no lost job", "refused is not done", "no made-up job"],
        &[
            (
                "drop",
                |h, rng| {
                    let Some(&place) = rng.pick(&of_kind(h, "process")) else { return false };
                    h.records.remove(place);
                    true
                },
                &["no lost job"],
            ),
            (
                "alter",
                |h, rng| {
                    let Some(&place) = rng.pick(&of_kind(h, "process")) else { return false };
                    event_mut(&mut h.records[place]).unwrap().value = Value::Int(99);
                    true
                },
                &["no lost job", "no made-up job"],
            ),
            (
                "swap with its submission",
                |h, _| {
                    let Some(&place) = of_kind(h, "process").first() else { return false };
                    let job = event(&h.records[place]).map(|e| e.value.clone());
                    let submit = h.records.iter().position(|r| match &r.entry {
                        Entry::Op(op) => Some(&op.value) == job.as_ref(),
                        _ => false,
                    });
                    h.records.swap(place, submit.unwrap());
                    true
                },
                &["no made-up job"],
            ),
            (
                "forge",
                |h, rng| {
                    let refused = h.records.iter().filter_map(|r| match &r.entry {
                        Entry::Op(op) if op.kind == OpKind::Fail => Some(op.value.clone()),
                        _ => None,
                    });
                    let refused: Vec<Value> = refused.collect();
                    let Some(job) = rng.pick(&refused).cloned() else { return false };
                    let Some(&place) = of_kind(h, "process").last() else { return false };
                    let mut forged = h.records[place].clone();
                    event_mut(&mut forged).unwrap().value = job;
                    h.records.push(forged);
                    true
                },
                &["refused is not done"],
            ),
        ],
    );
}
