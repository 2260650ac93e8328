//! A part of a suite, for one of several machines.

use std::str::FromStr;

/// The `part`-th of `of` parts, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    of: usize,
}

impl Default for Shard {
    /// All of it.
    fn default() -> Shard {
        Shard { part: 1, of: 1 }
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let wrong = || format!("`{text}` is no part of a suite: write it like 2/3");
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
        let shard = Shard { part: number(part)?, of: number(of)? };
        if (1..=shard.of).contains(&shard.part) { Ok(shard) } else { Err(wrong()) }
    }
}

impl Shard {
    /// How it is written; nothing for the whole.
    pub fn name(self) -> Option<String> {
        (self.of > 1).then(|| format!("{}/{}", self.part, self.of))
    }

    /// What of a list falls to it. Neighbours, which take about as long, go to different parts.
    pub fn of<T>(self, list: &[T]) -> impl Iterator<Item = &T> {
        list.iter().skip(self.part - 1).step_by(self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_shard_is_read_or_refused() {
        assert_eq!("2/3".parse(), Ok(Shard { part: 2, of: 3 }));
        for bad in ["", "3", "0/3", "4/3", "1/0", "-1/2", "1/2/3", "a/b"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_hold_everything_exactly_once(length in 0usize..200, of in 1usize..20) {
            let list: Vec<usize> = (0..length).collect();
            let mut together: Vec<usize> =
                (1..=of).flat_map(|part| Shard { part, of }.of(&list)).copied().collect();
            together.sort_unstable();
            prop_assert_eq!(together, list.clone());
            let sizes = (1..=of).map(|part| Shard { part, of }.of(&list).count());
            let (least, most) = (sizes.clone().min(), sizes.max());
            prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1);
        }
    }
}
