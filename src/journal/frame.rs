//! Groups: many records under one checksum.
//!
//! A group is a header of [`HEADER`] bytes and its records. The header says how long it is, where in
//! the stream it stands, and up to where the stream was synced before it was written. Its checksum is
//! salted with the folder's id: what is no group of this folder never looks like one, be it another
//! folder's or a text that somebody made to look so.

use super::segment::FolderId;

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

/// What makes the checksums of a folder its own.
#[derive(Clone, Copy, Debug)]
pub struct Salt(u32);

impl Salt {
    /// The salt of this folder.
    pub fn of(folder: FolderId) -> Salt {
        Salt(crc32fast::hash(&folder))
    }
}

/// A new group, with room for its header.
pub fn start() -> Vec<u8> {
    vec![0; HEADER]
}

/// Writes the header of a group that [`start`]ed, now that all its records follow it.
pub fn seal(group: &mut [u8], position: u64, synced: u64, salt: Salt) {
    let Some((header, payload)) = group.split_first_chunk_mut::<HEADER>() else { return };
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[8..16].copy_from_slice(&position.to_le_bytes());
    header[16..24].copy_from_slice(&synced.to_le_bytes());
    header[24..28].fill(0);
    let sum = checksum(&header[..28], payload, salt);
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
pub fn open(bytes: &[u8], salt: Salt) -> Result<(Header, &[u8]), NoGroup> {
    let Some((raw, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Err(if bytes.iter().all(|&byte| byte == 0) { NoGroup::Nothing } else { NoGroup::Broken });
    };
    if *raw == [0; HEADER] {
        return Err(NoGroup::Nothing);
    }
    let header = Header::read(raw);
    let payload = rest.get(..header.length as usize).filter(|payload| payload.len() <= PAYLOAD_MAX);
    match payload {
        Some(payload) if raw[..4] == MAGIC && raw[28..] == checksum(&raw[..28], payload, salt).to_le_bytes() => {
            Ok((header, payload))
        }
        _ => Err(NoGroup::Broken),
    }
}

/// Whether a group stands anywhere in `bytes`, of those that `is_sought` by offset and header.
///
/// Real groups do not overlap, so that their checksums cost no more than reading `bytes` once. Where
/// somebody made so much look like headers that it would cost [`PATIENCE`] times that, the answer is
/// yes: a journal is rather kept closed than cut.
pub fn stands_in(bytes: &[u8], salt: Salt, is_sought: impl Fn(usize, &Header) -> bool) -> bool {
    let mut patience = bytes.len().saturating_mul(PATIENCE);
    let mut offset = 0;
    while let Some(found) = find_magic(&bytes[offset..]) {
        let at = offset + found;
        offset = at + 1;
        let Some(header) = bytes[at..].first_chunk().map(Header::read) else { break };
        let fits = header.length as usize <= bytes.len() - at - HEADER;
        if !fits || !is_sought(at, &header) {
            continue;
        }
        if open(&bytes[at..], salt).is_ok() || patience < header.length as usize {
            return true;
        }
        patience -= header.length as usize;
    }
    false
}

/// How often a byte may be summed in a search.
const PATIENCE: usize = 64;

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC)
}

impl Header {
    fn read(raw: &[u8; HEADER]) -> Header {
        let word = |at: usize| u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|byte| raw[at + byte]));
        let length = u32::from_le_bytes([raw[4], raw[5], raw[6], raw[7]]);
        Header { length, position: word(8), synced: word(16) }
    }
}

fn checksum(header: &[u8], payload: &[u8], Salt(salt): Salt) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(header);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SALT: Salt = Salt(7);

    fn group(payload: &[u8]) -> Vec<u8> {
        let mut group = start();
        group.extend_from_slice(payload);
        seal(&mut group, 7, 5, SALT);
        group
    }

    #[test]
    fn a_group_opens_as_it_was_sealed() {
        let group = group(b"records");
        let header = Header { length: 7, position: 7, synced: 5 };
        assert_eq!(open(&group, SALT), Ok((header, b"records".as_slice())));
    }

    #[test]
    fn a_group_of_another_folder_is_none_here() {
        let [one, other] = [Salt::of([1; 16]), Salt::of([2; 16])];
        let mut group = group(b"records");
        seal(&mut group, 7, 5, one);
        assert!(open(&group, one).is_ok());
        assert_eq!(open(&group, other), Err(NoGroup::Broken));
    }

    #[test]
    fn one_bit_flipped_anywhere_or_one_byte_cut_is_seen() {
        let whole = group(b"records");
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&flipped, SALT), Err(NoGroup::Broken), "bit {bit}");
        }
        for length in 1..whole.len() {
            assert_eq!(open(&whole[..length], SALT), Err(NoGroup::Broken), "{length} bytes");
        }
    }

    #[test]
    fn noughts_are_nothing() {
        for length in [0, 3, 100] {
            assert_eq!(open(&vec![0; length], SALT), Err(NoGroup::Nothing), "{length} noughts");
        }
    }

    #[test]
    fn a_search_finds_whole_groups_among_rubbish() {
        let bytes = [b"RGRPRG".as_slice(), &group(b"a"), &[0; 9], &group(b"RGRP")].concat();
        let stands_at = |offset: usize| stands_in(&bytes, SALT, |at, header| at == offset && header.position == 7);
        let found: Vec<usize> = (0..bytes.len()).filter(|offset| stands_at(*offset)).collect();
        assert_eq!(found, [6, 6 + HEADER + 1 + 9]);
        assert!(!stands_in(&bytes, SALT, |_, header| 5 < header.synced));
    }

    #[test]
    fn a_search_among_a_few_thousand_false_headers_ends_and_keeps_the_journal_closed() {
        let mut header = group(b"");
        header[4..8].copy_from_slice(&100_000_u32.to_le_bytes());
        let bytes = [header.repeat(3_000), vec![0; 100_000]].concat();
        assert!(stands_in(&bytes, SALT, |_, _| true));
        assert!(!stands_in(&bytes, SALT, |_, header| header.position == 8));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, places in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
            for place in places {
                let place = place.index(bytes.len() + 1);
                bytes.splice(place..place, MAGIC);
            }
            prop_assert!(open(&bytes, SALT).is_err());
            prop_assert!(!stands_in(&bytes, SALT, |_, header| (header.length as usize) < PAYLOAD_MAX));
        }
    }
}
