//! Nodes by name in files: `"n0"`, for serde.

use schism_history::NodeId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A node written by its name.
#[derive(Clone, Copy)]
pub(crate) struct Name(pub NodeId);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Name, D::Error> {
        let text = String::deserialize(from)?;
        match NodeId::parse(&text) {
            // `n07` would be read as n7 and written differently.
            Some(node) if node.to_string() == text => Ok(Name(node)),
            _ => Err(de::Error::custom(format!("`{text}` is not a node: nodes are n0, n1, …"))),
        }
    }
}

/// `[["n0", "n1"], ["n2"]]`.
pub(crate) mod groups {
    use super::{Deserialize, Deserializer, Name, NodeId, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        groups: &[Vec<NodeId>],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            groups.iter().map(|group| group.iter().map(|n| Name(*n)).collect::<Vec<_>>()),
        )
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<Vec<NodeId>>, D::Error> {
        let groups = Vec::<Vec<Name>>::deserialize(from)?;
        Ok(groups.into_iter().map(|group| group.into_iter().map(|n| n.0).collect()).collect())
    }
}

/// `[["n0", "n1"]]`: from, to.
pub(crate) mod links {
    use super::{Deserialize, Deserializer, Name, NodeId, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        links: &[(NodeId, NodeId)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(links.iter().map(|(src, dest)| (Name(*src), Name(*dest))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(NodeId, NodeId)>, D::Error> {
        let links = Vec::<(Name, Name)>::deserialize(from)?;
        Ok(links.into_iter().map(|(src, dest)| (src.0, dest.0)).collect())
    }
}
