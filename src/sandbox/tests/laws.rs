//! What holds whatever is called in whichever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::sandbox::state::Home;

/// Something that somebody does, to one of a few customers and invoices.
#[derive(Clone, Debug)]
enum Act {
    Call { what: u8, which: usize, amount: i64, key: Option<u8> },
    Outside { what: u8, which: usize, amount: i64 },
    Wait(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let key = prop_oneof![3 => Just(None), 1 => (0_u8..6).prop_map(Some)];
    let amount = prop_oneof![-200_i64..2_000, Just(49), Just(50), Just(100_000_000)];
    let call = (0_u8..14, 0_usize..8, amount.clone(), key).prop_map(|(what, which, amount, key)| Act::Call {
        what,
        which,
        amount,
        key,
    });
    let outside = (0_u8..10, 0_usize..8, amount).prop_map(|(what, which, amount)| Act::Outside { what, which, amount });
    let act = prop_oneof![6 => call, 3 => outside, 1 => (0_i64..100_000).prop_map(Act::Wait)];
    proptest::collection::vec(act, 1..60)
}

/// The call that an act stands for.
fn as_call(sandbox: &Sandbox, what: u8, which: usize, amount: i64, key: Option<u8>) -> Call {
    let invoices: Vec<String> = sandbox.invoices().map(|invoice| invoice.id.to_owned()).collect();
    let invoice = invoices.get(which % invoices.len().max(1)).map_or("in_none", String::as_str);
    let shelf = &sandbox.world.customers;
    let customer = if shelf.len() == 0 { "cus_none" } else { &*shelf[which % shelf.len()].id };
    let step = |step: &str| format!("/v1/invoices/{invoice}/{step}");
    let (path, form) = match what {
        0 => ("/v1/customers".to_owned(), "email=a@example.org&payment_method=pm_card_visa".to_owned()),
        1 => ("/v1/invoices".to_owned(), format!("customer={customer}&auto_advance={}", amount % 2 == 0)),
        2 => {
            let terms = "collection_method=send_invoice&days_until_due=3&pending_invoice_items_behavior=include";
            ("/v1/invoices".to_owned(), format!("customer={customer}&{terms}"))
        }
        3 | 4 => (step("add_lines"), lines(&[amount, 700])),
        5 => ("/v1/invoiceitems".to_owned(), format!("customer={customer}&amount={amount}")),
        6 | 7 => (step("finalize"), format!("auto_advance={}", amount % 2 == 0)),
        8 => (step("pay"), String::new()),
        9 => (step("pay"), "paid_out_of_band=true".to_owned()),
        10 => (step("void"), String::new()),
        11 => (step("send"), String::new()),
        12 => ("/v1/credit_notes".to_owned(), format!("invoice={invoice}&amount={amount}")),
        _ => ("/v1/credit_notes".to_owned(), format!("invoice={invoice}&amount={amount}&refund_amount={amount}")),
    };
    call(Method::Post, &path, &form, key.map(|key| key.to_string()).as_deref())
}

fn act(sandbox: &mut Sandbox, now: &mut i64, act: &Act) {
    match *act {
        Act::Wait(seconds) => *now += seconds,
        Act::Call { what, which, amount, key } => {
            let call = as_call(sandbox, what, which, amount, key);
            sandbox.call(&call, *now);
        }
        Act::Outside { what, which, amount } => {
            let invoices: Vec<String> = sandbox.invoices().map(|invoice| invoice.id.to_owned()).collect();
            let Some(invoice) = invoices.get(which % invoices.len().max(1)) else { return };
            let customer = sandbox.invoice(invoice).unwrap().customer.to_owned();
            let _ = match what {
                0..=2 => sandbox.pay(invoice, *now),
                3 => sandbox.void(invoice, *now),
                4 => sandbox.mark_uncollectible(invoice, *now),
                5 => sandbox.refund(invoice, amount, *now),
                6 => sandbox.dispute(invoice, *now),
                7 => sandbox.close_dispute(invoice, amount % 2 == 0, *now),
                8 => sandbox.set_balance(&customer, amount),
                _ => sandbox.fail_cards(&customer, amount % 2 == 0),
            };
        }
    }
}

fn check(sandbox: &Sandbox) {
    let mut collected = [0; 4];
    for invoice in sandbox.invoices() {
        assert!(0 <= invoice.amount_paid && invoice.amount_paid <= invoice.amount_due.max(0), "{invoice:?}");
        if invoice.status == "paid" {
            assert_eq!(invoice.amount_due, invoice.amount_paid, "{invoice:?}");
        } else {
            assert_eq!(invoice.amount_paid, 0, "{invoice:?}");
        }
        assert!(invoice.refunded + invoice.disputed <= invoice.amount_paid - invoice.paid_elsewhere, "{invoice:?}");
        collected[0] += invoice.amount_paid - invoice.paid_elsewhere;
        collected[1] += invoice.refunded;
        collected[2] += invoice.disputed;
        collected[3] += invoice.paid_elsewhere;
    }
    let totals = sandbox.totals("eur");
    assert_eq!(collected, [totals.collected, totals.refunded, totals.disputed, totals.elsewhere]);
    assert!(homes_agree(sandbox), "an item is not where it is said to be");
}

/// Whether every item is where it is said to be.
fn homes_agree(sandbox: &Sandbox) -> bool {
    let world = &sandbox.world;
    let on_invoices = world.invoices.iter().flat_map(|invoice| &invoice.lines);
    let waiting = world.customers.iter().flat_map(|customer| &customer.pending);
    let items: BTreeSet<&str> = on_invoices.chain(waiting).map(|line| line.item.as_str()).collect();
    let homes: BTreeSet<&str> = world.items.keys().map(|item| &**item).collect();
    let leads_home = |item: &str, home: &Home| {
        let lines = match home {
            Home::Invoice(invoice) => &world.invoices[*invoice].lines,
            Home::Customer(customer) => &world.customers[*customer].pending,
        };
        lines.iter().any(|line| line.item == item)
    };
    homes == items && world.items.iter().all(|(item, home)| leads_home(item, home))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_was_paid_adds_up_whatever_happens(acts in acts(), is_rough in any::<bool>()) {
        let mut sandbox = Sandbox::new(1);
        if is_rough {
            sandbox.set_faults(Faults::ROUGH);
        }
        let mut now = START;
        for one in &acts {
            act(&mut sandbox, &mut now, one);
            check(&sandbox);
        }
    }

    #[test]
    fn a_call_that_is_told_again_changes_nothing(acts in acts(), what in 0_u8..14, amount in 0_i64..2_000) {
        let mut sandbox = Sandbox::new(1);
        let mut now = START;
        for one in &acts {
            act(&mut sandbox, &mut now, one);
        }
        let call = as_call(&sandbox, what, 0, amount, Some(99));
        let Outcome::Answered { reply: first, .. } = sandbox.call(&call, now) else { panic!("nothing is lost") };
        let before = format!("{:?}", sandbox.world);
        let Outcome::Answered { reply: again, .. } = sandbox.call(&call, now) else { panic!("nothing is lost") };
        prop_assert_eq!(before, format!("{:?}", sandbox.world));
        prop_assert_eq!(again.is_replayed || first.status == 400, true);
        prop_assert_eq!((again.status, again.body), (first.status, first.body));
    }

    #[test]
    fn no_form_whatever_brings_it_down(form in "[a-z0-9\\[\\]=&%+.-]{0,60}", which in 0_usize..6) {
        let paths =
            ["/v1/invoices", "/v1/customers", "/v1/invoiceitems", "/v1/credit_notes", "/v1/tax_rates", "/v1/refunds"];
        for method in [Method::Get, Method::Post, Method::Delete] {
            let reply = Desk::new().ask(&call(method, paths[which], &form, None));
            prop_assert!(serde_json::from_str::<Value>(&reply.body).is_ok());
        }
    }
}
