//! The answers as they are written: types of the wire, which the inside does not know.

mod batch;
mod bills;
mod board;
mod conflict;
mod entity;
mod event;
pub mod invoices;
mod operating;
mod orders;
pub mod payer;
mod prices;
mod proposals;
mod why;

pub use batch::Batch;
pub use bills::Bills;
pub use board::Board;
pub use conflict::Contradiction;
pub use entity::Entity;
pub use event::{Page, Posted, Told};
pub use operating::{Held, Phases};
pub use orders::{Doubtful, Orders};
pub use prices::Prices;
pub use proposals::Proposals;
