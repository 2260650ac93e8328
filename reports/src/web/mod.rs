//! Pages that are not about one run: what all of them share.
//!
//! Everything from outside is escaped where it is written (the template does it), and what would
//! hide or reorder text is made visible before. No page loads anything from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style of all pages.
pub const STYLE: &str = concat!(
    include_str!("../../assets/palette.css"),
    include_str!("../../assets/report.css"),
    include_str!("../../assets/web.css")
);

/// The colour of a verdict; a word and a sign always stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// As it should be.
    Good,
    /// Nobody can tell.
    Doubt,
    /// Not as it should be.
    Bad,
}

impl Light {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Light::Good => "good",
            Light::Doubt => "doubt",
            Light::Bad => "bad",
        }
    }
}

/// A page as one file, which may load nothing.
pub fn standalone(title: &str, body: &Markup) -> String {
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let style = html! {
        meta http-equiv="Content-Security-Policy" content=(policy);
        style { (PreEscaped(STYLE)) }
    };
    document(title, &style, body)
}

fn document(title: &str, head: &Markup, body: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (crate::words::plain(title)) }
                (head)
            }
            body { (body) }
        }
    };
    markup.into_string()
}
