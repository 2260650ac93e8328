//! How small the cores of violations are, and how long they take.
//!
//! `cargo bench -p schism-checkers --bench violations`, with a part of a row's name behind `--` for
//! some of them, `--seeds N` for more or fewer than fifty histories, and `--write DIRECTORY` to keep
//! the first of each row with what is said about it. Each row draws histories
//! of ten thousand operations by ten clients in which one operation, somewhere in the last half,
//! answered from what the object was a while before, and judges them: from records in memory to an
//! explained violation, on one thread. A lie that can be explained all the same is told another
//! time. Rows of monitors count the records from a lie of one of 10, 20 or 40 clients to the alarm; the
//! last of them watch a million records.

#[path = "violations/objects.rs"]
mod objects;
#[path = "linearizability/random.rs"]
mod random;

use objects::{
    Accounts, Collection, Elements, First, Ids, Lock, Log, Multi, Number, Object, Registers,
    Request,
};
use random::Random;
use schism_checkers::linearizability::{
    ModelKind, Monitor, Options, Verdict, check_history, explanation,
};
use schism_history::{Entry, History, OpEvent, OpKind, Record, Value, write_jsonl};
use std::collections::VecDeque;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const OPERATIONS: usize = 10_000;
const CLIENTS: u64 = 10;
/// How many copies of the object's past are kept, each some operations apart.
const PAST: usize = 8;
const APART: usize = 12;

/// What a client is doing.
enum Client {
    Idle,
    /// It asked.
    Asked(Request),
    /// The object answered, the client does not know yet.
    Answered(Request, Result<Value, &'static str>),
}

/// Records of clients that use an object which lies once, not before `lie` operations began; with
/// `crashed` of a thousand operations nobody knows whether they happened.
fn history(object: Box<dyn Object>, seed: u64, lie: usize, crashed: u32) -> History {
    let mut records = Vec::new();
    let asked = Asked { seed, clients: CLIENTS, operations: OPERATIONS, lie, crashed };
    run(object, &asked, &mut |record| {
        records.push(record);
        true
    });
    History { records, ..History::default() }
}

/// What is asked of a run.
struct Asked {
    seed: u64,
    clients: u64,
    operations: usize,
    /// How many operations have begun by the time of the lie.
    lie: usize,
    /// Of a thousand operations, how many crash.
    crashed: u32,
}

/// The same, told of one by one for as long as somebody listens. Gives the record that lies.
fn run(
    mut object: Box<dyn Object>,
    asked: &Asked,
    tell: &mut dyn FnMut(Record) -> bool,
) -> Option<u64> {
    let Asked { operations, lie, crashed, .. } = *asked;
    let mut random = Random::new(asked.seed);
    let (mut told, mut heard) = (0, true);
    // A process ends with an operation of which nobody knows; another takes its place.
    let mut next = asked.clients;
    let (mut liar, mut lies) = (None, None);
    let mut clients: Vec<(u64, Client, Option<Request>)> =
        (0..asked.clients).map(|process| (process, Client::Idle, None)).collect();
    let mut past: VecDeque<Box<dyn Object>> = VecDeque::new();
    let (mut begun, mut performed, mut lied, mut waited) = (0, 0, false, 0);
    while heard
        && (begun < operations
            || clients.iter().any(|(_, client, _)| !matches!(client, Client::Idle)))
    {
        let at = random.below(asked.clients as u32) as usize;
        let (process, client, last) = &mut clients[at];
        let (own, now) = (*process, told);
        let mut record = |kind, request: &Request, value, error: Option<&str>| {
            let (f, key) = (request.f.into(), request.key.clone());
            let error = error.map(Into::into);
            let event = OpEvent { process: own, kind, f, key, value, error, node: None };
            let (index, entry) = (told, Entry::Op(event));
            told += 1;
            heard &= tell(Record { index, time: index * 1_000_000, entry });
        };
        match std::mem::replace(client, Client::Idle) {
            Client::Idle if begun < operations => {
                let request = object.request(&mut random, last.as_ref());
                record(OpKind::Invoke, &request, request.input.clone(), None);
                begun += 1;
                *client = Client::Asked(request);
            }
            Client::Idle => {}
            Client::Asked(request) => {
                if past.len() < PAST || performed % APART == 0 {
                    past.push_back(object.copy());
                    past.truncate(PAST + 1);
                    if past.len() > PAST {
                        past.pop_front();
                    }
                }
                let before = object.copy();
                let mut answer = object.perform(own, &request);
                if !lied && begun > lie {
                    let mut was = past[random.below(past.len() as u32) as usize].copy();
                    let stale = was.perform(own, &request);
                    if stale.is_some() && stale != answer {
                        (answer, object, lied) = (stale, before, true);
                        liar = Some(at);
                    }
                }
                *client = match answer {
                    Some(answer) => {
                        (performed, waited) = (performed + 1, 0);
                        Client::Answered(request, answer)
                    }
                    // Nobody will answer those that still wait at the end.
                    None if waited > 10_000 => Client::Idle,
                    None => {
                        waited += 1;
                        Client::Asked(request)
                    }
                };
            }
            Client::Answered(request, answer) => {
                if lies.is_none() && liar == Some(at) {
                    lies = Some(now);
                }
                match answer {
                    _ if random.below(1000) < crashed && object.leave(own, &request) => {
                        record(OpKind::Info, &request, request.input.clone(), Some("timeout"));
                        (*process, *last, next) = (next, None, next + 1);
                        continue;
                    }
                    Ok(value) => record(OpKind::Ok, &request, value, None),
                    Err(error) => {
                        record(OpKind::Fail, &request, request.input.clone(), Some(error));
                    }
                }
                *last = Some(request);
            }
        }
    }
    lies
}

/// What a monitor holds of a million records, how long it takes for each, and how many records
/// after the lie it tells.
fn watch(name: &str, model: &str, object: &dyn Fn() -> Box<dyn Object>) {
    if !Arguments::read().wants(name) {
        return;
    }
    let kind = ModelKind::parse(model).expect("a model's name");
    let mut monitor = Monitor::new(&kind, &Options::default()).expect("a model to watch by");
    let (mut count, mut alarm, mut held, begun) = (0u64, None, [0; 2], spent());
    let asked = Asked { seed: 1, clients: CLIENTS, operations: 505_000, lie: 500_000, crashed: 0 };
    run(object(), &asked, &mut |record| {
        count += 1;
        if let Some(at) = [100_000, 1_000_000].iter().position(|n| *n == count) {
            held[at] = resident();
        }
        let raised = monitor.push(&record).expect("a well-formed history");
        let polled = if count % 100 == 0 { monitor.poll() } else { None };
        alarm = raised.or(polled);
        alarm.is_none()
    });
    let micros = (spent() - begun) * 1e3 / count as f64;
    println!(
        "{name:26} {count} records, {micros:.2} µs each; {} kB resident after 100 000, {} kB after \
         1 000 000; {}",
        held[0],
        held[1],
        alarm.map_or("no alarm".into(), |alarm| format!("alarm: {}", alarm.sentence))
    );
}

/// Of histories of so many clients that cannot be explained, how many a monitor tells of, how many
/// records after the one that lies, and how long it takes for a record.
fn delay(name: &str, model: &str, object: &dyn Fn() -> Box<dyn Object>) {
    const SEEDS: u64 = 10;
    let kind = ModelKind::parse(model).expect("a model's name");
    let time = Some(Duration::from_secs(3));
    let options = Options { explain: false, order: false, threads: 1, time, ..Options::default() };
    for clients in
        [10, 20, 40].into_iter().filter(|n| Arguments::read().wants(&format!("{name} {n}")))
    {
        let (mut violations, mut unknown, mut lost) = (0, 0, 0);
        let (mut delays, mut micros): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut silent = 0;
        for seed in 1..=SEEDS {
            let asked = Asked { seed, clients, operations: 4_000, lie: 3_000, crashed: 0 };
            let mut records = Vec::new();
            let lies = run(object(), &asked, &mut |record| {
                records.push(record);
                true
            });
            let history = History { records, ..History::default() };
            let report = check_history(&history, &kind, &options).expect("a well-formed history");
            let violated = matches!(report.verdict, Verdict::Violation(_));
            violations += usize::from(violated);
            unknown += usize::from(matches!(report.verdict, Verdict::Unknown { .. }));
            let patience = Options { configurations: 10_000, ..Options::default() };
            let mut monitor = Monitor::new(&kind, &patience).expect("a model to watch by");
            let (mut alarm, begun) = (None, spent());
            for (record, count) in history.records.iter().zip(1..) {
                let raised = monitor.push(record).expect("a well-formed history");
                alarm = if raised.is_none() && count % 100 == 0 { monitor.poll() } else { raised };
                if alarm.is_some() {
                    assert!(!matches!(report.verdict, Verdict::Linearizable { .. }), "{alarm:?}");
                    delays.push(count as f64 - 1.0 - lies.unwrap_or(0) as f64);
                    break;
                }
            }
            micros.push((spent() - begun) * 1e3 / history.records.len() as f64);
            lost += usize::from(alarm.is_none() && monitor.lost() > 0);
            silent += usize::from(violated && alarm.is_none());
        }
        let (delay, longest) = spread(delays);
        println!(
            "{name:26} {clients} clients: {violations:2} violations, {unknown} unknown; {silent} \
             not told, {lost} not followed; told after {delay:.0} records, at most {longest:.0}; \
             {:.2} µs a record, at most {:.2}",
            spread(micros.clone()).0,
            spread(micros).1
        );
    }
}

/// Kilobytes of memory in use.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Milliseconds spent on the processor, where the system tells: on a machine that does something
/// else besides, a clock on the wall says little.
fn spent() -> f64 {
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    match own.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()) {
        Some(nanos) => nanos / 1e6,
        None => BEGUN.elapsed().as_secs_f64() * 1e3,
    }
}

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The middle and the greatest of some numbers.
fn spread(mut numbers: Vec<f64>) -> (f64, f64) {
    numbers.sort_by(f64::total_cmp);
    (numbers.get(numbers.len() / 2).copied().unwrap_or(0.0), numbers.last().copied().unwrap_or(0.0))
}

#[derive(Default)]
struct Arguments {
    part: Option<String>,
    seeds: u64,
    keep: Option<String>,
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        self.part.as_ref().is_none_or(|part| name.contains(part))
    }

    fn read() -> Arguments {
        let mut read = Arguments { seeds: 50, ..Arguments::default() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seeds" => {
                    let seeds = arguments.next().and_then(|n| n.parse().ok());
                    read.seeds = seeds.expect("a number behind --seeds");
                }
                "--write" => read.keep = arguments.next(),
                // Cargo's own.
                flag if flag.starts_with('-') => {}
                _ => read.part = Some(argument),
            }
        }
        read
    }
}

fn row(name: &str, model: &str, object: &dyn Fn() -> Box<dyn Object>, crashed: u32) {
    let arguments = Arguments::read();
    if !arguments.wants(name) {
        return;
    }
    let Arguments { seeds, keep, .. } = arguments;
    let kind = ModelKind::parse(model).expect("a model's name");
    let options = Options { threads: 1, ..Options::default() };
    let brief = Options { explain: false, ..options.clone() };
    let (mut sizes, mut optional, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut explaining, mut leaning) = (Vec::new(), 0);
    let (mut unconfirmed, mut unknown, mut slowest) = (0, 0, (0.0, 0));
    for seed in 1..=seeds {
        // A lie that somebody might have seen all the same is no violation.
        for attempt in 0.. {
            let lie = OPERATIONS / 2 + (seed as usize * 97 + attempt * 31) % (OPERATIONS / 2 - 200);
            let history = history(object(), seed, lie, crashed);
            let begun = spent();
            let report = check_history(&history, &kind, &options).expect("a well-formed history");
            let time = spent() - begun;
            match &report.verdict {
                Verdict::Violation(violation) => {
                    sizes.push((violation.core.mandatory.len() + violation.core.omitted) as f64);
                    optional.push(violation.core.optional.len() as f64);
                    unconfirmed += usize::from(!violation.core.confirmed);
                    leaning += usize::from(violation.core.after > 0);
                    let begun = spent();
                    check_history(&history, &kind, &brief).expect("the same history");
                    explaining.push(time - (spent() - begun));
                    times.push(time);
                    if time > slowest.0 {
                        slowest = (time, seed);
                    }
                    if let (1, Some(directory)) = (seed, &keep) {
                        let path = format!("{directory}/{}", name.replace(' ', "-"));
                        let file = std::fs::File::create(format!("{path}.jsonl"));
                        let file = file.expect("a directory to write to");
                        write_jsonl(&history, file).expect("space to write");
                        for (kind, page) in [
                            ("html", explanation::html(&report)),
                            ("txt", explanation::text(&report)),
                        ] {
                            std::fs::write(format!("{path}.{kind}"), page).expect("space to write");
                        }
                    }
                }
                Verdict::Unknown { .. } => unknown += 1,
                Verdict::Linearizable { .. } if attempt < 50 => continue,
                Verdict::Linearizable { .. } => {}
            }
            break;
        }
    }
    let ((size, largest), (time, longest)) = (spread(sizes), spread(times.clone()));
    let (most, (explaining, slow)) = (spread(optional).1, spread(explaining));
    println!(
        "{name:26} {:3} violations, {unknown} unknown, {unconfirmed} unconfirmed; core {size:2.0}, at \
         most {largest:3.0} (and {most:2.0} optional), {leaning:2} after others; {time:6.1} ms, at \
         most {longest:7.1} (seed {}), of which to explain {explaining:6.1}, at most {slow:7.1}",
        times.len(),
        slowest.1
    );
}

type Named = (&'static str, &'static str, fn() -> Box<dyn Object>);

/// The objects, each by a name and by its model.
const OBJECTS: [Named; 23] = [
    ("register", "register", || Box::new(Registers::new(0, None, 0, 0))),
    ("register few values", "register", || Box::new(Registers::new(0, Some(5), 0, 0))),
    ("cas-register", "cas-register", || Box::new(Registers::new(0, Some(5), 33, 0))),
    ("kv append", "kv", || Box::new(Registers::new(10, None, 0, 50))),
    ("kv cas", "kv", || Box::new(Registers::new(10, Some(5), 33, 0))),
    ("kv append and cas", "kv", || Box::new(Registers::new(50, None, 10, 30))),
    ("multi-register", "multi-register", || Box::new(Multi::default())),
    ("mutex", "mutex", || Box::new(Lock::new(1, false, false))),
    ("reentrant-lock", "reentrant-lock:2", || Box::new(Lock::new(1, true, false))),
    ("fenced-lock", "fenced-lock", || Box::new(Lock::new(1, false, true))),
    ("semaphore", "semaphore:3", || Box::new(Lock::new(3, false, false))),
    ("fifo-queue", "fifo-queue", || Box::new(Collection::new(First::In, None))),
    ("stack", "stack", || Box::new(Collection::new(First::Last, None))),
    ("priority-queue", "priority-queue", || Box::new(Collection::new(First::Greatest, Some(1000)))),
    ("set", "set", || Box::new(Elements::new(false, 100))),
    ("set read", "set", || Box::new(Elements::new(true, 30))),
    ("counter", "counter", || Box::new(Number::new(false, false))),
    ("counter add-and-get", "counter", || Box::new(Number::new(false, true))),
    ("append-log", "append-log", || Box::new(Log::default())),
    ("bank", "bank:10", || Box::new(Accounts::new(5))),
    ("bank found", "bank", || Box::new(Accounts::new(5))),
    ("unique-id", "unique-id", || Box::new(Ids::default())),
    ("max-register", "max-register", || Box::new(Number::new(true, false))),
];

fn main() {
    for (name, model, object) in OBJECTS {
        row(name, model, &object, 0);
    }
    for (name, model, object) in OBJECTS {
        row(&format!("{name} crashed"), model, &object, 3);
    }
    for (name, model, object) in OBJECTS {
        delay(&format!("monitor {name}"), model, &object);
    }
    watch("monitor register", "register", &|| Box::new(Registers::new(0, None, 0, 0)));
    watch("monitor cas-register", "cas-register", &|| Box::new(Registers::new(0, Some(5), 33, 0)));
    watch("monitor kv", "kv", &|| Box::new(Registers::new(10, None, 0, 0)));
    watch("monitor mutex", "mutex", &|| Box::new(Lock::new(1, false, false)));
    watch("monitor fifo-queue", "fifo-queue", &|| Box::new(Collection::new(First::In, None)));
    watch("monitor stack", "stack", &|| Box::new(Collection::new(First::Last, None)));
    watch("monitor priority-queue", "priority-queue", &|| {
        Box::new(Collection::new(First::Greatest, Some(1000)))
    });
    watch("monitor set", "set", &|| Box::new(Elements::new(false, 100)));
    watch("monitor counter", "counter", &|| Box::new(Number::new(false, false)));
    watch("monitor max-register", "max-register", &|| Box::new(Number::new(true, false)));
}
