//! `schism hunt`: look for a run that breaks a promise, among simulated runs by the thousand.

use super::Outcome;
use super::args::{HuntArgs, RunArgs};
use super::shrink::tell;
use super::terminal::{LiveLine, print};
use super::test::{Showing, jobs, new_seed, request, run_one};
use crate::resolve::{self, Request};
use crate::search::{self, Hunt, Hunted, Pressure, Situations};
use crate::store::RunDirectory;
use crate::{Error, Recipe};
use schism_checkers::Status;
use schism_nemesis::{Mix, Rng};
use schism_protocols::Card;
use std::time::Duration;

/// How long a run of a hunt goes on, unless the user says otherwise: many short runs reach more
/// than few long ones.
const TIME_LIMIT: Duration = Duration::from_secs(6);

pub fn hunt(args: &HuntArgs) -> Outcome {
    let seed = args.seed.unwrap_or_else(new_seed);
    match (&args.like, &args.name) {
        (Some(run), _) => {
            let (start, property) = search::alike(&RunDirectory::open(run)?)?;
            let hunt = Hunt { start, property: Some(property), ..with(args, seed) };
            go(args, seed, &hunt)
        }
        (None, Some(name)) => {
            let card = resolve::card(name)?;
            let fresh = fresh(card, &args.run)?;
            go(args, seed, &Hunt { fresh: Some(&fresh), ..with(args, seed) })
        }
        (None, None) => Err(Error::usage("name a protocol, or a run with --like")),
    }
}

fn with(args: &HuntArgs, seed: u64) -> Hunt<'static> {
    Hunt {
        seed,
        jobs: jobs(args.jobs),
        budget: args.budget,
        runs_max: args.runs,
        fresh: None,
        start: Vec::new(),
        property: None,
        guided: !args.random,
    }
}

/// Draws recipes as the user asks for them, and varies what was left open: how long, how hard,
/// on how many nodes, under which of the faults.
pub fn fresh(
    card: &'static Card,
    args: &RunArgs,
) -> Result<impl Fn(&mut Rng, Pressure) -> Result<Recipe, Error> + Sync + use<>, Error> {
    let mut asked = request(args, "none", true)?;
    let open = args.time_limit.is_none();
    if open {
        asked.time_limit = TIME_LIMIT;
    }
    // What cannot be drawn at all is refused before anything starts.
    asked.of_card(card, 0)?;
    let few = asked.nodes > 3 && asked.concurrency.is_none();
    let pace = args.pace.is_none() && args.rate.is_none();
    Ok(move |dice: &mut Rng, pressure: Pressure| {
        let (small, slow, one_mix): (f64, &[u32], f64) = match pressure {
            Pressure::Usual => (0.5, &[1, 1, 3, 8], 0.3),
            Pressure::Low => (0.8, &[8, 20], 0.5),
        };
        let seed = dice.below(1_000_000_000);
        let mut request = Request { ..asked.clone() };
        if few && dice.chance(small) {
            request.nodes = 3;
        }
        // What happens between two operations takes room between them.
        if pace {
            request.pace *= *dice.pick(slow).unwrap_or(&1);
        }
        if open && dice.chance(0.5) {
            request.time_limit = TIME_LIMIT / 2;
        }
        if request.mix == Mix::Everything && dice.chance(one_mix) {
            let drawn = |mix: &Mix| match mix {
                // Simulated nodes meet no limit.
                Mix::None | Mix::Limits => false,
                Mix::Byzantine => request.beyond_model,
                _ => true,
            };
            let mixes: Vec<Mix> = Mix::ALL.into_iter().filter(drawn).collect();
            request.mix = *dice.pick(&mixes).unwrap_or(&Mix::Everything);
        }
        request.of_card(card, seed)
    })
}

fn go(args: &HuntArgs, seed: u64, hunt: &Hunt<'_>) -> Outcome {
    let what = args.name.clone().or(args.like.as_ref().map(|run| run.display().to_string()));
    print(&format!("seed {seed}: hunting {}\n", what.unwrap_or_default()));
    let began = std::time::Instant::now();
    let mut live = LiveLine::new(true);
    let hunted = hunt.run(&mut |runs, situations: &Situations| {
        if live.shown() {
            let rate = runs as f64 / began.elapsed().as_secs_f64().max(1e-3);
            let reached = situations.count();
            live.draw(&format!("{runs} seeds, {rate:.0} seeds/s, {reached} situations reached"));
        }
    })?;
    live.clear();
    print(&report(args, &hunted));
    let Some((recipe, finding)) = &hunted.found else { return Ok(nothing(&hunted)) };
    let recipe = Recipe { messages: "all".into(), ..recipe.clone() };
    let showing = Showing {
        store: &args.store,
        json: false,
        report: !args.no_report,
        command: String::new(),
    };
    run_one(&recipe, &showing)?;
    if !args.no_shrink {
        let parent = args.store.join(&recipe.test);
        let folder = std::fs::read_link(parent.join("latest"));
        let folder = folder.map_or(args.store.clone(), |latest| parent.join(latest));
        tell(&recipe, SHRINKING, &folder.join("shrunk.toml"))?;
    }
    Ok(finding.status.exit_code() as u8)
}

/// How long what was found is made smaller.
const SHRINKING: Duration = Duration::from_secs(30);

fn report(args: &HuntArgs, hunted: &Hunted) -> String {
    let seconds = hunted.took.as_secs_f64();
    let mut text = format!(
        "{} seeds in {seconds:.1} s ({:.0} seeds/s), {} situations reached\n",
        hunted.runs,
        hunted.runs as f64 / seconds.max(1e-3),
        hunted.situations.count(),
    );
    let marks = hunted.situations.marks();
    if !marks.is_empty() {
        let marks: Vec<String> = marks.iter().map(|(mark, n)| format!("{mark} {n}")).collect();
        text += &format!("  the protocol's own: {}\n", marks.join(", "));
    }
    let card = args.name.as_deref().and_then(|name| resolve::card(name).ok());
    let never = card.map(|card| card.situations()).unwrap_or_default().into_iter();
    let never: Vec<&str> = never.filter(|mark| !marks.contains_key(*mark)).collect();
    if !never.is_empty() {
        text += &format!("  never reached: {}\n", never.join(", "));
    }
    if let Some((recipe, finding)) = &hunted.found {
        let twin = recipe.twin.as_ref().map(|twin| format!(" with {twin}")).unwrap_or_default();
        text += &format!(
            "{}{twin}: {} {}: {}\n",
            recipe.test, finding.property, finding.status, finding.explanation
        );
        return text;
    }
    let weak = hunted.situations.promises().iter().filter(|(_, best)| **best != Status::Holds);
    for (property, best) in weak {
        text += &format!("  {property}: at best {best}\n");
    }
    let what = args.name.as_deref().unwrap_or("it");
    text + &format!("nothing found: no run of {what} broke a promise\n")
}

/// Nothing was found; that means something only of promises that were put to the test.
fn nothing(hunted: &Hunted) -> u8 {
    let worst = hunted.situations.promises().values().min().copied();
    worst.unwrap_or(Status::Vacuous).exit_code() as u8
}
