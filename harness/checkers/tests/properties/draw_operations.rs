//! Random histories of operations.

use crate::draw::{Weather, lawless};
use crate::support::{Rng, Tape};
use schism_history::{Entry, OpKind, Value};

/// Operations under way: the process as the history calls it, node, function, argument.
type Open = Option<(u64, u16, &'static str, i64)>;

/// Draws operations with some functions, each completed in some way or not at all. Results of reads
/// come from `read`, which is told what was written so far.
fn operations(
    rng: &mut Rng,
    weather: Weather,
    functions: &'static [&'static str],
    read: fn(&mut Rng, i64) -> Value,
) -> Tape {
    let mut open: [Open; 3] = [None; 3];
    let (mut next, mut fresh) = (0, 0);
    let luck = 50 + rng.next() % 50;
    lawless(rng, weather, 36, |rng, tape, node| {
        let slot = &mut open[rng.below(3)];
        let Some((process, node, f, input)) = slot.take() else {
            let f = functions[rng.below(functions.len())];
            let changes = matches!(f, "broadcast" | "write");
            next += i64::from(changes);
            fresh += 1;
            let input = if changes { Value::Int(next) } else { Value::Nil };
            tape.op(fresh, node, OpKind::Invoke, f, input);
            *slot = Some((fresh, node, f, next));
            return;
        };
        let kind = match rng.below(8) {
            _ if rng.chance(luck) => OpKind::Ok,
            0..=3 => OpKind::Info,
            _ => OpKind::Fail,
        };
        let output = match f {
            "read" if kind == OpKind::Ok => read(rng, next),
            "generate" => Value::Int(rng.below(12) as i64),
            _ => Value::Int(input),
        };
        tape.op(process, node, kind, f, output);
    })
}

/// Broadcasts and reads of nearly everything there is.
pub fn set(rng: &mut Rng, weather: Weather) -> Tape {
    operations(rng, weather, &["broadcast", "read", "read"], |rng, next| {
        let complete = rng.chance(70);
        let all = (1..=next).filter(|_| complete || rng.chance(60)).map(Value::Int).collect();
        let mut all: Vec<Value> = all;
        if rng.chance(2) {
            all.push(Value::Int(99));
        }
        Value::List(all)
    })
}

/// Writes and reads of the latest value or the one before.
pub fn kv(rng: &mut Rng, weather: Weather) -> Tape {
    operations(rng, weather, &["write", "read", "read"], |rng, next| {
        Value::Int(next - i64::from(rng.chance(20)))
    })
}

/// Writes that replace some of what is there, and reads of nearly all that is left.
pub fn siblings(rng: &mut Rng, weather: Weather) -> Tape {
    let mut tape = operations(rng, weather, &["write", "read", "read"], |rng, next| {
        let there = |rng: &mut Rng, back: i64| rng.chance(if back < 3 { 70 } else { 8 });
        let values = (1..=next).filter(|value| there(rng, next - value)).map(Value::Int);
        Value::List(values.collect())
    });
    // What a write replaces depends on its value alone, so that both its records say the same.
    let replaces = |value: i64| {
        let older = [1, 2, 3, 4].map(|back| value - back);
        let some = older.into_iter().filter(|&old| old > 0 && (value * 7 + old * 5) % 3 != 0);
        Value::List(std::iter::once(value).chain(some).map(Value::Int).collect())
    };
    for record in &mut tape.0.records {
        if let Entry::Op(op) = &mut record.entry
            && let ("write", Value::Int(value)) = (op.f.as_str(), op.value.clone())
        {
            op.value = replaces(value);
        }
    }
    tape
}

/// Generated ids.
pub fn ids(rng: &mut Rng, weather: Weather) -> Tape {
    operations(rng, weather, &["generate"], |_, _| Value::Nil)
}
