//! The moment a fault waits for.
//!
//! Its `from` is when it begins to wait, and its `until` ends it, however late it began. If the
//! moment does not come before that, the fault does not happen.

use super::fault::Written;
use crate::names::Name;
use compact_str::CompactString;
use schism_history::NodeId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// When a fault begins, if not at a time: `{ message = "Accept", from = "n0", count = 3 }`,
/// `{ event = "lead", at = "n2", after = "20ms" }`, `{ request = "any", at = "n1" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Moment {
    /// What it waits for.
    pub occasion: Occasion,
    /// For which of them, counted from 1.
    pub count: u32,
    /// How long after that it begins.
    pub after: Duration,
}

/// What a fault can wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A node sends a message.
    Message {
        /// Of this type; any type if it is `any`.
        kind: CompactString,
        /// This node.
        from: Option<NodeId>,
        /// To this node.
        to: Option<NodeId>,
    },
    /// A client asks a node for something.
    Request {
        /// This node.
        at: Option<NodeId>,
    },
    /// A node's protocol tells an event, such as `lead`, `decide`, `deliver`.
    Event {
        /// Which; any if it is `any`.
        kind: CompactString,
        /// At this node.
        at: Option<NodeId>,
    },
}

/// How it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Any>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Written>,
}

/// Nothing more is said of a request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Any {
    Any,
}

impl From<Moment> for Text {
    fn from(moment: Moment) -> Text {
        let name = |node: Option<NodeId>| node.map(Name);
        let (mut message, mut event, mut request) = (None, None, None);
        let (from, to, at) = match moment.occasion {
            Occasion::Message { kind, from, to } => {
                message = Some(kind);
                (name(from), name(to), None)
            }
            Occasion::Request { at } => {
                request = Some(Any::Any);
                (None, None, name(at))
            }
            Occasion::Event { kind, at } => {
                event = Some(kind);
                (None, None, name(at))
            }
        };
        let count = (moment.count != 1).then_some(moment.count);
        let after = (!moment.after.is_zero()).then_some(Written(moment.after));
        Text { message, from, to, event, request, at, count, after }
    }
}

impl TryFrom<Text> for Moment {
    type Error = String;

    fn try_from(text: Text) -> Result<Moment, String> {
        let node = |name: Option<Name>| name.map(|name| name.0);
        let Text { message, from, to, event, request, at, count, after } = text;
        let occasion = match (message, event, request) {
            (Some(kind), None, None) if at.is_none() => {
                Occasion::Message { kind, from: node(from), to: node(to) }
            }
            (None, Some(kind), None) if from.is_none() && to.is_none() => {
                Occasion::Event { kind, at: node(at) }
            }
            (None, None, Some(Any::Any)) if from.is_none() && to.is_none() => {
                Occasion::Request { at: node(at) }
            }
            (Some(_), None, None) => {
                return Err("a message has no `at`: write `from` or `to`".into());
            }
            (None, Some(_), None) => {
                return Err("an event has no `from` or `to`: write `at`".into());
            }
            (None, None, Some(_)) => {
                return Err("a request has no `from` or `to`: write `at`".into());
            }
            _ => {
                return Err(
                    "`when` waits for a message, an event or a request: write { message = \
                     \"Accept\", count = 3 }, { event = \"lead\", at = \"n2\" } or { request = \"any\" }"
                        .into(),
                );
            }
        };
        let after = after.map_or(Duration::ZERO, |after| after.0);
        Ok(Moment { occasion, count: count.unwrap_or(1), after })
    }
}

impl Moment {
    /// The next message of anybody, or a later one.
    pub fn any_message(count: u32) -> Moment {
        let occasion = Occasion::Message { kind: "any".into(), from: None, to: None };
        Moment { occasion, count, after: Duration::ZERO }
    }

    /// Whether it names nobody.
    pub(super) fn is_open(&self) -> bool {
        self.named().is_empty()
    }

    /// Whether it comes in the middle of sending.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self.occasion, Occasion::Message { .. })
    }

    /// The nodes it names.
    pub(super) fn named(&self) -> Vec<NodeId> {
        match &self.occasion {
            Occasion::Message { from, to, .. } => from.iter().chain(to).copied().collect(),
            Occasion::Request { at } | Occasion::Event { at, .. } => at.iter().copied().collect(),
        }
    }

    /// Why it never comes, if so.
    pub(super) fn refusal(&self) -> Option<&'static str> {
        match &self.occasion {
            Occasion::Message { kind, .. } | Occasion::Event { kind, .. } if kind.is_empty() => {
                Some("its message or event has no name")
            }
            Occasion::Message { from: Some(from), to: Some(to), .. } if from == to => {
                Some("no message goes from a node to itself: name two nodes")
            }
            _ if self.count == 0 => Some("`count` begins with 1"),
            _ => None,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.after.is_zero() {
            write!(f, "{} after ", crate::time::words(self.after))?;
        }
        if self.count != 1 {
            write!(f, "{}. ", self.count)?;
        }
        match &self.occasion {
            Occasion::Message { kind, from, to } => {
                write!(f, "{kind} message")?;
                from.iter().try_for_each(|node| write!(f, " from {node}"))?;
                to.iter().try_for_each(|node| write!(f, " to {node}"))
            }
            Occasion::Request { at } => {
                f.write_str("request")?;
                at.iter().try_for_each(|node| write!(f, " at {node}"))
            }
            Occasion::Event { kind, at } => {
                match kind.as_str() {
                    "any" => f.write_str("event")?,
                    kind => f.write_str(kind)?,
                }
                at.iter().try_for_each(|node| write!(f, " at {node}"))
            }
        }
    }
}
