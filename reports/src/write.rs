//! A whole report in a directory.

use crate::html;
use crate::logs::NodeLog;
use crate::plots::{self, Plot, Series};
use crate::summary::Summary;
use schism_history::History;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory or a file in it could not be written.
    #[error("failed to write {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A plot could not be drawn.
    #[error(transparent)]
    Plot(#[from] plots::Error),
    /// The page could not be made.
    #[error(transparent)]
    Page(#[from] html::Error),
}

/// Writes `index.html` and every plot as a PNG into `directory`, which is made if need be, and
/// names the files. Each file appears whole or not at all; one of an earlier report is replaced.
pub fn write(
    directory: &Path,
    history: &History,
    summary: &Summary,
    logs: &[NodeLog],
) -> Result<Vec<PathBuf>, Error> {
    let operations = history.operations();
    let series = Series::of(history, &operations, summary);
    let io = |path: &Path| {
        let path = path.to_owned();
        |source| Error::Io { path, source }
    };
    fs::create_dir_all(directory).map_err(io(directory))?;
    let mut files = Vec::new();
    let mut put = |name: String, bytes: &[u8]| {
        let path = directory.join(&name);
        let unfinished = directory.join(format!(".{name}.unfinished"));
        fs::write(&unfinished, bytes).map_err(io(&unfinished))?;
        fs::rename(&unfinished, &path).map_err(io(&path))?;
        files.push(path);
        Ok::<(), Error>(())
    };
    let page = html::page(history, &operations, summary, &series, logs)?;
    put("index.html".to_owned(), page.as_bytes())?;
    for plot in Plot::of(&series) {
        put(format!("{}.png", plot.name()), &plot.png(&series)?)?;
    }
    Ok(files)
}
