//! Depth first: follow one order as far as it goes, then go back.

use super::apart::Apart;
use super::expand::{Configuration, Cursor, Graph, Next};
use super::mask::{Mask, Wide};
use super::needs::Needs;
use super::prepare::Prepared;
use super::space::Space;
use super::supply::Supply;
use super::visited::Visited;
use super::{Answer, Limits, Looks, Outcome, untangle};
use crate::linearizability::options::{Deadline, Rules};
use crate::linearizability::report::Why;

/// What a search looks at besides where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looking {
    /// What is out of reach.
    pub lookahead: bool,
    /// What pending operations need.
    pub needs: bool,
    /// What can wait.
    pub apart: bool,
    /// What is left to bring about pending operations.
    pub supply: bool,
}

/// Searches depth first from each of the first `initial` states.
pub(crate) fn depth_first(
    prepared: &Prepared,
    space: &mut Space<'_>,
    initial: u32,
    rules: Rules,
    Looking { lookahead, needs, apart, supply }: Looking,
    limits: Limits,
    deadline: &Deadline,
) -> Outcome {
    let mut graph = Graph::new(prepared, space, rules, lookahead);
    if needs {
        graph.needs = Some(Needs::new(prepared, graph.space));
        if apart {
            graph.apart = Apart::new(prepared, graph.space);
        }
    }
    if supply {
        graph.supply = Supply::new(prepared, graph.space, deadline);
    }
    match prepared.width {
        width if width <= u64::WIDTH => search::<u64>(graph, initial, limits, deadline),
        width if width <= u128::WIDTH => search::<u128>(graph, initial, limits, deadline),
        _ => search::<Wide>(graph, initial, limits, deadline),
    }
}

struct Frame<M> {
    at: Configuration<M>,
    cursor: Cursor,
    /// The length of the trail that led here.
    trail: u32,
}

fn search<M: Mask>(
    mut graph: Graph<'_, '_>,
    initial: u32,
    limits: Limits,
    deadline: &Deadline,
) -> Outcome {
    let mut visited: Visited<M> = Visited::new(graph.rules.dominance);
    let overwrites: Vec<M> = graph.overwrites();
    let mut stack: Vec<Frame<M>> = Vec::new();
    let mut trail: Vec<u32> = Vec::new();
    let mut steps: Vec<u32> = Vec::new();
    let (mut configurations, mut expansions, mut furthest) = (0u64, 0u64, 0);
    let mut looks = Looks::new();
    let done = |answer, configurations| Outcome { answer, configurations };
    for state in 0..initial {
        trail.clear();
        steps.clear();
        let mut next = graph.start::<M>(state, &mut steps);
        loop {
            match next {
                Next::Complete => {
                    trail.extend_from_slice(&steps);
                    if let Some(lie) = graph.space.lie {
                        return done(Answer::Lied(lie), configurations);
                    }
                    return done(Answer::Order(untangle(&trail, graph.prepared)), configurations);
                }
                Next::Stopped => {
                    let why = graph.space.stopped.unwrap_or(Why::Deadline);
                    return done(Answer::Stopped(why), configurations);
                }
                Next::Open(at) => {
                    furthest = furthest.max(at.layer);
                    if visited.insert(&at, &overwrites, &graph.used) {
                        configurations += 1;
                        trail.extend_from_slice(&steps);
                        let trail = trail.len() as u32;
                        stack.push(Frame { at, cursor: Cursor::default(), trail });
                        if configurations > limits.configurations {
                            return done(Answer::Stopped(Why::Configurations), configurations);
                        }
                    }
                }
                Next::None => {
                    stack.pop();
                }
            }
            expansions += 1;
            if expansions == looks.next {
                let held = visited.bytes()
                    + visited.growth()
                    + graph.space.bytes()
                    + graph.used.bytes()
                    + graph.supply.as_ref().map_or(0, Supply::bytes)
                    + graph.needs.as_ref().map_or(0, Needs::bytes)
                    + (stack.capacity() * size_of::<Frame<M>>() + trail.capacity() * 4);
                if let Some(why) = looks.look(expansions, held, &limits, deadline) {
                    return done(Answer::Stopped(why), configurations);
                }
                if let Some(lie) = graph.space.lie {
                    return done(Answer::Lied(lie), configurations);
                }
            }
            let Some(frame) = stack.last_mut() else { break };
            trail.truncate(frame.trail as usize);
            steps.clear();
            next = graph.next(&frame.at, &mut frame.cursor, &mut steps);
        }
    }
    match graph.space.lie {
        Some(lie) => done(Answer::Lied(lie), configurations),
        None => {
            let ended = graph.ended.unwrap_or(0);
            let ended = graph.prepared.layers.partition_point(|layer| layer.returned < ended);
            done(Answer::Stuck(furthest.max(ended as u32)), configurations)
        }
    }
}
