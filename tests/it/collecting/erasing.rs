//! Erasing somebody: what is personal of him is gone for good, also from every backup, and the book is as it was.

use std::fs;
use std::path::{Path, PathBuf};

use rialto::actors::door::Closed;
use rialto::billing::customers::Person;
use rialto::domain::names::Name;
use rialto::wiring::EraseError;
use serde_json::json;

use super::copies::copied;
use super::whole::{Bank, collecting_at, earn, files, live};
use crate::faults::mounts::{Kind, Volume};
use crate::house::House;
use crate::sidecar::{path, run, verify};
use crate::support::{letter, start, until_full, until_roomy};

const ADD: [&str; 7] = ["payer", "add", "Bepi", "--email", "bepi.vianello@example.org", "--name", "Giuseppe Vianello"];

/// The keys that there are.
fn keys(folder: &Path) -> Vec<PathBuf> {
    files(&folder.join("keys"))
}

/// Puts keys back, as whoever restores a folder does.
fn put_back(keys: &[PathBuf], folder: &Path) {
    let there = folder.join("keys");
    fs::create_dir_all(&there).unwrap();
    for key in keys {
        fs::copy(key, there.join(key.file_name().unwrap())).unwrap();
    }
}

/// The journal, byte for byte.
fn journal(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("journal/00000001.journal")).unwrap()
}

/// What a file has that was not filled with noughts ahead.
fn written(journal: &[u8]) -> &[u8] {
    let end = journal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &journal[..end]
}

#[test]
fn whoever_is_erased_is_gone_from_every_backup_and_the_book_is_as_it_was() {
    let bank = Bank::open();
    let url = bank.url();
    let house = live(&bank);
    earn(&house);
    house.done(&ADD);
    house.done(&["bill", "run"]);
    let shown = house.done(&["payer", "show", "Bepi"]);
    assert!(shown.contains("bepi.vianello@example.org") && shown.contains("Giuseppe Vianello"), "{shown}");
    let room = tempfile::tempdir().unwrap();
    let backup = room.path().join("backup");
    let made = run(&["backup", path(&backup), "--data", path(house.folder.path())]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(!backup.join("keys").exists() && !files(&backup.join("people")).is_empty(), "sealed, and without a key");

    // The whole, with its keys, as a disk is copied by others: until they are destroyed nothing is erased.
    let House { folder, sidecar } = house;
    sidecar.stop();
    let whole = copied(folder.path());
    let (digest, before) = (verify(folder.path())["digest"].clone(), journal(folder.path()));
    assert_eq!(verify(whole.path())["digest"], digest);
    let house = House::at(folder, &collecting_at(&url));
    let sums = house.get("/api/revenue/dashboard");
    assert_eq!(keys(house.folder.path()).len(), 1);

    let erased = house.done(&["erase", "Bepi", "--by", "ada", "--why", "he asked for it"]);
    assert!(erased.starts_with("what was kept of Bepi is erased: its key is destroyed\n"), "{erased}");
    assert!(erased.contains("Stripe still has cus_") && erased.contains("`rialto payer remove Bepi`"), "{erased}");
    assert_eq!((keys(house.folder.path()).len(), files(&house.folder.path().join("people")).len()), (0, 0));
    for arguments in [&["payer", "show", "Bepi"][..], &["payer", "add", "Bepi", "--anew"], &["erase", "Bepi"]] {
        let refused = house.run(arguments);
        assert!(refused.code == Some(1) && refused.err.contains("person \"Bepi\" is not known"), "{refused:?}");
    }
    assert!(house.done(&["orders"]).contains("erase what was kept of Bepi"));
    let last = &house.get("/v1/orders")["orders"][0];
    let told = json!([last["by"], last["why"], last["what"], last["about"]]);
    assert_eq!(told, json!(["ada", "he asked for it", "erase", { "id": "Bepi" }]));
    let after = house.get("/api/revenue/dashboard");
    for part in ["today", "week", "month", "shadow", "live", "held"] {
        assert!(!sums[part].is_null() && after[part] == sums[part], "{part}: {sums} {after}");
    }
    assert_eq!(house.get("/v1/bills/bill_1")["status"], "open");

    // What was written stays to the byte: what was added is that order, and who has the key still has the same book.
    let House { folder, sidecar } = house;
    sidecar.stop();
    let now = journal(folder.path());
    assert!(now.starts_with(written(&before)), "nothing that was written is changed");
    let with_key = copied(folder.path());
    put_back(&keys(whole.path()), with_key.path());
    assert_eq!(verify(folder.path())["ok"], true);
    assert_eq!(verify(folder.path())["digest"], verify(with_key.path())["digest"]);
    assert_eq!(verify(&backup)["digest"], digest, "a backup is the same book, with or without the key");

    // No copy of what was sealed tells anything: not beside the keys of the folder as it is now, either.
    let restored = House::at(copied(&backup), &collecting_at(&url));
    let refused = restored.run(&["payer", "show", "Bepi"]);
    assert!(refused.code == Some(1) && refused.err.contains("its key is not here"), "{refused:?}");
    let kept = restored.run(&["payer", "show", "Ada"]);
    assert!(
        kept.code == Some(1) && kept.err.contains("is not known"),
        "of who has no address nothing is kept: {kept:?}"
    );
    // A restore that brings the keys along has them again: that is what they are kept apart for.
    put_back(&keys(whole.path()), restored.folder.path());
    assert!(restored.done(&["payer", "show", "Bepi"]).contains("bepi.vianello@example.org"));
}

#[test]
fn each_address_has_a_key_of_its_own_and_the_last_one_alone_can_be_read() {
    let bank = Bank::open();
    let house = live(&bank);
    house.done(&ADD);
    let first = copied(house.folder.path());
    let kept = keys(house.folder.path());
    house.done(&ADD);
    assert_eq!(keys(house.folder.path()), kept, "what is the same keeps its key");
    house.done(&["payer", "add", "Bepi", "--email", "bepi.vianello@example.org", "--name", "G. Vianello"]);
    assert!(keys(house.folder.path()).len() == 1 && keys(house.folder.path()) != kept);
    // What was sealed before does not pass for what is sealed now.
    let [old, new] = [first.path(), house.folder.path()].map(|folder| files(&folder.join("people")).remove(0));
    let sealed = fs::read(&new).unwrap();
    fs::copy(old, &new).unwrap();
    let refused = house.run(&["payer", "show", "Bepi"]);
    assert!(refused.code == Some(1) && refused.err.contains("its key is not here"), "{refused:?}");
    // Nor does what somebody changed, wherever he did.
    for place in 0..sealed.len() {
        let mut spoiled = sealed.clone();
        spoiled[place] ^= 1;
        fs::write(&new, spoiled).unwrap();
        let refused = house.run(&["payer", "show", "Bepi"]);
        assert!(refused.code == Some(1) && !refused.err.contains("vianello"), "byte {place}: {refused:?}");
    }
    // He can be said anew over whatever is there, and erased.
    house.done(&ADD);
    assert!(house.done(&["payer", "show", "Bepi"]).contains("Giuseppe Vianello"));
    fs::write(&new, "nothing of ours").unwrap();
    house.done(&["erase", "Bepi"]);
    assert_eq!((keys(house.folder.path()).len(), new.exists()), (0, false));
}

#[test]
fn what_is_refused_has_destroyed_nothing_and_kept_nothing() {
    let bank = Bank::open();
    let house = live(&bank);
    house.done(&ADD);
    let (long, customers) = ("w".repeat(256), || bank.running().with(|sandbox| sandbox.customers()));
    let before = customers();
    for (by, why, says) in [
        ("a\nb", "", "plain text"),
        ("ada", "two\nlines", "plain text"),
        ("ada", long.as_str(), "255 bytes"),
        (long.as_str(), "", "255 bytes"),
    ] {
        let signature = ["--by", by, "--why", why];
        let refused = |order: &[&str]| {
            let ran = house.run(&[order, &signature].concat());
            assert!(ran.code == Some(1) && ran.err.contains(says), "{ran:?}");
        };
        refused(&["erase", "Bepi"]);
        assert!(house.done(&["payer", "show", "Bepi"]).contains("bepi.vianello@example.org"));
        refused(&["payer", "add", "Zuan", "--email", "zuan@example.org"]);
        assert_eq!((house.run(&["payer", "show", "Zuan"]).code, customers()), (Some(1), before));
    }
}

#[tokio::test]
async fn nobody_is_erased_while_that_cannot_be_recorded() {
    let Some(volume) = Volume::made(Kind::Tmpfs, 40) else { return };
    let rialto = start(&volume.at().join("data"));
    let bepi = Person::new(Name::new("Bepi").unwrap(), None, "bepi.vianello@example.org", None).unwrap();
    rialto.keep(&bepi).await.unwrap();
    let ballast = volume.fill();
    until_full(&rialto, |id| letter(id, "coffee")).await;
    let refused = rialto.erase("Bepi", "ada", "he asked for it").await.expect_err("it cannot be durable");
    assert!(matches!(refused, EraseError::Closed(Closed::DiskFull)), "{refused}");
    assert_eq!(rialto.person("Bepi").await.unwrap().unwrap().email, "bepi.vianello@example.org");
    ballast.cast_off();
    until_roomy(&rialto).await;
    assert!(rialto.erase("Bepi", "ada", "he asked for it").await.unwrap());
    assert!(rialto.person("Bepi").await.unwrap().is_none());
    rialto.stop().await.unwrap();
}

#[test]
fn who_was_erased_halfway_is_erased_by_whoever_asks_again() {
    let bank = Bank::open();
    let house = live(&bank);
    house.done(&ADD);
    // The key is destroyed first, and what it sealed goes last.
    keys(house.folder.path()).iter().for_each(|key| fs::remove_file(key).unwrap());
    house.done(&["erase", "Bepi"]);
    assert_eq!(house.get("/v1/orders")["orders"][0]["what"], "erase");
    assert!(files(&house.folder.path().join("people")).is_empty());
}

#[test]
fn with_another_key_of_stripes_a_payer_becomes_a_customer_anew_by_what_is_kept_of_him() {
    let tried = Bank::open();
    let house = live(&tried);
    house.done(&ADD);
    let House { folder, sidecar } = house;
    sidecar.stop();
    // Another account, in which nobody is a customer yet.
    let bank = Bank::open();
    let before = bank.running().with(|sandbox| sandbox.customers());
    let house = House::at(folder, &collecting_at(&bank.url()));
    let check = house.run(&["payer", "check", "Bepi"]);
    assert_eq!(check.code, Some(1), "{check:?}");
    house.done(&["payer", "add", "Bepi", "--anew"]);
    assert_eq!(bank.running().with(|sandbox| sandbox.customers()), before + 1);
    assert_eq!(house.done(&["payer", "check", "Bepi"]), "Bepi can be billed\n");
}

#[test]
fn what_is_personal_is_told_to_the_operator_alone() {
    let bank = Bank::open();
    let house = live(&bank);
    house.done(&ADD);
    let (status, answer) = house.sidecar.get("/v1/admin/people/Bepi");
    assert_eq!((status, &answer["error"]["code"]), (401, &json!("no_token")));
    let listed = house.get("/v1/payers").to_string();
    assert!(listed.contains("Bepi") && !listed.contains("ianello"), "{listed}");
    use std::os::unix::fs::PermissionsExt;
    for file in keys(house.folder.path()).into_iter().chain(files(&house.folder.path().join("people"))) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}
