//! Where an export goes: to standard output, or into a file, which is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::plain;

/// A file that is written aside, and takes its name once all of it is on the disk.
#[derive(Debug)]
pub struct Aside {
    path: PathBuf,
    aside: PathBuf,
    is_kept: bool,
}

impl Aside {
    /// Begins a file that is to be at `path`; what is no file there stays what it is.
    pub fn begin(path: &Path) -> io::Result<(Aside, File)> {
        if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "it is there, and no file; write to - and redirect that",
            ));
        }
        let name =
            path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it is no name of a file"))?;
        // Two of us who write the same file do not write into each other's.
        let aside = format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id());
        let aside = Aside { path: path.to_owned(), aside: path.with_file_name(aside), is_kept: false };
        let file = File::create_new(&aside.aside)?;
        Ok((aside, file))
    }

    /// All of it was written: it replaces whatever had its name.
    pub fn keep(mut self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.aside, &self.path)?;
        self.is_kept = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            // Some file systems know no syncing of a folder, and some folders may be written to but not read.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::PermissionDenied) => Ok(()),
            synced => synced,
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.is_kept {
            // What was not written whole is of no use, and may be gone already.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

/// Where a file is or would be, wherever links lead.
pub fn resolved(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let of_new = || Some(folder.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(of_new).unwrap_or_else(|| path.to_owned())
}

/// Standard output: byte for byte, but on a terminal nothing that it would obey.
pub fn standard_output() -> Box<dyn Write + Send> {
    let out = io::stdout();
    match out.is_terminal() {
        true => Box::new(Shown { out, line: Vec::new() }),
        false => Box::new(BufWriter::with_capacity(1 << 16, out)),
    }
}

/// Text on a terminal, a line at a time.
struct Shown<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end + 1);
            let lines = std::mem::replace(&mut self.line, rest);
            self.out.write_all(plain::lines(&String::from_utf8_lossy(&lines)).as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.line);
        self.out.write_all(plain::lines(&String::from_utf8_lossy(&rest)).as_bytes())?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let room = tempfile::tempdir().expect("a folder");
        let path = room.path().join("book.csv");
        fs::write(&path, "old").expect("room");
        let (aside, mut file) = Aside::begin(&path).expect("room");
        file.write_all(b"half").expect("room");
        drop(aside);
        assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
        let (aside, mut file) = Aside::begin(&path).expect("room");
        file.write_all(b"whole").expect("room");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
        aside.keep(&file).expect("room");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "whole");
        assert_eq!(fs::read_dir(room.path()).expect("a folder").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_leads_to_its_file_and_what_is_no_file_is_left_alone() {
        let room = tempfile::tempdir().expect("a folder");
        let [file, link] = ["book.csv", "link.csv"].map(|name| room.path().join(name));
        fs::write(&file, "old").expect("room");
        std::os::unix::fs::symlink("book.csv", &link).expect("a link");
        assert_eq!(resolved(&link), resolved(&file));
        assert_eq!(resolved(&room.path().join("./new.csv")), resolved(room.path()).join("new.csv"));
        for no_file in [Path::new("/dev/null"), room.path()] {
            assert!(Aside::begin(no_file).is_err_and(|error| error.to_string().contains("no file")));
        }
    }

    #[test]
    fn a_terminal_is_shown_nothing_that_it_obeys_wherever_a_text_is_cut() {
        let mut shown = Shown { out: Vec::new(), line: Vec::new() };
        for byte in "é\u{1b}[2J,\u{9b}31m\nend".bytes() {
            shown.write_all(&[byte]).expect("memory");
        }
        shown.flush().expect("memory");
        assert_eq!(String::from_utf8_lossy(&shown.out), "é\\u001b[2J,\\u009b31m\nend");
    }
}
