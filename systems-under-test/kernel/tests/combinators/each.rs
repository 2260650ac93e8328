//! Instances that share what is below them behave as instances that do not.

use crate::support::{ALL, Effect, Variable, step};
use schism_kernel::{
    Algorithm, Cx, Deliver, Each, Indication, Input, Net, PerfectLink, ProcessId, Send, Stable,
    Two, layer,
};
use std::time::Duration;

/// Sends what it is told, and tells when it has heard from everybody else as often.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Counter {
    heard: u8,
    told: u8,
    recovered: Vec<Variable>,
}

impl Algorithm for Counter {
    type Implements = PerfectLink<u8>;
    type Uses = PerfectLink<u8>;
    type Timer = u8;
    type Stable = Variable;

    fn upon_recovery(&mut self, stored: Vec<Variable>, _: &mut Cx<'_, Self>) {
        self.recovered = stored;
    }

    fn upon_request(&mut self, Send(q, m): Send<u8>, cx: &mut Cx<'_, Self>) {
        cx.store(Variable(m, m));
        cx.set_timer(m, Duration::from_millis(m.into()));
        cx.trigger(Send(q, m));
    }

    fn upon_indication(&mut self, _: Indication<Self::Uses>, _: &mut Cx<'_, Self>) {
        self.heard += 1;
    }

    fn upon_timeout(&mut self, timer: u8, cx: &mut Cx<'_, Self>) {
        cx.erase(timer);
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let due = self.heard >= 2 * (self.told + 1);
        if due {
            self.told += 1;
            cx.indicate(Deliver(cx.me, self.told));
        }
        due
    }
}

type Stack = schism_kernel::Layer<Each<u64, Counter>, Net<PerfectLink<(u64, u8)>>>;

fn stack() -> Stack {
    layer(Each::of(Counter::default()), Net::default())
}

#[test]
fn what_an_instance_asks_for_goes_out_under_its_key() {
    let mut stack = stack();
    let effects = step(&mut stack, Input::Request((7, Send(ALL[1], 3))));
    let expected = [
        Effect::Store(Two::A((7, Variable(3, 3)))),
        Effect::SetTimer(Two::A((7, 3)), Duration::from_millis(3)),
        Effect::Send(ALL[1], (7, 3)),
    ];
    assert_eq!(effects, expected);
    let effects = step(&mut stack, Input::Timeout(Two::A((7, 3))));
    assert_eq!(effects, [Effect::Erase(Two::A((7, 3)))]);
}

#[test]
fn what_arrives_is_heard_by_the_instance_it_is_for_and_conditions_are_looked_at() {
    let mut stack = stack();
    let mut hear = |from: ProcessId, key: u64| step(&mut stack, Input::Message(from, (key, 0)));
    assert_eq!(hear(ALL[1], 1), []);
    assert_eq!(hear(ALL[1], 2), []);
    assert_eq!(hear(ALL[2], 1), [Effect::Indicate((1, Deliver(ALL[0], 1)))]);
    assert_eq!(hear(ALL[2], 2), [Effect::Indicate((2, Deliver(ALL[0], 1)))]);
    assert_eq!(hear(ALL[2], 2), []);
    // What an instance sends to itself comes back to it alone.
    let effects = step(&mut stack, Input::Request((2, Send(ALL[0], 3))));
    assert_eq!(effects.last(), Some(&Effect::Indicate((2, Deliver(ALL[0], 2)))));
}

#[test]
fn every_instance_recovers_what_it_stored() {
    let mut stack = stack();
    let stored = [(1, Variable(0, 4)), (2, Variable(0, 5)), (1, Variable(1, 6))].map(Two::A);
    assert!(stored.iter().all(|variable| matches!(variable.key(), Two::A((1 | 2, _)))));
    step(&mut stack, Input::Recover(stored.to_vec()));
    let recovered = |key| stack.above.get(&key).map(|one: &Counter| one.recovered.clone());
    assert_eq!(recovered(1), Some(vec![Variable(0, 4), Variable(1, 6)]));
    assert_eq!(recovered(2), Some(vec![Variable(0, 5)]));
    assert_eq!(recovered(3), None);
}
