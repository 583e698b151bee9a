//! What the figures were measured on, and how much of it others used meanwhile. No names, no paths.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The machine in one line.
pub fn description(folder: &Path) -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system = file_system(folder).unwrap_or_else(|| "unknown file system".to_owned());
    let compiler = Command::new("rustc").arg("--version").output();
    let compiler = compiler.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    format!(
        "{cpu}, {cores} cores, {:.0} GiB, Linux {}, {system}, {compiler}",
        memory.unwrap_or(0.0) / f64::from(1 << 20),
        kernel.trim(),
    )
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The type of the file system that `folder` is on: the mount whose path is the longest that fits.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut parts = line.split(' ').skip(1);
        Some((parts.next()?, parts.next()?))
    });
    let fitting = mounts.filter(|(path, _)| folder.starts_with(path));
    fitting.max_by_key(|(path, _)| path.len()).map(|(_, kind)| kind.to_owned())
}

/// How much of the machine others use while something is measured.
pub struct Others {
    start: Instant,
    busy: u64,
    own: u64,
}

/// The kernel counts processor time in hundredths of a second.
pub const TICKS_PER_S: f64 = 100.0;

impl Others {
    /// From now on.
    pub fn start() -> Others {
        Others { start: Instant::now(), busy: busy(), own: of_process("self") }
    }

    /// The share of the machine that this process did not use.
    pub fn share(self) -> f64 {
        self.share_with(0)
    }

    /// The share of the machine that neither this process used, nor one of ours that used `ticks`.
    pub fn share_with(self, ticks: u64) -> f64 {
        let own = of_process("self").saturating_sub(self.own) + ticks;
        let foreign = busy().saturating_sub(self.busy).saturating_sub(own);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        foreign as f64 / TICKS_PER_S / self.start.elapsed().as_secs_f64().max(0.01) / cores as f64
    }

    /// The processor time that a process has used so far.
    pub fn ticks_of(process: u32) -> u64 {
        of_process(&process.to_string())
    }

    /// What is worth saying of the shares of some runs.
    pub fn note(shares: &[f64]) -> String {
        let most = shares.iter().copied().fold(0.0, f64::max);
        if most < 0.05 { String::new() } else { format!("others used up to {:.0} % of the machine", most * 100.0) }
    }

    /// How much processor time this process has used since, in microseconds.
    pub fn own_us(&self) -> f64 {
        of_process("self").saturating_sub(self.own) as f64 / TICKS_PER_S * 1e6
    }
}

/// How long all processors together were busy so far.
pub fn worked() -> Duration {
    Duration::from_secs_f64(busy() as f64 / TICKS_PER_S)
}

fn busy() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks = |place: usize| line.split_whitespace().nth(place + 1).and_then(|text| text.parse::<u64>().ok());
    // User, nice, system, irq, softirq, steal.
    [0, 1, 2, 5, 6, 7].into_iter().filter_map(ticks).sum()
}

fn of_process(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}
