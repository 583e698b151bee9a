//! A book made again from the sections of a snapshot.

use super::SnapshotError;
use super::section::{Section, named, phase};
use crate::domain::bills::{Account, BillNo};
use crate::domain::calendar::Day;
use crate::domain::ids::EventKey;
use crate::domain::money::{Currency, Sum};
use crate::domain::rollout::{Move, Subject};
use crate::domain::tariff::asks::Measure;
use crate::domain::time::Moment;
use crate::ledger::arrivals::Arrival;
use crate::ledger::bills::Taken;
use crate::ledger::book::Book;
use crate::ledger::meters::Waiting;
use crate::ledger::orders::{Closing, Link};
use crate::ledger::parts::Parts;
use crate::ledger::roll::NameNo;
use crate::ledger::rows::{ChargeRow, FactNo, FactRow, Place};

/// What was read of a snapshot so far.
#[derive(Default)]
pub(super) struct Loading {
    position: u64,
    parts: Parts,
}

impl Loading {
    pub(super) fn take(&mut self, section: Section) -> Result<(), SnapshotError> {
        let Parts { names, facts, charges, conflicts, tariffs, meters, latest: last, .. } = &mut self.parts;
        match section {
            Section::Start { position, latest, .. } => {
                self.position = position;
                *last = Moment(latest);
            }
            Section::End { .. } => {}
            Section::Names(texts) => {
                for text in texts {
                    names.push(named(&text)?);
                }
            }
            Section::Facts(bytes) => {
                let (found, rest) = bytes.as_chunks::<{ FactRow::BYTES }>();
                none_left(rest)?;
                found.iter().for_each(|fact| facts.push(FactRow::from_bytes(fact)));
            }
            Section::Charges(bytes) => {
                let (found, rest) = bytes.as_chunks::<{ ChargeRow::BYTES }>();
                none_left(rest)?;
                for charge in found {
                    charges.push(ChargeRow::from_bytes(charge).ok_or(SnapshotError::Damaged("a charge is none"))?);
                }
            }
            Section::Conflicts(images) => {
                for image in images {
                    conflicts.push(image.row()?);
                }
            }
            Section::Rows(images) => {
                for image in images {
                    image.take(&mut self.parts)?;
                }
            }
            Section::Tariffs(images) => {
                for image in images {
                    tariffs.push(image.tariff()?);
                }
            }
            Section::Payers(images) => {
                for image in images {
                    self.parts.payers.push(image.listing()?);
                }
            }
            Section::Bills(images) => {
                for image in images {
                    self.parts.bills.all.push(image.bill()?);
                }
            }
            Section::Account(id, is_live) => self.parts.bills.account = Some(Account { id: id.into(), is_live }),
            Section::Told(keys) => self.parts.bills.told.extend(keys.into_iter().map(EventKey)),
            Section::Unplaced(images) => {
                self.parts.bills.unplaced.extend(images.into_iter().map(|texts| texts.map(Into::into)));
            }
            Section::Takings(images) => {
                for (bill, at, letters, amount) in images {
                    let (bill, at, amount) = (BillNo(bill), Moment(at), Sum(amount));
                    self.parts.bills.takings.push(Taken { bill, at, currency: currency(letters)?, amount });
                }
            }
            Section::Byname(byname) => self.parts.bills.byname = Some(byname.into()),
            Section::Carried(images) => {
                for (payer, letters, sum) in images {
                    self.parts.bills.carried.push((NameNo(payer), currency(letters)?, Sum(sum)));
                }
            }
            Section::Offsets(images) => {
                self.parts.bills.offsets.extend(images.into_iter().map(|(no, offset)| (BillNo(no), offset)));
            }
            Section::Vouched(images) => self.parts.bills.vouched.extend(images.into_iter().map(BillNo)),
            Section::Rollout(code, since) => {
                self.parts.rollout.make(Move { subject: Subject::All, to: phase(code)? }, Moment(since));
            }
            Section::Own(images) => {
                for (kind, id, code, since) in images {
                    let id = named(&id)?;
                    let subject = if kind == 0 { Subject::Business(id) } else { Subject::Citizen(id) };
                    self.parts.rollout.make(Move { subject, to: phase(code)? }, Moment(since));
                }
            }
            Section::Accepted(numbers) => self.parts.accepted.extend(numbers),
            Section::Discrepancies(numbers) => self.parts.discrepancies.extend(numbers),
            Section::Closings(images) => {
                let closings = images.into_iter().map(|(from, open)| Closing { from, open: Day(open) });
                self.parts.closings.extend(closings);
            }
            Section::Ordered(places) => places.into_iter().for_each(|place| self.parts.orders.push(Place(place))),
            Section::Arrivals(images) => {
                let arrivals = images.into_iter().map(|(fact, at)| Arrival { fact: FactNo(fact), at: Moment(at) });
                arrivals.for_each(|arrival| self.parts.arrivals.put(arrival));
            }
            Section::Waiting(images) => {
                let waiting = |(row, start, quantity, factor)| {
                    (row, Waiting { start: Day(start), measure: Measure { quantity, factor } })
                };
                self.parts.waiting.extend(images.into_iter().map(waiting));
            }
            Section::Links(images) => {
                images.into_iter().for_each(|(of, by)| self.parts.links.push(Link { of, by }));
            }
            Section::Watched(images) => {
                for image in images {
                    let (capacity, number, watch) = image.watch(self.parts.names.len())?;
                    self.parts.guards.put(capacity, number, watch);
                }
            }
            Section::Newest(hour) => self.parts.guards.put_newest(hour),
            Section::Late(images) => images.into_iter().for_each(|late| self.parts.guards.put_late(late)),
            Section::Pairs(images) => images.into_iter().for_each(|pair| self.parts.guards.put_pair(pair)),
            Section::Meters(images) => {
                for image in images {
                    let (key, count) = image.meter()?;
                    meters.put(key, count);
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(Book, u64), SnapshotError> {
        let facts = self.parts.facts.len();
        if self.parts.charges.iter().any(|charge| facts <= charge.fact.0 as usize) {
            return Err(SnapshotError::Damaged("a charge is of no fact"));
        }
        let bills = &self.parts.bills.all;
        if !bills.iter().map(|bill| bill.no.0).eq(1..=bills.len() as u32) {
            return Err(SnapshotError::Damaged("the bills are not in order"));
        }
        Ok((Book::from_parts(self.parts), self.position))
    }
}

fn currency(letters: [u8; 3]) -> Result<Currency, SnapshotError> {
    let currency = std::str::from_utf8(&letters).ok().and_then(Currency::parse);
    currency.ok_or(SnapshotError::Damaged("a currency is none"))
}

fn none_left(rest: &[u8]) -> Result<(), SnapshotError> {
    if rest.is_empty() { Ok(()) } else { Err(SnapshotError::Damaged("a row is cut short")) }
}
