//! What a register may return, by trying every order of its operations.

use schism_history::{History, Operation, Outcome, Value};

/// Whether operation a ended before b began.
fn before(a: &Operation, b: &Operation) -> bool {
    a.outcome != Outcome::Info && a.completed.is_some_and(|end| end < b.invoked)
}

/// Whether a register of one key breaks its promise.
pub fn register(history: &History, property: &str) -> bool {
    let ops = history.operations();
    let writes: Vec<&Operation> =
        ops.iter().filter(|o| o.f == "write" && o.outcome != Outcome::Fail).collect();
    let done: Vec<&Operation> =
        ops.iter().filter(|o| o.f == "write" && o.outcome == Outcome::Ok).collect();
    let reads: Vec<&Operation> =
        ops.iter().filter(|o| o.f == "read" && o.outcome == Outcome::Ok).collect();
    match property {
        "regular" => reads.iter().any(|r| {
            let initial = r.output.is_nil() && !done.iter().any(|w| before(w, r));
            let allowed = |w: &&&Operation| {
                w.input == r.output
                    && !before(r, w)
                    && !done.iter().any(|by| before(w, by) && before(by, r))
            };
            !initial && !writes.iter().any(|w| allowed(&w))
        }),
        "safe" => reads.iter().any(|r| {
            let all = ops.iter().filter(|o| o.f == "write");
            let alone = all.clone().all(|w| before(w, r) || before(r, w) || ended(w, r));
            let last = done.iter().filter(|w| before(w, r)).max_by_key(|w| w.invoked);
            let right = last.map_or(&Value::Nil, |w| &w.input);
            alone && r.output != *right
        }),
        "atomic" => {
            let mut left: Vec<&Operation> = writes.clone();
            left.extend(&reads);
            !linearizable(&left, &Value::Nil)
        }
        other => panic!("no oracle for {other}"),
    }
}

/// Whether a failed write ended before a read began.
fn ended(w: &Operation, r: &Operation) -> bool {
    w.outcome == Outcome::Fail && w.completed.is_some_and(|end| end < r.invoked)
}

/// Whether the operations left can be put in an order that respects time, from `state` on. Writes in
/// doubt may be left out.
fn linearizable(left: &[&Operation], state: &Value) -> bool {
    if left.iter().all(|o| o.outcome == Outcome::Info) {
        return true;
    }
    (0..left.len()).any(|i| {
        let next = left[i];
        if left.iter().any(|o| before(o, next)) {
            return false;
        }
        let mut rest = left.to_vec();
        rest.remove(i);
        if next.f == "write" {
            linearizable(&rest, &next.input)
        } else {
            next.output == *state && linearizable(&rest, state)
        }
    })
}
