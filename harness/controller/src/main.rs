//! The `schism` command.

fn main() -> std::process::ExitCode {
    eprintln!("usage: schism node NAME");
    std::process::ExitCode::from(64)
}
