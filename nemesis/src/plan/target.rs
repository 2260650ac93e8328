//! Whom a fault is about.

use crate::names::Name;
use schism_history::NodeId;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};
use std::fmt;

/// Whom a fault is about. All but [`Target::Nodes`] are resolved when the fault begins, among the
/// nodes that are up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// These: `["n0", "n2"]`.
    Nodes(Vec<NodeId>),
    /// Every node: `"all"`.
    All,
    /// One at random: `"one"`.
    One,
    /// So many at random: `{ random = 2 }`.
    Random(u16),
    /// As many as may miss without missing a majority, at random: `"minority"`.
    Minority,
    /// A bare majority, at random: `"majority"`.
    Majority,
    /// Whoever leads at that moment, by the protocol's own events: `"leader"`.
    Leader,
    /// Whoever begins to lead next: the fault waits for that moment, and begins a little later, or
    /// at a moment at that node: `"new-leader"`.
    NewLeader,
    /// Of a fault that waits for a moment: who sent the message, or told the event: `"sender"`.
    Sender,
}

impl Target {
    /// The forms it is written in, for messages.
    pub(crate) const WORDS: &'static str = "\"all\", \"one\", \"minority\", \"majority\", \"leader\", \"new-leader\", \"sender\", { random = 2 }";

    /// How many nodes it is about, in a cluster of this size.
    pub fn count(&self, nodes: u16) -> u16 {
        match self {
            Target::Nodes(named) => named.len() as u16,
            Target::All => nodes,
            Target::One | Target::Leader | Target::NewLeader | Target::Sender => 1,
            Target::Random(count) => *count,
            Target::Minority => nodes.saturating_sub(1) / 2,
            Target::Majority => nodes / 2 + 1,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Nodes(nodes) => f.pad(&crate::partition::spoken(nodes)),
            Target::All => f.pad("all"),
            Target::One => f.pad("one, at random"),
            Target::Random(count) => f.pad(&format!("{count} at random")),
            Target::Minority => f.pad("a minority"),
            Target::Majority => f.pad("a majority"),
            Target::Leader => f.pad("leader"),
            Target::NewLeader => f.pad("next new leader"),
            Target::Sender => f.pad("sender"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Target::Nodes(nodes) => to.collect_seq(nodes.iter().map(|node| Name(*node))),
            Target::All => to.serialize_str("all"),
            Target::One => to.serialize_str("one"),
            Target::Random(count) => {
                let mut map = to.serialize_map(Some(1))?;
                map.serialize_entry("random", count)?;
                map.end()
            }
            Target::Minority => to.serialize_str("minority"),
            Target::Majority => to.serialize_str("majority"),
            Target::Leader => to.serialize_str("leader"),
            Target::NewLeader => to.serialize_str("new-leader"),
            Target::Sender => to.serialize_str("sender"),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Target, D::Error> {
        from.deserialize_any(Forms)
    }
}

/// Reads a target in any of its forms.
struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Target;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node names like [\"n0\", \"n2\"], or one of {}", Target::WORDS)
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Target, E> {
        match word {
            "all" => Ok(Target::All),
            "one" => Ok(Target::One),
            "minority" => Ok(Target::Minority),
            "majority" => Ok(Target::Majority),
            "leader" => Ok(Target::Leader),
            "new-leader" => Ok(Target::NewLeader),
            "sender" => Ok(Target::Sender),
            name => match NodeId::parse(name) {
                Some(_) => Err(E::custom(format!("write a single node as a list: [\"{name}\"]"))),
                None => Err(E::custom(format!(
                    "`{name}` is not a target: write node names like [\"n0\", \"n2\"], or one of {}",
                    Target::WORDS
                ))),
            },
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Target, A::Error> {
        let mut nodes = Vec::new();
        while let Some(Name(node)) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(Target::Nodes(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Target, A::Error> {
        match map.next_entry::<String, u16>()? {
            Some((key, count)) if key == "random" => Ok(Target::Random(count)),
            _ => Err(A::Error::custom("write { random = 2 } for two nodes at random")),
        }
    }
}
