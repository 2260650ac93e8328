//! What could have led to some records.

use schism_history::{Entry, Fate, History, Nanos, NodeId, Peer};

/// For every node, until when what it did could have led to the records.
pub(super) struct Past {
    until: Vec<Option<Nanos>>,
}

impl Past {
    /// Follows messages back from the nodes that the records are about. A message that arrives at
    /// the instant of what it led to counts.
    pub(super) fn of(history: &History, records: &[u64]) -> Past {
        let mut until: Vec<Option<Nanos>> = vec![None; usize::from(history.meta.nodes)];
        let reach = |until: &mut Vec<Option<Nanos>>, node: NodeId, at: Nanos| {
            if let Some(known) = until.get_mut(usize::from(node.0)) {
                *known = (*known).max(Some(at));
            }
        };
        for index in records {
            let Some(record) = history.records.get(*index as usize) else { continue };
            match &record.entry {
                Entry::Op(op) => {
                    if let Some(node) = op.node {
                        reach(&mut until, node, record.time);
                    }
                }
                Entry::Event(event) => reach(&mut until, event.node, record.time),
                Entry::Node(event) => reach(&mut until, event.node, record.time),
                _ => {}
            }
        }
        // Whatever a message leads to comes after it, so one look from the end is enough.
        for record in history.records.iter().rev() {
            let Entry::Message(message) = &record.entry else { continue };
            let (Peer::Node(src), Peer::Node(dest)) = (message.src, message.dest) else { continue };
            let arrived = matches!(message.fate, Fate::Delivered | Fate::Duplicated);
            let seen = until.get(usize::from(dest.0)).copied().flatten();
            if arrived && seen.is_some_and(|seen| record.time <= seen) {
                reach(&mut until, src, message.sent);
            }
        }
        Past { until }
    }

    /// The last moment that matters.
    pub(super) fn end(&self) -> Nanos {
        self.until.iter().flatten().copied().max().unwrap_or(Nanos::MAX)
    }

    /// Whether what this node did then could have led to them.
    pub(super) fn holds(&self, node: NodeId, at: Nanos) -> bool {
        let until = self.until.get(usize::from(node.0)).copied().flatten();
        until.is_some_and(|until| at <= until)
    }
}
