//! Every request that is sent, held against the official library: those of worlds made of seeds, and those of bills
//! made by hand, which have what the worlds do not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rialto::billing::asks::{self, Words};
use rialto::billing::call::{Call, Reply};
use rialto::billing::customers::{Person, customer};
use rialto::billing::lines::{Key, Line};
use rialto::billing::look::look;
use rialto::billing::marks::House;
use rialto::billing::preflight;
use rialto::billing::walk::{Stripe, Unsure};
use rialto::domain::bills::{BillNo, Detail, Drawn, Sight, Status, Step};
use rialto::domain::calendar::Day;
use rialto::domain::money::Sum;
use rialto::domain::names::Name;
use rialto::domain::payers::{Collection, Payer, Tax};
use rialto::domain::tariff::RuleId;
use rialto::domain::time::Moment;
use rialto::ledger::bill::{Bill, Look, Way};
use rialto::ledger::roll::NameNo;
use rialto::stripe::pace::endpoint;
use serde_json::json;

use super::check_requests;
use crate::collecting::seeds::{HAPPENINGS, live};
use crate::collecting::world::{Mistake, now};
use crate::scribe::name;

const WORLDS: u64 = 40;

/// Every endpoint that is ever called: whoever calls another one says so here.
const ENDPOINTS: [&str; 20] = [
    "DELETE /v1/invoices/:id",
    "GET /v1/charges",
    "GET /v1/charges/:id",
    "GET /v1/credit_notes",
    "GET /v1/customers",
    "GET /v1/customers/:id",
    "GET /v1/disputes",
    "GET /v1/invoice_payments",
    "GET /v1/invoices",
    "GET /v1/invoices/:id",
    "GET /v1/invoices/:id/lines",
    "GET /v1/tax_rates/:id",
    "POST /v1/credit_notes",
    "POST /v1/customers",
    "POST /v1/invoices",
    "POST /v1/invoices/:id/add_lines",
    "POST /v1/invoices/:id/finalize",
    "POST /v1/invoices/:id/pay",
    "POST /v1/invoices/:id/send",
    "POST /v1/invoices/:id/void",
];

/// What is to be in one of them at least.
const SAID: [&str; 14] = [
    "automatic_tax[enabled]=true",
    "collection_method=charge_automatically",
    "collection_method=send_invoice",
    "created[gte]=",
    "default_tax_rates[1]=",
    "email=ada+rialto@example.org",
    "expand[]=data.balance_transaction",
    "lines[49][metadata][rialto_line]=249",
    "metadata[rialto_payer]=f01d-Ada",
    "name=Ca' d'Oro & Söhne [1] = 100 % + €",
    "memo=taken back",
    "payment[payment_intent]=",
    "refund_amount=",
    "starting_after=",
];

#[test]
#[ignore = "needs the official SDK: cargo xtask contract"]
fn every_request_that_is_sent_is_one_that_stripe_knows() {
    let mut made = 0;
    let mut calls: BTreeMap<String, Call> = BTreeMap::new();
    let mut sent = |call: Call| {
        made += 1;
        calls.entry(shape(&call)).or_insert(call);
    };
    for seed in 0..WORLDS {
        let world = live(seed, HAPPENINGS, Mistake::None).unwrap_or_else(|why| panic!("world {seed}: {why}"));
        world.calls.take().into_iter().for_each(&mut sent);
    }
    by_hand().into_iter().chain(by_charges()).chain(of_customers()).chain(of_terms()).for_each(&mut sent);

    let calls: Vec<Call> = calls.into_values().collect();
    let endpoints: BTreeSet<String> = calls.iter().map(called).collect();
    assert_eq!(endpoints.iter().collect::<Vec<_>>(), ENDPOINTS);
    let is_said = |words: &&str| calls.iter().any(|call| readable(&call.form).contains(*words));
    let unsaid: Vec<&str> = SAID.into_iter().filter(|words| !is_said(words)).collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
    println!("{} shapes of {made} calls", calls.len());
    assert_eq!(check_requests(&calls), "");
}

/// What two calls have in common that say the same of different things: the endpoint, and the names of what has a value
/// and of what has none.
fn shape(call: &Call) -> String {
    let mut shape = called(call);
    for (name, value) in form_urlencoded::parse(call.form.as_bytes()) {
        shape += &format!(" {name}{}", if value.is_empty() { "" } else { "=" });
    }
    shape
}

fn called(call: &Call) -> String {
    format!("{} {}", call.method.as_str(), endpoint(&call.path))
}

fn readable(form: &str) -> String {
    let pairs = form_urlencoded::parse(form.as_bytes());
    pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Every step of bills on all kinds of terms, with as many lines as an invoice may have.
fn by_hand() -> Vec<Call> {
    let lines: Vec<Line> = (0..250).map(line).collect();
    let rates = [Name::new("txr_1"), Name::new("txr_2"), None, None, None];
    let parts = (0..3).map(Step::Lines);
    let steps = [Step::Create, Step::Finalise, Step::Send, Step::Pay, Step::Delete, Step::Void];
    let steps: Vec<Step> = steps.into_iter().chain(parts).collect();
    let mut calls = Vec::new();
    for collection in [Collection::Charge, Collection::Send { days: 30 }] {
        for tax in [Tax::None, Tax::Automatic, Tax::Rates(rates)] {
            for detail in Detail::ALL {
                let payer = Payer { customer: Name::new("cus_1"), collection, tax, ..Payer::new(name("Ada")) };
                let bill = bill(payer, detail);
                let call = |step| asks::call(&bill, &asks::ask(&bill, step, &lines, None, &Odd));
                calls.extend(steps.iter().copied().map(call));
                calls.extend(credits(&bill));
            }
        }
    }
    calls
}

/// Credit notes on the invoice of a bill: of what is still to be paid, of what was paid, and of some of both.
fn credits(of: &Bill) -> Vec<Call> {
    let note = |status, remaining| {
        let (mut of, mut note) = (of.clone(), of.clone());
        (of.seen.status, of.seen.amounts.remaining) = (status, remaining);
        (note.drawn.credits, note.drawn.total, note.drawn.items) = (Some(of.no), -700, 0);
        asks::call(&note, &asks::ask(&note, Step::Credit, &[], Some(&of), &Odd))
    };
    [(Status::Open, 1_000), (Status::Paid, 0), (Status::Open, 300)].map(|(status, left)| note(status, left)).into()
}

fn bill(payer: Payer, detail: Detail) -> Bill {
    let drawn = Drawn {
        mark: "f01d-1".into(),
        payer,
        to: 0,
        reissues: None,
        credits: None,
        detail,
        zone: name("Europe/Rome"),
        items: 250,
        digest: 0,
        total: 250 * 1_000,
        carried: Sum(0),
        rest: Sum(0),
    };
    Bill {
        no: BillNo(1),
        drawn,
        at: Moment(1_780_000_000_000_000),
        payer: NameNo(0),
        rows: Arc::new([]),
        reissued_by: None,
        way: Way::default(),
        seen: Sight { invoice: Some("in_1".into()), ..Sight::default() },
    }
}

fn line(number: i32) -> Line {
    let key = Key { day: Day(739_000 + number), earner: NameNo(0), rule: RuleId(1) };
    Line { key, count: 3, exact: Sum(10_000_000), amount: if number == 0 { -5 } else { 1_000 } }
}

/// A name that nobody would choose,
const ODD: &str = "Ca' d'Oro & Söhne [1] = 100 % + €";
/// and words.
struct Odd;

impl Words for Odd {
    fn name(&self, _: NameNo) -> Option<Name> {
        Name::new(ODD)
    }

    fn rule(&self, _: RuleId) -> &'static str {
        "paid_service"
    }
}

/// What is asked of an invoice whose payments are charges, and no payment intents.
fn by_charges() -> Vec<Call> {
    let payer = Payer { customer: Name::new("cus_1"), ..Payer::new(name("Ada")) };
    let stripe = Charges::default();
    now(look(&stripe, &bill(payer, Detail::Day), &[], Look::Invoice)).unwrap();
    stripe.0.take()
}

/// What is asked to make somebody a customer in the place of another one, who was deleted.
fn of_customers() -> Vec<Call> {
    let house = House::new("f01d", None);
    let person = Person::new(name("Ada"), Name::new("cus_1"), "ada+rialto@example.org", Some(ODD)).unwrap();
    let stripe = Charges::default();
    now(customer(&stripe, &house, &person)).unwrap().unwrap();
    stripe.0.take()
}

/// What is asked of somebody's terms before he is billed.
fn of_terms() -> Vec<Call> {
    let rates = [Name::new("txr_1"), None, None, None, None];
    let payer = Payer { customer: Name::new("cus_1"), tax: Tax::Rates(rates), ..Payer::new(name("Ada")) };
    let stripe = Charges::default();
    now(preflight::ask(&stripe, &payer)).unwrap();
    stripe.0.take()
}

/// A Stripe where there is one invoice, paid by charges; it notes what is asked.
#[derive(Default)]
struct Charges(RefCell<Vec<Call>>);

impl Stripe for Charges {
    async fn call(&self, call: &Call) -> Result<Reply, Unsure> {
        self.0.borrow_mut().push(call.clone());
        let is_first = !call.form.contains("starting_after");
        let body = match called(call).as_str() {
            "GET /v1/invoices/:id" => json!({"id": "in_1", "status": "paid", "amount_paid": 100}),
            "GET /v1/invoice_payments" => {
                let id = if is_first { "inpay_1" } else { "inpay_2" };
                let payment = json!({"id": id, "payment": {"type": "charge", "charge": "ch_1"}});
                json!({"data": [payment], "has_more": is_first})
            }
            "GET /v1/customers/:id" => json!({"id": "cus_1", "deleted": true}),
            "POST /v1/customers" => json!({"id": "cus_2"}),
            "GET /v1/charges/:id" => json!({"id": "ch_1", "disputed": true}),
            _ => json!({"data": [], "has_more": false}),
        };
        Ok(Reply { status: 200, body: body.to_string(), ..Reply::default() })
    }

    fn is_live(&self) -> bool {
        false
    }
}
