//! The loop that joins a script and its processes.

use super::contain::Spawner;
use super::log::NodeLog;
use super::pipe::Reading;
use super::program::Config;
use super::router::{Part, Router, meaning};
use super::seat::{PATIENCE, Seat};
use super::signals::Interrupts;
use super::{Containment, HostError, Script};
use nix::sys::epoll::{EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Monotonic, clock_gettime};
use schism_history::{Nanos, NodeId};
use schism_run::Command;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

/// Everything a run of processes needs. It plays one script.
pub struct Host {
    pub(super) config: Config,
    pub(super) router: Router,
    pub(super) spawner: Spawner,
    /// When started processes must have answered `init`: time, seat, generation.
    pub(super) deadlines: Vec<(Nanos, usize, u32)>,
    /// Nodes that were sent SIGSTOP and not seen stopped yet: since when, seat, generation.
    pub(super) pausing: Vec<(Nanos, usize, u32)>,
    interrupts: Option<Interrupts>,
    interrupted: u64,
    timer: TimerFd,
    /// When the timer will go off.
    armed: Option<Nanos>,
    clock: Instant,
    /// What the monotonic clock showed when the run began.
    pub(super) origin: u64,
}

/// Events that are not a node's.
const TIMER: u64 = u64::MAX;
const INTERRUPT: u64 = u64::MAX - 1;

/// How often somebody may look at the script.
const GLANCE: Nanos = 100_000_000;
/// How long to wait before looking again whether a node has stopped.
const BLINK: Nanos = 500_000;
/// How often commands can lead to further commands before other things get their turn.
const ROUNDS: usize = 16;

impl Host {
    /// Checks what can be checked before anything starts, and makes the folders of the run.
    pub fn new(config: Config) -> Result<Host, HostError> {
        config.program.check()?;
        let logs = config.folder.join("nodes");
        let create = |path: &std::path::Path| {
            fs::create_dir_all(path).map_err(|source| {
                let path = path.to_owned();
                HostError::File { what: "create", path, source }
            })
        };
        create(&logs)?;
        let disks = config.folder.join("disks");
        create(&disks)?;
        let absolute = |source| HostError::File { what: "find", path: disks.clone(), source };
        let disks = fs::canonicalize(&disks).map_err(absolute)?;
        let mut seats = Vec::new();
        for number in 0..config.nodes {
            let name = NodeId(number).to_string();
            let path = logs.join(format!("{name}.log"));
            let log = NodeLog::create(&path, config.log_cap).map_err(|source| HostError::File {
                what: "create",
                path,
                source,
            })?;
            let disk = disks.join(&name);
            seats.push(Seat::new(name, log, disk));
        }
        let router = Router::new(seats, config.program.is_ours(), config.seed)?;
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK,
        )
        .map_err(HostError::system("make a timer"))?;
        // The edge tells that it went off, and nothing has to be read.
        let edge = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
        let added = router.epoll.add(&timer, EpollEvent::new(edge, TIMER));
        added.map_err(HostError::system("wait for a timer"))?;
        let interrupts = match config.catch_interrupts {
            false => None,
            true => {
                let interrupts = Interrupts::catch();
                let interrupts = interrupts.map_err(HostError::system("catch interrupts"))?;
                let event = EpollEvent::new(EpollFlags::EPOLLIN, INTERRUPT);
                let added = router.epoll.add(&interrupts, event);
                added.map_err(HostError::system("wait for interrupts"))?;
                Some(interrupts)
            }
        };
        let spawner = Spawner::start()
            .map_err(|source| HostError::System { what: "prepare to start nodes", source })?;
        Ok(Host {
            config,
            router,
            spawner,
            deadlines: Vec::new(),
            pausing: Vec::new(),
            interrupts,
            interrupted: 0,
            timer,
            armed: None,
            clock: Instant::now(),
            origin: 0,
        })
    }

    /// What keeps the nodes from outliving us.
    pub fn containment(&self) -> &Containment {
        self.spawner.containment()
    }

    /// Plays a script to its end, and ends every process. About every tenth of a second,
    /// `glance` may look at how it goes.
    pub fn play<S: Script>(
        mut self,
        script: &mut S,
        mut glance: impl FnMut(&mut S, Nanos),
    ) -> Result<(), HostError> {
        self.clock = Instant::now();
        self.origin = machine_time().map_err(HostError::system("read the clock"))?;
        let mut glanced = 0;
        let mut events = vec![EpollEvent::empty(); 256];
        let mut commands = Vec::new();
        script.begin(0);
        loop {
            let now = self.now();
            let more = self.obey(now, script, &mut commands)?;
            if script.finished() {
                break;
            }
            self.hear_out(script, &mut commands)?;
            self.router.arrivals(now, script);
            self.router.flush(now)?;
            if now >= glanced + GLANCE {
                glance(script, now);
                glanced = now;
            }
            let due = self.next_due(now, script).min(glanced + GLANCE);
            let ready = self.wait(now, if more { now } else { due }, &mut events)?;
            for event in &events[..ready] {
                self.handle(event.data(), script)?;
                self.hear_out(script, &mut commands)?;
            }
            let now = self.now();
            if self.router.holds_back() {
                self.router.let_go(now)?;
            }
            if !self.pausing.is_empty() {
                self.look_for_stopped(now, script);
            }
            if self.deadlines.iter().any(|&(deadline, ..)| deadline <= now) {
                self.enforce_deadlines(now, script)?;
            }
            script.step(now);
        }
        self.router.report_in_flight(self.now(), script);
        glance(script, self.now());
        // Dropping ends every process.
        Ok(())
    }

    /// Time since the run began.
    pub(super) fn now(&self) -> Nanos {
        self.clock.elapsed().as_nanos() as Nanos
    }

    /// When something is to be done even if nothing happens.
    fn next_due<S: Script>(&self, now: Nanos, script: &mut S) -> Nanos {
        let waiting = self.router.holds_back().then_some(now + PATIENCE);
        let pausing = (!self.pausing.is_empty()).then_some(now + BLINK);
        let deadline = self.deadlines.iter().map(|&(deadline, ..)| deadline).min();
        let dues = [script.next_due(), self.router.next_arrival(), waiting, pausing, deadline];
        dues.into_iter().flatten().min().unwrap_or(Nanos::MAX)
    }

    /// Waits until something happens or until `due`; says how many events there are.
    fn wait(
        &mut self,
        now: Nanos,
        due: Nanos,
        events: &mut [EpollEvent],
    ) -> Result<usize, HostError> {
        let failed = HostError::system("wait for the nodes");
        let timeout = if due <= now { EpollTimeout::ZERO } else { EpollTimeout::NONE };
        // A timer that goes off too early does no harm, so it is only ever moved forward.
        if due > now && self.armed.is_none_or(|armed| due < armed || armed <= now) {
            let wait = TimeSpec::from_duration(Duration::from_nanos(due - now));
            let once = Expiration::OneShot(wait);
            let set = self.timer.set(once, TimerSetTimeFlags::empty());
            set.map_err(HostError::system("set a timer"))?;
            self.armed = Some(due);
        }
        match self.router.epoll.wait(events, timeout) {
            Ok(ready) => Ok(ready),
            Err(nix::Error::EINTR) => Ok(0),
            Err(e) => Err(failed(e)),
        }
    }

    fn handle<S: Script>(&mut self, token: u64, script: &mut S) -> Result<(), HostError> {
        match token {
            TIMER => self.armed = None,
            INTERRUPT => {
                self.interrupted += self.interrupts.as_ref().map_or(0, Interrupts::count);
                match self.interrupted {
                    0 => {}
                    1 => script.interrupt(self.now()),
                    _ => return Err(HostError::Aborted),
                }
            }
            _ => {
                if let Some((seat, part)) = meaning(token, &self.router.seats) {
                    self.attend(seat, part, script)?;
                }
            }
        }
        Ok(())
    }

    /// Something happened at a node.
    fn attend<S: Script>(
        &mut self,
        seat: usize,
        part: Part,
        script: &mut S,
    ) -> Result<(), HostError> {
        let now = self.now();
        match part {
            Part::Ended => self.ended(now, seat, script),
            Part::Stdin => {
                if let Some(process) = &mut self.router.seats[seat].process {
                    process.writable = true;
                }
                Ok(())
            }
            Part::Stdout => {
                let ended = self.router.receive(now, seat, script)? == Reading::End;
                let place = &self.router.seats[seat];
                if ended && let Some(process) = &place.process {
                    // Its end will be noticed by itself; until then, this would be all the news.
                    self.ignore(&process.stdout)?;
                }
                Ok(())
            }
            Part::Stderr => {
                let path = || self.config.folder.join("nodes");
                let ended = self.router.overhear(now, seat).map_err(|source| HostError::File {
                    what: "write a node's log in",
                    path: path(),
                    source,
                })?;
                match &self.router.seats[seat].process {
                    Some(process) if ended == Reading::End => self.ignore(&process.stderr),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Waits for nothing more from a pipe.
    fn ignore(&self, pipe: &fs::File) -> Result<(), HostError> {
        match self.router.epoll.delete(pipe) {
            Ok(()) | Err(nix::Error::ENOENT) => Ok(()),
            Err(source) => Err(HostError::System {
                what: "stop listening to a node",
                source: io::Error::from(source),
            }),
        }
    }

    /// Lets the script have its say, and then the node that was interrupted for it finish, before
    /// anybody else is listened to.
    fn hear_out<S: Script>(
        &mut self,
        script: &mut S,
        commands: &mut Vec<Command>,
    ) -> Result<(), HostError> {
        while let Some(seat) = self.router.interrupted.take() {
            let now = self.now();
            script.step(now);
            self.obey(now, script, commands)?;
            self.router.receive(now, seat, script)?;
        }
        Ok(())
    }

    /// Carries out what the script wants. Says whether it may want more right away.
    fn obey<S: Script>(
        &mut self,
        now: Nanos,
        script: &mut S,
        commands: &mut Vec<Command>,
    ) -> Result<bool, HostError> {
        for _ in 0..ROUNDS {
            script.commands(commands);
            if commands.is_empty() {
                return Ok(false);
            }
            for command in commands.drain(..) {
                match command {
                    Command::Start { node, incarnation, disk } => {
                        self.start(now, usize::from(node.0), incarnation, disk, script)?;
                    }
                    Command::Kill { node, strike } => self.kill(now, node, strike, script),
                    Command::Pause(node) => self.pause(now, usize::from(node.0)),
                    Command::Resume(node) => self.resume(now, usize::from(node.0)),
                    Command::Clock { fault, node, skew } => {
                        self.set_clock(now, fault, usize::from(node.0), skew, script);
                    }
                    Command::Trouble { node, trouble } => {
                        self.set_trouble(now, usize::from(node.0), trouble, script);
                    }
                    Command::Thaw => self.router.thaw(now, script),
                    Command::Ask { client, node, body } => {
                        let line =
                            format!(r#"{{"src":"c{client}","dest":"{node}","body":{body}}}"#);
                        if !self.router.push(now, usize::from(node.0), line.as_bytes()) {
                            script.undelivered(now, client, node);
                        }
                    }
                }
            }
        }
        Ok(true)
    }
}

/// The clock that nodes read, too, in nanoseconds.
fn machine_time() -> nix::Result<u64> {
    let time = clock_gettime(Monotonic::CLOCK_MONOTONIC)?;
    Ok(Duration::new(time.tv_sec() as u64, time.tv_nsec() as u32).as_nanos() as u64)
}

impl Drop for Host {
    fn drop(&mut self) {
        self.stop_all();
    }
}
