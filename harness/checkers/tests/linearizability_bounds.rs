//! Budgets, deadlines, determinism, lying hints, streaming.

#[expect(dead_code, reason = "another oracle is used here")]
mod linearizability_support;

use linearizability_support::{Random, calls, intervals};
use schism_checkers::linearizability::models::{
    CollectionOp, FifoQueue, Register, RegisterOp, Stack, Symbols,
};
use schism_checkers::linearizability::{
    Call, Deadline, Keys, Model, ModelKind, Monitor, NEVER, Options, Rules, Shortcut, Spec, Step,
    Verdict, Why, check, check_hints, check_history,
};
use schism_history::{Entry, History, OpEvent, OpKind, Record, Value};
use smallvec::SmallVec;
use std::time::{Duration, Instant};

fn register() -> (Register, Vec<RegisterOp>) {
    let mut symbols = Symbols::default();
    for value in 0..3 {
        symbols.number(&Value::Int(value));
    }
    let mut pool = Vec::new();
    for a in 1..4 {
        pool.extend([RegisterOp::Read(a), RegisterOp::Write(a)]);
        for b in 1..4 {
            pool.extend([RegisterOp::Cas(a, b, Some(true)), RegisterOp::Cas(a, b, Some(false))]);
        }
    }
    (Register::new(symbols, 0), pool)
}

/// Large random histories, most of them good.
fn large(seed: u64, count: usize, processes: usize) -> (Register, Vec<Call<RegisterOp>>) {
    let (model, pool) = register();
    let mut random = Random::new(seed);
    let intervals = intervals(&mut random, count, processes, 5);
    let calls = calls(&mut random, &model, &pool, &intervals, 0);
    (model, calls)
}

#[test]
fn every_rule_off_agrees_on_larger_histories() {
    for seed in 1..60 {
        let (model, pool) = register();
        let mut random = Random::new(seed);
        let processes = 2 + random.below(5) as usize;
        let intervals = intervals(&mut random, 40, processes, 8);
        let corrupt = *random.pick(&[0, 1, 3]);
        let calls = calls(&mut random, &model, &pool, &intervals, corrupt);
        let verdict = |rules| {
            let options = Options { rules, ..Options::default() };
            match check(&model, &calls, &options).verdict {
                Verdict::Linearizable { .. } => true,
                Verdict::Violation(_) => false,
                Verdict::Unknown { why, .. } => panic!("seed {seed}: {why}"),
            }
        };
        let all = verdict(Rules::default());
        let plain = Rules { dominance: true, symmetry: true, ..Rules::none() };
        assert_eq!(all, verdict(plain), "seed {seed}");
        assert_eq!(
            all,
            verdict(Rules { breadth_first: true, ..Rules::default() }),
            "breadth first, seed {seed}"
        );
    }
}

#[test]
fn the_same_history_gives_the_same_report_on_any_number_of_threads() {
    let (model, pool) = register();
    for seed in 1..20 {
        let mut random = Random::new(seed);
        let mut all: Vec<Call<RegisterOp>> = Vec::new();
        for object in 0..6 {
            let intervals = intervals(&mut random, 120, 6, 5);
            let own = calls(&mut random, &model, &pool, &intervals, 1);
            let offset = all.iter().map(|call| call.called + 1_000).max().unwrap_or(0);
            all.extend(own.into_iter().map(|call| Call {
                object,
                called: call.called + offset,
                returned: if call.optional() { NEVER } else { call.returned + offset },
                ..call
            }));
        }
        let report = |threads| check(&model, &all, &Options { threads, ..Options::default() });
        let first = report(1);
        for threads in [1, 2, 5] {
            assert_eq!(first, report(threads), "seed {seed}, {threads} threads");
        }
    }
}

#[test]
fn queues_and_stacks_whose_values_come_again_are_decided() {
    fn decided<M: Spec<Op = CollectionOp>>(name: &str, model: &M) {
        let mut pool = vec![CollectionOp::Empty];
        for value in 1..6 {
            pool.extend([CollectionOp::Put(value), CollectionOp::Take(value)]);
        }
        for (seed, corrupt) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
            let mut random = Random::new(seed);
            let crash = 2 * (1 - corrupt);
            let intervals = intervals(&mut random, 2_000, 8, crash);
            let calls = calls(&mut random, model, &pool, &intervals, corrupt);
            let options = Options { explain: false, ..Options::default() };
            match check(model, &calls, &options).verdict {
                Verdict::Linearizable { .. } => assert_eq!(corrupt, 0, "{name}, seed {seed}"),
                Verdict::Violation(_) => assert_eq!(corrupt, 1, "{name}, seed {seed}"),
                Verdict::Unknown { why, .. } => panic!("{name}, seed {seed}: {why}"),
            }
        }
    }
    decided("queue", &FifoQueue::default());
    decided("stack", &Stack::default());
}

#[test]
fn budgets_end_in_unknown_with_a_reason() {
    let (model, calls) = large(3, 2_000, 12);
    let options = Options { configurations: 50, ..Options::default() };
    let report = check(&model, &calls, &options);
    assert!(
        matches!(report.verdict, Verdict::Unknown { why: Why::Configurations, .. }),
        "{:?}",
        report.verdict
    );
    let options = Options { memory: 100_000, ..Options::default() };
    let report = check(&model, &calls, &options);
    assert!(matches!(report.verdict, Verdict::Unknown { why: Why::Memory, .. }), "{report:?}");
}

/// A register whose steps take long and look at the deadline.
struct Slow(Register);

impl Spec for Slow {
    type Op = RegisterOp;
    type State = (u32, u32);

    fn init(&self) -> Vec<(u32, u32)> {
        vec![(0, 0)]
    }

    fn step(&self, state: &(u32, u32), op: &RegisterOp, deadline: &Deadline) -> Step<(u32, u32)> {
        for _ in 0..10_000 {
            std::thread::sleep(Duration::from_millis(1));
            if deadline.expired() {
                return Step::Expired;
            }
        }
        match self.0.step(&state.0, op, deadline) {
            Step::To(next) => Step::To((next, state.1 + 1)),
            _ => Step::Reject,
        }
    }

    fn forget(&self, op: &RegisterOp) -> Option<RegisterOp> {
        self.0.forget(op)
    }
}

#[test]
fn a_deadline_is_kept_inside_a_slow_step() {
    let (model, calls) = large(3, 50, 3);
    let options = Options { time: Some(Duration::from_millis(50)), ..Options::default() };
    let begun = Instant::now();
    let report = check(&Slow(model), &calls, &options);
    assert!(matches!(report.verdict, Verdict::Unknown { why: Why::Deadline, .. }), "{report:?}");
    // The first step alone would take ten seconds; what is asked for is a tenth of one.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_deadline_covers_what_comes_before_and_after_the_search() {
    let (_, calls) = large(3, 20_000, 12);
    let history = recorded(&calls);
    let kind = ModelKind::parse("cas-register").unwrap();
    for micros in [0, 100, 1_000, 3_000, 10_000, 30_000] {
        let time = Some(Duration::from_micros(micros));
        let begun = Instant::now();
        let report = check_history(&history, &kind, &Options { time, ..Options::default() });
        let verdict = report.unwrap().verdict;
        // A tenth of a second is asked for; the machine may have other things to do.
        assert!(begun.elapsed() < Duration::from_secs(5), "{micros} µs: {:?}", begun.elapsed());
        let unknown = matches!(verdict, Verdict::Unknown { why: Why::Deadline, .. });
        assert!(unknown || micros > 0, "{micros} µs: {verdict:?}");
    }
}

/// A register every step of which takes a moment, whatever the deadline.
struct Tedious(Register);

impl Spec for Tedious {
    type Op = RegisterOp;
    type State = u32;

    fn init(&self) -> Vec<u32> {
        self.0.init()
    }

    fn step(&self, state: &u32, op: &RegisterOp, deadline: &Deadline) -> Step<u32> {
        std::thread::sleep(Duration::from_millis(1));
        self.0.step(state, op, deadline)
    }

    fn forget(&self, op: &RegisterOp) -> Option<RegisterOp> {
        self.0.forget(op)
    }

    fn shortcut(&self, calls: &[Call<RegisterOp>], order: bool) -> Option<Shortcut<RegisterOp>> {
        self.0.shortcut(calls, order)
    }
}

#[test]
fn a_deadline_is_kept_while_an_order_is_replayed() {
    let (model, _) = register();
    // One write after the other takes a fast path, and the steps of its replay ten seconds.
    let write = |i: u32| Call {
        op: RegisterOp::Write(i + 1),
        called: 2 * i,
        returned: 2 * i + 1,
        object: 0,
    };
    let calls: Vec<Call<RegisterOp>> = (0..10_000).map(write).collect();
    let options = Options { time: Some(Duration::from_millis(50)), ..Options::default() };
    let begun = Instant::now();
    let report = check(&Tedious(model), &calls, &options);
    assert!(matches!(report.verdict, Verdict::Unknown { why: Why::Deadline, .. }), "{report:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// What a model may lie about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    Pure,
    Overwrite,
    Total,
    Hopeless,
    Reset,
    Keys,
    Forget,
    Narrow,
    Leaves,
    Needs,
}

const LIES: [Lie; 10] = [
    Lie::Pure,
    Lie::Overwrite,
    Lie::Total,
    Lie::Hopeless,
    Lie::Reset,
    Lie::Keys,
    Lie::Forget,
    Lie::Narrow,
    Lie::Leaves,
    Lie::Needs,
];

/// A register one of whose hints is wrong.
struct Liar {
    model: Register,
    lie: Lie,
}

impl Spec for Liar {
    type Op = RegisterOp;
    type State = u32;

    fn init(&self) -> Vec<u32> {
        self.model.init()
    }

    fn step(&self, state: &u32, op: &RegisterOp, deadline: &Deadline) -> Step<u32> {
        self.model.step(state, op, deadline)
    }

    fn forget(&self, op: &RegisterOp) -> Option<RegisterOp> {
        match *op {
            RegisterOp::Cas(a, b, Some(matched)) if self.lie == Lie::Forget => {
                Some(RegisterOp::Cas(a, b, Some(!matched)))
            }
            op => self.model.forget(&op),
        }
    }

    fn keys(&self, op: &RegisterOp) -> Keys {
        match (self.lie, *op) {
            (Lie::Keys, RegisterOp::Read(a) | RegisterOp::Write(a)) => {
                Keys::Some([u64::from(a)].as_slice().into())
            }
            (Lie::Keys, RegisterOp::Cas(a, b, _)) => {
                Keys::Some([u64::from(a), u64::from(b)].as_slice().into())
            }
            (Lie::Narrow, _) => Keys::Some([0].as_slice().into()),
            _ => Keys::All,
        }
    }

    fn narrow(&self, op: &RegisterOp, _: u64) -> Option<RegisterOp> {
        match *op {
            RegisterOp::Write(a) if self.lie == Lie::Narrow => Some(RegisterOp::Write(a % 3 + 1)),
            op => Some(op),
        }
    }

    fn leaves(&self, op: &RegisterOp) -> Option<u32> {
        match *op {
            RegisterOp::Write(a) if self.lie == Lie::Leaves => Some(a % 3 + 1),
            _ => None,
        }
    }

    fn pure(&self, op: &RegisterOp) -> bool {
        self.lie == Lie::Pure || self.model.pure(op)
    }

    fn overwrite(&self, op: &RegisterOp) -> bool {
        match op {
            RegisterOp::Write(_) => self.lie != Lie::Pure,
            RegisterOp::Cas(..) => self.lie == Lie::Overwrite,
            RegisterOp::Read(_) => false,
        }
    }

    fn total(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Write(_)) || self.lie == Lie::Total
    }

    fn reset(&self, op: &RegisterOp) -> bool {
        match op {
            RegisterOp::Write(_) => self.lie != Lie::Hopeless,
            RegisterOp::Cas(..) => self.lie != Lie::Hopeless && self.lie != Lie::Reset,
            RegisterOp::Read(_) => false,
        }
    }

    fn looks_ahead(&self) -> bool {
        matches!(self.lie, Lie::Hopeless | Lie::Reset)
    }

    fn hopeless(&self, state: &u32, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Read(value) if value != state)
    }

    fn tells_needs(&self) -> bool {
        self.lie == Lie::Needs
    }

    fn needs(&self, state: &u32, op: &RegisterOp) -> SmallVec<[u64; 2]> {
        if self.lie == Lie::Needs { self.model.needs(state, op) } else { SmallVec::new() }
    }

    fn brings(&self, op: &RegisterOp) -> SmallVec<[u64; 2]> {
        match op {
            RegisterOp::Cas(..) if self.lie == Lie::Needs => SmallVec::new(),
            op => self.model.brings(op),
        }
    }
}

#[test]
fn lying_hints_are_reported_and_change_no_verdict() {
    let mut told = [0; LIES.len()];
    for seed in 1..80 {
        let (model, pool) = register();
        let mut random = Random::new(seed);
        let intervals = intervals(&mut random, 12, 3, 10);
        let calls = calls(&mut random, &model, &pool, &intervals, 3);
        let honest = check(&model, &calls, &Options::default());
        for (lie, told) in LIES.into_iter().zip(&mut told) {
            let liar = Liar { model: model.clone(), lie };
            for explain in [true, false] {
                let options = Options { explain, ..Options::default() };
                let report = check(&liar, &calls, &options);
                *told += u32::from(!report.notes.is_empty());
                let same = match (&honest.verdict, &report.verdict) {
                    (Verdict::Linearizable { .. }, Verdict::Linearizable { .. }) => true,
                    (Verdict::Violation(_), Verdict::Violation(_)) => true,
                    // A lie that undermines the explanation costs the verdict, and says so.
                    (_, Verdict::Unknown { .. }) => !report.notes.is_empty(),
                    _ => false,
                };
                assert!(same, "seed {seed}, {lie:?}: {honest:#?} but {report:#?}");
            }
        }
    }
    // What only explanations use is noticed by sampling alone.
    let noticed = |lie| !matches!(lie, Lie::Forget | Lie::Narrow | Lie::Leaves | Lie::Needs);
    for (lie, told) in LIES.into_iter().zip(told) {
        assert!(told > 5 || !noticed(lie), "{lie:?} was noticed {told} times only");
    }
}

#[test]
fn sampling_finds_lying_hints_and_passes_honest_ones() {
    let (model, pool) = register();
    check_hints(&model, &pool, 50).unwrap();
    for lie in LIES {
        let liar = Liar { model: model.clone(), lie };
        let found = check_hints(&liar, &pool, 50).unwrap_err();
        let hint = format!("{lie:?}").to_lowercase();
        // A state in which something is hopeless must stay so until a reset.
        let hint = if lie == Lie::Reset { "hopeless" } else { &hint };
        assert_eq!(found.hint, hint, "{found}");
    }
}

fn record(index: u64, process: u64, kind: OpKind, op: &RegisterOp, known: bool) -> Record {
    let int = |symbol: u32| Value::Int(i64::from(symbol));
    let (f, value) = match *op {
        RegisterOp::Read(value) => ("read", if known { int(value) } else { Value::Nil }),
        RegisterOp::Write(value) => ("write", int(value)),
        RegisterOp::Cas(a, b, _) => ("cas", vec![int(a), int(b)].into()),
    };
    let entry = Entry::Op(OpEvent {
        process,
        kind,
        f: f.into(),
        key: None,
        value,
        error: None,
        node: None,
    });
    Record { index, time: index, entry }
}

/// The calls as the records of a run.
fn recorded(calls: &[Call<RegisterOp>]) -> History {
    let mut events: Vec<(u32, usize, bool)> = Vec::new();
    for (i, call) in calls.iter().enumerate() {
        events.push((call.called, i, false));
        if !call.optional() {
            events.push((call.returned, i, true));
        }
    }
    events.sort_unstable();
    let records = events
        .iter()
        .enumerate()
        .map(|(index, (_, i, returns))| {
            let op = &calls[*i].op;
            let kind = match (returns, op) {
                (false, _) => OpKind::Invoke,
                (true, RegisterOp::Cas(_, _, Some(false))) => OpKind::Fail,
                (true, _) => OpKind::Ok,
            };
            record(index as u64, *i as u64, kind, op, *returns)
        })
        .collect();
    History { records, ..History::default() }
}

#[test]
fn the_monitor_raises_an_alarm_exactly_where_the_check_finds_a_violation() {
    let kind = ModelKind::parse("cas-register").unwrap();
    let mut counts = [0; 2];
    for seed in 1..300 {
        let (model, pool) = register();
        let mut random = Random::new(seed);
        let processes = 1 + random.below(4) as usize;
        let intervals = intervals(&mut random, 14, processes, 10);
        let corrupt = *random.pick(&[0, 4]);
        let calls = calls(&mut random, &model, &pool, &intervals, corrupt);
        let history = recorded(&calls);
        let report = check_history(&history, &kind, &Options::default()).unwrap();
        let violated = matches!(report.verdict, Verdict::Violation(_));
        counts[usize::from(violated)] += 1;
        let mut monitor = Monitor::new(&kind, &Options::default()).unwrap();
        let mut alarm = None;
        for record in &history.records {
            let raised = monitor.push(record).unwrap();
            alarm = alarm.or(raised).or_else(|| monitor.poll());
        }
        assert_eq!(alarm.is_some(), violated, "seed {seed}: {alarm:?} {report:#?}");
    }
    assert!(counts.iter().all(|n| *n > 20), "{counts:?}");
    assert_eq!(Model::all().count(), 19);
}
