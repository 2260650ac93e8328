//! What runs as a node, and where.

use nix::unistd::{AccessFlags, access};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What to run as nodes, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many nodes.
    pub nodes: u16,
    /// What each of them runs.
    pub program: Program,
    /// The folder of the run, which exists. Logs go to `nodes/`, disks are in `disks/`.
    pub folder: PathBuf,
    /// Where the nodes' choices come from.
    pub seed: u64,
    /// Whether stores are forced to the disk.
    pub fsync: bool,
    /// How long a node may take to answer `init`.
    pub init_timeout: Duration,
    /// How much of each node's standard error is kept, in bytes.
    pub log_cap: u64,
    /// Whether SIGINT and SIGTERM are handed to the script instead of ending the process.
    pub catch_interrupts: bool,
}

impl Config {
    /// The usual, for this many nodes of this program.
    pub fn new(nodes: u16, program: Program, folder: impl Into<PathBuf>) -> Config {
        Config {
            nodes,
            program,
            folder: folder.into(),
            seed: 0,
            fsync: false,
            init_timeout: Duration::from_secs(10),
            log_cap: 64 * 1024 * 1024,
            catch_interrupts: false,
        }
    }
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A stack of the catalogue: this same executable, called with these arguments.
    Ours {
        /// `node NAME`, and perhaps `--twin TWIN`.
        arguments: Vec<OsString>,
    },
    /// Any program that speaks Maelstrom's protocol.
    Foreign {
        /// Its file.
        path: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
        /// Whether `init` carries the field `schism`, which not every program will put up with.
        extended: bool,
    },
}

/// A program that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// There is no such file.
    #[error("there is no program {}", .0.display())]
    Missing(PathBuf),
    /// It is a folder, or something else that is no program.
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// It may not be executed.
    #[error("{path} is not executable: run `chmod +x {path}`", path = .0.display())]
    NotExecutable(PathBuf),
}

impl Program {
    /// A foreign program. The name is that of a file or, as in a shell, of a program in `PATH`.
    pub fn foreign(name: &Path, arguments: Vec<OsString>) -> Result<Program, ProgramError> {
        let path = find(name)?;
        Ok(Program::Foreign { path, arguments, extended: false })
    }

    /// Whether it can be run at all, as far as can be told without doing it.
    pub fn check(&self) -> Result<(), ProgramError> {
        match self {
            Program::Ours { .. } => Ok(()),
            Program::Foreign { path, .. } => executable(path),
        }
    }

    /// Whether its nodes are hosted by this workspace's own code.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Program::Ours { .. })
    }

    /// Whether `init` carries more than Maelstrom's fields.
    pub(super) fn is_extended(&self) -> bool {
        matches!(self, Program::Ours { .. } | Program::Foreign { extended: true, .. })
    }

    /// Its name, for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Program::Ours { .. } => "the node program".into(),
            Program::Foreign { path, .. } => path.display().to_string(),
        }
    }

    /// How a node is started: in a process group of its own, so that Ctrl-C reaches only the
    /// controller, and signals to a node reach its children.
    pub(super) fn command(&self) -> Command {
        use std::os::unix::process::CommandExt;
        let (path, arguments) = match self {
            Program::Ours { arguments } => (Path::new("/proc/self/exe"), arguments),
            Program::Foreign { path, arguments, .. } => (path.as_path(), arguments),
        };
        let mut command = Command::new(path);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The file a name stands for.
fn find(name: &Path) -> Result<PathBuf, ProgramError> {
    let here = Path::new(".").join(name);
    if name.components().count() > 1 || name.is_absolute() {
        return executable(name).map(|()| name.to_owned());
    }
    if here.exists() {
        return executable(&here).map(|()| here);
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| executable(path).is_ok())
        .ok_or_else(|| ProgramError::Missing(name.to_owned()))
}

fn executable(path: &Path) -> Result<(), ProgramError> {
    match std::fs::metadata(path) {
        Err(_) => Err(ProgramError::Missing(path.to_owned())),
        Ok(metadata) if !metadata.is_file() => Err(ProgramError::NotAFile(path.to_owned())),
        Ok(_) if access(path, AccessFlags::X_OK).is_err() => {
            Err(ProgramError::NotExecutable(path.to_owned()))
        }
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn programs_are_found_or_refused_in_words() {
        let why = |name: &Path| Program::foreign(name, vec![]).unwrap_err().to_string();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("node.py");
        assert_eq!(why(&file), format!("there is no program {}", file.display()));
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let name = file.display();
        assert_eq!(why(&file), format!("{name} is not executable: run `chmod +x {name}`"));
        assert_eq!(why(folder.path()), format!("{} is not a file", folder.path().display()));
        assert_eq!(why(Path::new("no-such-program")), "there is no program no-such-program");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Program::foreign(&file, vec![]).is_ok());
        let Program::Foreign { path, .. } = Program::foreign(Path::new("sh"), vec![]).unwrap()
        else {
            panic!("sh is not ours");
        };
        assert!(path.is_absolute());
    }
}
