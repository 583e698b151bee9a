//! A figure: what one measurement found, in each of its runs. Probes run in processes of their own and
//! hand their figures over as lines of JSON.

use std::error::Error;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What was measured. The unit is part of the name: `_per_s`, `_us`, `_ms`, `_s`, `_bytes`, `_mb_per_s`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// Its name.
    pub name: String,
    /// One value a run.
    pub runs: Vec<f64>,
    /// What one should know of it.
    pub note: String,
}

impl Figure {
    /// A figure of some runs.
    pub fn new(name: &str, runs: Vec<f64>) -> Figure {
        Figure { name: name.to_owned(), runs, note: String::new() }
    }

    /// The same with a note.
    pub fn noted(self, note: impl Into<String>) -> Figure {
        Figure { note: note.into(), ..self }
    }
}

/// What a probe comes to.
pub type Found = Result<Vec<Figure>, Box<dyn Error>>;

/// What every probe is given.
#[derive(Clone, Debug)]
pub struct Bench {
    /// The folder to work in; it decides which disk is measured.
    pub folder: PathBuf,
    /// A twentieth of the volumes.
    pub is_quick: bool,
    /// The release binary.
    pub binary: PathBuf,
    /// How many minutes the load goes on that is to be held; ten, unless somebody says otherwise.
    pub minutes: Option<f64>,
    /// The port of the PostgreSQL to compare with.
    pub postgres: Option<u16>,
}

impl Bench {
    /// So many, or a twentieth of it.
    pub fn volume(&self, full: usize) -> usize {
        if self.is_quick { full / 20 } else { full }
    }

    /// How often a timed figure is measured.
    pub const RUNS: usize = 3;

    /// How often one of a peer is, which takes seconds each time.
    pub fn runs_beside(&self) -> usize {
        if self.is_quick { 1 } else { Bench::RUNS }
    }

    /// A new, empty folder for one run.
    pub fn room(&self) -> std::io::Result<tempfile::TempDir> {
        std::fs::create_dir_all(&self.folder)?;
        tempfile::tempdir_in(&self.folder)
    }
}
