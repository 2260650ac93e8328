//! Many instances of one component: `Uses: consensus (multiple instances)`.

use crate::{
    Abstraction, Component, Data, Env, Indication, Input, Knowledge, Note, Outbox, ProcessId,
    Stable, Wire,
};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

/// The abstraction of many instances of `X`, named by keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Many<K, X>(PhantomData<fn() -> (K, X)>);

impl<K: Data, X: Abstraction> Abstraction for Many<K, X> {
    type Request = (K, X::Request);
    type Indication = (K, X::Indication);
}

/// Instances of a component, each created from the prototype when it is first spoken of.
///
/// An instance that is created late first hears everything the process already knows about the
/// others, as if it had been there all along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instances<K: Ord, C> {
    prototype: C,
    live: BTreeMap<K, C>,
    /// What was learnt, without what was superseded.
    known: Vec<Knowledge>,
}

impl<K: Data, C: Component> Instances<K, C> {
    /// No instances yet.
    pub fn of(prototype: C) -> Self {
        Instances { prototype, live: BTreeMap::new(), known: Vec::new() }
    }

    /// The instance of this name, if it was ever spoken of.
    pub fn get(&self, key: &K) -> Option<&C> {
        self.live.get(key)
    }

    fn remember(&mut self, fact: Knowledge) {
        self.known.retain(|&old| !fact.outdates(old));
        if fact.lasts() {
            self.known.push(fact);
        }
    }
}

impl<K: Wire, C: Component> Instances<K, C> {
    fn step_one(&mut self, key: K, input: Input<C>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        let mut out = Keyed { key: &key, out };
        if let Some(instance) = self.live.get_mut(&key) {
            return instance.step(input, env, &mut out);
        }
        let mut instance = self.prototype.clone();
        if let Input::Recover(_) = input {
            instance.step(input, env, &mut out);
        } else {
            instance.step(Input::Init, env, &mut out);
            for fact in &self.known {
                instance.step(Input::Learn(*fact), env, &mut out);
            }
            instance.step(input, env, &mut out);
        }
        self.live.insert(key, instance);
    }
}

impl<K: Wire, C: Component> Component for Instances<K, C> {
    type Provides = Many<K, C::Provides>;
    type Message = (K, C::Message);
    type Timer = (K, C::Timer);
    type Stable = (K, C::Stable);

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        let (key, input) = match input {
            Input::Init => return,
            Input::Recover(stored) => {
                let mut by_key: BTreeMap<K, Vec<C::Stable>> = BTreeMap::new();
                for (key, variable) in stored {
                    by_key.entry(key).or_default().push(variable);
                }
                for (key, stored) in by_key {
                    self.step_one(key, Input::Recover(stored), env, out);
                }
                return;
            }
            Input::Learn(fact) => {
                self.remember(fact);
                let keys: Vec<K> = self.live.keys().cloned().collect();
                for key in keys {
                    self.step_one(key, Input::Learn(fact), env, out);
                }
                return;
            }
            Input::Request((key, event)) => (key, Input::Request(event)),
            Input::Message(from, (key, message)) => (key, Input::Message(from, message)),
            Input::Timeout((key, timer)) => (key, Input::Timeout(timer)),
        };
        self.step_one(key, input, env, out);
    }
}

/// The outbox of one instance.
struct Keyed<'a, K: Data, C: Component>
where
    Instances<K, C>: Component,
{
    key: &'a K,
    out: &'a mut dyn Outbox<Instances<K, C>>,
}

impl<K: Wire, C: Component> Outbox<C> for Keyed<'_, K, C> {
    fn send(&mut self, to: ProcessId, message: C::Message) {
        self.out.send(to, (self.key.clone(), message));
    }
    fn indicate(&mut self, event: Indication<C::Provides>) {
        self.out.indicate((self.key.clone(), event));
    }
    fn set_timer(&mut self, timer: C::Timer, after: Duration) {
        self.out.set_timer((self.key.clone(), timer), after);
    }
    fn cancel_timer(&mut self, timer: C::Timer) {
        self.out.cancel_timer((self.key.clone(), timer));
    }
    fn store(&mut self, variable: C::Stable) {
        self.out.store((self.key.clone(), variable));
    }
    fn erase(&mut self, key: <C::Stable as Stable>::Key) {
        self.out.erase((self.key.clone(), key));
    }
    fn note(&mut self, note: Note) {
        self.out.note(note);
    }
    fn mark(&mut self, situation: &'static str) {
        self.out.mark(situation);
    }
}
