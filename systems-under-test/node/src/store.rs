//! What survives a crash: a log of puts and erases.
//!
//! Each record is its length, a checksum and its payload; a batch of them is appended with one
//! `write`. A process that is killed in the middle leaves a prefix of what it meant to write, so
//! the only damage is a torn tail, which is cut off when the log is opened again.
//!
//! A record is written when something that must not be heard sooner is about to be said, and not
//! before: what a node stored last and nobody waits for yet is lost when it is killed.
//!
//! The log is not forced to the disk unless asked for. SIGKILL takes the process and not the
//! kernel: what `write` has taken is in the page cache and the next incarnation reads it back.
//! Only a crash of the whole machine loses it, and `fsync` is the answer to that.
//!
//! When most of the log is garbage, it is written anew beside itself and renamed into place.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A log cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct StoreError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Keys and values.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A node's stable storage.
pub struct Store {
    folder: PathBuf,
    file: File,
    fsync: bool,
    /// Records that are not written yet.
    pending: Vec<u8>,
    /// How many bytes of them [`commit`](Store::commit) will write: something waits for them.
    awaited: usize,
    /// The length of the record each key was last put with.
    records: HashMap<Vec<u8>, usize>,
    /// Bytes of the log, what is pending included, and those of them that still count.
    length: usize,
    live: usize,
}

/// Bytes before a payload: its length and its checksum.
const FRAME: usize = 8;
const PUT: u8 = 1;
const ERASE: u8 = 0;
/// A log shorter than this is never worth compacting.
const SHORT: usize = 256 * 1024;
/// A log is compacted when it is this many times as long as what counts in it.
const BLOAT: usize = 4;

impl Store {
    /// Opens the storage in this folder, made if it is missing, and tells what is in it: keys and
    /// values in the order of their first put.
    pub fn open(folder: &Path, fsync: bool) -> Result<(Store, Pairs), StoreError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| StoreError { what, path, source }
        };
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        let path = folder.join("store");
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = file.map_err(failed("open", &path))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read", &path))?;
        let (entries, sound) = replay(&bytes);
        if sound < bytes.len() {
            file.set_len(sound as u64).map_err(failed("cut the torn tail off", &path))?;
        }
        let records: HashMap<Vec<u8>, usize> =
            entries.iter().map(|(key, value)| (key.clone(), record_length(key, value))).collect();
        let live = records.values().sum();
        let folder = folder.to_owned();
        let store = Store {
            folder,
            file,
            fsync,
            pending: vec![],
            awaited: 0,
            records,
            length: sound,
            live,
        };
        Ok((store, entries))
    }

    /// Something is about to be said that must not be heard before what was put and erased so far is
    /// durable.
    pub fn await_all(&mut self) {
        self.awaited = self.pending.len();
    }

    /// Sets a key's value, from the next [`commit`](Store::commit) on.
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        let length = append(&mut self.pending, PUT, key, value);
        self.length += length;
        self.live += length;
        match self.records.get_mut(key) {
            Some(old) => self.live -= std::mem::replace(old, length),
            None => drop(self.records.insert(key.to_owned(), length)),
        }
    }

    /// Forgets a key, from the next [`commit`](Store::commit) on.
    pub fn erase(&mut self, key: &[u8]) {
        if let Some(old) = self.records.remove(key) {
            self.length += append(&mut self.pending, ERASE, key, &[]);
            self.live -= old;
        }
    }

    /// Writes everything that is waited for. What nobody waits for yet dies with the process.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.awaited == 0 {
            return Ok(());
        }
        let awaited = &self.pending[..self.awaited];
        let written = self.file.write_all(awaited).and_then(|()| self.sync(&self.file));
        written.map_err(|source| self.failed("write", source))?;
        self.pending.drain(..self.awaited);
        self.awaited = 0;
        if self.length > SHORT && self.length > BLOAT * self.live {
            self.compact().map_err(|source| self.failed("compact", source))?;
        }
        Ok(())
    }

    fn failed(&self, what: &'static str, source: io::Error) -> StoreError {
        StoreError { what, path: self.folder.join("store"), source }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.fsync { file.sync_data() } else { Ok(()) }
    }

    /// Writes what counts into a new log. A crash at any point leaves the old or the new one.
    fn compact(&mut self) -> io::Result<()> {
        let (path, fresh) = (self.folder.join("store"), self.folder.join("store.new"));
        let (entries, _) = replay(&fs::read(&path)?);
        let mut bytes = Vec::with_capacity(self.live);
        for (key, value) in &entries {
            append(&mut bytes, PUT, key, value);
        }
        fs::write(&fresh, &bytes)?;
        let file = OpenOptions::new().append(true).open(&fresh)?;
        self.sync(&file)?;
        fs::rename(&fresh, &path)?;
        if self.fsync {
            File::open(&self.folder)?.sync_all()?;
        }
        self.file = file;
        self.length = bytes.len() + self.pending.len();
        Ok(())
    }
}

fn record_length(key: &[u8], value: &[u8]) -> usize {
    FRAME + 1 + 4 + key.len() + value.len()
}

/// Appends a record and says how long it is.
fn append(bytes: &mut Vec<u8>, what: u8, key: &[u8], value: &[u8]) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; FRAME]);
    bytes.push(what);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
    let length = (bytes.len() - start - FRAME) as u32;
    let sum = crc32fast::hash(&bytes[start + FRAME..]);
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    bytes[start + 4..start + FRAME].copy_from_slice(&sum.to_le_bytes());
    bytes.len() - start
}

/// What a log amounts to, and how many of its bytes are sound.
fn replay(bytes: &[u8]) -> (Pairs, usize) {
    let mut entries: Vec<Option<(Vec<u8>, Vec<u8>)>> = Vec::new();
    let mut positions: HashMap<&[u8], usize> = HashMap::new();
    let mut rest = bytes;
    while let Some((what, key, value, after)) = record(rest) {
        rest = after;
        match positions.get(key) {
            Some(&position) if what == PUT => {
                if let Some((_, old)) = &mut entries[position] {
                    *old = value.to_owned();
                }
            }
            Some(&position) => {
                entries[position] = None;
                positions.remove(key);
            }
            None if what == PUT => {
                positions.insert(key, entries.len());
                entries.push(Some((key.to_owned(), value.to_owned())));
            }
            None => {}
        }
    }
    (entries.into_iter().flatten().collect(), bytes.len() - rest.len())
}

/// The first record, if it is whole: what it does, its key, its value, and what follows it.
fn record(bytes: &[u8]) -> Option<(u8, &[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (payload, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if crc32fast::hash(payload) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (&what, rest) = payload.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (key, value) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((what, key, value, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commit(store: &mut Store) {
        store.await_all();
        store.commit().unwrap();
    }

    #[test]
    fn what_nobody_waits_for_is_lost_with_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), false).unwrap();
        store.put(b"term", b"1");
        store.await_all();
        store.put(b"term", b"2");
        store.put(b"vote", b"n1");
        store.commit().unwrap();
        store.commit().unwrap();
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "1")]);
        commit(&mut store);
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "2"), pair("vote", "n1")]);
    }

    fn pair(key: &str, value: &str) -> (Vec<u8>, Vec<u8>) {
        (key.into(), value.into())
    }

    #[test]
    fn what_was_committed_is_found_again_in_the_order_of_its_first_put() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, found) = Store::open(folder.path(), true).unwrap();
        assert!(found.is_empty());
        store.put(b"term", b"1");
        store.put(b"vote", b"n2");
        store.put(b"log", b"a");
        commit(&mut store);
        store.put(b"term", b"2");
        store.erase(b"log");
        store.erase(b"never put");
        commit(&mut store);
        store.put(b"log", b"b");
        store.put(b"lost", b"was not committed");
        drop(store);
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "2"), pair("vote", "n2")]);
    }

    #[test]
    fn a_log_cut_off_anywhere_is_a_prefix_of_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), false).unwrap();
        for i in 0..20u8 {
            store.put(&[i], &vec![i; usize::from(i)]);
            commit(&mut store);
        }
        let whole = fs::read(folder.path().join("store")).unwrap();
        let mut seen = 0;
        for cut in 0..=whole.len() {
            fs::write(folder.path().join("store"), &whole[..cut]).unwrap();
            let (mut store, found) = Store::open(folder.path(), false).unwrap();
            let expected: Pairs =
                (0..found.len() as u8).map(|i| (vec![i], vec![i; usize::from(i)])).collect();
            assert_eq!(found, expected);
            assert!(found.len() == seen || found.len() == seen + 1);
            seen = found.len();
            // A log that was cut can be written on.
            store.put(b"next", b"life");
            commit(&mut store);
            let (_, found) = Store::open(folder.path(), false).unwrap();
            assert_eq!(found.len(), seen + 1);
        }
        assert_eq!(seen, 20);
    }

    #[test]
    fn a_log_that_is_mostly_garbage_is_compacted() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), false).unwrap();
        store.put(b"first", b"stays");
        for i in 0..1000u32 {
            store.put(b"often", &[i as u8; 1000]);
            commit(&mut store);
        }
        let length = fs::metadata(folder.path().join("store")).unwrap().len();
        assert!(length < 2 * SHORT as u64, "{length}");
        drop(store);
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("first", "stays"), (b"often".to_vec(), vec![231; 1000])]);
    }

    proptest! {
        #[test]
        fn a_store_is_a_map(
            steps in prop::collection::vec((0u8..6, prop::option::of(0usize..60_000), any::<bool>()), 0..80)
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (mut store, _) = Store::open(folder.path(), false).unwrap();
            let mut model: Pairs = Vec::new();
            for (step, (key, value, reopen)) in steps.into_iter().enumerate() {
                let key = vec![key];
                match value {
                    Some(length) => {
                        let value = vec![step as u8; length];
                        store.put(&key, &value);
                        match model.iter_mut().find(|(k, _)| *k == key) {
                            Some((_, old)) => *old = value,
                            None => model.push((key, value)),
                        }
                    }
                    None => {
                        store.erase(&key);
                        model.retain(|(k, _)| *k != key);
                    }
                }
                commit(&mut store);
                if reopen {
                    let (again, found) = Store::open(folder.path(), false).unwrap();
                    prop_assert_eq!(&found, &model);
                    store = again;
                }
            }
        }
    }
}
