//! What makes a plan bad.

use super::fault::named;
use super::{Duplicate, Fault, Limit, Moment, Plan, PlanError, Target, What};
use crate::network::Reorder;
use crate::partition::Shape;
use crate::time;
use schism_history::NodeId;
use std::time::Duration;

/// A field, and what is wrong with it.
type Refusal = (&'static str, String);

/// What there is that a plan can be about.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// How many nodes.
    pub nodes: u16,
    /// Whether it is told who leads.
    pub leads: bool,
    /// Whether nodes may lie.
    pub lies: bool,
    /// Whether nodes speak to each other at all.
    pub talks: bool,
    /// When the faults end.
    pub end: Duration,
}

impl Circumstances {
    /// Refuses a fault of a plan that cannot come to pass.
    pub(super) fn check(&self, plan: &Plan, fault: &Fault) -> Result<(), Refusal> {
        check_killed(&plan.faults, fault)?;
        if !self.leads && matches!(fault.target, Target::Leader | Target::NewLeader) {
            let why = "this protocol tells of no leader: name a node, or write \"one\"";
            return Err(("target", why.into()));
        }
        if !self.lies && matches!(fault.what, What::Turn(_)) {
            let why = "no node may lie within the model of this protocol: --beyond-model has it \
                       lie all the same";
            return Err(("what", why.into()));
        }
        let alone = "nodes of this protocol never speak to each other";
        let between = fault.what.rule().is_some() || matches!(fault.what, What::Turn(_));
        if !self.talks && between {
            return Err(("what", format!("{alone}: kill or stop them")));
        }
        if !self.talks && fault.when.as_ref().is_some_and(Moment::is_message) {
            return Err((
                "when",
                format!("{alone}: wait for an event, or {{ request = \"any\" }}"),
            ));
        }
        if fault.from >= self.end {
            let (from, end) = (time::words(fault.from), time::words(self.end));
            let why = format!("{from} is too late: workload and faults end after {end}");
            return Err(("from", why));
        }
        if fault.until > self.end {
            let (until, end) = (time::words(fault.until), time::words(self.end));
            let why = format!("{until} is too late: workload and faults end after {end}");
            return Err(("until", why));
        }
        Ok(())
    }
}

impl Plan {
    /// Refuses a plan that could not be carried out, or not in one way only, on so many nodes.
    pub fn check(&self, nodes: u16) -> Result<(), PlanError> {
        for (i, fault) in self.faults.iter().enumerate() {
            check_fault(fault, nodes)
                .and_then(|()| match matches!(fault.what, What::Clock(_)) {
                    // A clock may go wrong that nobody reads any more.
                    true => Ok(()),
                    false => check_alive(&self.faults[..i], fault, Fault::is_for_good),
                })
                .and_then(|()| check_overlap(&self.faults[..i], fault, nodes))
                .map_err(|(field, message)| PlanError {
                    line: None,
                    fault: Some(i),
                    field: Some(field),
                    message,
                })?;
        }
        Ok(())
    }
}

fn check_fault(fault: &Fault, nodes: u16) -> Result<(), Refusal> {
    let (from, until) = (time::words(fault.from), time::words(fault.until));
    if fault.is_for_good() && fault.until != fault.from {
        return Err(("until", "a kill for good is never undone: leave `until` out".into()));
    }
    if !fault.is_for_good() && fault.until <= fault.from {
        return Err(("until", format!("{until} is not after {from}, when the fault begins")));
    }
    check_what(&fault.what, nodes).map_err(|message| ("what", message))?;
    check_target(fault, nodes)?;
    check_moment(fault, nodes)?;
    // Times are kept in nanoseconds; five centuries fit.
    if u64::try_from(fault.until.max(fault.from).as_nanos()).is_err() {
        return Err(("until", format!("{until} is later than any run lasts")));
    }
    Ok(())
}

fn check_what(what: &What, nodes: u16) -> Result<(), String> {
    let positive = |duration: Duration, name: &str| match duration.is_zero() {
        true => Err(format!("{name} is 0s: it would change nothing")),
        false => Ok(()),
    };
    match what {
        What::Partition(shape) => check_shape(shape, nodes),
        What::Loss(p) | What::Corrupt(p) => probability(*p),
        What::Delay(delay) | What::Lag(delay) => match delay.refusal() {
            Some(why) => Err(why),
            None => positive(delay.longest(), "the longest delay"),
        },
        What::Duplicate(Duplicate { probability: p, .. }) => probability(*p),
        What::Reorder(Reorder { probability: p, by }) => {
            probability(*p).and_then(|()| positive(*by, "`by`"))
        }
        What::Rate(rate) if rate.bytes_per_second == 0 => {
            Err("0 bytes a second is a partition: write { partition = … }".into())
        }
        What::Slow(share) if *share > 0.0 && *share < 1.0 => Ok(()),
        What::Slow(share) => {
            Err(format!("{share} is not a share of the time: write a number between 0 and 1"))
        }
        What::Clock(clock) => clock.refusal().map_or(Ok(()), Err),
        What::Disk(disk) => disk.refusal().map_or(Ok(()), Err),
        What::Limit(Limit::Memory(0) | Limit::Descriptors(0)) => {
            Err("a limit of 0 leaves nothing: write at least 1, or a kill".into())
        }
        What::Rate(_) | What::Freeze | What::Kill(_) | What::Pause => Ok(()),
        What::Limit(_) | What::Turn(_) => Ok(()),
    }
}

fn probability(p: f64) -> Result<(), String> {
    if p > 0.0 && p <= 1.0 {
        return Ok(());
    }
    Err(format!("{p} is not a probability: write a number above 0 and up to 1, such as 0.2"))
}

fn check_shape(shape: &Shape, nodes: u16) -> Result<(), String> {
    match shape {
        Shape::RandomLinks(p) => probability(*p),
        Shape::Groups(groups) => {
            let mut all: Vec<NodeId> = groups.iter().flatten().copied().collect();
            known(&all, nodes)?;
            all.sort_unstable();
            if let Some(pair) = all.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(format!("{} is in two groups: put it in one", pair[0]));
            }
            let sides = groups.iter().filter(|group| !group.is_empty()).count();
            if sides == 0 || (sides == 1 && all.len() == usize::from(nodes)) {
                return Err("all nodes are in one group, so nothing is cut: name two".into());
            }
            Ok(())
        }
        Shape::Links(links) if links.is_empty() => {
            Err("no link is named, so nothing is cut: write [[\"n0\", \"n1\"]]".into())
        }
        Shape::Links(links) => {
            for (src, dest) in links {
                known(&[*src, *dest], nodes)?;
                if src == dest {
                    return Err(format!("a link from {src} to itself: name two nodes"));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn known(named: &[NodeId], nodes: u16) -> Result<(), String> {
    match named.iter().find(|node| node.0 >= nodes) {
        Some(node) if nodes == 0 => Err(format!("there is no node {node}: there are no nodes")),
        Some(node) => Err(format!("there is no node {node}: the nodes are n0 to n{}", nodes - 1)),
        None => Ok(()),
    }
}

fn check_target(fault: &Fault, nodes: u16) -> Result<(), Refusal> {
    let refuse = |message: String| Err(("target", message));
    if let What::Partition(shape) = &fault.what
        && !shape.is_targeted()
        && fault.target != Target::All
    {
        return refuse(format!(
            "a partition into {} is about all nodes: leave the target out",
            shape.name()
        ));
    }
    match &fault.target {
        Target::Nodes(named) => {
            known(named, nodes).map_err(|message| ("target", message))?;
            let mut sorted = named.clone();
            sorted.sort_unstable();
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return refuse(format!("{} is named twice: once will do", pair[0]));
            }
            if named.is_empty() {
                return refuse("names no node: name one, or write \"all\"".into());
            }
        }
        Target::Random(count) if *count == 0 || *count > nodes => {
            return refuse(format!("{count} at random of {nodes} nodes: choose 1 to {nodes}"));
        }
        _ => {}
    }
    Ok(())
}

fn check_moment(fault: &Fault, nodes: u16) -> Result<(), Refusal> {
    let Some(when) = &fault.when else {
        return match fault.target {
            Target::Sender => Err((
                "target",
                "a sender needs `when`, the moment it sends: write when = { message = \"any\" }"
                    .into(),
            )),
            _ => Ok(()),
        };
    };
    if fault.target == Target::NewLeader && !when.is_open() {
        let why = "of a new leader it is known only later who that is: leave `from`, `to` and `at` \
                   out, as in { message = \"any\", count = 3 }";
        return Err(("when", why.into()));
    }
    known(&when.named(), nodes).map_err(|message| ("when", message))?;
    if !fault.is_for_good() && when.after >= fault.until.saturating_sub(fault.from) {
        let (after, until) = (time::words(when.after), time::words(fault.until));
        let why = format!("{after} after any moment it waits for, it is over: it ends at {until}");
        return Err(("when", why));
    }
    when.refusal().map_or(Ok(()), |why| Err(("when", why.into())))
}

/// Refuses a second kill or pause of a node that one is already in force for: it would not be clear
/// which of them starts it again.
fn check_overlap(earlier: &[Fault], fault: &Fault, nodes: u16) -> Result<(), Refusal> {
    if !fault.what.is_to_processes() {
        return Ok(());
    }
    for (i, other) in earlier.iter().enumerate().filter(|(_, f)| f.what.is_to_processes()) {
        let (begins, ends) = interval(fault);
        let (other_begins, other_ends) = interval(other);
        if begins >= other_ends || other_begins >= ends {
            continue;
        }
        if let Some(node) = (0..nodes).map(NodeId).find(|n| hits(fault, *n) && hits(other, *n)) {
            return Err((
                "from",
                format!(
                    "{node} is already the target of fault {i} ({}) at that time: let one end \
                     before the other begins",
                    other.what
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses what can only happen to a node that runs, where one of those named is dead all the while,
/// by a kill of the kind asked for. Who is started again before the fault ends meets it then.
fn check_alive(faults: &[Fault], fault: &Fault, asked: fn(&Fault) -> bool) -> Result<(), Refusal> {
    let Target::Nodes(nodes) = &fault.target else { return Ok(()) };
    if !matches!(fault.what, What::Clock(_) | What::Disk(_) | What::Limit(_) | What::Turn(_)) {
        return Ok(());
    }
    let (from, until) = interval(fault);
    let lasts = |other: &Fault| {
        let (dies, returns) = interval(other);
        other.when.is_none() && dies <= from && until <= returns
    };
    let kills = |other: &Fault| asked(other) && lasts(other);
    for (i, other) in faults.iter().enumerate().filter(|(_, other)| kills(other)) {
        if let Some(node) = nodes.iter().find(|node| hits(other, **node)) {
            let all_the_while = if other.is_for_good() { "by then" } else { "all that time" };
            let why = format!("{node} is dead {all_the_while}: fault {i} is a {}", other.what);
            return Err(("target", why));
        }
    }
    Ok(())
}

/// The same for kills of any kind.
fn check_killed(faults: &[Fault], fault: &Fault) -> Result<(), Refusal> {
    check_alive(faults, fault, |other| matches!(other.what, What::Kill(_)))
}

/// Whether only the dead would meet a fault of a plan.
pub(crate) fn comes_too_late(faults: &[Fault], fault: &Fault) -> bool {
    check_killed(faults, fault).is_err()
}

/// Whether a fault certainly is about this node.
fn hits(fault: &Fault, node: NodeId) -> bool {
    fault.target == Target::All || named(fault).contains(&node)
}

/// From when until when a fault holds.
pub(crate) fn interval(fault: &Fault) -> (Duration, Duration) {
    (fault.from, if fault.is_for_good() { Duration::MAX } else { fault.until })
}
