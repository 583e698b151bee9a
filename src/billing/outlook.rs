//! The outlook: what a plan and the bills come to, currency by currency.

use std::collections::BTreeMap;

use super::lines::Key;
use super::plan::Plan;
use super::policy::Policy;
use crate::domain::coin::Coin;
use crate::domain::money::{Currency, Sum};
use crate::domain::names::Name;
use crate::domain::outlook::Outlook;
use crate::ledger::bill::Bill;

/// What all of it comes to, given all bills; of one payer alone, where one is given.
pub fn outlook<'b>(
    plan: &Plan,
    bills: impl IntoIterator<Item = &'b Bill>,
    policy: &Policy,
    payer: Option<Name>,
) -> BTreeMap<Currency, Outlook> {
    let is_wanted = |id: Name| payer.is_none_or(|payer| payer == id);
    let mut all: BTreeMap<Currency, Outlook> = BTreeMap::new();
    for invoice in plan.invoices.iter().filter(|invoice| is_wanted(invoice.payer.id)) {
        let (outlook, coin) = (all.entry(invoice.currency).or_default(), Coin::of(invoice.currency));
        // What is carried is no transaction.
        let transactions = invoice.lines.iter().filter(|line| line.key != Key::CARRIED);
        outlook.owed.0 += transactions.map(|line| line.exact.0).sum::<i128>();
        outlook.due.0 += coin.millionths(invoice.total);
        outlook.fees.0 += coin.millionths(invoice.fee);
        outlook.carried.0 += invoice.rest.0 - invoice.carried.0;
    }
    for again in plan.again.iter().filter(|again| is_wanted(again.drawn.payer.id)) {
        let currency = again.drawn.payer.currency;
        let (outlook, coin) = (all.entry(currency).or_default(), Coin::of(currency));
        // It was drawn once, and is owed no more but as that; it does not wait any more for somebody to let it go.
        outlook.invoiced.0 += coin.millionths(again.drawn.total);
        outlook.withdrawn.0 -= coin.millionths(again.drawn.total);
        outlook.fees.0 += coin.millionths(again.fee);
    }
    for waiting in plan.waiting.iter().filter(|waiting| is_wanted(waiting.payer.id)) {
        let outlook = all.entry(waiting.currency).or_default();
        outlook.owed.0 += waiting.owed.0;
        outlook.waiting.0 += waiting.owed.0;
    }
    for bill in bills.into_iter().filter(|bill| is_wanted(bill.drawn.payer.id)) {
        add(all.entry(bill.currency()).or_default(), bill, policy);
    }
    for (currency, sum) in plan.nobodys.iter().filter(|_| payer.is_none()) {
        all.entry(*currency).or_default().without_payer = *sum;
    }
    all
}

fn add(outlook: &mut Outlook, bill: &Bill, policy: &Policy) {
    let coin = bill.coin();
    let add = |sum: &mut Sum, amount: i64| sum.0 += coin.millionths(amount);
    let [net, tax] = [bill.outstanding(), bill.outstanding_tax()];
    add(&mut outlook.invoiced, net);
    add(&mut outlook.invoiced_tax, tax);
    add(&mut outlook.withdrawn, bill.withdrawn());
    if 0 < net {
        // Stripe takes its part of all that is paid, taxes too.
        add(&mut outlook.fees, policy.fee(net.saturating_add(tax), coin));
    }
    add(&mut outlook.collected, bill.collected());
    add(&mut outlook.collected_tax, bill.collected_tax());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::billing::lines::{self, Key, Line};
    use crate::billing::plan::{Again, Invoice, Waiting, Why};
    use crate::domain::bills::{Amounts, BillNo, Detail, Drawn, Sight, Status, Takings};
    use crate::domain::calendar::Day;
    use crate::domain::payers::Payer;
    use crate::domain::tariff::RuleId;
    use crate::domain::time::Moment;
    use crate::ledger::roll::NameNo;

    const ADA: usize = 0;

    fn payer(who: usize) -> Payer {
        Payer::new(Name::new(["Ada", "Bepi", "Carlo"][who]).expect("a name"))
    }

    fn bill(who: usize, amounts: Amounts, status: Status, takings: Takings) -> Bill {
        let drawn = Drawn {
            mark: "1".into(),
            payer: payer(who),
            to: 1,
            reissues: None,
            credits: None,
            detail: Detail::One,
            zone: Name::new("Europe/Rome").expect("a name"),
            items: 1,
            digest: 0,
            total: amounts.total - amounts.tax,
            carried: Sum(0),
            rest: Sum(0),
        };
        let seen = Sight { invoice: Some("in_1".into()), status, amounts, takings: Some(takings), ..Sight::default() };
        let (no, at, payer) = (BillNo(1), Moment(0), NameNo(0));
        Bill { no, drawn, at, payer, rows: [].into(), reissued_by: None, way: Default::default(), seen }
    }

    fn of(plan: &Plan, bills: &[Bill], payer: Option<usize>) -> Outlook {
        let id = payer.map(|who| self::payer(who).id);
        outlook(plan, bills, &Policy::default(), id).get(&Currency::EUR).copied().unwrap_or_default()
    }

    #[test]
    fn taxes_are_beside_what_is_invoiced_and_collected_and_only_fees_know_them() {
        // EUR 100.00 and 22 % of it.
        let amounts = Amounts { total: 12_200, tax: 2200, paid: 0, remaining: 12_200, credited: 0 };
        let paid = Amounts { paid: 12_200, remaining: 0, ..amounts };
        let [none, back] = [0, 6100].map(|refunded| Takings { refunded, ..Takings::default() });
        // Invoiced, its taxes, fees, collected, its taxes.
        for (amounts, status, takings, cents) in [
            (amounts, Status::Draft, none, [10_000, 0, 175, 0, 0]),
            // Of 122.00: 1.83 and 0.25.
            (amounts, Status::Open, none, [10_000, 2200, 208, 0, 0]),
            (Amounts { paid: 6100, remaining: 6100, ..amounts }, Status::Open, none, [5000, 1100, 117, 5000, 1100]),
            (paid, Status::Paid, none, [0, 0, 0, 10_000, 2200]),
            (paid, Status::Paid, back, [0, 0, 0, 5000, 1100]),
            (amounts, Status::Uncollectible, none, [0; 5]),
            (amounts, Status::Void, none, [0; 5]),
        ] {
            let found = of(&Plan::default(), &[bill(ADA, amounts, status, takings)], None);
            let Outlook { invoiced, invoiced_tax, fees, collected, collected_tax, .. } = found;
            let found = [invoiced, invoiced_tax, fees, collected, collected_tax].map(|sum| sum.0 / 10_000);
            assert_eq!(found, cents.map(i128::from), "{status:?} {amounts:?}");
        }
    }

    #[test]
    fn what_came_to_nothing_is_told_until_another_bill_takes_its_place() {
        let amounts = Amounts { total: 12_200, tax: 2200, paid: 0, remaining: 12_200, credited: 0 };
        let void = bill(ADA, amounts, Status::Void, Takings::default());
        let mut called_off = bill(ADA, amounts, Status::Open, Takings::default());
        called_off.way.dropped = Some("ordered".into());
        let replaced = Bill { reissued_by: Some(BillNo(2)), ..void.clone() };
        let mut note = void.clone();
        note.drawn.credits = Some(BillNo(1));
        let mut taken_back = void.clone();
        taken_back.way.offset = 4_000;
        let let_go = Again { drawn: Drawn { reissues: Some(void.no), ..void.drawn.clone() }, fee: 0 };
        let plan = Plan { again: vec![let_go], ..Plan::default() };
        let found = of(&plan, std::slice::from_ref(&void), None);
        assert_eq!((found.withdrawn, found.invoiced.0 / 10_000), (Sum(0), 10_000), "it is counted once");
        for (bill, withdrawn) in [(void, 10_000), (taken_back, 6_000), (called_off, 10_000), (replaced, 0), (note, 0)] {
            let found = of(&Plan::default(), std::slice::from_ref(&bill), None);
            assert_eq!(found.withdrawn.0 / 10_000, withdrawn, "{bill:?}");
            assert_eq!([found.invoiced, found.collected], [Sum(0); 2], "{bill:?}");
        }
    }

    #[test]
    fn what_nobody_pays_is_nobody_s_and_in_no_payers_outlook() {
        let plan = Plan { nobodys: vec![(Currency::EUR, Sum(50))], ..Plan::default() };
        let all = of(&plan, &[], None);
        assert_eq!(all, Outlook { without_payer: Sum(50), ..Outlook::default() });
        assert_eq!(of(&plan, &[], Some(ADA)), Outlook::default());
    }

    fn invoice(who: usize, exact: i128, carried: i128) -> Invoice {
        let key = Key { day: Day(0), earner: NameNo(0), rule: RuleId(0) };
        let mut lines = vec![Line { key, count: 1, exact: Sum(exact), amount: 0 }];
        let coin = Coin::of(Currency::EUR);
        let (total, rest) = lines::allot(&mut lines, Sum(carried), coin).expect("an amount");
        let fee = Policy::default().fee(total, coin);
        let (payer, currency, carried, detail) = (payer(who), Currency::EUR, Sum(carried), Detail::Day);
        Invoice {
            payer,
            currency,
            credits: None,
            from: 0,
            to: 1,
            detail,
            lines,
            total,
            carried,
            rest,
            fee,
            is_old: false,
        }
    }

    fn waiting(who: usize, owed: i128) -> Waiting {
        let (payer, currency) = (payer(who), Currency::EUR);
        Waiting { payer, currency, owed: Sum(owed), carried: Sum(0), since: Day(0), why: Why::NoCustomer }
    }

    fn any_bill() -> impl Strategy<Value = Bill> {
        let status = prop::sample::select(&Status::ALL[Status::Draft as usize..]);
        let parts = (0..3_usize, 1..1_000_000_i64, 0..50_i64, 0..=100_i64, 0..=100_i64, status);
        parts.prop_map(|(who, net, rate, paid, back, status)| {
            let tax = net * rate / 100;
            let total = net + tax;
            let paid = if status == Status::Paid { total } else { total * paid / 100 };
            let amounts = Amounts { total, tax, paid, remaining: total - paid, credited: 0 };
            bill(who, amounts, status, Takings { refunded: paid * back / 100, ..Takings::default() })
        })
    }

    proptest! {
        #[test]
        fn what_is_owed_and_what_is_billed_are_shown_to_the_millionth(
            due in prop::collection::vec((0..3_usize, 1..10_000_000_000_i128, 0..10_000_i128), 0..6),
            small in prop::collection::vec((0..3_usize, -1_000_000..1_000_000_i128), 0..6),
            billed in prop::collection::vec(any_bill(), 0..8),
        ) {
            let plan = Plan {
                invoices: due.iter().map(|(who, exact, carried)| invoice(*who, *exact, *carried)).collect(),
                waiting: small.iter().map(|(who, owed)| waiting(*who, *owed)).collect(),
                ..Plan::default()
            };
            let all = of(&plan, &billed, None);
            // What is owed is due, waits or is carried; what is due or invoiced is collectable or a fee.
            let owed: i128 = due.iter().map(|(_, exact, _)| exact).chain(small.iter().map(|(_, owed)| owed)).sum();
            prop_assert_eq!(all.owed, Sum(owed));
            prop_assert_eq!(all.due.0 + all.waiting.0 + all.carried.0, owed);
            prop_assert_eq!(
                all.collectable().0 + all.fees.0 + all.waiting.0 + all.carried.0,
                all.owed.0 + all.invoiced.0
            );
            // With taxes it is what customers pay, and paid.
            let cents = |amount: &dyn Fn(&Bill) -> i64| billed.iter().map(|bill| i128::from(amount(bill))).sum::<i128>() * 10_000;
            let remaining = cents(&|bill| match bill.seen.status {
                Status::Draft => bill.drawn.total,
                Status::Open => bill.seen.amounts.remaining,
                _ => 0,
            });
            let kept = cents(&|bill| bill.seen.amounts.paid - bill.seen.takings.map_or(0, |takings| takings.refunded));
            prop_assert_eq!([all.invoiced.0 + all.invoiced_tax.0, all.collected.0 + all.collected_tax.0], [remaining, kept]);
            // What is of one is of nobody else.
            let each = [0, 1, 2].map(|who| of(&plan, &billed, Some(who)));
            let parts = |one: &Outlook| [one.owed.0, one.collectable().0, one.collected.0, one.invoiced_tax.0];
            let sums = each.iter().map(parts).fold([0; 4], |sums, one| std::array::from_fn(|part| sums[part] + one[part]));
            prop_assert_eq!(sums, parts(&all));
        }
    }
}
