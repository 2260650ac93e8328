//! Cards of the links.

use super::{Beyond, Card, Twin};
use crate::links::{
    AuthenticateAndFilter, Frame, PerfectLinks, RetransmitForever, SequenceNumbers,
};
use crate::services::Sending;
use crate::stacks;
use crate::{Environment, Model};
use schism_kernel::{Net, Node, layer, node};

fn stubborn_links(defect: impl FnOnce(&mut RetransmitForever<i64>)) -> Box<dyn Node> {
    let mut link = RetransmitForever::default();
    defect(&mut link);
    node(layer(Sending::default(), layer(link, Net::default())))
}

fn perfect_links(defect: impl FnOnce(&mut PerfectLinks<i64>)) -> Box<dyn Node> {
    let mut link = PerfectLinks::default();
    defect(&mut link);
    node(layer(Sending::default(), layer(link, Net::default())))
}

fn fifo_links(defect: impl FnOnce(&mut SequenceNumbers<i64>)) -> Box<dyn Node> {
    let mut link = SequenceNumbers::default();
    defect(&mut link);
    node(layer(Sending::default(), layer(link, stacks::perfect_links())))
}

pub(super) const STUBBORN: Card = Card {
    name: "stubborn-links",
    line: "sends everything again and again, forever",
    source: "Module 2.2, Algorithm 2.1",
    model: Model::Lossy,
    promises: &["stubborn delivery", "no creation"],
    workload: "link",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| stubborn_links(|_| {}),
    twins: &[Twin::new("sends-once", "sends everything once", "stubborn delivery", |_| {
        stubborn_links(|link| link.sends_once = true)
    })],
    beyond: &[],
};

pub(super) const PERFECT: Card = Card {
    name: "perfect-links",
    line: "delivers exactly once what is sent between correct processes",
    source: "Module 2.3; Algorithms 2.1 and 2.2 with acknowledgements",
    model: Model::Lossy,
    promises: &["reliable delivery", "no duplication", "no creation"],
    workload: "link",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| perfect_links(|_| {}),
    twins: &[Twin::new(
        "no-delivered-set",
        "delivers whatever arrives, however often",
        "no duplication",
        |_| perfect_links(|link| link.no_delivered_set = true),
    )],
    beyond: &[Beyond::new(
        "fifo order",
        Environment::Model,
        "a message that is sent again is overtaken by those sent after it",
    )],
};

pub(super) const FIFO: Card = Card {
    name: "fifo-links",
    line: "perfect links that keep the order of sending",
    source: "sequence numbers, as in Algorithm 3.12",
    model: Model::Lossy,
    promises: &["reliable delivery", "no duplication", "no creation", "fifo order"],
    workload: "link",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| fifo_links(|_| {}),
    twins: &[Twin::new(
        "skips-the-reorder-buffer",
        "delivers what arrives when it arrives",
        "fifo order",
        |_| fifo_links(|link| link.skips_the_reorder_buffer = true),
    )],
    beyond: &[],
};

fn authenticated_links(
    defect: impl FnOnce(&mut AuthenticateAndFilter<Frame<i64>>),
) -> Box<dyn Node> {
    let mut filter = AuthenticateAndFilter::default();
    defect(&mut filter);
    let link = layer(PerfectLinks::default(), layer(filter, Net::default()));
    node(layer(Sending::default(), link))
}

pub(super) const AUTHENTICATED: Card = Card {
    name: "authenticated-links",
    line: "perfect links on which nothing can be altered or made up",
    source: "Module 2.5, Algorithm 2.4 below the link that sends again",
    model: Model::Forging,
    promises: &["reliable delivery", "no duplication", "authenticity"],
    workload: "link",
    one_writer: false,
    tolerates: |n| n - 1,
    build: |_| authenticated_links(|_| {}),
    twins: &[Twin::new(
        "does-not-verify",
        "believes every message, whatever its code",
        "authenticity",
        |_| authenticated_links(|filter| filter.does_not_verify = true),
    )],
    beyond: &[],
};
