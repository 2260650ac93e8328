//! Recipes a little different from others.

use super::situations::Occurrence;
use crate::Recipe;
use schism_history::NodeId;
use schism_nemesis::{AfterKill, Allowance, Fault, Mix, Plan, Rng, Shape, Target, What};
use std::time::Duration;

/// How often a change that leads out of the model is tried again.
const TRIES: u64 = 8;
/// How many recipes follow something rare from where it happened.
const FOLLOWED: f64 = 0.6;
/// Of those, how many only strike a little sooner or later.
const NUDGED: f64 = 0.3;
/// Of the rest, how many strike at once.
const STRUCK: f64 = 0.6;
/// How many recipes begin as another did, to the last message.
const FORKED: f64 = 0.3;
/// Faults that are brought together begin or end at most this far apart.
const NEAR: Duration = Duration::from_millis(60);

/// A recipe like this one: with another seed, most often with its faults changed, sometimes with
/// its work changed. `others` lend faults. Plans stay within the allowance.
pub fn mutated(
    recipe: &Recipe,
    occurrence: Option<Occurrence>,
    others: &[&Recipe],
    allow: Option<&Allowance>,
    rng: &mut Rng,
) -> Recipe {
    if let (Some(occurrence), Some(allow)) = (occurrence, allow)
        && rng.chance(FOLLOWED)
    {
        let plan = match rng.chance(NUDGED) {
            true => nudged(recipe, occurrence, rng),
            false => onward(recipe, occurrence, allow, rng),
        };
        if plan.check(recipe.nodes).is_ok() && plan.fits(allow, recipe.nodes) {
            return Recipe { plan, ..recipe.clone() };
        }
    }
    let mut changed = Recipe { seed: rng.below(i64::MAX as u64), ..recipe.clone() };
    if rng.chance(0.2) {
        changed.seed = recipe.seed;
    }
    if rng.chance(0.25) && changed.script.is_none() {
        work(&mut changed, rng);
    }
    // The same beginning, and another end: what led to something new may lead further.
    let forked = rng.chance(FORKED);
    if forked {
        changed = recipe.clone();
    }
    if forked || rng.chance(0.8) {
        for _ in 0..TRIES {
            let plan = match forked {
                true => fork(&changed, others, rng),
                false => plan(&changed, others, rng),
            };
            let fits = allow.is_none_or(|allow| plan.fits(allow, changed.nodes));
            if plan.check(changed.nodes).is_ok() && fits {
                changed.plan = plan;
                break;
            }
        }
    }
    changed
}

/// The plan up to where something rare happened, then most often a strike, and whatever the dice say.
fn onward(
    recipe: &Recipe,
    Occurrence { at, node }: Occurrence,
    allow: &Allowance,
    rng: &mut Rng,
) -> Plan {
    let mut plan = recipe.plan.clone();
    plan.faults.retain(|fault| fault.from < at);
    let mut parting = at;
    if rng.chance(STRUCK) {
        let from = millis(at + rng.between(Duration::ZERO, NEAR));
        let until = (from + millis(rng.between(NEAR, NEAR * 20))).min(recipe.time_limit);
        let after = match (allow.restart, allow.keep_disk) {
            (true, true) => AfterKill::KeepDisk,
            (true, false) => AfterKill::WipeDisk,
            (false, _) => AfterKill::ForGood,
        };
        let what = match rng.below(4) {
            0 => What::Pause,
            1 => What::Partition(Shape::Isolate),
            _ => What::Kill(after),
        };
        let until = if what == What::Kill(AfterKill::ForGood) { from } else { until };
        let other = NodeId(rng.below(u64::from(recipe.nodes)) as u16);
        let target = match rng.below(3) {
            0 if allow.leader => Target::Leader,
            1 => Target::Nodes(vec![other]),
            _ => Target::Nodes(vec![node]),
        };
        plan.faults.push(Fault { what, target, from, until, when: None });
        let possible = plan.check(recipe.nodes).is_ok() && is_within(&plan, allow, recipe);
        match possible {
            true => parting = from + Duration::from_millis(1),
            false => drop(plan.faults.pop()),
        }
    }
    let mixes = [Mix::Everything, Mix::Swarm, Mix::Swarm, Mix::Crash, Mix::Partition];
    let mix = *rng.pick(&mixes).unwrap_or(&Mix::Everything);
    let seed = rng.below(i64::MAX as u64);
    plan.redrawn(parting, seed, mix, allow, recipe.nodes, recipe.time_limit)
}

/// Whether a plan has nothing of a kind that is not permitted, and not too much of the rest.
fn is_within(plan: &Plan, allow: &Allowance, recipe: &Recipe) -> bool {
    let kinds = plan.faults.iter().all(|fault| match fault.what {
        What::Pause => allow.pause,
        What::Partition(_) => allow.partition,
        What::Kill(_) => allow.crash_max > 0 && !allow.spared,
        _ => true,
    });
    kinds && plan.fits(allow, recipe.nodes)
}

/// The same plan, where one of the last faults before something rare strikes a little sooner or
/// later.
fn nudged(recipe: &Recipe, occurrence: Occurrence, rng: &mut Rng) -> Plan {
    let mut plan = recipe.plan.clone();
    let before = plan.faults.iter().filter(|fault| fault.from <= occurrence.at).count() as u64;
    let back = 1 + rng.below(3);
    let Some(fault) = plan.faults.get_mut(before.saturating_sub(back) as usize) else {
        return plan;
    };
    match &mut fault.when {
        Some(when) if rng.chance(0.7) => {
            when.count = (when.count + rng.below(8) as u32).saturating_sub(4).max(1);
        }
        _ => {
            let length = fault.until.saturating_sub(fault.from);
            let by = rng.between(Duration::ZERO, NEAR);
            fault.from = millis((fault.from + by).saturating_sub(NEAR / 2));
            fault.until = fault.from + length;
        }
    }
    plan.faults.sort_by_key(|fault| (fault.from, fault.until));
    plan
}

/// Whole milliseconds: people will read it.
fn millis(time: Duration) -> Duration {
    Duration::from_millis(time.as_millis() as u64)
}

/// The plan up to some time, and from then on another one's.
fn fork(recipe: &Recipe, others: &[&Recipe], rng: &mut Rng) -> Plan {
    let at = rng.between(Duration::ZERO, recipe.time_limit);
    let lenders: Vec<&&Recipe> = others.iter().filter(|it| it.nodes == recipe.nodes).collect();
    let mut faults = recipe.plan.faults.clone();
    faults.retain(|fault| fault.from < at);
    if let Some(lender) = rng.pick(&lenders) {
        let late = lender.plan.faults.iter().filter(|fault| fault.from >= at);
        faults.extend(late.filter(|fault| fault.until <= recipe.time_limit).cloned());
    }
    Plan { faults }
}

/// How hard the clients work.
fn work(recipe: &mut Recipe, rng: &mut Rng) {
    match rng.below(2) {
        0 => recipe.pace = Duration::from_millis([1, 5, 10, 30, 80][rng.below(5) as usize]),
        _ => recipe.concurrency = (1 + rng.below(3) as u32) * u32::from(recipe.nodes),
    }
}

/// The plan with one to three changes.
fn plan(recipe: &Recipe, others: &[&Recipe], rng: &mut Rng) -> Plan {
    let mut faults = recipe.plan.faults.clone();
    for _ in 0..=rng.below(3) {
        change(&mut faults, recipe, others, rng);
    }
    for fault in &mut faults {
        // What is never undone has no end; everything else ends within the run.
        fault.until = match fault.is_for_good() {
            true => fault.from,
            false => fault.until.min(recipe.time_limit),
        };
    }
    faults.sort_by_key(|fault| (fault.from, fault.until));
    Plan { faults }
}

fn change(faults: &mut Vec<Fault>, recipe: &Recipe, others: &[&Recipe], rng: &mut Rng) {
    let count = faults.len() as u64;
    if count == 0 || rng.chance(0.1) {
        let lenders: Vec<&&Recipe> =
            others.iter().filter(|other| other.nodes == recipe.nodes).collect();
        let lent = rng.pick(&lenders).and_then(|lender| rng.pick(&lender.plan.faults).cloned());
        faults.extend(lent);
        return;
    }
    let (i, j) = (rng.below(count) as usize, rng.below(count) as usize);
    let length = |fault: &Fault| fault.until.saturating_sub(fault.from);
    let moved = |fault: &mut Fault, from: Duration| {
        let length = length(fault);
        (fault.from, fault.until) = (from, from + length);
    };
    match rng.below(6) {
        // Another time.
        0 => {
            let from = rng.between(Duration::ZERO, recipe.time_limit);
            moved(&mut faults[i], from);
        }
        // Near the beginning or the end of another fault.
        1 => {
            let edge = if rng.chance(0.5) { faults[j].from } else { faults[j].until };
            let from = (edge + rng.between(Duration::ZERO, NEAR * 2)).saturating_sub(NEAR);
            moved(&mut faults[i], from);
        }
        // Longer or shorter.
        2 => {
            let percent = 20 + rng.below(300) as u32;
            let fault = &mut faults[i];
            let length = (length(fault) * percent / 100).max(Duration::from_millis(1));
            fault.until = fault.from + length;
        }
        // Once more.
        3 => {
            let mut again = faults[i].clone();
            moved(&mut again, rng.between(Duration::ZERO, recipe.time_limit));
            faults.push(again);
        }
        // Not at all.
        4 => drop(faults.remove(i)),
        // At other nodes.
        _ => {
            if let Target::Nodes(targets) = &mut faults[i].target {
                let mut nodes: Vec<NodeId> = (0..recipe.nodes).map(NodeId).collect();
                rng.shuffle(&mut nodes);
                nodes.truncate(targets.len());
                *targets = nodes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::allowance;
    use crate::resolve::{Request, card};

    fn recipes(name: &str) -> (Vec<Recipe>, Allowance) {
        let card = card(name).expect("a card");
        let request = Request {
            nodes: 5,
            pace: Duration::from_millis(10),
            time_limit: Duration::from_secs(6),
            simulated: true,
            ..Request::default()
        };
        let recipes = (0..6).map(|seed| request.of_card(card, seed).expect("a recipe"));
        let allow = allowance(card, 5, schism_protocols::Environment::Model).expect("a model");
        (recipes.collect(), allow)
    }

    #[test]
    fn a_mutated_plan_can_be_carried_out_within_the_model() {
        for name in ["raft", "lazy-reliable-broadcast", "atomic-logged"] {
            let (known, allow) = recipes(name);
            let mut rng = Rng::new(1, &[]);
            let (mut plans, mut forks) = (0, 0);
            let mut recipe = known[0].clone();
            for round in 0..400 {
                let before = if round % 40 == 0 { &known[round / 40 % 6] } else { &recipe };
                let changed = mutated(
                    before,
                    None,
                    &known.iter().collect::<Vec<_>>(),
                    Some(&allow),
                    &mut rng,
                );
                assert_eq!(changed.plan.check(5), Ok(()), "{name}");
                assert!(changed.plan.fits(&allow, 5), "{name}: {}", changed.plan);
                assert!(changed.plan.faults.iter().all(|fault| fault.until <= changed.time_limit));
                plans += u32::from(changed.plan != before.plan);
                forks += u32::from(changed.seed == before.seed && changed.plan != before.plan);
                recipe = changed;
            }
            assert!(plans > 200 && forks > 60, "{name}: {plans} plans, {forks} forks");
        }
    }

    #[test]
    fn a_fork_begins_as_the_other_did() {
        let (known, _) = recipes("raft");
        let mut rng = Rng::new(2, &[]);
        for _ in 0..100 {
            let plan = fork(&known[0], &known.iter().collect::<Vec<_>>(), &mut rng);
            let old = &known[0].plan.faults;
            let same = plan.faults.iter().zip(old).take_while(|(one, other)| one == other).count();
            // Nothing of either plan is missing before they part.
            let parting = [plan.faults.get(same), old.get(same)];
            let parting = parting.into_iter().flatten().map(|fault| fault.from).min();
            let parting = parting.unwrap_or(Duration::MAX);
            let early = |faults: &[Fault]| faults.iter().filter(|it| it.from < parting).count();
            assert_eq!((early(&plan.faults), early(old)), (early(old), early(&plan.faults)));
            assert!(plan.faults.is_sorted_by_key(|fault| fault.from), "{plan}");
        }
    }

    #[test]
    fn the_same_dice_mutate_alike() {
        let (known, allow) = recipes("raft");
        let all = |seed| {
            let mut rng = Rng::new(seed, &[]);
            (0..20)
                .map(|_| {
                    mutated(
                        &known[0],
                        None,
                        &known.iter().collect::<Vec<_>>(),
                        Some(&allow),
                        &mut rng,
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(all(3), all(3));
        assert_ne!(all(3), all(4));
    }
}
