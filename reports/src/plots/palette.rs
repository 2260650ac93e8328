//! Colours and fonts.
//!
//! The colours are those of Okabe and Ito, which people with any common colour vision tell apart;
//! outcomes differ in their marks as well. In SVG each becomes a CSS variable.

use plotters::style::{FontStyle, RGBColor, register_font};
use schism_history::Outcome;
use std::sync::Once;

pub(super) const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
pub(super) const MUTED: RGBColor = RGBColor(0x57, 0x60, 0x6A);
pub(super) const GRID: RGBColor = RGBColor(0xE1, 0xE4, 0xE8);
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
pub(super) const SHADE: RGBColor = RGBColor(0x9A, 0x86, 0x5B);
pub(super) const OK: RGBColor = RGBColor(0x00, 0x72, 0xB2);
pub(super) const FAIL: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
pub(super) const INFO: RGBColor = RGBColor(0xD5, 0x5E, 0x01);
pub(super) const BAD: RGBColor = RGBColor(0xB0, 0x30, 0x00);
/// Lines that are told apart: by function, by quantile.
pub(super) const LINES: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xB1),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0xB8, 0x86, 0x0B),
];

/// The colour of each CSS variable. No two may be equal.
pub(super) const VARIABLES: [(RGBColor, &str); 15] = [
    (BAD, "var(--bad)"),
    (INK, "var(--ink)"),
    (MUTED, "var(--muted)"),
    (GRID, "var(--grid)"),
    (PAPER, "var(--paper)"),
    (SHADE, "var(--shade)"),
    (OK, "var(--ok)"),
    (FAIL, "var(--fail)"),
    (INFO, "var(--info)"),
    (LINES[0], "var(--line-0)"),
    (LINES[1], "var(--line-1)"),
    (LINES[2], "var(--line-2)"),
    (LINES[3], "var(--line-3)"),
    (LINES[4], "var(--line-4)"),
    (LINES[5], "var(--line-5)"),
];

/// The colour of an outcome.
pub(super) fn outcome(outcome: Outcome) -> RGBColor {
    match outcome {
        Outcome::Ok => OK,
        Outcome::Fail => FAIL,
        Outcome::Info => INFO,
    }
}

/// The font of all plots.
pub(super) const FONT: &str = "sans-serif";

/// Makes the font known to the drawing library.
pub(super) fn load_fonts() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        for (style, bytes) in
            [(FontStyle::Normal, notosans::REGULAR_TTF), (FontStyle::Bold, notosans::BOLD_TTF)]
        {
            if register_font(FONT, style, bytes).is_err() {
                unreachable!("the font that is part of the program is well-formed");
            }
        }
    });
}
