//! What survives a crash: a log of puts and erases.
//!
//! A batch of records is appended with one `write`. A process that is killed in the middle leaves a
//! prefix of what it meant to write, so the only damage is a torn tail, which is cut off when the log
//! is opened again.
//!
//! A record is durable when something that must not be heard sooner is about to be said, and not
//! before. SIGKILL takes the process and not the kernel, so what `write` has taken outlives it; but a
//! kill stands for a crash of the whole machine, in which whatever was not synced may be lost. So a
//! store notes, in a file beside the log, how much of the log was synced, and the harness cuts off
//! some of the rest before a killed node is started again. The log is forced to the disk itself only
//! if asked for: nothing the harness does takes the page cache.
//!
//! A sync may be made to fail ([`Trouble`]) or to take longer. A store that could not make something
//! durable is of no use any more: it is not tried again, since nobody knows what the disk has kept,
//! and the node ends.
//!
//! When most of the log is garbage, it is written anew beside itself and renamed into place.

use crate::records::{ERASE, PUT, Pairs, append, record_length, replay};
use schism_history::{DiskError, Trouble};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} {}: {source}", path.display())]
pub struct StoreError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// A node's stable storage.
pub struct Store {
    folder: PathBuf,
    file: File,
    /// Says how many bytes of the log were synced.
    mark: File,
    fsync: bool,
    /// What is wrong with the disk.
    pub trouble: Trouble,
    /// The fault that made the last sync fail.
    pub failed: Option<u32>,
    /// Bytes that were synced, and bytes behind them that were only written.
    synced: usize,
    unsynced: usize,
    /// Records that are not written yet.
    pending: Vec<u8>,
    /// How many bytes, of what was written only and then of what is pending, something waits for.
    awaited: usize,
    /// The length of the record each key was last put with.
    records: HashMap<Vec<u8>, usize>,
    /// Bytes of the log, what is pending included, and those of them that still count.
    length: usize,
    live: usize,
}

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
        let path = folder.join("synced");
        let mark = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let mark = mark.map_err(failed("open", &path))?;
        let folder = folder.to_owned();
        let store = Store {
            folder,
            file,
            mark,
            fsync,
            trouble: Trouble::default(),
            failed: None,
            synced: sound,
            unsynced: 0,
            pending: vec![],
            awaited: 0,
            records,
            length: sound,
            live,
        };
        // What the crash has left is all there is, and durable.
        store.note_synced().map_err(|source| store.failed("write", source))?;
        Ok((store, entries))
    }

    /// Something is about to be said that must not be heard before what was put and erased so far is
    /// durable.
    pub fn await_all(&mut self) {
        self.awaited = self.unsynced + self.pending.len();
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

    /// Syncs everything that is waited for, and writes the rest. Says for how long, and for which
    /// fault, the sync was held up.
    pub fn commit(&mut self) -> Result<Option<(u32, Duration)>, StoreError> {
        let mut late = None;
        if self.awaited > 0 {
            late = self.trouble.slow.map(|(fault, by)| (fault, Duration::from_nanos(by)));
            if let Some((_, by)) = late {
                std::thread::sleep(by);
            }
            let count = self.awaited.saturating_sub(self.unsynced);
            let wanted = self.trouble.fails.inspect(|&(fault, _)| self.failed = Some(fault));
            self.sync_first(count, wanted.map(|(_, error)| error))
                .map_err(|source| self.failed("sync", source))?;
            if self.length > SHORT && self.length > BLOAT * self.live {
                self.compact().map_err(|source| self.failed("compact", source))?;
            }
            self.note_synced().map_err(|source| self.failed("write", source))?;
        }
        if !self.pending.is_empty() {
            let written = self.file.write_all(&self.pending);
            written.map_err(|source| self.failed("write", source))?;
            self.unsynced += self.pending.len();
            self.pending.clear();
        }
        Ok(late)
    }

    /// Writes so many pending bytes and syncs the log, or fails as it is wanted to.
    fn sync_first(&mut self, count: usize, wanted: Option<DiskError>) -> io::Result<()> {
        let first = &self.pending[..count];
        match wanted {
            // What did fit is of no use, and is taken back.
            Some(DiskError::Enospc) => {
                self.file.write_all(&first[..count / 2])?;
                self.file.set_len(self.synced as u64)?;
                return Err(nix::errno::Errno::ENOSPC.into());
            }
            // The disk has kept it although it says no.
            Some(DiskError::Eio) => {
                self.file.write_all(first)?;
                self.synced += self.unsynced + count;
                self.note_synced()?;
                return Err(nix::errno::Errno::EIO.into());
            }
            None => self.file.write_all(first)?,
        }
        self.sync(&self.file)?;
        self.pending.drain(..count);
        self.synced += self.unsynced + count;
        self.unsynced = 0;
        self.awaited = 0;
        Ok(())
    }

    /// Notes how much of the log is synced. A process that is killed just before has not yet said
    /// anything that depends on it.
    fn note_synced(&self) -> io::Result<()> {
        self.mark.write_all_at(&(self.synced as u64).to_le_bytes(), 0)
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
        self.synced = bytes.len();
        self.length = bytes.len() + self.pending.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commit(store: &mut Store) {
        store.await_all();
        store.commit().unwrap();
    }

    /// What a crash leaves at least: the part of the log that was synced.
    fn crash(folder: &Path) {
        let synced = fs::read(folder.join("synced")).unwrap().try_into().unwrap();
        let log = OpenOptions::new().write(true).open(folder.join("store")).unwrap();
        log.set_len(u64::from_le_bytes(synced)).unwrap();
    }

    #[test]
    fn what_nobody_waits_for_is_lost_in_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = Store::open(folder.path(), false).unwrap();
        store.put(b"term", b"1");
        store.await_all();
        store.put(b"term", b"2");
        store.put(b"vote", b"n1");
        store.commit().unwrap();
        store.commit().unwrap();
        drop(store);
        let log = fs::read(folder.path().join("store")).unwrap();
        crash(folder.path());
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "1")]);
        // What was written may outlive a crash all the same, and is durable then.
        fs::write(folder.path().join("store"), log).unwrap();
        let (mut store, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "2"), pair("vote", "n1")]);
        store.put(b"vote", b"n2");
        store.commit().unwrap();
        crash(folder.path());
        let (mut store, again) = Store::open(folder.path(), false).unwrap();
        assert_eq!(again, found);
        store.put(b"vote", b"n2");
        store.commit().unwrap();
        store.await_all();
        store.commit().unwrap();
        crash(folder.path());
        let (_, found) = Store::open(folder.path(), false).unwrap();
        assert_eq!(found, [pair("term", "2"), pair("vote", "n2")]);
    }

    #[test]
    fn a_sync_that_fails_says_for_which_fault() {
        for (error, left) in [(DiskError::Eio, "2"), (DiskError::Enospc, "1")] {
            let folder = tempfile::tempdir().unwrap();
            let (mut store, _) = Store::open(folder.path(), false).unwrap();
            store.put(b"term", b"1");
            commit(&mut store);
            store.trouble.fails = Some((3, error));
            store.commit().unwrap();
            assert_eq!(store.failed, None, "there was nothing to sync");
            store.put(b"term", b"2");
            store.await_all();
            let said = store.commit().unwrap_err().to_string();
            assert!(said.starts_with("cannot sync") && said.contains("os error"), "{said}");
            assert_eq!(store.failed, Some(3));
            drop(store);
            crash(folder.path());
            let (_, found) = Store::open(folder.path(), false).unwrap();
            assert_eq!(found, [pair("term", left)]);
        }
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
