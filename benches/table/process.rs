//! What the kernel counts of a process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A process, by its number.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

/// What a thread had of the processors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    /// How long it ran,
    pub ran: Duration,
    /// and how long it was ready to run and had to wait for its turn.
    pub queued: Duration,
}

impl Process {
    /// This one.
    pub fn own() -> Process {
        Process(std::process::id())
    }

    /// Its resident memory, in bytes.
    pub fn resident(self) -> u64 {
        let statm = self.read("statm");
        statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
    }

    /// What its threads had of the processors so far: those that still live, to the nanosecond.
    pub fn threads(self) -> BTreeMap<u32, Turn> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().filter_map(Result::ok);
        let turn = |thread: fs::DirEntry| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let mut times = text.split(' ').map_while(|time| time.parse().ok().map(Duration::from_nanos));
            let turn = Turn { ran: times.next()?, queued: times.next()? };
            Some((thread.file_name().to_str()?.parse().ok()?, turn))
        };
        threads.filter_map(turn).collect()
    }

    /// How long its threads ran so far.
    pub fn ran(self) -> Duration {
        self.threads().into_values().map(|turn| turn.ran).sum()
    }

    /// How many bytes it caused to be written to the disk.
    pub fn written(self) -> u64 {
        let io = self.read("io");
        let count = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    fn read(self, what: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{what}", self.0)).unwrap_or_default()
    }
}

/// What the files in a folder take up on the disk.
pub fn on_disk(folder: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        // The kernel counts in blocks of 512 bytes.
        bytes += if metadata.is_dir() { on_disk(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
