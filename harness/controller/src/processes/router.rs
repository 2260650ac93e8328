//! Messages: from a node's output, past the fabric, to another node's input.
//!
//! Nothing here ever blocks. What a node does not read at once waits in its queue. When a queue
//! grows long, those who fill it are not listened to until it has shrunk, so that they block on
//! their own output like on any full connection. This back-pressure is given only on behalf of
//! nodes that keep reading: otherwise two nodes that write a lot before they read would wait for
//! each other for ever, and a node that was stopped on purpose would stop all others.
//!
//! A message counts as delivered when it enters its destination's queue: a node that is killed
//! before it has read all of its queue loses the rest, as it would lose what is in its socket.

use super::HostError;
use super::Script;
use super::delayed::{Delayed, Label, Parcel};
use super::letter::{Address, Letter, quote};
use super::pipe::Reading;
use super::seat::Seat;
use super::services::{self, Services};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};
use schism_history::{Fate, Message, Nanos, NodeId, Peer};
use schism_nemesis::network::{Fabric, Holding, LinkRule, Routed, corrupt};
use schism_run::{LastSends, Strike};
use std::io;

/// A queue longer than this makes its fillers wait.
const LONG: usize = 1 << 20;
/// Until it is shorter than this.
const SHORT: usize = LONG / 2;
/// A queue longer than this ends the run.
const FLOOD: usize = 256 << 20;
/// So much delayed traffic ends the run.
const IN_FLIGHT: usize = 1 << 30;

/// What is ready: the second half of an event's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Stdin = 0,
    Stdout = 1,
    Stderr = 2,
    Ended = 3,
}

/// The token of an event at a seat.
pub(super) fn token(seat: usize, generation: u32, part: Part) -> u64 {
    u64::from(generation) << 32 | (seat as u64) << 2 | part as u64
}

/// What a token means, for the current process of a seat.
pub(super) fn meaning(token: u64, seats: &[Seat]) -> Option<(usize, Part)> {
    let part = [Part::Stdin, Part::Stdout, Part::Stderr, Part::Ended][(token & 3) as usize];
    let seat = (token as u32 >> 2) as usize;
    let current = seats.get(seat)?.generation;
    (token >> 32 == u64::from(current)).then_some((seat, part))
}

/// Everything between the nodes.
pub(super) struct Router {
    pub epoll: Epoll,
    pub seats: Vec<Seat>,
    /// Whether the nodes' lines are known to be JSON.
    ours: bool,
    services: Services,
    delayed: Delayed,
    holding: Holding<Parcel>,
    /// How much memory the held messages take.
    held: usize,
    next_id: u64,
    /// Nodes that have something to read.
    listed: Vec<usize>,
    /// A long queue that the node which is being listened to has added to.
    filled: Option<usize>,
    /// How many nodes are not listened to.
    waiting: usize,
    /// A node of whose output the rest waits until the script has had its say.
    pub interrupted: Option<usize>,
}

impl Router {
    pub fn new(seats: Vec<Seat>, ours: bool, seed: u64) -> Result<Router, HostError> {
        let epoll = Epoll::new(nix::sys::epoll::EpollCreateFlags::EPOLL_CLOEXEC)
            .map_err(HostError::system("wait for several things at once"))?;
        Ok(Router {
            epoll,
            seats,
            ours,
            services: Services::new(seed),
            delayed: Delayed::default(),
            holding: Holding::default(),
            held: 0,
            next_id: 0,
            listed: Vec::new(),
            filled: None,
            waiting: 0,
            interrupted: None,
        })
    }

    /// Listens to the output of a node's process.
    pub fn listen(&self, seat: usize) -> nix::Result<()> {
        let Some(process) = &self.seats[seat].process else { return Ok(()) };
        let token = token(seat, self.seats[seat].generation, Part::Stdout);
        self.epoll.add(&process.stdout, EpollEvent::new(EpollFlags::EPOLLIN, token))
    }

    /// Puts a line into a node's queue, if it is running.
    pub fn push(&mut self, now: Nanos, seat: usize, line: &[u8]) -> bool {
        let place = &mut self.seats[seat];
        let Some(process) = place.process.as_mut().filter(|process| process.listens()) else {
            return false;
        };
        if process.outgoing.len() == 0 {
            place.progress = now;
        }
        process.outgoing.push(line);
        if !place.listed {
            place.listed = true;
            self.listed.push(seat);
        }
        true
    }

    /// Reads once from a node and forwards what it wrote.
    pub fn receive<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        script: &mut S,
    ) -> Result<Reading, HostError> {
        self.arrivals(now, script);
        let Some(process) = &mut self.seats[seat].process else { return Ok(Reading::End) };
        let mut incoming = std::mem::take(&mut process.incoming);
        let reading = match incoming.read(&process.stdout) {
            Ok(reading) => reading,
            Err(source) => return Err(HostError::System { what: "read from a node", source }),
        };
        while let Some(line) = incoming.line() {
            self.line(now, seat, line, script);
            if self.interrupted.is_some() {
                break;
            }
        }
        if let Some(process) = &mut self.seats[seat].process {
            process.incoming = incoming;
        }
        if let Some(full) = self.filled.take()
            && full != seat
            && self.seats[full].is_attentive(now)
        {
            self.hold_back(seat, full)?;
        }
        Ok(reading)
    }

    /// Stops listening to a node until another has read.
    fn hold_back(&mut self, seat: usize, full: usize) -> Result<(), HostError> {
        let place = &mut self.seats[seat];
        if let Some(process) = place.process.as_ref().filter(|_| place.waits_for.is_none()) {
            match self.epoll.delete(&process.stdout) {
                // It has ended its output, and is not listened to any more.
                Err(nix::Error::ENOENT) => return Ok(()),
                result => result.map_err(HostError::system("stop listening to a node"))?,
            }
            place.waits_for = Some(full);
            self.waiting += 1;
        }
        Ok(())
    }

    /// Whether some node is not listened to.
    pub fn holds_back(&self) -> bool {
        self.waiting > 0
    }

    /// Listens again to those whose destinations have read.
    pub fn let_go(&mut self, now: Nanos) -> Result<(), HostError> {
        for seat in 0..self.seats.len() {
            if let Some(full) = self.seats[seat].waits_for {
                let full = &self.seats[full];
                if full.backlog() < SHORT || !full.is_attentive(now) {
                    self.forget_wait(seat);
                    self.listen(seat).map_err(HostError::system("listen to a node"))?;
                }
            }
        }
        Ok(())
    }

    /// A node waits for nobody any more.
    pub fn forget_wait(&mut self, seat: usize) {
        if self.seats[seat].waits_for.take().is_some() {
            self.waiting -= 1;
        }
    }

    fn line<S: Script>(&mut self, now: Nanos, seat: usize, line: &[u8], script: &mut S) {
        if line.is_empty() {
            return;
        }
        let letter = match Letter::read(line, self.ours) {
            Ok(letter) => letter,
            Err(why) => return self.garbage(now, seat, &why, line, script),
        };
        if *letter.src != *self.seats[seat].name.as_bytes() {
            let why = format!("a message signed by another node ({})", self.seats[seat].name);
            return self.garbage(now, seat, &why, line, script);
        }
        match letter.address(self.seats.len()) {
            Some(Address::Peer(Peer::Client(client))) => {
                match serde_json::from_slice(letter.body) {
                    Ok(body) => script.reply(now, client, &body),
                    Err(e) => self.garbage(now, seat, &format!("not JSON ({e})"), line, script),
                }
            }
            Some(Address::Peer(dest)) => {
                let src = Peer::Node(NodeId(seat as u16));
                let body_at = letter.body.as_ptr().addr() - line.as_ptr().addr();
                let lost = self.seats[seat].losing.as_mut().is_some_and(|lost| lost.lose(now));
                if lost {
                    let label = self.label(
                        now,
                        (src, dest),
                        &letter.kind,
                        body_at,
                        letter.body.len(),
                        script,
                    );
                    return record(now, &label, Fate::Lost, script);
                }
                self.offer(now, src, dest, &letter.kind, line, body_at, letter.body.len(), script);
                if let Peer::Node(node) = dest
                    && script.sent(now, &letter.kind, NodeId(seat as u16), node)
                {
                    self.interrupted = Some(seat);
                }
            }
            Some(Address::Harness) => {
                if let Err(why) = self.told(now, seat, &letter, script) {
                    self.garbage(now, seat, &why, line, script);
                }
            }
            None => {
                let why = format!(
                    "a message to nobody: there are n0 to n{}, clients c0, c1, …, and {}",
                    self.seats.len() - 1,
                    services::NAMES.join(", ")
                );
                self.garbage(now, seat, &why, line, script);
            }
        }
    }

    /// A node broke the protocol.
    pub fn garbage<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        why: &str,
        line: &[u8],
        script: &mut S,
    ) {
        if std::mem::replace(&mut self.seats[seat].blamed, true) {
            return;
        }
        let what = format!(
            "{why}: {}. Standard output is for messages, one a line; anything else belongs on \
             standard error",
            quote(line)
        );
        script.garbage(now, NodeId(seat as u16), &what);
    }

    /// Asks the fabric what becomes of a message.
    fn offer<S: Script>(
        &mut self,
        now: Nanos,
        src: Peer,
        dest: Peer,
        kind: &str,
        line: &[u8],
        body_at: usize,
        bytes: usize,
        script: &mut S,
    ) {
        let label = self.label(now, (src, dest), kind, body_at, bytes, script);
        self.route(now, label, line, script);
    }

    /// Gives a message its number.
    fn label<S: Script>(
        &mut self,
        now: Nanos,
        (src, dest): (Peer, Peer),
        kind: &str,
        body_at: usize,
        bytes: usize,
        script: &mut S,
    ) -> Label {
        let id = self.next_id;
        self.next_id += 1;
        let kind = script.records_message(id).then(|| match kind {
            "" => "message".into(),
            kind => kind.into(),
        });
        let bytes = bytes as u32;
        Label { id, src, dest, kind, sent: now, body_at, bytes, copy: false }
    }

    /// Loses what a killed node had on its way.
    pub fn lose<S: Script>(
        &mut self,
        now: Nanos,
        node: NodeId,
        (seed, strike): (u64, Strike),
        script: &mut S,
    ) {
        let (src, seat) = (Peer::Node(node), &mut self.seats[usize::from(node.0)]);
        let (life, sent) = ((node, seat.incarnation), self.delayed.sent_by(src));
        let mut lost = LastSends::new(seed, life, strike, seat.heard, sent);
        for parcel in self.delayed.lose(src, &mut lost) {
            record(now, &parcel.label, Fate::Lost, script);
        }
        seat.losing = Some(lost);
    }

    fn route<S: Script>(&mut self, now: Nanos, mut label: Label, line: &[u8], script: &mut S) {
        let decision = script.fabric().route(now, label.src, label.dest, label.bytes);
        let altered;
        let line = match decision.corrupt {
            None => line,
            Some(number) => {
                let mut copy = line.to_vec();
                corrupt(&mut copy[label.body_at..][..label.bytes as usize], number);
                altered = copy;
                &altered
            }
        };
        match decision.routed {
            Routed::Arrives(times) => {
                for at in times {
                    if at <= now {
                        self.deliver(now, &label, line, script);
                    } else {
                        self.delayed.add(at, Parcel { label: label.clone(), line: line.into() });
                    }
                    label.copy = true;
                }
            }
            Routed::Lost => record(now, &label, Fate::Lost, script),
            Routed::Cut => record(now, &label, Fate::Cut, script),
            Routed::Held => {
                let (src, dest) = (label.src, label.dest);
                self.held += line.len();
                self.holding.keep(src, dest, Parcel { label, line: line.into() });
            }
        }
    }

    fn deliver<S: Script>(&mut self, now: Nanos, label: &Label, line: &[u8], script: &mut S) {
        let arrived = match label.dest {
            Peer::Node(NodeId(node)) => {
                let seat = usize::from(node);
                let pushed = self.push(now, seat, line);
                if pushed && self.seats[seat].backlog() > LONG {
                    self.filled = Some(seat);
                }
                pushed
            }
            _ => true,
        };
        let fate = match (arrived, label.copy) {
            (false, _) => Fate::Dead,
            (true, false) => Fate::Delivered,
            (true, true) => Fate::Duplicated,
        };
        if let (true, Peer::Node(NodeId(src))) = (arrived, label.src) {
            let seat = &mut self.seats[usize::from(src)];
            seat.heard = seat.heard.max(label.sent);
        }
        record(now, label, fate, script);
        if let (Peer::Service(service), Peer::Node(NodeId(client))) = (label.dest, label.src) {
            let body = &line[label.body_at..][..label.bytes as usize];
            // A corrupted request may be anything, and is not answered then.
            let Ok(request) = serde_json::from_slice(body) else { return };
            let client = &self.seats[usize::from(client)].name;
            let answer = self.services.answer(service, client, &request);
            let (line, bytes) = services::line(service, client, &answer);
            let kind = answer["type"].as_str().unwrap_or_default();
            let body_at = line.len() - 1 - bytes;
            let (src, dest) = (label.dest, label.src);
            self.offer(now, src, dest, kind, &line, body_at, bytes, script);
        }
    }

    /// When the next delayed message arrives.
    pub fn next_arrival(&self) -> Option<Nanos> {
        self.delayed.next()
    }

    /// Hands over the delayed messages that have arrived by now.
    pub fn arrivals<S: Script>(&mut self, now: Nanos, script: &mut S) {
        while let Some(parcel) = self.delayed.pop(now) {
            self.deliver(now, &parcel.label, &parcel.line, script);
        }
        // Nobody is being listened to, so nobody has to wait.
        self.filled = None;
    }

    /// Offers again what links held that are not frozen any more.
    pub fn thaw<S: Script>(&mut self, now: Nanos, script: &mut S) {
        for (_, _, parcel) in self.holding.thawed(script.fabric()) {
            self.held -= parcel.line.len();
            self.route(now, parcel.label, &parcel.line, script);
        }
    }

    /// Writes to every node that has something to read, as much as its pipe takes.
    pub fn flush(&mut self, now: Nanos) -> Result<(), HostError> {
        let mut listed = std::mem::take(&mut self.listed);
        listed.retain(|&seat| {
            let place = &mut self.seats[seat];
            let left = place.process.as_mut().is_some_and(|process| {
                if let Some(stdin) = process.stdin.as_ref().filter(|_| process.writable) {
                    match process.outgoing.write(stdin) {
                        Ok(written) if written > 0 => place.progress = now,
                        Ok(_) => {}
                        Err(_) => {
                            // It has closed its input: it hears nothing any more.
                            process.stdin = None;
                            process.outgoing.clear();
                        }
                    }
                    process.writable = process.outgoing.len() == 0;
                }
                process.outgoing.len() > 0
            });
            place.listed = left;
            left
        });
        self.listed = listed;
        for &seat in &self.listed {
            let bytes = self.seats[seat].backlog();
            if bytes > FLOOD {
                return Err(HostError::Flooded { node: NodeId(seat as u16), bytes });
            }
        }
        match self.delayed.bytes() + self.held {
            bytes if bytes > IN_FLIGHT => Err(HostError::TooMuchInFlight { bytes }),
            _ => Ok(()),
        }
    }

    /// Reports every message that is still on its way when the run ends.
    pub fn report_in_flight<S: Script>(&mut self, now: Nanos, script: &mut S) {
        while let Some(parcel) = self.delayed.pop(Nanos::MAX) {
            record(now, &parcel.label, Fate::InFlight, script);
        }
        // No link of a fabric without nodes is frozen.
        let thawed = Fabric::new(0, 0, LinkRule::default());
        for (_, _, parcel) in self.holding.thawed(&thawed) {
            record(now, &parcel.label, Fate::InFlight, script);
        }
    }

    /// Takes what a node says on its standard error.
    pub fn overhear(&mut self, now: Nanos, seat: usize) -> io::Result<Reading> {
        let place = &mut self.seats[seat];
        let Some(process) = &place.process else { return Ok(Reading::End) };
        let mut bytes = [0; 16 * 1024];
        match io::Read::read(&mut &process.stderr, &mut bytes) {
            Ok(0) => Ok(Reading::End),
            Ok(read) => place.log.take(now, &bytes[..read]).map(|()| Reading::Some),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Reading::Some),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(Reading::Nothing),
            Err(e) => Err(e),
        }
    }
}

fn record<S: Script>(now: Nanos, label: &Label, fate: Fate, script: &mut S) {
    match &label.kind {
        Some(kind) => script.message(
            now,
            Message {
                id: label.id,
                src: label.src,
                dest: label.dest,
                kind: kind.clone(),
                sent: label.sent,
                bytes: label.bytes,
                fate,
            },
        ),
        None => script.count_message(now, label.bytes),
    }
}
