//! No process survives the controller.
//!
//! Where the kernel allows it, nodes live in a PID namespace. Its init, a child of the controller
//! that does nothing but wait, ends when the controller does, and the kernel then kills
//! everything else in the namespace: also grandchildren that have left their session, which no
//! signal to a process group would reach. This needs no privileges where unprivileged user
//! namespaces are allowed.
//!
//! A namespace holds the children of one thread, the one that made it, and that thread can start
//! no further threads. So a thread of its own, the [`Spawner`], starts every node.

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_name, set_pdeathsig};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{
    ForkResult, Pid, dup2_stdin, fork, getegid, geteuid, getpid, getppid, pipe2, setsid,
};
use std::fmt;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What keeps nodes from outliving the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Containment {
    /// A PID namespace: everything a node starts ends with the controller.
    Namespace,
    /// A parent-death signal: nodes end with the controller, but what they started themselves
    /// and moved into a session of its own may stay.
    ParentDeath {
        /// Why there is no namespace.
        refused: String,
    },
}

impl fmt::Display for Containment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Containment::Namespace => f.write_str(
                "nodes run in a PID namespace: whatever they start ends with the controller",
            ),
            Containment::ParentDeath { refused } => write!(
                f,
                "nodes are killed when the controller dies, but daemons they start may survive: \
                 a PID namespace was refused ({refused})"
            ),
        }
    }
}

/// Moves the process into a user namespace of its own, if it needs one to make PID namespaces.
///
/// Only a process with a single thread can do this, so it comes first in `main`. Root does not
/// need it. Where it is refused nothing changes, and [`Containment`] will say so.
pub fn prepare() {
    if geteuid().is_root() {
        return;
    }
    // A refusal can come half-way, when there is no way back, so a child tries it first.
    // SAFETY: with a single thread, as is asked of the caller, a forked child may do anything;
    // with several the child could find a lock taken, but it only makes system calls and
    // formats two short strings.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            let allowed =
                enter().and_then(|()| unshare(CloneFlags::CLONE_NEWPID).map_err(Into::into));
            // SAFETY: ends the child without running what the parent has registered for its exit.
            unsafe { libc::_exit(i32::from(allowed.is_err())) }
        }
        Ok(ForkResult::Parent { child }) => {
            if waitpid(child, None) == Ok(WaitStatus::Exited(child, 0)) {
                // It worked a moment ago; should it fail now, the spawner will notice.
                let _ = enter();
            }
        }
        Err(_) => {}
    }
}

/// Enters a user namespace in which we are who we were.
fn enter() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// A request to start a process, and where to put the answer.
type Request = (Command, Sender<io::Result<Child>>);

/// The thread that starts nodes.
pub(super) struct Spawner {
    requests: Option<Sender<Request>>,
    containment: Containment,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The init of a namespace. It ends when the lifeline is closed.
struct Init {
    pid: Pid,
    lifeline: Option<OwnedFd>,
}

impl Spawner {
    pub fn start() -> io::Result<Spawner> {
        let (requests, inbox) = channel::<Request>();
        let (tell, told) = channel();
        let thread = std::thread::Builder::new().name("spawner".into()).spawn(move || {
            let (init, containment) = match Init::start() {
                Ok(init) => (Some(init), Containment::Namespace),
                Err(e) => (None, Containment::ParentDeath { refused: e.to_string() }),
            };
            let _ = tell.send(containment.clone());
            serve(inbox, &containment);
            drop(init);
        })?;
        let gone = |_| io::Error::other("the spawner thread ended early");
        let containment = told.recv().map_err(gone)?;
        Ok(Spawner { requests: Some(requests), containment, thread: Some(thread) })
    }

    pub fn containment(&self) -> &Containment {
        &self.containment
    }

    /// Starts a process.
    pub fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the spawner thread ended early");
        let (answer, answered) = channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send((command, answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Has the process this command starts killed when the thread that starts it ends.
pub(crate) fn tie_to_parent(command: &mut Command) {
    let parent = getpid();
    let tie = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        // The parent may have died before the signal was asked for.
        if getppid() == parent { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    };
    // SAFETY: the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(tie) };
}

fn serve(inbox: Receiver<Request>, containment: &Containment) {
    for (mut command, answer) in inbox {
        if *containment != Containment::Namespace {
            tie_to_parent(&mut command);
        }
        let _ = answer.send(command.spawn());
    }
}

impl Init {
    fn start() -> nix::Result<Init> {
        unshare(CloneFlags::CLONE_NEWPID)?;
        let (listen, lifeline) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
        // SAFETY: the child of a process with several threads may only make system calls, and
        // `wait_for_the_end` does nothing else.
        match unsafe { fork()? } {
            ForkResult::Child => wait_for_the_end(&listen),
            ForkResult::Parent { child } => Ok(Init { pid: child, lifeline: Some(lifeline) }),
        }
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        self.lifeline = None;
        // The kernel has killed everything in the namespace by the time init can be waited for.
        // It also waits until all of it was reaped; what the host failed to reap is left to the
        // end of the controller.
        for _ in 0..1000 {
            match waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
    }
}

/// The whole life of a namespace's init.
fn wait_for_the_end(lifeline: &OwnedFd) -> ! {
    let _ = set_pdeathsig(Signal::SIGKILL);
    let _ = set_name(c"schism-init");
    // Out of reach of the terminal's Ctrl-C.
    let _ = setsid();
    // SAFETY: ignoring a signal runs no code. Ignoring this one makes the kernel reap orphans.
    let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) };
    let _ = dup2_stdin(lifeline);
    // SAFETY: nothing in this process uses any of the descriptors again. Keeping them would keep
    // the controller's pipes and files open, the other end of the lifeline among them.
    unsafe { libc::close_range(1, libc::c_uint::MAX, 0) };
    let mut byte = [0];
    loop {
        match nix::unistd::read(io::stdin(), &mut byte) {
            Err(nix::Error::EINTR) => {}
            // SAFETY: ends the process at once; nothing has to be cleaned up.
            _ => unsafe { libc::_exit(0) },
        }
    }
}
