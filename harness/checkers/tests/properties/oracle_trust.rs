//! The definitions of detectors, leaders and logs once more, slowly.

use crate::oracle::{Ev, World};

/// Whether `node` suspects `peer` right after the record `index`.
fn suspects(w: &World, node: usize, peer: usize, index: u64) -> bool {
    let last = |list: &[(usize, u64)]| {
        list.iter().filter(|c| c.0 == node && c.1 <= index).map(|c| c.1).max()
    };
    if last(&w.crashes) > last(&w.restarts) {
        return false;
    }
    let restarted = w.restarts.iter().filter(|r| r.0 == node && r.1 <= index).count() as u32;
    w.events
        .iter()
        .filter(|e| e.node == node && e.life == restarted && e.index <= index)
        .rfind(|e| e.peer == Some(peer) && (e.kind == "suspect" || e.kind == "restore"))
        .is_some_and(|e| e.kind == "suspect")
}

fn last_index(w: &World, records: usize) -> u64 {
    (records as u64).min(w.deadline).saturating_sub(1)
}

/// Failure detectors; `records` is the length of the history.
pub fn detect(w: &World, property: &str, records: usize) -> bool {
    let correct = w.correct_nodes();
    let end = last_index(w, records);
    match property {
        "strong completeness" => (0..w.nodes)
            .filter(|&n| w.honest(n) && !w.correct(n) && w.crash(n).is_some())
            .any(|n| correct.iter().any(|&p| !suspects(w, p, n, end))),
        "strong accuracy" => w
            .of("suspect")
            .filter(|s| w.honest(s.node))
            .any(|s| s.peer.is_some_and(|p| w.honest(p) && w.crash(p).is_none_or(|c| s.index < c))),
        "eventual strong accuracy" => correct.iter().any(|&p| {
            correct.iter().filter(|&&q| q != p).any(|&q| {
                // Records are 10 ms apart, beginning at 10 ms: record i ends at the time of i + 1.
                let from = w.window.div_ceil(10_000_000).saturating_sub(2);
                (from..=end).any(|i| suspects(w, p, q, i))
            })
        }),
        other => panic!("no oracle for {other}"),
    }
}

/// Leaders.
pub fn leader(w: &World, property: &str, records: usize) -> bool {
    let correct = w.correct_nodes();
    let end = last_index(w, records);
    let trusts = |n: usize, index: u64| -> Option<usize> {
        let restarted = w.restarts.iter().filter(|r| r.0 == n && r.1 <= index).count() as u32;
        w.of("trust")
            .filter(|e| e.node == n && e.life == restarted && e.index <= index)
            .last()
            .and_then(|e| e.peer)
    };
    let anyone = w.in_time("trust").any(|e| e.peer.is_some());
    // Strictly after the beginning of the window nobody may change its mind.
    let first = w.window.div_ceil(10_000_000).saturating_sub(1);
    let from =
        if first * 10_000_000 + 10_000_000 == w.window { first } else { first.saturating_sub(1) };
    let steady = |n: usize| (from..=end).all(|i| trusts(n, i) == trusts(n, end));
    match property {
        "eventual accuracy" => {
            anyone
                && correct
                    .iter()
                    .any(|&n| !steady(n) || trusts(n, end).is_none_or(|l| !w.correct(l)))
        }
        "eventual leadership agreement" => {
            anyone
                && correct.iter().any(|&n| {
                    let leader = trusts(n, end);
                    !steady(n)
                        || leader.is_none_or(|l| !w.correct(l))
                        || correct.iter().any(|&m| trusts(m, end) != leader)
                })
        }
        "leader accuracy" => {
            let crashed = |n: usize, i: u64| w.crash(n).is_some_and(|c| c < i);
            w.of("trust").filter(|e| w.honest(e.node)).any(|now| {
                let Some(leader) = now.peer.filter(|&l| !crashed(l, now.index)) else {
                    return false;
                };
                w.of("trust").filter(|e| w.honest(e.node)).any(|old| {
                    old.index < now.index
                        && old.peer.is_some_and(|o| {
                            o != leader && !crashed(o, old.index) && !crashed(o, now.index)
                        })
                })
            })
        }
        "election safety" => {
            let leads: Vec<&Ev> =
                w.of("lead").filter(|e| w.honest(e.node) && e.number.is_some()).collect();
            leads.iter().any(|a| {
                leads
                    .iter()
                    .any(|b| a.node != b.node && (a.instance, a.number) == (b.instance, b.number))
            })
        }
        other => panic!("no oracle for {other}"),
    }
}

/// Replicated logs.
pub fn log(w: &World, property: &str) -> bool {
    let kind = |better: &'static str, other: &'static str| {
        if w.of(better).next().is_some() { better } else { other }
    };
    let differ = |kind: &'static str| {
        let reports: Vec<&Ev> =
            w.of(kind).filter(|e| w.honest(e.node) && e.number.is_some()).collect();
        reports.iter().any(|a| {
            reports
                .iter()
                .any(|b| (a.instance, a.number) == (b.instance, b.number) && a.value != b.value)
        })
    };
    match property {
        "log matching" => differ(kind("commit", "apply")),
        "equal outputs" => differ(kind("output", "apply")),
        "log prefix" => {
            let kind = kind("commit", "apply");
            let reports: Vec<&Ev> =
                w.of(kind).filter(|e| w.honest(e.node) && e.number.is_some()).collect();
            let gap = reports.iter().any(|e| {
                let slot = e.number.unwrap_or(0);
                let mine =
                    |o: &&&Ev| o.node == e.node && o.instance == e.instance && o.index < e.index;
                let first = reports.iter().filter(|o| o.instance == e.instance);
                let first = first.filter_map(|o| o.number).min();
                match reports.iter().rfind(mine) {
                    None => Some(slot) != first,
                    Some(last) if last.life == e.life => Some(slot) != last.number.map(|n| n + 1),
                    Some(_) => {
                        let highest = reports.iter().filter(mine).filter_map(|o| o.number).max();
                        slot > highest.unwrap_or(0) + 1
                    }
                }
            });
            differ(kind) || gap
        }
        "leader completeness" => {
            // Without gaps: no leader commits another command where one was committed before.
            let kind = kind("commit", "apply");
            w.of(kind).filter(|c| w.honest(c.node)).any(|c| {
                let reign = w
                    .events
                    .iter()
                    .filter(|e| e.same_life(c) && e.instance == c.instance && e.index < c.index)
                    .rfind(|e| e.kind == "lead" || e.kind == "step-down")
                    .filter(|e| e.kind == "lead");
                let Some(reign) = reign else { return false };
                let before: Vec<&Ev> = w
                    .of(kind)
                    .filter(|e| {
                        w.honest(e.node) && e.index < reign.index && e.instance == c.instance
                    })
                    .collect();
                let first = before.iter().find(|e| e.number == c.number);
                let lost = first.is_some_and(|e| e.value != c.value);
                let floor = before.iter().filter_map(|e| e.number).max();
                let own = w
                    .of(kind)
                    .filter(|e| e.node == c.node && e.instance == c.instance && e.index < c.index)
                    .filter_map(|e| e.number)
                    .max();
                let short = floor.is_some_and(|f| c.number > Some(f) && own < Some(f));
                lost || short
            })
        }
        other => panic!("no oracle for {other}"),
    }
}
