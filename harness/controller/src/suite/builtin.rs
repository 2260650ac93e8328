//! The suites that are part of the program.

/// Their names and texts.
pub const SUITES: [(&str, &str); 3] = [
    ("smoke", include_str!("../../../../suites/smoke.toml")),
    ("nightly", include_str!("../../../../suites/nightly.toml")),
    ("matrix", include_str!("../../../../suites/matrix.toml")),
];
