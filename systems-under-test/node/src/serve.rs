//! The loop of a node process.

use crate::StoreError;
use crate::desk::FlushError;
use crate::host::Host;
use memchr::memchr;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};
use schism_kernel::{Malformed, Node};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

/// Why a node process cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The harness sent an `init` that makes no sense.
    #[error("cannot read init: {0}")]
    Init(String),
    /// The disk does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is on the disk is not this stack's.
    #[error("cannot recover: {0}")]
    Recovery(Malformed),
    /// Standard input or output does not work.
    #[error("cannot {what}: {source}")]
    Io {
        /// What failed.
        what: &'static str,
        /// How.
        source: io::Error,
    },
}

/// How much is read, and so handled before anything is written, at once.
const BATCH: usize = 64 * 1024;

/// Serves a node over standard input and output until the input ends. The node is made when it is
/// known how many there are.
pub fn serve(make: impl FnOnce(usize) -> Box<dyn Node> + 'static) -> Result<(), ServeError> {
    // The standard library's handles would buffer a second time, and lock for every call.
    let io = |what| move |source: io::Error| ServeError::Io { what, source };
    let input = io::stdin().as_fd().try_clone_to_owned().map_err(io("open standard input"))?;
    let output = io::stdout().as_fd().try_clone_to_owned().map_err(io("open standard output"))?;
    run(Host::new(Box::new(make)), &mut File::from(input), &mut File::from(output))
}

fn run(
    mut host: Host,
    input: &mut (impl Read + AsFd),
    output: &mut impl Write,
) -> Result<(), ServeError> {
    let mut lines = Lines::default();
    loop {
        if readable(&host, input)? {
            let searched = lines.filled;
            match lines.fill(input) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ServeError::Io { what: "read", source }),
            }
            lines.take(searched, |line| host.line(clock(), line))?;
        }
        host.timers(clock());
        if let Some(desk) = host.desk() {
            match desk.flush(output) {
                Ok(()) => {}
                Err(FlushError::Store(error)) => return Err(error.into()),
                // Nobody is listening any more: the same as the end of the input.
                Err(FlushError::Write(e)) if e.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                Err(FlushError::Write(source)) => {
                    return Err(ServeError::Io { what: "write", source });
                }
            }
        }
    }
}

/// Input that is not a whole line yet, and room for more.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    filled: usize,
}

impl Lines {
    fn fill(&mut self, input: &mut impl Read) -> io::Result<usize> {
        if self.bytes.len() < self.filled + BATCH {
            self.bytes.resize(self.filled + BATCH, 0);
        }
        let read = input.read(&mut self.bytes[self.filled..])?;
        self.filled += read;
        Ok(read)
    }

    /// Hands on every whole line, of which none ends before `searched`.
    fn take<E>(
        &mut self,
        searched: usize,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut start, mut searched) = (0, searched);
        while let Some(end) = memchr(b'\n', &self.bytes[searched..self.filled]) {
            searched += end + 1;
            let line = &self.bytes[start..searched - 1];
            if !line.is_empty() {
                each(line)?;
            }
            start = searched;
        }
        self.bytes.copy_within(start..self.filled, 0);
        self.filled -= start;
        Ok(())
    }
}

/// Waits for input or for the next timer; says whether there is input.
fn readable(host: &Host, input: &impl AsFd) -> Result<bool, ServeError> {
    // Without a timer, reading itself is the wait.
    let Some(due) = host.next_timer() else { return Ok(true) };
    let wait = due.saturating_sub(clock());
    let mut fds = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    match ppoll(&mut fds, Some(TimeSpec::from_duration(wait)), None) {
        Ok(ready) => Ok(ready > 0),
        Err(nix::Error::EINTR) => Ok(false),
        Err(source) => Err(ServeError::Io { what: "wait", source: source.into() }),
    }
}

/// The monotonic clock. It goes on while a node is dead, so that times a node has stored still
/// mean something to its next incarnation.
fn clock() -> Duration {
    match clock_gettime(ClockId::CLOCK_MONOTONIC) {
        Ok(time) => Duration::new(time.tv_sec() as u64, time.tv_nsec() as u32),
        // Every Linux has this clock.
        Err(_) => Duration::ZERO,
    }
}
