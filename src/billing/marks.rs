//! Marks: what is written on an invoice, and on its lines, so that they are known again as those of a bill.

use compact_str::CompactString;

use crate::domain::bills::BillNo;

/// The key under which an invoice's metadata tell the mark of its bill,
pub const BILL: &str = "rialto_bill";
/// who pays it,
pub const PAYER: &str = "rialto_payer";
/// and before which row it takes what he owes.
pub const TO: &str = "rialto_to";
/// The key under which a line's metadata tell its place on the invoice, counted from 0.
pub const LINE: &str = "rialto_line";

/// How the bills of one book are marked at Stripe: by the name of their house, so that those of two books never meet. A
/// book has the name of its folder at first, and takes another one when it goes on from a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    names: Vec<CompactString>,
}

impl House {
    /// The house of the book in this folder, which took these names since.
    pub fn new(folder: &str, taken: &[CompactString]) -> House {
        House { names: std::iter::once(folder.into()).chain(taken.iter().cloned()).collect() }
    }

    /// What the bill with this number is to be known by.
    pub fn mark(&self, bill: BillNo) -> CompactString {
        let name = self.names.last().map_or("", CompactString::as_str);
        compact_str::format_compact!("{name}-{}", bill.0)
    }

    /// Whether a mark is of this house, by any of its names.
    pub fn is_ours(&self, mark: &str) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        mark.rsplit_once('-')
            .is_some_and(|(name, number)| is_number(number) && self.names.iter().any(|own| own == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_ours_by_any_name_that_the_house_ever_had() {
        let house = House::new("f01d", &["c0ffee".into()]);
        assert_eq!(house.mark(BillNo(7)), "c0ffee-7");
        assert_eq!(House::new("f01d", &[]).mark(BillNo(7)), "f01d-7");
        for (mark, is_ours) in [
            ("f01d-1", true),
            ("c0ffee-4294967296", true),
            ("f01d-", false),
            ("f01d-x", false),
            ("f01d", false),
            ("0ther-1", false),
            ("f01d-f01d-1", false),
            ("", false),
        ] {
            assert_eq!(house.is_ours(mark), is_ours, "{mark}");
        }
    }
}
