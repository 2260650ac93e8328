use super::shape::Shape;
use super::*;
use schism_protocols::{Beyond, find};
use schism_reports::matrix::{Mark, Severity};

fn asked(cards: Vec<&'static Card>, seeds: u64) -> Asked {
    Asked { cards, first: 1, seeds, jobs: 1, budget: None }
}

fn known(name: &str) -> Card {
    *find(name).expect("a protocol of the catalogue")
}

fn made(card: Card, seeds: u64) -> Matrix {
    run(&asked(vec![Box::leak(Box::new(card))], seeds), &|_| {}).expect("a matrix")
}

/// The cell of a property in an environment.
fn at(matrix: &Matrix, property: &str, environment: Environment) -> Cell {
    let row = matrix.protocols[0].rows.iter().find(|row| row.property == property);
    let column = matrix.environments.iter().position(|it| it.name == environment.name());
    row.expect("a row").cells[column.expect("a column")].clone().expect("a cell")
}

#[test]
fn links_keep_what_they_promise_and_lose_what_they_must() {
    let matrix = made(known("perfect-links"), 40);
    assert_eq!(matrix.problems(), []);
    assert_eq!(matrix.exit_code(), 0);
    let mark = |property, environment| at(&matrix, property, environment).mark();
    assert_eq!(mark("no duplication", Environment::Model), Mark::Holds);
    assert_eq!(mark("no duplication", Environment::Reliable), Mark::Unstressed);
    assert_eq!(mark("fifo order", Environment::Model), Mark::Caught);
    assert_eq!(mark("reliable delivery", Environment::CrashRecovery), Mark::NotClaimedLost);
    assert_eq!(at(&matrix, "no duplication", Environment::Lossy).tally.tried(), 40);
    assert_eq!(matrix.protocols[0].twins[0].cell.mark(), Mark::Caught);
}

#[test]
fn a_claim_that_is_not_kept_is_a_disagreement_whose_command_replays_it() {
    let promises = &["no creation", "fifo order"];
    let matrix = made(Card { promises, beyond: &[], twins: &[], ..known("perfect-links") }, 40);
    assert_eq!(matrix.exit_code(), 1);
    let problems = matrix.problems();
    assert!(problems.iter().all(|problem| problem.property == "fifo order"), "{problems:?}");
    let cell = at(&matrix, "fifo order", Environment::Lossy);
    assert_eq!(cell.mark(), Mark::Broken);
    let lost = cell.lost.expect("evidence");
    let start = "schism test perfect-links --environment lossy --sim --seed ";
    assert!(lost.replay.starts_with(start), "{}", lost.replay);
    // As the command line would resolve it.
    let shape = Shape::draw(find("perfect-links").expect("a card"), Environment::Lossy, lost.seed);
    let request = crate::resolve::Request {
        properties: vec!["fifo order".into()],
        ..shape.request(Environment::Lossy, None)
    };
    let card = find("perfect-links").expect("a card");
    let recipe = request.of_card(card, lost.seed).expect("a recipe");
    let history = crate::simulated::run(&recipe).expect("a run").history;
    let verdict = crate::judge(&history, &schism_checkers::Budget::default()).expect("a verdict");
    assert_eq!(verdict.findings[0].explanation, lost.explanation);
}

#[test]
fn a_loss_that_is_not_seen_is_a_disagreement() {
    const NEVER: &[Beyond] =
        &[Beyond { property: "no creation", under: Environment::Lossy, why: "for a test" }];
    let matrix = made(Card { beyond: NEVER, twins: &[], ..known("stubborn-links") }, 10);
    let problems = matrix.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].severity, Severity::Disagreement);
    assert_eq!(problems[0].what, "must be lost, but was not in 10 seeds");
    assert_eq!(problems[0].replay, "schism matrix --filter stubborn-links --seeds 10");
}

#[test]
fn a_promise_that_is_never_put_to_the_test_is_a_disagreement() {
    // Nobody crashes where nobody may.
    let promises = &["strong completeness"];
    let card = Card { promises, tolerates: |_| 0, twins: &[], ..known("perfect-detector") };
    let matrix = made(card, 5);
    assert_eq!(at(&matrix, "strong completeness", Environment::Model).mark(), Mark::Untested);
    assert_eq!(at(&matrix, "strong completeness", Environment::Reliable).mark(), Mark::Vacuous);
    assert_eq!(matrix.exit_code(), 1);
}

#[test]
fn threads_change_nothing_and_a_budget_leaves_things_undecided() {
    let cards = || vec![find("fifo-links").expect("a card"), find("unique-ids").expect("a card")];
    let one = run(&asked(cards(), 10), &|_| {}).expect("a matrix");
    let three = run(&Asked { jobs: 3, ..asked(cards(), 10) }, &|_| {}).expect("a matrix");
    assert_eq!(one.protocols, three.protocols);
    let nothing = Asked { budget: Some(Duration::ZERO), ..asked(cards(), 10) };
    let nothing = run(&nothing, &|_| {}).expect("a matrix");
    assert_eq!(nothing.exit_code(), 2);
}
