//! What is answered is what async-stripe's own types take.

use super::*;

/// A desk at which something of every kind happened.
fn busy() -> (Desk, String) {
    let mut desk = Desk::new();
    let address = "address[country]=IT&address[city]=Venezia&address[line1]=Calle 1";
    let customer =
        desk.customer(&format!("email=a@example.org&name=A&{address}&metadata[a]=b&payment_method=pm_card_visa"));
    let rate = id(&desk.post("/v1/tax_rates", "display_name=IVA&percentage=22&inclusive=false&country=IT"));
    let invoice = desk.draft(&customer, &[700, 300]);
    let form = "description=d&footer=f&custom_fields[0][name]=PO&custom_fields[0][value]=7";
    desk.post(&format!("/v1/invoices/{invoice}"), &format!("{form}&default_tax_rates[]={rate}"));
    desk.step(&invoice, "finalize");
    desk.step(&invoice, "send");
    desk.sandbox.fail_cards(&customer, true).unwrap();
    desk.bad(Method::Post, &format!("/v1/invoices/{invoice}/pay"), "");
    desk.sandbox.pay(&invoice, START).unwrap();
    let lines = "lines[0][type]=custom_line_item&lines[0][quantity]=1&lines[0][unit_amount]=100";
    desk.post("/v1/credit_notes", &format!("invoice={invoice}&{lines}&refund_amount=100&reason=duplicate"));
    desk.sandbox.dispute(&invoice, START).unwrap();
    desk.sandbox.close_dispute(&invoice, true, START).unwrap();
    let void = desk.open(&customer, &[900]);
    desk.step(&void, "void");
    (desk, invoice)
}

macro_rules! every {
    ($desk:expr, $path:expr, $form:expr, $kind:ty) => {{
        let reply = $desk.ask(&call(Method::Get, $path, $form, None));
        let list = miniserde::json::from_str::<stripe_types::List<$kind>>(&reply.body);
        let list = list.unwrap_or_else(|_| panic!("{} {}: {}", $path, $form, reply.body));
        assert!(!list.data.is_empty(), "{}", $path);
        list.data
    }};
}

#[test]
fn every_kind_of_object_is_one_that_async_stripe_takes() {
    let (mut desk, invoice) = busy();
    let of = format!("invoice={invoice}");
    assert_eq!(every!(desk, "/v1/customers", "", stripe_shared::Customer).len(), 1);
    assert_eq!(every!(desk, "/v1/invoices", "", stripe_shared::Invoice).len(), 2);
    every!(desk, &format!("/v1/invoices/{invoice}/lines"), "", stripe_shared::InvoiceLineItem);
    every!(desk, "/v1/invoiceitems", &of, stripe_billing::InvoiceItem);
    every!(desk, "/v1/credit_notes", "", stripe_shared::CreditNote);
    every!(desk, "/v1/tax_rates", "", stripe_shared::TaxRate);
    every!(desk, "/v1/invoice_payments", &of, stripe_shared::InvoicePayment);
    every!(desk, "/v1/charges", "expand[]=data.balance_transaction", stripe_shared::Charge);
    let charges = every!(desk, "/v1/charges", "", stripe_shared::Charge);
    assert_eq!(charges.len(), 2);
    every!(desk, "/v1/balance_transactions", "", stripe_shared::BalanceTransaction);
    every!(desk, "/v1/refunds", "", stripe_shared::Refund);
    every!(desk, "/v1/disputes", "", stripe_shared::Dispute);
    let events = every!(desk, "/v1/events", "limit=100", stripe_shared::Event);
    for event in events {
        assert!(!matches!(event.type_, stripe_shared::EventType::Unknown(_)), "{:?}", event.type_);
    }
    let intent = charges[0].payment_intent.as_ref().unwrap().id().to_string();
    let reply = desk.ask(&call(Method::Get, &format!("/v1/payment_intents/{intent}"), "", None));
    miniserde::json::from_str::<stripe_shared::PaymentIntent>(&reply.body).unwrap();
    let reply = desk.ask(&call(Method::Get, "/v1/account", "", None));
    miniserde::json::from_str::<stripe_shared::Account>(&reply.body).unwrap();
}

#[test]
fn what_was_deleted_is_told_of_as_deleted() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let draft = desk.draft(&customer, &[]);
    let reply = desk.ask(&call(Method::Delete, &format!("/v1/invoices/{draft}"), "", None));
    miniserde::json::from_str::<stripe_shared::DeletedInvoice>(&reply.body).unwrap();
    let reply = desk.ask(&call(Method::Delete, &format!("/v1/customers/{customer}"), "", None));
    miniserde::json::from_str::<stripe_shared::DeletedCustomer>(&reply.body).unwrap();
}

#[test]
fn nothing_is_ever_live() {
    let (mut desk, _) = busy();
    for path in ["/v1/invoices", "/v1/customers", "/v1/charges", "/v1/credit_notes", "/v1/disputes", "/v1/events"] {
        let list = desk.get(path, "limit=100");
        for object in list["data"].as_array().unwrap() {
            assert_eq!(object["livemode"], false, "{object}");
        }
    }
}

#[test]
fn ids_look_like_stripes() {
    let (mut desk, invoice) = busy();
    let told = desk.invoice(&invoice);
    for (id, prefix) in [
        (&told["id"], "in_"),
        (&told["customer"], "cus_"),
        (&told["lines"]["data"][0]["id"], "il_"),
        (&told["lines"]["data"][0]["parent"]["invoice_item_details"]["invoice_item"], "ii_"),
        (&told["default_tax_rates"][0]["id"], "txr_"),
    ] {
        let rest = id.as_str().unwrap().strip_prefix(prefix).unwrap();
        assert!(14 <= rest.len() && rest.bytes().all(|letter| letter.is_ascii_alphanumeric()), "{id}");
    }
}
