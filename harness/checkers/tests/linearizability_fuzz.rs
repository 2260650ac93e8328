//! Every rule, both ways to search and every model against an oracle that tries every order.

mod linearizability_support;

use linearizability_support::{Random, calls, explainable, intervals};
use schism_checkers::linearizability::models::{
    AppendLog, Bank, BankOp, CollectionOp, Counter, CounterOp, FencedLock, FifoQueue, Kv, KvOp,
    LockOp, LogOp, MaxRegister, MaxRegisterOp, MultiRegister, Mutex, Part, PriorityQueue,
    ReentrantLock, Register, RegisterOp, Semaphore, Set, SetOp, Stack, Symbols, UniqueId,
    UniqueIdOp,
};
use schism_checkers::linearizability::reference::{self, Plain};
use schism_checkers::linearizability::{
    Call, Deadline, Effort, Found, Options, Rules, Spec, Step, Verdict, check, check_hints, replay,
};
use schism_history::Value;

/// How many histories each model is tried with.
fn rounds() -> u64 {
    std::env::var("SCHISM_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

/// All rules, none, each one alone and all but each one.
fn settings() -> Vec<(String, Rules)> {
    fn switches(rules: &mut Rules) -> [&mut bool; 11] {
        [
            &mut rules.return_order,
            &mut rules.absorption,
            &mut rules.symmetry,
            &mut rules.dominance,
            &mut rules.justification,
            &mut rules.lookahead,
            &mut rules.overwriting,
            &mut rules.independence,
            &mut rules.needs,
            &mut rules.blindness,
            &mut rules.own_search,
        ]
    }
    let supplied = |rules: Rules| Rules { supply: Some(0), ..rules };
    let mut settings = vec![
        ("all".into(), Rules::default()),
        ("none".into(), Rules::none()),
        ("all, supply at once".into(), supplied(Rules::default())),
        ("supply alone".into(), supplied(Rules::none())),
    ];
    for i in 0..11 {
        let (mut without, mut only) = (supplied(Rules::default()), supplied(Rules::none()));
        *switches(&mut without)[i] = false;
        *switches(&mut only)[i] = true;
        settings.push((format!("without {i}"), without));
        settings.push((format!("only {i}"), only));
    }
    let breadth = settings.clone().into_iter().map(|(name, rules)| {
        (format!("{name}, breadth first"), Rules { breadth_first: true, ..rules })
    });
    settings.extend(breadth.collect::<Vec<_>>());
    settings
}

fn judge<M: Spec>(model: &M, calls: &[Call<M::Op>], rules: Rules, name: &str) -> bool {
    let options = Options { rules, threads: 1, ..Options::default() };
    let report = check(model, calls, &options);
    // What overlaps a lot may also be too much to explain.
    let mut notes = report.notes.iter().filter(|note| !note.starts_with("the explanation"));
    assert_eq!(notes.next(), None, "{name}: {:?}\n{calls:#?}", report.notes);
    match report.verdict {
        Verdict::Linearizable { orders } => {
            let order: Vec<u32> =
                orders.iter().flat_map(|o| &o.operations).map(|i| *i as u32).collect();
            if orders.len() <= 1 {
                replay(model, calls, &order).unwrap_or_else(|e| panic!("{name}: {e}\n{calls:#?}"));
            }
            true
        }
        Verdict::Violation(violation) => {
            // What overlaps a lot may be too much for a search without hints.
            let confirmed = violation.core.confirmed || calls.len() > 8;
            assert!(confirmed, "{name}: {violation:#?}\n{calls:#?}");
            assert!(!violation.sentence.is_empty());
            false
        }
        Verdict::Unknown { why, .. } => panic!("{name}: unknown: {why}\n{calls:#?}"),
    }
}

/// A model's own search, which is asked only where one over states takes long.
fn agree_alone<M: Spec>(name: &str, round: u64, model: &M, calls: &[Call<M::Op>], expected: bool) {
    let deadline = Deadline::never();
    for dominance in [true, false] {
        let (configurations, memory) = (u64::MAX, usize::MAX);
        let effort = Effort { deadline: &deadline, configurations, memory, dominance };
        let Some(searched) = model.search(calls, &effort) else {
            assert!(!model.searches(), "{name}, round {round}: nothing was searched");
            return;
        };
        let name = format!("{name}, own search, dominance {dominance}, round {round}");
        let found = match searched.answer {
            Found::Order(order) => {
                replay(model, calls, &order).unwrap_or_else(|e| panic!("{name}: {e}\n{calls:#?}"));
                true
            }
            Found::Nothing(_) => false,
            Found::Stopped(why) => panic!("{name}: {why}"),
        };
        assert_eq!(found, expected, "{name}: {calls:#?}");
    }
}

fn fuzz<M: Spec>(name: &str, model: &M, pool: &[M::Op]) {
    check_hints(model, pool, 100).unwrap_or_else(|lie| panic!("{name}: {lie}"));
    let settings = settings();
    let mut counts = [0u32; 2];
    for round in 0..rounds() {
        let mut random = Random::new(round + 1);
        let count = 2 + random.below(6) as usize;
        let processes = 1 + random.below(4) as usize;
        let crash = *random.pick(&[0, 0, 15, 40]);
        let intervals = intervals(&mut random, count, processes, crash);
        let corrupt = *random.pick(&[0, 2, 5, 20]);
        let calls = calls(&mut random, model, pool, &intervals, corrupt);
        if calls.is_empty() {
            continue;
        }
        let expected = explainable(model, &calls);
        counts[usize::from(expected)] += 1;
        agree_alone(name, round, model, &calls, expected);
        for (setting, rules) in &settings {
            let found = judge(model, &calls, *rules, &format!("{name}, {setting}, round {round}"));
            assert_eq!(found, expected, "{name}, {setting}, round {round}: {calls:#?}");
        }
    }
    assert!(counts.iter().all(|n| *n > 0), "{name}: only one kind of history: {counts:?}");
}

/// Longer histories, in which there is time for something to go unseen, against a plain search.
fn fuzz_longer<M: Spec>(name: &str, model: &M, pool: &[M::Op]) {
    let overwriting = Rules { blindness: false, ..Rules::default() };
    let supplied = Rules { fast_paths: false, supply: Some(0), ..Rules::default() };
    for round in 0..rounds() * 4 {
        let mut random = Random::new(round + 1);
        let (count, processes) = (6 + random.below(12) as usize, 2 + random.below(5) as usize);
        let crash = *random.pick(&[0, 0, 10, 30]);
        let intervals = intervals(&mut random, count, processes, crash);
        let corrupt = *random.pick(&[0, 3, 8]);
        let calls = calls(&mut random, model, pool, &intervals, corrupt);
        let expected = match reference::check(model, &calls, 200_000) {
            Plain::Linearizable(_) => true,
            Plain::Violation => false,
            Plain::Unknown => continue,
        };
        agree_alone(name, round, model, &calls, expected);
        for rules in [Rules::default(), overwriting, supplied] {
            let found = judge(model, &calls, rules, &format!("{name}, longer, round {round}"));
            assert_eq!(found, expected, "{name}, longer, round {round}: {calls:#?}");
        }
    }
}

/// Numbers 1 to `n`, which get the symbols 1 to `n`.
fn symbols(n: i64) -> Symbols {
    let mut symbols = Symbols::default();
    for i in 1..=n {
        symbols.number(&Value::Int(i));
    }
    symbols
}

#[test]
fn register() {
    let model = Register::new(symbols(3), 0);
    let mut pool = vec![];
    for a in 0..3 {
        pool.push(RegisterOp::Read(a));
        pool.push(RegisterOp::Read(a));
        pool.push(RegisterOp::Write(a));
    }
    fuzz("register", &model, &pool);
}

#[test]
fn cas_register() {
    let model = Register::new(symbols(3), 0);
    let mut pool = vec![];
    for a in 0..4 {
        pool.push(RegisterOp::Read(a));
        pool.push(RegisterOp::Write(a));
        for b in 0..3 {
            pool.push(RegisterOp::Cas(a, b, Some(true)));
            pool.push(RegisterOp::Cas(a, b, Some(false)));
        }
    }
    fuzz("cas-register", &model, &pool);
    fuzz_longer("cas-register", &model, &pool);
}

#[test]
fn kv() {
    let mut symbols = Symbols::default();
    let texts: Vec<u32> = ["a", "b", "ab", "ba", "aa", "aba", ""]
        .iter()
        .map(|text| symbols.number(&Value::from(*text)))
        .collect();
    let model = Kv::new(symbols, Value::Nil);
    let mut pool = vec![KvOp::Write(0), KvOp::Cas(texts[0], texts[1], Some(true))];
    pool.push(KvOp::Cas(texts[1], texts[0], Some(false)));
    for text in &texts {
        pool.push(KvOp::Read(*text));
        pool.push(KvOp::Read(*text));
    }
    for text in &texts[..2] {
        pool.extend([KvOp::Write(*text), KvOp::Append(*text), KvOp::Append(*text)]);
    }
    fuzz("kv", &model, &pool);
    fuzz_longer("kv", &model, &pool);
    pool.retain(|op| !matches!(op, KvOp::Cas(..)));
    fuzz_longer("kv without cas", &model, &pool);
}

#[test]
fn multi_register() {
    let model = MultiRegister::new(symbols(4), 0);
    let mut pool = vec![];
    for key in 1..4 {
        for value in 0..2 {
            pool.push(vec![Part::Read(key, value)]);
            pool.push(vec![Part::Write(key, value)]);
            pool.push(vec![Part::Read(key, value), Part::Write(key % 3 + 1, 1 - value)]);
        }
    }
    fuzz("multi-register", &model, &pool);
    fuzz_longer("multi-register", &model, &pool);
}

#[test]
fn locks() {
    let pool = [LockOp::Acquire(0, None), LockOp::Release(0)];
    fuzz("mutex", &Mutex, &pool);
    let pool: Vec<LockOp> =
        (0..3).flat_map(|p| [LockOp::Acquire(p, None), LockOp::Release(p)]).collect();
    fuzz("reentrant-lock", &ReentrantLock { limit: 2 }, &pool);
    fuzz_longer("reentrant-lock", &ReentrantLock { limit: 2 }, &pool);
    let mut tokens = pool.clone();
    tokens.retain(|op| matches!(op, LockOp::Release(_)));
    for process in 0..3 {
        tokens.extend((1..4).map(|token| LockOp::Acquire(process, Some(token))));
    }
    fuzz("fenced-lock", &FencedLock { floor: 0 }, &tokens);
    fuzz_longer("fenced-lock", &FencedLock { floor: 0 }, &tokens);
    let pool: Vec<LockOp> =
        (1..3).flat_map(|n| [LockOp::Acquire(n, None), LockOp::Release(n)]).collect();
    fuzz("semaphore", &Semaphore { permits: 3 }, &pool);
}

#[test]
fn collections() {
    let mut pool = vec![CollectionOp::Empty];
    for value in 1..4 {
        pool.extend([CollectionOp::Put(value), CollectionOp::Take(value)]);
    }
    fuzz("fifo-queue", &FifoQueue { symbols: symbols(3) }, &pool);
    fuzz("stack", &Stack { symbols: symbols(3) }, &pool);
    fuzz_longer("fifo-queue", &FifoQueue { symbols: symbols(3) }, &pool);
    fuzz_longer("stack", &Stack { symbols: symbols(3) }, &pool);
    fuzz("priority-queue", &PriorityQueue { symbols: symbols(3) }, &pool);
    fuzz_longer("priority-queue", &PriorityQueue { symbols: symbols(3) }, &pool);
}

#[test]
fn sets() {
    let mut pool = vec![];
    for element in 1..3 {
        for result in [Some(true), Some(false), None] {
            pool.extend([SetOp::Add(element, result), SetOp::Remove(element, result)]);
        }
        pool.extend([SetOp::Contains(element, true), SetOp::Contains(element, false)]);
    }
    let whole = [vec![], vec![1], vec![2], vec![1, 2]].map(SetOp::Read);
    let one: Vec<SetOp> = pool
        .iter()
        .filter(|op| match op {
            SetOp::Add(e, _) | SetOp::Remove(e, _) | SetOp::Contains(e, _) => *e == 1,
            SetOp::Read(_) => false,
        })
        .cloned()
        .collect();
    fuzz("set element", &Set::new(false), &one);
    pool.extend(whole);
    fuzz("set", &Set::new(true), &pool);
    fuzz_longer("set", &Set::new(true), &pool);
}

#[test]
fn numbers() {
    let mut pool = vec![];
    for value in -1..4 {
        pool.extend([CounterOp::Read(value), CounterOp::Read(value)]);
        pool.push(CounterOp::Add(1, Some(value)));
    }
    pool.extend([CounterOp::Add(1, None), CounterOp::Add(2, None), CounterOp::Add(-1, None)]);
    fuzz("counter", &Counter { initial: 0 }, &pool);
    let mut pool = vec![];
    for value in 0..4 {
        pool.extend([MaxRegisterOp::Read(value), MaxRegisterOp::Write(value)]);
    }
    fuzz("max-register", &MaxRegister { initial: 0 }, &pool);
}

#[test]
fn logs() {
    let mut pool = vec![LogOp::Read(vec![])];
    for a in 1..3 {
        pool.extend([LogOp::Append(a), LogOp::Append(a), LogOp::Read(vec![a])]);
        for b in 1..3 {
            pool.push(LogOp::Read(vec![a, b]));
        }
    }
    fuzz("append-log", &AppendLog { symbols: symbols(3) }, &pool);
    let pool: Vec<UniqueIdOp> = (1..5).map(UniqueIdOp).collect();
    fuzz("unique-id", &UniqueId { symbols: symbols(5) }, &pool);
}

#[test]
fn bank() {
    let mut pool = vec![];
    for (from, to) in [(1, 2), (2, 1)] {
        pool.extend([BankOp::Transfer(from, to, 1), BankOp::Transfer(from, to, 2)]);
    }
    for a in 0..5 {
        pool.push(BankOp::Read(vec![(1, a), (2, 4 - a)]));
        pool.push(BankOp::Read(vec![(1, a), (2, 4 - a)]));
    }
    for initial in [Some(2), None] {
        fuzz("bank", &Bank { symbols: symbols(2), initial }, &pool);
        fuzz_longer("bank", &Bank { symbols: symbols(2), initial }, &pool);
    }
}

/// A register that may lose a write: the state after one is the new or the old value.
struct Forgetful;

impl Spec for Forgetful {
    type Op = RegisterOp;
    type State = u32;

    fn init(&self) -> Vec<u32> {
        vec![0, 1]
    }

    fn step(&self, state: &u32, op: &RegisterOp, _: &Deadline) -> Step<u32> {
        match *op {
            RegisterOp::Read(value) if value == *state => Step::To(value),
            RegisterOp::Write(value) => Step::Any(vec![*state, value]),
            _ => Step::Reject,
        }
    }

    fn forget(&self, op: &RegisterOp) -> Option<RegisterOp> {
        matches!(op, RegisterOp::Write(_)).then_some(*op)
    }

    fn pure(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Read(_))
    }
}

#[test]
fn nondeterministic_models() {
    let pool: Vec<RegisterOp> =
        (0..4).flat_map(|v| [RegisterOp::Read(v), RegisterOp::Write(v)]).collect();
    fuzz("forgetful register", &Forgetful, &pool);
}
