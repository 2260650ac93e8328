//! Starting, stopping and ending the nodes' processes.

use super::HostError;
use super::Script;
use super::damage;
use super::error::said;
use super::host::Host;
use super::letter::HARNESS;
use super::limits::{self, Resource};
use super::pipe::Reading;
use super::process::{Life, Process};
use super::router::{Part, token};
use nix::sys::epoll::{EpollEvent, EpollFlags};
use nix::sys::signal::Signal;
use schism_history::{Nanos, NodeId, Skew, Trouble};
use schism_nemesis::{FaultId, Rng};
use schism_run::{Disk, Strike};
use serde_json::json;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// The key of the random numbers that decide what becomes of a dead node's disk.
const DAMAGE: u64 = 5;
const UNSYNCED: u64 = 4;
/// What a dead process can at most have left in a pipe, in reads.
const LAST_READS: usize = 64;
/// How long nodes may take to end when their input has ended, at the end of a run.
const GRACE: Duration = Duration::from_millis(300);
/// A process that met a limit ends within so long.
const DYING: Nanos = 1_000_000_000;

impl Host {
    /// Starts a node, or has it started when its old process is gone.
    pub(super) fn start<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        incarnation: u32,
        disk: Disk,
        script: &mut S,
    ) -> Result<(), HostError> {
        let place = &mut self.router.seats[seat];
        if let Some(process) = &mut place.process {
            process.kill();
            place.restart = Some((incarnation, disk));
            return Ok(());
        }
        let folder = &place.disk;
        let failed = |what, folder: &std::path::Path| {
            let path = folder.to_owned();
            move |source| HostError::File { what, path, source }
        };
        let node = NodeId(seat as u16);
        let mut dice = Rng::new(self.config.seed, &[DAMAGE, seat as u64, u64::from(incarnation)]);
        let lost = match disk {
            Disk::Kept => Ok(0),
            Disk::Wiped => std::fs::remove_dir_all(folder).map(|()| 0),
            Disk::RolledBack => damage::roll_back(&folder.join("store"), &mut dice),
            Disk::Flipped => damage::flip(&folder.join("store"), &mut dice),
        };
        match lost {
            Ok(lost) => script.lost(node, lost, "bytes"),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(failed("damage", folder)(e)),
        }
        std::fs::create_dir_all(folder).map_err(failed("create", folder))?;
        place.log.begin(now, incarnation).map_err(failed("write the log of", folder))?;

        let program = &self.config.program;
        let child = self.spawner.spawn(program.command()).map_err(|source| HostError::Spawn {
            program: program.name(),
            node,
            hint: match source.raw_os_error() {
                Some(libc::ENOEXEC) => ". A script needs a first line that names its interpreter",
                Some(libc::ENOENT) => ". Does the interpreter in its first line exist?",
                _ => "",
            },
            source,
        })?;
        let deadline = now.saturating_add(self.config.init_timeout.as_nanos() as Nanos);
        let process = Process::adopt(child, deadline)
            .map_err(|source| HostError::System { what: "watch over a node", source })?;
        place.generation += 1;
        place.incarnation = incarnation;
        place.losing = None;
        place.blamed = false;
        place.paused = false;
        place.fallen = false;
        place.process = Some(process);
        self.watch_over(seat).map_err(HostError::system("watch over a node"))?;
        self.limit(seat, Trouble::default(), script);
        self.deadlines.push((deadline, seat, self.router.seats[seat].generation));

        let init = self.init(seat, incarnation);
        self.router.push(now, seat, init.as_bytes());
        for order in std::mem::take(&mut self.router.seats[seat].untold) {
            self.router.push(now, seat, order.as_bytes());
        }
        Ok(())
    }

    fn watch_over(&self, seat: usize) -> nix::Result<()> {
        let place = &self.router.seats[seat];
        let Some(process) = &place.process else { return Ok(()) };
        let event = |flags, part| EpollEvent::new(flags, token(seat, place.generation, part));
        let epoll = &self.router.epoll;
        if let Some(stdin) = &process.stdin {
            // The edge tells when a full pipe has been emptied, and nothing has to be switched
            // on and off.
            let edge = EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            epoll.add(stdin, event(edge, Part::Stdin))?;
        }
        epoll.add(&process.stderr, event(EpollFlags::EPOLLIN, Part::Stderr))?;
        epoll.add(&process.ended, event(EpollFlags::EPOLLIN, Part::Ended))?;
        self.router.listen(seat)
    }

    /// The line a node begins with.
    fn init(&self, seat: usize, incarnation: u32) -> String {
        let names: Vec<&str> = self.router.seats.iter().map(|seat| &*seat.name).collect();
        let place = &self.router.seats[seat];
        let mut body = json!({
            "type": "init", "msg_id": 1, "node_id": place.name, "node_ids": names,
        });
        if self.config.program.is_extended() {
            body["schism"] = json!({
                "incarnation": incarnation, "disk": place.disk, "seed": self.config.seed,
                "notes": true, "fsync": self.config.fsync,
                "origin": self.origin, "clock": place.clock, "trouble": place.trouble,
            });
        }
        json!({"src": HARNESS, "dest": place.name, "body": body}).to_string()
    }

    /// Kills a node, and loses some of the messages it has on their way, or all, or none.
    pub(super) fn kill<S: Script>(
        &mut self,
        now: Nanos,
        node: NodeId,
        strike: Strike,
        script: &mut S,
    ) {
        let seat = usize::from(node.0);
        let place = &mut self.router.seats[seat];
        if let Some(process) = &mut place.process {
            process.kill();
            self.router.lose(now, node, (self.config.seed, strike), script);
        }
    }

    /// Stops a node. That it has stopped is seen later.
    pub(super) fn pause(&mut self, now: Nanos, seat: usize) {
        let place = &mut self.router.seats[seat];
        if let Some(process) = place.process.as_ref().filter(|p| p.life != Life::Killed) {
            process.signal(Signal::SIGSTOP);
            place.paused = true;
            self.pausing.push((now, seat, place.generation));
        }
    }

    /// Lets a node go on.
    pub(super) fn resume(&mut self, now: Nanos, seat: usize) {
        let place = &mut self.router.seats[seat];
        place.paused = false;
        place.progress = now;
        if let Some(process) = &place.process {
            process.signal(Signal::SIGCONT);
        }
        self.pausing.retain(|&(_, paused, _)| paused != seat);
    }

    /// Tells a node how far off its clock is from now on. It answers with what it reads then.
    pub(super) fn set_clock<S: Script>(
        &mut self,
        now: Nanos,
        fault: FaultId,
        seat: usize,
        skew: Skew,
        script: &mut S,
    ) {
        self.router.seats[seat].clock = skew;
        if !self.config.program.is_extended() {
            return script.refused(fault, "a program that is not ours keeps its own clock");
        }
        self.order(now, seat, json!({"type": "clock", "fault": fault, "skew": skew}));
    }

    /// Tells a node what it has to cope with from now on, and sets its limits.
    pub(super) fn set_trouble<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        trouble: Trouble,
        script: &mut S,
    ) {
        let place = &mut self.router.seats[seat];
        let before = std::mem::replace(&mut place.trouble, trouble);
        let alive = place.process.as_ref().is_some_and(|process| process.life != Life::Killed);
        if let (Some(fault), None) = (limit_of(&before), limit_of(&trouble)) {
            place.was_limited = alive.then_some((fault, now));
        }
        self.limit(seat, before, script);
        if (before.fails, before.slow) == (trouble.fails, trouble.slow) {
            return;
        }
        if self.config.program.is_extended() {
            return self.order(now, seat, json!({"type": "trouble", "trouble": trouble}));
        }
        let faults = trouble.fails.map(|(fault, _)| fault).into_iter();
        for fault in faults.chain(trouble.slow.map(|(fault, _)| fault)) {
            script.refused(fault, "a program that is not ours has its own way to the disk");
        }
    }

    /// Sets the limits of a node's process that are other than they were, and has the system say so.
    fn limit<S: Script>(&mut self, seat: usize, before: Trouble, script: &mut S) {
        let place = &self.router.seats[seat];
        let Some(process) = place.process.as_ref().filter(|p| p.life != Life::Killed) else {
            return;
        };
        let (id, now) = (process.id(), place.trouble);
        for (resource, before, now) in [
            (Resource::Memory, before.memory, now.memory),
            (Resource::Descriptors, before.descriptors, now.descriptors),
        ] {
            if before == now {
                continue;
            }
            let set = limits::set(id, resource, now.map(|(_, most)| most));
            let Some((fault, most)) = now else { continue };
            match (set, limits::read(id, resource)) {
                (Ok(()), Some(read)) if read <= most => {
                    script.limited(fault, NodeId(seat as u16), &resource.words(read));
                }
                (Err(e), _) => script.refused(fault, &format!("the system refused it ({e})")),
                (Ok(()), _) => script.refused(fault, "the system does not show the limit"),
            }
        }
    }

    /// Tells a node something beyond Maelstrom's protocol, in this life or, if it is about to begin
    /// another, then.
    fn order(&mut self, now: Nanos, seat: usize, body: serde_json::Value) {
        let line = json!({"src": HARNESS, "dest": self.router.seats[seat].name, "body": body});
        let line = line.to_string();
        if !self.router.push(now, seat, line.as_bytes()) {
            let place = &mut self.router.seats[seat];
            place.untold.extend(place.restart.is_some().then_some(line));
        }
    }

    /// Confirms the pauses that can be seen by now. A pause that cannot be seen after a second
    /// is not looked for any longer: then it did not land.
    pub(super) fn look_for_stopped<S: Script>(&mut self, now: Nanos, script: &mut S) {
        let seats = &self.router.seats;
        self.pausing.retain(|&(since, seat, generation)| {
            let place = &seats[seat];
            let process = place.process.as_ref().filter(|_| place.generation == generation);
            match process {
                Some(process) if process.is_stopped() => {
                    script.confirm(NodeId(seat as u16), "was seen stopped");
                    false
                }
                Some(_) => now < since + 1_000_000_000,
                None => false,
            }
        });
    }

    /// Gives up on nodes that have not answered `init` in time.
    pub(super) fn enforce_deadlines<S: Script>(
        &mut self,
        now: Nanos,
        script: &mut S,
    ) -> Result<(), HostError> {
        let wait = self.config.init_timeout;
        for (deadline, seat, generation) in std::mem::take(&mut self.deadlines) {
            let place = &mut self.router.seats[seat];
            let process = place.process.as_mut().filter(|_| place.generation == generation);
            let Some(process) = process.filter(|p| matches!(p.life, Life::Starting(_))) else {
                continue;
            };
            if now < deadline || place.paused {
                self.deadlines.push((deadline.max(now + 1_000_000), seat, generation));
                continue;
            }
            process.kill();
            let node = NodeId(seat as u16);
            while let Ok(Reading::Some) = self.router.overhear(now, seat) {}
            let standard_error = self.router.seats[seat].log.end();
            // Nothing has begun before the first of its processes has answered.
            if generation == 1 {
                return Err(HostError::NeverReady { node, wait, standard_error });
            }
            let how = format!("did not answer init within {} s", wait.as_secs_f64());
            script.died(now, node, &(how + &said(&standard_error)));
        }
        Ok(())
    }

    /// A node's process has ended: what it has written still counts.
    pub(super) fn ended<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        script: &mut S,
    ) -> Result<(), HostError> {
        let failed = |source| HostError::System { what: "see how a node ended", source };
        self.router.forget_wait(seat);
        let Some(process) = &mut self.router.seats[seat].process else { return Ok(()) };
        let killed = process.life == Life::Killed;
        let status = process.reap().map_err(failed)?;
        for _ in 0..LAST_READS {
            let reading = self.router.receive(now, seat, script)?;
            // Whoever is dead already is not interrupted.
            if self.router.interrupted.take().is_none() && reading != Reading::Some {
                break;
            }
        }
        // It may have been told to wait for somebody while its last words were read.
        self.router.forget_wait(seat);
        for _ in 0..LAST_READS {
            if self.router.overhear(now, seat).map_err(failed)? != Reading::Some {
                break;
            }
        }
        let node = NodeId(seat as u16);
        let place = &mut self.router.seats[seat];
        let Some(process) = place.process.take() else { return Ok(()) };
        place.paused = false;
        let fallen = std::mem::take(&mut place.fallen);
        let dying = |(fault, since): (u32, Nanos)| (now - since < DYING).then_some(fault);
        let limit = limit_of(&place.trouble).or(place.was_limited.take().and_then(dying));
        if killed || fallen {
            let keys = [UNSYNCED, seat as u64, u64::from(place.incarnation)];
            let mut dice = Rng::new(self.config.seed, &keys);
            match damage::lose_unsynced(&place.disk, &mut dice) {
                Ok(lost) => script.lost(node, lost, "unsynced bytes"),
                // A program that is not ours, or one that was killed before it had a disk.
                Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {}
                Err(source) => {
                    let path = place.disk.clone();
                    return Err(HostError::File {
                        what: "lose what was not synced in",
                        path,
                        source,
                    });
                }
            }
        }
        if fallen {
            // It has said itself what became of it.
        } else if killed && status.signal() == Some(libc::SIGKILL) {
            // What a kill cut off in the middle was never sent.
            script.confirm(node, "was seen dead");
        } else {
            let standard_error = place.log.end();
            if !process.incoming.rest().is_empty() && !killed && limit.is_none() {
                let line = process.incoming.rest();
                self.router.garbage(now, seat, "it ended within a line", line, script);
            }
            let how = in_words(status) + &said(&standard_error);
            match limit.filter(|_| !killed) {
                Some(fault) => script.succumbed(now, fault, node, &how),
                None => script.died(now, node, &how),
            }
        }
        match self.router.seats[seat].restart.take() {
            Some((incarnation, disk)) => self.start(now, seat, incarnation, disk, script),
            None => Ok(()),
        }
    }

    /// Ends every process, gently where it listens.
    pub(super) fn stop_all(&mut self) {
        for place in &mut self.router.seats {
            place.restart = None;
            if let Some(process) = &mut place.process {
                match place.paused || process.outgoing.len() > 0 {
                    true => process.kill(),
                    false => process.stdin = None,
                }
            }
        }
        let begun = std::time::Instant::now();
        while self.router.seats.iter().any(|seat| seat.process.is_some()) {
            let last = begun.elapsed() >= GRACE;
            for seat in 0..self.router.seats.len() {
                self.see_off(seat, last);
            }
            if !last {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Takes leave of one process if it has ended, or ends it. What fails now fails for nobody.
    fn see_off(&mut self, seat: usize, at_once: bool) {
        let now = self.now();
        let Some(process) = &mut self.router.seats[seat].process else { return };
        // What it still says to others comes too late, but it must not block on it.
        while let Ok(Reading::Some) = process.incoming.read(&process.stdout) {
            while process.incoming.line().is_some() {}
        }
        let ended = at_once || process.has_ended();
        if ended {
            let _ = process.reap();
        }
        while let Ok(Reading::Some) = self.router.overhear(now, seat) {}
        if ended {
            self.router.seats[seat].process = None;
        }
    }
}

/// The fault that limits a process, if one does.
fn limit_of(trouble: &Trouble) -> Option<u32> {
    trouble.memory.or(trouble.descriptors).map(|(fault, _)| fault)
}

/// How a process ended that was not asked to.
fn in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => {
            let name = Signal::try_from(signal).map_or("an unknown signal", Signal::as_str);
            format!("was ended by signal {signal} ({name})")
        }
        (None, None) => status.to_string(),
    }
}
