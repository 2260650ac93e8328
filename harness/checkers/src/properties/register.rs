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

use super::payloads::Payloads;
use super::run::{Breaches, Run, name};
use super::zones::{Conflict, Span, Zone, conflict};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Entry, OpEvent, OpKind, Value, Worker};

/// How much is asked of the reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Semantics {
    Safe,
    Regular,
    Atomic,
}

/// Judges safe semantics.
pub(super) fn safe(run: &Run<'_>) -> Finding {
    Sweep::new(run, Semantics::Safe).judge()
}

/// Judges regular semantics.
pub(super) fn regular(run: &Run<'_>) -> Finding {
    Sweep::new(run, Semantics::Regular).judge()
}

/// Judges atomic semantics.
pub(super) fn atomic(run: &Run<'_>) -> Finding {
    Sweep::new(run, Semantics::Atomic).judge()
}

/// A value: its write and the reads of it.
#[derive(Clone, Copy)]
struct Cluster {
    key: u32,
    /// The write; it ends at `u64::MAX` until it is acknowledged.
    write: Span,
    failed: bool,
    first_end: Span,
    last_begin: Span,
    /// A read of it, if there is any.
    read: Option<Span>,
}

impl Cluster {
    fn add(&mut self, op: Span) {
        if op.end < self.first_end.end {
            self.first_end = op;
        }
        if op.invoked > self.last_begin.invoked {
            self.last_begin = op;
        }
    }
}

/// What has happened to one register so far.
#[derive(Clone, Copy, Default)]
struct Register {
    /// Of the writes that have ended, the one that began last.
    overwritten: Option<Span>,
    /// Writes begun, and those among them that have not ended.
    begun: u64,
    open: u64,
}

/// An operation under way.
#[derive(Clone, Copy)]
enum Open {
    Write {
        number: usize,
        invoked: u64,
    },
    /// With the state of the register when it began.
    Read {
        key: u32,
        invoked: u64,
        before: Register,
    },
    Other,
}

struct Sweep<'r, 'h> {
    run: &'r Run<'h>,
    semantics: Semantics,
    keys: FxHashMap<&'h Value, u32>,
    payloads: Payloads<'h>,
    clusters: Vec<Option<Cluster>>,
    registers: Vec<Register>,
    /// The reads of the initial value that began last, by key.
    initial: Vec<Option<Span>>,
    antecedents: u64,
    stress: u64,
    breaches: Breaches,
}

impl<'r, 'h> Sweep<'r, 'h> {
    fn new(run: &'r Run<'h>, semantics: Semantics) -> Sweep<'r, 'h> {
        Sweep {
            run,
            semantics,
            keys: FxHashMap::default(),
            payloads: Payloads::default(),
            clusters: Vec::new(),
            registers: Vec::new(),
            initial: Vec::new(),
            antecedents: 0,
            stress: 0,
            breaches: Breaches::default(),
        }
    }

    fn judge(mut self) -> Finding {
        let mut open: FxHashMap<Worker, Open> = FxHashMap::default();
        let mut others: u64 = 0;
        for record in &self.run.history.records {
            let Entry::Op(op) = &record.entry else { continue };
            if op.kind == OpKind::Invoke {
                let begun = match self.begin(op, record.index) {
                    Ok(begun) => begun,
                    Err(unfit) => return self.run.unknown(unfit),
                };
                others += u64::from(matches!(begun, Open::Other));
                open.insert(op.process, begun);
                continue;
            }
            let index = record.index;
            match open.remove(&op.process) {
                Some(Open::Write { number, invoked }) => {
                    self.end_write(number, Span { invoked, end: index }, op.kind);
                }
                Some(Open::Read { key, invoked, before }) if op.kind == OpKind::Ok => {
                    self.end_read(key, Span { invoked, end: index }, before, &op.value);
                }
                // What certainly did not happen does not matter, whatever it was.
                Some(Open::Other) if op.kind == OpKind::Fail => others -= 1,
                _ => {}
            }
        }
        if others > 0 {
            return self.run.unknown("only registers with nothing but reads and writes are judged");
        }
        self.conclude()
    }

    fn begin(&mut self, op: &'h OpEvent, invoked: u64) -> Result<Open, String> {
        let next = self.registers.len() as u32;
        let key = *self.keys.entry(op.key.as_ref().unwrap_or(&Value::Nil)).or_insert(next);
        if key == next {
            self.registers.push(Register::default());
            self.initial.push(None);
        }
        let register = &mut self.registers[key as usize];
        match op.f.as_str() {
            "read" => return Ok(Open::Read { key, invoked, before: *register }),
            "write" => {}
            _ => return Ok(Open::Other),
        }
        register.begun += 1;
        register.open += 1;
        let number = self.payloads.number(u64::from(key), &op.value);
        if number >= self.clusters.len() {
            self.clusters.resize(number + 1, None);
        }
        let write = Span { invoked, end: u64::MAX };
        let cluster =
            Cluster { key, write, failed: false, first_end: write, last_begin: write, read: None };
        let twice = self.clusters[number].replace(cluster).is_some();
        if twice || op.value.is_nil() {
            return Err(format!("{} stands for two values: not judged by values", op.value));
        }
        Ok(Open::Write { number, invoked })
    }

    fn end_write(&mut self, number: usize, write: Span, kind: OpKind) {
        let Some(cluster) = &mut self.clusters[number] else { return };
        let register = &mut self.registers[cluster.key as usize];
        match kind {
            OpKind::Ok => {
                cluster.write = write;
                cluster.add(write);
                register.open -= 1;
                register.overwritten = register.overwritten.max(Some(write));
            }
            OpKind::Fail => {
                cluster.failed = true;
                register.open -= 1;
                // Somebody may have read it before anybody knew.
                if let Some(read) = cluster.read.filter(|_| self.semantics != Semantics::Safe) {
                    self.breaches.add(|| failed(self.run, read, write));
                }
            }
            OpKind::Info | OpKind::Invoke => {}
        }
    }

    /// Judges one read, at its end.
    fn end_read(&mut self, key: u32, read: Span, before: Register, value: &'h Value) {
        let run = self.run;
        let register = self.registers[key as usize];
        let overlaps = before.open > 0 || register.begun > before.begun;
        self.stress += u64::from(overlaps);
        if self.semantics == Semantics::Safe && overlaps {
            return;
        }
        self.antecedents += 1;
        if value.is_nil() {
            let initial = &mut self.initial[key as usize];
            *initial = (*initial).max(Some(read));
            if let Some(by) = before.overwritten {
                self.breaches.add(|| stale(run, read, None, by));
            }
            return;
        }
        let number = self.payloads.number(u64::from(key), value);
        if number >= self.clusters.len() {
            self.clusters.resize(number + 1, None);
        }
        let Some(cluster) = &mut self.clusters[number] else {
            self.breaches.add(|| not_written(run, read));
            return;
        };
        let write = cluster.write;
        if cluster.failed {
            self.breaches.add(|| failed(run, read, write));
            return;
        }
        cluster.read.get_or_insert(read);
        cluster.add(read);
        if let Some(by) = before.overwritten.filter(|by| by.invoked > write.end) {
            self.breaches.add(|| stale(run, read, Some(write), by));
        }
    }

    fn conclude(mut self) -> Finding {
        if self.semantics == Semantics::Atomic && self.breaches.is_empty() {
            let mut zones: Vec<Vec<Zone>> = vec![Vec::new(); self.registers.len()];
            for (zones, initial) in zones.iter_mut().zip(&self.initial) {
                zones.extend(initial.map(Zone::initial));
            }
            for cluster in self.clusters.iter().flatten().filter(|c| !c.failed) {
                let zone = Zone::new(cluster.first_end, cluster.last_begin);
                zones[cluster.key as usize].extend(zone);
            }
            for zones in zones {
                if let Some(conflict) = conflict(zones) {
                    self.breaches.add(|| inversion(self.run, &conflict));
                }
            }
        }
        let Sweep { run, breaches, antecedents, .. } = self;
        if self.semantics != Semantics::Safe {
            let stressor = "overlapping a write";
            return run.verdict(Status::Violated, breaches, antecedents, self.stress, stressor);
        }
        // A safe register is stressed by other reads than those it promises anything to.
        let stress = if antecedents == 0 { 0 } else { self.stress };
        let stressor = "beside a read that overlapped a write";
        let mut finding = run.verdict(Status::Violated, breaches, antecedents, stress, stressor);
        if finding.status == Status::Holds {
            finding.explanation =
                format!("{antecedents} reads overlapped no write, beside {stress} that did");
        }
        finding
    }
}

/// The operation event with an index.
fn event<'h>(run: &Run<'h>, index: u64) -> Option<&'h OpEvent> {
    match &run.record(index)?.entry {
        Entry::Op(op) => Some(op),
        _ => None,
    }
}

/// An operation in words: `process 4 at n2 read 7 (3.210 s to 3.250 s)`.
fn told(run: &Run<'_>, op: Span) -> String {
    let Some(begin) = event(run, op.invoked) else { return "an operation".into() };
    let at = begin.node.map_or(String::new(), |n| format!(" at {}", name(usize::from(n.0))));
    let (verb, value) = match event(run, op.end) {
        Some(end) if begin.f == "read" => ("read", &end.value),
        _ => ("wrote", &begin.value),
    };
    let until = match op.end {
        u64::MAX => "an unknown end".to_string(),
        end => run.at(end).to_string(),
    };
    format!("process {}{at} {verb} {value} ({} to {until})", begin.process, run.at(op.invoked))
}

fn witness(ops: impl IntoIterator<Item = Span>) -> Vec<u64> {
    ops.into_iter().flat_map(|op| [op.invoked, op.end]).collect()
}

fn not_written(run: &Run<'_>, read: Span) -> (String, Vec<u64>) {
    let key = |op: &OpEvent| op.key.clone();
    let written = event(run, read.end).and_then(|end| {
        run.history.records.iter().find(|r| match &r.entry {
            Entry::Op(op) => {
                op.kind == OpKind::Invoke
                    && op.f == "write"
                    && op.value == end.value
                    && event(run, read.invoked).map(key) == Some(key(op))
            }
            _ => false,
        })
    });
    let why = match written {
        Some(write) => format!("whose write only began at {}", run.at(write.index)),
        None => "which was never written".into(),
    };
    let write = written.map(|w| Span { invoked: w.index, end: u64::MAX });
    (format!("{}, {why}", told(run, read)), witness(write.into_iter().chain([read])))
}

fn failed(run: &Run<'_>, read: Span, write: Span) -> (String, Vec<u64>) {
    let text = format!("{}, whose write had failed or was to fail", told(run, read));
    (text, witness([write, read]))
}

fn stale(run: &Run<'_>, read: Span, write: Option<Span>, by: Span) -> (String, Vec<u64>) {
    let text = format!("{}, after {} had overwritten it", told(run, read), told(run, by));
    (text, witness(write.into_iter().chain([by, read])))
}

fn inversion(run: &Run<'_>, conflict: &Conflict) -> (String, Vec<u64>) {
    let &Conflict { first: (a1, b1), second: (b2, a2) } = conflict;
    let first = a1.map_or("the register was nil at first".into(), |op| told(run, op));
    let text = format!(
        "no order of the values fits: {first}, before {}; but {}, before {}",
        told(run, b1),
        told(run, b2),
        told(run, a2),
    );
    (text, witness(a1.into_iter().chain([b1, b2, a2])))
}
