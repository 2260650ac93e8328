//! One fault of a plan.

use super::{Clock, DiskFault, Limit, Moment, Target, Turn};
use crate::network::{Delay, LinkRule, Rate, Reorder};
use crate::partition::Shape;
use crate::time;
use schism_history::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What goes wrong, with whom, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Fault {
    /// What goes wrong.
    pub what: What,
    /// With whom.
    pub target: Target,
    /// When it begins.
    pub from: Duration,
    /// When it is undone. Equal to `from` if it never is ([`AfterKill::ForGood`]).
    pub until: Duration,
    /// The moment it waits for, from `from` on.
    pub when: Option<Moment>,
}

/// How a fault is written: what goes without saying may be left out.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    from: Written,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Written>,
    what: What,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<Moment>,
}

/// A duration as text.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Written(#[serde(with = "time")] pub Duration);

impl From<Fault> for Text {
    fn from(fault: Fault) -> Text {
        Text {
            until: (!fault.is_for_good()).then_some(Written(fault.until)),
            target: (fault.what.needs_target() || fault.target != Target::All)
                .then_some(fault.target),
            from: Written(fault.from),
            when: fault.when,
            what: fault.what,
        }
    }
}

impl TryFrom<Text> for Fault {
    type Error = String;

    fn try_from(text: Text) -> Result<Fault, String> {
        let target = match text.target {
            Some(target) => target,
            None if text.what.needs_target() => {
                return Err(format!(
                    "`{}` needs a target: node names like [\"n0\"], or one of {}",
                    text.what,
                    Target::WORDS
                ));
            }
            None => Target::All,
        };
        let for_good = text.what == What::Kill(AfterKill::ForGood);
        let until = match text.until {
            Some(until) => until.0,
            None if for_good => text.from.0,
            None => {
                return Err(format!("`{}` needs `until`, the time it is undone at", text.what));
            }
        };
        Ok(Fault { what: text.what, target, from: text.from.0, until, when: text.when })
    }
}

impl Fault {
    /// Whether it is never undone.
    pub fn is_for_good(&self) -> bool {
        self.what == What::Kill(AfterKill::ForGood)
    }
}

/// What can go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Links are cut.
    Partition(Shape),
    /// Messages from and to the target are lost with this probability.
    Loss(f64),
    /// Messages from and to the target take longer.
    Delay(Delay),
    /// What the target sends to others takes longer, while it hears them as before.
    Lag(Delay),
    /// Messages from and to the target arrive twice.
    Duplicate(Duplicate),
    /// Messages from and to the target overtake one another.
    Reorder(Reorder),
    /// Messages from and to the target arrive altered with this probability.
    Corrupt(f64),
    /// Links from and to the target carry little.
    Rate(Rate),
    /// Links from and to the target hold everything back, and let it go in a burst at the end.
    Freeze,
    /// The target's processes are killed (SIGKILL).
    Kill(AfterKill),
    /// The target's processes are stopped (SIGSTOP) and continued.
    Pause,
    /// The target's processes get this share of the time to run, in short slices.
    Slow(f64),
    /// The target's clocks go wrong.
    Clock(Clock),
    /// The target's disks go wrong while it runs.
    Disk(DiskFault),
    /// The target's processes may use little.
    Limit(Limit),
    /// The target lies to others. Once it has, it is called Byzantine to the end of the run.
    Turn(Turn),
}

/// Messages arrive twice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// How likely.
    pub probability: f64,
    /// The copy arrives up to this much later.
    #[serde(with = "time", default)]
    pub within: Duration,
}

/// What happens to a killed node when its fault ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterKill {
    /// It is started again and finds its stable storage. What it had written and nobody waited
    /// for yet may be lost.
    KeepDisk,
    /// The same, with one bit of what it wrote last flipped.
    BitFlip,
    /// The same, without what it wrote last, durable or not.
    RollBack,
    /// It is started again with nothing.
    WipeDisk,
    /// It stays dead: the crash of the crash-stop model.
    ForGood,
}

impl What {
    /// Whether the target must be said. Where it need not, it is all nodes.
    pub fn needs_target(&self) -> bool {
        match self {
            What::Kill(_) | What::Pause | What::Slow(_) | What::Clock(_) => true,
            What::Disk(_) | What::Limit(_) | What::Turn(_) | What::Lag(_) => true,
            What::Partition(shape) => shape.is_targeted(),
            _ => false,
        }
    }

    /// Whether it takes processes away, so that two of them cannot hold one node.
    pub fn is_to_processes(&self) -> bool {
        matches!(self, What::Kill(_) | What::Pause | What::Slow(_))
    }

    /// The rule it puts on a link; `None` if it is done to processes.
    pub fn rule(&self) -> Option<LinkRule> {
        let perfect = LinkRule::default();
        match *self {
            What::Partition(_) => Some(LinkRule { cut: true, ..perfect }),
            What::Loss(loss) => Some(LinkRule { loss, ..perfect }),
            What::Delay(delay) | What::Lag(delay) => {
                Some(LinkRule { delay: Some(delay), ..perfect })
            }
            What::Duplicate(Duplicate { probability, within }) => {
                Some(LinkRule { duplicate: probability, duplicate_within: within, ..perfect })
            }
            What::Reorder(reorder) => Some(LinkRule { reorder: Some(reorder), ..perfect }),
            What::Corrupt(corrupt) => Some(LinkRule { corrupt, ..perfect }),
            What::Rate(rate) => Some(LinkRule { rate: Some(rate), ..perfect }),
            What::Freeze => Some(LinkRule { freeze: true, ..perfect }),
            What::Kill(_) | What::Pause | What::Slow(_) => None,
            What::Clock(_) | What::Disk(_) | What::Limit(_) | What::Turn(_) => None,
        }
    }

    /// What it does once the nodes (and, of a partition, the sides) are known: `kill n3, disk
    /// kept`, `partition halves n0 n1 | n2 n3 n4`, `loss 20 %`. `whom` is empty for all nodes.
    pub fn words(&self, whom: &str) -> String {
        let on = if whom.is_empty() { String::new() } else { format!(" {whom}") };
        let around = if whom.is_empty() { String::new() } else { format!(" around {whom}") };
        match self {
            What::Partition(shape) => format!("partition {}{on}", shape.name()),
            What::Loss(p) => format!("loss {}{around}", percent(*p)),
            What::Delay(delay) => format!("delay {delay}{around}"),
            What::Lag(delay) if whom.is_empty() => format!("lag {delay}"),
            What::Lag(delay) => format!("lag {delay} behind {whom}"),
            What::Duplicate(Duplicate { probability, within }) if within.is_zero() => {
                format!("duplicate {}{around}", percent(*probability))
            }
            What::Duplicate(Duplicate { probability, within }) => {
                let (percent, within) = (percent(*probability), time::words(*within));
                format!("duplicate {percent} within {within}{around}")
            }
            What::Reorder(Reorder { probability, by }) => {
                format!("reorder {} by {}{around}", percent(*probability), time::words(*by))
            }
            What::Corrupt(p) => format!("corrupt {}{around}", percent(*p)),
            What::Rate(rate) => {
                let queue = time::words(rate.queue);
                format!("rate {} B/s, queue {queue}{around}", rate.bytes_per_second)
            }
            What::Freeze => format!("freeze links{around}"),
            What::Kill(AfterKill::KeepDisk) => format!("kill{on}, disk kept"),
            What::Kill(AfterKill::BitFlip) => format!("kill{on}, a bit of the disk flipped"),
            What::Kill(AfterKill::RollBack) => format!("kill{on}, disk rolled back"),
            What::Kill(AfterKill::WipeDisk) => format!("kill{on}, disk wiped"),
            What::Kill(AfterKill::ForGood) => format!("kill{on} for good"),
            What::Pause => format!("pause{on}"),
            What::Slow(share) => format!("slow{on}, {} of the time", percent(*share)),
            What::Clock(clock) => format!("clock {clock}{on}"),
            What::Disk(disk) => format!("disk {disk}{on}"),
            What::Limit(limit) => format!("limit {limit}{on}"),
            What::Turn(turn) => format!("turn{on}: {turn}"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let literal = match self {
            What::Partition(shape @ (Shape::Groups(_) | Shape::Links(_))) => {
                // Literal shapes leave nothing to chance. Nodes in no group are not named here.
                let known = match shape {
                    Shape::Groups(groups) => groups.iter().flatten().map(|n| n.0 + 1).max(),
                    _ => None,
                };
                shape.cut(known.unwrap_or(0), &[], &mut crate::rng::Rng::new(0, &[])).words
            }
            What::Partition(Shape::RandomLinks(probability)) => percent(*probability),
            _ => String::new(),
        };
        f.pad(&self.words(&literal))
    }
}

/// `20 %`.
fn percent(probability: f64) -> String {
    // Two decimals at most: 0.07 × 100 is 7.000000000000001.
    format!("{} %", (probability * 10_000.0).round() / 100.0)
}

/// The nodes a fault names, wherever it does.
pub(crate) fn named(fault: &Fault) -> Vec<NodeId> {
    let mut nodes = match &fault.target {
        Target::Nodes(nodes) => nodes.clone(),
        _ => Vec::new(),
    };
    match &fault.what {
        What::Partition(Shape::Groups(groups)) => nodes.extend(groups.iter().flatten()),
        What::Partition(Shape::Links(links)) => {
            nodes.extend(links.iter().flat_map(|(src, dest)| [src, dest]));
        }
        _ => {}
    }
    nodes
}
