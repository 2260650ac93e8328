//! From a run to a recipe that leaves nothing of its work to dice.

use crate::Recipe;
use crate::recipe::CLIENTS_MAX;
use schism_history::{Entry, FaultEdge, History, Nanos, NodeId, OpKind, Phase, Worker};
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

/// The recipe of a run with every operation written down as it happened, each asked by the client
/// that asked it: how long its messages take depends on that.
pub fn literal(recipe: &Recipe, history: &History) -> Option<Recipe> {
    let (begin, end) = chaos(history)?;
    let mut script = Vec::new();
    let mut clients = Clients::new(recipe.concurrency);
    for record in &history.records {
        let Entry::Op(op) = &record.entry else { continue };
        if op.kind == OpKind::Info {
            clients.ended_in_doubt(op.process)?;
        }
        if op.kind != OpKind::Invoke {
            continue;
        }
        let client = clients.of(op.process)?;
        let late = record.time >= end;
        script.push(Scripted {
            at: (!late).then(|| Duration::from_nanos(record.time.saturating_sub(begin))),
            client: if late { 0 } else { client },
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

/// Which client each logical process was on: the next process takes over whose last operation ended
/// in doubt, or is on a client that was not there before.
struct Clients {
    by_process: Vec<u32>,
    count: u32,
}

impl Clients {
    fn new(count: u32) -> Clients {
        Clients { by_process: (0..count).collect(), count }
    }

    fn of(&mut self, process: Worker) -> Option<u32> {
        let process = usize::try_from(process).ok()?;
        while self.by_process.len() <= process {
            // No run has as many.
            if self.count >= CLIENTS_MAX {
                return None;
            }
            self.by_process.push(self.count);
            self.count += 1;
        }
        Some(self.by_process[process])
    }

    fn ended_in_doubt(&mut self, process: Worker) -> Option<()> {
        let client = self.of(process)?;
        self.by_process.push(client);
        Some(())
    }
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
