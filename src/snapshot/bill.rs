//! A bill as an image has it: all but its rows, which follow from those of the bills before it.

use bincode::{Decode, Encode};

use super::SnapshotError;
use super::section::{PayerImage, named};
use crate::domain::bills::{
    Amounts, Ask, Attempt, BillNo, Detail, Drawn, Fault, Refusal, Sight, Status, Step, Takings,
};
use crate::domain::money::Sum;
use crate::domain::time::Moment;
use crate::ledger::bill::{Asked, Bill, Failed, Way};
use crate::ledger::roll::NameNo;

#[derive(Encode, Decode)]
pub(super) struct BillImage {
    no: u32,
    mark: String,
    terms: PayerImage,
    payer: u32,
    to: u32,
    reissues: Option<u32>,
    credits: Option<u32>,
    reissued_by: Option<u32>,
    detail: u8,
    zone: String,
    items: u16,
    digest: u64,
    total: i64,
    carried: i64,
    rest: i64,
    at: i64,
    asked: Option<AskImage>,
    failed: Option<FailedImage>,
    attempt: u16,
    parts: u8,
    /// Unread, checked, sent, hinted, released, failed in doubt, sought, moot: a bit each.
    flags: u8,
    dropped: Option<String>,
    seen: SightImage,
}

#[derive(Encode, Decode)]
struct AskImage {
    step: [u8; 2],
    number: u16,
    path: String,
    form: String,
    at: i64,
}

#[derive(Encode, Decode)]
struct FailedImage {
    step: [u8; 2],
    status: u16,
    code: String,
    at: i64,
    times: u16,
}

#[derive(Encode, Decode)]
struct SightImage {
    invoice: Option<String>,
    status: u8,
    /// Total, tax, paid, remaining, credited.
    amounts: [i64; 5],
    parts: Option<u8>,
    /// Refunded, disputed, fees.
    takings: Option<[i64; 3]>,
    paid_at: Option<i64>,
    fault: Option<u8>,
}

impl BillImage {
    pub(super) fn of(bill: &Bill) -> BillImage {
        let Way { asked, failed, is_sought, is_unread, is_checked, is_sent, is_hinted, is_released, is_moot, .. } =
            &bill.way;
        let is_doubtful = failed.as_ref().is_some_and(|failed| failed.is_doubtful);
        let flags = [*is_unread, *is_checked, *is_sent, *is_hinted, *is_released, is_doubtful, *is_sought, *is_moot];
        let Drawn { mark, payer, to, reissues, credits, detail, zone, items, digest, total, carried, rest } =
            &bill.drawn;
        BillImage {
            no: bill.no.0,
            mark: mark.to_string(),
            terms: PayerImage::of_terms(payer),
            payer: bill.payer.0,
            to: *to,
            reissues: reissues.map(|no| no.0),
            credits: credits.map(|no| no.0),
            reissued_by: bill.reissued_by.map(|no| no.0),
            detail: *detail as u8,
            zone: zone.as_str().to_owned(),
            items: *items,
            digest: *digest,
            total: *total,
            // What is carried is less than an invoice can come to.
            carried: carried.0 as i64,
            rest: rest.0 as i64,
            at: bill.at.0,
            asked: asked.as_ref().map(AskImage::of),
            failed: failed.as_ref().map(FailedImage::of),
            attempt: bill.way.attempt,
            parts: bill.way.parts,
            flags: flags.into_iter().enumerate().map(|(bit, is_set)| u8::from(is_set) << bit).sum(),
            dropped: bill.way.dropped.as_ref().map(|why| why.to_string()),
            seen: SightImage::of(&bill.seen),
        }
    }

    pub(super) fn bill(self) -> Result<Bill, SnapshotError> {
        let payer = self.terms.listing()?.payer;
        let is_set = |bit: u8| self.flags & 1 << bit != 0;
        let failed = self.failed.map(|failed| failed.failed(is_set(5))).transpose()?;
        let way = Way {
            asked: self.asked.map(AskImage::asked).transpose()?,
            failed,
            attempt: self.attempt,
            parts: self.parts,
            is_sought: is_set(6),
            is_unread: is_set(0),
            is_checked: is_set(1),
            is_sent: is_set(2),
            dropped: self.dropped.map(Into::into),
            is_hinted: is_set(3),
            is_released: is_set(4),
            is_moot: is_set(7),
            // Told apart, for those of which there is anything to tell.
            offset: 0,
            is_vouched: false,
        };
        let drawn = Drawn {
            mark: self.mark.into(),
            payer,
            to: self.to,
            reissues: self.reissues.map(BillNo),
            credits: self.credits.map(BillNo),
            detail: *one_of(&Detail::ALL, self.detail, "a bill's detail")?,
            zone: named(&self.zone)?,
            items: self.items,
            digest: self.digest,
            total: self.total,
            carried: Sum(self.carried.into()),
            rest: Sum(self.rest.into()),
        };
        Ok(Bill {
            no: BillNo(self.no),
            drawn,
            at: Moment(self.at),
            payer: NameNo(self.payer),
            rows: [].into(),
            reissued_by: self.reissued_by.map(BillNo),
            way,
            seen: self.seen.sight()?,
        })
    }
}

impl AskImage {
    fn of(asked: &Asked) -> AskImage {
        let Ask { attempt: Attempt { step, number }, path, form } = &asked.ask;
        AskImage { step: step.code(), number: *number, path: path.clone(), form: form.clone(), at: asked.at.0 }
    }

    fn asked(self) -> Result<Asked, SnapshotError> {
        let attempt = Attempt { step: step(self.step)?, number: self.number };
        Ok(Asked { ask: Ask { attempt, path: self.path, form: self.form }, at: Moment(self.at) })
    }
}

impl FailedImage {
    fn of(failed: &Failed) -> FailedImage {
        let Failed { step, refusal: Refusal { status, code }, at, times, .. } = failed;
        FailedImage { step: step.code(), status: *status, code: code.to_string(), at: at.0, times: *times }
    }

    fn failed(self, is_doubtful: bool) -> Result<Failed, SnapshotError> {
        let refusal = Refusal { status: self.status, code: self.code.into() };
        Ok(Failed { step: step(self.step)?, refusal, at: Moment(self.at), times: self.times, is_doubtful })
    }
}

impl SightImage {
    fn of(sight: &Sight) -> SightImage {
        let Amounts { total, tax, paid, remaining, credited } = sight.amounts;
        SightImage {
            invoice: sight.invoice.as_ref().map(|id| id.to_string()),
            status: sight.status as u8,
            amounts: [total, tax, paid, remaining, credited],
            parts: sight.parts,
            takings: sight.takings.map(|Takings { refunded, disputed, fees }| [refunded, disputed, fees]),
            paid_at: sight.paid_at.map(|at| at.0),
            fault: sight.fault.map(|fault| fault as u8),
        }
    }

    fn sight(self) -> Result<Sight, SnapshotError> {
        Ok(Sight {
            invoice: self.invoice.map(Into::into),
            status: *one_of(&Status::ALL, self.status, "an invoice's status")?,
            amounts: Amounts::of(self.amounts).ok_or(SnapshotError::Damaged("an invoice's amounts are none"))?,
            parts: self.parts,
            takings: self.takings.map(|[refunded, disputed, fees]| Takings { refunded, disputed, fees }),
            paid_at: self.paid_at.map(Moment),
            fault: self.fault.map(|fault| one_of(&Fault::ALL, fault, "a fault").copied()).transpose()?,
        })
    }
}

fn one_of<'a, T, const N: usize>(all: &'a [T; N], code: u8, what: &'static str) -> Result<&'a T, SnapshotError> {
    all.get(usize::from(code)).ok_or(SnapshotError::Damaged(what))
}

fn step(code: [u8; 2]) -> Result<Step, SnapshotError> {
    Step::of_code(code).ok_or(SnapshotError::Damaged("a step of a bill is none"))
}
