//! The process host, with real processes.
//!
//! The test binary is also what the tests run: as `node` it is a node, as `controller` it is a
//! controller that may be killed. So it has a `main` of its own, and lists its tests by hand.

mod controller;
mod faults;
mod foreign;
mod hardships;
mod play;
mod toy;
mod traffic;

use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("node") => {
            schism_node::serve(|_| toy::node()).expect("the node works");
            return ExitCode::SUCCESS;
        }
        Some("controller") => return controller::main(&arguments[2]),
        _ => {}
    }
    let mut trials = toy_trials();
    trials.extend(foreign_trials());
    trials.extend(controller_trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Makes a trial of a function that panics when it fails.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        std::panic::catch_unwind(test).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
            Failed::from(text.unwrap_or_else(|| "panicked".into()))
        })
    })
}

fn toy_trials() -> Vec<Trial> {
    vec![
        trial("clients_are_answered", traffic::clients_are_answered),
        trial("a_flood_does_not_deadlock", traffic::a_flood_does_not_deadlock),
        trial("a_stopped_node_stops_nobody_else", traffic::a_stopped_node_stops_nobody_else),
        trial("link_rules_hold_between_processes", traffic::link_rules_hold_between_processes),
        trial("who_is_interrupted_is_heard_out", traffic::who_is_interrupted_is_heard_out),
        trial("notes_and_marks_are_told", traffic::notes_and_marks_are_told),
        trial("timers_go_off", traffic::timers_go_off),
        trial("acknowledged_stores_survive_kills", faults::acknowledged_stores_survive_kills),
        trial("a_wiped_disk_is_empty", faults::a_wiped_disk_is_empty),
        trial("a_pause_is_seen", faults::a_pause_is_seen),
        trial(
            "a_clock_that_jumps_ahead_sets_off_timers",
            faults::a_clock_that_jumps_ahead_sets_off_timers,
        ),
        trial("a_panic_is_a_death", faults::a_panic_is_a_death),
        trial(
            "what_was_written_before_a_kill_counts",
            faults::what_was_written_before_a_kill_counts,
        ),
        trial(
            "a_sender_struck_in_the_middle_has_sent_to_some",
            faults::a_sender_struck_in_the_middle_has_sent_to_some,
        ),
        trial("a_node_whose_disk_fails_stops", hardships::a_node_whose_disk_fails_stops),
        trial("a_slow_disk_holds_answers_up", hardships::a_slow_disk_holds_answers_up),
        trial("limits_are_seen_by_the_system", hardships::limits_are_seen_by_the_system),
        trial("a_kill_takes_what_was_not_synced", hardships::a_kill_takes_what_was_not_synced),
        trial("a_dead_node_hears_nothing", faults::a_dead_node_hears_nothing),
    ]
}

fn foreign_trials() -> Vec<Trial> {
    vec![
        trial("a_shell_script_is_a_node", foreign::a_shell_script_is_a_node),
        trial("services_answer", foreign::services_answer),
        trial("garbage_is_quoted", foreign::garbage_is_quoted),
        trial("a_line_cut_off_by_death_is_garbage", foreign::a_line_cut_off_by_death_is_garbage),
        trial("a_death_tells_the_last_words", foreign::a_death_tells_the_last_words),
        trial("a_node_that_never_answers_init", foreign::a_node_that_never_answers_init),
        trial("a_program_that_cannot_be_run", foreign::a_program_that_cannot_be_run),
        trial("the_children_of_a_killed_node_die", foreign::the_children_of_a_killed_node_die),
    ]
}

fn controller_trials() -> Vec<Trial> {
    vec![
        trial("nothing_survives_the_controller", controller::nothing_survives_the_controller),
        trial(
            "a_controller_that_panics_or_is_interrupted_leaves_nothing",
            controller::a_controller_that_panics_or_is_interrupted_leaves_nothing,
        ),
        trial("the_program_touches_only_its_store", controller::the_program_touches_only_its_store),
        trial(
            "an_interrupt_is_told_a_second_aborts",
            controller::an_interrupt_is_told_a_second_aborts,
        ),
    ]
}
