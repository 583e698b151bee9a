//! Bills: what is invoiced, and every step of it as it is written down. A step is a record of the journal; none is
//! ever changed.
//!
//! Amounts are whole numbers of the units that Stripe counts a currency in.

use std::fmt;

use compact_str::CompactString;
use thiserror::Error;

use super::money::Sum;
use super::names::Name;
use super::payers::Payer;
use super::time::Moment;

/// The number of a bill, from 1 on in the order in which they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillNo(pub u32);

impl BillNo {
    /// Reads `bill_42`.
    pub fn parse(text: &str) -> Option<BillNo> {
        let digits = text.strip_prefix("bill_")?;
        let is_plain = digits.starts_with(|digit: char| ('1'..='9').contains(&digit));
        is_plain.then(|| digits.parse().ok().map(BillNo)).flatten()
    }
}

impl fmt::Display for BillNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bill_{}", self.0)
    }
}

/// How finely an invoice tells what it is for, the finest first. A coarser one is taken where finer lines would be so
/// many that no invoice of them is worth sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Detail {
    /// By who earned it, rule and day.
    Day = 0,
    /// By who earned it, rule and month.
    Month = 1,
    /// By rule alone.
    Rule = 2,
    /// All in one.
    One = 3,
}

impl Detail {
    /// All of them, the finest first.
    pub const ALL: [Detail; 4] = [Detail::Day, Detail::Month, Detail::Rule, Detail::One];
}

/// What is written of bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// All bills of this folder are of this account, and of no other.
    Bind(Account),
    /// A bill is drawn: what is on it is on no other that is alive.
    Draw(Box<Drawn>),
    /// A bill that the book had lost is taken over, as it stands at Stripe.
    Adopt(Box<Drawn>, Box<Sight>, Outbound),
    /// Something is asked of Stripe, in these very words.
    Ask(BillNo, Box<Ask>),
    /// It was answered.
    Answer(BillNo, Attempt, Outcome),
    /// What there is at Stripe was looked at.
    See(BillNo, Sight),
    /// The bill comes to nothing: a draft of it is deleted, and its charges wait until somebody decides.
    Drop(BillNo, CompactString),
    /// So much of what a bill comes to in all was taken back while nobody paid it: it is worth that much less.
    Offset(BillNo, i64),
    /// Somebody asked for a run after a bill was taken over, and so for what it carries.
    Vouch(BillNo),
    /// Stripe told that something happened.
    Notice(Notice),
    /// It was found out what bill a notice is about; `None` where it is about none.
    Place(CompactString, Option<BillNo>),
}

/// Whether a bill that is taken over goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outbound {
    /// It went: whoever made it mailed or charged it, or it is a credit note.
    Gone,
    /// Nobody knows: it is mailed, also once more, or charged, which is refused where it was paid.
    Due,
}

/// Whose bills they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account's id at Stripe.
    pub id: CompactString,
    /// Whether real money moves.
    pub is_live: bool,
}

/// A bill as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// What it is known by at Stripe, where it is written on whatever is made of it.
    pub mark: CompactString,
    /// Whose, on which terms, in which currency.
    pub payer: Payer,
    /// It takes all that he owes before this row; of no meaning where it reissues another bill.
    pub to: u32,
    /// The bill that came to nothing, where this one is in its place: of the same rows, lines and amount.
    pub reissues: Option<BillNo>,
    /// The bill whose invoice it takes from: then it is a credit note, and comes to less than nothing.
    pub credits: Option<BillNo>,
    /// How finely its lines tell.
    pub detail: Detail,
    /// The time zone that their days are of.
    pub zone: Name,
    /// How many lines have an amount; 0 where all is in one, because it was [taken over](Deed::Adopt) and nobody knows what
    /// its lines were, or is a credit note.
    pub items: u16,
    /// The digest of its lines.
    pub digest: u64,
    /// What it comes to, before taxes.
    pub total: i64,
    /// What was carried from the payer's last bill, in millionths.
    pub carried: Sum,
    /// What is carried to his next one, in millionths: less than the smallest amount; of what was taken over, and of
    /// credit notes, whatever it is.
    pub rest: Sum,
}

impl Drawn {
    /// Whether nobody knows its lines, or it has none.
    pub fn is_whole(&self) -> bool {
        self.items == 0
    }
}

/// A step on the way of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A draft is created.
    Create,
    /// Lines are added: those of this part.
    Lines(u8),
    /// The draft is finalised.
    Finalise,
    /// It is sent.
    Send,
    /// The customer's payment method is charged.
    Pay,
    /// The draft is deleted.
    Delete,
    /// What was finalised is voided.
    Void,
    /// A credit note is made.
    Credit,
}

/// So many lines are added at once, at most: their request fits a record.
pub const PART_LINES: usize = 100;

impl Step {
    /// The step as two bytes, as it is written down.
    pub const fn code(self) -> [u8; 2] {
        match self {
            Step::Create => [0, 0],
            Step::Lines(part) => [1, part],
            Step::Finalise => [2, 0],
            Step::Send => [3, 0],
            Step::Pay => [4, 0],
            Step::Delete => [5, 0],
            Step::Void => [6, 0],
            Step::Credit => [7, 0],
        }
    }

    /// The step that these bytes are of.
    pub const fn of_code(code: [u8; 2]) -> Option<Step> {
        Some(match code {
            [0, 0] => Step::Create,
            // Parts are bits of a byte.
            [1, part @ 0..8] => Step::Lines(part),
            [2, 0] => Step::Finalise,
            [3, 0] => Step::Send,
            [4, 0] => Step::Pay,
            [5, 0] => Step::Delete,
            [6, 0] => Step::Void,
            [7, 0] => Step::Credit,
            _ => return None,
        })
    }

    /// The stable text of the step, which is part of its idempotency keys.
    pub fn text(self) -> CompactString {
        match self {
            Step::Create => "create".into(),
            Step::Lines(part) => compact_str::format_compact!("lines{part}"),
            Step::Finalise => "finalise".into(),
            Step::Send => "send".into(),
            Step::Pay => "pay".into(),
            Step::Delete => "delete".into(),
            Step::Void => "void".into(),
            Step::Credit => "credit".into(),
        }
    }
}

/// One attempt at a step. It is another only after one that failed for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// At what.
    pub step: Step,
    /// The how manieth, from 0 on.
    pub number: u16,
}

/// What is asked, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// As which attempt.
    pub attempt: Attempt,
    /// Of what, such as `/v1/invoices`.
    pub path: String,
    /// Its parameters, form-encoded.
    pub form: String,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and this is how it stands now.
    Done(Sight),
    /// It failed for certain.
    Refused(Refusal),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Stripe's code, or its type where there is none.
    pub code: CompactString,
}

/// How a bill stands at Stripe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The invoice's id; none where there is none.
    pub invoice: Option<CompactString>,
    /// How it stands.
    pub status: Status,
    /// Its amounts.
    pub amounts: Amounts,
    /// Which parts of its lines are there, a bit each; `None` where nobody looked.
    pub parts: Option<u8>,
    /// What came of its payments; `None` where nobody looked.
    pub takings: Option<Takings>,
    /// When it was paid.
    pub paid_at: Option<Moment>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

/// How an invoice stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// There is none.
    #[default]
    Absent = 0,
    /// It can still be changed.
    Draft = 1,
    /// It is to be paid.
    Open = 2,
    /// Nobody believes any more that it will be; it may be all the same.
    Uncollectible = 3,
    /// It is settled.
    Paid = 4,
    /// It is void.
    Void = 5,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 6] =
        [Status::Absent, Status::Draft, Status::Open, Status::Uncollectible, Status::Paid, Status::Void];

    /// The stable text, which is Stripe's own.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Absent => "absent",
            Status::Draft => "draft",
            Status::Open => "open",
            Status::Uncollectible => "uncollectible",
            Status::Paid => "paid",
            Status::Void => "void",
        }
    }
}

/// The amounts of an invoice. What is neither paid nor remaining nor credited was settled by the customer's balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// What it comes to, with taxes.
    pub total: i64,
    /// As much of it is taxes.
    pub tax: i64,
    /// What was paid.
    pub paid: i64,
    /// What is still to be paid.
    pub remaining: i64,
    /// What credit notes took off it before it was paid.
    pub credited: i64,
}

impl Amounts {
    /// Total, tax, paid, remaining and credited, as they were written down; `None` where one is so large that they could
    /// not be added up. No invoice comes near that: Stripe's have twelve digits at most.
    pub fn of([total, tax, paid, remaining, credited]: [i64; 5]) -> Option<Amounts> {
        const MOST: u64 = i64::MAX.unsigned_abs() / 8;
        let are_amounts = [total, tax, paid, remaining, credited].iter().all(|amount| amount.unsigned_abs() <= MOST);
        are_amounts.then_some(Amounts { total, tax, paid, remaining, credited })
    }

    /// A part of the invoice, without the same part of its taxes; a unit that is not whole is tax.
    pub fn net(self, part: i64) -> i64 {
        if self.total <= 0 || self.tax == 0 {
            return part;
        }
        let net = i128::from(part) * i128::from(self.total - self.tax);
        i64::try_from(net.div_euclid(i128::from(self.total))).unwrap_or(part)
    }

    /// What went to the customer's balance, or came from it.
    pub fn balanced(self) -> i64 {
        self.total - self.paid - self.remaining - self.credited
    }
}

/// What came of the payments of an invoice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takings {
    /// What was given back.
    pub refunded: i64,
    /// What is withdrawn in disputes that are open or lost.
    pub disputed: i64,
    /// What Stripe took.
    pub fees: i64,
}

/// What can be wrong with an invoice. A bill with a fault goes no further before somebody looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
#[repr(u8)]
pub enum Fault {
    /// It is not his.
    #[error("the invoice is another customer's")]
    Customer = 0,
    /// It is in another currency.
    #[error("the invoice is in another currency")]
    Currency = 1,
    /// Lines are missing, are others, or were added by somebody else.
    #[error("the invoice's lines are not those of the bill")]
    Lines = 2,
    /// It comes to something else.
    #[error("the invoice comes to another amount than the bill")]
    Total = 3,
    /// There are two of it.
    #[error("there are two invoices of the bill")]
    Two = 4,
    /// It is a test, or is none.
    #[error("the invoice is of the other mode, live or test")]
    Mode = 5,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] = [Fault::Customer, Fault::Currency, Fault::Lines, Fault::Total, Fault::Two, Fault::Mode];

    /// The stable text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Fault::Customer => "other_customer",
            Fault::Currency => "other_currency",
            Fault::Lines => "other_lines",
            Fault::Total => "other_total",
            Fault::Two => "two_invoices",
            Fault::Mode => "other_mode",
        }
    }
}

/// That something happened at Stripe: never what, because that is looked at there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The event's id, by which it is known for ever.
    pub event: CompactString,
    /// The event's type.
    pub kind: CompactString,
    /// The id of what it is about.
    pub object: CompactString,
    /// The digest of its body.
    pub digest: u64,
    /// Of which bill, where that is known.
    pub bill: Option<BillNo>,
}

/// Why a deed does not follow from those before it. Nothing was changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// There is no such bill.
    #[error("there is no {0}")]
    NoBill(BillNo),
    /// The folder's bills are of another account.
    #[error("the bills of this folder are of the account {id}, {}", if *.is_live { "live" } else { "for tests" })]
    Account {
        /// That one.
        id: CompactString,
        /// Whether real money moves there.
        is_live: bool,
    },
    /// What is to be billed is not what is owed.
    #[error("{payer} owes something else than the bill says: {why}")]
    Owed {
        /// Who.
        payer: Name,
        /// In what way.
        why: &'static str,
    },
    /// The bill is not so far, or further.
    #[error("{bill} is not at that step: {why}")]
    Step {
        /// Which.
        bill: BillNo,
        /// In what way.
        why: &'static str,
    },
    /// There is a bill with this mark.
    #[error("{bill} is known as {mark} already")]
    Marked {
        /// That one.
        bill: BillNo,
        /// The mark.
        mark: CompactString,
    },
    /// The marks of bills are to have something else.
    #[error("what the marks of bills have besides the folder's name {0}")]
    Byname(&'static str),
    /// All is paused: nothing is drawn, sent or charged.
    #[error("all is paused")]
    Paused,
    /// The notice is known.
    #[error("the event {0} is known already")]
    Known(CompactString),
    /// An id or text is longer than is written down.
    #[error("{0} is longer than what is written down")]
    Long(&'static str),
}
