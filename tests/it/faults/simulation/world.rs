//! A world made of a seed: the real door, actors, bookkeeper, writer, snapshots and recovery, on a disk that loses power
//! between any two of its effects; and a model that knows what each event has to cost, and what was acknowledged.
//!
//! All of it is on one thread, and one thing happens after another, so that a seed is the same world every time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::prelude::*;
use rialto::actors::messages::TakeSnapshot;
use rialto::actors::sheet::Answer;
use rialto::chain::Chain;
use rialto::clock::Clock;
use rialto::disk::Disk;
use rialto::domain::activity::Activity;
use rialto::domain::ids::TransactionId;
use rialto::domain::names::Name;
use rialto::domain::orders::{Order, Reverse, What};
use rialto::domain::payers::Payer;
use rialto::domain::rollout::{Move, Phase, Subject};
use rialto::domain::time::Moment;
use rialto::folder::DataFolder;
use rialto::journal::segment::{self, FolderId};
use rialto::journal::{JournalError, recovery};
use rialto::ledger::digest::digest;
use rialto::ledger::guards::{Limit, Limits};
use rialto::snapshot;
use rialto::wiring::verify::verify;
use rialto::wiring::{StartError, recover};
use tokio::sync::oneshot::error::TryRecvError;

use super::drive::{Drive, Trouble};
use super::life::{Found, Life};
use super::model::{Faults, Model};
use crate::dice::Dice;

const ID: FolderId = [7; 16];
/// 2026-11-02T12:00:00Z.
const NOON: Moment = Moment(1_793_620_800_000_000);

/// The world.
pub struct World {
    dice: Dice,
    drive: Drive,
    clock: Clock,
    model: Model,
    /// How often the process was started,
    pub lives: u64,
    /// the power went,
    pub power_cuts: u64,
    /// and the disk failed once.
    pub failures: u64,
}

impl World {
    /// The world of a seed, with an empty folder.
    pub fn new(seed: u64) -> World {
        let drive = Drive::default();
        let folder = folder(&drive);
        segment::begin(&folder.journal(), ID).unwrap();
        World {
            dice: Dice::of("RIALTO_FAULTS_SEED", seed),
            drive,
            clock: Clock::simulated(NOON),
            model: Model::default(),
            lives: 0,
            power_cuts: 0,
            failures: 0,
        }
    }

    /// How much was done to the disk.
    pub fn effects(&self) -> u64 {
        self.drive.effects()
    }

    /// How many events were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.model.acknowledged() as u64
    }

    fn below(&self, end: u64) -> u64 {
        self.dice.below(end)
    }

    /// Lives so many lives; what is wrong in the end, if anything is.
    pub fn live(&mut self, lives: u64) -> Faults {
        for life in 0..=lives {
            let found = self.open()?;
            self.check(&found)?;
            self.run(found, life == lives)?;
            self.lives += 1;
        }
        Ok(())
    }

    /// Opens the folder as a start does, and is interrupted at that as often as the dice have it.
    fn open(&mut self) -> Result<Found, String> {
        loop {
            if self.below(4) == 0 {
                let trouble = [Trouble::Kill, Trouble::PowerCut, Trouble::Failure][self.below(3) as usize];
                self.drive.trouble(1 + self.below(6), trouble);
            }
            let folder = folder(&self.drive);
            let opened = recover::read(&folder, limits()).and_then(|(book, mut found, opened)| {
                recovery::settle(&folder.journal(), &mut found)?;
                Ok((book, found, opened))
            });
            match opened {
                Ok(opened) => {
                    self.drive.calm();
                    return Ok(opened);
                }
                Err(_) if self.drive.is_off() => self.off(),
                // The disk failed once while it was opened: the next start finds it well.
                Err(StartError::Journal(JournalError::Io { .. })) => {
                    self.failures += 1;
                    self.drive.calm();
                }
                Err(error) => return Err(format!("it does not start: {}", Chain(&error))),
            }
        }
    }

    /// Off, and on again: after a kill, or a power cut.
    fn off(&mut self) {
        if self.below(3) == 0 {
            self.drive.restart();
        } else {
            self.power_cuts += 1;
            let dice = &self.dice;
            self.drive.power_cycle(|end| dice.below(end));
        }
    }

    /// What must be so after every start.
    fn check(&self, (book, ..): &Found) -> Faults {
        let report = verify(&folder(&self.drive), chrono_tz::UTC).map_err(|error| error.to_string())?;
        if let Some(fault) = report.faults.first() {
            return Err(format!("verify: {fault}"));
        }
        if report.digest != digest(book) {
            return Err("the book that it starts with is not the journal's".into());
        }
        self.model.is_kept_in(book, &self.clock)?;
        self.model.allows(book)
    }

    /// Runs until the machine is off, or the process stops. In the last life nothing happens but that everything is handed in
    /// once more.
    fn run(&mut self, opened: Found, is_last: bool) -> Faults {
        let system = System::with_tokio_rt(|| {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_time().start_paused(true).build().expect("a runtime")
        });
        system.block_on(async {
            let mut life = Life::begin(&folder(&self.drive), &self.clock, opened);
            // Everybody begins.
            self.turns(2).await;
            if is_last {
                self.tell_all_again(&mut life).await?;
            }
            let mut steps = if is_last { 0 } else { 4 + self.below(30) };
            while 0 < steps && life.vitals.is_running() && !self.drive.is_off() {
                self.step(&mut life).await?;
                steps -= 1;
            }
            self.hear(&mut life)?;
            System::current().stop();
            Ok::<(), String>(())
        })?;
        drop(system);
        if !is_last {
            self.off();
        }
        Ok(())
    }

    async fn step(&mut self, life: &mut Life) -> Faults {
        match self.below(24) {
            0..=4 => self.hand_in(life),
            5..=8 => life.hand.write(),
            9 => life.hand.fill(1 + self.below(700) as usize),
            10..=12 => self.turns(1 + self.below(12)).await,
            13 | 20 | 21 => self.order(life),
            14 | 22 => {
                self.clock.advance_to(Moment(self.clock.now().0 + self.below(7_200_000_000) as i64));
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            15 => self.image(life),
            16 => {
                let _ = life.bookkeeper.try_send(TakeSnapshot);
                life.registries.retire(Duration::ZERO);
            }
            17 => {
                let kind = self.below(10);
                let trouble = match kind {
                    0..=3 => Trouble::Kill,
                    4..=8 => Trouble::PowerCut,
                    _ => Trouble::Failure,
                };
                self.failures += u64::from(trouble == Trouble::Failure);
                self.drive.trouble(1 + self.below(12), trouble);
            }
            18 => self.look(life)?,
            _ => {
                self.turns(20).await;
                life.hand.write();
                self.turns(20).await;
                self.hear(life)?;
                self.survives_the_worst()?;
            }
        }
        Ok(())
    }

    /// Everybody gets so many turns.
    async fn turns(&self, count: u64) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    fn hand_in(&mut self, life: &mut Life) {
        let count = 1 + self.below(5);
        let batch: Vec<Activity> = (0..count).map(|_| self.model.event(&self.dice, &self.clock)).collect();
        let keys = batch.iter().map(Activity::key).collect();
        if let Ok(answer) = life.door.take(batch) {
            life.answers.push((keys, answer));
        }
    }

    fn order(&mut self, life: &mut Life) {
        let transaction = TransactionId(1 + self.below(1 + life.view.load().transactions));
        let subject = match self.below(3) {
            0 => Subject::All,
            1 => Subject::Business(Name::new("bakery").expect("a name")),
            _ => Subject::Citizen(Name::new("Lucid").expect("a name")),
        };
        let phase = Phase::ALL[self.below(Phase::ALL.len() as u64) as usize];
        let what = match self.below(8) {
            0 => {
                let id = ["Lucid", "bakery", "Ada"][self.below(3) as usize];
                let id = Name::new(id).expect("a name");
                What::List(Payer { customer: Name::new("cus_1"), ..Payer::new(id) })
            }
            1 => What::Release(transaction),
            2 => What::Reverse(Reverse { transaction, used: None }),
            3 => What::Accept(self.below(3) as u32),
            4 | 5 => {
                let tariff = self.model.tariff(life.next_tariff, &self.dice, &self.clock);
                life.next_tariff += 1;
                What::Tariff(tariff.into())
            }
            _ => What::Move(Move { subject, to: Some(phase) }),
        };
        let order = Order { by: "operator".into(), why: "tried".into(), what };
        if let Ok(outcome) = life.door.order(order) {
            life.outcomes.push(outcome);
        }
    }

    /// Goes on with a snapshot: writes one aside, or makes one count once it is durable.
    fn image(&self, life: &mut Life) {
        let images = folder(&self.drive).images();
        match life.aside.take() {
            None => {
                if let Some(image) = life.image()
                    && let Ok(aside) = snapshot::write(&images, ID, &image, || ())
                {
                    life.aside = Some((aside, image.position()));
                }
            }
            Some((aside, position)) => {
                let at = (position, life.durable.load(Ordering::Acquire));
                if let Ok(None) = snapshot::commit(&images, ID, &aside, at, || ()) {
                    life.aside = Some((aside, position));
                }
            }
        }
    }

    /// Hears what was answered.
    fn hear(&mut self, life: &mut Life) -> Faults {
        let mut waiting = Vec::new();
        for (keys, mut answer) in std::mem::take(&mut life.answers) {
            match answer.try_recv() {
                Ok(Answer { receipts, .. }) => {
                    for (key, receipt) in keys.into_iter().zip(receipts) {
                        self.model.acknowledge(key, receipt)?;
                    }
                }
                Err(TryRecvError::Empty) => waiting.push((keys, answer)),
                Err(TryRecvError::Closed) => {}
            }
        }
        life.answers = waiting;
        let mut waiting = Vec::new();
        for mut outcome in std::mem::take(&mut life.outcomes) {
            match outcome.try_recv() {
                Ok(Ok(_)) => self.model.obeyed(),
                Err(TryRecvError::Empty) => waiting.push(outcome),
                Ok(Err(_)) | Err(TryRecvError::Closed) => {}
            }
        }
        life.outcomes = waiting;
        Ok(())
    }

    /// Looks at the view: whatever it shows has to be there for ever.
    fn look(&mut self, life: &Life) -> Faults {
        self.model.see(life.view.load_full());
        self.survives_the_worst()
    }

    /// If the power went now, and took all that it can, whatever was acknowledged or seen would be there.
    fn survives_the_worst(&self) -> Faults {
        if self.drive.is_off() {
            return Ok(());
        }
        let worst = self.drive.worst();
        let (book, ..) = recover::read(&folder(&worst), limits())
            .map_err(|error| format!("after the worst power cut it does not start: {}", Chain(&error)))?;
        self.model
            .is_kept_in(&book, &self.clock)
            .and_then(|()| self.model.allows(&book))
            .map_err(|why| format!("in the worst case {why}"))
    }

    /// In the end everything is handed in once more: it is all there once, and costs what it has to.
    async fn tell_all_again(&mut self, life: &mut Life) -> Faults {
        for batch in self.model.all().chunks(16) {
            let keys = batch.iter().map(Activity::key).collect();
            let answer = life.door.take(batch.to_vec()).map_err(|closed| format!("the door is closed: {closed}"))?;
            life.answers.push((keys, answer));
        }
        for _ in 0..400 {
            self.turns(20).await;
            life.hand.write();
            self.hear(life)?;
            if life.answers.is_empty() {
                break;
            }
        }
        if !life.answers.is_empty() {
            return Err("answers do not come".into());
        }
        self.look(life)?;
        self.model.is_complete()
    }
}

fn folder(drive: &Drive) -> DataFolder {
    DataFolder::on(Arc::new(drive.clone()) as Arc<dyn Disk>, Path::new("/data"), ID)
}

fn limits() -> Limits {
    Limits { citizen: Limit { charges_an_hour: 6, ..Limits::OFF.citizen }, park_after: 5, ..Limits::OFF }
}
