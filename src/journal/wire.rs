//! Numbers and texts as bytes: little-endian words, and variable-length ones for what is mostly small.

use thiserror::Error;

/// Why bytes are no record.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WireError {
    /// They end too early.
    #[error("it ends too early")]
    Short,
    /// A value is none that was ever written.
    #[error("{0} is out of its range")]
    Range(&'static str),
    /// It is of a kind that nobody here wrote.
    #[error("its kind is {0}, which this version of Rialto does not know: start the one that wrote it, or a later one")]
    Kind(u8),
    /// There is more than there should be.
    #[error("{0} bytes are left over")]
    Left(usize),
    /// It names a name that is not on the roll.
    #[error("name {0} is not on the roll")]
    Name(u32),
}

/// Appends `value`, seven bits a byte.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while 0x80 <= value {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed `value` so that small ones of either sign are short.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value.wrapping_shl(1) ^ (value >> 63)) as u64);
}

/// Appends a text of at most 255 bytes, cut there.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    let text = &text[..text.floor_char_boundary(255)];
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
}

/// Takes values from the front of bytes.
pub struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next bytes, as many as the array has.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A byte.
    pub fn byte(&mut self) -> Result<u8, WireError> {
        self.array().map(|[byte]| byte)
    }

    /// A word of eight bytes.
    pub fn word(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A variable-length number.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && 1 < bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Range("a number"))
    }

    /// A signed variable-length number.
    pub fn signed(&mut self) -> Result<i64, WireError> {
        self.varint().map(|value| (value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, WireError> {
        let length = self.byte()?;
        std::str::from_utf8(self.bytes(length.into())?).map_err(|_| WireError::Range("a text"))
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Left(self.0.len())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back_and_nothing_is_left(unsigned: u64, signed: i64) {
            let mut out = Vec::new();
            put_varint(&mut out, unsigned);
            put_signed(&mut out, signed);
            let mut take = Take(&out);
            prop_assert_eq!(take.varint(), Ok(unsigned));
            prop_assert_eq!(take.signed(), Ok(signed));
            prop_assert_eq!(take.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut take = Take(&bytes);
            while take.varint().is_ok() && take.text().is_ok() {}
        }
    }
}
