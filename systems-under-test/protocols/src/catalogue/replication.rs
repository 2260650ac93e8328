//! Cards of the replicated state machines.

use super::{Card, Twin};
use crate::Model;
use crate::replication::Raft;
use crate::services::{Command, KeyValue};
use schism_kernel::{Net, Node, layer, node};

fn raft(defect: impl FnOnce(&mut KeyValue, &mut Raft<Command>)) -> Box<dyn Node> {
    let (mut store, mut log) = (KeyValue::default(), Raft::default());
    defect(&mut store, &mut log);
    node(layer(store, layer(log, Net::default())))
}

pub(super) const RAFT: Card = Card {
    name: "raft",
    line: "a key-value store over a replicated log with a strong leader",
    source: "Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm, 2014",
    model: Model::Recovery,
    promises: &[
        "linearizable",
        "election safety",
        "single vote",
        "log matching",
        "log prefix",
        "leader completeness",
        "availability",
    ],
    workload: "kv",
    one_writer: false,
    tolerates: |n| (n - 1) / 2,
    build: |_| raft(|_, _| {}),
    twins: &[
        Twin::new(
            "counts-old-terms",
            "commits an older term's entry by counting",
            "log prefix",
            |_| raft(|_, log| log.counts_old_terms = true),
        )
        .under("figure-8"),
        Twin::new("forgets-vote", "keeps its vote in memory only", "single vote", |_| {
            raft(|_, log| log.forgets_vote = true)
        })
        .under("vote-and-fall"),
        Twin::new(
            "reads-locally",
            "answers reads from its own state, without the log",
            "linearizable",
            |_| raft(|store, _| store.reads_locally = true),
        ),
    ],
    beyond: &[],
};
