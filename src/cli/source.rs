//! Where records come from: files or standard input, a record at a time, each with its line.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::reading::{Format, Reader, Refusal};

/// A record as it stands in a file.
pub struct Record {
    /// Its line, from 1 on; in a JSON array, its place in it.
    pub line: usize,
    /// Its text, or why there is none.
    pub text: Result<String, Refusal>,
}

/// Reads the records of a file: an object a line, or JSON.
///
/// Whether a file can be opened.
pub fn check(path: &Path) -> Result<(), String> {
    if path == Path::new("-") { Ok(()) } else { open(path).map(drop) }
}

fn open(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("{} cannot be opened: {error}", path.display()))
}

/// An object a line is read as it comes, however long the file; JSON is read whole. Each record, and
/// how many bytes were read so far, is handed to `take`.
pub fn read(
    path: &Path,
    reader: Reader,
    mut take: impl FnMut(Record, u64) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let file: Box<dyn Read> = if path == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(open(path)?) };
    let cannot = |error: io::Error| format!("{} cannot be read: {error}", path.display());
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut first = Vec::new();
    let mut skipped = 0;
    // Blank lines before the first record are no records.
    while first.iter().all(u8::is_ascii_whitespace) {
        first.clear();
        skipped += 1;
        if file.read_until(b'\n', &mut first).map_err(cannot)? == 0 {
            return Ok(());
        }
        if first.starts_with(MARK) {
            first.drain(..MARK.len());
        }
    }
    if !is_line(&first, file.fill_buf().map_err(cannot)?) {
        let mut whole = first;
        file.read_to_end(&mut whole).map_err(cannot)?;
        let records = reader.split(&whole, Format::Json).map_err(|error| format!("{}: {error}", path.display()))?;
        let size = whole.len() as u64;
        for (place, text) in records.into_iter().enumerate() {
            take(Record { line: place + 1, text: text.map(str::to_owned) }, size * (place as u64 + 1))?;
        }
        return Ok(());
    }
    let (mut line, mut number, mut done) = (first, skipped, 0_u64);
    while !line.is_empty() {
        done += line.len() as u64;
        // A line is split as a body of one; a blank one has no record in it.
        for text in reader.split(&line, Format::Lines).unwrap_or_default() {
            take(Record { line: number, text: text.map(str::to_owned) }, done)?;
        }
        line.clear();
        number += 1;
        file.read_until(b'\n', &mut line).map_err(cannot)?;
    }
    Ok(())
}

/// Some editors put this before a text; it says nothing.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Whether a first line is a record by itself, however bad, rather than the beginning of a larger JSON
/// text; `rest` is what follows it.
fn is_line(first: &[u8], rest: &[u8]) -> bool {
    let read = |text: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(text);
    let text = first.trim_ascii();
    match text.first() {
        Some(b'[') => false,
        Some(b'{') => match read(text) {
            Ok(_) => true,
            // It was cut off, if the next line is a record; else it goes on there.
            Err(error) if error.is_eof() => {
                let next = rest.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
                next.starts_with(b"{") && read(next).is_ok()
            }
            Err(_) => true,
        },
        _ => true,
    }
}
