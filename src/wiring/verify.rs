//! Verifying a data folder: every way to the book must lead to the same one.

use chrono_tz::Tz;

use super::recover;
use crate::domain::calendar::{Calendar, Day, Period};
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::time::Moment;
use crate::folder::DataFolder;
use crate::journal::JournalError;
use crate::journal::recovery::Cut;
use crate::ledger::accounts::{Account, Balances, Kind};
use crate::ledger::book::Book;
use crate::ledger::digest::digest;
use crate::ledger::roll::NameNo;
use crate::ledger::totals::{ByStage, Role, Totals, both};
use crate::snapshot::{self, SnapshotError};

/// What verifying found.
#[derive(Debug)]
pub struct Report {
    /// The digest of the book that the whole journal makes.
    pub digest: blake3::Hash,
    /// How many records the journal has.
    pub records: u64,
    /// How many events were taken.
    pub facts: usize,
    /// How many of them earned.
    pub transactions: usize,
    /// How many contradicted an earlier one.
    pub conflicts: usize,
    /// The length of the journal.
    pub journal_bytes: u64,
    /// How many snapshots there are.
    pub snapshots: usize,
    /// The torn tail that the next start will cut off.
    pub cut: Option<Cut>,
    /// What was charged, by currency.
    pub charged: Vec<(Currency, ByStage)>,
    /// Whatever does not agree.
    pub faults: Vec<String>,
}

/// Verifies `folder`, whose days are those of `zone`. A journal that is damaged is an error.
pub fn verify(folder: &DataFolder, zone: Tz) -> Result<Report, JournalError> {
    let mut book = Book::default();
    let recovered = recover::replay(folder, &mut book, 0)?;
    let digest = digest(&book);
    let mut faults = Vec::new();
    let positions = snapshot::positions(&folder.images()).map_err(|cause| JournalError::Io {
        path: folder.images().to_path_buf(),
        doing: "listing it",
        cause,
    })?;
    for position in &positions {
        let path = snapshot::path(&folder.images(), *position);
        match snapshot::load(folder.disk(), &path, folder.id()) {
            Ok((_, found)) if found != *position => {
                faults.push(format!("{}: {}", path.display(), SnapshotError::Damaged(snapshot::MISNAMED)));
            }
            Ok((mut image, found)) => {
                recover::replay(folder, &mut image, found)?;
                if digest_of(&image) != digest || image.receivables() != book.receivables() {
                    faults.push(format!("{} and the journal after it make another book", path.display()));
                }
            }
            Err(error) => faults.push(format!("{}: {error}", path.display())),
        }
    }
    let mut totals = Totals::new(Calendar::new(zone));
    totals.advance(&book, book.charges().len(), Moment::NEWEST);
    faults.extend(unbalanced(&book, &totals));
    Ok(Report {
        digest,
        records: recovered.records,
        facts: book.events(),
        transactions: book.charges().len(),
        conflicts: book.conflicts().len(),
        journal_bytes: recovered.end,
        snapshots: positions.len(),
        cut: recovered.cut,
        charged: totals.currencies().iter().map(|sums| (sums.currency, sums.all_time())).collect(),
        faults,
    })
}

fn digest_of(book: &Book) -> blake3::Hash {
    digest(book)
}

/// Every way of adding up must come to the same sum, and all accounts together to nothing.
fn unbalanced(book: &Book, totals: &Totals) -> Vec<String> {
    let mut faults = Vec::new();
    let balances = Balances::of(book);
    for (currency, sum) in balances.trial() {
        if sum != 0 {
            faults.push(format!("the accounts in {currency} are {sum} millionths apart"));
        }
    }
    for sums in totals.currencies() {
        let currency = sums.currency;
        let mut billed = 0;
        for (payer, _, open) in book.receivables().all().filter(|(_, owed, _)| *owed == currency) {
            billed += open.sum.0;
            let found = balances.on(Account { kind: Kind::Unbilled, owner: payer, currency });
            if found != open.sum {
                let who = book.roll().name(payer).map_or("?", Name::as_str);
                faults.push(format!("{who} owes {found} {currency}, and {} is kept as that", open.sum));
            }
        }
        for (kind, kept) in [(Kind::Unbilled, Sum(billed)), (Kind::NoPayer, book.receivables().nobodys(currency))] {
            let found = balances.of_kind(kind, currency);
            if found != kept {
                faults.push(format!("{found} {currency} is {}, and {kept} is kept as that", kind.as_str()));
            }
        }
        let by_rule = both(sums.all_time());
        let by_day = sums.days.iter().fold(Sum::default(), |sum, day| sum.plus(both(day.stages)));
        if by_rule != by_day {
            faults.push(format!("by rule it is {by_rule} {}, by day {by_day}", sums.currency));
        }
        let all_time = Day(i32::MAX);
        let by_citizen: i128 =
            sums.earners(Role::Citizen).map(|(_, earner)| both(earner.made(Period::AllTime, all_time)).0).sum();
        let of_citizens: i128 = (book.charges().iter())
            .filter(|charge| charge.currency == sums.currency && charge.citizen != NameNo::NONE && !charge.is_held())
            .map(|charge| i128::from(charge.amount.millionths()))
            .sum();
        if of_citizens != by_citizen {
            faults.push(format!(
                "citizens earned {} {}, and are shown {}",
                Sum(of_citizens),
                sums.currency,
                Sum(by_citizen)
            ));
        }
    }
    faults
}
