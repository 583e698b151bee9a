//! What the process takes of its machine, as far as the machine tells: on Linux all of it, elsewhere what is portable.

use std::path::Path;

/// What the process took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Process {
    /// Processor time, the kernel's and its own, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is resident, in bytes.
    pub resident_bytes: f64,
}

impl Process {
    /// This one, where the system tells.
    pub fn own() -> Option<Process> {
        #[cfg(target_os = "linux")]
        {
            let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
            Process::read(&stat, rustix::param::clock_ticks_per_second(), rustix::param::page_size() as u64)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// Of the text of `/proc/PID/stat`, whose fields are those of proc(5): times are in ticks, and memory is in pages.
    #[cfg(any(target_os = "linux", test))]
    fn read(stat: &str, ticks_per_second: u64, page_bytes: u64) -> Option<Process> {
        // A program's name may have blanks and brackets in it; what follows it begins with field 3.
        let (_, fields) = stat.rsplit_once(')')?;
        let field = |number: usize| fields.split_whitespace().nth(number - 3)?.parse::<u64>().ok();
        let (user, system, resident) = (field(14)?, field(15)?, field(24)?);
        Some(Process {
            cpu_seconds: (user + system) as f64 / ticks_per_second as f64,
            resident_bytes: (resident * page_bytes) as f64,
        })
    }
}

/// How much of the disk that holds `path` is free for this user, and how large it is; in bytes.
pub fn disk(path: &Path) -> Option<(f64, f64)> {
    #[cfg(unix)]
    {
        let stat = rustix::fs::statvfs(path).ok()?;
        let bytes = |blocks: u64| blocks as f64 * stat.f_frsize as f64;
        Some((bytes(stat.f_bavail), bytes(stat.f_blocks)))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 900 0 1 0 250 50 0 0 20 0 9 0 1234 9000000 512 184 1 1 0";
        let process = Process::read(stat, 100, 4096).expect("it can be read");
        assert_eq!(process, Process { cpu_seconds: 3.0, resident_bytes: 2_097_152.0 });
        assert_eq!(Process::read("nothing", 100, 4096), None);
    }

    #[test]
    fn this_process_and_its_disk_are_there() {
        let (free, size) = disk(Path::new(".")).expect("a disk");
        assert!(0.0 < free && free <= size);
        assert!(cfg!(not(target_os = "linux")) || Process::own().is_some_and(|own| 0.0 < own.resident_bytes));
    }
}
