//! What a script asks of its host.

use schism_history::{NodeId, Skew, Trouble};
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
    /// none ([`last_sends`]). The host answers with `Run::confirm` when it has seen the process
    /// gone.
    Kill {
        /// Which.
        node: NodeId,
        /// Whether it is struck while it sends: then some of the messages are lost.
        sending: bool,
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

/// What decides, for each message that a node still had on its way when it was killed in this life,
/// whether it is lost. A process that crashes in the middle of sending has sent to some and not to
/// others.
pub fn last_sends(seed: u64, node: NodeId, life: u32, sending: bool) -> impl FnMut() -> bool {
    const LAST_SENDS: u64 = 3;
    let mut dice = Rng::new(seed, &[LAST_SENDS, u64::from(node.0), u64::from(life)]);
    let chance = [0.0, 0.5, 0.5, 1.0][dice.below(4) as usize];
    let chance = if sending { 0.5 } else { chance };
    move || dice.chance(chance)
}
