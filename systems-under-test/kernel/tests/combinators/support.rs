//! A host for one component, and components that do what they are told.

use proptest::prelude::*;
use schism_kernel::{
    Abstraction, Choices, Component, Env, Indication, Input, Note, Outbox, ProcessId, Stable,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a component asked for.
#[derive(Debug, PartialEq)]
pub enum Effect<M, I, T, S, K> {
    Send(ProcessId, M),
    Indicate(I),
    SetTimer(T, Duration),
    CancelTimer(T),
    Store(S),
    Erase(K),
    Mark(&'static str),
}

pub type EffectOf<C> = Effect<
    <C as Component>::Message,
    Indication<<C as Component>::Provides>,
    <C as Component>::Timer,
    <C as Component>::Stable,
    <<C as Component>::Stable as Stable>::Key,
>;

/// An outbox that remembers.
pub struct Recorder<C: Component>(pub Vec<EffectOf<C>>);

impl<C: Component> Outbox<C> for Recorder<C> {
    fn send(&mut self, to: ProcessId, message: C::Message) {
        self.0.push(Effect::Send(to, message));
    }
    fn indicate(&mut self, event: Indication<C::Provides>) {
        self.0.push(Effect::Indicate(event));
    }
    fn set_timer(&mut self, timer: C::Timer, after: Duration) {
        self.0.push(Effect::SetTimer(timer, after));
    }
    fn cancel_timer(&mut self, timer: C::Timer) {
        self.0.push(Effect::CancelTimer(timer));
    }
    fn store(&mut self, variable: C::Stable) {
        self.0.push(Effect::Store(variable));
    }
    fn erase(&mut self, key: <C::Stable as Stable>::Key) {
        self.0.push(Effect::Erase(key));
    }
    fn note(&mut self, _: Note) {}
    fn mark(&mut self, situation: &'static str) {
        self.0.push(Effect::Mark(situation));
    }
}

/// Randomness without any.
pub struct First;
impl Choices for First {
    fn choose(&mut self, _: u32) -> u32 {
        0
    }
}

pub const ALL: [ProcessId; 3] = [ProcessId(0), ProcessId(1), ProcessId(2)];

/// Runs `f` in the surroundings of process 0.
pub fn with_env<R>(f: impl FnOnce(&mut Env<'_>) -> R) -> R {
    let (me, all, now) = (ProcessId(0), &ALL, Duration::ZERO);
    f(&mut Env { me, all, now, incarnation: 0, choices: &mut First })
}

/// Hands one input to a component and returns what it asked for.
pub fn step<C: Component>(component: &mut C, input: Input<C>) -> Vec<EffectOf<C>> {
    let mut out = Recorder(Vec::new());
    with_env(|env| component.step(input, env, &mut out));
    out.0
}

/// What a puppet can be told to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Act {
    Send(u8),
    Indicate(u8),
    SetTimer(u8),
    CancelTimer(u8),
    Store(u8, u8),
    Erase(u8),
    Mark,
}

impl Act {
    /// What it looks like from outside, when its parts are wrapped like this.
    pub fn effect<M, I, T, S, K>(
        &self,
        message: impl Fn(u8) -> M,
        indication: impl Fn(u8) -> I,
        timer: impl Fn(u8) -> T,
        variable: impl Fn(Variable) -> S,
        key: impl Fn(u8) -> K,
    ) -> Effect<M, I, T, S, K> {
        match *self {
            Act::Send(n) => Effect::Send(ProcessId(1), message(n)),
            Act::Indicate(n) => Effect::Indicate(indication(n)),
            Act::SetTimer(n) => Effect::SetTimer(timer(n), Duration::from_millis(n.into())),
            Act::CancelTimer(n) => Effect::CancelTimer(timer(n)),
            Act::Store(k, v) => Effect::Store(variable(Variable(k, v))),
            Act::Erase(k) => Effect::Erase(key(k)),
            Act::Mark => Effect::Mark("reached"),
        }
    }
}

pub fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        any::<u8>().prop_map(Act::Send),
        any::<u8>().prop_map(Act::Indicate),
        any::<u8>().prop_map(Act::SetTimer),
        any::<u8>().prop_map(Act::CancelTimer),
        any::<(u8, u8)>().prop_map(|(k, v)| Act::Store(k, v)),
        any::<u8>().prop_map(Act::Erase),
        Just(Act::Mark),
    ]
}

pub fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..6)
}

/// A variable on stable storage: its key and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Variable(pub u8, pub u8);
impl Stable for Variable {
    type Key = u8;
    fn key(&self) -> u8 {
        self.0
    }
}

/// The abstraction of a component that does what it is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Obeying;
impl Abstraction for Obeying {
    type Request = Vec<Act>;
    type Indication = u8;
}

/// A component that does what it is told: by requests, messages and timers alike. It remembers
/// what it recovered.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Puppet {
    pub recovered: Vec<Variable>,
    pub heard: Vec<u8>,
}

impl Component for Puppet {
    type Provides = Obeying;
    type Message = u8;
    type Timer = u8;
    type Stable = Variable;

    fn step(&mut self, input: Input<Self>, _: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        match input {
            Input::Init | Input::Learn(_) => {}
            Input::Recover(stored) => self.recovered = stored,
            Input::Message(_, n) | Input::Timeout(n) => self.heard.push(n),
            Input::Request(acts) => {
                for act in acts {
                    match act {
                        Act::Send(n) => out.send(ProcessId(1), n),
                        Act::Indicate(n) => out.indicate(n),
                        Act::SetTimer(n) => out.set_timer(n, Duration::from_millis(n.into())),
                        Act::CancelTimer(n) => out.cancel_timer(n),
                        Act::Store(k, v) => out.store(Variable(k, v)),
                        Act::Erase(k) => out.erase(k),
                        Act::Mark => out.mark("reached"),
                    }
                }
            }
        }
    }
}
