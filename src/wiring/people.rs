//! What is personal of those who pay: kept sealed, told to the operator alone, and erased.

use compact_str::CompactString;
use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use super::settings::OrderError;
use crate::actors::door::Closed;
use crate::billing::customers::Person;
use crate::domain::orders::{Act, Order, Refused, What};
use crate::folder::{Details, People, PeopleError};

/// Why nobody is erased, or not all of it was done: whoever asks again has the rest done.
#[derive(Debug, Error)]
pub enum EraseError {
    /// The key could not be destroyed.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// Nothing is destroyed: who orders it, and why, are no words for a record.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Nothing is destroyed: it could not be recorded now.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// It is destroyed, and that is not on record yet.
    #[error("the key is destroyed, and that is not on record")]
    Unrecorded(#[source] OrderError),
}

impl Rialto {
    /// What is kept of somebody, if anything is.
    pub async fn person(&self, id: &str) -> Result<Option<Details>, PeopleError> {
        let id = id.to_owned();
        self.with_people(move |people| people.find(&id)).await
    }

    /// Erases what is kept of somebody, by destroying the key to it; whether anything was kept. That it was is an order
    /// like others, and on record when this returns; nothing that was written before changes.
    pub async fn erase(&self, id: &str, by: &str, why: &str) -> Result<bool, EraseError> {
        let what = What::Act(Act::Erased(CompactString::from(id)));
        let order = Order { by: by.into(), why: why.into(), what };
        order.is_worded()?;
        self.0.door.check()?;
        let (id, record) = (id.to_owned(), id.to_owned());
        if !self.with_people(move |people| people.erase(&id)).await? {
            return Ok(false);
        }
        self.order(order).await.map_err(EraseError::Unrecorded)?;
        self.with_people(move |people| people.clear(&record)).await?;
        Ok(true)
    }

    /// Keeps what is personal of somebody, sealed, and nothing else of him.
    pub async fn keep(&self, person: &Person) -> Result<(), PeopleError> {
        let id = person.payer();
        let details = Details { email: person.email().to_owned(), name: person.name().map(str::to_owned) };
        self.with_people(move |people| people.keep(id.as_str(), &details)).await
    }

    /// On a thread of its own: a disk takes its time, and whoever asks may share his thread with others.
    async fn with_people<T: Send + 'static>(
        &self,
        work: impl FnOnce(&People) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        let (reply, done) = oneshot::channel();
        let people = self.0.folder.people();
        let thread = std::thread::Builder::new().name("rialto-people".into());
        let begun = thread.spawn(move || drop(reply.send(work(&people))));
        begun.map_err(|_| PeopleError::Sealing("the system has no thread for it"))?;
        done.await.unwrap_or(Err(PeopleError::Sealing("the thread that does it ended")))
    }
}
