//! What a process may use: set from outside, and read back from the system.

use std::io;

/// Something of which a process can be given little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Memory,
    Descriptors,
}

impl Resource {
    fn number(self) -> libc::__rlimit_resource_t {
        match self {
            Resource::Memory => libc::RLIMIT_AS,
            Resource::Descriptors => libc::RLIMIT_NOFILE,
        }
    }

    /// How it is called in `/proc/PID/limits`.
    fn line(self) -> &'static str {
        match self {
            Resource::Memory => "Max address space",
            Resource::Descriptors => "Max open files",
        }
    }

    /// So much of it, in words.
    pub fn words(self, count: u64) -> String {
        match self {
            Resource::Memory => format!("{count} bytes of memory"),
            Resource::Descriptors => format!("{count} descriptors"),
        }
    }
}

/// Lets a child use so much, or, without a number, as much as we may use ourselves. The bound up to
/// which it could be raised again stays where it is.
pub(super) fn set(pid: u32, resource: Resource, most: Option<u64>) -> io::Result<()> {
    let number = resource.number();
    let mut own = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills in the one struct it is given.
    checked(unsafe { libc::getrlimit(number, &mut own) })?;
    let soft = most.map_or(own.rlim_cur, |most| most.min(own.rlim_max));
    let new = libc::rlimit { rlim_cur: soft, rlim_max: own.rlim_max };
    // SAFETY: the call reads the one struct it is given, and writes nothing.
    checked(unsafe { libc::prlimit(pid as libc::pid_t, number, &new, std::ptr::null_mut()) })
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How much the system says that a process may use; nothing if there is no limit, or no process.
pub(super) fn read(pid: u32, resource: Resource) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix(resource.line()))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_seen_by_the_system_and_goes_away_again() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = child.id();
        let before = [Resource::Memory, Resource::Descriptors].map(|it| read(pid, it));
        set(pid, Resource::Descriptors, Some(17)).unwrap();
        set(pid, Resource::Memory, Some(1 << 26)).unwrap();
        assert_eq!(read(pid, Resource::Descriptors), Some(17));
        assert_eq!(read(pid, Resource::Memory), Some(1 << 26));
        set(pid, Resource::Descriptors, None).unwrap();
        set(pid, Resource::Memory, None).unwrap();
        assert_eq!([Resource::Memory, Resource::Descriptors].map(|it| read(pid, it)), before);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(set(pid, Resource::Memory, None).is_err());
    }
}
