//! Whether faults stay within what a model permits, at every instant.
//!
//! Between two beginnings things only get better, so it is enough to look at the instant each fault
//! begins. Where a fault is about the leader, it must fit whoever that is.

use super::Allowance;
use crate::partition::Shape;
use crate::plan::{Fault, Limit, Target, What, interval, named};
use crate::rng::Rng;
use schism_history::NodeId;
use std::collections::BTreeSet;
use std::time::Duration;

/// Whether the last of the faults fits with all the others.
pub(super) fn fits(faults: &[Fault], allow: &Allowance, nodes: u16) -> bool {
    let Some((new, others)) = faults.split_last() else { return true };
    if matches!(new.what, What::Turn(_)) && liars(faults, nodes) > usize::from(allow.liars_max) {
        return false;
    }
    let overlapping: Vec<&Fault> = others.iter().filter(|other| overlap(new, other)).collect();
    if overlapping.iter().any(|other| clash(new, other, allow)) {
        return false;
    }
    let (from, until) = interval(new);
    let begins = overlapping.iter().map(|other| other.from).filter(|at| *at >= from && *at < until);
    begins.chain([from]).all(|at| {
        let in_force: Vec<&Fault> =
            overlapping.iter().copied().chain([new]).filter(|fault| holds(fault, at)).collect();
        lossy_enough(&in_force, allow) && connected_enough(&in_force, allow, nodes)
    })
}

/// How many nodes lie. Who has lied once counts as a liar to the end.
fn liars(faults: &[Fault], nodes: u16) -> usize {
    let turned = faults.iter().filter(|fault| matches!(fault.what, What::Turn(_)));
    let (known, open): (Vec<&Fault>, Vec<&Fault>) =
        turned.partition(|fault| matches!(fault.target, Target::Nodes(_)));
    let known: BTreeSet<NodeId> = known.into_iter().flat_map(named).collect();
    let open = open.into_iter().map(|fault| usize::from(fault.target.count(nodes)));
    known.len() + open.sum::<usize>()
}

fn overlap(one: &Fault, other: &Fault) -> bool {
    let ((one_from, one_until), (from, until)) = (interval(one), interval(other));
    one_from < until && from < one_until
}

fn holds(fault: &Fault, at: Duration) -> bool {
    let (from, until) = interval(fault);
    from <= at && at < until
}

/// Two faults that must not overlap, however many nodes may be out.
fn clash(one: &Fault, other: &Fault, allow: &Allowance) -> bool {
    let both = |is: fn(&Fault) -> bool| is(one) && is(other);
    // Delays add up, and the bound is for their sum.
    (allow.delay_max.is_some() && both(delays))
        // The second would find the node dead or stopped, or be undone by the end of the first.
        || (both(takes_away)
            && may_share_a_node(one, other)
            && !(both(Fault::is_for_good) && (leads(one) || leads(other)))
            && !starts_short(one, other)
            && !starts_short(other, one))
        // The dead do not lie.
        || (may_share_a_node(one, other)
            && [(one, other), (other, one)].iter().any(|(dead, liar)| {
                dead.is_for_good() && matches!(liar.what, What::Turn(_))
            }))
        // Where it is left to chance who is where, the sum of two cannot be known beforehand.
        || (both(puts_out) && (is_open(one) || is_open(other)))
        || (both(puts_out)
            && (leads(one) && leads(other))
            && (allow.partition || !both(Fault::is_for_good)))
}

/// Whether a node is started again while it has few descriptors: that is when it needs them.
fn starts_short(limit: &Fault, kill: &Fault) -> bool {
    matches!(limit.what, What::Limit(Limit::Descriptors(_)))
        && matches!(kill.what, What::Kill(_))
        && !kill.is_for_good()
        && matches!(kill.target, Target::Nodes(_))
        && limit.target == kill.target
        && limit.from < kill.from
        && kill.until < limit.until
}

/// Whether it strikes whoever leads or sends: not one that was killed for good before, but it cannot
/// be known beforehand who.
fn leads(fault: &Fault) -> bool {
    matches!(fault.target, Target::Leader | Target::NewLeader | Target::Sender)
}

fn delays(fault: &Fault) -> bool {
    use What::*;
    matches!(fault.what, Delay(_) | Lag(_) | Reorder(_) | Duplicate(_) | Rate(_))
}

/// Whether it takes nodes out of the cluster.
fn puts_out(fault: &Fault) -> bool {
    matches!(fault.what, What::Partition(_) | What::Freeze) || takes_away(fault)
}

/// Whether it takes processes away, at once or when they do what they must.
fn takes_away(fault: &Fault) -> bool {
    let fatal = matches!(fault.what, What::Disk(disk) if disk.is_fatal());
    fault.what.is_to_processes() || fatal || matches!(fault.what, What::Limit(_))
}

/// Whether it leaves to chance who is where.
fn is_open(fault: &Fault) -> bool {
    matches!(fault.what, What::Partition(Shape::MajoritiesRing | Shape::Bridge))
}

fn may_share_a_node(one: &Fault, other: &Fault) -> bool {
    match (&one.target, &other.target) {
        (Target::Nodes(ones), Target::Nodes(others)) => ones.iter().any(|n| others.contains(n)),
        _ => true,
    }
}

/// Losses compose: a message survives if it survives each.
fn lossy_enough(in_force: &[&Fault], allow: &Allowance) -> bool {
    let survives: f64 = in_force
        .iter()
        .map(|fault| match fault.what {
            What::Loss(p) => 1.0 - p,
            _ => 1.0,
        })
        .product();
    survives == 1.0 || 1.0 - survives <= allow.loss_max + 1e-9
}

/// Whether few enough nodes are out, whoever leads. Stopped and frozen nodes count too, but one of
/// them is permitted even where none may crash: to the others it is merely slow.
fn connected_enough(in_force: &[&Fault], allow: &Allowance, nodes: u16) -> bool {
    if !in_force.iter().any(|fault| puts_out(fault)) {
        return true;
    }
    (0..nodes.max(1)).map(NodeId).all(|leader| {
        let slow =
            |fault: &&&Fault| matches!(fault.what, What::Freeze | What::Pause | What::Slow(_));
        let broken = in_force.iter().filter(|fault| !slow(fault)).copied();
        out(broken, leader, nodes) <= allow.crash_max
            && out(in_force.iter().copied(), leader, nodes) <= allow.crash_max.max(1)
    })
}

/// How many nodes are out: dead, stopped, or cut off from the largest group that still reach one
/// another, over any number of links that work in both directions. Of several that strike whoever
/// leads, which happens only where no link is cut, each but the first takes one more.
fn out<'a>(in_force: impl Iterator<Item = &'a Fault>, leader: NodeId, nodes: u16) -> u16 {
    let mut leaders = 0u16;
    let mut down = vec![false; usize::from(nodes)];
    let mut cut: BTreeSet<(NodeId, NodeId)> = BTreeSet::new();
    for fault in in_force {
        let targets: Vec<NodeId> = match &fault.target {
            Target::Nodes(named) => named.clone(),
            Target::Leader | Target::NewLeader | Target::Sender => vec![leader],
            _ => (0..nodes).map(NodeId).collect(),
        };
        match &fault.what {
            // The order of a ring or bridge does not matter to how many are cut off.
            What::Partition(shape) => {
                cut.extend(shape.cut(nodes, &targets, &mut Rng::new(0, &[])).links);
            }
            What::Freeze => {
                cut.extend(Shape::Isolate.cut(nodes, &targets, &mut Rng::new(0, &[])).links)
            }
            _ if takes_away(fault) => {
                leaders += u16::from(leads(fault));
                targets.iter().for_each(|node| down[usize::from(node.0)] = true);
            }
            _ => {}
        }
    }
    nodes - largest_group(&mut down, &cut) + leaders.saturating_sub(1)
}

/// The size of the largest group of live nodes that reach one another. Uses `down` to mark whom it
/// has seen.
fn largest_group(down: &mut [bool], cut: &BTreeSet<(NodeId, NodeId)>) -> u16 {
    let joined = |a: usize, b: usize| {
        let (a, b) = (NodeId(a as u16), NodeId(b as u16));
        !cut.contains(&(a, b)) && !cut.contains(&(b, a))
    };
    let mut largest = 0;
    for first in 0..down.len() {
        let mut size = 0;
        let mut reached = vec![first];
        while let Some(node) = reached.pop() {
            if std::mem::replace(&mut down[node], true) {
                continue;
            }
            size += 1;
            reached.extend((0..down.len()).filter(|&other| !down[other] && joined(node, other)));
        }
        largest = largest.max(size);
    }
    largest
}
