//! Shapes of partitions: which directed links are cut.
//!
//! A shape that leaves something to chance (who is on which side) takes it from the random stream
//! it is given, so a plan and a seed always cut the same links.

use crate::names;
use crate::rng::Rng;
use schism_history::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The shape of a partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Shape {
    /// The first half of the nodes against the rest. Of an odd number, the rest is the majority.
    Halves,
    /// Halves, of nodes in random order.
    RandomHalves,
    /// A minority of random size and members against the rest.
    MajorityMinority,
    /// Every node reaches a majority, no two nodes the same one.
    MajoritiesRing,
    /// Halves that only one random node, the bridge, still joins.
    Bridge,
    /// The target is cut off in both directions, from the others and from each other.
    Isolate,
    /// The target hears nobody, and everybody hears it.
    OneWayIn,
    /// Nobody hears the target, and it hears everybody.
    OneWayOut,
    /// Each directed link is cut with this probability.
    RandomLinks(f64),
    /// These groups, each whole in itself. Nodes in no group are together in one more.
    Groups(#[serde(with = "names::groups")] Vec<Vec<NodeId>>),
    /// These links, each from the first to the second.
    Links(#[serde(with = "names::links")] Vec<(NodeId, NodeId)>),
}

/// The links a partition cuts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// From, to.
    pub links: BTreeSet<(NodeId, NodeId)>,
    /// Who is where: `n0 n1 | n2 n3 n4`.
    pub words: String,
}

impl Shape {
    /// Whether it is about the fault's target rather than about all nodes.
    pub fn is_targeted(&self) -> bool {
        matches!(self, Shape::Isolate | Shape::OneWayIn | Shape::OneWayOut)
    }

    /// The name a person knows it by.
    pub fn name(&self) -> &'static str {
        match self {
            Shape::Halves => "halves",
            Shape::RandomHalves => "random halves",
            Shape::MajorityMinority => "majority and minority",
            Shape::MajoritiesRing => "ring of majorities",
            Shape::Bridge => "bridge",
            Shape::Isolate => "isolate",
            Shape::OneWayIn => "one way in",
            Shape::OneWayOut => "one way out",
            Shape::RandomLinks(_) => "random links",
            Shape::Groups(_) => "groups",
            Shape::Links(_) => "links",
        }
    }

    /// The links it cuts among nodes `n0` to `n(nodes - 1)`. `target` matters only where
    /// [`Shape::is_targeted`].
    pub fn cut(&self, nodes: u16, target: &[NodeId], rng: &mut Rng) -> Cut {
        let mut all: Vec<NodeId> = (0..nodes).map(NodeId).collect();
        let half = all.len() / 2;
        match self {
            Shape::Halves => groups(&[&all[..half], &all[half..]]),
            Shape::RandomHalves => {
                rng.shuffle(&mut all);
                groups(&[&all[..half], &all[half..]])
            }
            Shape::MajorityMinority => {
                rng.shuffle(&mut all);
                // The largest minority is one less than a majority of the nodes.
                let most = all.len().saturating_sub(1) / 2;
                let minority = if most == 0 { 0 } else { 1 + rng.below(most as u64) as usize };
                groups(&[&all[minority..], &all[..minority]])
            }
            Shape::MajoritiesRing => {
                rng.shuffle(&mut all);
                ring(&all, rng)
            }
            Shape::Bridge => {
                rng.shuffle(&mut all);
                bridge(&all)
            }
            Shape::Isolate => around(&all, target, |inside, outside| inside || outside),
            Shape::OneWayIn => around(&all, target, |_, into| into),
            Shape::OneWayOut => around(&all, target, |out_of, _| out_of),
            Shape::RandomLinks(probability) => {
                listed(pairs(&all).filter(|_| rng.chance(*probability)).collect())
            }
            Shape::Groups(given) => {
                let rest: Vec<NodeId> = all
                    .into_iter()
                    .filter(|node| !given.iter().flatten().any(|n| n == node))
                    .collect();
                let sides: Vec<&[NodeId]> =
                    given.iter().map(Vec::as_slice).chain([rest.as_slice()]).collect();
                groups(&sides)
            }
            Shape::Links(given) => listed(given.iter().copied().collect()),
        }
    }
}

/// Every directed pair of different nodes.
fn pairs(all: &[NodeId]) -> impl Iterator<Item = (NodeId, NodeId)> {
    all.iter().flat_map(|&src| all.iter().map(move |&dest| (src, dest))).filter(|(s, d)| s != d)
}

/// `n0 n1`, in order.
pub(crate) fn spoken(nodes: &[NodeId]) -> String {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ")
}

/// Cuts everything between different groups.
fn groups(sides: &[&[NodeId]]) -> Cut {
    let sides: Vec<&&[NodeId]> = sides.iter().filter(|side| !side.is_empty()).collect();
    let mut links = BTreeSet::new();
    for (i, from) in sides.iter().enumerate() {
        for (_, to) in sides.iter().enumerate().filter(|(j, _)| i != *j) {
            links.extend(from.iter().flat_map(|&src| to.iter().map(move |&dest| (src, dest))));
        }
    }
    let words = sides.iter().map(|side| spoken(side)).collect::<Vec<_>>().join(" | ");
    Cut { links, words }
}

/// Cuts links that touch the target: `wanted(source is in it, destination is in it)`.
fn around(all: &[NodeId], target: &[NodeId], wanted: impl Fn(bool, bool) -> bool) -> Cut {
    let links = pairs(all)
        .filter(|(src, dest)| wanted(target.contains(src), target.contains(dest)))
        .collect();
    Cut { links, words: spoken(target) }
}

/// Cuts these links.
fn listed(links: BTreeSet<(NodeId, NodeId)>) -> Cut {
    let mut words = String::new();
    for (i, (src, dest)) in links.iter().enumerate() {
        let space = if i == 0 { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(words, "{space}{src}>{dest}");
    }
    Cut { links, words }
}

/// The first node joins the two halves of the others.
fn bridge(all: &[NodeId]) -> Cut {
    let Some((joint, others)) = all.split_first() else {
        return groups(&[]);
    };
    let (left, right) = others.split_at(others.len() / 2);
    let mut cut = groups(&[left, right]);
    cut.words = format!("{} | {joint} | {}", spoken(left), spoken(right));
    cut
}

/// Jepsen's ring of majorities. Up to five nodes it is perfect: the nodes stand in a circle and
/// each hears the majority around it. Beyond, it is stochastic: the two nodes that know the fewest
/// others are joined until each knows a majority, which is a less regular and so a nastier graph.
fn ring(circle: &[NodeId], rng: &mut Rng) -> Cut {
    let heard = if circle.len() <= 5 { windows(circle) } else { stochastic(circle, rng) };
    let links = pairs(circle)
        .filter(|(src, dest)| {
            circle.iter().position(|n| n == dest).is_some_and(|at| !heard[at].contains(src))
        })
        .collect();
    let words = circle.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ");
    Cut { links, words }
}

/// For each node in the circle, the majority around it.
fn windows(circle: &[NodeId]) -> Vec<BTreeSet<NodeId>> {
    let (count, majority) = (circle.len(), circle.len() / 2 + 1);
    (0..count)
        .map(|at| {
            let first = at + count - majority / 2;
            (first..first + majority).map(|i| circle[i % count]).collect()
        })
        .collect()
}

/// For each node, a majority by joining the least connected. Two nodes may end up with the same
/// one; then it is tried again, and in the unlikely end the circle serves.
fn stochastic(circle: &[NodeId], rng: &mut Rng) -> Vec<BTreeSet<NodeId>> {
    let majority = circle.len() / 2 + 1;
    for _ in 0..100 {
        let mut heard: Vec<BTreeSet<NodeId>> =
            circle.iter().map(|&node| BTreeSet::from([node])).collect();
        loop {
            let mut order: Vec<usize> = (0..circle.len()).collect();
            rng.shuffle(&mut order);
            order.sort_by_key(|&i| heard[i].len());
            let poorest = order[0];
            if heard[poorest].len() >= majority {
                break;
            }
            let partner = order[1..].iter().find(|&&i| !heard[poorest].contains(&circle[i]));
            let Some(&partner) = partner else { break };
            heard[poorest].insert(circle[partner]);
            heard[partner].insert(circle[poorest]);
        }
        if heard.iter().collect::<BTreeSet<_>>().len() == circle.len() {
            return heard;
        }
    }
    windows(circle)
}
