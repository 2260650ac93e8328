//! Mutual exclusion: mutex, reentrant lock, fenced lock, semaphore.

use crate::linearizability::fast::{self, Shortcut};
use crate::linearizability::history::{Mismatch, RawCall, Translate};
use crate::linearizability::kind::{Model, ModelKind};
use crate::linearizability::model::{Call, Spec, Step};
use crate::linearizability::{CheckError, Deadline, Options};
use schism_history::{Outcome, Value};
use smallvec::{SmallVec, smallvec};

/// What can be done to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockOp {
    /// This process took it (a semaphore: took so many permits), and was given this token.
    Acquire(u64, Option<i64>),
    /// This process gave it back (a semaphore: gave back so many permits).
    Release(u64),
}

fn describe(op: &LockOp) -> String {
    match op {
        LockOp::Acquire(_, None) => "acquire".into(),
        LockOp::Acquire(_, Some(token)) => format!("acquire returned token {token}"),
        LockOp::Release(_) => "release".into(),
    }
}

/// That a process takes a lock, as a number.
fn taken_by(process: u64) -> u64 {
    process << 1 | 1
}

/// That a process gives a lock back.
fn given_by(process: u64) -> u64 {
    process << 1
}

/// What an operation on a lock with an owner brings of what others need.
fn brings(op: &LockOp) -> SmallVec<[u64; 2]> {
    smallvec![match *op {
        LockOp::Acquire(process, _) => taken_by(process),
        LockOp::Release(process) => given_by(process),
    }]
}

/// What an operation on a lock with this owner needs that does not accept it: who holds it must
/// give it back, or whoever does not must take it.
fn needs(owner: Option<u64>, op: &LockOp) -> SmallVec<[u64; 2]> {
    match *op {
        LockOp::Acquire(..) => owner.map(given_by).into_iter().collect(),
        LockOp::Release(process) => smallvec![taken_by(process)],
    }
}

/// Reads `acquire` and `release`; what did not happen tells nothing.
fn translate(
    call: &RawCall<'_>,
    acquire: impl FnOnce() -> Result<LockOp, Mismatch>,
    release: impl FnOnce() -> Result<LockOp, Mismatch>,
) -> Result<Option<LockOp>, Mismatch> {
    let op = match call.f() {
        "acquire" | "lock" => acquire(),
        "release" | "unlock" => release(),
        _ => return Err(Mismatch::function(call, "`acquire`, `release`")),
    }?;
    Ok((call.outcome() != Outcome::Fail).then_some(op))
}

/// The number a lock starts from, or `otherwise`.
fn number(kind: &ModelKind, otherwise: i64, expected: &'static str) -> Result<i64, CheckError> {
    match &kind.initial {
        None => Ok(otherwise),
        Some(Value::Int(number)) if *number >= 0 => Ok(*number),
        Some(other) => Err(CheckError::Initial {
            model: kind.model.name(),
            initial: other.to_string(),
            expected,
        }),
    }
}

/// A lock that does not know its owner.
#[derive(Clone, Debug, Default)]
pub struct Mutex;

impl Spec for Mutex {
    type Op = LockOp;
    type State = bool;

    fn init(&self) -> Vec<bool> {
        vec![false]
    }

    fn step(&self, held: &bool, op: &LockOp, _: &Deadline) -> Step<bool> {
        match op {
            LockOp::Acquire(..) => Step::when(!held, || true),
            LockOp::Release(_) => Step::when(*held, || false),
        }
    }

    fn forget(&self, op: &LockOp) -> Option<LockOp> {
        Some(*op)
    }

    fn describe(&self, op: &LockOp) -> String {
        describe(op)
    }

    fn describe_state(&self, held: &bool) -> String {
        if *held { "held".into() } else { "free".into() }
    }

    fn why_not(&self, held: &bool, _: &LockOp) -> String {
        format!("the lock was {}", self.describe_state(held))
    }
}

impl Translate for Mutex {
    const MODEL: Model = Model::Mutex;

    fn starting(_: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(Mutex)
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<LockOp>, Mismatch> {
        // Who acts does not matter, so that all acquisitions are alike.
        translate(call, || Ok(LockOp::Acquire(0, None)), || Ok(LockOp::Release(0)))
    }
}

/// A lock that its owner may take again, up to a number of times.
#[derive(Clone, Debug)]
pub struct ReentrantLock {
    /// How often it may be held at once by its owner.
    pub limit: u32,
}

impl Spec for ReentrantLock {
    type Op = LockOp;
    type State = Option<(u64, u32)>;

    fn init(&self) -> Vec<Self::State> {
        vec![None]
    }

    fn step(&self, held: &Self::State, op: &LockOp, _: &Deadline) -> Step<Self::State> {
        match (op, held) {
            (LockOp::Acquire(process, _), None) => Step::To(Some((*process, 1))),
            (LockOp::Acquire(process, _), Some((owner, times))) => {
                Step::when(owner == process && *times < self.limit, || Some((*owner, times + 1)))
            }
            (LockOp::Release(process), Some((owner, times))) => {
                Step::when(owner == process, || (*times > 1).then_some((*owner, times - 1)))
            }
            (LockOp::Release(_), None) => Step::Reject,
        }
    }

    fn forget(&self, op: &LockOp) -> Option<LockOp> {
        Some(*op)
    }

    fn tells_needs(&self) -> bool {
        true
    }

    fn needs(&self, held: &Self::State, op: &LockOp) -> SmallVec<[u64; 2]> {
        match self.step(held, op, &Deadline::never()) {
            Step::Reject => needs(held.map(|(owner, _)| owner), op),
            _ => SmallVec::new(),
        }
    }

    fn brings(&self, op: &LockOp) -> SmallVec<[u64; 2]> {
        brings(op)
    }

    fn describe(&self, op: &LockOp) -> String {
        describe(op)
    }

    fn describe_state(&self, held: &Self::State) -> String {
        match held {
            None => "free".into(),
            Some((owner, times)) => format!("held {times} times by process {owner}"),
        }
    }

    fn why_not(&self, held: &Self::State, _: &LockOp) -> String {
        format!("the lock was {}", self.describe_state(held))
    }
}

impl Translate for ReentrantLock {
    const MODEL: Model = Model::ReentrantLock;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        let limit = number(kind, u32::MAX.into(), "how often the owner may hold it")?;
        Ok(ReentrantLock { limit: u32::try_from(limit).unwrap_or(u32::MAX) })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<LockOp>, Mismatch> {
        let process = call.invoke.process;
        translate(call, || Ok(LockOp::Acquire(process, None)), || Ok(LockOp::Release(process)))
    }
}

/// What no operation brings.
const NEVER_BROUGHT: u64 = u64::MAX;

/// Who holds a fenced lock, and the greatest token given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The owner.
    pub owner: Option<u64>,
    /// The last token, or the least it can have been.
    pub token: i64,
}

/// A lock that gives a greater token to every owner.
#[derive(Clone, Debug)]
pub struct FencedLock {
    /// Every token is greater than this.
    pub floor: i64,
}

impl Spec for FencedLock {
    type Op = LockOp;
    type State = Fence;

    fn init(&self) -> Vec<Fence> {
        vec![Fence { owner: None, token: self.floor }]
    }

    fn step(&self, state: &Fence, op: &LockOp, _: &Deadline) -> Step<Fence> {
        match *op {
            LockOp::Acquire(process, token) => {
                let least = state.token.saturating_add(1);
                Step::when(state.owner.is_none() && token.is_none_or(|t| t >= least), || Fence {
                    owner: Some(process),
                    token: token.unwrap_or(least),
                })
            }
            LockOp::Release(process) => {
                Step::when(state.owner == Some(process), || Fence { owner: None, ..*state })
            }
        }
    }

    fn forget(&self, op: &LockOp) -> Option<LockOp> {
        Some(match *op {
            LockOp::Acquire(process, _) => LockOp::Acquire(process, None),
            LockOp::Release(_) => *op,
        })
    }

    fn leaves(&self, op: &LockOp) -> Option<Fence> {
        match *op {
            LockOp::Acquire(owner, Some(token)) => Some(Fence { owner: Some(owner), token }),
            LockOp::Acquire(_, None) | LockOp::Release(_) => None,
        }
    }

    fn shortcut(&self, calls: &[Call<LockOp>], _: bool) -> Option<Shortcut<LockOp>> {
        fast::tokens(calls)
    }

    fn tells_needs(&self) -> bool {
        true
    }

    fn needs(&self, state: &Fence, op: &LockOp) -> SmallVec<[u64; 2]> {
        match (self.step(state, op, &Deadline::never()), op) {
            // Tokens only grow.
            (Step::Reject, LockOp::Acquire(_, Some(token))) if *token <= state.token => {
                smallvec![NEVER_BROUGHT]
            }
            (Step::Reject, _) => needs(state.owner, op),
            _ => SmallVec::new(),
        }
    }

    fn brings(&self, op: &LockOp) -> SmallVec<[u64; 2]> {
        brings(op)
    }

    fn describe(&self, op: &LockOp) -> String {
        describe(op)
    }

    fn describe_state(&self, state: &Fence) -> String {
        match state.owner {
            None => format!("free, last token {}", state.token),
            Some(owner) => format!("held by process {owner}, last token {}", state.token),
        }
    }

    fn why_not(&self, state: &Fence, _: &LockOp) -> String {
        format!("the lock was {}", self.describe_state(state))
    }
}

impl Translate for FencedLock {
    const MODEL: Model = Model::FencedLock;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(FencedLock { floor: number(kind, 0, "a number below every token")? })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<LockOp>, Mismatch> {
        let process = call.invoke.process;
        let acquire = || match call.output() {
            None => Ok(LockOp::Acquire(process, None)),
            Some(value) => match value.as_int() {
                Some(token) => Ok(LockOp::Acquire(process, Some(token))),
                None => Err(Mismatch::output(call, "a whole number, the token")),
            },
        };
        translate(call, acquire, || Ok(LockOp::Release(process)))
    }
}

/// A number of permits.
#[derive(Clone, Debug)]
pub struct Semaphore {
    /// How many there are.
    pub permits: u64,
}

impl Spec for Semaphore {
    type Op = LockOp;
    type State = u64;

    fn init(&self) -> Vec<u64> {
        vec![self.permits]
    }

    fn step(&self, free: &u64, op: &LockOp, _: &Deadline) -> Step<u64> {
        match op {
            LockOp::Acquire(n, _) => Step::when(n <= free, || free - n),
            LockOp::Release(n) => Step::when(free.saturating_add(*n) <= self.permits, || free + n),
        }
    }

    fn forget(&self, op: &LockOp) -> Option<LockOp> {
        Some(*op)
    }

    fn describe(&self, op: &LockOp) -> String {
        match op {
            LockOp::Acquire(1, _) => "acquire".into(),
            LockOp::Acquire(n, _) => format!("acquire of {n} permits"),
            LockOp::Release(1) => "release".into(),
            LockOp::Release(n) => format!("release of {n} permits"),
        }
    }

    fn describe_state(&self, free: &u64) -> String {
        format!("{free} of {} permits free", self.permits)
    }

    fn why_not(&self, free: &u64, _: &LockOp) -> String {
        format!("{free} of {} permits were free", self.permits)
    }
}

impl Translate for Semaphore {
    const MODEL: Model = Model::Semaphore;

    fn starting(kind: &ModelKind, _: &Options) -> Result<Self, CheckError> {
        Ok(Semaphore { permits: number(kind, 1, "a number of permits")? as u64 })
    }

    fn translate(&mut self, call: &RawCall<'_>) -> Result<Option<LockOp>, Mismatch> {
        let permits = || match call.input() {
            Value::Nil => Ok(1),
            Value::Int(n) if *n >= 0 => Ok(*n as u64),
            _ => Err(Mismatch::input(call, "nothing, or a number of permits")),
        };
        translate(
            call,
            || Ok(LockOp::Acquire(permits()?, None)),
            || Ok(LockOp::Release(permits()?)),
        )
    }
}
