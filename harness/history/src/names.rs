//! How nodes and other ends of messages are called, wherever people may read it: `n2`, `c0`, `s1`.

use crate::{NodeId, Peer};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

impl NodeId {
    /// Reads `n7`.
    pub fn parse(name: &str) -> Option<NodeId> {
        number(name, 'n').map(NodeId)
    }
}

impl Peer {
    /// Reads `n7`, `c7` or `s7`.
    pub fn parse(name: &str) -> Option<Peer> {
        NodeId::parse(name)
            .map(Peer::Node)
            .or_else(|| number(name, 'c').map(Peer::Client))
            .or_else(|| number(name, 's').map(Peer::Service))
    }
}

/// The number behind a prefix, in the one way it is written: no sign, no leading zeros.
fn number<N: std::str::FromStr>(name: &str, prefix: char) -> Option<N> {
    let digits = name.strip_prefix(prefix)?;
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if plain { digits.parse().ok() } else { None }
}

impl Serialize for NodeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeId, D::Error> {
        if !deserializer.is_human_readable() {
            return u16::deserialize(deserializer).map(NodeId);
        }
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        NodeId::parse(&name)
            .ok_or_else(|| D::Error::custom(format!("expected a node such as n0, found {name:?}")))
    }
}

/// The compact form: serde's derived one.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Peer")]
enum CompactPeer {
    Node(NodeId),
    Client(u32),
    Service(u8),
}

impl Serialize for Peer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            CompactPeer::serialize(self, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Peer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Peer, D::Error> {
        if !deserializer.is_human_readable() {
            return CompactPeer::deserialize(deserializer);
        }
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        Peer::parse(&name).ok_or_else(|| {
            D::Error::custom(format!("expected a peer such as n0, c0 or s0, found {name:?}"))
        })
    }
}
