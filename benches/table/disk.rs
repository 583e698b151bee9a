//! What the disk itself can do: everything with a sync in it is judged against that, from the same run.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::figure::{Bench, Figure, Found};
use crate::stats;

/// The probe.
pub fn probe(bench: &Bench) -> Found {
    let room = bench.room()?;
    let (mut p50, mut p99, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..Bench::RUNS {
        let (half, most) = stats::p50_p99_us(&mut overwrites(room.path(), 300)?);
        p50.push(half);
        p99.push(most);
        rates.push(stream(room.path(), bench.volume(400))?);
    }
    Ok(vec![
        Figure::new("disk_fdatasync_p50_us", p50),
        Figure::new("disk_fdatasync_p99_us", p99),
        Figure::new("disk_stream_mb_per_s", rates),
    ])
}

/// How long it takes to overwrite 4 KiB of a file that was filled before, and to sync it.
pub fn overwrites(folder: &Path, samples: usize) -> io::Result<Vec<Duration>> {
    Overwrites::create(folder)?.time(samples)
}

/// A file that was filled before, to be overwritten.
pub struct Overwrites {
    file: File,
    next: Cell<usize>,
}

impl Overwrites {
    const PAGE: usize = 4096;
    const PAGES: usize = 1024;

    /// Fills one. It has no name, so that nothing is left of it.
    pub fn create(folder: &Path) -> io::Result<Overwrites> {
        let file = tempfile::tempfile_in(folder)?;
        file.write_all_at(&vec![0; Overwrites::PAGE * Overwrites::PAGES], 0)?;
        file.sync_all()?;
        Ok(Overwrites { file, next: Cell::new(0) })
    }

    /// Times so many overwrites.
    pub fn time(&self, samples: usize) -> io::Result<Vec<Duration>> {
        let page = [7; Overwrites::PAGE];
        let mut times = Vec::with_capacity(samples);
        for _ in 0..samples {
            let number = self.next.replace(self.next.get() + 1) % Overwrites::PAGES;
            let start = Instant::now();
            self.file.write_all_at(&page, (number * Overwrites::PAGE) as u64)?;
            self.file.sync_data()?;
            times.push(start.elapsed());
        }
        Ok(times)
    }
}

/// How many MB a second it takes in writes of 1 MiB, each of them synced.
fn stream(folder: &Path, mebibytes: usize) -> io::Result<f64> {
    let path = folder.join("stream");
    let file = File::create(&path)?;
    let block = vec![7; 1 << 20];
    let start = Instant::now();
    for number in 0..mebibytes {
        file.write_all_at(&block, (number * block.len()) as u64)?;
        file.sync_data()?;
    }
    let took = start.elapsed();
    std::fs::remove_file(path)?;
    Ok((mebibytes * block.len()) as f64 / 1e6 / took.as_secs_f64())
}
