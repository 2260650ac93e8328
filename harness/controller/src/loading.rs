//! Reading histories that a user names.

use crate::Error;
use schism_history::{LoadOptions, Loaded};
use std::path::{Path, PathBuf};

/// The history file a user means: the file, or the history of the run in that directory.
pub fn history_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("history") } else { path.to_path_buf() }
}

/// Reads it. What breaks off early is read as far as it goes, and said so.
pub fn load(file: &Path, options: &LoadOptions) -> Result<Loaded, Error> {
    let loaded = schism_history::load(file, options).map_err(Error::usage)?;
    if let Some(torn) = &loaded.torn {
        eprintln!("schism: {}: {torn}; judging what came before", file.display());
    }
    Ok(loaded)
}
