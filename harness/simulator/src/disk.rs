//! A node's stable storage.

use std::collections::BTreeMap;

/// Variables by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    variables: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Disk {
    pub(crate) fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.variables.insert(key, value);
    }

    pub(crate) fn erase(&mut self, key: &[u8]) {
        self.variables.remove(key);
    }

    /// Everything that is stored.
    pub(crate) fn contents(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.variables.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}
