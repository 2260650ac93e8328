//! Cards of what goes in synchronous rounds.

use super::{Beyond, Card, Setup, Twin};
use crate::broadcast::EarlyStoppingBroadcast;
use crate::consensus::{EarlyStopping, FloodSet};
use crate::rounds::{LockStep, Sessions};
use crate::services::{Broadcasting, Deciding};
use crate::stacks::best_effort_broadcast;
use crate::{Environment, Model};
use schism_kernel::{
    Algorithm, ConsensusInRounds, Each, Net, Node, SynchronousRounds, Wire, layer, node,
};

/// Instances of a consensus in sessions of so many rounds.
fn in_sessions<M: Wire, C>(consensus: C, rounds: u64) -> Box<dyn Node>
where
    C: Algorithm<Implements = ConsensusInRounds<i64>, Uses = SynchronousRounds<M>>,
{
    over(LockStep::default(), consensus, rounds)
}

fn over<M: Wire, C>(lock_step: LockStep<(u64, M)>, consensus: C, rounds: u64) -> Box<dyn Node>
where
    C: Algorithm<Implements = ConsensusInRounds<i64>, Uses = SynchronousRounds<M>>,
{
    let lock_step = layer(lock_step, Net::default());
    let sessions = layer(Sessions::of(rounds), lock_step);
    let instances = layer(Each::of(consensus), sessions);
    node(layer(Deciding::default(), (instances, best_effort_broadcast())))
}

/// f + 1
fn rounds(card: &Card, setup: Setup) -> u64 {
    (card.tolerates)(setup.nodes) as u64 + 1
}

fn floodset(rounds: u64) -> Box<dyn Node> {
    in_sessions(FloodSet::lasting(rounds), rounds)
}

const INACCURATE: &str = "a message that misses its round is lost, as if its sender had crashed";

pub(super) const ONE_ROUND: Card = Card {
    name: "one-round-consensus",
    line: "everybody tells everybody their proposal once, then takes the least",
    source: "the first attempt in every course; FloodSet for f = 0",
    model: Model::Rounds,
    promises: &["termination", "validity", "integrity"],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n.saturating_sub(2),
    build: |_| floodset(1),
    twins: &[],
    beyond: &[Beyond::new(
        "agreement",
        Environment::Model,
        "a process that crashes in mid-broadcast has told its proposal to some and not to others",
    )],
};

pub(super) const FLOODSET: Card = Card {
    name: "floodset-consensus",
    line: "everybody floods proposals for f + 1 rounds, then takes the least",
    source: "Lynch, Distributed Algorithms, 6.2",
    model: Model::Rounds,
    promises: &[
        "termination",
        "validity",
        "integrity",
        "agreement",
        "uniform agreement",
        "round bound",
        "message bound",
    ],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n / 3,
    build: |setup| floodset(rounds(&FLOODSET, setup)),
    twins: &[
        Twin::new("f-rounds", "takes one round less", "agreement", |setup| {
            floodset((rounds(&FLOODSET, setup) - 1).max(1))
        })
        .under("kill-round-after-round"),
        Twin::new(
            "says-it-twice",
            "says everything twice in a round, to be on the safe side",
            "message bound",
            |setup| {
                let rounds = rounds(&FLOODSET, setup);
                let mut lock_step = LockStep::default();
                lock_step.says_it_twice = true;
                over(lock_step, FloodSet::lasting(rounds), rounds)
            },
        ),
    ],
    beyond: &[Beyond::new("agreement", Environment::Inaccurate, INACCURATE)],
};

fn early_stopping(setup: Setup, defect: impl FnOnce(&mut EarlyStopping<i64>)) -> Box<dyn Node> {
    let rounds = rounds(&EARLY_STOPPING, setup);
    let mut consensus = EarlyStopping::lasting(rounds);
    defect(&mut consensus);
    in_sessions(consensus, rounds)
}

pub(super) const EARLY_STOPPING: Card = Card {
    name: "early-stopping-consensus",
    line: "floods proposals until nobody is missing who was there before",
    source: "Raynal, Consensus in synchronous systems (2002)",
    model: Model::Rounds,
    promises: &[
        "termination",
        "validity",
        "integrity",
        "agreement",
        "uniform agreement",
        "round bound",
        "message bound",
        "early stopping",
    ],
    workload: "consensus",
    one_writer: false,
    tolerates: |n| n.saturating_sub(2),
    build: |setup| early_stopping(setup, |_| {}),
    twins: &[Twin::new(
        "decides-one-round-early",
        "decides before it has told what it knows",
        "agreement",
        |setup| early_stopping(setup, |it| it.decides_one_round_early = true),
    )
    .under("kill-round-after-round")],
    beyond: &[Beyond::new("agreement", Environment::Inaccurate, INACCURATE)],
};

fn early_stopping_broadcast(
    setup: Setup,
    defect: impl FnOnce(&mut EarlyStoppingBroadcast<i64>),
) -> Box<dyn Node> {
    let mut broadcast = EarlyStoppingBroadcast::lasting(rounds(&EARLY_STOPPING_BROADCAST, setup));
    defect(&mut broadcast);
    let lock_step = layer(LockStep::default(), Net::default());
    node(layer(Broadcasting::default(), layer(broadcast, lock_step)))
}

pub(super) const EARLY_STOPPING_BROADCAST: Card = Card {
    name: "early-stopping-broadcast",
    line: "something comes of every broadcast, the sooner the fewer crash",
    source: "Module 6.3 in rounds; early stopping as in Raynal (2002)",
    model: Model::Rounds,
    promises: &[
        "termination",
        "validity",
        "integrity",
        "agreement",
        "round bound",
        "message bound",
        "early stopping",
    ],
    workload: "slow-broadcast",
    one_writer: false,
    tolerates: |n| n.saturating_sub(2),
    build: |setup| early_stopping_broadcast(setup, |_| {}),
    twins: &[Twin::new(
        "delivers-one-round-early",
        "delivers before it has told what it knows",
        "agreement",
        |setup| early_stopping_broadcast(setup, |it| it.delivers_one_round_early = true),
    )
    .under("kill-in-mid-round")],
    beyond: &[Beyond::new("agreement", Environment::Inaccurate, INACCURATE)],
};
