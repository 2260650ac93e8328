//! What the network did to messages, link by link.
//!
//! Duplicates, losses and overtaking are what the promises of links and broadcasts guard against.
//! They are counted from the recorded fates of messages between nodes. A history without message
//! records (a foreign one, or one recorded sparingly) falls back on whether a fault landed at all.

use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::{Fate, Message, Nanos, Peer};

/// What became of the messages of every link between nodes.
#[derive(Default)]
pub struct Network {
    links: FxHashMap<(usize, usize), Link>,
    shaky: FxHashSet<usize>,
    scrambled: FxHashSet<usize>,
}

/// What became of the messages of one link.
#[derive(Clone, Copy, Default)]
struct Link {
    lost: u64,
    duplicated: u64,
    overtaken: u64,
    newest: Nanos,
}

impl Network {
    pub(super) fn observe(&mut self, message: &Message) {
        let (Peer::Node(src), Peer::Node(dest)) = (message.src, message.dest) else { return };
        let (src, dest) = (usize::from(src.0), usize::from(dest.0));
        let link = self.links.entry((src, dest)).or_default();
        match message.fate {
            Fate::Delivered if message.sent < link.newest => {
                link.overtaken += 1;
                self.scrambled.insert(dest);
            }
            Fate::Delivered => link.newest = message.sent,
            Fate::Duplicated => {
                link.duplicated += 1;
                self.shaky.insert(dest);
            }
            Fate::Lost | Fate::Cut => {
                link.lost += 1;
                self.shaky.insert(dest);
                self.scrambled.insert(dest);
            }
            Fate::Dead | Fate::InFlight => {}
        }
    }

    /// Whether any message between nodes was recorded.
    pub fn recorded(&self) -> bool {
        !self.links.is_empty()
    }

    /// Whether a link lost messages.
    pub fn lossy(&self, src: usize, dest: usize) -> bool {
        self.links.get(&(src, dest)).is_some_and(|l| l.lost > 0)
    }

    /// Whether copies on a link were duplicated, or lost and so perhaps sent again.
    pub fn repeats(&self, src: usize, dest: usize) -> bool {
        self.links.get(&(src, dest)).is_some_and(|l| l.lost + l.duplicated > 0)
    }

    /// Whether messages on a link overtook each other, or were lost and so perhaps sent again later.
    pub fn reorders(&self, src: usize, dest: usize) -> bool {
        self.links.get(&(src, dest)).is_some_and(|l| l.lost + l.overtaken > 0)
    }

    /// Whether some link to a node duplicated or lost copies.
    pub fn repeats_into(&self, dest: usize) -> bool {
        self.shaky.contains(&dest)
    }

    /// Whether some link to a node let messages overtake each other, or lost some.
    pub fn reorders_into(&self, dest: usize) -> bool {
        self.scrambled.contains(&dest)
    }
}
