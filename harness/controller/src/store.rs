//! Where runs are kept: `store/<test>/<UTC time>-<seed>/`.

use crate::{Error, Recipe};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes the directory of a new run below the store, and points the `latest` links at it.
    pub fn create(store: &Path, recipe: &Recipe) -> Result<RunDirectory, Error> {
        let test = directory_name(&recipe.test);
        let parent = store.join(&test);
        fs::create_dir_all(&parent).map_err(|e| Error::writing(&parent, e))?;
        let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let name = format!("{}-{}", time.replace(':', "-"), recipe.seed);
        let path = free_name(&parent, &name)?;
        let run = RunDirectory { path };
        fs::create_dir_all(run.nodes()).map_err(|e| Error::writing(&run.path, e))?;
        let text = toml::to_string(recipe).map_err(Error::harness)?;
        let file = run.recipe();
        fs::write(&file, text).map_err(|e| Error::writing(&file, e))?;
        if let Some(name) = run.path.file_name() {
            point(&parent.join("latest"), Path::new(name));
            point(&store.join("latest"), &Path::new(&test).join(name));
        }
        Ok(run)
    }

    /// The directory of an old run: itself, or the path of a `latest` link.
    pub fn open(path: &Path) -> Result<RunDirectory, Error> {
        let run = RunDirectory { path: path.to_path_buf() };
        if run.recipe().is_file() {
            return Ok(run);
        }
        let why = if path.is_dir() { "has no run.toml" } else { "is not a directory" };
        Err(Error::usage(format!("{} is no run: it {why}", path.display())))
    }

    /// Removes a run that did not come to anything.
    pub fn remove(&self) {
        // If that fails, too, there is nothing left to try.
        let _ = fs::remove_dir_all(&self.path);
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run was to do.
    pub fn recipe(&self) -> PathBuf {
        self.path.join("run.toml")
    }

    /// What happened.
    pub fn history(&self) -> PathBuf {
        self.path.join("history")
    }

    /// What was found.
    pub fn verdict(&self) -> PathBuf {
        self.path.join("verdict.json")
    }

    /// What the nodes wrote.
    pub fn nodes(&self) -> PathBuf {
        self.path.join("nodes")
    }

    /// How it is getting on, while it is under way.
    pub fn progress(&self) -> PathBuf {
        self.path.join("progress.json")
    }

    /// The report.
    pub fn report(&self) -> PathBuf {
        self.path.join("report")
    }

    /// Reads what the run was to do.
    pub fn read_recipe(&self) -> Result<Recipe, Error> {
        Recipe::read(&self.recipe())
    }
}

/// A name that is one path component, whatever the test is called.
pub fn directory_name(test: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let name: String = test.chars().map(safe).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "run".into() } else { name.into() }
}

/// Two runs of one seed in one second get different names, which sort in the order they were
/// given: the name of one that was removed is not given again while a later one is there.
pub fn free_name(parent: &Path, name: &str) -> Result<PathBuf, Error> {
    let taken = |entry: fs::DirEntry| {
        let entry = entry.file_name();
        let rest = entry.to_str()?.strip_prefix(name)?;
        if rest.is_empty() { Some(0) } else { rest.strip_prefix('.')?.parse::<u32>().ok() }
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let next = entries.filter_map(taken).max().map_or(0, |last| last + 1);
    for suffix in next..1000 {
        let path = match suffix {
            0 => parent.join(name),
            k => parent.join(format!("{name}.{k:03}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::writing(&path, e)),
        }
    }
    Err(Error::usage(format!("{} has a thousand runs of this second", parent.display())))
}

/// Makes a symbolic link, replacing an older one. A store on a file system without links does
/// without.
pub fn point(link: &Path, target: &Path) {
    let temporary = link.with_extension(format!("{}.new", std::process::id()));
    if std::os::unix::fs::symlink(target, &temporary).is_ok()
        && fs::rename(&temporary, link).is_err()
    {
        let _ = fs::remove_file(&temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_stored_under_one_path_component() {
        assert_eq!(directory_name("atomic-nn"), "atomic-nn");
        assert_eq!(directory_name("../../etc/x y"), "_.._etc_x_y");
        assert_eq!(directory_name(".."), "run");
    }
    #[test]
    fn names_of_one_second_sort_in_the_order_they_were_given() {
        let place = tempfile::tempdir().unwrap();
        let given: Vec<PathBuf> = (0..12).map(|_| free_name(place.path(), "x").unwrap()).collect();
        assert!(given.is_sorted());
        fs::remove_dir(&given[0]).unwrap();
        assert!(free_name(place.path(), "x").unwrap() > given[11]);
    }
}
