//! What was invoiced or paid is taken back: credit notes, refunds, disputes.

use super::*;

#[test]
fn a_credit_note_lowers_what_is_open_before_anything_else() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    let form = |amount: i64| format!("invoice={invoice}&amount={amount}");
    let note = desk.post("/v1/credit_notes", &form(400));
    assert_eq!((&note["pre_payment_amount"], &note["post_payment_amount"]), (&400.into(), &0.into()));
    let told = desk.invoice(&invoice);
    assert_eq!((&told["amount_remaining"], &told["pre_payment_credit_notes_amount"]), (&600.into(), &400.into()));
    assert_eq!(desk.bad(Method::Post, "/v1/credit_notes", &form(601)).2, "amount");
    desk.post(&format!("/v1/credit_notes/{}/void", id(&note)), "");
    assert_eq!(desk.invoice(&invoice)["amount_remaining"], 1_000);
    desk.post("/v1/credit_notes", &form(250));
    desk.sandbox.pay(&invoice, START).unwrap();
    assert_eq!(desk.sandbox.totals("eur").collected, 750);
}

#[test]
fn an_invoice_that_is_credited_whole_is_paid_and_nothing_was_collected() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    desk.post("/v1/credit_notes", &format!("invoice={invoice}&amount=1000"));
    let told = desk.invoice(&invoice);
    assert_eq!((&told["status"], &told["amount_paid"]), (&"paid".into(), &0.into()));
    assert_eq!(desk.sandbox.totals("eur").collected, 0);
}

#[test]
fn what_was_paid_is_made_good_in_the_ways_that_are_named() {
    for (form, is_good) in [
        ("amount=500", false),
        ("amount=500&refund_amount=400", false),
        ("amount=500&refund_amount=300&credit_amount=100&out_of_band_amount=100", true),
        ("amount=1001&refund_amount=1001", false),
        ("lines[0][type]=custom_line_item&lines[0][quantity]=2&lines[0][unit_amount]=250&refund_amount=500", true),
        ("lines[0][type]=custom_line_item&lines[0][amount]=400&amount=500&refund_amount=500", false),
    ] {
        let mut desk = Desk::new();
        let customer = desk.customer("");
        let invoice = desk.open(&customer, &[1_000]);
        desk.sandbox.pay(&invoice, START).unwrap();
        let (status, note) = desk.told(Method::Post, "/v1/credit_notes", &format!("invoice={invoice}&{form}"));
        assert_eq!(status == 200, is_good, "{form}: {note}");
        if is_good {
            assert_eq!(note["post_payment_amount"], 500, "{form}");
            assert_eq!(note["refunds"][0]["amount_refunded"], desk.sandbox.totals("eur").refunded, "{form}");
            let notes = desk.get("/v1/credit_notes", &format!("invoice={invoice}"));
            assert_eq!(ids(&notes), [id(&note)]);
        }
    }
}

#[test]
fn credit_by_a_line_of_the_invoice_takes_its_tax_along() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let rate = id(&desk.post("/v1/tax_rates", "display_name=VAT&percentage=22&inclusive=false"));
    let invoice = desk.draft(&customer, &[1_000, 500]);
    desk.post(&format!("/v1/invoices/{invoice}"), &format!("default_tax_rates[0]={rate}"));
    desk.step(&invoice, "finalize");
    let line = desk.get(&format!("/v1/invoices/{invoice}/lines"), "")["data"][1]["id"].as_str().unwrap().to_owned();
    let form = format!(
        "invoice={invoice}&lines[0][type]=invoice_line_item&lines[0][invoice_line_item]={line}&lines[0][amount]=500"
    );
    let note = desk.post("/v1/credit_notes", &form);
    assert_eq!((&note["amount"], &note["subtotal"]), (&610.into(), &500.into()));
}

#[test]
fn no_more_is_refunded_than_was_paid() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    assert!(desk.sandbox.refund(&invoice, 1, START).is_err());
    desk.sandbox.pay(&invoice, START).unwrap();
    desk.sandbox.refund(&invoice, 300, START).unwrap();
    assert!(desk.sandbox.refund(&invoice, 701, START).is_err());
    let charge = id(&desk.get("/v1/charges", "")["data"][0]);
    let refund = desk.post("/v1/refunds", &format!("charge={charge}&reason=duplicate"));
    assert_eq!(refund["amount"], 700);
    assert_eq!(desk.get(&format!("/v1/charges/{charge}"), "")["refunded"], true);
    assert_eq!(desk.bad(Method::Post, "/v1/refunds", &format!("charge={charge}")).1, "charge_already_refunded");
    assert_eq!(ids(&desk.get("/v1/refunds", &format!("charge={charge}"))).len(), 2);
    assert_eq!(desk.sandbox.totals("eur").refunded, 1_000);
    assert_eq!(desk.kinds().iter().filter(|kind| *kind == "charge.refunded").count(), 2);
}

#[test]
fn a_dispute_takes_the_amount_until_it_is_won() {
    for is_won in [true, false] {
        let mut desk = Desk::new();
        let customer = desk.customer("");
        let invoice = desk.open(&customer, &[1_000]);
        desk.sandbox.pay(&invoice, START).unwrap();
        desk.sandbox.refund(&invoice, 100, START).unwrap();
        desk.sandbox.dispute(&invoice, START).unwrap();
        assert_eq!(desk.sandbox.totals("eur").disputed, 900);
        assert!(desk.sandbox.dispute(&invoice, START).is_err());
        assert!(desk.sandbox.refund(&invoice, 100, START).is_err());
        desk.sandbox.close_dispute(&invoice, is_won, START).unwrap();
        assert!(desk.sandbox.close_dispute(&invoice, is_won, START).is_err());
        assert_eq!(desk.sandbox.totals("eur").disputed, if is_won { 0 } else { 900 });
        let charge = id(&desk.get("/v1/charges", "")["data"][0]);
        let disputes = desk.get("/v1/disputes", &format!("charge={charge}"));
        assert_eq!(disputes["data"][0]["status"], if is_won { "won" } else { "lost" });
        let kinds = desk.kinds();
        for kind in ["charge.dispute.created", "charge.dispute.closed"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind}");
        }
    }
}
