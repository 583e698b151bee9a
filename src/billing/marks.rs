//! Marks: what is written on an invoice, and on its lines, so that they are known again as those of a bill.

use compact_str::CompactString;

use crate::domain::bills::BillNo;

/// The key under which an invoice's metadata tell the mark of its bill,
pub const BILL: &str = "rialto_bill";
/// who pays it, as a customer's tell whose he is,
pub const PAYER: &str = "rialto_payer";
/// before which row it takes what he owes,
pub const TO: &str = "rialto_to";
/// and, where it is in the place of bills that came to nothing, the mark of the first of them.
pub const INSTEAD: &str = "rialto_instead";
/// The key under which a line's metadata tell its place on the invoice, counted from 0.
pub const LINE: &str = "rialto_line";

/// How the bills of one book are marked at Stripe: by the name of their house, so that those of two books never meet. A
/// book has the name of its folder, and takes a byname as well when it goes on from a copy: copies are of one house, and
/// none of them takes what another one billed for somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    folder: CompactString,
    byname: Option<CompactString>,
}

impl House {
    /// The house of the book in this folder, which goes by this name besides.
    pub fn new(folder: &str, byname: Option<&str>) -> House {
        House { folder: folder.into(), byname: byname.map(CompactString::from) }
    }

    /// The name of the folder.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// What the bill with this number is to be known by.
    pub fn mark(&self, bill: BillNo) -> CompactString {
        match &self.byname {
            None => compact_str::format_compact!("{}-{}", self.folder, bill.0),
            Some(byname) => compact_str::format_compact!("{}.{byname}-{}", self.folder, bill.0),
        }
    }

    /// Whether a mark is of this house, whatever the book went by then.
    pub fn is_ours(&self, mark: &str) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let Some((name, number)) = mark.rsplit_once('-') else { return false };
        let folder = name.split_once('.').map_or(name, |(folder, _)| folder);
        is_number(number) && folder == self.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_ours_by_any_name_that_the_house_ever_had() {
        let house = House::new("f01d", Some("c0ffee"));
        assert_eq!(house.mark(BillNo(7)), "f01d.c0ffee-7");
        assert_eq!(House::new("f01d", None).mark(BillNo(7)), "f01d-7");
        for (mark, is_ours) in [
            ("f01d-1", true),
            ("f01d.c0ffee-4294967296", true),
            ("f01d.decaf-1", true),
            ("c0ffee-1", false),
            ("f01d-", false),
            ("f01d-x", false),
            ("f01d", false),
            ("0ther.f01d-1", false),
            ("f01d-f01d-1", false),
            ("", false),
        ] {
            assert_eq!(house.is_ours(mark), is_ours, "{mark}");
        }
    }
}
