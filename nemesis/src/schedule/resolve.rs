//! Who a fault is about, once its moment has come.

use crate::network::LinkRule;
use crate::partition::spoken;
use crate::plan::{Fault, Target, Turn, What};
use crate::rng::Rng;
use schism_history::{NodeId, Peer};
use std::time::Duration;

/// A fault with its targets known.
pub(super) struct Resolved {
    pub targets: Vec<NodeId>,
    /// What it does, in words.
    pub words: String,
    /// What it does to links.
    pub rules: Vec<(Peer, Peer, LinkRule)>,
    /// Why it is about nobody, if so.
    pub missing: String,
}

/// Chooses the targets. `free` says which nodes are up and not held by another fault.
pub(super) fn resolve(
    fault: &Fault,
    free: &[bool],
    leader: Option<NodeId>,
    rng: &mut Rng,
) -> Resolved {
    let nodes = free.len() as u16;
    let targets = choose(&fault.target, free, leader, rng);
    let mut rules = Vec::new();
    let mut whom = spoken(&targets);
    let mut missing = String::new();
    if targets.is_empty() {
        missing = match fault.target {
            Target::Leader => "no leader was known",
            Target::Sender => "nobody sent anything",
            Target::NewLeader => "no other node began to lead, or too many were out",
            _ => "no node was running",
        }
        .into();
        whom = format!("({})", fault.target);
    } else if let What::Partition(shape) = &fault.what {
        let cut = shape.cut(nodes, &targets, rng);
        let rule = fault.what.rule().unwrap_or_default();
        rules = cut
            .links
            .iter()
            .map(|&(src, dest)| (Peer::Node(src), Peer::Node(dest), rule))
            .collect();
        if rules.is_empty() {
            missing = "it cuts no link".into();
        }
        whom = cut.words;
    } else if let What::Turn(turn) = &fault.what {
        rules = lies(*turn, &targets, nodes, rng);
    } else if let Some(rule) = fault.what.rule() {
        let links =
            (0..nodes).flat_map(|src| (0..nodes).map(move |dest| (NodeId(src), NodeId(dest))));
        rules = links
            .filter(|(src, dest)| src != dest && concerns(&fault.what, &targets, *src, *dest))
            .map(|(src, dest)| (Peer::Node(src), Peer::Node(dest), rule))
            .collect();
        if fault.target == Target::All {
            whom.clear();
        }
        if rules.is_empty() {
            missing = "nobody else is there to hear it".into();
        }
    }
    Resolved { words: fault.what.words(&whom), targets, rules, missing }
}

/// Whether what happens to links happens to this one.
fn concerns(what: &What, targets: &[NodeId], src: NodeId, dest: NodeId) -> bool {
    let (from, to) = (targets.contains(&src), targets.contains(&dest));
    if let What::Lag(_) = what { from && !to } else { from || to }
}

/// Something that was said is said again within so long.
const AGAIN: Duration = Duration::from_secs(2);

/// What lying does to links.
fn lies(turn: Turn, liars: &[NodeId], nodes: u16, rng: &mut Rng) -> Vec<(Peer, Peer, LinkRule)> {
    let perfect = LinkRule::default();
    let rule = match turn {
        Turn::Mute => LinkRule { cut: true, ..perfect },
        Turn::Equivocate => LinkRule { corrupt: 1.0, ..perfect },
        Turn::Replay => LinkRule { duplicate: 0.5, duplicate_within: AGAIN, ..perfect },
    };
    let mut rules = Vec::new();
    for &liar in liars {
        let mut others: Vec<NodeId> = (0..nodes).map(NodeId).filter(|it| *it != liar).collect();
        if turn == Turn::Equivocate {
            rng.shuffle(&mut others);
            others.truncate(others.len().div_ceil(2));
        }
        rules.extend(others.iter().map(|it| (Peer::Node(liar), Peer::Node(*it), rule)));
    }
    rules
}

fn choose(target: &Target, free: &[bool], leader: Option<NodeId>, rng: &mut Rng) -> Vec<NodeId> {
    let nodes = free.len() as u16;
    let mut chosen = match target {
        Target::Nodes(named) => named.clone(),
        Target::All => (0..nodes).map(NodeId).collect(),
        Target::Leader | Target::NewLeader | Target::Sender => {
            leader.into_iter().filter(|node| node.0 < nodes).collect()
        }
        Target::One | Target::Random(_) | Target::Minority | Target::Majority => {
            let mut able: Vec<NodeId> =
                (0..nodes).map(NodeId).filter(|node| free[usize::from(node.0)]).collect();
            rng.shuffle(&mut able);
            able.truncate(usize::from(target.count(nodes)));
            able
        }
    };
    chosen.sort_unstable();
    chosen
}
