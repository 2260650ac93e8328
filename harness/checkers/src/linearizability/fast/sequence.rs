//! Text and lists alike: what grows at its end.

/// Something that can be put one behind the other: text, lists.
pub(crate) trait Sequence: Copy + Ord {
    fn length(self) -> usize;
    fn begins_with(self, other: Self) -> bool;
    fn from(self, at: usize) -> Self;
}

impl Sequence for &str {
    fn length(self) -> usize {
        self.len()
    }
    fn begins_with(self, other: Self) -> bool {
        self.as_bytes().starts_with(other.as_bytes())
    }
    fn from(self, at: usize) -> Self {
        self.get(at..).unwrap_or_default()
    }
}

impl<T: Ord> Sequence for &[T] {
    fn length(self) -> usize {
        self.len()
    }
    fn begins_with(self, other: Self) -> bool {
        self.starts_with(other)
    }
    fn from(self, at: usize) -> Self {
        self.get(at..).unwrap_or_default()
    }
}
