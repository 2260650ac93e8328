//! The `schism` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Only a process with a single thread can move into a namespace of its own.
    schism::processes::prepare();
    schism::cli::main()
}
