//! Blocks: how bytes are framed so that damage is noticed.

use std::io::{self, Read};

use crate::TornBy;

/// What every history file of ours begins with.
pub const MAGIC: &[u8; 7] = b"schism\n";

/// The version of the encoding that is written and read.
pub(super) const VERSION: u8 = 1;

/// Bytes before a block's payload.
pub(super) const FRAME: usize = 8;

/// A block is written when its payload has grown to this many bytes.
pub(super) const FULL: usize = 64 * 1024;

/// No payload is longer; a length beyond it is damage, and must not make a reader allocate it.
pub(super) const LONGEST: usize = 256 * 1024 * 1024;

/// Fills in the frame of a block whose first [`FRAME`] bytes were left free for it.
pub(super) fn seal(block: &mut [u8]) {
    let length = (block.len() - FRAME) as u32;
    block[..4].copy_from_slice(&length.to_le_bytes());
    let crc = checksum(&block[..4], &block[FRAME..]);
    block[4..FRAME].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(length: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length);
    hasher.update(payload);
    hasher.finalize()
}

/// What stands at the reader's position.
pub(super) enum Next {
    /// A block, whose payload is in the buffer.
    Block,
    /// The end mark, and nothing after it.
    End,
    /// Something else.
    Torn(TornBy),
}

/// Reads the block at the reader's position into `payload`.
pub(super) fn next(input: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Next> {
    let mut frame = [0; FRAME];
    match fill(input, &mut frame)? {
        0 => return Ok(Next::Torn(TornBy::NoEndMark)),
        FRAME => {}
        _ => return Ok(Next::Torn(TornBy::CutShort)),
    }
    let [a, b, c, d, crc @ ..] = frame;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LONGEST {
        return Ok(Next::Torn(TornBy::Checksum));
    }
    // Taking what is there, rather than reserving what is claimed, keeps a damaged length cheap.
    payload.clear();
    input.take(length as u64).read_to_end(payload)?;
    if payload.len() < length {
        return Ok(Next::Torn(TornBy::CutShort));
    }
    if checksum(&frame[..4], payload) != u32::from_le_bytes(crc) {
        return Ok(Next::Torn(TornBy::Checksum));
    }
    if length > 0 {
        return Ok(Next::Block);
    }
    Ok(match fill(input, &mut [0])? {
        0 => Next::End,
        _ => Next::Torn(TornBy::AfterEnd),
    })
}

/// Reads until the buffer is full or the input ends; says how much was read.
pub(super) fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}
