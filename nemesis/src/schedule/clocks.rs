//! Clocks that go wrong, come right, and go wrong again.

use super::{Action, Edge, Schedule, Stage};
use crate::FaultId;
use crate::plan::What;
use crate::rng::nanos;
use schism_history::{Nanos, NodeId, Skew};

impl Schedule {
    /// A clock fault begins, or it is time to look after it again.
    pub(super) fn wind(&mut self, at: Nanos, fault: FaultId, actions: &mut Vec<Action>) {
        let planned = &self.plan.faults[fault as usize];
        let What::Clock(clock) = planned.what else { return };
        let progress = &mut self.progress[fault as usize];
        if progress.stage != Stage::InForce {
            return;
        }
        let began = *progress.began.get_or_insert(at);
        let skew = clock.skew(began, at, progress.ticks);
        progress.ticks += 1;
        let targets = progress.targets.clone();
        let length = planned.until.saturating_sub(planned.from);
        let next = clock.tick(length).map(|wait| at + nanos(wait).max(1));
        // A drift's second look, after half of its time, would be at its end.
        if let Some(next) = next.filter(|next| *next < began + nanos(length)) {
            self.insert(next, Edge::Tick, fault);
        }
        for node in targets {
            self.victims[usize::from(node.0)].clocks.insert(fault, skew);
            actions.push(self.set_clock(at, fault, node));
        }
    }

    /// A clock fault is over.
    pub(super) fn set_right(&mut self, at: Nanos, fault: FaultId, actions: &mut Vec<Action>) {
        for node in (0..self.victims.len()).map(|i| NodeId(i as u16)) {
            if self.victims[usize::from(node.0)].clocks.remove(&fault).is_some() {
                actions.push(self.set_clock(at, fault, node));
            }
        }
    }

    /// A node that starts again reads the same clock as before.
    pub(super) fn remind(&mut self, at: Nanos, node: NodeId, actions: &mut Vec<Action>) {
        let faults = self.victims[usize::from(node.0)].clocks.keys();
        let faults: Vec<FaultId> = faults.copied().collect();
        actions.extend(faults.into_iter().map(|fault| self.set_clock(at, fault, node)));
    }

    /// Sets a clock to what the faults in force amount to.
    fn set_clock(&self, at: Nanos, fault: FaultId, node: NodeId) -> Action {
        let clocks = &self.victims[usize::from(node.0)].clocks;
        let offset = clocks.values().map(|skew| skew.ahead(at)).sum();
        let ppm: i64 = clocks.values().map(|skew| skew.ppm).sum();
        let skew = Skew { since: at, offset, ppm: ppm.max(-990_000) };
        Action::Clock { fault, node, skew }
    }
}
