//! Ctrl-C and its like.

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

/// Where the handler leaves word. One for the whole process, like the handlers.
static RECEIVED: OnceLock<EventFd> = OnceLock::new();

const CAUGHT: [Signal; 2] = [Signal::SIGINT, Signal::SIGTERM];

/// SIGINT and SIGTERM are counted instead of killing us, for as long as this exists.
pub(crate) struct Interrupts(&'static EventFd);

extern "C" fn count(_: libc::c_int) {
    if let Some(received) = RECEIVED.get() {
        let _ = received.write(1);
    }
}

impl Interrupts {
    pub fn catch() -> nix::Result<Interrupts> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let received = match RECEIVED.get() {
            Some(received) => received,
            None => {
                let fresh = EventFd::from_value_and_flags(0, flags)?;
                RECEIVED.get_or_init(|| fresh)
            }
        };
        set(SigHandler::Handler(count))?;
        Ok(Interrupts(received))
    }

    /// How many came since the last time.
    pub fn count(&self) -> u64 {
        self.0.read().unwrap_or(0)
    }
}

impl AsFd for Interrupts {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        let _ = set(SigHandler::SigDfl);
    }
}

fn set(handler: SigHandler) -> nix::Result<()> {
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for signal in CAUGHT {
        // SAFETY: the handler reads an initialised static and makes one `write`, which is safe
        // in a signal handler.
        unsafe { sigaction(signal, &action)? };
    }
    Ok(())
}
