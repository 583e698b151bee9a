//! The digest of a book: the same for the same story, whoever told it and in however many batches.
//!
//! When things were recorded, and where the journal was cut into groups, is left out.

use crate::domain::bills::{Amounts, Takings};
use crate::domain::money::Money;
use crate::domain::names::Name;
use crate::domain::payers::{Collection, Payer, Tax};
use crate::domain::rollout::{Phase, Subject};
use crate::domain::rows::Row;

use super::bill::Bill;
use super::book::Book;
use super::chunks::Chunks;
use super::orders::Link;
use super::payers::Listing;

/// The BLAKE3 digest of everything in `book`, in order.
pub fn digest(book: &Book) -> blake3::Hash {
    let payers = book.payers().sorted();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(book.roll().names().len() as u64).to_le_bytes());
    hasher.update(&((book.directory().rows().count() + payers.len()) as u64).to_le_bytes());
    let mut text = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for name in book.roll().names().iter() {
        text(name.as_str());
    }
    for row in book.directory().rows() {
        let kind = |name: Option<Name>| name.map_or("", Name::as_str);
        match row {
            Row::Citizen(citizen) => {
                text(citizen.id.as_str());
                text(match citizen.is_ai {
                    None => "",
                    Some(false) => "human",
                    Some(true) => "ai",
                });
            }
            Row::Building(building) => {
                text(building.id.as_str());
                text(kind(building.kind));
                text(match building.is_business {
                    None => "",
                    Some(false) => "other",
                    Some(true) => "business",
                });
                text(kind(building.run_by));
            }
        }
    }
    for (_, Listing { payer, .. }) in &payers {
        text(payer.id.as_str());
        text(payer.customer.map_or("", Name::as_str));
    }
    // A fact's place is where the journal holds it, which depends on the cuts: 16 bytes of key, 8 of
    // content, 8 of time, and its flags.
    hash_rows(&mut hasher, book.facts(), |row, bytes| {
        let row = row.to_bytes();
        bytes.extend_from_slice(&row[..32]);
        bytes.push(row[37]);
    });
    hash_rows(&mut hasher, book.charges(), |row, bytes| bytes.extend_from_slice(&row.to_bytes()));
    hash_rows(&mut hasher, book.conflicts(), |row, bytes| {
        bytes.extend_from_slice(&row.key.0);
        bytes.extend_from_slice(&row.content.to_le_bytes());
        bytes.push(row.outcome as u8);
    });
    // What a book has none of leaves no trace, so that an older book keeps its digest.
    for tariff in &book.tariffs().all()[1..] {
        hasher.update(&tariff.effective().0.to_le_bytes());
        hasher.update(&(tariff.text().len() as u64).to_le_bytes());
        hasher.update(tariff.text().as_bytes());
    }
    for (_, Listing { payer, marks, ordered }) in &payers {
        let of_old = (Payer { customer: payer.customer, ..Payer::new(payer.id) }, [0].as_slice(), None);
        if (*payer, marks.as_slice(), *ordered) != of_old {
            hash_terms(&mut hasher, payer);
            hasher.update(&(marks.len() as u64).to_le_bytes());
            for mark in marks {
                hasher.update(&mark.to_le_bytes());
            }
            hasher.update(&ordered.unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    for (subject, phase, since) in book.rollout().all_own() {
        hasher.update(subject.id().map_or("", Name::as_str).as_bytes());
        hasher.update(&[phase.map_or(0, |phase| phase as u8 + 1)]);
        hasher.update(&since.0.to_le_bytes());
    }
    if let Some(all) = book.rollout().standing(Subject::All).filter(|all| all.phase != Phase::Shadow) {
        hasher.update(&[all.phase as u8]);
        hasher.update(&all.since.0.to_le_bytes());
    }
    for Link { of, by } in book.links().iter() {
        hasher.update(&of.to_le_bytes());
        hasher.update(&by.to_le_bytes());
    }
    for number in book.accepted() {
        hasher.update(&number.to_le_bytes());
    }
    for number in (0_u32..).zip(book.conflicts().iter()).filter(|(_, row)| row.is_discrepancy).map(|(number, _)| number)
    {
        hasher.update(&number.to_le_bytes());
    }
    for place in book.orders().iter() {
        hasher.update(&place.0.to_le_bytes());
    }
    for (number, waiting) in book.waiting() {
        hasher.update(&number.to_le_bytes());
        hasher.update(&waiting.start.0.to_le_bytes());
        hasher.update(&waiting.measure.quantity.to_le_bytes());
        hasher.update(&waiting.measure.factor.to_le_bytes());
    }
    for closing in book.closings() {
        hasher.update(&closing.from.to_le_bytes());
        hasher.update(&closing.open.0.to_le_bytes());
    }
    for (key, counted) in book.meters().sorted() {
        for text in [key.meter.as_str(), key.whose.map_or("", Name::as_str)] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&[key.base as u8, key.capacity as u8, key.stage as u8, key.period as u8]);
        hasher.update(&key.start.0.to_le_bytes());
        hasher.update(&counted.quantity.to_le_bytes());
        hasher.update(&counted.billable.to_le_bytes());
        hasher.update(&counted.posted.to_le_bytes());
        let (tariff, rule) = key.of.map_or((0, 0), |(tariff, rule)| (tariff.0, rule.0));
        hasher.update(&[tariff.to_le_bytes(), rule.to_le_bytes()].concat());
    }
    book.bills().iter().for_each(|bill| hash_bill(&mut hasher, bill));
    let mut carried: Vec<_> = book.bills().all_carried().filter(|(.., sum)| sum.0 != 0).collect();
    carried.sort_unstable();
    for (payer, currency, sum) in carried {
        hasher.update(&payer.0.to_le_bytes());
        hasher.update(&currency.letters());
        hasher.update(&sum.0.to_le_bytes());
    }
    hasher.update(book.bills().byname().unwrap_or_default().as_bytes());
    hasher.finalize()
}

fn hash_bill(hasher: &mut blake3::Hasher, bill: &Bill) {
    let Bill { drawn, seen, way, .. } = bill;
    hash_terms(hasher, &drawn.payer);
    let [reissues, credits] = [drawn.reissues, drawn.credits].map(|other| other.map_or(0, |other| other.0));
    for number in [drawn.to, reissues, credits, drawn.items.into()] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&[drawn.detail as u8, seen.status as u8, way.parts, u8::from(way.is_sent)]);
    hasher.update(&[u8::from(way.dropped.is_some()), u8::from(way.is_released), u8::from(way.is_moot)]);
    hasher.update(&drawn.digest.to_le_bytes());
    for sum in [drawn.carried, drawn.rest] {
        hasher.update(&sum.0.to_le_bytes());
    }
    let Amounts { total, tax, paid, remaining, credited } = seen.amounts;
    let Takings { refunded, disputed, fees } = seen.takings.unwrap_or_default();
    let amounts = [drawn.total, total, tax, paid, remaining, credited, refunded, disputed, fees];
    // Books from before there were offsets have the digest that they had.
    for amount in amounts.into_iter().chain(Some(way.offset).filter(|offset| *offset != 0)) {
        hasher.update(&amount.to_le_bytes());
    }
    if way.is_vouched {
        hasher.update(&[1]);
    }
    for text in [seen.invoice.as_deref().unwrap_or_default(), &drawn.mark] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
}

fn hash_terms(hasher: &mut blake3::Hasher, payer: &Payer) {
    let days = if let Collection::Send { days } = payer.collection { days } else { 0 };
    hasher.update(&(payer.id.as_str().len() as u64).to_le_bytes());
    hasher.update(payer.id.as_str().as_bytes());
    hasher.update(&payer.currency.letters());
    hasher.update(&days.to_le_bytes());
    hasher.update(&payer.minimum.map_or(-1, Money::millionths).to_le_bytes());
    hasher.update(&[u8::from(payer.tax == Tax::Automatic)]);
    for rate in payer.tax.rates() {
        hasher.update(&(rate.as_str().len() as u64).to_le_bytes());
        hasher.update(rate.as_str().as_bytes());
    }
}

fn hash_rows<T: Copy>(hasher: &mut blake3::Hasher, rows: &Chunks<T>, write: impl Fn(&T, &mut Vec<u8>)) {
    hasher.update(&(rows.len() as u64).to_le_bytes());
    let mut bytes = Vec::new();
    for slice in rows.slices() {
        bytes.clear();
        slice.iter().for_each(|row| write(row, &mut bytes));
        hasher.update(&bytes);
    }
}
