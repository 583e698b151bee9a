//! Groups: many records under one checksum.
//!
//! A group is a header of [`HEADER`] bytes and its records. The header says how long it is, where in
//! the stream it stands, and up to where the stream was synced before it was written.

/// The bytes of a group's header.
pub const HEADER: usize = 32;

/// The most bytes that the records of one group have.
pub const PAYLOAD_MAX: usize = 64 << 20;

const MAGIC: [u8; 4] = *b"RGRP";

/// A group's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many bytes its records have.
    pub length: u32,
    /// Where in the stream the group begins.
    pub position: u64,
    /// Everything before this was synced when the group was written.
    pub synced: u64,
}

/// A new group, with room for its header.
pub fn start() -> Vec<u8> {
    vec![0; HEADER]
}

/// Writes the header of a group that [`start`]ed, now that all its records follow it.
pub fn seal(group: &mut [u8], position: u64, synced: u64) {
    let Some((header, payload)) = group.split_first_chunk_mut::<HEADER>() else { return };
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[8..16].copy_from_slice(&position.to_le_bytes());
    header[16..24].copy_from_slice(&synced.to_le_bytes());
    header[24..28].fill(0);
    let sum = checksum(&header[..28], payload);
    header[28..32].copy_from_slice(&sum.to_le_bytes());
}

/// Why bytes are no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoGroup {
    /// There is nothing but noughts where its header would be.
    Nothing,
    /// They are something else, or a group cut short or changed.
    Broken,
}

/// The group at the front of `bytes`: its header, and its records.
pub fn open(bytes: &[u8]) -> Result<(Header, &[u8]), NoGroup> {
    let Some((raw, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(if bytes.iter().all(|&byte| byte == 0) { NoGroup::Nothing } else { NoGroup::Broken });
    };
    if *raw == [0; HEADER] {
        return Err(NoGroup::Nothing);
    }
    let word = |at: usize| u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|byte| raw[at + byte]));
    let half = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| raw[at + byte]));
    let header = Header { length: half(4), position: word(8), synced: word(16) };
    let payload = rest.get(..header.length as usize).filter(|payload| payload.len() <= PAYLOAD_MAX);
    match payload {
        Some(payload) if raw[..4] == MAGIC && half(28) == checksum(&raw[..28], payload) => Ok((header, payload)),
        _ => Err(NoGroup::Broken),
    }
}

/// The groups that begin anywhere in `bytes`, each with its offset; what is broken is passed over.
pub fn search(bytes: &[u8]) -> impl Iterator<Item = (usize, Header)> + '_ {
    let mut offset = 0;
    std::iter::from_fn(move || {
        while let Some(found) = find_magic(&bytes[offset..]) {
            offset += found + 1;
            if let Ok((header, _)) = open(&bytes[offset - 1..]) {
                return Some((offset - 1, header));
            }
        }
        None
    })
}

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC)
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(payload: &[u8]) -> Vec<u8> {
        let mut group = start();
        group.extend_from_slice(payload);
        seal(&mut group, 7, 5);
        group
    }

    #[test]
    fn a_group_opens_as_it_was_sealed() {
        let group = group(b"records");
        assert_eq!(open(&group), Ok((Header { length: 7, position: 7, synced: 5 }, b"records".as_slice())));
    }

    #[test]
    fn one_bit_flipped_anywhere_or_one_byte_cut_is_seen() {
        let whole = group(b"records");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&flipped), Err(NoGroup::Broken), "bit {bit}");
        }
        for length in 1..whole.len() {
            assert_eq!(open(&whole[..length]), Err(NoGroup::Broken), "{length} bytes");
        }
    }

    #[test]
    fn noughts_are_nothing() {
        assert_eq!(open(&[]), Err(NoGroup::Nothing));
        assert_eq!(open(&[0; 100]), Err(NoGroup::Nothing));
        assert_eq!(open(&[0; 3]), Err(NoGroup::Nothing));
    }

    #[test]
    fn a_search_finds_whole_groups_among_rubbish() {
        let bytes = [b"RGRPRG".as_slice(), &group(b"a"), &[0; 9], &group(b"RGRP")].concat();
        let found: Vec<usize> = search(&bytes).map(|(offset, _)| offset).collect();
        assert_eq!(found, [6, 6 + HEADER + 1 + 9]);
    }
}
