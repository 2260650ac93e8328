//! Faults: from what the schedule says to what the host must do.

use crate::run::{Run, State};
use crate::{Command, Disk};
use schism_history::{FaultEdge, Nanos, NodeChange, NodeId, Phase, Skew};
use schism_nemesis::{Action, AfterKill, FaultId};

impl Run {
    pub(crate) fn carry_out(&mut self, now: Nanos, action: Action) {
        match action {
            Action::Begun { fault } => self.record_fault(now, fault, FaultEdge::Begin),
            Action::BeginLinks { fault, rules } => self.fabric.begin(fault, rules),
            Action::EndLinks { fault } => {
                self.fabric.end(fault);
                let touched = self.fabric.touched(fault);
                self.schedule.landed(fault, touched.total(), &touched.to_string());
                self.commands.push_back(Command::Thaw);
            }
            Action::Kill { fault, node, sending } => {
                if self.state(node) == State::Down {
                    return self.schedule.landed(fault, 0, &format!("{node} was not running"));
                }
                self.unconfirmed.insert(node, fault);
                self.killers.insert(node, fault);
                self.nodes[usize::from(node.0)] = State::Down;
                if self.leader == Some(node) {
                    self.leader = None;
                }
                self.commands.push_back(Command::Kill { node, sending });
                self.node_event(now, node, NodeChange::Killed);
                self.expect_last_words(now, node);
            }
            Action::Restart { fault, node, disk } => {
                if self.state(node) == State::Down {
                    self.killers.insert(node, fault);
                    let disk = match disk {
                        AfterKill::BitFlip => Disk::Flipped,
                        AfterKill::RollBack => Disk::RolledBack,
                        AfterKill::WipeDisk => Disk::Wiped,
                        AfterKill::KeepDisk | AfterKill::ForGood => Disk::Kept,
                    };
                    self.start(now, node, disk);
                }
            }
            Action::Pause { fault, node } => {
                if self.state(node) != State::Up {
                    return self.schedule.landed(fault, 0, &format!("{node} was not running"));
                }
                self.unconfirmed.insert(node, fault);
                self.nodes[usize::from(node.0)] = State::Paused;
                self.commands.push_back(Command::Pause(node));
                self.node_event(now, node, NodeChange::Paused);
            }
            Action::Resume { node, .. } => {
                if self.state(node) == State::Paused {
                    self.nodes[usize::from(node.0)] = State::Up;
                    self.commands.push_back(Command::Resume(node));
                    self.node_event(now, node, NodeChange::Resumed);
                }
            }
            Action::Clock { fault, node, skew } => {
                let skew = Skew { since: skew.since.saturating_add(self.zero), ..skew };
                let known = &mut self.clocks[usize::from(node.0)];
                if (skew.offset, skew.ppm) != (known.ahead(skew.since), known.ppm) {
                    self.node_event(now, node, NodeChange::Clock(skew));
                }
                self.clocks[usize::from(node.0)] = skew;
                self.commands.push_back(Command::Clock { fault, node, skew });
            }
            Action::Ended { fault } => self.record_fault(now, fault, FaultEdge::End),
        }
    }

    /// A node sends a message to another, which has been offered to the fabric. Says whether there is
    /// something to do about it at once, before the node gets any further: [`Run::step`], and
    /// what it commands.
    pub fn sent(&mut self, now: Nanos, kind: &str, src: NodeId, dest: NodeId) -> bool {
        self.phase() == Phase::Chaos
            && self.schedule.watches_messages()
            && self.schedule.sent(now - self.zero, kind, src, dest)
    }

    /// A node whose clock was set has read it, and is so many nanoseconds ahead.
    pub fn read_clock(&mut self, fault: FaultId, node: NodeId, ahead: i64) {
        if ahead != 0 {
            let reading = Skew { offset: ahead, ..Skew::default() };
            self.schedule.landed(fault, 1, &format!("{node} read its clock {reading}"));
        }
    }

    /// So much of what a node that was killed had stored is lost.
    pub fn lost(&mut self, node: NodeId, count: usize, what: &str) {
        if let Some(&fault) = self.killers.get(&node).filter(|_| count > 0) {
            self.schedule.landed(fault, 1, &format!("{node} lost {count} {what}"));
        }
    }

    /// Something stood in the way of a fault.
    pub fn refused(&mut self, fault: FaultId, why: &str) {
        self.schedule.landed(fault, 0, why);
    }

    /// The host saw with its own eyes that what it did to a node took effect: the process is
    /// gone, or is stopped. `how` says what it saw.
    pub fn confirm(&mut self, node: NodeId, how: &str) {
        if let Some(fault) = self.unconfirmed.remove(&node) {
            self.schedule.landed(fault, 1, &format!("{node} {how}"));
        }
    }
}
