//! Recovery: every layer and instance finds its own variables again, and nobody else's.

use crate::support::{Act, Effect, Obeying, Puppet, Variable, step};
use proptest::prelude::*;
use schism_kernel::{
    Algorithm, Cx, Indication, Input, Instances, Layer, Many, Never, Request, Stable, Three, Two,
    layer,
};
use std::collections::BTreeMap;

/// Stores some variables itself and tells the components below to store others.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Storing {
    recovered: Vec<Variable>,
}

type Below = (Obeying, Many<u8, Obeying>);

impl Algorithm for Storing {
    type Implements = (Obeying, Below);
    type Uses = Below;
    type Timer = Never;
    type Stable = Variable;

    fn upon_recovery(&mut self, stored: Vec<Variable>, _: &mut Cx<'_, Self>) {
        self.recovered = stored;
    }

    fn upon_request(&mut self, event: Request<Self::Implements>, cx: &mut Cx<'_, Self>) {
        match event {
            Two::A(acts) => {
                for act in acts {
                    match act {
                        Act::Store(k, v) => cx.store(Variable(k, v)),
                        Act::Erase(k) => cx.erase(k),
                        _ => {}
                    }
                }
            }
            Two::B(event) => cx.trigger(event),
        }
    }

    fn upon_indication(&mut self, _: Indication<Below>, _: &mut Cx<'_, Self>) {}
}

type Stack = Layer<Storing, (Puppet, Instances<u8, Puppet>)>;

fn stack() -> Stack {
    layer(Storing::default(), (Puppet::default(), Instances::of(Puppet::default())))
}

/// Where a variable may be stored.
type Place = Three<(), (), u8>;

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Three::A(())), Just(Three::B(())), (0u8..3).prop_map(Three::C)]
}

fn change() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0u8..5, any::<u8>()).prop_map(|(k, v)| Act::Store(k, v)),
        1 => (0u8..5).prop_map(Act::Erase),
    ]
}

proptest! {
    #[test]
    fn every_part_of_a_stack_recovers_its_own_variables(
        changes in prop::collection::vec((place(), change()), 0..40),
    ) {
        let mut running = stack();
        let mut disk = BTreeMap::new();
        let mut expected: BTreeMap<Place, BTreeMap<u8, u8>> = BTreeMap::new();
        for (place, change) in changes {
            let acts = vec![change.clone()];
            let request = match place {
                Three::A(()) => Two::A(acts),
                Three::B(()) => Two::B(Two::A(acts)),
                Three::C(key) => Two::B(Two::B((key, acts))),
            };
            for effect in step(&mut running, Input::Request(request)) {
                match effect {
                    Effect::Store(variable) => {
                        disk.insert(variable.key(), variable);
                    }
                    Effect::Erase(key) => {
                        disk.remove(&key);
                    }
                    other => panic!("{other:?}"),
                }
            }
            let there = expected.entry(place).or_default();
            match change {
                Act::Store(k, v) => there.insert(k, v),
                Act::Erase(k) => there.remove(&k),
                _ => None,
            };
        }

        let mut recovered = stack();
        step(&mut recovered, Input::Recover(disk.into_values().collect()));
        let at = |place| -> Vec<Variable> {
            let there = expected.get(&place).cloned().unwrap_or_default();
            there.into_iter().map(|(k, v)| Variable(k, v)).collect()
        };
        prop_assert_eq!(&recovered.above.recovered, &at(Three::A(())));
        prop_assert_eq!(&recovered.below.0.recovered, &at(Three::B(())));
        for key in 0..3 {
            let instance = recovered.below.1.get(&key).map(|it| it.recovered.clone());
            prop_assert_eq!(instance.unwrap_or_default(), at(Three::C(key)));
        }
    }
}
