//! What may happen to the disk of a node that is down. Only files of the run's own folder are
//! touched.

use schism_nemesis::Rng;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Damage is done to what was written last: so many bytes.
const LATEST: u64 = 4096;

/// Where, counted from the end of a file, the damage is done; nothing if there is nothing.
fn place(length: u64, dice: &mut Rng) -> Option<u64> {
    (length > 0).then(|| 1 + dice.below(length.min(LATEST)))
}

/// A crash: of what was written behind the part of a log that its node has noted to be synced, all
/// is lost, or the last of it, or nothing. Says how many bytes.
pub(super) fn lose_unsynced(folder: &Path, dice: &mut Rng) -> io::Result<usize> {
    let mut synced = [0; 8];
    File::open(folder.join("synced"))?.read_exact(&mut synced)?;
    let log = OpenOptions::new().write(true).open(folder.join("store"))?;
    let length = log.metadata()?.len();
    let unsynced = length.saturating_sub(u64::from_le_bytes(synced));
    let lost = match dice.below(3) {
        0 => 0,
        1 => dice.below(unsynced + 1),
        _ => unsynced,
    };
    log.set_len(length - lost)?;
    Ok(lost as usize)
}

/// Cuts off the end of a log, in the middle of a record or not: an older state, or a torn write.
/// Says how many bytes are lost.
pub(super) fn roll_back(log: &Path, dice: &mut Rng) -> io::Result<usize> {
    let file = OpenOptions::new().write(true).open(log)?;
    let length = file.metadata()?.len();
    let lost = place(length, dice).unwrap_or(0);
    file.set_len(length - lost)?;
    Ok(lost as usize)
}

/// Flips a bit of a log. Says how many bytes it and what follows it are.
pub(super) fn flip(log: &Path, dice: &mut Rng) -> io::Result<usize> {
    let mut file = OpenOptions::new().read(true).write(true).open(log)?;
    let length = file.metadata()?.len();
    let Some(from_end) = place(length, dice) else { return Ok(0) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(length - from_end))?;
    file.read_exact(&mut byte)?;
    byte[0] ^= 1 << dice.below(8);
    file.seek(SeekFrom::Start(length - from_end))?;
    file.write_all(&byte)?;
    Ok(from_end as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_takes_only_what_was_not_synced() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            std::fs::write(folder.path().join("store"), [1; 105]).unwrap();
            std::fs::write(folder.path().join("synced"), 100u64.to_le_bytes()).unwrap();
            let lost = lose_unsynced(folder.path(), &mut Rng::new(seed, &[])).unwrap();
            let left = std::fs::metadata(folder.path().join("store")).unwrap().len();
            assert_eq!(left, 105 - lost as u64);
            seen.insert(lost);
        }
        assert!(seen.into_iter().eq(0..=5));
        assert!(lose_unsynced(&folder.path().join("none"), &mut Rng::new(1, &[])).is_err());
    }

    #[test]
    fn damage_is_done_where_it_is_said_to_be() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("store");
        for seed in 0..50 {
            let mut dice = Rng::new(seed, &[]);
            std::fs::write(&log, [0x55; 6000]).unwrap();
            let lost = flip(&log, &mut dice).unwrap();
            let bytes = std::fs::read(&log).unwrap();
            let flipped: Vec<usize> = (0..6000).filter(|&i| bytes[i] != 0x55).collect();
            assert_eq!(flipped, [6000 - lost]);
            assert_eq!((bytes[6000 - lost] ^ 0x55).count_ones(), 1);
            let cut = roll_back(&log, &mut dice).unwrap();
            assert_eq!(std::fs::metadata(&log).unwrap().len(), 6000 - cut as u64);
            assert!((1..=4096).contains(&cut));
        }
        std::fs::write(&log, []).unwrap();
        assert_eq!(flip(&log, &mut Rng::new(1, &[])).unwrap(), 0);
        assert!(roll_back(&folder.path().join("none"), &mut Rng::new(1, &[])).is_err());
    }
}
