//! The answers as they are written: types of the wire, which the inside does not know.

mod batch;
mod board;
mod entity;
mod event;

pub use batch::Batch;
pub use board::Board;
pub use entity::Entity;
pub use event::{Contradiction, Page, Posted, Told};
