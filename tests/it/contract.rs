//! The contract with Stripe, held against its official library: `cargo xtask contract`.
//!
//! The library says what a call may carry and which signatures it takes. It is asked on this machine alone.

mod sent;
mod standing_in;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use rialto::billing::call::{Call, call_of};
use rialto::billing::signature::{Forged, Secrets, sign, verify};
use serde_json::{Value, json};
use stripe_billing::credit_note::CreateCreditNote;
use stripe_billing::invoice::{
    AddLinesInvoice, AddLinesInvoiceLines, CreateInvoice, DeleteInvoice, FinalizeInvoiceInvoice, ListInvoice,
    PayInvoice, SendInvoiceInvoice, VoidInvoiceInvoice,
};
use stripe_core::customer::CreateCustomer;
use stripe_shared::InvoiceCollectionMethod;
use stripe_types::Currency;

use crate::dice::Dice;

/// The faults that the official library finds in calls, one a line; none where there are none.
pub fn check_requests(calls: &[Call]) -> String {
    let line = |call: &Call| json!({"method": call.method.as_str(), "path": call.path, "form": call.form}).to_string();
    let output = ask("calls.py", &[], &calls.iter().map(line).collect::<Vec<_>>());
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.success(), told.is_empty(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

#[test]
#[ignore = "needs the official SDK: cargo xtask contract"]
fn the_checker_of_requests_can_fail() {
    let output = ask("calls.py", &["--self-test"], &[]);
    assert!(output.status.success(), "{output:?}");
    let bad = Call { form: "customer=cus_1&amount=100".into(), ..call_of(&CreateInvoice::new(), None) };
    assert!(check_requests(&[bad]).contains("no such parameter"));
}

#[test]
#[ignore = "needs the official SDK: cargo xtask contract"]
fn calls_made_of_the_requests_of_async_stripe_are_what_the_official_library_would_send() {
    let metadata = [("rialto_invoice".to_owned(), "inv-1 & [more]".to_owned())];
    let mut line = AddLinesInvoiceLines::new();
    line.amount = Some(1234);
    line.description = Some("three hours, über Mittag".into());
    line.metadata = Some(metadata.clone().into());
    let invoice = CreateInvoice::new()
        .customer("cus_1")
        .currency(Currency::EUR)
        .auto_advance(false)
        .collection_method(InvoiceCollectionMethod::SendInvoice)
        .days_until_due(30_u32)
        .default_tax_rates(["txr_1".to_owned()])
        .metadata(metadata.clone());
    let calls = [
        call_of(&CreateCustomer::new().name("A & Ä").email("a@example.com").metadata(metadata), None),
        call_of(&invoice, Some("inv-1".into())),
        call_of(&AddLinesInvoice::new("in_1", vec![line.clone(), line]), None),
        call_of(&FinalizeInvoiceInvoice::new("in_1").auto_advance(false), None),
        call_of(&SendInvoiceInvoice::new("in_1"), None),
        call_of(&PayInvoice::new("in_1").paid_out_of_band(true), None),
        call_of(&VoidInvoiceInvoice::new("in_1"), None),
        call_of(&DeleteInvoice::new("in_1"), None),
        call_of(&CreateCreditNote::new("in_1").amount(100).memo("a gift"), None),
        call_of(&ListInvoice::new().customer("cus_1").limit(100).starting_after("in_1"), None),
        Call::get("/v1/invoices/in_1/lines", "limit=100"),
        Call::get("/v1/events", "limit=100&created[gte]=1790000000"),
    ];
    assert_eq!(check_requests(&calls), "");
}

#[test]
#[ignore = "needs the official SDK: cargo xtask contract"]
fn our_signature_check_agrees_with_the_official_one() {
    let dice = Dice::seeded("RIALTO_CONTRACT_SEED");
    let cases: Vec<Case> = (0..1000).map(|_| Case::thrown(&dice)).collect();
    let output = ask("signatures.py", &[], &cases.iter().map(Case::line).collect::<Vec<_>>());
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), cases.len(), "{dice}: {}", String::from_utf8_lossy(&output.stderr));
    let (mut taken, mut refused, mut stricter) = (0, 0, 0);
    for (case, line) in cases.iter().zip(told.lines()) {
        let theirs = serde_json::from_str::<Value>(line).unwrap()["accepted"].as_bool().unwrap();
        let secrets = Secrets::new([case.secret.clone()]).unwrap();
        let ours = verify(&case.header, &case.payload, &secrets, case.now);
        match (&ours, theirs) {
            (Ok(_), true) => taken += 1,
            (Err(_), false) => refused += 1,
            // The stated differences: times that lie far ahead, and headers that are not written as Stripe writes them.
            (Err(Forged::TooNew { .. } | Forged::Malformed(_)), true) => stricter += 1,
            _ => panic!("{dice}: ours {ours:?}, theirs {theirs}: {line}: {}", case.line()),
        }
    }
    println!("{dice}: {taken} taken, {refused} refused, {stricter} by us alone");
    assert!(200 < taken && 200 < refused && 0 < stricter, "{dice}: {taken} {refused} {stricter}");
}

/// A webhook that came, perhaps damaged.
struct Case {
    payload: Vec<u8>,
    header: String,
    secret: String,
    now: i64,
}

impl Case {
    fn thrown(dice: &Dice) -> Case {
        let at = 1_790_000_000 + i64::try_from(dice.below(1000)).unwrap();
        let letters = ["{", "}", "\"", "é", "€", "a", "\n", "0"];
        let payload: String = (0..dice.below(60)).map(|_| letters[index(dice, letters.len())]).collect();
        let secret = format!("whsec_{}", dice.below(3));
        let signer = if dice.below(8) == 0 { format!("whsec_{}", dice.below(3)) } else { secret.clone() };
        let ages = [0, 1, 299, 300, 301, 86_400, -299, -300, -301, -86_400];
        let now = at + if dice.below(2) == 0 { 0 } else { ages[index(dice, ages.len())] };
        let mut parts: Vec<String> = sign(payload.as_bytes(), &signer, at).split(',').map(str::to_owned).collect();
        for _ in 0..dice.below(3) {
            let more = ["v0=00", "v1=00", "v1", "v2=é", "", "=", "t", "t=1", "v1=", " v1=00"];
            parts.insert(index(dice, parts.len() + 1), more[index(dice, more.len())].to_owned());
        }
        let mut case = Case { payload: payload.into(), header: parts.join(","), secret, now };
        if dice.below(3) == 0 {
            case.damage(dice);
        }
        case
    }

    /// Changes, drops or adds one letter of the header.
    fn damage(&mut self, dice: &Dice) {
        let mut letters: Vec<char> = self.header.chars().collect();
        let with: Vec<char> = "0123456789abcdefABCDEF=,tv _+-.é".chars().collect();
        let (place, letter) = (index(dice, letters.len()), with[index(dice, with.len())]);
        match dice.below(3) {
            0 => letters[place] = letter,
            1 => drop(letters.remove(place)),
            _ => letters.insert(place, letter),
        }
        self.header = letters.into_iter().collect();
    }

    fn line(&self) -> String {
        let payload: String = self.payload.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"payload_hex": payload, "header": self.header, "secret": self.secret, "now": self.now}).to_string()
    }
}

fn index(dice: &Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap()
}

/// Runs one of the scripts in `tests/contract` on lines.
fn ask(script: &str, arguments: &[&str], lines: &[String]) -> Output {
    let python = std::env::var_os("RIALTO_CONTRACT_PYTHON").expect("`cargo xtask contract` names the Python to ask");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract").join(script);
    // Nothing of this machine's Python is looked at, and nothing is left in the folder of the scripts.
    let mut command = Command::new(python);
    command.args(["-I", "-B", "-X", "utf8"]).arg(script).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    // What they answer may not fit into a pipe, while they are still being asked.
    let asking = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A script that ends early says why.
    let _ = asking.join().unwrap();
    output
}
