//! `schism matrix`: every protocol in every environment, in the simulator.
//!
//! What the catalogue claims becomes [`Cell`]s with something expected of them; a [`Task`] tries
//! those of one protocol in one environment, seed after seed, on one thread, so that how many
//! threads there are changes nothing but the time it takes. A claim is tried with every seed;
//! whatever is to be lost only until it is.

mod shape;
mod task;

use crate::Error;
use crate::environment::allowance;
use schism_protocols::{Card, Environment};
use schism_reports::matrix::{Cell, Column, Expected, Matrix, Protocol, Row, Tally, Twin};
use shape::NODES;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use task::{RUNNING, Task};

/// What is to be found out.
pub struct Asked {
    /// Which protocols.
    pub cards: Vec<&'static Card>,
    /// The first seed.
    pub first: u64,
    /// How many of them.
    pub seeds: u64,
    /// How many at a time.
    pub jobs: usize,
    /// When to give up.
    pub budget: Option<Duration>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Tasks that are done, and all of them.
    pub done: (usize, usize),
    /// Runs so far.
    pub runs: u64,
}

/// What nothing is claimed of is tried with one in so many seeds.
const UNCLAIMED: u64 = 10;

/// Tries everything. `progress` is told now and then.
pub fn run(asked: &Asked, progress: &(dyn Fn(Progress) + Sync)) -> Result<Matrix, Error> {
    let began = Instant::now();
    let tasks: Vec<Mutex<Task>> =
        asked.cards.iter().flat_map(|card| tasks(card, asked)).map(Mutex::new).collect();
    // What may take longest begins first, so that no thread is left alone with it.
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    let weight = |&i: &usize| tasks[i].lock().map_or(0, |task| task.weight());
    order.sort_by_key(|i| std::cmp::Reverse(weight(i)));
    let (next, done, runs) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU64::new(0));
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let told = || {
        let done = (done.load(Ordering::Relaxed), tasks.len());
        progress(Progress { done, runs: runs.load(Ordering::Relaxed) });
    };
    let go_on = || {
        if runs.fetch_add(1, Ordering::Relaxed) % 64 == 0 {
            told();
        }
        asked.budget.is_none_or(|budget| began.elapsed() < budget)
    };
    let work = || {
        while let Some(&i) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Ok(mut task) = tasks[i].lock() else { return };
            if let (Err(error), Ok(mut failed)) =
                (task.carry_out(asked.first, &go_on), failed.lock())
            {
                failed.get_or_insert(error);
                return;
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..asked.jobs.max(1) {
            scope.spawn(work);
        }
    });
    if let Ok(Some(error)) = failed.into_inner() {
        return Err(error);
    }
    let tasks: Vec<Task> = tasks.into_iter().filter_map(|task| task.into_inner().ok()).collect();
    Ok(Matrix {
        schism: env!("CARGO_PKG_VERSION").into(),
        seeds: asked.seeds,
        runs: tasks.iter().map(|task| task.runs).sum(),
        seconds: began.elapsed().as_secs_f64(),
        environments: Environment::ALL.map(column).into(),
        protocols: asked.cards.iter().map(|card| protocol(card, &tasks)).collect(),
    })
}

fn column(environment: Environment) -> Column {
    Column {
        name: environment.name().into(),
        short: environment.short().into(),
        line: environment.line().into(),
    }
}

/// Everything there is to try of a protocol.
fn tasks(card: &'static Card, asked: &Asked) -> Vec<Task> {
    let possible = |environment: &Environment| allowance(card, NODES, *environment).is_some();
    let environments = Environment::ALL.into_iter().filter(possible);
    let whole = environments.map(|environment| {
        let cells = properties(card)
            .into_iter()
            .map(|property| (property, cell(card, property, environment, asked)));
        Task { card, twin: None, environment, cells: cells.collect(), runs: 0 }
    });
    let twins = card.twins.iter().map(|twin| {
        let environment = Environment::Model;
        let cell = Cell {
            expected: Expected::Lost,
            why: twin.line.into(),
            ..cell(card, twin.loses, environment, asked)
        };
        Task { card, twin: Some(twin), environment, cells: vec![(twin.loses, cell)], runs: 0 }
    });
    whole.chain(twins).collect()
}

/// What can be said of a protocol: its promises, and what it must be seen to lack.
fn properties(card: &'static Card) -> Vec<&'static str> {
    let mut properties = card.promises.to_vec();
    for beyond in card.beyond {
        if !properties.contains(&beyond.property) {
            properties.push(beyond.property);
        }
    }
    properties.push(RUNNING);
    properties
}

/// What is expected of a property in an environment.
fn cell(card: &Card, property: &str, environment: Environment, asked: &Asked) -> Cell {
    let lost = card.beyond.iter().find(|it| it.property == property && it.under == environment);
    let promised = property == RUNNING || card.promises.contains(&property);
    let expected = match lost {
        Some(_) => Expected::Lost,
        None if promised && card.model.permits(environment) => Expected::Kept,
        None => Expected::Nothing,
    };
    Cell {
        expected,
        why: lost.map(|lost| lost.why.into()).unwrap_or_default(),
        whole_model: environment == Environment::Model,
        planned: match expected {
            Expected::Nothing => asked.seeds.div_ceil(UNCLAIMED),
            _ => asked.seeds,
        },
        tally: Tally::default(),
        lost: None,
        again: again(card, asked),
    }
}

/// The command that tries all of a protocol again.
fn again(card: &Card, asked: &Asked) -> String {
    let first = match asked.first {
        1 => String::new(),
        first => format!(" --first-seed {first}"),
    };
    format!("schism matrix --filter {} --seeds {}{first}", card.name, asked.seeds)
}

fn protocol(card: &'static Card, tasks: &[Task]) -> Protocol {
    let own = || tasks.iter().filter(|task| task.card.name == card.name);
    let seen = |twin: Option<&str>, environment: Environment, property: &str| {
        let named = |task: &&Task| {
            task.environment == environment && task.twin.map(|twin| twin.name) == twin
        };
        let cells = &own().find(named)?.cells;
        Some(cells.iter().find(|(name, _)| *name == property)?.1.clone())
    };
    let rows = properties(card).into_iter().map(|property| Row {
        property: property.into(),
        cells: Environment::ALL.map(|environment| seen(None, environment, property)).into(),
    });
    // That nodes keep running goes without saying.
    let lost = |row: &Row| row.cells.iter().flatten().any(|cell| cell.lost.is_some());
    let rows = rows.filter(|row| row.property != RUNNING || lost(row));
    let twins = card.twins.iter().filter_map(|twin| {
        Some(Twin {
            name: twin.name.into(),
            line: twin.line.into(),
            loses: twin.loses.into(),
            cell: seen(Some(twin.name), Environment::Model, twin.loses)?,
        })
    });
    Protocol {
        name: card.name.into(),
        line: card.line.into(),
        source: card.source.into(),
        model: card.model.name().into(),
        workload: card.workload.into(),
        rows: rows.collect(),
        twins: twins.collect(),
    }
}

#[cfg(test)]
mod tests;
