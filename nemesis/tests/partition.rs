//! Every shape cuts what its name says.

use proptest::prelude::*;
use schism_history::NodeId;
use schism_nemesis::partition::Cut;
use schism_nemesis::{Rng, Shape};
use std::collections::BTreeSet;

fn cut(shape: &Shape, nodes: u16, target: &[u16], seed: u64) -> Cut {
    let target: Vec<NodeId> = target.iter().map(|n| NodeId(*n)).collect();
    shape.cut(nodes, &target, &mut Rng::new(seed, &[]))
}

/// Whom a node hears, itself included.
fn heard(cut: &Cut, nodes: u16, node: u16) -> BTreeSet<u16> {
    (0..nodes).filter(|src| !cut.links.contains(&(NodeId(*src), NodeId(node)))).collect()
}

fn is_symmetric(cut: &Cut) -> bool {
    cut.links.iter().all(|(src, dest)| cut.links.contains(&(*dest, *src)))
}

/// The groups that still hear one another, where hearing is an equivalence.
fn groups(cut: &Cut, nodes: u16) -> BTreeSet<BTreeSet<u16>> {
    let groups: BTreeSet<_> = (0..nodes).map(|node| heard(cut, nodes, node)).collect();
    assert_eq!(groups.iter().map(BTreeSet::len).sum::<usize>(), usize::from(nodes), "{cut:?}");
    groups
}

#[test]
fn halves() {
    let half = cut(&Shape::Halves, 5, &[], 0);
    assert_eq!(half.words, "n0 n1 | n2 n3 n4");
    assert_eq!(half.links.len(), 12);
    assert!(is_symmetric(&half));
    assert_eq!(groups(&half, 5), [[0, 1].into(), [2, 3, 4].into()].into());
}

#[test]
fn random_halves_differ_by_seed() {
    let all: BTreeSet<_> =
        (0..300).map(|seed| groups(&cut(&Shape::RandomHalves, 5, &[], seed), 5)).collect();
    // Two of five: ten ways.
    assert_eq!(all.len(), 10);
}

#[test]
fn a_majority_stays_together() {
    let mut sizes = BTreeSet::new();
    for seed in 0..300 {
        let split = cut(&Shape::MajorityMinority, 7, &[], seed);
        let groups = groups(&split, 7);
        let largest = groups.iter().map(BTreeSet::len).max().unwrap_or_default();
        assert!(groups.len() == 2 && largest >= 4, "{}", split.words);
        sizes.insert(largest);
    }
    assert_eq!(sizes, [4, 5, 6].into());
    assert!(cut(&Shape::MajorityMinority, 2, &[], 0).links.is_empty(), "no minority of two");
}

#[test]
fn a_bridge_joins_two_halves() {
    let mut bridges = BTreeSet::new();
    for seed in 0..100 {
        let split = cut(&Shape::Bridge, 5, &[], seed);
        assert!(is_symmetric(&split));
        let joints: Vec<u16> = (0..5).filter(|n| heard(&split, 5, *n).len() == 5).collect();
        assert_eq!(joints.len(), 1, "{}", split.words);
        assert!((0..5).filter(|n| !joints.contains(n)).all(|n| heard(&split, 5, n).len() == 3));
        assert!(split.words.contains(&format!("| n{} |", joints[0])), "{}", split.words);
        bridges.insert(joints[0]);
    }
    assert_eq!(bridges.len(), 5);
}

#[test]
fn isolation_and_one_way() {
    let alone = cut(&Shape::Isolate, 4, &[1, 2], 0);
    assert_eq!(groups(&alone, 4), [[0, 3].into(), [1].into(), [2].into()].into());
    let deaf = cut(&Shape::OneWayIn, 4, &[1], 0);
    assert_eq!(heard(&deaf, 4, 1), [1].into());
    assert!([0, 2, 3].iter().all(|n| heard(&deaf, 4, *n).len() == 4));
    let mute = cut(&Shape::OneWayOut, 4, &[1], 0);
    assert_eq!(heard(&mute, 4, 1).len(), 4);
    assert!([0, 2, 3].iter().all(|n| !heard(&mute, 4, *n).contains(&1)));
}

#[test]
fn random_links_are_cut_one_by_one() {
    let count: usize =
        (0..200).map(|seed| cut(&Shape::RandomLinks(0.3), 5, &[], seed).links.len()).sum();
    // 20 links × 200 × 0.3.
    assert!((1100..1300).contains(&count), "{count}");
    assert_eq!(cut(&Shape::RandomLinks(1.0), 3, &[], 1).links.len(), 6);
}

#[test]
fn literal_groups_and_links() {
    let ids = |all: &[u16]| all.iter().map(|n| NodeId(*n)).collect::<Vec<_>>();
    let split = cut(&Shape::Groups(vec![ids(&[0, 3]), ids(&[1])]), 5, &[], 0);
    assert_eq!(split.words, "n0 n3 | n1 | n2 n4");
    assert_eq!(groups(&split, 5), [[0, 3].into(), [1].into(), [2, 4].into()].into());
    let one = cut(&Shape::Links(vec![(NodeId(2), NodeId(0))]), 3, &[], 0);
    assert_eq!((one.words.as_str(), one.links.len()), ("n2>n0", 1));
}

proptest! {
    /// The definition: every node hears a majority, and no two hear the same one.
    #[test]
    fn majorities_ring(nodes in 3..30u16, seed: u64) {
        let ring = cut(&Shape::MajoritiesRing, nodes, &[], seed);
        let all: BTreeSet<_> = (0..nodes).map(|node| heard(&ring, nodes, node)).collect();
        prop_assert_eq!(all.len(), usize::from(nodes));
        prop_assert!(all.iter().all(|heard| heard.len() > usize::from(nodes / 2)));
        if nodes <= 5 {
            // Perfect: bare majorities.
            prop_assert!(all.iter().all(|heard| heard.len() == usize::from(nodes / 2 + 1)));
        } else {
            prop_assert!(is_symmetric(&ring));
        }
        // It does cut something for everybody.
        prop_assert!(all.iter().all(|heard| heard.len() < usize::from(nodes)));
    }

    /// No shape cuts a node from itself, names a node there is not, or panics on few nodes.
    #[test]
    fn small_clusters_are_fine(nodes in 0..6u16, which in 0..9usize, seed: u64) {
        let shapes = [
            Shape::Halves, Shape::RandomHalves, Shape::MajorityMinority, Shape::MajoritiesRing,
            Shape::Bridge, Shape::Isolate, Shape::OneWayIn, Shape::OneWayOut, Shape::RandomLinks(0.5),
        ];
        let target = [nodes / 2];
        let target = if nodes == 0 { &[][..] } else { &target[..] };
        let cut = cut(&shapes[which], nodes, target, seed);
        prop_assert!(cut.links.iter().all(|(s, d)| s != d && s.0 < nodes && d.0 < nodes));
    }
}
