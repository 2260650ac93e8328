//! Writes reports on made-up runs, to look at: `cargo run --example samples -- DIRECTORY`.

#[path = "../tests/reports/support/mod.rs"]
mod support;

use schism_reports::terminal;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: samples DIRECTORY")?;
    let samples = [
        ("raft", support::healthy_raft(12_000, true)),
        ("raft-100k", support::healthy_raft(100_000, true)),
        ("register", support::failing_register()),
        ("broadcast", support::failing_broadcast()),
        ("hostile", support::hostile()),
    ];
    for (name, sample) in samples {
        let directory = PathBuf::from(&directory).join(name);
        let begun = std::time::Instant::now();
        let summary = sample.summary();
        schism_reports::write(&directory, &sample.history, &summary, &[])?;
        println!("{}", terminal::summary(&summary, true, 100));
        println!("{} records, {:?}\n", sample.history.records.len(), begun.elapsed());
    }
    Ok(())
}
