//! Faults: from what the schedule says to what the host must do.

use crate::run::{Run, State};
use crate::{Command, Disk, Strike};
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
                let loses_the_last = self.config.loses_the_last;
                let strike = Strike { sending, loses_the_last };
                self.commands.push_back(Command::Kill { node, strike });
                self.fell(now, node, fault);
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
            Action::Turned { node, turn } => {
                self.node_event(now, node, NodeChange::Byzantine(turn.to_string().into()));
            }
            Action::Trouble { node, trouble } => {
                self.commands.push_back(Command::Trouble { node, trouble });
            }
            // What is lost with a disk is known once the host has done it.
            Action::Ended { fault } if self.killers.values().any(|killer| *killer == fault) => {
                self.ending.push((now, fault));
            }
            Action::Ended { fault } => self.record_fault(now, fault, FaultEdge::End),
        }
    }

    /// A fault has taken a node away.
    fn fell(&mut self, now: Nanos, node: NodeId, fault: FaultId) {
        self.killers.insert(node, fault);
        self.nodes[usize::from(node.0)] = State::Down;
        if self.leader == Some(node) {
            self.leader = None;
        }
        self.node_event(now, node, NodeChange::Killed);
        self.expect_last_words(now, node);
    }

    /// A node did not survive what a fault made it cope with: the harness killed it, if not by its
    /// own hand. It is started again when the fault ends. Of a fault that is not in the plan, or not
    /// about this, a node cannot die.
    pub fn succumbed(&mut self, now: Nanos, fault: FaultId, node: NodeId, how: &str) {
        use schism_nemesis::What;
        let planned = self.schedule.plan().faults.get(fault as usize);
        let fatal = planned.is_some_and(|planned| match planned.what {
            What::Disk(disk) => disk.is_fatal(),
            What::Limit(_) => true,
            _ => false,
        });
        if !fatal || self.state(node) == State::Down {
            return;
        }
        self.schedule.landed(fault, 1, &format!("{node} {how}"));
        self.fell(now, node, fault);
        // It fell at the last moment: nothing holds it down any more.
        if !self.schedule.succumbed(fault, node) && !self.finished() {
            self.start(now, node, Disk::Kept);
        }
        self.step(now);
    }

    /// Something a node made durable took so much longer because of a fault.
    pub fn slowed(&mut self, fault: FaultId, by: Nanos) {
        self.schedule.slowed(fault, by);
    }

    /// The system says that a node is limited, in these words.
    pub fn limited(&mut self, fault: FaultId, node: NodeId, to: &str) {
        self.schedule.landed(fault, 1, &format!("{node} is limited to {to}"));
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
