//! What is personal of those who pay: kept sealed, told to the operator alone, and erased.

use compact_str::CompactString;
use thiserror::Error;
use tokio::sync::oneshot;

use super::Rialto;
use super::settings::OrderError;
use crate::domain::names::Name;
use crate::domain::orders::{Act, Order, What};
use crate::folder::{Details, People, PeopleError};

/// Why nobody is erased, or not all of it was done: whoever asks again has the rest done.
#[derive(Debug, Error)]
pub enum EraseError {
    /// The key could not be destroyed.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// It is destroyed, and that is not on record.
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl Rialto {
    /// What is kept of somebody, if anything is.
    pub async fn person(&self, id: &str) -> Result<Option<Details>, PeopleError> {
        let id = id.to_owned();
        self.with_people(move |people| people.find(&id)).await
    }

    /// Erases what is kept of somebody, by destroying the key to it; whether anything was kept. It is an order, and on
    /// record when this returns; the book stays as it is, and its digests and sums with it.
    pub async fn erase(&self, id: &str, by: &str, why: &str) -> Result<bool, EraseError> {
        let (id, record) = (id.to_owned(), id.to_owned());
        if !self.with_people(move |people| people.erase(&id)).await? {
            return Ok(false);
        }
        let what = What::Act(Act::Erased(CompactString::from(&record)));
        self.order(Order { by: by.into(), why: why.into(), what }).await?;
        self.with_people(move |people| people.clear(&record)).await?;
        Ok(true)
    }

    pub(super) async fn keep(&self, id: Name, details: Details) -> Result<(), PeopleError> {
        self.with_people(move |people| people.keep(id.as_str(), &details)).await
    }

    /// On a thread of its own: a disk takes its time, and whoever asks may share his thread with others.
    async fn with_people<T: Send + 'static>(
        &self,
        work: impl FnOnce(&People) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        let (reply, done) = oneshot::channel();
        let people = self.0.folder.people();
        std::thread::spawn(move || drop(reply.send(work(&people))));
        done.await.unwrap_or(Err(PeopleError::Sealing("the thread that does it ended")))
    }
}
