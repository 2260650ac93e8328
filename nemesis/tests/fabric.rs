//! Each link rule does what it says, rules compose, and links are independent.

use proptest::prelude::*;
use schism_history::{NodeId, Peer};
use schism_nemesis::network::{Holding, Rate, Routed};
use schism_nemesis::{Decision, Delay, Fabric, FaultId, LinkRule, Reorder, Touched};
use std::time::Duration;

const fn n(node: u16) -> Peer {
    Peer::Node(NodeId(node))
}

const MS: u64 = 1_000_000;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn perfect() -> LinkRule {
    LinkRule::default()
}

/// A fabric of three nodes with this rule on the link from n0 to n1, as fault 0.
fn with(rule: LinkRule) -> Fabric {
    let mut fabric = Fabric::new(3, 7, perfect());
    fabric.begin(0, [(n(0), n(1), rule)]);
    fabric
}

/// Sends so many messages, one every millisecond.
fn send(fabric: &mut Fabric, count: u64) -> Vec<Decision> {
    (0..count).map(|i| fabric.route(i * MS, n(0), n(1), 100)).collect()
}

fn arrivals(decision: &Decision) -> &[u64] {
    match &decision.routed {
        Routed::Arrives(times) => times,
        _ => &[],
    }
}

fn share(decisions: &[Decision], is: impl Fn(&Decision) -> bool) -> f64 {
    decisions.iter().filter(|decision| is(decision)).count() as f64 / decisions.len() as f64
}

/// How often a message arrives before one that was sent earlier.
fn overtakings(decisions: &[Decision]) -> usize {
    let firsts: Vec<u64> = decisions.iter().filter_map(|d| arrivals(d).first().copied()).collect();
    firsts.windows(2).filter(|pair| pair[1] < pair[0]).count()
}

#[test]
fn without_rules_everything_arrives_at_once() {
    let mut fabric = Fabric::new(3, 7, perfect());
    for (i, decision) in send(&mut fabric, 100).iter().enumerate() {
        assert_eq!(arrivals(decision), [i as u64 * MS]);
        assert_eq!((decision.by, decision.corrupt), (None, None));
    }
}

#[test]
fn a_cut_stops_one_direction_of_one_link() {
    let mut fabric = with(LinkRule { cut: true, ..perfect() });
    let stopped = fabric.route(5, n(0), n(1), 1);
    assert_eq!((stopped.routed, stopped.by), (Routed::Cut, Some(0)));
    for (src, dest) in [(n(1), n(0)), (n(0), n(2)), (n(0), n(0)), (Peer::Client(0), n(1))] {
        assert_eq!(arrivals(&fabric.route(5, src, dest, 1)), [5]);
    }
    assert_eq!(fabric.touched(0).cut, 1);
}

#[test]
fn loss_loses_its_share() {
    let decisions = send(&mut with(LinkRule { loss: 0.2, ..perfect() }), 20_000);
    let lost = share(&decisions, |d| d.routed == Routed::Lost);
    assert!((0.19..0.21).contains(&lost), "{lost}");
    let all = send(&mut with(LinkRule { loss: 1.0, ..perfect() }), 100);
    assert!(all.iter().all(|d| d.routed == Routed::Lost && d.by == Some(0)));
}

#[test]
fn corruption_alters_its_share_and_says_how() {
    let decisions = send(&mut with(LinkRule { corrupt: 0.1, ..perfect() }), 20_000);
    let corrupt = share(&decisions, |d| d.corrupt.is_some());
    assert!((0.09..0.11).contains(&corrupt), "{corrupt}");
    let mut ways: Vec<u64> = decisions.iter().filter_map(|d| d.corrupt).collect();
    let all = ways.len();
    ways.sort_unstable();
    ways.dedup();
    assert_eq!(ways.len(), all);
}

#[test]
fn duplication_adds_a_copy_within_its_time() {
    let rule = LinkRule { duplicate: 0.3, duplicate_within: ms(5), ..perfect() };
    let decisions = send(&mut with(rule), 20_000);
    let twice = share(&decisions, |d| arrivals(d).len() == 2);
    assert!((0.29..0.31).contains(&twice), "{twice}");
    for (i, decision) in decisions.iter().enumerate() {
        let (times, sent) = (arrivals(decision), i as u64 * MS);
        assert_eq!(times[0], sent);
        assert!(times.iter().all(|at| (sent..=sent + 5 * MS).contains(at)));
    }
}

#[test]
fn delays_have_their_mean_and_their_cap() {
    let cases = [
        (Delay::Constant(ms(10)), 10.0),
        (Delay::Uniform(ms(2), ms(8)), 5.0),
        (Delay::Normal { mean: ms(20), deviation: ms(3), cap: ms(60) }, 20.0),
        (Delay::Exponential { mean: ms(5), cap: ms(100) }, 5.0),
        // The mean of a Pareto distribution is least × shape / (shape - 1).
        (Delay::Pareto { least: ms(2), shape: 3.0, cap: ms(2000) }, 3.0),
    ];
    for (delay, mean) in cases {
        let mut fabric = with(LinkRule { delay: Some(delay), ..perfect() });
        let decisions = send(&mut fabric, 50_000);
        let late = |(i, d): (usize, &Decision)| arrivals(d)[0] - i as u64 * MS;
        let all: Vec<u64> = decisions.iter().enumerate().map(late).collect();
        assert!(all.iter().all(|ns| u128::from(*ns) <= delay.longest().as_nanos()), "{delay}");
        let seen = all.iter().sum::<u64>() as f64 / all.len() as f64 / MS as f64;
        assert!((seen / mean - 1.0).abs() < 0.03, "{delay}: mean {seen} ms");
        assert_eq!(fabric.touched(0).delayed, 50_000);
    }
}

#[test]
fn a_cap_cuts_the_tail_off() {
    let heavy = Delay::Pareto { least: ms(1), shape: 0.5, cap: ms(50) };
    let decisions = send(&mut with(LinkRule { delay: Some(heavy), ..perfect() }), 5000);
    let capped = |(i, d): (usize, &Decision)| arrivals(d)[0] == (i as u64 + 50) * MS;
    // P(X > 50) is 50^-0.5, about 14 %.
    let count = decisions.iter().enumerate().filter(|pair| capped(*pair)).count();
    assert!((600..800).contains(&count), "{count}");
}

#[test]
fn constant_delays_keep_the_order_and_varying_ones_do_not() {
    let constant = LinkRule { delay: Some(Delay::Constant(ms(9))), ..perfect() };
    assert_eq!(overtakings(&send(&mut with(constant), 1000)), 0);
    let varying = LinkRule { delay: Some(Delay::Uniform(ms(0), ms(9))), ..perfect() };
    assert!(overtakings(&send(&mut with(varying), 1000)) > 100);
    let fifo = LinkRule { fifo: true, ..varying };
    assert_eq!(overtakings(&send(&mut with(fifo), 1000)), 0);
}

#[test]
fn reordering_lets_later_messages_overtake() {
    let rule = LinkRule { reorder: Some(Reorder { probability: 0.1, by: ms(10) }), ..perfect() };
    let decisions = send(&mut with(rule), 10_000);
    let kept_back = share(&decisions, |d| d.by.is_some());
    assert!((0.09..0.11).contains(&kept_back), "{kept_back}");
    assert!(overtakings(&decisions) > 500);
}

#[test]
fn a_rate_limit_queues_and_then_loses() {
    // 100 bytes every millisecond are offered; 50 000 bytes a second is half of it.
    let rate = Rate { bytes_per_second: 50_000, queue: ms(100) };
    let mut fabric = with(LinkRule { rate: Some(rate), ..perfect() });
    let decisions = send(&mut fabric, 10_000);
    let lost = share(&decisions, |d| d.routed == Routed::Lost);
    assert!((0.48..0.50).contains(&lost), "{lost}");
    assert_eq!(overtakings(&decisions), 0);
    let times: Vec<u64> = decisions.iter().flat_map(|d| arrivals(d).iter().copied()).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 2 * MS), "2 ms a message");
    for (i, decision) in decisions.iter().enumerate() {
        assert!(arrivals(decision).iter().all(|at| at - i as u64 * MS <= 102 * MS));
    }
}

#[test]
fn a_frozen_link_holds_and_then_bursts_in_order() {
    let mut fabric = with(LinkRule { freeze: true, ..perfect() });
    fabric.begin(1, [(n(0), n(1), LinkRule { freeze: true, ..perfect() })]);
    let mut holding = Holding::default();
    for message in 0..5 {
        let decision = fabric.route(message, n(0), n(1), 1);
        assert_eq!((decision.routed, decision.by), (Routed::Held, Some(0)));
        holding.keep(n(0), n(1), message);
    }
    fabric.end(0);
    assert!(holding.thawed(&fabric).is_empty(), "the other fault still freezes it");
    fabric.end(1);
    let free = holding.thawed(&fabric);
    assert_eq!(free.iter().map(|(.., m)| *m).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(free.iter().all(|&(src, dest, _)| arrivals(&fabric.route(9, src, dest, 1)) == [9]));
    assert!(holding.is_empty());
    assert_eq!(fabric.touched(0).held, 5);
}

#[test]
fn links_of_clients_are_perfect_unless_named() {
    let base = LinkRule { loss: 1.0, ..perfect() };
    let mut fabric = Fabric::new(2, 1, base);
    assert_eq!(fabric.route(3, n(0), n(1), 1).routed, Routed::Lost);
    assert_eq!(fabric.route(3, n(0), n(1), 1).by, None, "the base rule is nobody's fault");
    for (src, dest) in [(Peer::Client(0), n(1)), (n(1), Peer::Service(0)), (n(1), n(1))] {
        assert_eq!(arrivals(&fabric.route(3, src, dest, 1)), [3]);
    }
    fabric.begin(4, [(Peer::Client(0), n(1), LinkRule { cut: true, ..perfect() })]);
    assert_eq!(fabric.route(3, Peer::Client(0), n(1), 1).by, Some(4));
    assert_eq!(arrivals(&fabric.route(3, Peer::Client(1), n(1), 1)), [3]);
    fabric.end(4);
    assert_eq!(arrivals(&fabric.route(3, Peer::Client(0), n(1), 1)), [3]);
    // A node beyond the cluster is some other peer.
    assert_eq!(arrivals(&fabric.route(3, n(0), n(9), 1)), [3]);
}

#[test]
fn losses_compose() {
    let mut fabric = with(LinkRule { loss: 0.5, ..perfect() });
    fabric.begin(1, [(n(0), n(1), LinkRule { loss: 0.5, ..perfect() })]);
    let lost = share(&send(&mut fabric, 20_000), |d| d.routed == Routed::Lost);
    assert!((0.74..0.76).contains(&lost), "{lost}");
    fabric.end(0);
    let lost = share(&send(&mut fabric, 20_000), |d| d.routed == Routed::Lost);
    assert!((0.49..0.51).contains(&lost), "{lost}");
}

#[test]
fn one_fault_does_not_change_what_another_does() {
    let loss = LinkRule { loss: 0.3, ..perfect() };
    let noise = LinkRule { delay: Some(Delay::Uniform(ms(1), ms(5))), corrupt: 0.5, ..perfect() };
    let fate = |other: bool| {
        let mut fabric = Fabric::new(3, 9, perfect());
        if other {
            fabric.begin(0, [(n(0), n(1), noise)]);
        }
        fabric.begin(1, [(n(0), n(1), loss)]);
        send(&mut fabric, 500).iter().map(|d| d.routed == Routed::Lost).collect::<Vec<_>>()
    };
    assert_eq!(fate(false), fate(true));
}

fn any_rule() -> impl Strategy<Value = LinkRule> {
    let delay = prop_oneof![
        Just(None),
        (0..20u64).prop_map(|d| Some(Delay::Constant(ms(d)))),
        (0..20u64, 0..20u64).prop_map(|(a, b)| Some(Delay::Uniform(ms(a), ms(a + b)))),
        (1..20u64).prop_map(|m| Some(Delay::Exponential { mean: ms(m), cap: ms(100) })),
    ];
    let reorder = prop::option::of((0.0..1.0, 1..20u64))
        .prop_map(|r| r.map(|(probability, by)| Reorder { probability, by: ms(by) }));
    let rate = prop::option::of((1000..200_000u64, 0..500u64)).prop_map(|r| {
        r.map(|(bytes_per_second, queue)| Rate { bytes_per_second, queue: ms(queue) })
    });
    (0.0..0.5, 0.0..0.5, 0.0..0.5, delay, reorder, rate, 0..10u32, any::<bool>()).prop_map(
        |(loss, corrupt, duplicate, delay, reorder, rate, special, fifo)| LinkRule {
            cut: special == 0,
            freeze: special == 1,
            loss,
            corrupt,
            duplicate,
            duplicate_within: ms(3),
            delay,
            reorder,
            rate,
            fifo,
        },
    )
}

#[derive(Clone, Debug)]
enum Step {
    Begin(FaultId, u16, u16, LinkRule),
    End(FaultId),
    Send(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (0..4u32, 0..3u16, 0..3u16, any_rule()).prop_map(|(f, s, d, r)| Step::Begin(f, s, d, r)),
        1 => (0..4u32).prop_map(Step::End),
        8 => (0..3u16, 0..3u16).prop_map(|(s, d)| Step::Send(s, d)),
    ];
    prop::collection::vec(step, 1..200)
}

fn walk(fabric: &mut Fabric, steps: &[Step]) -> Vec<(u16, u16, u64, Decision)> {
    let mut decisions = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let now = i as u64 * MS;
        match step {
            Step::Begin(fault, src, dest, rule) => {
                fabric.begin(*fault, [(n(*src), n(*dest), *rule)]);
            }
            Step::End(fault) => fabric.end(*fault),
            Step::Send(src, dest) => {
                decisions.push((*src, *dest, now, fabric.route(now, n(*src), n(*dest), 100)));
            }
        }
    }
    decisions
}

proptest! {
    /// Whatever happened before, once every fault has ended links behave by the base rule, message
    /// for message.
    #[test]
    fn ending_every_fault_restores_the_base(steps in steps(), mut base in any_rule(), seed: u64) {
        base.freeze = false;
        base.rate = None;
        base.fifo = false;
        let mut fabric = Fabric::new(3, seed, base);
        let mut plain = Fabric::new(3, seed, base);
        let before = walk(&mut fabric, &steps);
        (0..4).for_each(|fault| fabric.end(fault));
        let late = 1_000_000 * MS;
        // Held messages were not decided, so they do not count on their link.
        for (src, dest, ..) in before.iter().filter(|(.., d)| d.routed != Routed::Held) {
            plain.route(0, n(*src), n(*dest), 100);
        }
        for i in 0..50u64 {
            for (src, dest) in [(0, 1), (1, 0), (2, 1), (0, 0)] {
                let now = late + i * MS;
                prop_assert_eq!(
                    fabric.route(now, n(src), n(dest), 100),
                    plain.route(now, n(src), n(dest), 100)
                );
            }
        }
    }

    /// The same calls lead to the same decisions, nothing arrives before it was sent, and every
    /// decision that blames a fault is counted there.
    #[test]
    fn decisions_are_repeatable_and_accounted_for(steps in steps(), base in any_rule(), seed: u64) {
        let mut fabric = Fabric::new(3, seed, base);
        let decisions = walk(&mut fabric, &steps);
        prop_assert_eq!(&decisions, &walk(&mut Fabric::new(3, seed, base), &steps));
        for (.., now, decision) in &decisions {
            let times = arrivals(decision);
            prop_assert!(times.iter().all(|at| at >= now));
            prop_assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
        }
        for fault in 0..4 {
            let blamed = |routed: Routed| {
                decisions.iter().filter(|(.., d)| d.by == Some(fault) && d.routed == routed).count()
            };
            let touched = fabric.touched(fault);
            prop_assert_eq!(touched.dropped, blamed(Routed::Lost) as u64);
            // Of several that would have stopped a message, one is blamed, but all touched it.
            prop_assert!(touched.cut >= blamed(Routed::Cut) as u64);
            prop_assert!(touched.held >= blamed(Routed::Held) as u64);
        }
        let all = |of: fn(&Touched) -> u64| (0..4).map(|f| of(&fabric.touched(f))).sum::<u64>();
        let stopped = |routed: Routed| {
            decisions.iter().any(|(.., d)| d.by.is_some() && d.routed == routed)
        };
        prop_assert_eq!(all(|t| t.cut) > 0, stopped(Routed::Cut));
        prop_assert_eq!(all(|t| t.held) > 0, stopped(Routed::Held));
    }

    /// What happens on other links never shows on this one.
    #[test]
    fn links_are_independent(steps in steps(), seed: u64) {
        let here = |step: &Step| match step {
            Step::Begin(_, src, dest, _) | Step::Send(src, dest) => (*src, *dest) == (0, 1),
            Step::End(_) => true,
        };
        // Elsewhere nothing is sent; times stay the same.
        let idle = |step: &Step| if here(step) { step.clone() } else { Step::Send(2, 2) };
        let only: Vec<Step> = steps.iter().map(idle).collect();
        let on_link = |steps: &[Step]| -> Vec<_> {
            let decisions = walk(&mut Fabric::new(3, seed, perfect()), steps);
            decisions.into_iter().filter(|d| (d.0, d.1) == (0, 1)).collect()
        };
        prop_assert_eq!(on_link(&steps), on_link(&only));
    }

    /// A link that keeps order keeps it whatever else is in force, and after it has ended.
    #[test]
    fn fifo_links_keep_order(steps in steps(), seed: u64) {
        let base = LinkRule { fifo: true, ..perfect() };
        let decisions = walk(&mut Fabric::new(3, seed, base), &steps);
        for src in 0..3 {
            for dest in (0..3).filter(|dest| *dest != src) {
                let mut last = 0;
                for (.., decision) in decisions.iter().filter(|d| (d.0, d.1) == (src, dest)) {
                    if let (Some(first), Some(end)) =
                        (arrivals(decision).first(), arrivals(decision).last())
                    {
                        prop_assert!(*first >= last);
                        last = *end;
                    }
                }
            }
        }
    }
}
