//! Faults that wait for a moment.

use super::{Action, Edge, Schedule};
use crate::FaultId;
use crate::plan::{Occasion, Target};
use crate::rng::nanos;
use compact_str::CompactString;
use schism_history::{Nanos, NodeId};

impl Schedule {
    /// Whether a fault waits for a message. If not, [`Schedule::sent`] need not be called.
    pub fn watches_messages(&self) -> bool {
        self.watching.iter().any(|&(fault, _)| {
            let when = &self.plan.faults[fault as usize].when;
            matches!(when, Some(when) if matches!(when.occasion, Occasion::Message { .. }))
        })
    }

    /// A node sends a message. Says whether there is something to do now.
    pub fn sent(&mut self, now: Nanos, message: &str, src: NodeId, dest: NodeId) -> bool {
        self.hear(message);
        self.happened(now, src, |occasion| match occasion {
            Occasion::Message { kind, from, to } => {
                (kind == "any" || kind == message)
                    && from.is_none_or(|from| from == src)
                    && to.is_none_or(|to| to == dest)
            }
            Occasion::Event { .. } | Occasion::Request { .. } => false,
        })
    }

    /// A node's protocol told an event.
    pub fn told(&mut self, now: Nanos, event: &str, node: NodeId) {
        self.hear(event);
        self.happened(now, node, |occasion| match occasion {
            Occasion::Event { kind, at } => {
                (kind == "any" || kind == event) && at.is_none_or(|at| at == node)
            }
            Occasion::Message { .. } | Occasion::Request { .. } => false,
        });
    }

    /// A client asks a node for something.
    pub fn asked(&mut self, now: Nanos, node: NodeId) {
        self.happened(now, node, |occasion| match occasion {
            Occasion::Request { at } => at.is_none_or(|at| at == node),
            Occasion::Message { .. } | Occasion::Event { .. } => false,
        });
    }

    /// What there was to wait for, in case somebody waits for what there is not.
    fn hear(&mut self, kind: &str) {
        if !self.watching.is_empty() && !self.heard.contains(kind) {
            self.heard.insert(kind.into());
        }
    }

    fn happened(&mut self, now: Nanos, node: NodeId, is: impl Fn(&Occasion) -> bool) -> bool {
        let mut due = false;
        let mut i = 0;
        while let Some(&(fault, seen)) = self.watching.get(i) {
            let planned = &self.plan.faults[fault as usize];
            // What happens to a new leader counts once it leads.
            let its = planned.target != Target::NewLeader || self.risen.get(&fault) == Some(&node);
            let when = planned.when.as_ref().filter(|when| its && is(&when.occasion));
            let Some(when) = when else {
                i += 1;
                continue;
            };
            if seen + 1 < when.count {
                self.watching[i].1 += 1;
                i += 1;
                continue;
            }
            let at = now.saturating_add(nanos(when.after));
            if planned.target == Target::NewLeader {
                self.watching.remove(i);
                self.begin_late(fault, at);
                due |= at == now;
                continue;
            }
            let in_time = planned.is_for_good() || at < nanos(planned.until);
            if !in_time {
                i += 1;
                continue;
            }
            self.watching.remove(i);
            self.risen.insert(fault, node);
            self.insert(at, Edge::Begin, fault);
            due |= at == now;
        }
        due
    }

    /// If its moment has not come, it will not be waited for any longer: the fault goes on record as
    /// one that touched nothing.
    pub(super) fn stop_watching(&mut self, fault: FaultId, actions: &mut Vec<Action>) {
        let before = self.watching.len();
        self.watching.retain(|&(other, _)| other != fault);
        if self.watching.len() < before {
            self.note(fault, "its moment never came");
            let when = self.plan.faults[fault as usize].when.as_ref();
            if let Some(Occasion::Message { kind, .. } | Occasion::Event { kind, .. }) =
                when.map(|when| &when.occasion)
                && kind != "any"
                && !self.heard.contains(kind)
            {
                let heard = self.heard.iter().map(CompactString::as_str).collect::<Vec<_>>();
                let heard = if heard.is_empty() { "nothing".into() } else { heard.join(" ") };
                let missing = format!("there was no {kind} while it waited, but {heard}");
                self.note(fault, &missing);
            }
            actions.extend([Action::Begun { fault }, Action::Ended { fault }]);
        }
    }
}
