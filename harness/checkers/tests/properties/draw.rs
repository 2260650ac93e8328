//! Random histories: small and lawless, to compare checks with the oracles.

use crate::support::{Rng, Tape};
use schism_history::{Entry, Fate, NodeChange, OpKind, Phase, Value};

/// What may happen to the nodes of a drawn history.
#[derive(Clone, Copy)]
pub struct Weather {
    pub restarts: bool,
    pub liars: bool,
    pub instances: bool,
}

/// Draws a history in which `event` adds one event at a time, among crashes, phases and messages.
pub fn lawless(
    rng: &mut Rng,
    weather: Weather,
    steps: usize,
    mut event: impl FnMut(&mut Rng, &mut Tape, u16),
) -> Tape {
    let nodes = 2 + rng.node(3);
    let mut tape = Tape::new(nodes);
    let mut incarnation = vec![0; usize::from(nodes)];
    let mut up = vec![true; usize::from(nodes)];
    if weather.liars && rng.chance(50) {
        tape.change(nodes - 1, NodeChange::Byzantine("lie".into()));
    }
    let phases = rng.chance(60);
    let steps = 1 + rng.below(steps);
    for step in 0..steps {
        if phases {
            match step * 8 / steps {
                5 if (step - 1) * 8 / steps < 5 => {
                    tape.phase(Phase::Heal);
                }
                6 if (step - 1) * 8 / steps < 6 => {
                    tape.phase(Phase::Quiesce);
                }
                7 if (step - 1) * 8 / steps < 7 => {
                    tape.phase(Phase::Final);
                }
                _ => {}
            }
        }
        let node = rng.node(nodes);
        let i = usize::from(node);
        match rng.below(20) {
            0 if up[i] => {
                tape.kill(node);
                up[i] = false;
            }
            1 | 2 if !up[i] && weather.restarts => {
                incarnation[i] += 1;
                tape.restart(node, incarnation[i]);
                up[i] = true;
            }
            3 => {
                let dest = rng.node(nodes);
                let fate = [Fate::Delivered, Fate::Duplicated, Fate::Lost][rng.below(3)];
                tape.message(node, dest, 5, fate);
            }
            _ if up[i] => {
                let length = tape.0.records.len();
                event(rng, &mut tape, node);
                if weather.instances && tape.0.records.len() > length && rng.chance(30) {
                    let last = tape.0.records.last_mut().map(|r| &mut r.entry);
                    if let Some(Entry::Event(e)) = last {
                        e.instance = Some(rng.next() % 2);
                    }
                }
            }
            _ => {}
        }
    }
    tape
}

/// Broadcasts of fresh payloads and deliveries, mostly of what was broadcast.
pub fn broadcasts(rng: &mut Rng, weather: Weather) -> Tape {
    let mut next = 0;
    let forgeries = if rng.chance(30) { 10 } else { 0 };
    lawless(rng, weather, 24, |rng, tape, node| {
        if rng.chance(30) {
            next += 1;
            tape.broadcast(node, next);
            return;
        }
        let known: Vec<_> = tape.0.events().filter(|e| e.2.kind == "broadcast").collect();
        if rng.chance(forgeries) {
            let origin = rng.node(tape.0.meta.nodes);
            tape.deliver(node, origin, rng.below(6) as i64);
        } else if let Some(&(_, _, sent)) = rng.pick(&known) {
            let mut event = sent.clone();
            event.peer = Some(event.node);
            event.node = schism_history::NodeId(node);
            event.kind = "deliver".into();
            tape.push(Entry::Event(event));
        }
    })
}

/// Sends of fresh payloads and deliveries, mostly of what was sent.
pub fn sends(rng: &mut Rng, weather: Weather) -> Tape {
    let mut next = 0;
    let forgeries = if rng.chance(30) { 10 } else { 0 };
    lawless(rng, weather, 24, |rng, tape, node| {
        let nodes = tape.0.meta.nodes;
        if rng.chance(40) {
            next += 1;
            tape.send(node, rng.node(nodes), next);
            return;
        }
        let here: Vec<_> = tape
            .0
            .events()
            .filter(|e| e.2.kind == "send" && e.2.peer.is_some_and(|p| p.0 == node))
            .collect();
        if rng.chance(forgeries) {
            tape.deliver(node, rng.node(nodes), rng.below(6) as i64);
        } else if let Some(&(_, _, sent)) = rng.pick(&here) {
            let mut event = sent.clone();
            event.peer = Some(event.node);
            event.node = schism_history::NodeId(node);
            event.kind = "deliver".into();
            tape.push(Entry::Event(event));
        }
    })
}

/// Proposals and decisions of few values.
pub fn consensus(rng: &mut Rng, weather: Weather) -> Tape {
    let values = 1 + rng.below(3);
    lawless(rng, weather, 16, |rng, tape, node| {
        let value = rng.below(values) as i64;
        if rng.chance(60) {
            tape.propose(node, value);
        } else if rng.chance(95) {
            tape.decide(node, value);
        } else {
            tape.event(node, "decide", None, None, Value::Nil);
        }
    })
}

/// Suspicions and trust.
pub fn detection(rng: &mut Rng, weather: Weather) -> Tape {
    lawless(rng, weather, 20, |rng, tape, node| {
        let peer = rng.node(tape.0.meta.nodes);
        match rng.below(8) {
            0..=2 => tape.about(node, "suspect", peer),
            3 | 4 => tape.about(node, "restore", peer),
            5 => tape.numbered(node, "lead", rng.next() % 3, 0),
            _ => tape.about(node, "trust", peer),
        };
    })
}

/// Logs that mostly grow slot by slot.
pub fn logs(rng: &mut Rng, weather: Weather) -> Tape {
    let mut at = [0u64; 8];
    let kinds = ["commit", "apply", "output"];
    let (kind, other) = (kinds[rng.below(3)], kinds[rng.below(3)]);
    lawless(rng, weather, 24, |rng, tape, node| {
        let at = &mut at[usize::from(node)];
        match rng.below(12) {
            0 => {
                tape.numbered(node, "lead", rng.next() % 4, 0);
            }
            1 => {
                tape.numbered(node, "step-down", rng.next() % 4, 0);
            }
            2 => *at = rng.next() % 4,
            n => {
                let value = *at as i64 * 10 + i64::from(rng.chance(5));
                tape.numbered(node, if n == 3 { other } else { kind }, *at, value);
                *at += 1;
            }
        }
    })
}

/// Reads and writes of one register.
pub fn register(rng: &mut Rng, writers: u64, clients: u64, steps: usize) -> Tape {
    let mut tape = Tape::new(3);
    let mut next = 0;
    let mut names: Vec<u64> = (0..clients).collect();
    let mut fresh = clients;
    let mut open: Vec<Option<(&str, i64)>> = vec![None; clients as usize];
    let mut written = 0;
    for _ in 0..steps {
        let c = rng.below(clients as usize);
        let node = c as u16 % 3;
        match open[c].take() {
            None if (c as u64) < writers => {
                next += 1;
                tape.op(names[c], node, OpKind::Invoke, "write", next);
                open[c] = Some(("write", next));
                written = next;
            }
            None => {
                tape.op(names[c], node, OpKind::Invoke, "read", Value::Nil);
                open[c] = Some(("read", 0));
            }
            Some((f, value)) => {
                let kind = match rng.below(12) {
                    0 => OpKind::Info,
                    1 => OpKind::Fail,
                    _ => OpKind::Ok,
                };
                let low = (written - 2).max(0);
                let read = low + rng.below((written - low + 1) as usize) as i64;
                let read = (read > 0).then_some(read);
                if f == "read" {
                    tape.op(names[c], node, kind, f, read);
                } else {
                    tape.op(names[c], node, kind, f, value);
                }
                if kind == OpKind::Info {
                    names[c] = fresh;
                    fresh += 1;
                }
            }
        }
    }
    tape
}

/// Epochs whose timestamps mostly rise, and decisions in them.
pub fn epochs(rng: &mut Rng, weather: Weather) -> Tape {
    let mut epoch = 1;
    let stable = rng.chance(50);
    lawless(rng, weather, 16, |rng, tape, node| {
        epoch += u64::from(rng.chance(if stable { 10 } else { 40 }));
        let at = if rng.chance(90) { epoch } else { rng.next() % 4 };
        let value = i64::from(rng.chance(15));
        if rng.chance(50) {
            let leader = if rng.chance(90) { at % 2 } else { rng.next() % 2 };
            tape.event(node, "start-epoch", Some(leader as u16), Some(at), 0);
        } else if rng.chance(80) {
            tape.numbered(node, "decide", at, value);
        } else {
            tape.propose(node, value);
        }
    })
}

/// Epochs of consensus that are aborted, mostly as they should be.
pub fn aborts(rng: &mut Rng, weather: Weather) -> Tape {
    let errs = if rng.chance(50) { 20 } else { 0 };
    lawless(rng, weather, 16, |rng, tape, node| {
        let epoch = rng.next() % 3;
        let done = |tape: &Tape, kind: &str| {
            tape.0
                .events()
                .any(|e| (e.2.node.0, e.2.kind.as_str(), e.2.number) == (node, kind, Some(epoch)))
        };
        let over = done(tape, "ep-aborted") && !rng.chance(errs);
        if over {
        } else if rng.chance(50) {
            tape.numbered(node, "ep-decide", epoch, 1);
        } else if done(tape, "ep-abort") || rng.chance(errs) {
            tape.numbered(node, "ep-aborted", epoch, 1);
        } else {
            tape.numbered(node, "ep-abort", epoch, 1);
            if !rng.chance(errs) {
                tape.numbered(node, "ep-aborted", epoch, 1);
            }
        }
    })
}

/// Stamped events of a clock that sometimes errs: scalar, or one entry per node.
pub fn stamped(rng: &mut Rng, weather: Weather, vector: bool) -> Tape {
    let (mut next, mut sent) = (0, Vec::<(u16, u64, Vec<i64>)>::new());
    let mut clocks = vec![vec![0i64; 4]; 4];
    let errs = if rng.chance(50) { 15 } else { 0 };
    lawless(rng, weather, 16, |rng, tape, node| {
        let own = usize::from(node);
        let event = |tape: &mut Tape, kind: &str, peer, message, stamp: &[i64]| {
            let (number, value) = if vector {
                (None, Value::List(stamp.iter().map(|&s| Value::Int(s)).collect()))
            } else {
                (Some(stamp.iter().sum::<i64>() as u64), Value::Nil)
            };
            tape.event(node, kind, peer, number, value);
            if let Some(Entry::Event(e)) = tape.0.records.last_mut().map(|r| &mut r.entry) {
                e.instance = message;
            }
        };
        let received = rng.pick(&sent).cloned().filter(|_| rng.chance(40));
        if let Some((_, _, stamp)) = &received
            && !rng.chance(errs)
        {
            if vector {
                clocks[own].iter_mut().zip(stamp).for_each(|(c, s)| *c = *s.max(c));
            } else {
                let (mine, theirs): (i64, i64) = (clocks[own].iter().sum(), stamp.iter().sum());
                clocks[own][own] += (theirs - mine).max(0);
            }
        }
        clocks[own][own] += i64::from(!rng.chance(errs / 3));
        if vector && rng.chance(errs / 3) {
            clocks[own][rng.below(4)] += 1;
        }
        let stamp = clocks[own].clone();
        if let Some((from, message, _)) = received {
            event(tape, "deliver", Some(from), Some(message), &stamp);
        } else if rng.chance(60) {
            next += 1;
            event(tape, "send", None, Some(next), &stamp);
            sent.push((node, next, stamp));
        } else {
            event(tape, "local", None, None, &stamp);
        }
    })
}

/// Numbered broadcasts, delivered with their payload, another, or nil.
pub fn numbered(rng: &mut Rng, weather: Weather) -> Tape {
    let odd = if rng.chance(50) { 10 } else { 0 };
    lawless(rng, weather, 16, |rng, tape, node| {
        let (sender, number) = (rng.node(2), rng.next() % 2);
        let payload = i64::from(sender) * 10 + number as i64;
        if rng.chance(20) {
            tape.numbered(node, "broadcast", number, i64::from(node) * 10 + number as i64);
        } else if rng.chance(odd) {
            tape.event(node, "deliver", Some(sender), Some(number), Value::Nil);
        } else {
            let wrong = i64::from(rng.chance(odd));
            tape.event(node, "deliver", Some(sender), Some(number), payload + wrong);
        }
    })
}
