//! From a run to a recipe that leaves nothing of its work to dice.

use crate::Recipe;
use schism_history::{Entry, FaultEdge, History, Nanos, NodeId, OpKind, Phase};
use schism_nemesis::{Fault, Target};
use schism_run::Scripted;
use std::time::Duration;

/// When the chaos phase of a run began and ended; nothing if it never came to that.
pub fn chaos(history: &History) -> Option<(Nanos, Nanos)> {
    let when = |phase| {
        let is = |record: &&schism_history::Record| record.entry == Entry::Phase(phase);
        history.records.iter().find(is).map(|record| record.time)
    };
    Some((when(Phase::Chaos)?, when(Phase::Heal)?))
}

/// The recipe of a run with every operation written down as it happened. The logical processes
/// become the clients: each has one operation at a time.
pub fn literal(recipe: &Recipe, history: &History) -> Option<Recipe> {
    let (begin, end) = chaos(history)?;
    let mut script = Vec::new();
    for record in &history.records {
        let Entry::Op(op) = &record.entry else { continue };
        if op.kind != OpKind::Invoke {
            continue;
        }
        let late = record.time >= end;
        script.push(Scripted {
            at: (!late).then(|| Duration::from_nanos(record.time.saturating_sub(begin))),
            client: if late { 0 } else { u32::try_from(op.process).ok()? },
            node: op.node?,
            f: op.f.clone(),
            key: op.key.clone(),
            value: op.value.clone(),
        });
    }
    Some(Recipe {
        simulated: true,
        concurrency: 1,
        rate: None,
        operations: None,
        operations_min: 1,
        time_limit: Duration::from_nanos(end - begin),
        script: Some(script),
        ..recipe.clone()
    })
}

/// A fault of the plan as it came to pass: at which nodes, from when until when. Nothing if it
/// never began.
pub fn as_it_happened(fault: &Fault, id: u32, history: &History) -> Option<Fault> {
    let (begin, _) = chaos(history)?;
    let edge = |edge| {
        history.records.iter().find_map(|record| match &record.entry {
            Entry::Fault(fault) if fault.id == id && fault.edge == edge => {
                let at = Duration::from_nanos(record.time.saturating_sub(begin));
                Some((at, fault.targets.clone()))
            }
            _ => None,
        })
    };
    let (from, mut targets): (Duration, Vec<NodeId>) = edge(FaultEdge::Begin)?;
    let until = edge(FaultEdge::End).map_or(fault.until, |(until, _)| until);
    targets.sort_unstable();
    targets.dedup();
    let open = !matches!(fault.target, Target::All | Target::Nodes(_));
    let target =
        if open && !targets.is_empty() { Target::Nodes(targets) } else { fault.target.clone() };
    let until = if fault.is_for_good() { from } else { until };
    Some(Fault { target, from, until, when: None, ..fault.clone() })
}
