//! Order: what goes through a combinator comes out once and in order.

use crate::support::{Act, Effect, Obeying, Puppet, Variable, acts, step};
use proptest::prelude::*;
use schism_kernel::{
    Algorithm, Ambient, Component, Cx, Indication, Input, Instances, Knowledge, Never, ProcessId,
    Request, Three, Two, layer,
};

fn same<T>(it: T) -> T {
    it
}

/// What an algorithm lived through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Seen {
    Begin,
    End,
    Indication(u8),
    Condition,
}

/// An algorithm that passes everything on and remembers in which order it was called.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Relay {
    seen: Vec<Seen>,
    /// Guards that hold; each asks the layer below to indicate something.
    guards: u8,
}

impl Algorithm for Relay {
    type Implements = Obeying;
    type Uses = Obeying;
    type Timer = u8;
    type Stable = Variable;

    fn upon_request(&mut self, acts: Request<Obeying>, cx: &mut Cx<'_, Self>) {
        self.seen.push(Seen::Begin);
        // One at a time, so that the layer below is stepped many times within this handler.
        for act in acts {
            cx.trigger(vec![act]);
        }
        self.seen.push(Seen::End);
    }

    fn upon_indication(&mut self, n: Indication<Obeying>, cx: &mut Cx<'_, Self>) {
        self.seen.push(Seen::Indication(n));
        cx.indicate(n);
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if self.guards == 0 {
            return false;
        }
        self.guards -= 1;
        self.seen.push(Seen::Condition);
        cx.trigger(vec![Act::Indicate(self.guards)]);
        true
    }
}

fn indications(acts: &[Act]) -> Vec<u8> {
    let told = |act: &Act| match act {
        Act::Indicate(n) => Some(*n),
        _ => None,
    };
    acts.iter().filter_map(told).collect()
}

proptest! {
    #[test]
    fn side_by_side_components_do_not_touch_each_other(
        requests in prop::collection::vec((0usize..3, acts()), 0..6),
    ) {
        let mut tuple = (Puppet::default(), Puppet::default(), Puppet::default());
        for (which, acts) in requests {
            let wrap: fn(Vec<Act>) -> Three<_, _, _> = [Three::A, Three::B, Three::C][which];
            let n: fn(u8) -> Three<u8, u8, u8> = [Three::A, Three::B, Three::C][which];
            let v: fn(Variable) -> Three<_, _, _> = [Three::A, Three::B, Three::C][which];
            let expected: Vec<_> = acts.iter().map(|act| act.effect(n, n, n, v, n)).collect();
            prop_assert_eq!(step(&mut tuple, Input::Request(wrap(acts))), expected);
            step(&mut tuple, Input::Message(ProcessId(1), n(which as u8)));
            step(&mut tuple, Input::Timeout(n(which as u8)));
        }
        for (which, puppet) in [&tuple.0, &tuple.1, &tuple.2].into_iter().enumerate() {
            prop_assert!(puppet.heard.iter().all(|&n| usize::from(n) == which));
        }
    }

    #[test]
    fn instances_do_not_touch_each_other(
        requests in prop::collection::vec((0u8..3, acts()), 0..6),
    ) {
        let mut instances = Instances::of(Puppet::default());
        for (key, acts) in requests {
            let n = |n: u8| (key, n);
            let expected: Vec<_> =
                acts.iter().map(|act| act.effect(n, n, n, |v| (key, v), n)).collect();
            prop_assert_eq!(step(&mut instances, Input::Request((key, acts))), expected);
        }
    }

    #[test]
    fn a_stack_beside_a_detector_works_as_if_alone(acts in acts()) {
        let mut ambient = Ambient { detector: Silent, stack: Puppet::default() };
        let expected: Vec<_> =
            acts.iter().map(|act| act.effect(Two::B, same, Two::B, Two::B, Two::B)).collect();
        prop_assert_eq!(step(&mut ambient, Input::Request(acts)), expected);
    }

    #[test]
    fn a_layer_keeps_the_order_of_what_leaves_and_of_what_is_told(acts in acts()) {
        let mut stack = layer(Relay::default(), layer(Relay::default(), Puppet::default()));
        let effects = step(&mut stack, Input::Request(acts.clone()));
        let (told, left): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::Indicate(_)));
        let expect = |act: &Act| {
            act.effect(same, same, |t| Two::B(Two::B(t)), |v| Two::B(Two::B(v)), |k| {
                Two::B(Two::B(k))
            })
        };
        let others = acts.iter().filter(|act| !matches!(act, Act::Indicate(_)));
        prop_assert_eq!(left, others.map(expect).collect::<Vec<_>>());
        let expected: Vec<_> = indications(&acts).into_iter().map(Effect::Indicate).collect();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn a_handler_runs_to_its_end_before_anything_else_happens(
        acts in acts(),
        guards in 0u8..4,
    ) {
        let relay = Relay { guards, ..Relay::default() };
        let mut stack = layer(relay, layer(Relay::default(), Puppet::default()));
        step(&mut stack, Input::Request(acts.clone()));
        let mut expected = vec![Seen::Begin, Seen::End];
        expected.extend(indications(&acts).into_iter().map(Seen::Indication));
        // What a guard's body causes is handled before guards are looked at again.
        for guard in (0..guards).rev() {
            expected.extend([Seen::Condition, Seen::Indication(guard)]);
        }
        prop_assert_eq!(stack.above.seen, expected);
    }

    #[test]
    fn a_store_stays_before_the_sends_that_follow_it(acts in acts()) {
        let mut stack = layer(Relay::default(), Puppet::default());
        let effects = step(&mut stack, Input::Request(acts.clone()));
        let position = |wanted: &Act| {
            let wanted = wanted.effect(same, same, Two::B, Two::B, Two::B);
            effects.iter().position(|effect| *effect == wanted)
        };
        for (i, store) in acts.iter().enumerate().filter(|(_, a)| matches!(a, Act::Store(..))) {
            let before = acts[..i].to_vec();
            for send in acts[i..].iter().filter(|a| matches!(a, Act::Send(_))) {
                if !before.contains(send) {
                    prop_assert!(position(store) < position(send));
                }
            }
        }
    }
}

/// A detector that never has anything to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Silent;
impl Component for Silent {
    type Provides = schism_kernel::PerfectFailureDetector;
    type Message = Never;
    type Timer = Never;
    type Stable = Never;
    fn step(
        &mut self,
        _: Input<Self>,
        _: &mut schism_kernel::Env<'_>,
        _: &mut dyn schism_kernel::Outbox<Self>,
    ) {
    }
}

#[test]
fn what_is_learnt_says_nothing_to_those_who_do_not_listen() {
    let mut ambient = Ambient { detector: Silent, stack: Puppet::default() };
    assert_eq!(step(&mut ambient, Input::Learn(Knowledge::Crash(ProcessId(1)))), vec![]);
}
