//! An id in a path, as it is meant: with its percent signs decoded, once and for all routes.

use std::convert::Infallible;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment(pub String);

impl FromStr for Segment {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Segment, Infallible> {
        Ok(Segment(percent_decode_str(text).decode_utf8_lossy().into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_id_holds_it_is_read_as_it_was_meant() {
        for (written, meant) in
            [("bill%5F1", "bill_1"), ("a-b.c", "a-b.c"), ("a%2Fb%20%C3%A9", "a/b é"), ("%zz", "%zz")]
        {
            assert_eq!(Segment::from_str(written), Ok(Segment(meant.to_owned())));
        }
    }
}
