//! The catalogue is consistent with itself.

use schism_protocols::{Environment, Setup, catalogue, find};
use std::collections::BTreeSet;

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = catalogue().iter().map(|card| card.name).collect();
    assert_eq!(names.len(), catalogue().len());
    assert!(names.iter().all(|name| find(name).is_ok_and(|card| card.name == *name)));
}

#[test]
fn a_twin_loses_what_its_card_promises_and_nothing_is_both_promised_and_beyond() {
    for card in catalogue() {
        let twins: BTreeSet<_> = card.twins.iter().map(|twin| twin.name).collect();
        assert_eq!(twins.len(), card.twins.len(), "{card:?}");
        for twin in card.twins {
            assert!(card.promises.contains(&twin.loses), "{card:?} {}", twin.name);
        }
        assert!(!card.promises.is_empty(), "{card:?}");
        for beyond in card.beyond {
            // What is lost within the model is not promised; what is lost outside it is.
            let promised = card.promises.contains(&beyond.property);
            assert_eq!(promised, beyond.under != Environment::Model, "{card:?} {beyond:?}");
        }
    }
}

#[test]
fn every_stack_and_every_twin_can_be_built() {
    for card in catalogue() {
        for nodes in [1, 5, 64] {
            (card.build)(Setup::new(nodes));
            assert!((card.tolerates)(nodes) <= nodes, "{card:?}");
            card.twins.iter().for_each(|twin| drop((twin.build)(Setup::new(nodes))));
        }
    }
}
