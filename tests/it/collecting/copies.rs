//! Data folders that were copied, and folders whose bills are of another account: nothing is billed by mistake.

use std::fs;
use std::path::Path;

use super::whole::{Bank, collecting_at, earn, live, until};
use crate::house::House;
use crate::sidecar::{Sidecar, path, rialto};

pub(super) fn copied(from: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (source, to) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
            if source.is_dir() {
                copy(&source, &to);
            } else {
                fs::copy(&source, &to).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy(from, to.path());
    to
}

#[test]
fn a_copy_bills_nothing_before_it_has_taken_over_what_was_billed_since() {
    let bank = Bank::open();
    let url = bank.url();
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    let House { folder, sidecar } = house;
    sidecar.stop();
    let backup = copied(folder.path());

    // After the copy was made, another bill goes out.
    let house = House::at(folder, &collecting_at(&url));
    house.take(&serde_json::json!({ "id": "recS9", "type": "paid_service", "citizen": "Lucid",
        "duration_minutes": 60, "client": "Ada", "business": "bottega" }));
    house.done(&["bill", "run"]);
    let second = house.get("/v1/bills/bill_2")["invoice"].as_str().unwrap().to_owned();
    house.sidecar.stop();

    let copy = House::at(backup, &collecting_at(&url));
    let service = serde_json::json!({ "id": "recS9", "type": "paid_service", "citizen": "Lucid",
        "duration_minutes": 60, "client": "Ada", "business": "bottega" });
    assert_eq!(copy.take(&service)["status"], "priced", "it is news to the copy");
    let refused = copy.run(&["bill", "run"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("is a copy or was restored") && refused.err.contains("--adopt"), "{}", refused.err);
    assert!(copy.get("/v1/bills")["rests"].as_str().unwrap().contains("--adopt"));
    let warned = copy.sidecar.log().lines().filter(|line| line.contains("WARN the biller rests")).count();
    assert_eq!(warned, 1, "{}", copy.sidecar.log());
    let differs = copy.run(&["bill", "reconcile"]);
    assert!(differs.code == Some(1) && differs.out.contains("unknown_bill"), "{differs:?}");

    let adopted = copy.done(&["bill", "reconcile", "--adopt", "--why", "the disk is gone"]);
    assert!(adopted.contains("2 bills, 2 invoices at Stripe: the same to the cent"), "{adopted}");
    let bill = copy.get("/v1/bills/bill_2");
    assert_eq!((bill["invoice"].as_str(), bill["amount"].as_str()), (Some(&*second), Some("50.00")), "{bill}");
    assert_eq!(bill["lines"][0]["transactions"].as_array().map(Vec::len), Some(1), "{bill}");
    // What was taken over may be mailed once more: nobody knows whether it ever was.
    assert!(copy.done(&["bill", "run"]).starts_with("nothing "));
    let orders = copy.done(&["orders"]);
    assert!(orders.contains("take over what Stripe has") && orders.contains("the disk is gone"), "{orders}");
    assert_eq!(copy.get("/v1/bills")["rests"], serde_json::Value::Null);

    // And it stays so.
    let copy = copy.restarted_with(&collecting_at(&url));
    assert!(copy.done(&["bill", "run"]).starts_with("nothing is due"));
    until("the new home is known", || copy.get("/v1/bills")["rests"].is_null());
}

#[test]
fn an_older_folder_at_the_same_place_bills_nothing_either() {
    let bank = Bank::open();
    let url = bank.url();
    let house = live(&bank);
    earn(&house);
    let House { folder, sidecar } = house;
    sidecar.stop();
    let backup = copied(folder.path());
    let house = House::at(folder, &collecting_at(&url));
    house.done(&["bill", "run"]);
    let House { folder, sidecar } = house;
    sidecar.stop();
    // Restored in place, as a snapshot of a disk is: the very files, as they were.
    let journal = "journal/00000001.journal";
    fs::write(folder.path().join(journal), fs::read(backup.path().join(journal)).unwrap()).unwrap();
    fs::remove_dir_all(folder.path().join("images")).unwrap();

    let house = House::at(folder, &collecting_at(&url));
    let refused = house.run(&["bill", "run"]);
    assert!(refused.code == Some(1) && refused.err.contains("that its book never drew"), "{refused:?}");
    house.done(&["bill", "reconcile", "--adopt"]);
    assert!(house.done(&["bill", "run"]).starts_with("nothing "));
    let amount = house.get("/v1/bills/bill_1")["amount"].clone();
    assert_eq!(amount, "87.03");
}

#[test]
fn a_folder_whose_bills_are_of_another_account_does_not_start() {
    let (bank, other) = (Bank::open(), Bank::of(2));
    let house = live(&bank);
    earn(&house);
    house.done(&["bill", "run"]);
    let House { folder, sidecar } = house;
    sidecar.stop();
    let url = other.url();
    let mut command = rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(folder.path())]);
    command.envs(collecting_at(&url));
    let ran = crate::sidecar::ran(command);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("the key is another's"), "{}", ran.err);

    // Where it collects nothing, it starts; and so it does where Stripe does not answer.
    let serve = || rialto(&["serve", "--listen", "127.0.0.1:0", "--data", path(folder.path())]);
    Sidecar::start(serve()).stop();
    drop(other);
    let mut command = serve();
    command.envs(collecting_at(&url));
    Sidecar::start(command).stop();
}

#[test]
fn a_folder_without_bills_is_of_no_account() {
    let (bank, other) = (Bank::open(), Bank::of(2));
    let url = bank.url();
    let house = House::at(tempfile::tempdir().unwrap(), &collecting_at(&url));
    assert!(house.done(&["bill", "run"]).starts_with("nothing is due"));
    let House { folder, sidecar } = house;
    sidecar.stop();
    let url = other.url();
    let house = House::at(folder, &collecting_at(&url));
    assert!(house.done(&["bill", "run"]).starts_with("nothing is due"));
    assert_eq!(house.get("/v1/bills")["rests"], serde_json::Value::Null);
}
