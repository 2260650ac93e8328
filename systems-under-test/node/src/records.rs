//! The records of a store's log: their length, a checksum, and a payload that says what becomes of a
//! key.

use std::collections::HashMap;

/// Keys and values.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Bytes before a payload: its length and its checksum.
const FRAME: usize = 8;
/// The key has this value from now on.
pub const PUT: u8 = 1;
/// The key is forgotten.
pub const ERASE: u8 = 0;

/// How long the record is that puts this.
pub fn record_length(key: &[u8], value: &[u8]) -> usize {
    FRAME + 1 + 4 + key.len() + value.len()
}

/// Appends a record and says how long it is.
pub fn append(bytes: &mut Vec<u8>, what: u8, key: &[u8], value: &[u8]) -> usize {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; FRAME]);
    bytes.push(what);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(value);
    let length = (bytes.len() - start - FRAME) as u32;
    let sum = crc32fast::hash(&bytes[start + FRAME..]);
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    bytes[start + 4..start + FRAME].copy_from_slice(&sum.to_le_bytes());
    bytes.len() - start
}

/// What a log amounts to, and how many of its bytes are sound.
pub fn replay(bytes: &[u8]) -> (Pairs, usize) {
    let mut entries: Vec<Option<(Vec<u8>, Vec<u8>)>> = Vec::new();
    let mut positions: HashMap<&[u8], usize> = HashMap::new();
    let mut rest = bytes;
    while let Some((what, key, value, after)) = record(rest) {
        rest = after;
        match positions.get(key) {
            Some(&position) if what == PUT => {
                if let Some((_, old)) = &mut entries[position] {
                    *old = value.to_owned();
                }
            }
            Some(&position) => {
                entries[position] = None;
                positions.remove(key);
            }
            None if what == PUT => {
                positions.insert(key, entries.len());
                entries.push(Some((key.to_owned(), value.to_owned())));
            }
            None => {}
        }
    }
    (entries.into_iter().flatten().collect(), bytes.len() - rest.len())
}

/// The first record, if it is whole: what it does, its key, its value, and what follows it.
fn record(bytes: &[u8]) -> Option<(u8, &[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (payload, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if crc32fast::hash(payload) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (&what, rest) = payload.split_first()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (key, value) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some((what, key, value, after))
}
