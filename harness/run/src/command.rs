//! What a script asks of its host.

use schism_history::{Nanos, NodeId, Skew, Trouble};
use schism_nemesis::{FaultId, Rng};

/// What a restarted node finds of what it stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Everything that was durable.
    Kept,
    /// Nothing.
    Wiped,
    /// What was there some writes ago.
    RolledBack,
    /// A bit of what was written last is not what it was.
    Flipped,
}

/// What the host is to do, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start this node, or start it again, and send it `init`. The host answers with
    /// `Run::ready` once the node has answered, or with `Run::died`.
    Start {
        /// Which.
        node: NodeId,
        /// 0 for the first start.
        incarnation: u32,
        /// What it finds.
        disk: Disk,
    },
    /// Kill this node at once (SIGKILL). What it told clients and the harness before must still be
    /// read; of its messages to other nodes that are still on their way, all are lost, or some, or
    /// none ([`LastSends`]). The host answers with `Run::confirm` when it has seen the process
    /// gone.
    Kill {
        /// Which.
        node: NodeId,
        /// How it is struck.
        strike: Strike,
    },
    /// Stop this node (SIGSTOP). The host answers with `Run::confirm` when it has seen the
    /// process stopped.
    Pause(NodeId),
    /// Let it go on (SIGCONT).
    Resume(NodeId),
    /// Set this node's clock. While it runs, the host answers with `Run::read_clock` once the node has
    /// read its clock; a node that is started later begins with the clock as it was set last.
    Clock {
        /// For which fault.
        fault: FaultId,
        /// Which node.
        node: NodeId,
        /// How far off the clock is from now on.
        skew: Skew,
    },
    /// Tell this node, in this life and the next, what it has to cope with. A disk that fails: when the
    /// node would make something durable it stops instead, and the host answers with
    /// `Run::succumbed`. A slow one: everything that waits for what is made durable leaves the node
    /// so much later, and the host answers with `Run::slowed`. A limit: the host answers with
    /// `Run::limited` once the system says that it holds, or with `Run::refused`; whoever dies of it
    /// has succumbed.
    Trouble {
        /// Which node.
        node: NodeId,
        /// All of it.
        trouble: Trouble,
    },
    /// A fault of the links ended: offer what frozen links held to the fabric again.
    Thaw,
    /// Hand a client's request to a node. Clients' links are not subject to link rules.
    Ask {
        /// The connection it comes from: `c{client}`.
        client: u32,
        /// The node it goes to.
        node: NodeId,
        /// The request, with its `msg_id`.
        body: serde_json::Value,
    },
}

/// How a node is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// While it sends: then some of the messages are lost.
    pub sending: bool,
    /// Whether it loses only the last of what it has sent.
    pub loses_the_last: bool,
}

/// What decides, for each message that a node still had on its way when it was killed, whether it is
/// lost. A process that crashes in the middle of sending has sent to some and not to others.
///
/// Links that lose messages keep those of a dead sender or do not, each for itself. Where links lose
/// nothing the crash came at one point of what was sent: what was sent before arrives, what was sent
/// after does not, and of what was sent just then, some.
pub struct LastSends {
    dice: Rng,
    how: How,
}

enum How {
    Each(f64),
    From(Nanos),
}

impl LastSends {
    /// `sent`: when the messages were sent that a node has on its way; `heard`: when the last of
    /// those was that have arrived. Both matter only if the last is lost.
    pub fn new(
        seed: u64,
        (node, life): (NodeId, u32),
        strike: Strike,
        heard: Nanos,
        sent: impl Iterator<Item = Nanos>,
    ) -> LastSends {
        const LAST_SENDS: u64 = 3;
        let mut dice = Rng::new(seed, &[LAST_SENDS, u64::from(node.0), u64::from(life)]);
        let drawn = dice.below(4);
        let how = if strike.loses_the_last {
            let mut times: Vec<Nanos> = sent.filter(|&at| at >= heard).collect();
            times.sort_unstable();
            times.dedup();
            How::From(match drawn {
                _ if strike.sending => times.last().copied().unwrap_or(Nanos::MAX),
                0 => Nanos::MAX,
                1 | 2 => dice.pick(&times).copied().unwrap_or(Nanos::MAX),
                _ => heard,
            })
        } else {
            let chance = [0.0, 0.5, 0.5, 1.0][drawn as usize];
            How::Each(if strike.sending { 0.5 } else { chance })
        };
        LastSends { dice, how }
    }

    /// Whether a message that was sent then is lost.
    pub fn lose(&mut self, sent: Nanos) -> bool {
        match self.how {
            How::Each(chance) => self.dice.chance(chance),
            How::From(crash) => sent > crash || sent == crash && self.dice.chance(0.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(seed: u64, strike: Strike, heard: Nanos) -> Vec<Nanos> {
        let sent = [10, 10, 10, 20, 30, 30, 40];
        let node = (NodeId(1), 0);
        let mut last = LastSends::new(seed, node, strike, heard, sent.into_iter());
        sent.into_iter().filter(|&at| last.lose(at)).collect()
    }

    #[test]
    fn a_crash_comes_at_one_point_of_what_was_sent() {
        let strike = Strike { sending: false, loses_the_last: true };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let lost = lost(seed, strike, 20);
            if let Some(&first) = lost.first() {
                assert!(first >= 20, "what was sent before something heard: {lost:?}");
                let later = |&&at: &&Nanos| at > first;
                let all_later = [20, 30, 30, 40].iter().filter(later).count();
                assert_eq!(lost.iter().filter(later).count(), all_later, "{lost:?}");
            }
            seen.insert(lost);
        }
        assert!(seen.contains(&Vec::new()) && seen.contains(&vec![20, 30, 30, 40]), "{seen:?}");
        assert!(seen.contains(&vec![30, 40]) && seen.len() == 5, "{seen:?}");
    }

    #[test]
    fn who_is_struck_while_it_sends_loses_some_of_that() {
        let strike = Strike { sending: true, loses_the_last: true };
        let node = (NodeId(1), 0);
        let mut counts = [0; 5];
        for seed in 0..200 {
            let sent = [10, 20, 20, 20, 20];
            let mut last = LastSends::new(seed, node, strike, 0, sent.into_iter());
            assert!(!last.lose(10));
            counts[(0..4).filter(|_| last.lose(20)).count()] += 1;
        }
        assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    }

    #[test]
    fn links_that_lose_messages_keep_each_for_itself() {
        let strike = Strike { sending: false, loses_the_last: false };
        let odd = (0..200).filter(|&seed| {
            let lost = lost(seed, strike, 40);
            lost.contains(&20) && !lost.contains(&40)
        });
        assert!(odd.count() > 10);
    }
}
