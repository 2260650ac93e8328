//! One process of a node.

use super::pipe::{Incoming, Outgoing};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use schism_history::Nanos;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::process::{Child, ExitStatus};

/// How far a process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It was sent `init` and has until then to answer.
    Starting(Nanos),
    /// It has answered.
    Up,
    /// It was killed; the system has not yet told that it is gone.
    Killed,
}

/// A running process, its pipes, and what is in them.
pub(super) struct Process {
    child: Child,
    group: Pid,
    /// Readable once the process has ended.
    pub ended: OwnedFd,
    /// `None` once the process reads no more.
    pub stdin: Option<File>,
    pub stdout: File,
    pub stderr: File,
    pub outgoing: Outgoing,
    pub incoming: Incoming,
    /// Whether the pipe took everything the last time it was written to.
    pub writable: bool,
    pub life: Life,
}

impl Process {
    /// Takes over a child that was started with three pipes.
    pub fn adopt(mut child: Child, deadline: Nanos) -> io::Result<Process> {
        let missing = || io::Error::other("a pipe is missing");
        let stdin = OwnedFd::from(child.stdin.take().ok_or_else(missing)?);
        let stdout = OwnedFd::from(child.stdout.take().ok_or_else(missing)?);
        let stderr = OwnedFd::from(child.stderr.take().ok_or_else(missing)?);
        for pipe in [&stdin, &stdout, &stderr] {
            make_nonblocking(pipe.as_fd())?;
        }
        let ended = open_pidfd(child.id())?;
        Ok(Process {
            group: Pid::from_raw(child.id() as i32),
            child,
            ended,
            stdin: Some(File::from(stdin)),
            stdout: File::from(stdout),
            stderr: File::from(stderr),
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            writable: true,
            life: Life::Starting(deadline),
        })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether messages still reach it.
    pub fn listens(&self) -> bool {
        self.life != Life::Killed && self.stdin.is_some()
    }

    /// Sends a signal to it and to its children that have not left its process group.
    pub fn signal(&self, signal: Signal) {
        // It fails only if everybody is gone already, which will be noticed anyway.
        let _ = killpg(self.group, signal);
    }

    /// Kills it: from now on it neither hears nor counts as running, but what it has written
    /// is still to be read.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.life = Life::Killed;
        self.stdin = None;
        self.outgoing.clear();
    }

    /// How it ended. Also ends what is left of its process group.
    pub fn reap(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::SIGKILL);
        self.child.wait()
    }

    /// Whether it has ended and can be reaped without waiting.
    pub fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self.ended.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }

    /// Whether the system says that it is stopped.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.group));
        // The name before the state is in parentheses and may contain some itself.
        let state = stat.as_deref().ok().and_then(|stat| stat.rsplit_once(") "));
        state.is_some_and(|(_, state)| state.starts_with('T'))
    }
}

pub(super) fn make_nonblocking(pipe: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A descriptor that becomes readable when the process has ended.
fn open_pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers and returns a new descriptor or -1.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
