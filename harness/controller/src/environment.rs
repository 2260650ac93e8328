//! What happens in an environment, as what the nemesis is allowed to do.

use schism_nemesis::Allowance;
use schism_protocols::{Card, Environment, Model};

/// The highest probability of loss: beyond it a link is hardly one.
const LOSS_MAX: f64 = 0.3;

/// What may be done to the nodes of a protocol in an environment; `None` if nothing that makes
/// this environment could be done to them.
pub fn allowance(card: &Card, nodes: u16, environment: Environment) -> Option<Allowance> {
    let model = within_model(card, nodes);
    let talks = talks(card.workload);
    let kills = Allowance {
        crash_max: model.crash_max,
        leader: model.leader,
        silent: !talks,
        ..Allowance::none()
    };
    match environment {
        Environment::Model => Some(model),
        Environment::Reliable => Some(Allowance::none()),
        Environment::Lossy => talks.then_some(Allowance {
            loss_max: LOSS_MAX,
            duplicate: true,
            reorder: true,
            // Loss is what is tried here: what does arrive, arrives in time.
            delay_max: Model::Sync.delay_bound(),
            ..Allowance::none()
        }),
        Environment::Asynchronous => talks.then_some(Allowance {
            spared: true,
            partition: true,
            pause: true,
            reorder: true,
            delay_max: None,
            ..kills
        }),
        Environment::Crash => Some(kills),
        Environment::CrashRecovery => Some(Allowance { restart: true, keep_disk: true, ..kills }),
        Environment::Inaccurate => {
            talks.then_some(Allowance { partition: true, pause: true, delay_max: None, ..model })
        }
        Environment::Skewed => Some(Allowance { clock: true, ..kills }),
        Environment::TooManyFaults => {
            let crash_max = survived_by_two(nodes);
            // Who comes back has not failed, only been away.
            let too_many = Allowance { crash_max, restart: false, spared: false, ..model };
            (crash_max > model.crash_max).then_some(too_many)
        }
    }
}

/// What a card's model permits the nemesis to do.
fn within_model(card: &Card, nodes: u16) -> Allowance {
    let model: Model = card.model;
    let crash_max = (card.tolerates)(usize::from(nodes)) as u16;
    let crash_max = crash_max.min(survived_by_two(nodes));
    if !talks(card.workload) {
        let pause = model.pauses();
        let (restart, keep_disk) = (model.restart(), model.keeps_disk());
        let silent = true;
        return Allowance { crash_max, restart, keep_disk, pause, silent, ..Allowance::none() };
    }
    Allowance {
        crash_max,
        spared: false,
        restart: model.restart(),
        keep_disk: model.keeps_disk(),
        damage: false,
        partition: model.partitions(),
        loss_max: if model.loss() { LOSS_MAX } else { 0.0 },
        duplicate: model.duplication(),
        reorder: model.reordering(),
        corrupt: model.corruption(),
        delay_max: model.delay_bound(),
        pause: model.pauses(),
        // A card that says what skewed clocks cost it does not count them to its model.
        clock: model.clock_skew() && card.beyond.iter().all(|it| it.under != Environment::Skewed),
        // Simulated nodes meet no limit, and no model permits lies.
        limits: false,
        liars_max: 0,
        leader: tells_who_leads(card),
        silent: false,
    }
}

/// Whether the protocol tells who leads.
fn tells_who_leads(card: &Card) -> bool {
    card.workload == "kv"
        || about_leaders(card.name)
        || card.promises.iter().any(|promise| about_leaders(promise))
}

/// Whether a promise, or the name of a protocol, is about leaders.
pub fn about_leaders(text: &str) -> bool {
    text.contains("lead") || text.contains("elect")
}

/// How many may crash so that two stay: what nobody else has seen, nobody can disagree about.
fn survived_by_two(nodes: u16) -> u16 {
    nodes - nodes.min(2)
}

/// Whether nodes under this workload speak to each other: those that never do have no links to
/// cut.
pub fn talks(workload: &str) -> bool {
    !matches!(workload, "echo" | "unique-ids" | "jobs")
}
