//! The definitions of epochs, clocks and lying senders once more, slowly.

use crate::oracle::{Ev, World};
use schism_history::Value;

/// Epochs; `records` is the length of the history.
pub fn epochs(w: &World, property: &str, records: usize) -> bool {
    let starts: Vec<&Ev> = w
        .of("start-epoch")
        .filter(|e| w.honest(e.node) && e.number.is_some() && e.peer.is_some())
        .collect();
    let pairs = |broken: &dyn Fn(&Ev, &Ev) -> bool| {
        starts.iter().any(|a| starts.iter().any(|b| a.instance == b.instance && broken(a, b)))
    };
    match property {
        "epoch monotonicity" => {
            pairs(&|a, b| a.index < b.index && a.same_life(b) && b.number <= a.number)
        }
        "epoch consistency" => pairs(&|a, b| a.number == b.number && a.peer != b.peer),
        "lock-in" => w.of("decide").filter(|a| w.honest(a.node)).any(|a| {
            w.of("decide").filter(|b| w.honest(b.node)).any(|b| {
                a.instance == b.instance
                    && a.number.is_some()
                    && a.number < b.number
                    && a.value != b.value
            })
        }),
        "eventual epoch leadership" => {
            let in_time: Vec<&&Ev> = starts.iter().filter(|e| e.index < w.deadline).collect();
            let end = (records as u64).min(w.deadline);
            let last = |n: usize| {
                let lives = w.restarts.iter().filter(|r| r.0 == n && r.1 < end).count() as u32;
                in_time.iter().rfind(|e| e.node == n && e.life == lives)
            };
            let correct = w.correct_nodes();
            let settled = |n: usize| {
                last(n).is_some_and(|e| e.time <= w.window && e.peer.is_some_and(|p| w.correct(p)))
            };
            let same = |a: usize, b: usize| {
                last(a).map(|e| (e.number, e.peer)) == last(b).map(|e| (e.number, e.peer))
            };
            !in_time.is_empty()
                && correct.iter().any(|&n| !settled(n) || correct.iter().any(|&m| !same(n, m)))
        }
        other => panic!("no oracle for {other}"),
    }
}

/// Epochs that are aborted.
pub fn aborts(w: &World) -> bool {
    let same = |a: &Ev, b: &Ev| a.same_life(b) && (a.instance, a.number) == (b.instance, b.number);
    let of = |kind: &'static str| w.of(kind).filter(|e| w.honest(e.node) && e.number.is_some());
    let unasked_or_again = of("ep-aborted").any(|done| {
        !of("ep-abort").any(|asked| asked.index < done.index && same(asked, done))
            || of("ep-aborted").any(|other| other.index < done.index && same(other, done))
    });
    let late =
        of("ep-decide").any(|d| of("ep-aborted").any(|done| done.index < d.index && same(done, d)));
    let owed = of("ep-abort").filter(|asked| asked.index < w.deadline).any(|asked| {
        let restarts = w.restarts.iter().filter(|r| r.0 == asked.node && r.1 < w.deadline).count();
        w.correct(asked.node)
            && asked.life == restarts as u32
            && !of("ep-aborted").any(|done| same(asked, done))
    });
    unasked_or_again || late || owed
}

/// Logical clocks.
pub fn clocks(w: &World, property: &str) -> bool {
    let events: Vec<&Ev> = w.events.iter().filter(|e| w.honest(e.node)).collect();
    let n = events.len();
    let mut before = vec![vec![false; n]; n];
    for (i, a) in events.iter().enumerate() {
        for (j, b) in events.iter().enumerate() {
            let sent = a.kind == "send"
                && b.kind == "deliver"
                && b.peer == Some(a.node)
                && a.instance == b.instance;
            before[i][j] = i < j && (a.same_life(b) || sent);
        }
    }
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                before[i][j] |= before[i][k] && before[k][j];
            }
        }
    }
    let stamp = |e: &Ev| e.number.map_or(e.value.clone(), |s| Value::Int(s as i64));
    let entries = |e: &Ev| stamp(e).as_list().unwrap_or_default().to_vec();
    let less = |a: &Ev, b: &Ev| {
        entries(a).iter().zip(&entries(b)).all(|(x, y)| x <= y) && entries(a) != entries(b)
    };
    let some = |wrong: &dyn Fn(usize, usize) -> bool| {
        (0..n).any(|i| (0..n).any(|j| i != j && wrong(i, j)))
    };
    match property {
        "lamport clock" | "hybrid clock" => {
            some(&|i, j| before[i][j] && stamp(events[i]) >= stamp(events[j]))
        }
        "vector clock" => some(&|i, j| {
            let concurrent = !before[i][j] && !before[j][i];
            let equal = entries(events[i]) == entries(events[j]);
            (before[i][j] && !less(events[i], events[j]))
                || (concurrent && (equal || less(events[i], events[j])))
        }),
        other => panic!("no oracle for {other}"),
    }
}

/// Broadcasts named by sender, instance and number.
pub fn byzantine(w: &World, property: &str) -> bool {
    let name = |e: &Ev| (e.message().0, e.instance, e.number);
    let correct = w.correct_nodes();
    let delivers =
        |n: usize, b: &Ev| w.in_time("deliver").any(|d| d.node == n && name(d) == name(b));
    let known = |kinds: &[&str]| {
        w.events
            .iter()
            .filter(|e| e.index < w.deadline && w.correct(e.node))
            .filter(|e| kinds.contains(&e.kind.as_str()))
            .any(|e| correct.iter().any(|&n| !delivers(n, e)))
    };
    match property {
        "consistency" => w.of("deliver").filter(|a| w.correct(a.node)).any(|a| {
            w.of("deliver").any(|b| w.correct(b.node) && name(a) == name(b) && a.value != b.value)
        }),
        "totality" => known(&["deliver"]),
        "termination" => known(&["deliver", "broadcast"]),
        "integrity" => w.of("deliver").filter(|d| w.honest(d.node)).any(|d| {
            let twice =
                w.of("deliver").any(|e| e.index < d.index && e.same_life(d) && name(e) == name(d));
            let sent = w
                .of("broadcast")
                .any(|b| b.index < d.index && name(b) == name(d) && b.value == d.value);
            twice || (w.honest(d.message().0) && !sent && !d.value.is_nil())
        }),
        other => panic!("no oracle for {other}"),
    }
}
