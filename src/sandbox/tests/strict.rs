//! Calls that are wrong are told so as Stripe would.

use super::*;

#[test]
fn a_parameter_that_is_wrong_is_told_by_its_name() {
    let mut desk = Desk::new();
    let customer = desk.customer("email=a@example.org");
    let draft = desk.draft(&customer, &[]);
    let at = |step: &str| format!("/v1/invoices/{draft}/{step}");
    let with = |more: &str| format!("customer={customer}&{more}");
    let cases = [
        ("/v1/invoices", String::new(), "parameter_missing", "customer"),
        ("/v1/invoices", "customer=".to_owned(), "parameter_invalid_empty", "customer"),
        ("/v1/invoices", with("amount=5"), "parameter_unknown", "amount"),
        ("/v1/invoices", with("collection_method=later"), "", "collection_method"),
        ("/v1/invoices", with("days_until_due=soon"), "parameter_invalid_integer", "days_until_due"),
        ("/v1/invoices", with("currency=xxx"), "", "currency"),
        ("/v1/invoices", with("auto_advance=yes"), "", "auto_advance"),
        ("/v1/invoices", with("automatic_tax[on]=true"), "parameter_missing", "automatic_tax[enabled]"),
        ("/v1/invoices", with("custom_fields[0][name]=PO"), "parameter_missing", "custom_fields[0][value]"),
        ("/v1/customers", "email=nobody".to_owned(), "email_invalid", "email"),
        ("/v1/customers", "metadata=flat".to_owned(), "", "metadata"),
        ("/v1/customers", format!("metadata[{}]=1", "k".repeat(41)), "", "metadata["),
        ("/v1/customers", format!("metadata[k]={}", "v".repeat(501)), "", "metadata[k]"),
        ("/v1/customers", "a[b=1".to_owned(), "", "a[b"),
        (&at("add_lines"), String::new(), "parameter_missing", "lines"),
        (&at("add_lines"), "lines[0][amount]=1.5".to_owned(), "parameter_invalid_integer", "lines[0][amount]"),
        (&at("add_lines"), "lines[0][amount]=1&lines[0][price]=2".to_owned(), "parameter_unknown", "lines[0][price]"),
        (&at("add_lines"), "lines[0][description]=a".to_owned(), "parameter_missing", "lines[0][amount]"),
        (&at("add_lines"), "lines[0][amount]=1&lines[0][quantity]=2".to_owned(), "", "lines[0][amount]"),
        (&at("add_lines"), lines(&[1; 101]), "", "lines"),
        (&at("finalize"), "now=true".to_owned(), "parameter_unknown", "now"),
        ("/v1/tax_rates", "inclusive=false&percentage=22".to_owned(), "parameter_missing", "display_name"),
        ("/v1/tax_rates", "inclusive=false&percentage=101&display_name=VAT".to_owned(), "", "percentage"),
        ("/v1/refunds", String::new(), "parameter_missing", "charge"),
        ("/v1/credit_notes", "amount=1".to_owned(), "parameter_missing", "invoice"),
    ];
    for (path, form, code, param) in cases {
        let (status, told, about) = desk.bad(Method::Post, path, &form);
        assert_eq!((status, &*told), (400, code), "{path} {form}");
        assert!(about.starts_with(param), "{path} {form}: {about}");
    }
}

#[test]
fn what_does_not_exist_is_not_found_and_a_parameter_that_names_it_is_wrong() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let cases = [
        (Method::Get, "/v1/customers/cus_none", String::new(), "id"),
        (Method::Post, "/v1/invoices", "customer=cus_none".to_owned(), "customer"),
        (
            Method::Post,
            "/v1/invoices",
            format!("customer={customer}&default_tax_rates[]=txr_none"),
            "default_tax_rates",
        ),
        (Method::Post, "/v1/invoices/in_none/finalize", String::new(), "invoice"),
        (Method::Delete, "/v1/invoices/in_none", String::new(), "invoice"),
        (Method::Get, "/v1/invoices", "starting_after=in_none".to_owned(), "starting_after"),
        (Method::Get, "/v1/charges", "payment_intent=pi_none".to_owned(), "payment_intent"),
        (Method::Get, "/v1/events/evt_none", String::new(), "id"),
        (Method::Delete, "/v1/invoiceitems/ii_none", String::new(), "id"),
    ];
    for (method, path, form, param) in cases {
        let status = if path.ends_with("_none") || path.contains("_none/") { 404 } else { 400 };
        let expected = (status, "resource_missing".to_owned(), param.to_owned());
        assert_eq!(desk.bad(method, path, &form), expected, "{path} {form}");
    }
    for path in ["/v1/unheard", "/v1/invoices//finalize", "/v2/invoices", "/v1/", "/", ""] {
        assert_eq!(desk.bad(Method::Post, path, "").0, 404, "{path}");
    }
}

#[test]
fn terms_go_with_how_an_invoice_is_collected() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    let past = format!("collection_method=send_invoice&due_date={START}");
    let cases = [
        ("collection_method=send_invoice", Some("days_until_due")),
        ("days_until_due=14", Some("days_until_due")),
        ("collection_method=charge_automatically&due_date=1999999999", Some("due_date")),
        ("collection_method=send_invoice&days_until_due=14&due_date=1999999999", Some("days_until_due")),
        (&past, Some("due_date")),
        ("collection_method=send_invoice&due_date=1999999999", None),
        ("collection_method=send_invoice&days_until_due=0", None),
        ("", None),
    ];
    for (form, param) in cases {
        let form = format!("customer={customer}&{form}");
        match param {
            Some(param) => assert_eq!(desk.bad(Method::Post, "/v1/invoices", &form).2, param, "{form}"),
            None => drop(desk.post("/v1/invoices", &form)),
        }
    }
}

#[test]
fn lines_may_be_written_with_or_without_their_numbers() {
    let mut desk = Desk::new();
    let customer = desk.customer("");
    for form in [
        "lines[0][amount]=100&lines[0][description]=a&lines[1][amount]=200&lines[1][description]=b",
        "lines[][amount]=100&lines[][description]=a&lines[][amount]=200&lines[][description]=b",
        "lines[7][amount]=200&lines[7][description]=b&lines[3][amount]=100&lines[3][description]=a",
    ] {
        let draft = desk.draft(&customer, &[]);
        let invoice = desk.post(&format!("/v1/invoices/{draft}/add_lines"), form);
        let of = |place: usize, name: &str| invoice["lines"]["data"][place][name].clone();
        assert_eq!((of(0, "amount"), of(1, "amount")), (100.into(), 200.into()), "{form}");
        assert_eq!((of(0, "description"), of(1, "description")), ("a".into(), "b".into()), "{form}");
    }
}

#[test]
fn an_account_is_told_of() {
    let account = Desk::new().get("/v1/account", "");
    assert_eq!((&account["object"], &account["default_currency"]), (&"account".into(), &"eur".into()));
}
