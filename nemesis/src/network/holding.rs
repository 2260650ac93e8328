//! Messages that wait for a frozen link.

use super::Fabric;
use schism_history::Peer;
use std::collections::{BTreeMap, VecDeque};

/// The messages of frozen links, in the order they were offered. A host puts what
/// [`Fabric::route`] answered [`Routed::Held`](super::Routed::Held) in here, and after each
/// [`Fabric::end`] takes out what may move again, to offer it once more.
#[derive(Clone, Debug)]
pub struct Holding<M> {
    links: BTreeMap<(Peer, Peer), VecDeque<M>>,
}

impl<M> Default for Holding<M> {
    fn default() -> Holding<M> {
        Holding { links: BTreeMap::new() }
    }
}

impl<M> Holding<M> {
    /// Keeps a message.
    pub fn keep(&mut self, src: Peer, dest: Peer, message: M) {
        self.links.entry((src, dest)).or_default().push_back(message);
    }

    /// Takes out the messages of every link that is not frozen any more, first in, first out.
    pub fn thawed(&mut self, fabric: &Fabric) -> Vec<(Peer, Peer, M)> {
        let mut free = Vec::new();
        self.links.retain(|&(src, dest), waiting| {
            let frozen = fabric.is_frozen(src, dest);
            if !frozen {
                free.extend(waiting.drain(..).map(|message| (src, dest, message)));
            }
            frozen
        });
        free
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.links.values().map(VecDeque::len).sum()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }
}
