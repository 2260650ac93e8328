//! The plans that are part of the program: schedules written to bring one kind of failure about.

use crate::Error;
use std::path::Path;

/// Their names and texts.
pub const PLANS: [(&str, &str); 18] = [
    ("cut-and-fall", include_str!("../../../docs/plans/cut-and-fall.toml")),
    ("fall-one-by-one", include_str!("../../../docs/plans/fall-one-by-one.toml")),
    ("figure-8", include_str!("../../../docs/plans/figure-8.toml")),
    ("half-a-write", include_str!("../../../docs/plans/half-a-write.toml")),
    ("heavy-loss", include_str!("../../../docs/plans/heavy-loss.toml")),
    (
        "isolate-the-leader-after-accept",
        include_str!("../../../docs/plans/isolate-the-leader-after-accept.toml"),
    ),
    ("kill-in-mid-broadcast", include_str!("../../../docs/plans/kill-in-mid-broadcast.toml")),
    ("kill-in-mid-relay", include_str!("../../../docs/plans/kill-in-mid-relay.toml")),
    ("kill-in-mid-round", include_str!("../../../docs/plans/kill-in-mid-round.toml")),
    ("kill-round-after-round", include_str!("../../../docs/plans/kill-round-after-round.toml")),
    ("kill-the-sender", include_str!("../../../docs/plans/kill-the-sender.toml")),
    ("leave-a-gap", include_str!("../../../docs/plans/leave-a-gap.toml")),
    ("left-behind", include_str!("../../../docs/plans/left-behind.toml")),
    ("majorities-fall", include_str!("../../../docs/plans/majorities-fall.toml")),
    ("restart-the-first", include_str!("../../../docs/plans/restart-the-first.toml")),
    ("stretched-writes", include_str!("../../../docs/plans/stretched-writes.toml")),
    ("two-alone", include_str!("../../../docs/plans/two-alone.toml")),
    ("vote-and-fall", include_str!("../../../docs/plans/vote-and-fall.toml")),
];

/// The text of the plan of this name, or in this file.
pub fn text(plan: &Path) -> Result<String, Error> {
    if let Some((_, text)) = PLANS.iter().find(|(name, _)| plan == Path::new(name)) {
        return Ok((*text).into());
    }
    std::fs::read_to_string(plan).map_err(|error| {
        let known: Vec<&str> = PLANS.iter().map(|(name, _)| *name).collect();
        Error::usage(format!(
            "--plan {}: neither a file that can be read ({error}) nor one of the plans {}",
            plan.display(),
            known.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::Request;
    use schism_nemesis::Mix;
    use schism_protocols::{Environment, catalogue};
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn run_of(twin: &str, nodes: u16) -> Request {
        Request {
            nodes,
            time_limit: Duration::from_secs(20),
            twin: Some(twin.into()),
            scheduled: true,
            ..Request::default()
        }
    }

    #[test]
    fn every_schedule_of_a_twin_fits_the_usual_run() {
        for card in catalogue() {
            for twin in card.twins.iter().filter(|twin| twin.schedule.is_some()) {
                let request = run_of(twin.name, 5);
                let recipe = request.of_card(card, 1).expect("it can be run");
                assert_eq!(recipe.faults_from.as_deref(), twin.schedule, "{}", card.name);
                assert!(!recipe.plan.faults.is_empty(), "{}", card.name);
                let asked = Request { scheduled: false, mix: Mix::Everything, ..request };
                let drawn = asked.of_card(card, 1).expect("it can be run");
                assert_eq!(drawn.faults_from, None);
                assert!(drawn.plan != recipe.plan, "{}", card.name);
            }
        }
    }

    #[test]
    fn who_asks_for_certain_faults_gets_those() {
        let raft = schism_protocols::find("raft").expect("it is in the catalogue");
        let usual = || run_of("counts-old-terms", 5);
        let environment = Environment::Crash;
        let asked = [
            Request { interval: Some(Duration::from_secs(1)), ..usual() },
            Request { environment, ..usual() },
            Request { beyond_model: true, ..usual() },
        ];
        for request in asked {
            assert_eq!(request.of_card(raft, 1).expect("it can be run").faults_from, None);
        }
    }

    #[test]
    fn where_a_schedule_does_not_fit_faults_are_drawn() {
        let raft = schism_protocols::find("raft").expect("it is in the catalogue");
        let recipe = run_of("counts-old-terms", 3).of_card(raft, 1).expect("it can be run");
        assert_eq!(recipe.faults_from, None);
    }

    #[test]
    fn every_plan_is_part_of_the_program() {
        let names: BTreeSet<String> = PLANS.iter().map(|(name, _)| (*name).into()).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plans");
        let files = std::fs::read_dir(folder).expect("it can be read");
        let stems = files.map(|file| {
            let path = file.expect("it can be read").path();
            path.file_stem().expect("it has a name").to_string_lossy().into_owned()
        });
        assert_eq!(stems.collect::<BTreeSet<_>>(), names);
    }
}
