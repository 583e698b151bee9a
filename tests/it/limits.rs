//! The end of the journal's places, a terabyte on: what still fits is kept, what does not is refused,
//! and the journal can be read again.

use std::fs::{self, File};

use rialto::disk::Shelf;
use rialto::domain::activity::Activity;
use rialto::domain::names::Name;
use rialto::folder::DataFolder;
use rialto::journal::segment;
use rialto::ledger::book::Book;
use rialto::ledger::entry::Status;
use rialto::ledger::rows::Place;
use rialto::snapshot::{self, Image};

use super::support::{service, start};

/// An event that brings names as long as they can be.
fn long(number: usize) -> Activity {
    let name = |of: &str| Name::new(&format!("{of}_{number:0>0$}", Name::BYTES_MAX - 1 - of.len()));
    let mut activity = service(&format!("rec{number}"), "Lucid", 60);
    (activity.citizen, activity.business, activity.client) = (name("citizen"), name("business"), name("client"));
    (activity.from_building, activity.to_building, activity.service) = (name("from"), name("to"), name("service"));
    activity
}

#[tokio::test]
async fn the_last_event_that_fits_is_read_again_and_the_next_one_is_rejected() {
    // How far before the end it begins, so that the names of the last event lie across it now and then.
    for before in [2_300, 2_900, 3_500, 4_100] {
        let folder = tempfile::tempdir().unwrap();
        let base = Place::END.0 - before;
        {
            // A segment that a snapshot covers is not read, so that a hole may stand for a terabyte.
            let data = DataFolder::open_or_create(folder.path()).unwrap();
            for (number, base) in [(1, 0), (2, base)] {
                let file = segment::create(&data.journal(), number).unwrap();
                segment::write_header(&*file, number, base, base, data.id()).unwrap();
            }
            let first = File::options().write(true).open(segment::path(&data.journal(), 1)).unwrap();
            if first.set_len(segment::HEADER + base).is_err() {
                eprintln!("skipped: no file here can be a terabyte long, not even with a hole in it");
                return;
            }
            let aside =
                snapshot::write(&data.images(), data.id(), &Image::take(&Book::default(), base), || ()).unwrap();
            snapshot::commit(&data.images(), data.id(), &aside, (base, base), || ()).unwrap();
        }
        let rialto = start(folder.path());
        let mut taken = 0;
        while rialto.record(long(taken)).await.unwrap().status == Status::Priced {
            taken += 1;
        }
        assert_eq!(rialto.record(long(taken)).await.unwrap().status, Status::Rejected);
        rialto.stop().await.unwrap();
        for position in snapshot::positions(&Shelf::from(&*folder.path().join("images"))).unwrap() {
            if position != base {
                fs::remove_file(snapshot::path(&folder.path().join("images"), position)).unwrap();
            }
        }
        let rialto = start(folder.path());
        assert_eq!(rialto.view().facts as usize, taken, "{before} bytes before the end");
        if 0 < taken {
            assert_eq!(rialto.record(long(taken - 1)).await.unwrap().status, Status::Duplicate);
        }
        rialto.stop().await.unwrap();
    }
}
