//! What the fate of a message costs.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schism_history::{NodeId, Peer};
use schism_nemesis::{Delay, Fabric, LinkRule};
use std::hint::black_box;
use std::time::Duration;

fn everywhere(rule: LinkRule) -> Vec<(Peer, Peer, LinkRule)> {
    let nodes = || (0..5).map(|n| Peer::Node(NodeId(n)));
    nodes().flat_map(|src| nodes().map(move |dest| (src, dest, rule))).collect()
}

fn route(c: &mut Criterion) {
    let mut group = c.benchmark_group("route");
    group.throughput(Throughput::Elements(1));
    let loss = LinkRule { loss: 0.2, ..LinkRule::default() };
    let millis = Duration::from_millis;
    let delay =
        LinkRule { delay: Some(Delay::Uniform(millis(1), millis(9))), ..LinkRule::default() };
    let cases = [
        ("no rule", vec![]),
        (
            "a cut elsewhere",
            vec![(
                Peer::Node(NodeId(3)),
                Peer::Node(NodeId(4)),
                LinkRule { cut: true, ..LinkRule::default() },
            )],
        ),
        ("loss", everywhere(loss)),
        ("delay", everywhere(delay)),
        ("loss and delay", everywhere(loss).into_iter().chain(everywhere(delay)).collect()),
    ];
    for (name, rules) in cases {
        let mut fabric = Fabric::new(5, 1, LinkRule::default());
        fabric.begin(0, rules);
        let mut now = 0;
        group.bench_function(name, |b| {
            b.iter(|| {
                now += 100;
                let (src, dest) = (Peer::Node(NodeId(0)), Peer::Node(NodeId(1)));
                fabric.route(black_box(now), black_box(src), black_box(dest), 100)
            });
        });
    }
    group.bench_function("from a client", |b| {
        let mut fabric = Fabric::new(5, 1, LinkRule::default());
        b.iter(|| {
            fabric.route(black_box(1), black_box(Peer::Client(3)), Peer::Node(NodeId(1)), 100)
        });
    });
    group.finish();
}

criterion_group!(benches, route);
criterion_main!(benches);
