//! An invoice goes from draft to open and on, as at Stripe.

use super::*;

fn amounts(invoice: &Value) -> [i64; 4] {
    ["total", "amount_due", "amount_paid", "amount_remaining"].map(|name| invoice[name].as_i64().unwrap())
}

#[test]
fn an_invoice_is_drafted_finalized_sent_and_paid() {
    let mut desk = Desk::new();
    let customer = desk.customer("email=anna@example.org&name=Anna");
    let invoice = desk.draft(&customer, &[700, 300]);
    assert_eq!(desk.invoice(&invoice)["number"], Value::Null);
    let open = desk.step(&invoice, "finalize");
    assert_eq!((&open["status"], amounts(&open)), (&"open".into(), [1_000, 1_000, 0, 1_000]));
    assert_eq!(open["due_date"], START + 14 * DAY);
    assert_eq!(open["customer_email"], "anna@example.org");
    assert!(open["number"].is_string() && open["hosted_invoice_url"].is_string());
    desk.step(&invoice, "send");
    desk.sandbox.pay(&invoice, START + 5).unwrap();
    let paid = desk.invoice(&invoice);
    assert_eq!((&paid["status"], amounts(&paid)), (&"paid".into(), [1_000, 1_000, 1_000, 0]));
    assert_eq!(paid["status_transitions"]["paid_at"], START + 5);
    let kinds = desk.kinds();
    let of =
        |prefix: &str| kinds.iter().filter(|kind| kind.starts_with(prefix)).map(|kind| &**kind).collect::<Vec<_>>();
    assert_eq!(
        of("invoice."),
        [
            "invoice.created",
            "invoice.updated",
            "invoice.finalized",
            "invoice.sent",
            "invoice.updated",
            "invoice.paid",
            "invoice.payment_succeeded"
        ]
    );
    assert_eq!(of("charge."), ["charge.succeeded"]);
    assert_eq!(of("payment_intent."), ["payment_intent.created", "payment_intent.succeeded"]);
}

#[test]
fn a_payment_is_found_from_the_invoice_to_the_fee() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    desk.sandbox.pay(&invoice, START).unwrap();
    let payments = desk.get("/v1/invoice_payments", &format!("invoice={invoice}"));
    let payment = &payments["data"][0];
    assert_eq!((&payment["status"], &payment["amount_paid"]), (&"paid".into(), &1_000.into()));
    let intent = payment["payment"]["payment_intent"].as_str().unwrap();
    assert_eq!(desk.get(&format!("/v1/payment_intents/{intent}"), "")["amount_received"], 1_000);
    let charges = desk.get("/v1/charges", &format!("payment_intent={intent}&expand[]=data.balance_transaction"));
    let charge = &charges["data"][0];
    // 1.5 % of EUR 10, and 25 cents.
    assert_eq!(
        (&charge["balance_transaction"]["fee"], &charge["balance_transaction"]["net"]),
        (&40.into(), &960.into())
    );
    let charge = desk.get(&format!("/v1/charges/{}", id(charge)), "");
    let transaction = charge["balance_transaction"].as_str().unwrap();
    assert_eq!(desk.get(&format!("/v1/balance_transactions/{transaction}"), "")["source"], charge["id"]);
    assert_eq!(desk.sandbox.totals("eur").collected, 1_000);
    assert_eq!(desk.sandbox.totals("eur").fees, 40);
}

#[test]
fn each_step_is_only_taken_from_where_it_leads() {
    let all = ["draft", "open", "paid", "void", "uncollectible"];
    let steps = [
        ("finalize", &["draft"][..]),
        ("send", &["draft", "open"]),
        ("pay", &["open", "uncollectible"]),
        ("void", &["open", "uncollectible"]),
        ("mark_uncollectible", &["open"]),
        ("add_lines", &["draft"]),
        ("", &["draft"]),
    ];
    for (step, from) in steps {
        for status in all {
            let mut desk = Desk::new();
            let customer = desk.customer("email=a@example.org&payment_method=pm_card_visa");
            let invoice = desk.draft(&customer, &[1_000]);
            let way: &[&str] = match status {
                "open" => &["finalize"],
                "paid" => &["finalize", "pay"],
                "void" => &["finalize", "void"],
                "uncollectible" => &["finalize", "mark_uncollectible"],
                _ => &[],
            };
            way.iter().for_each(|step| drop(desk.step(&invoice, step)));
            assert_eq!(desk.invoice(&invoice)["status"], status);
            let form = match step {
                "add_lines" => "lines[0][amount]=1",
                "" => "description=new",
                _ => "",
            };
            let path = format!("/v1/invoices/{invoice}/{step}");
            let (answered, _) = desk.told(Method::Post, path.trim_end_matches('/'), form);
            assert_eq!(answered == 200, from.contains(&status), "{step} from {status}: {answered}");
        }
    }
}

#[test]
fn only_drafts_are_deleted() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.draft(&customer, &[1_000]);
    assert_eq!(desk.good(Method::Delete, &format!("/v1/invoices/{invoice}"), "")["deleted"], true);
    assert_eq!(desk.bad(Method::Get, &format!("/v1/invoices/{invoice}"), "").0, 404);
    assert!(ids(&desk.get("/v1/invoices", &format!("customer={customer}"))).is_empty());
    let open = desk.open(&customer, &[1_000]);
    assert_eq!(desk.bad(Method::Delete, &format!("/v1/invoices/{open}"), "").1, "invoice_not_editable");
}

#[test]
fn metadata_is_changed_at_any_time_and_key_by_key() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    let path = format!("/v1/invoices/{invoice}");
    desk.post(&path, "metadata[a]=1&metadata[b]=2");
    assert_eq!(desk.post(&path, "metadata[a]=&metadata[c]=3")["metadata"], serde_json::json!({ "b": "2", "c": "3" }));
    assert_eq!(desk.post(&path, "metadata=")["metadata"], serde_json::json!({}));
}

#[test]
fn an_invoice_has_at_most_250_lines() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.draft(&customer, &[]);
    let path = format!("/v1/invoices/{invoice}/add_lines");
    for count in [100, 100, 50] {
        desk.post(&path, &lines(&vec![1; count]));
    }
    assert_eq!(desk.bad(Method::Post, &path, &lines(&[1])).0, 400);
    let item = format!("customer={customer}&invoice={invoice}&amount=1");
    assert_eq!(desk.bad(Method::Post, "/v1/invoiceitems", &item).0, 400);
}

#[test]
fn less_than_a_card_is_charged_is_paid_by_nobody_and_waits_for_the_next_invoice() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    for (amount, total, due, balance) in [(49, 49, 0, 49), (50, 50, 99, 0), (50, 50, 50, 0)] {
        let invoice = desk.open(&customer, &[amount]);
        let told = desk.invoice(&invoice);
        let status = if due == 0 { "paid" } else { "open" };
        assert_eq!((&told["status"], amounts(&told)), (&status.into(), [total, due, 0, due]));
        assert_eq!(told["ending_balance"], balance);
        assert_eq!(desk.get(&format!("/v1/customers/{customer}"), "")["balance"], balance);
    }
    assert_eq!(desk.sandbox.totals("eur").collected, 0);
}

#[test]
fn what_comes_to_nothing_is_paid_at_once() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[500, -500]);
    let told = desk.invoice(&invoice);
    assert_eq!((&told["status"], amounts(&told)), (&"paid".into(), [0, 0, 0, 0]));
    assert!(ids(&desk.get("/v1/invoice_payments", &format!("invoice={invoice}"))).is_empty());
    assert!(desk.sandbox.pay(&invoice, START).is_err());
}

#[test]
fn credit_is_taken_first_and_given_back_when_the_invoice_is_void() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    desk.sandbox.set_balance(&customer, -600).unwrap();
    let balance = |desk: &mut Desk| desk.get(&format!("/v1/customers/{customer}"), "")["balance"].clone();
    let invoice = desk.open(&customer, &[1_000]);
    let told = desk.invoice(&invoice);
    assert_eq!(amounts(&told), [1_000, 400, 0, 400]);
    assert_eq!((&told["starting_balance"], balance(&mut desk)), (&(-600).into(), 0.into()));
    desk.step(&invoice, "void");
    assert_eq!(balance(&mut desk), -600);
    let small = desk.open(&customer, &[100]);
    assert_eq!(desk.invoice(&small)["status"], "paid");
    assert_eq!(balance(&mut desk), -500);
}

#[test]
fn what_is_sent_needs_an_address() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    assert_eq!(desk.bad(Method::Post, &format!("/v1/invoices/{invoice}/send"), "").2, "customer");
    desk.post(&format!("/v1/customers/{customer}"), "email=a@example.org");
    desk.step(&invoice, "send");
}

#[test]
fn a_card_is_charged_declined_or_not_there() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = id(&desk.post("/v1/invoices", &format!("customer={customer}")));
    desk.post("/v1/invoiceitems", &format!("customer={customer}&invoice={invoice}&amount=1000&currency=eur"));
    desk.step(&invoice, "finalize");
    let pay = format!("/v1/invoices/{invoice}/pay");
    assert_eq!(desk.bad(Method::Post, &pay, "").1, "resource_missing");
    assert_eq!(desk.invoice(&invoice)["attempt_count"], 0);
    desk.post(&format!("/v1/customers/{customer}"), "invoice_settings[default_payment_method]=pm_card_visa");
    desk.sandbox.fail_cards(&customer, true).unwrap();
    for attempt in 1..3 {
        let (status, code, _) = desk.bad(Method::Post, &pay, "");
        assert_eq!((status, &*code), (402, "card_declined"));
        assert_eq!(desk.invoice(&invoice)["attempt_count"], attempt);
    }
    assert!(desk.kinds().contains(&"invoice.payment_failed".to_owned()));
    desk.sandbox.fail_cards(&customer, false).unwrap();
    let leave = |desk: &mut Desk, card: &str| {
        desk.post(&format!("/v1/customers/{customer}"), &format!("invoice_settings[default_payment_method]={card}"));
    };
    leave(&mut desk, "pm_card_chargeCustomerFail");
    assert_eq!(desk.bad(Method::Post, &pay, "").1, "card_declined");
    leave(&mut desk, "pm_card_visa");
    assert_eq!(desk.post(&pay, "")["status"], "paid");
    assert_eq!(desk.sandbox.totals("eur").collected, 1_000);
}

#[test]
fn what_was_paid_elsewhere_is_noted_and_not_collected() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    let paid = desk.post(&format!("/v1/invoices/{invoice}/pay"), "paid_out_of_band=true");
    assert_eq!(amounts(&paid), [1_000, 1_000, 1_000, 0]);
    assert_eq!(paid["amount_paid_off_stripe"], 1_000);
    let totals = desk.sandbox.totals("eur");
    assert_eq!((totals.collected, totals.elsewhere), (0, 1_000));
}

#[test]
fn what_was_given_up_can_still_be_paid() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.open(&customer, &[1_000]);
    desk.sandbox.mark_uncollectible(&invoice, START).unwrap();
    desk.sandbox.pay(&invoice, START).unwrap();
    assert_eq!(desk.invoice(&invoice)["status"], "paid");
}

#[test]
fn tax_is_added_or_contained_line_by_line() {
    // (rate, whether it is contained, the lines, the total, the tax)
    for (percentage, inclusive, amounts, total, tax) in [
        ("22", false, &[1_000, 333][..], 1_626, 293),
        ("22", true, &[1_220], 1_220, 220),
        ("8.5", false, &[10, 10, 10], 33, 3),
        ("0", false, &[1_000], 1_000, 0),
    ] {
        let mut desk = Desk::new();
        let customer = desk.customer("");
        let form = format!("display_name=VAT&percentage={percentage}&inclusive={inclusive}");
        let rate = id(&desk.post("/v1/tax_rates", &form));
        let invoice = desk.draft(&customer, amounts);
        let told = desk.post(&format!("/v1/invoices/{invoice}"), &format!("default_tax_rates[]={rate}"));
        assert_eq!(told["total"], total, "{percentage}");
        assert_eq!(told["total_excluding_tax"], total - tax, "{percentage}");
        assert_eq!(told["total_taxes"][0]["amount"], tax, "{percentage}");
    }
}

#[test]
fn automatic_tax_needs_to_know_where_the_customer_is() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.draft(&customer, &[1_000]);
    let told = desk.post(&format!("/v1/invoices/{invoice}"), "automatic_tax[enabled]=true");
    assert_eq!(told["automatic_tax"]["status"], "requires_location_inputs");
    let finalize = format!("/v1/invoices/{invoice}/finalize");
    assert_eq!(desk.bad(Method::Post, &finalize, "").1, "customer_tax_location_invalid");
    desk.post(&format!("/v1/customers/{customer}"), "address[country]=IT");
    assert_eq!(desk.post(&finalize, "")["total"], 1_220);
}

#[test]
fn an_item_is_attached_or_waits_and_its_currency_is_the_invoices() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.draft(&customer, &[]);
    let item = |more: &str| format!("customer={customer}&{more}");
    let attached = item(&format!("invoice={invoice}&quantity=3&unit_amount_decimal=10.5"));
    // 31.5 cents are rounded half up.
    assert_eq!(desk.post("/v1/invoiceitems", &attached)["amount"], 32);
    let other = item(&format!("invoice={invoice}&amount=5&currency=usd"));
    assert_eq!(desk.bad(Method::Post, "/v1/invoiceitems", &other).2, "currency");
    let waiting = id(&desk.post("/v1/invoiceitems", &item("amount=500&currency=eur")));
    assert_eq!(desk.invoice(&invoice)["total"], 32);
    let excluding = desk.post("/v1/invoices", &format!("customer={customer}"));
    assert_eq!(excluding["total"], 0);
    let including = desk.post("/v1/invoices", &item("pending_invoice_items_behavior=include"));
    assert_eq!(including["total"], 500);
    let line = &including["lines"]["data"][0];
    assert_eq!(line["parent"]["invoice_item_details"]["invoice_item"], waiting.as_str());
    assert_ne!(line["id"], waiting.as_str());
    desk.good(Method::Delete, &format!("/v1/invoiceitems/{waiting}"), "");
    assert_eq!(desk.invoice(&id(&including))["total"], 0);
}

#[test]
fn a_draft_that_advances_is_finalized_after_an_hour() {
    let mut desk = Desk::new();
    let customer = desk.customer("email=a@example.org");
    let (advancing, standing) = (desk.draft(&customer, &[1_000]), desk.draft(&customer, &[1_000]));
    desk.post(&format!("/v1/invoices/{advancing}"), "auto_advance=true");
    desk.now += 3_599;
    assert_eq!(desk.invoice(&advancing)["status"], "draft");
    desk.now += 1;
    assert_eq!(desk.invoice(&advancing)["status"], "open");
    assert_eq!(desk.invoice(&standing)["status"], "draft");
    assert!(desk.kinds().contains(&"invoice.sent".to_owned()));
}

#[test]
fn a_customer_who_was_deleted_is_told_of_but_not_invoiced() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let invoice = desk.draft(&customer, &[1_000]);
    desk.sandbox.delete_customer(&customer, START).unwrap();
    assert_eq!(desk.get(&format!("/v1/customers/{customer}"), "")["deleted"], true);
    assert_eq!(desk.bad(Method::Post, "/v1/invoices", &format!("customer={customer}")).0, 400);
    assert_eq!(desk.bad(Method::Post, &format!("/v1/invoices/{invoice}/finalize"), "").2, "customer");
}
