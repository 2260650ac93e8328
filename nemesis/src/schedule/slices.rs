//! Processes that get only a share of the time.

use super::{Action, Edge, Schedule, Stage, nanos};
use crate::FaultId;
use crate::plan::What;
use schism_history::Nanos;

/// A slice of running and a slice of standing still take so long together.
const PERIOD: Nanos = 40_000_000;

impl Schedule {
    /// A slice of a slow process's time begins: it stands still in the first, runs in the second,
    /// and so on.
    pub(super) fn slice(&mut self, at: Nanos, fault: FaultId, actions: &mut Vec<Action>) {
        let progress = &mut self.progress[fault as usize];
        let What::Slow(share) = self.plan.faults[fault as usize].what else { return };
        if progress.stage != Stage::InForce {
            return;
        }
        let running = (PERIOD as f64 * share) as Nanos;
        let stops = progress.ticks.is_multiple_of(2);
        progress.ticks += 1;
        let length = if stops { PERIOD - running } else { running };
        let targets = progress.targets.clone();
        let ends = progress.ends_at.unwrap_or(nanos(self.plan.faults[fault as usize].until));
        // What still stands when the fault ends goes on then.
        if at + length < ends {
            self.insert(at + length.max(1), Edge::Tick, fault);
        }
        for node in targets {
            let victim = &mut self.victims[usize::from(node.0)];
            if stops && victim.killers.is_empty() {
                if victim.pausers.insert(fault) && victim.pausers.len() == 1 {
                    actions.push(Action::Pause { fault, node });
                }
            } else if !stops && victim.pausers.remove(&fault) && victim.pausers.is_empty() {
                actions.push(Action::Resume { fault, node });
            }
        }
    }
}
