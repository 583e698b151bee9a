//! A section: a table of its own, with the probes that it needs. `benches/README.md` has a place for each.

use crate::Probe;
use crate::rows::Figures;
use crate::{cost, growth, sending, steady};

/// One of the tables beside the main one.
pub struct Section {
    /// The argument that asks for it.
    pub flag: &'static str,
    /// Its probes, in the order they run.
    pub probes: &'static [(&'static str, Probe)],
    /// Says what was found.
    pub markdown: fn(&Figures) -> String,
}

/// All of them.
pub const SECTIONS: [&Section; 4] = [&growth::SECTION, &steady::SECTION, &cost::SECTION, &sending::SECTION];

impl Section {
    /// The section that this argument asks for.
    pub fn of(flag: &str) -> Option<&'static Section> {
        SECTIONS.into_iter().find(|section| section.flag == flag)
    }

    /// Its table under a line about the machine, and what kept a probe from measuring.
    pub fn told(&self, machine: &str, figures: &Figures, is_quick: bool) -> String {
        let volumes = if is_quick { ", a twentieth of the volumes" } else { "" };
        let mut text = format!("Measured on {machine}{volumes}.\n\n{}", (self.markdown)(figures));
        for (probe, failure) in &figures.failures {
            text += &format!("\n- `{probe}` failed: {failure}");
        }
        text
    }
}

/// A markdown table: a heading for each column, and for each row its name and what is in its columns.
pub fn grid<'a>(head: &[&str], rows: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for (name, cells) in rows {
        text += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    text
}
