//! What nodes have to cope with while faults are in force, dead or alive.

use super::{Action, Schedule, Stage};
use crate::FaultId;
use crate::plan::{AfterKill, DiskFault, Limit, What};
use crate::rng::nanos;
use crate::time;
use schism_history::{DiskError, Nanos, NodeId, Trouble};
use std::time::Duration;

impl Schedule {
    /// A disk fault or a limit begins.
    pub(super) fn burden(&mut self, fault: FaultId, nodes: &[NodeId], actions: &mut Vec<Action>) {
        for &node in nodes {
            self.victims[usize::from(node.0)].hardships.insert(fault);
            actions.push(self.set_trouble(node));
        }
    }

    /// A disk fault or a limit is over.
    pub(super) fn relieve(&mut self, fault: FaultId, actions: &mut Vec<Action>) {
        for node in (0..self.victims.len()).map(|i| NodeId(i as u16)) {
            if self.victims[usize::from(node.0)].hardships.remove(&fault) {
                actions.push(self.set_trouble(node));
            }
        }
        let progress = &self.progress[fault as usize];
        if let (calls @ 1.., late) = progress.slowed {
            let syncs = if calls == 1 { "sync" } else { "syncs" };
            let late = time::words(Duration::from_micros(late / 1000));
            self.note(fault, &format!("{calls} {syncs} took {late} longer"));
        }
    }

    /// Tells a node what the faults in force amount to: of several of a kind, the hardest counts.
    fn set_trouble(&self, node: NodeId) -> Action {
        let mut trouble = Trouble::default();
        for &fault in &self.victims[usize::from(node.0)].hardships {
            let least = |known: Option<(FaultId, u64)>, bound: u64| {
                known.filter(|&(_, known)| known <= bound).or(Some((fault, bound)))
            };
            match self.plan.faults[fault as usize].what {
                What::Disk(DiskFault::Eio) => trouble.fails = Some((fault, DiskError::Eio)),
                What::Disk(DiskFault::Enospc) => trouble.fails = Some((fault, DiskError::Enospc)),
                What::Disk(DiskFault::Slow(by)) => {
                    let known = trouble.slow.filter(|&(_, known)| known >= nanos(by));
                    trouble.slow = known.or(Some((fault, nanos(by))));
                }
                What::Limit(Limit::Memory(bytes)) => trouble.memory = least(trouble.memory, bytes),
                What::Limit(Limit::Descriptors(count)) => {
                    trouble.descriptors = least(trouble.descriptors, count);
                }
                _ => {}
            }
        }
        Action::Trouble { node, trouble }
    }

    /// The host tells that a node did not survive such a fault. Says whether the fault holds it down
    /// until it ends; if not, it has ended already.
    pub fn succumbed(&mut self, fault: FaultId, node: NodeId) -> bool {
        let victim = &mut self.victims[usize::from(node.0)];
        if !victim.hardships.contains(&fault)
            || self.progress[fault as usize].stage != Stage::InForce
        {
            return false;
        }
        victim.pausers.clear();
        victim.disk = victim.disk.max(Some(AfterKill::KeepDisk));
        victim.killers.insert(fault);
        true
    }

    /// The host tells that making something durable took so much longer.
    pub fn slowed(&mut self, fault: FaultId, by: Nanos) {
        if let Some(progress) = self.progress.get_mut(fault as usize) {
            progress.touched += 1;
            progress.slowed.0 += 1;
            progress.slowed.1 += by;
        }
    }
}
