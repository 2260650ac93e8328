//! Registers: what a read may return.
//!
//! Operations: `write` (argument: the value) and `read` (result: the value), per key. Written values
//! are unique per key; the initial value is nil. A write without an acknowledgement may take
//! effect at any time after its invocation, or never; one that failed never does.
//!
//! * **safe** (one writer): a read that overlaps no write returns the value last written. One that
//!   does may return anything at all. Antecedent: a read that overlaps no write. Stress: a read that
//!   does, for such a read may leave the register in disorder.
//! * **regular**: a read returns the last value written before it, or one being written while it
//!   reads. With several writers: never the value of a write that was overwritten, by one that
//!   began after it ended, before the read began. Antecedent: a read. Stress: it overlaps a write.
//! * **atomic**: regular, and the values appear in one order: if one read returns a value and a later
//!   read another, no earlier read had returned the latter's successor (no new/old inversion).
//!   Antecedent and stress as for regular.
//!
//! Regular takes one sweep over the history: a read must not return a write that ended before the
//! latest beginning of any write that ended before the read began. Atomic uses the zones of Gibbons
//! and Korach. The operations on a value (its write and its reads) form a cluster, with `f` the
//! earliest end and `s` the latest beginning in it. If `f < s`, no instant is common to all, and
//! the value must be current all the time from `f` to `s`. Two values conflict exactly if
//! `f1 < s2` and `f2 < s1`: each then has an operation wholly before one of the other. Without conflict the
//! history is atomic; sorting the zones finds one in O(n log n).

use super::operations::{Op, operations};
use super::run::{Breaches, Run, name};
use super::zones::{Cluster, Conflict, Initial, conflict};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Outcome, Value};

/// How much is asked of the reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Semantics {
    Safe,
    Regular,
    Atomic,
}

/// Judges safe semantics.
pub(super) fn safe(run: &Run<'_>) -> Finding {
    judge(run, Semantics::Safe)
}

/// Judges regular semantics.
pub(super) fn regular(run: &Run<'_>) -> Finding {
    judge(run, Semantics::Regular)
}

/// Judges atomic semantics.
pub(super) fn atomic(run: &Run<'_>) -> Finding {
    judge(run, Semantics::Atomic)
}

/// What becomes of one register.
#[derive(Default)]
struct Register<'h> {
    /// The writes, and the pair of (latest beginning, that write) among those that have ended.
    clusters: Vec<Cluster<'h>>,
    overwritten: Option<(u64, u32)>,
    /// Writes begun so far, and those not yet ended.
    begun: u64,
    open: u64,
    /// The operations on the initial value.
    initial: Initial<'h>,
}

/// What a read saw of its register when it began.
#[derive(Clone, Copy, Default)]
struct Before {
    overwritten: Option<(u64, u32)>,
    begun: u64,
    open: u64,
}

fn judge(run: &Run<'_>, semantics: Semantics) -> Finding {
    let ops = operations(run.history);
    let mut keys: FxHashMap<&Value, u32> = FxHashMap::default();
    let mut values: FxHashMap<(u32, &Value), u32> = FxHashMap::default();
    let mut registers: Vec<Register<'_>> = Vec::new();
    let mut place: Vec<(u32, u32)> = vec![(u32::MAX, u32::MAX); ops.len()];
    for (i, op) in ops.iter().enumerate() {
        let key = match op.key {
            Some(key) => *keys.entry(key).or_insert(registers.len() as u32),
            None => *keys.entry(&Value::Nil).or_insert(registers.len() as u32),
        };
        if key as usize == registers.len() {
            registers.push(Register::default());
        }
        place[i].0 = key;
        match op.f {
            "write" => {
                let clusters = &mut registers[key as usize].clusters;
                let number = clusters.len() as u32;
                if values.insert((key, op.input), number).is_some() {
                    let text = format!("{} was written twice: not judged by values", op.input);
                    return run.unknown(text);
                }
                clusters.push(Cluster::new(op));
                place[i].1 = number;
            }
            "read" => {}
            _ if op.outcome == Outcome::Fail => {}
            other => {
                return run.unknown(format!("only reads and writes are judged, not `{other}`"));
            }
        }
    }
    let mut sweep = Sweep {
        run,
        semantics,
        values: &values,
        registers,
        antecedents: 0,
        stress: 0,
        breaches: Breaches::default(),
    };
    // The ends of operations between their beginnings, in the order of the history.
    let mut ends: Vec<(u64, u32)> =
        (0u32..).zip(&ops).filter(|(_, o)| o.end != u64::MAX).map(|(i, o)| (o.end, i)).collect();
    ends.sort_unstable();
    let mut before = vec![Before::default(); ops.len()];
    let mut ends = ends.into_iter().peekable();
    for (i, op) in ops.iter().enumerate() {
        while let Some((_, j)) = ends.next_if(|&(end, _)| end < op.invoked) {
            sweep.end(&ops[j as usize], place[j as usize], before[j as usize]);
        }
        before[i] = sweep.begin(op, place[i].0);
    }
    for (_, j) in ends {
        sweep.end(&ops[j as usize], place[j as usize], before[j as usize]);
    }
    sweep.conclude()
}

struct Sweep<'h> {
    run: &'h Run<'h>,
    semantics: Semantics,
    values: &'h FxHashMap<(u32, &'h Value), u32>,
    registers: Vec<Register<'h>>,
    antecedents: u64,
    stress: u64,
    breaches: Breaches,
}

impl<'h> Sweep<'h> {
    fn begin(&mut self, op: &'h Op<'h>, key: u32) -> Before {
        let register = &mut self.registers[key as usize];
        if op.f == "write" {
            register.begun += 1;
            register.open += 1;
        }
        let &mut Register { overwritten, begun, open, .. } = register;
        Before { overwritten, begun, open }
    }

    fn end(&mut self, op: &'h Op<'h>, (key, number): (u32, u32), before: Before) {
        let register = &mut self.registers[key as usize];
        match (op.f, op.outcome) {
            ("write", Outcome::Ok) => {
                register.open -= 1;
                register.overwritten = register.overwritten.max(Some((op.invoked, number)));
            }
            ("write", Outcome::Fail) => register.open -= 1,
            ("read", Outcome::Ok) => {
                let overlaps = before.open > 0 || register.begun > before.begun;
                self.read(op, key, before, overlaps);
            }
            _ => {}
        }
    }

    /// Judges one read, at its end.
    fn read(&mut self, read: &'h Op<'h>, key: u32, before: Before, overlaps: bool) {
        self.stress += u64::from(overlaps);
        let register = &mut self.registers[key as usize];
        let written = self.values.get(&(key, read.output)).copied();
        if self.semantics == Semantics::Safe {
            if overlaps {
                return;
            }
            self.antecedents += 1;
            let right = match written.map(|w| register.clusters[w as usize].write) {
                Some(write) => {
                    let overwritten =
                        before.overwritten.is_some_and(|(began, _)| began > write.end);
                    write.outcome == Outcome::Ok && write.end < read.invoked && !overwritten
                }
                None => read.output.is_nil() && before.overwritten.is_none(),
            };
            if !right {
                let last = before.overwritten.map(|(_, l)| register.clusters[l as usize].write);
                self.breaches.add(|| not_the_last(self.run, read, last));
            }
            return;
        }
        self.antecedents += 1;
        let Some(written) = written else {
            if !read.output.is_nil() {
                self.breaches.add(|| never_written(self.run, read));
            } else if let Some((_, by)) = before.overwritten {
                let by = register.clusters[by as usize].write;
                self.breaches.add(|| stale(self.run, read, None, by));
            }
            register.initial.add(read);
            return;
        };
        let cluster = &mut register.clusters[written as usize];
        let write = cluster.write;
        if write.outcome == Outcome::Fail || write.invoked > read.end {
            self.breaches.add(|| not_in_effect(self.run, read, write));
            return;
        }
        cluster.add(read);
        if let Some((began, by)) = before.overwritten.filter(|&(began, _)| began > write.end) {
            debug_assert!(began < read.invoked);
            let by = register.clusters[by as usize].write;
            self.breaches.add(|| stale(self.run, read, Some(write), by));
        }
    }

    fn conclude(mut self) -> Finding {
        if self.semantics == Semantics::Atomic && self.breaches.is_empty() {
            for register in &self.registers {
                if let Some(conflict) = conflict(&register.initial, &register.clusters) {
                    self.breaches.add(|| inversion(self.run, &conflict));
                }
            }
        }
        let stressor = match self.semantics {
            Semantics::Safe => "reads that overlap a write",
            _ => "overlapping a write",
        };
        // A safe register is stressed by other reads than those it promises anything to.
        let stress = if self.antecedents == 0 { 0 } else { self.stress };
        self.run.verdict(Status::Violated, self.breaches, self.antecedents, stress, stressor)
    }
}

/// A read in words: `n2 read 7 (3.210 s to 3.250 s)`.
fn told(run: &Run<'_>, op: &Op<'_>) -> String {
    let who = match op.node {
        Some(node) => format!("process {} at {}", op.process, name(node)),
        None => format!("process {}", op.process),
    };
    let (verb, value) = if op.f == "write" { ("wrote", op.input) } else { ("read", op.output) };
    let end = match op.end {
        u64::MAX => "an unknown end".to_string(),
        end => run.at(end).to_string(),
    };
    format!("{who} {verb} {value} ({} to {end})", run.at(op.invoked))
}

fn witness<'h>(ops: impl IntoIterator<Item = &'h Op<'h>>) -> Vec<u64> {
    ops.into_iter().flat_map(|op| [op.invoked, op.end]).collect()
}

fn not_the_last(run: &Run<'_>, read: &Op<'_>, last: Option<&Op<'_>>) -> (String, Vec<u64>) {
    let last_text = match last {
        Some(write) => format!("the last write was: {}", told(run, write)),
        None => "nothing had been written".into(),
    };
    let text = format!("{} while no write was under way; {last_text}", told(run, read));
    (text, witness(last.into_iter().chain([read])))
}

fn never_written(run: &Run<'_>, read: &Op<'_>) -> (String, Vec<u64>) {
    (format!("{}, which was never written", told(run, read)), witness([read]))
}

fn not_in_effect(run: &Run<'_>, read: &Op<'_>, write: &Op<'_>) -> (String, Vec<u64>) {
    let why = if write.outcome == Outcome::Fail {
        "whose write had failed".to_string()
    } else {
        format!("whose write only began at {}", run.at(write.invoked))
    };
    (format!("{}, {why}", told(run, read)), witness([write, read]))
}

fn stale(run: &Run<'_>, read: &Op<'_>, write: Option<&Op<'_>>, by: &Op<'_>) -> (String, Vec<u64>) {
    let text = format!("{}, after {} had overwritten it", told(run, read), told(run, by));
    (text, witness(write.into_iter().chain([by, read])))
}

fn inversion(run: &Run<'_>, conflict: &Conflict<'_>) -> (String, Vec<u64>) {
    let Conflict { first: (a1, b1), second: (b2, a2) } = conflict;
    let order = |op: Option<&Op<'_>>| match op {
        Some(op) => told(run, op),
        None => "the register was nil at first".into(),
    };
    let text = format!(
        "no order of the values fits: {}, before {}; but {}, before {}",
        order(*a1),
        told(run, b1),
        order(Some(b2)),
        told(run, a2),
    );
    (text, witness(a1.iter().copied().chain([*b1, *b2, *a2])))
}
