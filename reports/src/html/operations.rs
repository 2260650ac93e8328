//! Operations, as the timeline draws them.

use super::data::{Names, around, differences, micros, short};
use crate::words;
use schism_history::{Nanos, Operation, Outcome, Value};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// The most operations that are drawn one by one.
const OPERATIONS: usize = 100_000;
/// About how many characters all operations' texts may have together.
const TEXT: usize = 4_000_000;
/// Into how many bins of time the others are counted.
const BINS: u64 = 2_000;

/// Operations by column.
#[derive(Default, Serialize)]
pub(super) struct Ops {
    pub lanes: usize,
    names: Vec<String>,
    lane: Vec<usize>,
    process: Vec<u64>,
    node: Vec<i32>,
    outcome: Vec<u8>,
    begin: Vec<u64>,
    took: Vec<i64>,
    index: Vec<u64>,
    done: Vec<u64>,
    /// The object it was on, by number; -1 where there is but one.
    key: Vec<i32>,
    call: Vec<String>,
    result: Vec<String>,
    /// What there is beside the operations that are here one by one.
    crowd: Option<Crowd>,
    #[serde(skip)]
    pub note: Option<String>,
}

/// Operations that are too many to be here one by one, counted by bins of time.
#[derive(Serialize)]
struct Crowd {
    /// From when to when operations are here one by one.
    between: [u64; 2],
    /// Width of a bin.
    bin: u64,
    /// Operations invoked in each bin by outcome, those included that are here one by one.
    counts: Vec<[u64; 3]>,
}

impl Ops {
    pub fn of(operations: &[Operation], centre: (Nanos, Nanos), end: Nanos) -> Ops {
        let times: Vec<Nanos> = operations.iter().map(|o| o.begin).collect();
        let kept = around(&times, centre, OPERATIONS);
        let mut ops = Ops::default();
        if kept.len() < times.len() {
            let between = [times[kept.start], times[kept.end - 1]];
            ops.note = Some(format!(
                "Of {} operations, the {} invoked from {} to {} are drawn one by one; outside that \
                 time they are counted.",
                words::count(times.len() as u64),
                words::count(kept.len() as u64),
                words::moment(between[0]),
                words::moment(between[1]),
            ));
            ops.crowd = Some(Crowd::of(operations, between.map(micros), end));
        }
        let kept = &operations[kept];
        let most = (TEXT / 2 / kept.len().max(1)).clamp(24, 120);
        let text = |value: &Value| short(&words::plain(&value.to_string()), most);
        (ops.names, ops.lane) = lanes(kept, end);
        ops.lanes = ops.names.len();
        let mut keys = Names::default();
        for operation in kept {
            ops.process.push(operation.process);
            ops.node.push(operation.node.map_or(-1, |n| i32::from(n.0)));
            ops.outcome.push(number(operation.outcome));
            ops.begin.push(micros(operation.begin));
            let took = |end: Nanos| micros(end).saturating_sub(micros(operation.begin)) as i64;
            ops.took.push(operation.end.map_or(-1, took));
            ops.index.push(operation.invoked);
            ops.done.push(operation.completed.map_or(0, |c| c.saturating_sub(operation.invoked)));
            let mut call = short(&words::plain(&operation.f), most);
            if !operation.input.is_nil() {
                call = format!("{call} {}", text(&operation.input));
            }
            let key = operation.key.as_ref().map(|key| keys.number(&key.to_string()));
            ops.key.push(key.and_then(|number| i32::try_from(number).ok()).unwrap_or(-1));
            if let Some(key) = &operation.key {
                call = format!("{call} (key {})", text(key));
            }
            ops.call.push(call);
            ops.result.push(match (&operation.error, operation.outcome) {
                (Some(error), _) => short(&words::plain(error), most),
                (None, Outcome::Ok) if operation.output != operation.input => {
                    text(&operation.output)
                }
                (None, _) => String::new(),
            });
        }
        differences(&mut ops.index);
        differences(&mut ops.begin);
        ops
    }
}

fn number(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Fail => 1,
        Outcome::Info => 2,
    }
}

impl Crowd {
    fn of(operations: &[Operation], between: [u64; 2], end: Nanos) -> Crowd {
        let bin = (micros(end) / BINS).max(1);
        let mut counts = vec![[0; 3]; (micros(end) / bin) as usize + 1];
        for operation in operations {
            let at = ((micros(operation.begin) / bin) as usize).min(counts.len() - 1);
            counts[at][usize::from(number(operation.outcome))] += 1;
        }
        Crowd { between, bin, counts }
    }
}

/// The lanes' names, and the lane of each operation. A process keeps its lane; the lane of one
/// that is over goes to the next new one, as a client goes on under a new name after `info`.
fn lanes(operations: &[Operation], end: Nanos) -> (Vec<String>, Vec<usize>) {
    // When each process began and was over.
    let mut lives: BTreeMap<u64, (Nanos, Nanos)> = BTreeMap::new();
    for operation in operations {
        let over = operation.end.unwrap_or(end);
        let life = lives.entry(operation.process).or_insert((operation.begin, over));
        life.1 = life.1.max(over);
    }
    let mut lane_of: HashMap<u64, usize> = HashMap::new();
    // Until when each lane is taken, and by whom.
    let mut lanes: Vec<(Nanos, Vec<u64>)> = Vec::new();
    for (process, (begin, over)) in lives {
        let free = lanes.iter().position(|(until, _)| *until <= begin);
        let lane = free.unwrap_or_else(|| {
            lanes.push((0, Vec::new()));
            lanes.len() - 1
        });
        lanes[lane].0 = over;
        lanes[lane].1.push(process);
        lane_of.insert(process, lane);
    }
    let names = lanes.iter().map(|(_, processes)| match processes[..] {
        [one] => format!("process {one}"),
        [first, second] => format!("{first}, {second}"),
        _ => format!("{}, {}, …", processes[0], processes[1]),
    });
    (names.collect(), operations.iter().map(|o| lane_of[&o.process]).collect())
}
