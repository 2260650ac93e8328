//! The store, as far as it may be seen: an open directory that nothing leads out of.

use crate::Error;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File};
use schism_history::{History, Reader};
use std::io::{self, Read};
use std::path::Path;

/// The most that is read of a file that is to be understood rather than handed on.
const READ_MAX: u64 = 64 << 20;

/// The store.
pub struct Shelf {
    directory: Dir,
}

/// Whether a name is one step down, and nothing else.
pub fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

impl Shelf {
    /// Opens it.
    pub fn open(store: &Path) -> Result<Shelf, Error> {
        let directory = Dir::open_ambient_dir(store, ambient_authority()).map_err(|e| {
            Error::usage(format!("cannot open the store {}: {e} (see --store)", store.display()))
        })?;
        Ok(Shelf { directory })
    }

    /// A directory below it, step by step; no step may be a link.
    pub fn directory(&self, names: &[&str]) -> io::Result<Dir> {
        let mut directory = self.directory.try_clone()?;
        for name in names {
            if !is_plain(name) || directory.symlink_metadata(name)?.is_symlink() {
                return Err(io::ErrorKind::NotFound.into());
            }
            directory = directory.open_dir(name)?;
        }
        Ok(directory)
    }

    /// A file below it. The last step may be a link that stays within the store.
    pub fn file(&self, path: &str) -> io::Result<File> {
        let names: Vec<&str> = path.split('/').collect();
        let Some((name, above)) = names.split_last() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let directory = self.directory(above)?;
        open(&directory, name)
    }
}

/// Opens a file of a directory, if it is one: not a directory, not a pipe, not a link to elsewhere.
pub fn open(directory: &Dir, name: &str) -> io::Result<File> {
    if !is_plain(name) || !directory.metadata(name)?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    directory.open(name)
}

/// The text of a file of a directory.
pub fn text(directory: &Dir, name: &str) -> io::Result<String> {
    let mut text = String::new();
    let file = open(directory, name)?;
    if file.take(READ_MAX).read_to_string(&mut text)? as u64 == READ_MAX {
        return Err(io::Error::other("it is too large to be shown"));
    }
    Ok(text)
}

/// The names in a directory, in order; links are left out.
pub fn names(directory: &Dir) -> Vec<(String, bool)> {
    let Ok(entries) = directory.entries() else { return Vec::new() };
    let mut names: Vec<(String, bool)> = entries
        .flatten()
        .filter_map(|entry| {
            let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink())?;
            // A name that is no text has no address.
            Some((entry.file_name().into_string().ok()?, kind.is_dir()))
        })
        .collect();
    names.sort();
    names
}

/// Every file below a directory with its size, seen from there; links are left out.
pub fn files(directory: &Dir) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    collect(directory, "", 0, &mut found);
    found
}

/// Deeper than this there is nothing of ours.
const DEPTH: usize = 8;
const FILES: usize = 5000;

fn collect(directory: &Dir, above: &str, depth: usize, found: &mut Vec<(String, u64)>) {
    for (name, is_directory) in names(directory) {
        if found.len() >= FILES {
            return;
        }
        let path = format!("{above}{name}");
        if !is_directory {
            let size = directory.symlink_metadata(&name).map_or(0, |of| of.len());
            found.push((path, size));
        } else if depth < DEPTH
            && let Ok(below) = directory.open_dir(&name)
        {
            collect(&below, &format!("{path}/"), depth + 1, found);
        }
    }
}

/// The history of a run, as far as it can be read.
pub fn history(directory: &Dir) -> Result<History, String> {
    let file = open(directory, "history").map_err(|e| format!("its history: {e}"))?;
    let mut reader = Reader::new(file, "history").map_err(|e| e.to_string())?;
    let mut history = History { meta: reader.meta().clone(), records: Vec::new() };
    while let Some(record) = reader.next_record().map_err(|e| e.to_string())? {
        history.records.push(record);
    }
    Ok(history)
}
