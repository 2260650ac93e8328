//! Maelstrom's error codes and what they leave in doubt.

/// Whether a request that met an error may still take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It certainly did not and will not.
    Definite,
    /// It may.
    Indefinite,
}

/// The name of an error code and what it leaves in doubt. A code nobody knows leaves everything
/// in doubt.
pub fn doubt_of(code: i64) -> (&'static str, Doubt) {
    match code {
        0 => ("timeout", Doubt::Indefinite),
        1 => ("node-not-found", Doubt::Definite),
        10 => ("not-supported", Doubt::Definite),
        11 => ("temporarily-unavailable", Doubt::Definite),
        12 => ("malformed-request", Doubt::Definite),
        13 => ("crash", Doubt::Indefinite),
        14 => ("abort", Doubt::Definite),
        20 => ("key-does-not-exist", Doubt::Definite),
        21 => ("key-already-exists", Doubt::Definite),
        22 => ("precondition-failed", Doubt::Definite),
        30 => ("txn-conflict", Doubt::Definite),
        _ => ("unknown error", Doubt::Indefinite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_timeouts_crashes_and_the_unknown_are_in_doubt() {
        let indefinite: Vec<i64> =
            (-1..1000).filter(|&code| doubt_of(code).1 == Doubt::Indefinite).collect();
        assert!(indefinite.starts_with(&[-1, 0, 2, 3]) && indefinite.contains(&13));
        for definite in [1, 10, 11, 12, 14, 20, 21, 22, 30] {
            assert!(!indefinite.contains(&definite), "{definite}");
        }
    }
}
