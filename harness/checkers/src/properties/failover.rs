//! Failover: how long nobody leads.
//!
//! Event: `lead` {number: view, value: bound} tells that a process leads, and within how many
//! milliseconds it is to be followed when it falls.
//!
//! * **failover time**: when a leader crashes, another process leads before the bound has passed.
//!   The next in line may crash too before it leads, so the bound counts from the last crash there
//!   was. A leader that told no bound promised none, and where nobody is left nobody can lead. What
//!   is not due when the run ends is not judged. Antecedent and stress: a leader that crashed, and
//!   was followed or should have been.

use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use schism_history::Nanos;

enum Happened {
    Crash,
    Restart,
    Lead(Option<Nanos>),
}

/// Nobody leads since a leader crashed.
struct Vacancy {
    leader: usize,
    fell: u64,
    bound: Nanos,
    due: Nanos,
}

/// Judges how soon leaders are followed.
pub(super) fn failover_time(run: &Run<'_>) -> Finding {
    let mut leader: Option<(usize, Option<Nanos>)> = None;
    let mut vacancy: Option<Vacancy> = None;
    let mut up = vec![true; run.nodes()];
    let (mut antecedents, mut breaches) = (0, Breaches::default());
    let mut late = |vacancy: &Vacancy, now: Nanos, index: u64| {
        let late = now > vacancy.due;
        if late {
            breaches.add(|| {
                let text = format!(
                    "{} led and crashed at {}; nobody followed it within {} ms",
                    name(vacancy.leader),
                    run.at(vacancy.fell),
                    vacancy.bound / 1_000_000,
                );
                (text, vec![vacancy.fell, index])
            });
        }
        late
    };
    for (index, time, node, happened) in happenings(run) {
        match happened {
            Happened::Restart => up[node] = true,
            Happened::Lead(bound) => {
                if let Some(vacancy) = vacancy.take() {
                    antecedents += 1;
                    late(&vacancy, time, index);
                }
                leader = Some((node, bound));
            }
            Happened::Crash => {
                up[node] = false;
                if leader.is_some_and(|(leads, _)| leads == node) {
                    let bound = leader.take().and_then(|(_, bound)| bound);
                    vacancy = bound.map(|bound| Vacancy {
                        leader: node,
                        fell: index,
                        bound,
                        due: time.saturating_add(bound),
                    });
                } else if let Some(open) = &mut vacancy {
                    if late(open, time, index) {
                        antecedents += 1;
                        vacancy = None;
                    } else {
                        open.due = time.saturating_add(open.bound);
                    }
                }
                vacancy = vacancy.filter(|_| up.contains(&true));
            }
        }
    }
    if let Some(vacancy) = vacancy
        && late(&vacancy, run.deadline(), u64::MAX)
    {
        antecedents += 1;
    }
    let stressor = "after the crash of a leader";
    run.verdict(Status::Violated, breaches, antecedents, antecedents, stressor)
}

/// Crashes, restarts and new leaders before the deadline, in order.
fn happenings(run: &Run<'_>) -> Vec<(u64, Nanos, usize, Happened)> {
    let crashes = |node: usize| {
        let crashes = run.crashes(node).iter();
        crashes.map(move |&(index, time)| (index, time, node, Happened::Crash))
    };
    let mut all: Vec<_> = (0..run.nodes()).flat_map(crashes).collect();
    let mut life: Vec<usize> = (0..run.nodes()).collect();
    for told in run.events().filter(|told| run.in_time(told.index)) {
        if std::mem::replace(&mut life[told.node], told.life) != told.life {
            all.push((told.index, told.time, told.node, Happened::Restart));
        }
        if told.event.kind == "lead" && run.honest(told.node) {
            let millis = told.event.value.as_int().and_then(|millis| u64::try_from(millis).ok());
            let bound = millis.map(|millis| millis.saturating_mul(1_000_000));
            all.push((told.index, told.time, told.node, Happened::Lead(bound)));
        }
    }
    all.sort_by_key(|&(index, ..)| index);
    all
}
