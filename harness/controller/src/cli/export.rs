//! `schism export`: a history in another format.

use super::Outcome;
use super::args::{ExportArgs, Format};
use crate::{Error, loading};
use schism_history::LoadOptions;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};

pub fn export(args: &ExportArgs) -> Outcome {
    let file = loading::history_file(&args.file);
    let loaded = loading::load(&file, &LoadOptions::default())?;
    let write = |out: &mut dyn Write| match args.format {
        Format::Jsonl => schism_history::write_jsonl(&loaded.history, out),
        Format::Edn => schism_history::write_edn(&loaded.history, out),
    };
    match &args.output {
        Some(path) => {
            // A file that could not be written whole is not left behind under its name.
            let temporary = path.with_extension("partial");
            let written = File::create(&temporary).and_then(|file| {
                let mut out = BufWriter::new(file);
                write(&mut out)?;
                out.into_inner()?.sync_all()?;
                std::fs::rename(&temporary, path)
            });
            written.map_err(|e| {
                let _ = std::fs::remove_file(&temporary);
                Error::writing(path, e)
            })?;
        }
        None => match write(&mut BufWriter::new(std::io::stdout().lock())) {
            Err(e) if e.kind() != ErrorKind::BrokenPipe => return Err(Error::harness(e)),
            _ => {}
        },
    }
    Ok(0)
}
