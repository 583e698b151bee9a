//! Snapshots: any bytes where one should be, and any sections whose checksums are right, which nobody but a fault of our
//! own could have written.
//!
//! The first byte is the format; 0 stands for a file that is left as it is. What loads is a book that is whole, and an
//! image of it is the same book again.

use std::fs;

use rialto::disk::{Files, Shelf};
use rialto::ledger::digest::digest;
use rialto::snapshot::{self, Image, SnapshotError};

use super::journal::{ID, whole};

/// A snapshot.
pub fn read(bytes: &[u8]) {
    let Some((format, bytes)) = bytes.split_first() else { return };
    let file = match format % 4 {
        0 => bytes.to_vec(),
        format => sealed(format, bytes),
    };
    super::scratch(|folder| {
        let path = folder.join("one.snapshot");
        fs::write(&path, file).expect("room");
        match snapshot::load(&Files, &path, ID) {
            Ok((book, position)) => {
                whole(&book);
                let aside = match snapshot::write(&Shelf::from(folder), ID, &Image::take(&book, position), || ()) {
                    Ok(aside) => aside,
                    Err(SnapshotError::Damaged(_)) => return,
                    Err(error) => panic!("{error}"),
                };
                let (again, found) = snapshot::load(&Files, &aside, ID).expect("an image of a book can be read");
                assert_eq!((digest(&again), found), (digest(&book), position));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

/// Sections, each its length and its bytes, with the checksums that fit.
pub fn sealed(format: u8, mut bytes: &[u8]) -> Vec<u8> {
    let mut file = b"RIALTOSN".to_vec();
    file.extend_from_slice(&u32::from(format).to_le_bytes());
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
        let (section, rest) = rest.split_at(length);
        let salt = if format < 3 { 0 } else { u32::from(format) };
        let mut sum = crc32fast::Hasher::new_with_initial(salt);
        sum.update(section);
        file.extend_from_slice(&(length as u32).to_le_bytes());
        file.extend_from_slice(&sum.finalize().to_le_bytes());
        file.extend_from_slice(section);
        bytes = rest;
    }
    file
}
