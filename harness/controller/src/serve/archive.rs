//! A run as one archive, made while it is sent: nothing of it is held in memory or on disk.

use super::shelf::{Shelf, is_plain, names};
use super::{Site, answer};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cap_std::fs::Dir;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Read, Write};
use std::sync::Arc;
use tar::{Builder, Header};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

/// How many pieces wait to be sent.
const AHEAD: usize = 16;
/// How large a piece is.
const PIECE: usize = 64 << 10;

/// `/archive/{test}/{run}`
pub async fn archive(
    State(site): State<Arc<Site>>,
    Path((test, run)): Path<(String, String)>,
) -> Response {
    if !is_plain(&test) || !is_plain(&run) {
        return answer::missing("There is no such run.");
    }
    let Ok(directory) = run_directory(&site.shelf, &test, &run) else {
        return answer::missing("The store has no such run; it may have been removed.");
    };
    let (pieces, sent) = channel(AHEAD);
    let name = format!("{test}-{run}");
    let file = file_name(&name);
    tokio::task::spawn_blocking(move || {
        let failed = pack(&directory, &name, &pieces).err();
        if let Some(error) = failed {
            // The reader sees an archive that breaks off instead of one that looks whole.
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file}.tar.gz\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/gzip")),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, Body::from_stream(ReceiverStream::new(sent))).into_response()
}

fn run_directory(shelf: &Shelf, test: &str, run: &str) -> io::Result<Dir> {
    let directory = shelf.directory(&[test, run])?;
    directory.symlink_metadata("run.toml")?;
    Ok(directory)
}

/// A name that needs no quoting in a header.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(plain).collect()
}

fn pack(directory: &Dir, name: &str, pieces: &Sender<io::Result<Bytes>>) -> io::Result<()> {
    let pipe = Pieces { pieces, piece: Vec::with_capacity(PIECE) };
    let mut archive = Builder::new(GzEncoder::new(pipe, Compression::fast()));
    append(&mut archive, directory, &format!("{name}/"), 0)?;
    archive.into_inner()?.finish()?.flush()
}

/// Deeper than this there is nothing of ours.
const DEPTH: usize = 8;

fn append(
    archive: &mut Builder<impl Write>,
    directory: &Dir,
    above: &str,
    depth: usize,
) -> io::Result<()> {
    for (name, is_directory) in names(directory) {
        let path = format!("{above}{name}");
        if is_directory {
            if depth < DEPTH {
                append(archive, &directory.open_dir(&name)?, &format!("{path}/"), depth + 1)?;
            }
            continue;
        }
        let kind = directory.symlink_metadata(&name)?;
        if !kind.is_file() {
            continue;
        }
        let file = directory.open(&name)?;
        let mut header = Header::new_gnu();
        header.set_size(kind.len());
        header.set_mode(0o644);
        let seconds = kind.modified()?.into_std().duration_since(std::time::UNIX_EPOCH);
        header.set_mtime(seconds.unwrap_or_default().as_secs());
        // A history that is being written may have grown since: the archive says how much it holds,
        // and holds that much, even if the file was cut meanwhile.
        let content = file.take(kind.len()).chain(io::repeat(0)).take(kind.len());
        archive.append_data(&mut header, &path, content)?;
    }
    Ok(())
}

/// Collects what is written into pieces, and waits when the reader is slow.
struct Pieces<'a> {
    pieces: &'a Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.pieces.blocking_send(Ok(piece.into())).map_err(gone)
    }
}
