//! The rules in force on every link, and the decisions they lead to.
//!
//! Links between different nodes follow the base rule and every rule a fault put on them. All other
//! links (to and from clients and services, or from a node to itself) are perfect unless a rule
//! names them. Rules compose: cuts and freezes add up, every loss, duplication and corruption has
//! its own chance, delays add, the tightest rate wins by queueing longest.
//!
//! Randomness is keyed by seed, link, the instant a message is offered, and fault. So the traffic of
//! one link never changes the fate of another's messages, a message that is not sent changes nothing
//! about the others, and taking one fault out of a plan leaves what the others do to the same
//! messages as it was.
//!
//! Order: copies due at the same instant must be delivered in the order of the calls to
//! [`Fabric::route`]. Then a link whose delay is constant keeps its order, one whose delay varies
//! does not, and one with `fifo` always does, also across the end of the rule.
//!
//! A message is decided when it is offered: a cut does not stop what is already on its way.

use super::{LinkRule, Pinned, PinnedFate, Touched};
use crate::FaultId;
use crate::rng::{Rng, nanos};
use schism_history::{Nanos, NodeId, Peer};
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeMap;

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// Copies arrive at these times, in ascending order; the first is the message itself.
    Arrives(SmallVec<[Nanos; 2]>),
    /// A rule lost it.
    Lost,
    /// A partition is in its way.
    Cut,
    /// The link is frozen: keep it and offer it again when the link has thawed.
    Held,
}

/// The fate of a message, and whose doing it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What becomes of it.
    pub routed: Routed,
    /// It arrives altered. The number is random and decides how, so that a replay alters the same
    /// bits.
    pub corrupt: Option<u64>,
    /// The fault that stopped it or, if it arrives, the last that touched it.
    pub by: Option<FaultId>,
}

/// A rule in force on a link.
#[derive(Clone, Debug)]
struct InForce {
    /// `None` for the base rule.
    fault: Option<FaultId>,
    rule: LinkRule,
    /// When a rate-limited link has sent what it took on so far.
    free_at: Nanos,
}

/// A directed link.
#[derive(Clone, Debug)]
struct Link {
    /// Nothing can happen to a message: it arrives at once. The fast path.
    quiet: bool,
    /// How many messages were decided on it.
    count: u64,
    /// When the last was, and how many others before it at that instant.
    last: (Nanos, u64),
    /// Nothing arrives before this, or it would overtake a message sent under `fifo`.
    floor: Nanos,
    /// What its random numbers are keyed by.
    key: u64,
    rules: SmallVec<[InForce; 1]>,
    /// What becomes of single messages, by number.
    pinned: BTreeMap<u64, PinnedFate>,
}

impl Link {
    fn new(src: Peer, dest: Peer) -> Link {
        let key = peer_key(src) << 32 ^ peer_key(dest);
        Link {
            quiet: true,
            count: 0,
            last: (0, 0),
            floor: 0,
            key,
            rules: SmallVec::new(),
            pinned: BTreeMap::new(),
        }
    }

    fn with_base(src: Peer, dest: Peer, base: &LinkRule) -> Link {
        let mut link = Link::new(src, dest);
        if !base.is_perfect() || base.fifo {
            link.rules.push(InForce { fault: None, rule: *base, free_at: 0 });
        }
        link.settle();
        link
    }

    /// Finds out whether the fast path will do from now on.
    fn settle(&mut self) {
        self.quiet = self.floor == 0
            && self.pinned.is_empty()
            && self.rules.iter().all(|force| force.rule.is_perfect());
    }
}

/// A number for each peer, below 2³⁴ so that two make a key.
fn peer_key(peer: Peer) -> u64 {
    match peer {
        Peer::Node(NodeId(n)) => u64::from(n),
        Peer::Client(c) => (1 << 32) | u64::from(c),
        Peer::Service(s) => (2 << 32) | u64::from(s),
    }
}

/// Every link, and the rules in force.
#[derive(Clone, Debug)]
pub struct Fabric {
    nodes: usize,
    seed: u64,
    /// From each node to each, row by row.
    links: Vec<Link>,
    /// The links a rule named that do not join two nodes.
    others: BTreeMap<(Peer, Peer), Link>,
    touched: BTreeMap<FaultId, Touched>,
}

impl Fabric {
    /// A fabric for this many nodes. `base` holds on every link between two different nodes.
    pub fn new(nodes: u16, seed: u64, base: LinkRule) -> Fabric {
        let perfect = LinkRule::default();
        let ids = || (0..nodes).map(NodeId);
        let links = ids()
            .flat_map(|src| ids().map(move |dest| (src, dest)))
            .map(|(src, dest)| {
                let rule = if src == dest { &perfect } else { &base };
                Link::with_base(Peer::Node(src), Peer::Node(dest), rule)
            })
            .collect();
        Fabric {
            nodes: usize::from(nodes),
            seed,
            links,
            others: BTreeMap::new(),
            touched: BTreeMap::new(),
        }
    }

    /// Decides beforehand what becomes of one message.
    pub fn pin(&mut self, pinned: &Pinned) {
        if let Some(position) = self.position(Peer::Node(pinned.from), Peer::Node(pinned.to)) {
            self.links[position].pinned.insert(pinned.number, pinned.fate);
            self.links[position].settle();
        }
    }

    /// Where a link between nodes stands in the table.
    fn position(&self, src: Peer, dest: Peer) -> Option<usize> {
        match (src, dest) {
            (Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)))
                if usize::from(src) < self.nodes && usize::from(dest) < self.nodes =>
            {
                Some(usize::from(src) * self.nodes + usize::from(dest))
            }
            _ => None,
        }
    }

    fn link(&self, src: Peer, dest: Peer) -> Option<&Link> {
        match self.position(src, dest) {
            Some(position) => self.links.get(position),
            None => self.others.get(&(src, dest)),
        }
    }

    /// Puts a fault's rules in force, in addition to those that are.
    pub fn begin(
        &mut self,
        fault: FaultId,
        rules: impl IntoIterator<Item = (Peer, Peer, LinkRule)>,
    ) {
        self.touched.entry(fault).or_default();
        for (src, dest, rule) in rules {
            let link = match self.position(src, dest) {
                Some(position) => &mut self.links[position],
                None => self.others.entry((src, dest)).or_insert_with(|| Link::new(src, dest)),
            };
            link.rules.push(InForce { fault: Some(fault), rule, free_at: 0 });
            link.settle();
        }
    }

    /// Takes a fault's rules out of force; those of other faults stay. What it touched can still be
    /// asked for.
    pub fn end(&mut self, fault: FaultId) {
        for link in self.links.iter_mut().chain(self.others.values_mut()) {
            let before = link.rules.len();
            link.rules.retain(|force| force.fault != Some(fault));
            if link.rules.len() != before {
                link.settle();
            }
        }
        self.others.retain(|_, link| !link.rules.is_empty() || link.floor > 0);
    }

    /// What a fault did to messages so far.
    pub fn touched(&self, fault: FaultId) -> Touched {
        self.touched.get(&fault).copied().unwrap_or_default()
    }

    /// Whether messages of this link would be held.
    pub fn is_frozen(&self, src: Peer, dest: Peer) -> bool {
        self.link(src, dest).is_some_and(|link| link.rules.iter().any(|force| force.rule.freeze))
    }

    /// Decides about a message offered now.
    pub fn route(&mut self, now: Nanos, src: Peer, dest: Peer, bytes: u32) -> Decision {
        let link = match self.position(src, dest) {
            Some(position) => &mut self.links[position],
            None if self.others.is_empty() => return arrives(now),
            None => match self.others.get_mut(&(src, dest)) {
                Some(link) => link,
                None => return arrives(now),
            },
        };
        if link.quiet {
            link.count += 1;
            return arrives(now);
        }
        decide(link, &mut self.touched, self.seed, now, bytes)
    }
}

fn arrives(now: Nanos) -> Decision {
    Decision { routed: Routed::Arrives(smallvec![now]), corrupt: None, by: None }
}

/// Adds to what a fault touched; nothing is counted for the base rule.
fn touch(
    touched: &mut BTreeMap<FaultId, Touched>,
    fault: Option<FaultId>,
    count: impl FnOnce(&mut Touched),
) {
    if let Some(fault) = fault {
        count(touched.entry(fault).or_default());
    }
}

/// The decision where rules are in force. Freezing comes first, since a held message is offered
/// again; then what was decided beforehand, then cuts, then chance, then time.
#[cold]
fn decide(
    link: &mut Link,
    touched: &mut BTreeMap<FaultId, Touched>,
    seed: u64,
    now: Nanos,
    bytes: u32,
) -> Decision {
    let stopped = |routed, by| Decision { routed, corrupt: None, by };
    // Every fault that alone would have stopped it has touched it.
    let mut by = None;
    for force in link.rules.iter().filter(|force| force.rule.freeze) {
        touch(touched, force.fault, |t| t.held += 1);
        by = Some(by.flatten().or(force.fault));
    }
    if let Some(fault) = by {
        return stopped(Routed::Held, fault);
    }
    let number = link.count;
    link.count += 1;
    match link.pinned.get(&number) {
        Some(PinnedFate::Lost) => return stopped(Routed::Lost, None),
        Some(PinnedFate::After(late)) => {
            return stopped(Routed::Arrives(smallvec![now.saturating_add(nanos(*late))]), None);
        }
        None => {}
    }
    for force in link.rules.iter().filter(|force| force.rule.cut) {
        touch(touched, force.fault, |t| t.cut += 1);
        by = Some(by.flatten().or(force.fault));
    }
    if let Some(fault) = by {
        return stopped(Routed::Cut, fault);
    }

    link.last = match link.last {
        (then, others) if then == now => (now, others + 1),
        _ => (now, 0),
    };
    let key = link.key;
    // The upper bits of a time are never used: two years have 2⁵⁶ nanoseconds.
    let moment = now ^ link.last.1.rotate_right(8);
    // Fault 0 is a fault like any other, so the base rule is keyed by a number no fault has.
    let stream = |fault: Option<FaultId>, copy: u64| {
        Rng::new(seed, &[key, moment, fault.map_or(u64::MAX, u64::from), copy])
    };
    for force in &link.rules {
        if force.rule.loss > 0.0 && stream(force.fault, LOSS).chance(force.rule.loss) {
            touch(touched, force.fault, |t| t.dropped += 1);
            return stopped(Routed::Lost, force.fault);
        }
    }
    let mut decision = Decision { routed: Routed::Lost, corrupt: None, by: None };
    let mut copies: SmallVec<[Nanos; 2]> = smallvec![now];
    for force in &mut link.rules {
        let rule = &force.rule;
        let mut chance = stream(force.fault, CHANCE);
        if chance.chance(rule.corrupt) {
            decision.corrupt = Some(chance.bits());
            decision.by = force.fault.or(decision.by);
            touch(touched, force.fault, |t| t.corrupted += 1);
        }
        if chance.chance(rule.duplicate) {
            let late = nanos(chance.between(std::time::Duration::ZERO, rule.duplicate_within));
            copies.push(now.saturating_add(late));
            decision.by = force.fault.or(decision.by);
            touch(touched, force.fault, |t| t.duplicated += 1);
        }
        if let Some(rate) = rule.rate {
            let turn = force.free_at.max(now);
            if turn - now > nanos(rate.queue) {
                touch(touched, force.fault, |t| t.dropped += 1);
                return stopped(Routed::Lost, force.fault);
            }
            let sending =
                u128::from(bytes) * 1_000_000_000 / u128::from(rate.bytes_per_second.max(1));
            force.free_at = turn.saturating_add(u64::try_from(sending).unwrap_or(u64::MAX));
        }
    }
    for (copy, at) in copies.iter_mut().enumerate() {
        for force in &link.rules {
            let delay = lateness(&force.rule, stream(force.fault, copy as u64), force.free_at, now);
            if delay > 0 {
                *at = at.saturating_add(delay);
                if copy == 0 {
                    decision.by = force.fault.or(decision.by);
                    touch(touched, force.fault, |t| t.delayed += 1);
                }
            }
        }
    }
    copies.sort_unstable();
    let fifo = link.rules.iter().any(|force| force.rule.fifo);
    for at in &mut copies {
        *at = (*at).max(link.floor);
    }
    if fifo && let Some(&last) = copies.last() {
        link.floor = last;
    }
    if link.floor > 0 && link.floor <= now {
        link.floor = 0;
        link.settle();
    }
    decision.routed = Routed::Arrives(copies);
    decision
}

/// Keys of the streams that are not one copy's lateness.
const LOSS: u64 = u64::MAX;
const CHANCE: u64 = u64::MAX - 1;

/// How much later a copy arrives for one rule.
fn lateness(rule: &LinkRule, mut rng: Rng, free_at: Nanos, now: Nanos) -> Nanos {
    let mut late = 0u64;
    if let Some(delay) = &rule.delay {
        late = late.saturating_add(delay.draw(&mut rng));
    }
    if let Some(reorder) = &rule.reorder
        && rng.chance(reorder.probability)
    {
        late = late.saturating_add(nanos(rng.between(reorder.by / 100, reorder.by)));
    }
    if rule.rate.is_some() {
        late = late.saturating_add(free_at - now);
    }
    late
}
