//! The matrix: what its cells say, and how it looks in a terminal.

use schism_checkers::Status;
use schism_reports::matrix::{
    Cell, Column, Evidence, Expected, Mark, Matrix, Protocol, Row, Severity, Tally, Twin, page,
    terminal,
};

fn cell(expected: Expected, tally: Tally) -> Cell {
    Cell {
        expected,
        why: String::new(),
        whole_model: false,
        planned: 100,
        tally,
        lost: None,
        again: "schism test toy --seeds 1..100".into(),
    }
}

fn holds(holds: u64) -> Tally {
    Tally { holds, ..Tally::default() }
}

fn lost(expected: Expected, seed: u64) -> Cell {
    let replay = format!("schism test toy --sim --seed {seed}");
    let explanation = "n1 delivered 7, n2 did not".into();
    let evidence = Evidence { seed, status: Status::Violated, explanation, replay };
    let tally = Tally { lost: 1, ..holds(seed - 1) };
    Cell { lost: Some(evidence), ..cell(expected, tally) }
}

/// One cell of every kind.
fn every_kind() -> Vec<(Cell, Mark)> {
    let tally = Tally::default();
    let vacuous = Tally { vacuous: 100, ..tally };
    let unstressed = Tally { unstressed: 40, vacuous: 60, ..tally };
    let unknown = Tally { unknown: 2, ..holds(98) };
    vec![
        (cell(Expected::Kept, holds(100)), Mark::Holds),
        (cell(Expected::Kept, unstressed), Mark::Unstressed),
        (cell(Expected::Kept, vacuous), Mark::Vacuous),
        (lost(Expected::Kept, 17), Mark::Broken),
        (Cell { whole_model: true, ..cell(Expected::Kept, unstressed) }, Mark::Untested),
        (lost(Expected::Lost, 5), Mark::Caught),
        (cell(Expected::Lost, holds(100)), Mark::Missed),
        (lost(Expected::Nothing, 3), Mark::NotClaimedLost),
        (cell(Expected::Nothing, holds(9)), Mark::NotClaimedKept),
        (cell(Expected::Kept, unknown), Mark::Unknown),
        (cell(Expected::Kept, holds(12)), Mark::Unfinished),
        // One in a hundred is made up for by another.
        (cell(Expected::Kept, Tally { unknown: 1, ..holds(100) }), Mark::Holds),
        (cell(Expected::Kept, Tally { unknown: 1, ..holds(99) }), Mark::Unfinished),
    ]
}

fn matrix() -> Matrix {
    let environments = ["its-model", "reliable", "lossy"];
    let environments = environments.map(|name| Column {
        name: name.into(),
        short: name.split('-').next_back().unwrap_or_default().into(),
        line: format!("what happens in {name}"),
    });
    let mut cells = every_kind().into_iter().map(|(cell, _)| Some(cell));
    let mut rows = Vec::new();
    for property in ["agreement", "validity", "total order", "integrity"] {
        let mut row: Vec<Option<Cell>> = cells.by_ref().take(3).collect();
        row.resize(3, None);
        rows.push(Row { property: property.into(), cells: row });
    }
    let twin = |name: &str, cell: Cell| Twin {
        name: name.into(),
        line: "does it wrong".into(),
        loses: "agreement".into(),
        cell: Cell { whole_model: true, ..cell },
    };
    Matrix {
        schism: "0.1.0".into(),
        seeds: 100,
        runs: 1234,
        seconds: 5.0,
        environments: environments.into(),
        protocols: vec![Protocol {
            name: "toy".into(),
            line: "plays".into(),
            source: "nowhere".into(),
            model: "silent".into(),
            workload: "broadcast".into(),
            rows,
            twins: vec![
                twin("lazy", lost(Expected::Lost, 1)),
                twin("shy", cell(Expected::Lost, holds(100))),
            ],
        }],
    }
}

#[test]
fn a_cell_says_what_was_expected_and_seen() {
    for (cell, mark) in every_kind() {
        assert_eq!(cell.mark(), mark, "{cell:?}");
    }
}

#[test]
fn problems_are_what_disagrees_then_what_is_undecided() {
    let matrix = matrix();
    let problems = matrix.problems();
    let about = |severity| problems.iter().filter(move |p| p.severity == severity).count();
    assert_eq!((about(Severity::Disagreement), about(Severity::Undecided)), (4, 2));
    assert!(problems.is_sorted_by_key(|problem| problem.severity));
    assert_eq!(problems[3].twin.as_deref(), Some("shy"));
    assert_eq!(matrix.exit_code(), 1);
    let json = serde_json::to_string(&matrix).expect("JSON");
    assert_eq!(serde_json::from_str::<Matrix>(&json).expect("the same"), matrix);
}

#[test]
fn a_matrix_without_problems_passes_and_an_undecided_one_does_not() {
    let mut matrix = matrix();
    matrix.protocols[0].twins.truncate(1);
    for row in &mut matrix.protocols[0].rows {
        row.cells.retain(|cell| {
            let mark = cell.as_ref().map(Cell::mark);
            !matches!(mark, Some(Mark::Broken | Mark::Untested | Mark::Missed))
        });
    }
    assert_eq!(matrix.exit_code(), 2);
    matrix.protocols[0].rows.retain(|row| row.property == "agreement");
    assert_eq!(matrix.exit_code(), 0);
}

#[test]
fn the_page_shows_every_cell_and_loads_nothing() {
    let mut matrix = matrix();
    matrix.protocols[0].line = "plays <script>alert(1)</script>".into();
    let page = page(&matrix);
    assert_eq!(page.matches("popovertarget=").count(), matrix.cells().count());
    assert!(page.contains("schism test toy --sim --seed 17"));
    assert!(page.contains("catalogue and runs disagree"));
    assert!(page.contains("plays &lt;script&gt;") && !page.contains("<script>alert"));
    assert!(!page.contains("http://") && !page.contains("https://"), "it loads something");
}

#[test]
fn it_fits_a_terminal() {
    insta::assert_snapshot!(terminal(&matrix(), false, 80));
}
