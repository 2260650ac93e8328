//! A node's stable storage.
//!
//! What a node has stored is durable before anything that follows leaves it, and not sooner: what it
//! stored last and nobody waits for yet may be lost with the process.

use schism_nemesis::Rng;
use std::collections::{BTreeMap, VecDeque};

/// Variables by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The latest changes: what was there before.
    changes: VecDeque<(Vec<u8>, Option<Vec<u8>>)>,
    /// How many of them are not durable yet.
    unsynced: usize,
}

/// So many changes can be undone.
const REMEMBERED: usize = 256;

impl Disk {
    pub(crate) fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let before = self.variables.insert(key.clone(), value);
        self.changed(key, before);
    }

    pub(crate) fn erase(&mut self, key: &[u8]) {
        let before = self.variables.remove(key);
        self.changed(key.to_vec(), before);
    }

    fn changed(&mut self, key: Vec<u8>, before: Option<Vec<u8>>) {
        self.changes.push_back((key, before));
        self.unsynced += 1;
        if self.changes.len() > REMEMBERED.max(self.unsynced) {
            self.changes.pop_front();
        }
    }

    /// How many writes are not durable yet.
    pub(crate) fn unsynced(&self) -> usize {
        self.unsynced
    }

    /// So many of them, the oldest, have become durable.
    pub(crate) fn made_durable(&mut self, count: usize) {
        self.unsynced = self.unsynced.saturating_sub(count);
    }

    /// Everything that is not durable is lost; says how many writes.
    pub(crate) fn lose_unsynced(&mut self) -> usize {
        let lost = self.unsynced;
        self.undo(lost);
        lost
    }

    /// The node crashes: of what was not durable yet, all is lost, or the last of it, or nothing.
    /// Says how many writes were lost.
    pub(crate) fn crash(&mut self, dice: &mut Rng) -> usize {
        let lost = match dice.below(3) {
            0 => 0,
            1 => dice.below(self.unsynced as u64 + 1) as usize,
            _ => self.unsynced,
        };
        self.undo(lost);
        lost
    }

    /// Loses some of the latest writes, durable or not; says how many.
    pub(crate) fn roll_back(&mut self, dice: &mut Rng) -> usize {
        let known = self.changes.len() as u64;
        let lost = if known == 0 { 0 } else { 1 + dice.below(known) as usize };
        self.undo(lost);
        lost
    }

    fn undo(&mut self, count: usize) {
        for (key, before) in self.changes.drain(self.changes.len() - count..).rev() {
            match before {
                Some(value) => self.variables.insert(key, value),
                None => self.variables.remove(&key),
            };
        }
        self.unsynced = 0;
    }

    /// Everything that is stored.
    pub(crate) fn contents(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.variables.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(disk: &Disk) -> String {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        disk.contents().into_iter().map(|(k, v)| text(k) + &text(v)).collect()
    }

    #[test]
    fn only_what_nobody_waits_for_is_lost_in_a_crash() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..60 {
            let mut disk = Disk::default();
            let mut put = |key: &str, value: &str| disk.store(key.into(), value.into());
            put("a", "1");
            put("b", "1");
            disk.made_durable(disk.unsynced());
            disk.store("a".into(), "2".into());
            disk.erase(b"b");
            disk.store("c".into(), "1".into());
            let lost = disk.crash(&mut Rng::new(seed, &[]));
            seen.insert((lost, stored(&disk)));
            // What is lost stays lost.
            assert_eq!(disk.crash(&mut Rng::new(seed + 1, &[])), 0);
        }
        let expected = [(0, "a2c1"), (1, "a2"), (2, "a2b1"), (3, "a1b1")];
        assert!(seen.iter().map(|(n, s)| (*n, s.as_str())).eq(expected), "{seen:?}");
    }

    #[test]
    fn a_disk_that_is_rolled_back_loses_what_was_durable() {
        let mut disk = Disk::default();
        assert_eq!(disk.roll_back(&mut Rng::new(1, &[])), 0);
        for i in 0..1000u32 {
            disk.store(vec![b'k'], i.to_string().into_bytes());
            disk.made_durable(1);
        }
        let lost = disk.roll_back(&mut Rng::new(1, &[]));
        assert_eq!(stored(&disk), format!("k{}", 999 - lost));
    }
}
