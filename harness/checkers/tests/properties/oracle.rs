//! The definitions once more, straight from the book and as slow as they are clear.
//!
//! Nothing here shares code with the checks: histories are flattened into lists, and every promise
//! is a few nested loops over them. An answer is whether the promise is broken.

use schism_checkers::properties::Faults;
use schism_history::{Entry, History, Nanos, NodeChange, Phase, Value};

/// A protocol event, flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct Ev {
    pub index: u64,
    pub time: Nanos,
    pub node: usize,
    pub life: u32,
    pub kind: String,
    pub peer: Option<usize>,
    pub instance: Option<u64>,
    pub number: Option<u64>,
    pub value: Value,
}

impl Ev {
    /// The message a broadcast or deliver event is about.
    pub fn message(&self) -> (usize, Option<u64>, &Value) {
        let origin =
            if self.kind == "deliver" { self.peer.unwrap_or(self.node) } else { self.node };
        (origin, self.instance, &self.value)
    }

    pub fn same_life(&self, other: &Ev) -> bool {
        (self.node, self.life) == (other.node, other.life)
    }
}

/// A history, flattened.
pub struct World {
    pub events: Vec<Ev>,
    pub nodes: usize,
    pub deadline: u64,
    pub heal: u64,
    pub window: Nanos,
    pub crashes: Vec<(usize, u64)>,
    pub restarts: Vec<(usize, u64)>,
    pub liars: Vec<usize>,
    faults: Faults,
}

impl World {
    pub fn new(history: &History, faults: Faults) -> World {
        let phase = |wanted: &[Phase]| {
            history.records.iter().find_map(|r| match r.entry {
                Entry::Phase(p) if wanted.contains(&p) => Some((r.index, r.time)),
                _ => None,
            })
        };
        let end = (u64::MAX, history.records.last().map_or(0, |r| r.time));
        let (deadline, deadline_time) = phase(&[Phase::Final, Phase::Teardown]).unwrap_or(end);
        let calm = phase(&[Phase::Quiesce]).or(phase(&[Phase::Heal]));
        let calm = calm.map_or(deadline_time, |c| c.1);
        let mut world = World {
            events: Vec::new(),
            nodes: usize::from(history.meta.nodes),
            deadline,
            heal: phase(&[Phase::Heal]).map_or(0, |p| p.0),
            window: calm + (deadline_time - calm) / 2,
            crashes: Vec::new(),
            restarts: Vec::new(),
            liars: Vec::new(),
            faults,
        };
        let mut lives = vec![0; world.nodes];
        for r in &history.records {
            match &r.entry {
                Entry::Node(n) => {
                    let node = usize::from(n.node.0);
                    match n.change {
                        NodeChange::Killed | NodeChange::Died(_) if r.index < deadline => {
                            world.crashes.push((node, r.index));
                        }
                        NodeChange::Started { incarnation: 1.., .. } => {
                            lives[node] += 1;
                            world.restarts.push((node, r.index));
                        }
                        NodeChange::Byzantine(_) => world.liars.push(node),
                        _ => {}
                    }
                }
                Entry::Event(e) => {
                    let node = usize::from(e.node.0);
                    world.events.push(Ev {
                        index: r.index,
                        time: r.time,
                        node,
                        life: lives[node],
                        kind: e.kind.to_string(),
                        peer: e.peer.map(|p| usize::from(p.0)),
                        instance: e.instance,
                        number: e.number,
                        value: e.value.clone(),
                    });
                }
                _ => {}
            }
        }
        world
    }

    pub fn honest(&self, node: usize) -> bool {
        !self.liars.contains(&node)
    }

    pub fn correct(&self, node: usize) -> bool {
        let last = |list: &[(usize, u64)]| {
            list.iter().filter(|c| c.0 == node && c.1 < self.deadline).map(|c| c.1).max()
        };
        let alive = match self.faults {
            Faults::CrashStop => last(&self.crashes).is_none(),
            Faults::CrashRecovery => last(&self.crashes) <= last(&self.restarts),
        };
        alive && self.honest(node)
    }

    pub fn correct_nodes(&self) -> Vec<usize> {
        (0..self.nodes).filter(|&n| self.correct(n)).collect()
    }

    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Ev> + Clone {
        self.events.iter().filter(move |e| e.kind == kind)
    }

    pub fn in_time<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Ev> + Clone {
        self.of(kind).filter(|e| e.index < self.deadline)
    }

    /// The first crash of a node.
    pub fn crash(&self, node: usize) -> Option<u64> {
        self.crashes.iter().find(|c| c.0 == node).map(|c| c.1)
    }
}

/// Broadcast.
pub fn broadcast(w: &World, property: &str) -> bool {
    let correct = w.correct_nodes();
    let delivered =
        |n: usize, m: &Ev| w.in_time("deliver").any(|d| d.node == n && d.message() == m.message());
    let honest = |e: &&Ev| w.honest(e.node);
    match property {
        "validity" => w.in_time("broadcast").any(|b| w.correct(b.node) && !delivered(b.node, b)),
        "best-effort validity" => w
            .in_time("broadcast")
            .any(|b| w.correct(b.node) && correct.iter().any(|&n| !delivered(n, b))),
        "agreement" => w
            .in_time("deliver")
            .any(|d| w.correct(d.node) && correct.iter().any(|&n| !delivered(n, d))),
        "uniform agreement" => {
            w.in_time("deliver").filter(honest).any(|d| correct.iter().any(|&n| !delivered(n, d)))
        }
        "no duplication" => w.of("deliver").filter(honest).any(|a| {
            w.of("deliver")
                .any(|b| a.index < b.index && a.same_life(b) && a.message() == b.message())
        }),
        "no creation" => w.of("deliver").filter(honest).any(|d| {
            w.honest(d.message().0)
                && !w.of("broadcast").any(|b| b.index < d.index && b.message() == d.message())
        }),
        "fifo order" => {
            let earlier = |a: &Ev, b: &Ev| a.index < b.index && a.same_life(b);
            overtakes(w, |a, b| earlier(a, b))
        }
        "causal order" => {
            let messages: Vec<&Ev> = w.of("broadcast").filter(honest).collect();
            let n = messages.len();
            let mut before = vec![vec![false; n]; n];
            for (i, a) in messages.iter().enumerate() {
                for (j, b) in messages.iter().enumerate() {
                    let knew = w
                        .of("deliver")
                        .any(|d| d.message() == a.message() && d.same_life(b) && d.index < b.index);
                    before[i][j] =
                        a.index < b.index && a.instance == b.instance && (a.same_life(b) || knew);
                }
            }
            for k in 0..n {
                for i in 0..n {
                    for j in 0..n {
                        before[i][j] |= before[i][k] && before[k][j];
                    }
                }
            }
            let at = |e: &Ev| messages.iter().position(|m| m.index == e.index);
            overtakes(w, |a, b| at(a).zip(at(b)).is_some_and(|(i, j)| before[i][j]))
        }
        "total order" => total_order(w),
        other => panic!("no oracle for {other}"),
    }
}

/// Whether an honest process delivers some b without having delivered an a that is `before` it.
fn overtakes(w: &World, before: impl Fn(&Ev, &Ev) -> bool) -> bool {
    w.of("broadcast").filter(|b| w.honest(b.node)).any(|b| {
        w.of("broadcast").filter(|a| a.instance == b.instance && before(a, b)).any(|a| {
            w.of("deliver")
                .filter(|d| w.honest(d.node) && d.message() == b.message() && d.index > b.index)
                .any(|d| {
                    let had = |m: &Ev| {
                        w.of("deliver").any(|e| {
                            e.node == d.node && e.index < d.index && e.message() == m.message()
                        })
                    };
                    !had(a) && !had(b)
                })
        })
    })
}

/// Without restarts: of any two honest processes, one log is a prefix of the other.
fn total_order(w: &World) -> bool {
    let instances: Vec<_> = w.of("deliver").map(|e| e.instance).collect();
    instances.iter().any(|instance| {
        let log = |n: usize| -> Vec<_> {
            w.of("deliver")
                .filter(|d| d.node == n && d.instance == *instance)
                .map(Ev::message)
                .collect()
        };
        (0..w.nodes).filter(|&a| w.honest(a)).any(|a| {
            (0..w.nodes)
                .filter(|&b| w.honest(b))
                .any(|b| log(a).iter().zip(&log(b)).any(|(x, y)| x != y))
        })
    })
}

/// Links.
pub fn link(w: &World, property: &str) -> bool {
    let matches = |s: &Ev, d: &Ev| {
        s.peer == Some(d.node)
            && d.peer == Some(s.node)
            && (s.instance, &s.value) == (d.instance, &d.value)
    };
    let obliged = |s: &&Ev| w.correct(s.node) && s.peer.is_some_and(|p| w.correct(p));
    let same = |a: &Ev, b: &Ev| {
        (a.node, a.peer, a.instance, &a.value) == (b.node, b.peer, b.instance, &b.value)
    };
    match property {
        "reliable delivery" => {
            w.in_time("send").filter(obliged).any(|s| !w.in_time("deliver").any(|d| matches(s, d)))
        }
        "stubborn delivery" => w
            .in_time("send")
            .filter(obliged)
            .any(|s| !w.in_time("deliver").any(|d| matches(s, d) && d.index >= w.heal)),
        "no duplication" => w
            .of("deliver")
            .filter(|d| w.honest(d.node))
            .any(|a| w.of("deliver").any(|b| a.index < b.index && a.same_life(b) && same(a, b))),
        "no creation" => w.of("deliver").any(|d| {
            w.honest(d.node)
                && d.peer.is_some_and(|p| w.honest(p))
                && !w.of("send").any(|s| s.index < d.index && matches(s, d))
        }),
        "fifo order" => w.of("send").filter(|s| w.honest(s.node)).any(|a| {
            w.of("send").any(|b| {
                let ordered = a.index < b.index && a.same_life(b);
                let together = (a.peer, a.instance) == (b.peer, b.instance);
                let first = w.of("deliver").find(|d| matches(b, d) && w.honest(d.node));
                ordered
                    && together
                    && first.is_some_and(|d| {
                        d.index > b.index
                            && !w.of("deliver").any(|e| e.index < d.index && matches(a, e))
                    })
            })
        }),
        other => panic!("no oracle for {other}"),
    }
}

/// Consensus.
pub fn consensus(w: &World, property: &str) -> bool {
    let correct = w.correct_nodes();
    let did = |kind: &'static str, n: usize, i: Option<u64>| {
        w.in_time(kind).any(|e| e.node == n && e.instance == i)
    };
    let differ = |among: &dyn Fn(usize) -> bool| {
        w.of("decide").filter(|a| among(a.node)).any(|a| {
            w.of("decide").any(|b| among(b.node) && a.instance == b.instance && a.value != b.value)
        })
    };
    match property {
        "termination" => w.events.iter().filter(|e| e.index < w.deadline).any(|e| {
            correct.iter().all(|&n| did("propose", n, e.instance))
                && correct.iter().any(|&n| !did("decide", n, e.instance))
        }),
        "validity" | "weak validity" => {
            w.liars.is_empty()
                && w.of("decide").any(|d| {
                    !w.of("propose").any(|p| {
                        p.index < d.index && (p.instance, &p.value) == (d.instance, &d.value)
                    })
                })
        }
        "strong validity" => w.of("decide").filter(|d| w.correct(d.node)).any(|d| {
            let counts = |n| w.liars.is_empty() || w.correct(n);
            let proposals: Vec<_> =
                w.of("propose").filter(|p| counts(p.node) && p.instance == d.instance).collect();
            let all = correct.iter().all(|&n| proposals.iter().any(|p| p.node == n));
            let same = proposals.iter().all(|p| p.value == proposals[0].value);
            let proposed = proposals.iter().any(|p| p.value == d.value);
            if all && same { !proposed } else { !proposed && !d.value.is_nil() }
        }),
        "integrity" => w.of("decide").filter(|a| w.honest(a.node)).any(|a| {
            w.of("decide").any(|b| a.index < b.index && a.same_life(b) && a.instance == b.instance)
        }),
        "agreement" => differ(&|n| w.correct(n)),
        "uniform agreement" => differ(&|n| w.honest(n)),
        other => panic!("no oracle for {other}"),
    }
}
