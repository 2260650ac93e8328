//! Several registers, read and written together.
//!
//! Histories often leave out what registers held at first. Unless it is said, it is nil; or what
//! their reads found, if all of those that found what nobody had tried to write found the same. A
//! single one proves nothing: it may as well be what is wrong with the history.

use super::{NIL, Symbols};
use crate::linearizability::fast::{self, Passage, Shortcut, Witness};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Keys, NEVER, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::{OpEvent, Outcome, Value};
use smallvec::SmallVec;

/// One part of an operation: a key, and what was done to it. Both are numbered by [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The register of this key held that.
    Read(u32, u32),
    /// The register of this key was given that.
    Write(u32, u32),
}

/// What can be done to registers: parts that happen at once, seeing those before them.
pub type MultiOp = Vec<Part>;

/// Several registers.
#[derive(Clone, Debug, Default)]
pub struct MultiRegister {
    /// The keys and values of the history.
    pub symbols: Symbols,
    /// What every register holds at first.
    pub initial: u32,
    /// Whether somebody said so.
    told: bool,
}

/// A part as it stands in a history.
struct Access<'a> {
    write: bool,
    key: &'a Value,
    value: &'a Value,
}

/// The parts of a call: what it returned, or what it tried.
fn accesses<'a>(call: &RawCall<'a>) -> Result<Vec<Access<'a>>, Mismatch> {
    const SHAPE: &str = "a list of [read key value] and [write key value]";
    let value = call.output().filter(|v| !v.is_nil()).unwrap_or(call.input());
    accesses_in(call.f(), value).ok_or_else(|| Mismatch::input(call, SHAPE))
}

/// The parts of a function and its value, if they have the right shape.
fn accesses_in<'a>(f: &str, value: &'a Value) -> Option<Vec<Access<'a>>> {
    // Jepsen's oldest shape: `read` and `write` of a map from keys to values.
    if let ("read" | "write", Value::Map(entries)) = (f, value) {
        let write = f == "write";
        return Some(entries.iter().map(|(key, value)| Access { write, key, value }).collect());
    }
    let access = |part: &'a Value| {
        let [f, key, value] = part.as_list()? else { return None };
        let write = match f.as_str()? {
            "read" | "r" => false,
            "write" | "w" => true,
            _ => return None,
        };
        Some(Access { write, key, value })
    };
    value.as_list()?.iter().map(access).collect()
}

impl MultiRegister {
    /// Registers over these values that hold this one at first.
    pub fn new(symbols: Symbols, initial: u32) -> MultiRegister {
        MultiRegister { symbols, initial, told: true }
    }

    /// Whether this value may have been in every register at first, for all that was said.
    pub(crate) fn may_begin_with(&self, value: u32) -> bool {
        value == self.initial || !self.told
    }

    /// The registers that an operation is about which has been translated.
    pub(crate) fn keys_of(&self, asked: &OpEvent) -> SmallVec<[u32; 4]> {
        let accesses = accesses_in(&asked.f, &asked.value).unwrap_or_default();
        let mut keys: SmallVec<[u32; 4]> =
            accesses.iter().filter_map(|access| self.symbols.known(access.key)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn get(&self, state: &[(u32, u32)], key: u32) -> u32 {
        match state.binary_search_by_key(&key, |(k, _)| *k) {
            Ok(at) => state[at].1,
            Err(_) => self.initial,
        }
    }

    fn pair(&self, key: u32, value: u32) -> String {
        format!("{} = {}", self.symbols.value(key), self.symbols.value(value))
    }
}

/// What was done to one register.
struct Own {
    key: u32,
    calls: Vec<Call<Passage>>,
    /// For each, the call it is a part of.
    origin: Vec<u32>,
    /// How many ends of operations there are.
    ends: u32,
}

/// What was done to each register, at positions of its own. `None` if one operation contradicts
/// itself.
fn by_register(calls: &[Call<MultiOp>]) -> Option<Vec<Own>> {
    let ends = calls.iter().flat_map(|call| [call.called, call.returned]);
    let last = ends.filter(|position| *position != NEVER).max()?;
    // Twice the number of the call, and one more where it returned.
    let mut events = vec![u32::MAX; last as usize + 1];
    for (i, call) in (0u32..).zip(calls) {
        events[call.called as usize] = 2 * i;
        if !call.optional() {
            events[call.returned as usize] = 2 * i + 1;
        }
    }
    let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
    let mut histories: Vec<Own> = Vec::new();
    // For each call under way, its place in the histories of its registers.
    let mut places: Vec<SmallVec<[(u32, u32); 2]>> = vec![SmallVec::new(); calls.len()];
    for event in events.into_iter().filter(|event| *event != u32::MAX) {
        let i = event as usize / 2;
        if event % 2 == 1 {
            for (number, place) in places[i].drain(..) {
                let Own { calls, ends, .. } = &mut histories[number as usize];
                calls[place as usize].returned = *ends;
                *ends += 1;
            }
            continue;
        }
        for (key, passage) in passages(&calls[i].op)? {
            let number = *numbers.entry(key).or_insert_with(|| {
                histories.push(Own { key, calls: Vec::new(), origin: Vec::new(), ends: 0 });
                histories.len() - 1
            });
            let Own { calls, origin, ends, .. } = &mut histories[number];
            places[i].push((number as u32, calls.len() as u32));
            calls.push(Call { op: passage, called: *ends, returned: NEVER, object: 0 });
            origin.push(i as u32);
            *ends += 1;
        }
    }
    Some(histories)
}

/// What an operation found and left in each of its registers.
fn passages(op: &MultiOp) -> Option<SmallVec<[(u32, Passage); 2]>> {
    let mut passages: SmallVec<[(u32, Passage); 2]> = SmallVec::new();
    for part in op {
        let (Part::Read(key, value) | Part::Write(key, value)) = *part;
        let at = match passages.iter().position(|(own, _)| *own == key) {
            Some(at) => at,
            None => {
                passages.push((key, Passage::default()));
                passages.len() - 1
            }
        };
        let passage = &mut passages[at].1;
        if matches!(part, Part::Write(..)) {
            (passage.left, passage.certain) = (Some(value), true);
        } else if passage.left.or(passage.found).is_some_and(|held| held != value) {
            return None;
        } else if passage.left.is_none() {
            passage.found = Some(value);
        }
    }
    Some(passages)
}

/// That a register holds something, as a number.
fn held(key: u32, value: u32) -> u64 {
    u64::from(key) << 32 | u64::from(value)
}

impl Spec for MultiRegister {
    type Op = MultiOp;
    /// What was written, by key in ascending order.
    type State = Vec<(u32, u32)>;

    fn init(&self) -> Vec<Self::State> {
        vec![Vec::new()]
    }

    fn step(&self, state: &Self::State, op: &MultiOp, _: &Deadline) -> Step<Self::State> {
        let mut next = state.clone();
        for part in op {
            match *part {
                Part::Read(key, value) => {
                    if self.get(&next, key) != value {
                        return Step::Reject;
                    }
                }
                Part::Write(key, value) => match next.binary_search_by_key(&key, |(k, _)| *k) {
                    Ok(at) => next[at].1 = value,
                    Err(at) => next.insert(at, (key, value)),
                },
            }
        }
        Step::To(next)
    }

    fn forget(&self, op: &MultiOp) -> Option<MultiOp> {
        let writes: MultiOp = op.iter().copied().filter(|p| matches!(p, Part::Write(..))).collect();
        (!writes.is_empty()).then_some(writes)
    }

    fn keys(&self, op: &MultiOp) -> Keys {
        let key = |part: &Part| match part {
            Part::Read(key, _) | Part::Write(key, _) => u64::from(*key),
        };
        Keys::Some(op.iter().map(key).collect())
    }

    fn shortcut(&self, calls: &[Call<MultiOp>], _: bool) -> Option<Shortcut<MultiOp>> {
        let histories = by_register(calls)?;
        histories.into_iter().find_map(|Own { key, calls, origin, .. }| {
            let put = |value| Passage { found: None, left: Some(value), certain: true };
            let Shortcut::Violation(witness) = fast::stale(&calls, |op| *op, put, self.initial)?
            else {
                return None;
            };
            let own = |(i, passage): (u32, &Passage)| {
                let parts = [
                    passage.found.map(|value| Part::Read(key, value)),
                    passage.left.map(|value| Part::Write(key, value)),
                ];
                (origin[i as usize], parts.into_iter().flatten().collect())
            };
            let all = witness.mandatory.iter().chain(&witness.optional);
            let weaker = |i: u32| witness.weakened.iter().find(|(weakened, _)| *weakened == i);
            let narrow = |i: &u32| match weaker(*i) {
                Some((_, passage)) => own((*i, passage)),
                None => own((*i, &calls[*i as usize].op)),
            };
            let whole = |list: &[u32]| list.iter().map(|i| origin[*i as usize]).collect();
            Some(Shortcut::Violation(Witness {
                weakened: all.map(narrow).collect(),
                mandatory: whole(&witness.mandatory),
                optional: whole(&witness.optional),
            }))
        })
    }

    fn changes(&self, op: &MultiOp) -> Keys {
        let key = |part: &Part| match part {
            Part::Read(..) => None,
            Part::Write(key, _) => Some(u64::from(*key)),
        };
        Keys::Some(op.iter().filter_map(key).collect())
    }

    fn narrow(&self, op: &MultiOp, key: u64) -> Option<MultiOp> {
        let about = |part: &Part| match *part {
            Part::Read(own, _) | Part::Write(own, _) => u64::from(own) == key,
        };
        let parts: MultiOp = op.iter().copied().filter(about).collect();
        (!parts.is_empty()).then_some(parts)
    }

    fn tells_needs(&self) -> bool {
        true
    }

    /// A write to a register of what it held for a read.
    fn needs(&self, state: &Self::State, op: &MultiOp) -> SmallVec<[u64; 2]> {
        let mut needs = SmallVec::new();
        for (at, part) in op.iter().enumerate() {
            if let Part::Read(key, value) = *part
                && !op[..at].iter().any(|part| matches!(part, Part::Write(own, _) if *own == key))
                && self.get(state, key) != value
            {
                needs.push(held(key, value));
            }
        }
        needs
    }

    fn brings(&self, op: &MultiOp) -> SmallVec<[u64; 2]> {
        let last = |(at, part): (usize, &Part)| match *part {
            Part::Write(key, value) => {
                let own = |part: &Part| matches!(part, Part::Write(own, _) if *own == key);
                (!op[at + 1..].iter().any(own)).then_some(held(key, value))
            }
            Part::Read(..) => None,
        };
        op.iter().enumerate().filter_map(last).collect()
    }

    fn pure(&self, op: &MultiOp) -> bool {
        op.iter().all(|part| matches!(part, Part::Read(..)))
    }

    fn total(&self, op: &MultiOp) -> bool {
        op.iter().all(|part| matches!(part, Part::Write(..)))
    }

    fn state_bytes(&self, state: &Self::State) -> usize {
        size_of::<Self::State>() + state.capacity() * size_of::<(u32, u32)>()
    }

    fn describe(&self, op: &MultiOp) -> String {
        let reads = op.iter().all(|part| matches!(part, Part::Read(..)));
        let writes = op.iter().all(|part| matches!(part, Part::Write(..)));
        let part = |part: &Part| match *part {
            Part::Read(key, value) if reads => self.pair(key, value),
            Part::Write(key, value) if writes => self.pair(key, value),
            Part::Read(key, value) => format!("read {}", self.pair(key, value)),
            Part::Write(key, value) => format!("wrote {}", self.pair(key, value)),
        };
        let parts = op.iter().map(part).collect::<Vec<_>>().join(", ");
        match (reads, writes) {
            (true, _) => format!("read returned {parts}"),
            (_, true) => format!("write of {parts}"),
            _ => format!("transaction {parts}"),
        }
    }

    fn describe_state(&self, state: &Self::State) -> String {
        let parts: Vec<String> = state.iter().map(|(k, v)| self.pair(*k, *v)).collect();
        if parts.is_empty() { "nothing written".into() } else { parts.join(", ") }
    }

    fn why_not(&self, state: &Self::State, op: &MultiOp) -> String {
        let mut own: Vec<u32> = Vec::new();
        for part in op {
            match *part {
                Part::Read(key, value) => {
                    let held = self.get(state, key);
                    if held != value && !own.contains(&key) {
                        let (key, held) = (self.symbols.value(key), self.symbols.value(held));
                        return format!("{key} was {held}");
                    }
                }
                Part::Write(key, _) => own.push(key),
            }
        }
        "it contradicts itself".into()
    }
}

impl Translate for MultiRegister {
    const MODEL: Model = Model::MultiRegister;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        let mut symbols = Symbols::default();
        let initial = kind.initial.as_ref().map_or(NIL, |value| symbols.number(value));
        Ok(MultiRegister { symbols, initial, told: kind.initial.is_some() })
    }

    fn survey(&mut self, calls: &[RawCall<'_>]) -> Option<String> {
        if self.told {
            return None;
        }
        let mut tried: FxHashMap<(&Value, &Value), u32> = FxHashMap::default();
        for call in calls {
            // What is malformed is told of when it is translated.
            for part in accesses(call).ok()?.iter().filter(|part| part.write) {
                tried.entry((part.key, part.value)).or_insert(call.called);
            }
        }
        let mut found: Option<&Value> = None;
        let mut witnesses = FxHashSet::default();
        for call in calls.iter().filter(|call| call.outcome() == Outcome::Ok) {
            for part in accesses(call).ok()?.iter().filter(|part| !part.write) {
                let nobody = |called: &u32| *called > call.returned;
                if tried.get(&(part.key, part.value)).is_none_or(nobody) {
                    if found.get_or_insert(part.value) != &part.value {
                        return None;
                    }
                    witnesses.insert((call.called, part.key));
                }
            }
        }
        let found = found.filter(|value| !value.is_nil() && witnesses.len() > 1)?;
        self.initial = self.symbols.number(found);
        Some(format!(
            "every register is taken to have held {found} at first, as reads found it before \
             anyone wrote it"
        ))
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<MultiOp>, Mismatch> {
        if call.outcome() == Outcome::Fail {
            return Ok(None);
        }
        let ok = call.outcome() == Outcome::Ok;
        let mut op = MultiOp::new();
        for Access { write, key, value } in accesses(call)? {
            let key = self.symbols.number(key);
            if write || ok {
                let value = self.symbols.number(value);
                op.push(if write { Part::Write(key, value) } else { Part::Read(key, value) });
            }
        }
        Ok((!op.is_empty()).then_some(op))
    }
}
